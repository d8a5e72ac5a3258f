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

-- Throws to `new` that a field is wrong, as a table.
local function refuse_field(name, why)
	error({ field = name, problem = why }, 0)
end

-- Calls a method for a field; what it refuses is thrown to `new`, as a table.
local function set(self, field, method, ...)
	local ok, done, why, code = pcall(self[method], self, ...)
	if not ok then
		refuse_field(field, tostring(done):match "%((.*)%)$" or tostring(done))
	elseif not done then
		error({ why = why, code = code }, 0)
	end
end

-- The protocols, joined.
local function joined(list)
	for _, name in ipairs(list) do
		if type(name) ~= "string" then
			refuse_field("alpn", "string expected, got " .. type(name))
		end
	end
	return table.concat(list, ",")
end

local function apply_pairs(self, settings)
	for _, name in ipairs { "certificate", "key", "certificate_pem", "key_pem" } do
		local kind = type(settings[name])
		if kind ~= "nil" and kind ~= "string" then
			refuse_field(name, "string expected, got " .. kind)
		end
	end
	if settings.certificate or settings.key then
		-- One file may hold both.
		set(self, "certificate", "certificate", settings.certificate or settings.key, settings.key or settings.certificate)
	end
	if settings.certificate_pem or settings.key_pem then
		local chain, key = settings.certificate_pem, settings.key_pem
		set(self, "certificate_pem", "certificate_pem", chain or key, key or chain)
	end
	if settings.min_version ~= nil or settings.max_version ~= nil then
		set(self, "min_version", "versions", settings.min_version)
		set(self, "max_version", "versions", settings.min_version, settings.max_version)
	end
end

local function apply(self, settings)
	for _, name in ipairs(fields) do
		if settings[name] ~= nil then
			set(self, name, name, settings[name])
		end
	end
	for _, name in ipairs(lists) do
		if settings[name] ~= nil then
			for _, text in each(settings[name]) do
				set(self, name, name, text)
			end
		end
	end
	apply_pairs(self, settings)
	if settings.alpn ~= nil then
		set(self, "alpn", "alpn", type(settings.alpn) == "table" and joined(settings.alpn) or settings.alpn)
	end
	if settings.revoked ~= nil then
		for _, path in each(settings.revoked) do
			set(self, "revoked", "revoked", path, settings.revoked_chain)
		end
	end
	if settings.names ~= nil and type(settings.names) ~= "table" then
		refuse_field("names", "table expected, got " .. type(settings.names))
	end
	for name, other in pairs(settings.names or {}) do
		set(self, "names", "add_name", name, other)
	end
end

-- A configuration with its role, or nil, why and a code.
local function with_role(role)
	local ok, self, why, code = pcall(core._new, role)
	if not ok then
		local refusal = tostring(self):match "%((.*)%)$"
		if not refusal then error(self, 0) end -- there was no memory
		refuse_field("role", refusal)
	elseif not self then
		error({ why = why, code = code }, 0)
	end
	return self
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
	local done, result = pcall(function()
		local self = with_role(settings.role)
		apply(self, settings)
		return self
	end)
	if done then
		return result
	elseif type(result) ~= "table" then
		error(result, 2)
	elseif result.field then
		error(("bad argument #1 to 'new' (field %s: %s)"):format(result.field, result.problem), 2)
	end
	return nil, result.why, result.code
end

function tls.loader()
	return tls
end

return tls
