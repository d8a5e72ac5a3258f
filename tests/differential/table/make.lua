-- SPDX-License-Identifier: MIT
--
-- Objects in the states that cases need; what is made here is closed when its case is over.

local make = {}

local function keep(env, ...)
	for _, s in ipairs { ... } do
		env.closing[#env.closing + 1] = function() s:close() end
	end
	return ...
end
make.keep = keep

-- A connected pair; the second end reads and writes bytes as they are.
function make.pair(env, kind)
	local a, b = keep(env, socket.pair(kind or socket.SOCK_STREAM))
	b:setmode("bn", "bn")
	b:onerror(function(_, _, code) return code end)
	b:settimeout(0.002)
	return a, b
end

function make.closed_socket(env)
	local a = make.pair(env)
	a:close()
	return a
end

local sockets = {}

function sockets.fresh(env)
	env.object, env.peer = make.pair(env)
end

function sockets.unread(env)
	env.object, env.peer = make.pair(env)
	env.peer:write("hello\r\nworld\n", "12")
end

function sockets.buffered(env)
	env.object, env.peer = make.pair(env)
	env.object:setmode("bf", "bf")
	env.peer:write "Name: a\r\n b\r\n\r\n--text\r\n"
	env.object:fill(10)
	env.object:write "held"
end

function sockets.ended(env)
	env.object, env.peer = make.pair(env)
	env.peer:write "last"
	env.peer:close()
	env.peer = nil
end

function sockets.shut(env)
	env.object, env.peer = make.pair(env)
	env.object:shutdown "w"
end

function sockets.message(env)
	env.object, env.peer = make.pair(env, socket.SOCK_DGRAM)
	env.peer:write "a message"
	env.peer:write "another"
end

function sockets.listening(env)
	env.object = keep(env, socket.listen("127.0.0.1", 0))
	env.object:listen()
end

function sockets.called(env)
	sockets.listening(env)
	local _, _, port = env.object:localname()
	env.peer = keep(env, socket.connect("127.0.0.1", port))
	env.peer:onerror(function(_, _, code) return code end)
	env.peer:settimeout(1)
	env.peer:connect()
	env.peer:write "hello\n"
	env.peer:flush()
	env.peer = nil
end

function sockets.connecting(env)
	local listener = keep(env, socket.listen("127.0.0.1", 0))
	listener:listen()
	local _, _, port = listener:localname()
	env.object = keep(env, socket.connect("127.0.0.1", port))
end

function sockets.refused(env)
	env.object = keep(env, socket.connect("127.0.0.1", 1))
end

function sockets.closed(env)
	env.object, env.peer = make.pair(env)
	env.object:close()
end

-- A socket in one of the states above. Outside of a controller none waits for long.
function make.socket(env, state)
	sockets[state](env)
	if env.where == "outside" and state ~= "closed" then
		env.object:settimeout(0.002)
	end
	return env.object
end

local function all(...)
	local list = {}
	for i = 1, select("#", ...) do
		local value = select(i, ...)
		list[i] = type(value) == "string" and #value > 40 and "many bytes" or tostring(value)
	end
	return table.concat(list, ",")
end

-- What a call has left behind: buffered bytes, ends, errors, and what has arrived at the peer.
function make.socket_left(env)
	local s, words = env.object, {}
	if socket.type(s) ~= "socket" then
		return tostring(socket.type(s))
	end
	words[1] = all(s:pending())
	words[2] = all(s:eof())
	words[3] = all(s:error())
	words[4] = all(s:setmode())
	if env.peer then
		words[5] = all(env.peer:recv(-4096))
		words[6] = all(env.peer:eof())
	end
	return table.concat(words, " ")
end

-- A function that lists a method, `method(name, fields)`. What the fields leave out is as in `usual`.
function make.methods(list, class, usual)
	return function(name, fields)
		for field, value in pairs(usual) do
			if fields[field] == nil then
				fields[field] = value
			end
		end
		fields.class, fields.name, fields.call = class, class .. ":" .. name, fields.call or "o:" .. name
		list[#list + 1] = fields
	end
end

-- A case of a module's `interpose`: the method `name` is set back when it is over. `call(object)` calls it.
function make.interpose(module, title, name, new, call)
	return { name = title .. ".interpose", places = 2, base = { name, function() return "interposed" end },
		call = ("require '%s'.interpose"):format(module),
		make = function(env)
			local object = new(env)
			local original = getmetatable(object).__index[name]
			env.closing[#env.closing + 1] = function() require(module).interpose(name, original) end
			env.object = nil
			env.interposed = object
		end,
		after = function(env)
			return outcome_of(pcall(function() return env.interposed[name](env.interposed, call) end))
		end }
end

return make
