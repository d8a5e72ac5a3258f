-- SPDX-License-Identifier: MIT
-- signals.lua NUMBER: a task sends itself so many signals, and waits for each.
local cqueues, signal = require "cqueues", require "cqueues.signal"

signal.block(signal.SIGUSR1)
local listener = signal.listen(signal.SIGUSR1)
local controller = cqueues.new()
controller:wrap(function()
	for _ = 1, tonumber(arg[1]) do
		signal.raise(signal.SIGUSR1)
		assert(listener:wait() == signal.SIGUSR1)
	end
end)
assert(controller:loop())
