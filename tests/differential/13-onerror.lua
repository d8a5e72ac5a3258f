-- SPDX-License-Identifier: MIT
-- The error handler: its four arguments, what it may return, the default one.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function record(s)
	s:onerror(function(...)
		local object, method, code, level = ...
		show("    handler", select("#", ...), object == s, method, error_name(code), type(level))
		return code
	end)
	return s
end

local function named(value, code, ...)
	return value, type(code) == "number" and error_name(code) or code, ...
end

section "the arguments, by method"
local l = record(socket.listen("127.0.0.1", 0))
show("accept", named(l:accept(0)))
local a, b = pair()
record(b)
b:settimeout(0)
show("read", named(b:read "*l"))
b:clearerr()
show("xread", named(b:xread("*l", nil, 0)))
b:clearerr()
show("fill", named(b:fill(1, 0)))
b:clearerr()
show("lines", named(b:lines()()))
b:clearerr()
show("xlines", named(b:xlines("*l", nil, 0)()))
b:clearerr()
show("unpack", named(b:unpack(8)))
b:clearerr()
show("recv", named(b:recv "*l"))
a:close()
show("write", named(b:write "x"))
b:clearerr()
show("xwrite", named(b:xwrite("x", "bn")))
b:clearerr()
show("flush", named(b:flush()))
b:setmode(nil, "bf")
b:clearerr()
show("write", named(b:write "x"))
show("flush", named(b:flush()))
b:clearerr()
show("pack", named(b:pack(1, 8)))
b:clearerr()
show("send", named(b:send("x", 1, 1)))
local c = record(socket.connect { path = "/nowhere/at/all" })
show("connect", named(c:connect(1)))
local d = record(socket.listen { path = "/nowhere/at/all" })
show("listen", named(d:listen(1)))
show("accept", named(d:accept(1)))
show("clients", named(d:clients(0)()))

section "a number that cannot be sent"
for _, mode in ipairs { "bn", "bl", "bf", "tn" } do
	for _, state in ipairs { "failed", "shut", "left", "full" } do
		for _, held in ipairs { 0, 5000 } do
			local s, peer = pair()
			s:settimeout(0.01)
			s:onerror(function(_, method, code) return method, error_name(code) end)
			if held > 0 then
				s:send(("x"):rep(held), 1, held, "bf")
			end
			if state == "failed" then
				s:seterror("w", errno.EIO)
			elseif state == "shut" then
				s:shutdown "w"
			elseif state == "left" then
				peer:close()
			else
				s:send(("x"):rep(1000000), 1, 1000000)
			end
			show(("pack, %s, %d bytes held, %s"):format(mode, held, state), s:pack(10, 8, mode))
			show("again", s:pack(10, 4, mode))
			show("rest of the byte", s:pack(10, 4, mode))
			show("flush", s:flush())
		end
	end
end

section "the level is that of the caller"
local function position(f)
	local s, peer = pair()
	s:settimeout(0)
	s:onerror(function(_, _, _, level)
		error("thrown", level)
	end)
	local _, text = pcall(f, s)
	peer:close()
	return text
end
if _VERSION ~= "Lua 5.1" then -- where tail calls count as levels
	show("read", position(function(s) local x = s:read "*l" return x end))
	show("fill", position(function(s) local x = s:fill(1) return x end))
	show("xread", position(function(s) local x = s:xread("*l", 0) return x end))
	show("accept", position(function(s) local x = s:accept(0) return x end))
	show("write", position(function(s) s:shutdown "w" local x = s:write "x\n" return x end))
end

section "what the handler returns goes to the caller"
a, b = pair()
b:settimeout(0)
for _, answer in ipairs { 5, "text", false, true } do
	b:onerror(function() return answer end)
	b:clearerr()
	show("returns " .. text_of(answer), b:read "*l")
end
b:onerror(function() end)
b:clearerr()
show("returns nothing", b:read "*l")
b:onerror(function() return nil end)
b:clearerr()
show("returns nil", b:read "*l")
b:onerror(function() return 1, 2, 3 end)
b:clearerr()
show("returns three", b:read "*l")
b:onerror(function() error("thrown", 0) end)
b:clearerr()
try("throws", b.read, b, "*l")

section "the default handler"
a, b = pair()
b:settimeout(0)
show("timeout", named(b:read "*l"))
b:clearerr()
b:seterror("r", errno.EPIPE)
show("EPIPE", named(b:read "*l"))
for _, word in ipairs { "EIO", "ECONNRESET", "ENOTCONN" } do
	b:clearerr()
	b:seterror("r", errno[word])
	try(word, b.read, b, "*l")
	b:clearerr()
	b:seterror("w", errno[word])
	try(word .. " write", b.write, b, "x")
end

section "the default handler given by name"
a, b = pair()
local default = b:onerror()
b:clearerr()
show("default", type(default))
try("EPIPE", default, b, "read", errno.EPIPE, 1)
try("ETIMEDOUT", default, b, "read", errno.ETIMEDOUT, 1)
try("EIO", default, b, "read", errno.EIO, 1)

section "the handler sees no end of input"
a, b = pair()
record(b)
a:shutdown "w"
show("read", b:read "*l")
show("read", b:read "*a")
show("fill", named(b:fill(1)))

section "the handler for all new sockets"
local before = socket.onerror(function(_, method, code) show("    class handler", method, error_name(code)) return code end)
show("before", type(before))
a, b = pair()
b:settimeout(0)
show("read", named(b:read "*l"))
show("restored", type(socket.onerror(before)))
a, b = pair()
b:settimeout(0)
show("read", named(b:read "*l"))
try("a number", socket.onerror, 5)
