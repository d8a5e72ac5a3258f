-- SPDX-License-Identifier: MIT
-- A program to look at, which is served at the path that it is given.
local cqueues, condition = require "cqueues", require "cqueues.condition"
local controller, database = cqueues.new(), condition.new():name "database"

controller:wrap(function()
	cqueues.scope(function(scope)
		scope:wrap(function() local _ = 1; cqueues.sleep(1000); return _ end):name "sleeper"
		-- In a method of the binding: its own lines are not told.
		scope:wrap(function()
			assert(database:wait())
		end):name "waiter"
	end)
end)
assert(controller:inspect(arg[1]))
assert(controller:loop())
