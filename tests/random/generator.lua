-- SPDX-License-Identifier: MIT
--
-- Random choices that are the same on every interpreter and library, and catalogues of operations to choose from.

local generator = {}
generator.__index = generator

-- Park and Miller's generator: its numbers fit a double.
function new_generator(seed)
	local g = setmetatable({ state = seed * 7919 % 2147483646 + 1, operations = 0 }, generator)
	for _ = 1, 5 do
		g:number(2)
	end
	return g
end

-- A number from 1 to n.
function generator:number(n)
	self.state = self.state * 16807 % 2147483647
	return self.state % n + 1
end

function generator:choose(list)
	return list[self:number(#list)]
end

function generator:chance(percent)
	return self:number(100) <= percent
end

-- The value, or nil.
function generator:maybe(value, percent)
	return self:chance(percent or 50) and value or nil
end

-- An operation of the catalogue: a number of its own in the program, a name, and arguments. Those are data; lists of
-- operations among them are performed within this one.
function generator:operation(catalogue)
	self.operations = self.operations + 1
	local operation = { number = self.operations, name = self:choose(catalogue.names) }
	operation.arguments = pack(catalogue.kinds[operation.name].make(self))
	return operation
end

function generator:list(catalogue, count)
	local list = { are_operations = true }
	for i = 1, count do
		list[i] = self:operation(catalogue)
	end
	return list
end

-- A maker of one of these, for a catalogue.
function one_of(list)
	return function(g)
		return g:choose(list)
	end
end

local catalogue = {}
catalogue.__index = catalogue

function new_catalogue()
	return setmetatable({ names = {}, kinds = {} }, catalogue)
end

local function nothing() end

-- A kind of operation. One of a greater weight is chosen more often. `make(generator)` returns arguments,
-- `run(world, arguments...)` performs the operation, within a task or outside.
function catalogue:add(name, weight, make, run)
	self.kinds[name] = { make = make or nothing, run = run }
	for _ = 1, weight do
		self.names[#self.names + 1] = name
	end
end
