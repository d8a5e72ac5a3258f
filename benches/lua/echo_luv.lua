-- SPDX-License-Identifier: MIT
-- A line echo server on luv, each client a coroutine, as echo_cqueues.lua.

local uv = require "luv"

local function serve(client)
	local co = coroutine.running()
	client:read_start(function(failure, data)
		coroutine.resume(co, not failure and data or nil)
	end)
	local rest = ""
	while true do
		local data = coroutine.yield()
		if not data then break end
		rest = rest .. data
		local from = 1
		while true do
			local to = rest:find("\n", from, true)
			if not to then break end
			local line = rest:sub(from, to)
			if client:try_write(line) ~= #line then
				data = nil
				break
			end
			from = to + 1
		end
		if not data then break end
		rest = rest:sub(from)
	end
	client:close()
end

local server = uv.new_tcp()
assert(server:bind("127.0.0.1", 0))
assert(server:listen(4096, function()
	local client = uv.new_tcp()
	server:accept(client)
	coroutine.wrap(serve)(client)
end))
print("listening on 127.0.0.1 " .. server:getsockname().port)
io.stdout:flush()
uv.run()
