---@meta cqueues.auxlib
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---Companions of Lua's own functions that know of waiting and of error numbers.
---@class cqueues.auxlib.module
local auxlib_module = {}

---Returns its arguments when the first is neither nil nor false. Otherwise it throws the first text found among the
---others; a number is an error number and is told as text. The error points to the caller.
---- Throws: the value is nil or false.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.assert(value, ...) end

---The same as `assert`, and the error points to the function 2 levels up, as with `error`.
---- Throws: the value is nil or false.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.assert2(value, ...) end

---The same as `assert`, and the error points to the function 3 levels up, as with `error`.
---- Throws: the value is nil or false.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.assert3(value, ...) end

---The same as `assert`, and the error points to the function 4 levels up, as with `error`.
---- Throws: the value is nil or false.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.assert4(value, ...) end

---The same as `assert`, and the error points to the function 5 levels up, as with `error`.
---- Throws: the value is nil or false.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.assert5(value, ...) end

---The same as `assert`, and the error points to the function 6 levels up, as with `error`.
---- Throws: the value is nil or false.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.assert6(value, ...) end

---The same as `assert`, and the error points to the function 7 levels up, as with `error`.
---- Throws: the value is nil or false.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.assert7(value, ...) end

---The same as `assert`, and the error points to the function 8 levels up, as with `error`.
---- Throws: the value is nil or false.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.assert8(value, ...) end

---The same as `assert`, and the error points to the function 9 levels up, as with `error`.
---- Throws: the value is nil or false.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.assert9(value, ...) end

---Returns its arguments when the first is neither nil nor false. Otherwise it returns them as Lua's io library tells
---failures: the first, a text, an error number. The text is made of the first number among the others.
---@param value? any
---@param ... any
---@return any ...
function auxlib_module.fileresult(value, ...) end

---Does what coroutine.resume does, but what the coroutine waits for with `cqueues.poll`, or any method that waits, goes
---up to the controller. So a task may use coroutines of its own, such as generators, that wait.
---@param co thread
---@param ... any
---@return boolean ok
---@return any ...
function auxlib_module.resume(co, ...) end

---Does what coroutine.wrap does, and hands waits up to the controller as `resume` does.
---@param f function
---@return fun(...: any): ...
function auxlib_module.wrap(f) end

---Does what tostring does; the metamethod `__tostring` may wait, on Lua 5.1 too.
---@param value? any
---@return string
function auxlib_module.tostring(value) end

---Returns a new table of the module.
---@return table
function auxlib_module.loader() end

return auxlib_module
