-- SPDX-License-Identifier: MIT
-- A module of Prosody that does what it is told by messages, in tasks of the controller that `net.cqueues` keeps in
-- Prosody's loop, and answers by messages.
--
--	fetch URI      what is there, by lua-http's replacement for Prosody's net.http
--	sleep SECONDS  answers after that time
--	serve          starts a web server, by lua-http; answers with its port
--	wait           answers, and answers again when it is woken
--	signal         wakes the tasks that were told to wait

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local cq = require "net.cqueues".cq
local headers = require "http.headers"
local http_server = require "http.server"
local request = require "http.compat.prosody".request
local stanza = require "util.stanza"

local woken = condition.new()
local commands = {}

function commands.fetch(say, uri)
	request(uri, {}, function(body, status) say(status .. " " .. tostring(body)) end)
end

function commands.sleep(say, seconds)
	cqueues.sleep(tonumber(seconds))
	say("slept " .. seconds)
end

function commands.wait(say)
	say "waiting"
	say(woken:wait(8) and "woken" or "timed out")
end

function commands.signal(say)
	woken:signal()
	say "signalled"
end

function commands.serve(say)
	local server = assert(http_server.listen {
		cq = cq, host = "127.0.0.1", port = 0, tls = false,
		onstream = function(_, stream)
			local path = assert(stream:get_headers()):get ":path"
			cqueues.sleep(0.05)
			local response = headers.new()
			response:append(":status", "200")
			assert(stream:write_headers(response, false))
			assert(stream:write_chunk("you asked for " .. path .. "\n", true))
		end,
		onerror = function(_, _, operation, err) module:log("error", "%s: %s", operation, tostring(err)) end,
	})
	assert(server:listen())
	say(tostring(select(3, server:localname())))
end

module:hook("message/host", function(event)
	local told = event.stanza
	local name, argument = told:get_child_text("body"):match "^(%w+) ?(.*)$"
	local function say(text) module:send(stanza.reply(told):body(text)) end
	cq:wrap(function()
		local ok, err = pcall(commands[name], say, argument)
		if not ok then say("error: " .. tostring(err)) end
	end)
	return true
end)

module:log("info", "tasks are ready")
