-- SPDX-License-Identifier: MIT
-- cqueues.tls: TLS configurations from a table, for socket:starttls.

local core = require "_cqueues.tls"

local tls = require "_cqueues"._public(core)

-- Fields that are set by the method of their name. Those that others depend on come first.
local fields = { "password", "verify", "name", "ciphers", "suites", "groups", "keylog", "staple", "staple_der", "staples" }

-- The same, with a text or a list of texts.
local lists = { "authorities", "authorities_pem" }

-- Fields that are set together with others.
local together = {
	"role", "certificate", "key", "certificate_pem", "key_pem", "alpn", "min_version", "max_version",
	"revoked", "revoked_chain", "names",
}

local known = {}
for _, names in ipairs { fields, lists, together } do
	for _, name in ipairs(names) do
		known[name] = true
	end
end

-- Each text of a text or a list.
local function each(value)
	return ipairs(type(value) == "table" and value or { value })
end

-- Calls a method; what it refuses is thrown to `new`, as a table.
local function set(self, method, ...)
	local done, why, code = self[method](self, ...)
	if not done then
		error({ why = why, code = code }, 0)
	end
end

local function apply(self, settings)
	for _, name in ipairs(fields) do
		if settings[name] ~= nil then
			set(self, name, settings[name])
		end
	end
	for _, name in ipairs(lists) do
		if settings[name] ~= nil then
			for _, text in each(settings[name]) do
				set(self, name, text)
			end
		end
	end
	if settings.certificate or settings.key then
		-- One file may hold both.
		set(self, "certificate", settings.certificate or settings.key, settings.key or settings.certificate)
	end
	if settings.certificate_pem or settings.key_pem then
		local chain, key = settings.certificate_pem, settings.key_pem
		set(self, "certificate_pem", chain or key, key or chain)
	end
	if settings.alpn then
		set(self, "alpn", type(settings.alpn) == "table" and table.concat(settings.alpn, ",") or settings.alpn)
	end
	if settings.min_version or settings.max_version then
		set(self, "versions", settings.min_version, settings.max_version)
	end
	if settings.revoked then
		for _, path in each(settings.revoked) do
			set(self, "revoked", path, settings.revoked_chain)
		end
	end
	for name, other in pairs(settings.names or {}) do
		set(self, "add_name", name, other)
	end
end

--- Makes a configuration from a table. nil, why and a code if something is refused; throws for a field that there is not.
function tls.new(settings)
	settings = settings or {}
	if type(settings) ~= "table" then
		error(("bad argument #1 to 'new' (table expected, got %s)"):format(type(settings)), 2)
	end
	for name in pairs(settings) do
		if not known[name] then
			error(("bad argument #1 to 'new' (no setting has the name '%s')"):format(tostring(name)), 2)
		end
	end
	local self, why, code = core._new(settings.role)
	if not self then
		return nil, why, code
	end
	local done, refusal = pcall(apply, self, settings)
	if done then
		return self
	elseif type(refusal) == "table" then
		return nil, refusal.why, refusal.code
	end
	error(refusal, 2)
end

function tls.loader()
	return tls
end

return tls
