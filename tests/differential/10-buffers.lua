-- SPDX-License-Identifier: MIT
-- The input buffer in the caller's hands: fill, unget, pending, and both with reads.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "fill"
local a, b = pair()
a:write "hello world"
show("fill 5", b:fill(5))
show("at least 5", b:pending() >= 5)
show("fill 5 again", b:fill(5))
show("fill 0", b:fill(0))
show("read", b:read(5))
show("fill 6", b:fill(6))
show("pending", b:pending())
returns_errors(b)
show("fill with timeout", b:fill(10, 0.01))
show("error", b:error())
show("clearerr", b:clearerr())
show("pending", b:pending())
a:shutdown "w"
show("fill at the end", b:fill(10))
show("error", b:error())
show("read", b:read "*a")
show("fill 0 at the end", b:fill(0))
show("fill 1 at the end", b:fill(1))
try("fill()", b.fill, b)
try("fill x", b.fill, b, "x")

section "fill beyond the buffer size"
a, b = pair()
b:setbufsiz(16)
a:write(("x"):rep(1000))
show("fill", b:fill(1000))
show("pending", b:pending())

section "unget"
a, b = pair()
a:write "world\n"
show("unget", b:unget "hello ")
show("pending", b:pending())
show("read", b:read "*l")
show("unget", b:unget "one\n", b:unget "two\n", b:unget "")
show("read", b:read "*l", b:read "*l")
show("pending", b:pending())
b:unget(("x"):rep(10000))
show("pending", b:pending())
show("read", #b:read(10000))
try("unget()", b.unget, b)
try("unget nil", b.unget, b, nil)
try("unget number", b.unget, b, 12)
try("unget table", b.unget, b, {})
show("read", b:read(2))

section "unget at the end of input"
a:shutdown "w"
show("read", b:read "*a")
show("eof", b:eof())
b:unget "more\n"
show("pending", b:pending())
show("read", b:read "*l")
show("read", b:read "*l")

section "unget and text mode"
a, b = pair()
b:setmode("t", "bn")
b:unget "one\r\ntwo\r\n"
show("read", b:read("*L", "*L"))
a:write "\nthree\n"
b:unget "end\r"
show("read", b:read("*L", "*L"))

section "pending counts raw input"
a, b = pair()
b:setmode("t", "bn")
a:write "one\r\ntwo\r\n"
b:fill(1)
show("pending", b:pending())
show("read", b:read "*l")
show("pending", b:pending())

section "unget in the middle of buffered input"
a, b = pair()
a:write "abcdef"
show("read", b:read(2))
b:unget "AB"
show("read", b:read(4))
b:unget "xyz"
show("read", b:read(5))
