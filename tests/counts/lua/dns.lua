-- SPDX-License-Identifier: MIT
-- dns.lua PORT QUERIES PORTS SAME MAKER: asks a name server, one query after the other, for as many names, or always
-- for the same, through a resolver or a pool: MAKER is the last part of its module's name.
local cqueues, config = require "cqueues", require "cqueues.dns.config"
local maker = require("cqueues.dns." .. arg[5])

local port, queries, ports, same = arg[1], tonumber(arg[2]), tonumber(arg[3]), arg[4] == "1"
local asking = maker.new(config.new {
	nameserver = { "[127.0.0.1]:" .. port }, lookup = { "bind" }, options = { ports = ports },
})
local controller = cqueues.new()
controller:wrap(function()
	for i = 1, queries do
		local answer = assert(asking:query("n" .. (same and 0 or i) .. ".example.", "A", "IN", 10))
		assert(answer:count(2) == 1)
	end
end)
assert(controller:loop())
