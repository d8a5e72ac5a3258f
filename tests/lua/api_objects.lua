-- SPDX-License-Identifier: MIT
--
-- For specs that go by the description in bindings/lua/api: an object of each class that it describes.
--
--   local objects = dofile(... "api_objects.lua")
--   objects.make["cqueues.Socket"]()      an object that nothing happens to
--   objects.closed["cqueues.Socket"]()    the same, closed
--   objects.methods(object)               the table of its methods
--
-- Objects of a scope are made in a task. What one needs beside it is kept until the program ends.

local objects = { make = {}, closed = {} }

local make, closed = objects.make, objects.closed
local kept = {}

local function keep(...)
	for i = 1, select("#", ...) do
		kept[#kept + 1] = (select(i, ...))
	end
	return ...
end

local function closed_by_method(name)
	closed[name] = function()
		local object = make[name]()
		object:close()
		return object
	end
end

make["cqueues.Controller"] = function() return require "cqueues".new() end
closed_by_method "cqueues.Controller"

make["cqueues.Condition"] = function() return require "cqueues.condition".new() end

make["cqueues.Socket"] = function()
	return (keep(require "cqueues.socket".pair(require "cqueues.socket".SOCK_STREAM)))
end
closed_by_method "cqueues.Socket"

make["cqueues.SignalListener"] = function() return require "cqueues.signal".listen(require "cqueues.signal".SIGUSR2) end

local watched
make["cqueues.Notifier"] = function()
	watched = watched or keep(require "cqueues.notify".opendir "/") -- the system has few
	return watched
end

local thread
make["cqueues.Thread"] = function()
	thread = thread or keep(require "cqueues.thread".start(function() end))
	return thread
end

make["cqueues.Promise"] = function() return require "cqueues.promise".new() end
make["cqueues.Queue"] = function() return require "cqueues.queue".new() end
make["cqueues.Semaphore"] = function() return require "cqueues.semaphore".new(0) end
make["cqueues.Mutex"] = function() return require "cqueues.mutex".new() end

make["cqueues.Process"] = function() return (require "cqueues.process".spawn { "true" }) end
closed_by_method "cqueues.Process"

make["cqueues.TlsConfig"] = function() return require "cqueues.tls".new { role = "client", verify = "none" } end

-- A scope that is open as long as its controller.
local function in_scope(f)
	local cqueues = require "cqueues"
	local cq, result = keep(cqueues.new()), nil
	cq:wrap(function()
		cqueues.scope(function(scope)
			result = f(scope)
			cqueues.poll(require "cqueues.condition".new())
		end)
	end)
	cq:step(0)
	return result
end

make["cqueues.Scope"] = function() return in_scope(function(scope) return scope end) end
make["cqueues.Task"] = function()
	return in_scope(function(scope)
		return scope:wrap(function() require "cqueues".poll(require "cqueues.condition".new()) end)
	end)
end

closed["cqueues.Scope"] = function()
	local cqueues = require "cqueues"
	local cq, result = cqueues.new(), nil
	cq:wrap(function() cqueues.scope(function(scope) result = scope end) end)
	cq:step(0)
	return result
end

make["cqueues.Cancellation"] = function()
	local cqueues = require "cqueues"
	local cq, result = cqueues.new(), nil
	cq:wrap(function()
		cqueues.scope(function(scope)
			local task = scope:wrap(cqueues.sleep, 100)
			task:cancel "for a test"
			task:join()
			result = task.results[2]
		end)
	end)
	cq:loop(5)
	return result
end

make["cqueues.dns.Config"] = function() return require "cqueues.dns.config".new() end
make["cqueues.dns.Hosts"] = function() return require "cqueues.dns.hosts".new() end
make["cqueues.dns.Hints"] = function() return require "cqueues.dns.hints".new() end
make["cqueues.dns.Packet"] = function() return require "cqueues.dns.packet".new() end

-- A record of a type, a question.
function objects.record(type)
	local packet, record = require "cqueues.dns.packet".new(), nil
	packet:push("QUESTION", "a.test.", type)
	for one in packet:grep() do
		record = one
	end
	return record
end

make["cqueues.dns.Record"] = function() return objects.record "A" end
make["cqueues.dns.Resolver"] = function() return (require "cqueues.dns.resolver".new()) end
closed_by_method "cqueues.dns.Resolver"
make["cqueues.dns.Pool"] = function() return require "cqueues.dns.resolvers".new() end

-- Functions that take a table, and where a function as a field is no error that names it, a part of what is told instead.
--
-- directory: an empty one.
function objects.takers(directory)
	local socket, tls, process = require "cqueues.socket", require "cqueues.tls", require "cqueues.process"
	local config = require "cqueues.dns.config"
	return {
		["cqueues.socket.Options"] = { f = socket.connect, fields = { host = "127.0.0.1", port = 1 },
			other = { path = "bad argument", host = "bad argument", port = "bad argument", fd = "", timeout = "" } },
		["cqueues.tls.Settings"] = { f = tls.new, fields = {}, other = { revoked_chain = "no error" } },
		["cqueues.socket.TlsOptions"] = { f = function(options)
			local s = socket.pair()
			s:settimeout(0)
			s:starttls(options)
		end, fields = {}, other = { strict = "no error" } },
		["cqueues.process.Options"] = { f = process.spawn, fields = { "true" }, other = {} },
		["cqueues.dns.Settings"] = { f = config.new, fields = {}, other = {} },
		["cqueues.notify.Options"] = { f = require "cqueues.notify".opendir, fields = { path = directory },
			other = {} },
	}
end

-- The table of an object's methods.
function objects.methods(object)
	local metatable = debug.getmetatable(object)
	local index = metatable.__index
	if rawequal(object, index) then
		return {} -- a cancellation, which has fields alone
	end
	return type(index) == "table" and index or metatable._methods
end

return objects
