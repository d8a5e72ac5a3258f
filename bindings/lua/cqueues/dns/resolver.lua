-- SPDX-License-Identifier: MIT
-- cqueues.dns.resolver: questions and answers. Everything is in C.

local core = require "_cqueues.dns.resolver"

local resolver = {}
for name, value in pairs(core) do
	if not name:find "^_" then
		resolver[name] = value
	end
end

function resolver.loader()
	return resolver
end

return resolver
