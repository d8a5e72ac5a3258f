-- SPDX-License-Identifier: MIT
-- A program to look at, which is served at the path that it is given. With "steps" behind it nearly all its steps find nothing ready.
local cqueues, condition, socket = require "cqueues", require "cqueues.condition", require "cqueues.socket"
local controller, database, ends = cqueues.new(), condition.new():name "database", { socket.pair() }

controller:wrap(function()
	cqueues.scope(function(scope)
		scope:wrap(function() local _ = 1; cqueues.sleep(1000); return _ end):name "sleeper"
		-- In methods of the binding: its own lines are not told.
		scope:wrap(function()
			local _ = 1
			assert(database:wait())
		end):name "waiter"
		scope:wrap(function()
			assert(ends[1]:read "*l")
		end):name "reader"
	end)
end)
assert(controller:inspect(arg[1]))
while arg[2] == "steps" do
	assert(controller:step(0.01))
end
assert(controller:loop())
