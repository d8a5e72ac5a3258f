-- SPDX-License-Identifier: MIT
--
-- Outcomes as text that is the same from run to run: no address, descriptor, port, time or path comes through.

local outcome = {}

local current -- the environment of the case at hand
local volatile -- what its function returns differs from run to run: only types are told
local named -- objects of the case that print as their names

local modules = {}
for _, name in ipairs { "cqueues", "cqueues.socket", "cqueues.condition", "cqueues.promise", "cqueues.signal",
	"cqueues.thread", "cqueues.notify", "cqueues.dns.config", "cqueues.dns.hosts", "cqueues.dns.hints",
	"cqueues.dns.packet", "cqueues.dns.resolver", "cqueues.dns.resolvers" } do
	modules[#modules + 1] = require(name)
end
local record = require "cqueues.dns.record"

local function class_of(value)
	for _, module in ipairs(modules) do
		local ok, class = pcall(module.type, value)
		if ok and class then
			return class
		end
	end
	local ok, class = pcall(function() return record.type(value) end)
	return ok and class or io.type(value) or type(value)
end

local function mask(text)
	text = text:gsub("^[%w%._/%-]+%.lua:%d+: ", "")
	text = text:gsub("%(fd:%d+%)", "(fd)")
	text = text:gsub("0x%x+", "ADDRESS")
	text = text:gsub("%d+%.%d+%.%d+%.%d+:%d+", "ADDRESS:PORT")
	text = text:gsub("%[127%.0%.0%.1%.%d+%]", "[PEER]")
	text = text:gsub("/tmp/cqueues%-table%-[%w_]+", "DIRECTORY")
	return text
end

local function quote(text)
	if #text > 1500 then
		text = text:sub(1, 1500) .. "..."
	end
	return '"' .. text:gsub("[%c\\\"\127-\255]", function(c)
		return ("\\%d"):format(c:byte())
	end) .. '"'
end

function outcome.begin(env, spec)
	current, volatile, named = env, spec.volatile, setmetatable({}, { __mode = "k" })
end

-- Values made for the case print as the name of their kind.
function outcome.name(value, text)
	if type(value) == "table" or type(value) == "userdata" or type(value) == "function" or type(value) == "thread" then
		named[value] = text
	end
	return value
end

local function value_text(value, depth)
	local kind = type(value)
	if kind == "string" then
		return volatile == "text" and "text" or quote(mask(value))
	elseif kind == "number" then
		if volatile == "number" or volatile == "descriptor" and value >= 0 then
			return volatile
		elseif volatile == "port" and value > 1023 then
			return "port"
		end
		return tostring(value)
	elseif kind == "nil" or kind == "boolean" then
		return tostring(value)
	elseif value == current.object then
		return "<itself>"
	elseif named[value] then
		return "<" .. named[value] .. ">"
	elseif kind == "table" and not getmetatable(value) then
		if depth > 3 then
			return "{...}"
		end
		local fields = {}
		for key, field in pairs(value) do
			if key ~= "n" or type(field) ~= "number" then
				fields[#fields + 1] = tostring(key) .. "=" .. value_text(field, depth + 1)
			end
		end
		table.sort(fields)
		return "{" .. table.concat(fields, ", ") .. "}"
	end
	return "<" .. class_of(value) .. ">"
end

function outcome.text(...)
	local words = {}
	for i = 1, select("#", ...) do
		words[i] = value_text((select(i, ...)), 0)
	end
	return table.concat(words, ", ")
end

function outcome.returned(results)
	if results.n == 0 then
		return "returns nothing"
	end
	return "returns " .. outcome.text(unpack(results, 1, results.n))
end

-- The position in front of a thrown text is left out: files and lines are of the implementation.
function outcome.thrown(why, ...)
	if type(why) == "string" then
		why = why:gsub("^[^%s:]+:%d+: ", "")
	end
	local words = "throws " .. outcome.text(why)
	if (...) ~= nil then
		words = words .. " (" .. outcome.text(...) .. ")"
	end
	return words
end

-- A task that goes on waiting, and for how long.
function outcome.waits(timeout)
	if not timeout or timeout > 1e6 then
		return "waits for ever"
	end
	return ("waits %.1f s"):format(timeout)
end

return outcome
