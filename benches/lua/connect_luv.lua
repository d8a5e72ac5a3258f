-- SPDX-License-Identifier: MIT
-- Short connections made on luv, as connect_cqueues.lua.
--
--   lua connect_luv.lua PORT CONNECTIONS PARALLEL

local uv = require "luv"

local port, connections, parallel = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
local line = ("x"):rep(63) .. "\n"
local left = connections

local function run()
	local co = coroutine.running()
	local function resume(...)
		assert(coroutine.resume(co, ...))
	end
	while left > 0 do
		left = left - 1
		local client = uv.new_tcp()
		client:connect("127.0.0.1", port, resume)
		assert(not coroutine.yield())
		client:try_write(line)
		local got = ""
		client:read_start(resume)
		while #got < #line do
			local failure, data = coroutine.yield()
			got = got .. assert(data, failure)
		end
		assert(got == line)
		client:close()
	end
end

local begun = os.clock()
for _ = 1, parallel do
	coroutine.wrap(run)()
end
uv.run()
print(string.format("operations=%d cpu=%.6f", connections, os.clock() - begun))
