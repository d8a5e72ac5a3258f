-- SPDX-License-Identifier: MIT
-- cqueues.dns.config: how a resolver asks. Everything is in C.

local core = require "_cqueues.dns.config"

local config = require "_cqueues"._public(core)

function config.loader()
	return config
end

return config
