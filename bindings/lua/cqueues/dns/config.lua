-- SPDX-License-Identifier: MIT
-- cqueues.dns.config: how a resolver asks. Everything is in C.

local core = require "_cqueues.dns.config"

local config = {}
for name, value in pairs(core) do
	if not name:find "^_" then
		config[name] = value
	end
end

function config.loader()
	return config
end

return config
