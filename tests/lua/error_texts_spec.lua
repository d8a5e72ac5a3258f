-- SPDX-License-Identifier: MIT
-- Texts of errors: they name the method, the line of the program, and what to do.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket = t.cqueues, t.socket
local check = t.check

local config = require "cqueues.dns.config"
local is_puc_5_1 = _VERSION == "Lua 5.1" and not jit
local FOR = "^attempt to yield across metamethod/C%-call boundary at HERE: Lua 5%.1 cannot wait in a for loop, .*while loop$"

-- A port where nobody listens.
local function unused()
	local listener, port = t.listener()
	listener:close()
	return port
end

-- Each function throws in its first line. HERE stands for the place of that line.
local texts = {
	["a_name_server_with_a_port"] = { function() config.new { nameserver = { "127.0.0.1:5454" } } end,
		"^HERE: 127%.0%.0%.1:5454: text is not an address: write a port as %[127%.0%.0%.1%]:5454$" },
	["a_name_server_with_a_port_for_setns"] = { function() config.new():setns { "10.0.0.1:53" } end,
		"^HERE: 10%.0%.0%.1:53: text is not an address: write a port as %[10%.0%.0%.1%]:53$" },
	["a_name_server_that_is_a_name"] = { function() config.new { nameserver = { "dns.test" } } end,
		"^HERE: dns%.test: text is not an address$" },
	["a_refused_connection"] = { function() socket.connect { path = "/nonexistent/x" }:connect(1) end,
		"^HERE: socket:connect: No such file or directory$" },
	["a_refused_connection_to_a_name"] = { function() socket.connect("localhost", unused()):connect(t.deadline) end,
		"^HERE: socket:connect: Connection refused %(localhost: [%d.:%[%], ]+%)$" },
	["an_address_in_use"] = { function() local l, port = t.listener() socket.listen("127.0.0.1", port):listen() l:close() end,
		"^HERE: socket:listen: Address already in use$" },
	["a_wrong_argument"] = { function() cqueues.new():wrap(5) end, "^HERE: bad argument #1 to 'wrap' %(function expected" },
	["a_method_that_pcall_calls"] = { function() error(select(2, pcall(socket.pair().read, nil)), 0) end,
		"^bad argument #1 to 'read' %(CQS Socket expected, got nil%)$" },
	["a_function_that_pcall_calls"] = { function() error(select(2, pcall(cqueues.clockrate, {})), 0) end,
		"^bad argument #1 to 'cqueues%.clockrate' %(number expected, got table%)$" },
	["a_step_of_the_running_controller"] = { function() cqueues.running():step() end, "^HERE: cqueue running$" },
	["a_loop_of_the_running_controller"] = { function() cqueues.running():loop(1) end, "^HERE: cqueue running$" },
	["errors_of_the_running_controller"] = { function() cqueues.running():errors()() end, "^HERE: cqueue running$" },
	["a_loop_of_a_closed_controller"] = { function() local cq = cqueues.new() cq:close() cq:loop() end, "^HERE: cqueue closed$" },
	["finishing_a_closed_socket"] = { function() local s = socket.pair() s:close() s:finish() end, "^HERE: socket closed$" },
	["an_unknown_field_of_a_process"] = { function() require "cqueues.process".spawn { "x", cwdd = "/" } end,
		"process%.spawn: unknown field 'cwdd'" },
	["waiting_in_for_over_clients"] = { function() for _ in socket.listen("127.0.0.1", 0):clients() do end end, FOR, is_puc_5_1 },
	["waiting_in_for_over_items"] = { function() for _ in require "cqueues.queue".new():items() do end end, FOR, is_puc_5_1 },
}

for what, row in pairs(texts) do
	local f, pattern, is_here = row[1], row[2], row[3]
	if is_here ~= false then
		t.plain("the_text_of_" .. what .. "_is_as_it_should_be", function()
			local _, why = cqueues.new():wrap(f):loop(t.deadline)
			local info = debug.getinfo(f, "S")
			local place = (info.short_src .. ":" .. info.linedefined):gsub("%p", "%%%0")
			check(tostring(why):find((pattern:gsub("HERE", (place:gsub("%%", "%%%%"))))), tostring(why))
		end)
	end
end

-- The usual error handler and one of the program, which throws at the level that it is given.
t.plain("errors_of_methods_that_are_built_on_replaced_ones_name_the_line_of_the_program", function()
	t.equal(t.child("true", [[
		local socket, errno = require "cqueues.socket", require "cqueues.errno"
		local recv, send
		recv = socket.interpose("recv", function(self, ...) return recv(self, ...) end)
		send = socket.interpose("send", function(self, ...) return send(self, ...) end)
		local calls = {
			function(s) local line = s:read(1) return line end,
			function(s) local line = s:xread(1, "b", 0) return line end,
			function(s) local ok = s:write("x") return ok end,
			function(s) local ok = s:xwrite("x", "b", 0) return ok end,
		}
		for _, call in ipairs(calls) do
			for _, has_handler in ipairs { false, true } do
				local s = socket.pair()
				if has_handler then
					s:onerror(function(_, _, _, level) error("thrown", level) end)
				end
				s:seterror("rw", errno.ECONNRESET)
				local _, why = pcall(call, s)
				local info = debug.getinfo(call, "S")
				print(why:find(("%s:%d: "):format(info.short_src, info.linedefined), 1, true) == 1 and "as it should be" or why)
			end
		end
	]]), ("as it should be\n"):rep(8))
end)

-- What `reason` tells of a connect or listen that fails: whom it concerns. One's own address is no peer.
local function reasons(s, method, code, pattern)
	s:onerror(function(_, _, number) return number end)
	local ok, number = s[method](s, t.deadline)
	check(not ok)
	t.equal(number, code)
	check(s:reason():find(pattern), s:reason())
end

t.test("a_reason_names_the_peer_or_the_local_address", function()
	local errno, port, _, taken = require "cqueues.errno", unused(), t.listener()
	local none = "/nonexistent/x"
	reasons(socket.connect("127.0.0.1", port), "connect", errno.ECONNREFUSED, "^Connection refused, peer 127%.0%.0%.1:" .. port .. "$")
	reasons(socket.connect("::1", port), "connect", errno.ECONNREFUSED, "^Connection refused, peer %[::1%]:" .. port .. "$")
	reasons(socket.connect("localhost", port), "connect", errno.ECONNREFUSED, "^localhost: .*127%.0%.0%.1:" .. port .. ".*: Connection refused$")
	reasons(socket.connect { path = none }, "connect", errno.ENOENT, "^No such file or directory, peer " .. none .. "$")
	reasons(socket.connect { path = "\0" .. none }, "connect", errno.ECONNREFUSED, "^Connection refused, peer @" .. none .. "$")
	reasons(socket.connect { host = "127.0.0.1", port = taken, bind = "203.0.113.7" }, "connect", errno.EADDRNOTAVAIL,
		"^Cannot assign requested address, local address 203%.0%.113%.7:0$")
	reasons(socket.listen("127.0.0.1", taken), "listen", errno.EADDRINUSE, "^Address already in use, local address 127%.0%.0%.1:" .. taken .. "$")
	reasons(socket.listen("203.0.113.7", 0), "listen", errno.EADDRNOTAVAIL, "^Cannot assign requested address, local address 203%.0%.113%.7:0$")
	reasons(socket.listen { path = none }, "listen", errno.ENOENT, "^No such file or directory, local address " .. none .. "$")
end)

t.finish()
