-- SPDX-License-Identifier: MIT
-- cqueues.dns.resolver: questions and answers. Everything is in C.

local core = require "_cqueues.dns.resolver"

local resolver = require "_cqueues"._public(core)

function resolver.loader()
	return resolver
end

return resolver
