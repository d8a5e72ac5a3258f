-- SPDX-License-Identifier: MIT
-- What a read flushes, and cannot: a connection that was reset, a message to nobody.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function tcp()
	local listener = socket.listen("127.0.0.1", 0)
	listener:listen(5)
	local a = socket.connect("127.0.0.1", (select(3, listener:localname())))
	a:connect(5)
	local b = listener:accept(5)
	listener:close()
	return prepare(a, 0.1), prepare(b, 0.1)
end

local function pair(kind)
	return function()
		local a, b = socket.pair(socket[kind])
		return prepare(a, 0.1), prepare(b, 0.1)
	end
end

local reads = {
	{ "recv", function(s) return s:recv(-10) end },
	{ "read *a", function(s) return s:read "*a" end },
	{ "read *l", function(s) return s:read "*l" end },
	{ "xread", function(s) return s:xread(-10) end },
	{ "lines", function(s) return s:lines "*l" () end },
	{ "fill", function(s) return s:fill(30) end },
	{ "unpack", function(s)
		local bits, why = s:unpack(8)
		return bits and tostring(bits), why
	end },
}

local function state(s)
	show("  eof, error", (s:eof()), select(2, s:eof()), named(s:error()))
end

-- The other side has closed without reading all: that resets the connection.
for _, unread in ipairs { true, false } do
	for _, reader in ipairs(reads) do
		part(reader[1] .. (unread and ", reset" or ", closed"), function()
			local a, b = tcp()
			b:write "left"
			if unread then
				a:write "lost"
				b:fill(4, 1)
				a:write "lost"
				cqueues.sleep(0.01)
			end
			b:close()
			cqueues.sleep(0.01)
			a:send("x", 1, 1, "f")
			for i = 1, 3 do
				show(i, named(reader[2](a)))
				state(a)
			end
			a:close()
		end)
	end
end

-- Ours drops the message then, the original keeps it: only the first read is compared.
for _, kind in ipairs { "SOCK_DGRAM", "SOCK_SEQPACKET" } do
	for _, reader in ipairs(reads) do
		part(reader[1] .. ", " .. kind, function()
			local a, b = pair(kind)()
			a:write "lost"
			b:close()
			a:send("x", 1, 1, "f")
			show("result", named(reader[2](a)))
			state(a)
		end)
	end
end

part("recvfd, to nobody", function()
	local a, b = pair "SOCK_DGRAM" ()
	b:close()
	a:send("x", 1, 1, "f")
	show("result", named(a:recvfd(100, 0.05)))
end)

part("no flush before reads", function()
	local a, b = pair "SOCK_DGRAM" ()
	b:close()
	a:setmode("bn", "bfA")
	a:write "x"
	show("result", named(a:xread(-10, 0.05)))
end)

-- What one write gives in pieces of which a later one makes an earlier one leave.
for _, kind in ipairs { "SOCK_DGRAM", "SOCK_SEQPACKET" } do
	for _, mode in ipairs { "tl", "bl", "bn" } do
		part("write in pieces, " .. kind .. ", " .. mode, function()
			for _, pieces in ipairs { { "line\nbegun", "more" }, { "line\n", "more" }, { "begun", "line\n", "more" } } do
				for _, how in ipairs { "shutdown", "closed" } do
					local a, b = pair(kind)()
					a:setmode("bn", mode)
					if how == "closed" then
						b:close()
					else
						a:shutdown "w"
					end
					local written, code = a:write(unpack(pieces))
					show(how .. ", " .. pieces[1], written == a, named(code))
				end
			end
		end)
	end
end
