-- SPDX-License-Identifier: MIT
-- Questions asked on whatever `require "cqueues"` finds, each for a new name.
--
--   lua dns_cqueues.lua PORT QUESTIONS PARALLEL [PORTS]      PORTS: so many sockets for all

local cqueues = require "cqueues"
local config = require "cqueues.dns.config"
local hosts = require "cqueues.dns.hosts"
local resolver = require "cqueues.dns.resolver"
local packet = require "cqueues.dns.packet"

local port, questions, parallel, ports = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
local settings = config.new { nameserver = { "[127.0.0.1]:" .. port }, lookup = { "bind" }, options = { ports = ports } }
local known = hosts.new()
local answer = packet.section.ANSWER
local left = questions
local controller = cqueues.new()

local begun = os.clock()
for _ = 1, parallel do
	controller:wrap(function()
		local asked = resolver.new(settings, known)
		while left > 0 do
			local name = "n" .. left .. ".bench.test."
			left = left - 1
			local reply = assert(asked:query(name, "A"))
			assert(reply:count(answer) == 1)
		end
	end)
end
assert(controller:loop())
print(string.format("operations=%d cpu=%.6f", questions, os.clock() - begun))
