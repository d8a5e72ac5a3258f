-- SPDX-License-Identifier: MIT
-- files.lua NUMBER: a task writes to a file so many times, by one system call, and waits to be told.
local cqueues, notify = require "cqueues", require "cqueues.notify"

local mktemp = io.popen "mktemp -d"
local folder = mktemp:read "*l"
mktemp:close()
local file = assert(io.open(folder .. "/file", "w"))
local watcher = assert(notify.opendir(folder))
watcher:add("file", notify.MODIFY)
file:setvbuf "no"
local controller = cqueues.new()
controller:wrap(function()
	for _ = 1, tonumber(arg[1]) do
		file:write "x"
		assert(watcher:get() == notify.MODIFY)
	end
end)
assert(controller:loop())
os.execute("rm -r " .. folder)
