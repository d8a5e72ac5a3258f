-- SPDX-License-Identifier: MIT
-- cqueues.dns: questions through a pool of resolvers that all share.

local core = require "_cqueues.dns"
local arguments = require "cqueues.arguments"
local cqueues = require "cqueues"
local errno = require "_cqueues.errno"
local resolvers = require "cqueues.dns.resolvers"

local dns = { version = core.version, random = core.random }
local monotime, POLL = cqueues.monotime, cqueues._POLL
local wait, is_end = require "_cqueues"._waiter()
local EAGAIN, ETIMEDOUT = errno.EAGAIN, errno.ETIMEDOUT
local NOERROR, NXDOMAIN = 0, 3
local AF_UNSPEC, AF_INET, AF_INET6 = 0, core._AF_INET, core._AF_INET6

local pool

--- The pool of `query` and `addresses`: a stub of the system's configuration, unless another was set.
function dns.getpool()
	pool = pool or resolvers.stub()
	return pool
end

--- Sets that pool. Sockets resolve names as it does from then on. Returns the one before.
function dns.setpool(new)
	if not resolvers.type(new) then
		arguments.refuse(1, "setpool", "not dns resolver pool")
	end
	local old = pool
	pool = new
	core._configure(new.resconf, new.hosts, new.hints)
	return old
end

--- Asks a question; arguments and results are those of resolver:query.
function dns.query(name, type, class, timeout)
	name, timeout = arguments.text(name, 1, "query"), arguments.seconds(timeout, 4, "query")
	return dns.getpool():query(name, type, class, timeout)
end

-- Waits for the answer to a question that was submitted, at most until the deadline.
local function await(resolver, deadline)
	while true do
		local answer, code = resolver:fetch()
		local left = deadline and deadline - monotime()
		if answer then
			return answer
		elseif code ~= EAGAIN then
			return nil, code
		elseif left and left <= 0 then
			return nil, ETIMEDOUT
		end
		local mark, ended = wait(resolver, left)
		if mark == POLL and is_end(ended) then
			return nil, ended.code
		end
	end
end

-- Appends the addresses that were asked for to a list, from an answer that is there or is waited for. The
-- resolver, or nil, code, reason.
local function append(list, resolver, name, type, deadline, answer)
	local code
	if not answer then
		answer, code = await(resolver, deadline)
	end
	if not answer then
		return nil, code, resolver:reason() or errno.strerror(code)
	end
	local before = #list
	for record in answer:grep { section = "ANSWER", type = type } do
		list[#list + 1] = record:addr()
	end
	local rcode = answer:flags().rcode
	if #list == before then
		code = (rcode == NOERROR or rcode == NXDOMAIN) and core._ENONAME or core._EFAIL
		return nil, code, resolver:reason() or name .. ": " .. errno.strerror(code)
	end
	return resolver
end

local types = { [AF_INET] = { "A" }, [AF_INET6] = { "AAAA" }, [AF_UNSPEC] = { "AAAA", "A" } }

--- The addresses of a host, as texts. Aliases are followed, the search list and the hosts file count, an address
-- stands for itself.
--
-- family: AF_INET, AF_INET6, or nil for both. timeout: seconds for all, or nil. The list is in the order in which to
-- connect, RFC 6724.
-- Returns a list, or nil, code and the reason as text.
function dns.addresses(name, family, timeout)
	name, timeout = arguments.text(name, 1, "addresses"), arguments.seconds(timeout, 3, "addresses")
	local wanted = types[family and arguments.number(family, 2, "addresses") or AF_UNSPEC] or
		arguments.refuse(2, "addresses", "unknown address family")
	local from = dns.getpool()
	local known, why_not = from:known(name, family or AF_UNSPEC) -- throws if it is no text
	if known then
		return core._sort(known)
	elseif why_not ~= EAGAIN then
		return nil, why_not, errno.strerror(why_not)
	end
	local deadline = timeout and monotime() + timeout
	local resolver, code = from:get(timeout)
	if not resolver then
		return nil, code, errno.strerror(code)
	end
	-- Both types are asked for at once, if there is a resolver for each.
	local second = wanted[2] and from:get(0) or nil
	local ready
	if second and second:submit(name, wanted[2]) then
		ready = second:fetch() -- which sends the question
	end
	local list, why = {}, nil
	for index, type in ipairs(wanted) do
		local one = index == 2 and second or resolver
		local ok, failure, reason = true, nil, nil
		if one == resolver then
			ok, failure = resolver:submit(name, type)
		end
		if ok then
			ok, failure, reason = append(list, one, name, type, deadline, one == second and ready)
		end
		if not ok and (not code or code == core._ENONAME) then
			code, why = failure, reason -- that a server failed says more than that one type is not there
		end
	end
	from:put(resolver)
	if second then
		from:put(second)
	end
	if #list > 0 then
		return core._sort(list)
	end
	return nil, code, why
end

-- The records of a type in the answer to a question; or nil, code and the reason as text.
local function records(name, type, timeout)
	local from, deadline = dns.getpool(), timeout and monotime() + timeout
	local resolver, code = from:get(timeout)
	if not resolver then
		return nil, code, errno.strerror(code)
	end
	local answer, reason
	local ok
	ok, code = resolver:submit(name, type)
	if ok then
		answer, code = await(resolver, deadline)
	end
	reason = resolver:reason()
	from:put(resolver)
	if not answer then
		return nil, code, reason or errno.strerror(code)
	end
	local list = {}
	for record in answer:grep { section = "ANSWER", type = type } do
		list[#list + 1] = record
	end
	if #list > 0 then
		return list
	end
	local rcode = answer:flags().rcode
	code = (rcode == NOERROR or rcode == NXDOMAIN) and core._ENONAME or core._EFAIL
	return nil, code, reason or name .. ": " .. errno.strerror(code)
end

--- The names of an address, as texts; or nil, code and the reason as text. The hosts file counts. A name is a claim of
-- whoever holds the address.
function dns.reverse(address, timeout)
	address, timeout = arguments.text(address, 1, "reverse"), arguments.seconds(timeout, 2, "reverse")
	local name = core._reverse(address) or arguments.refuse(1, "reverse", "not an address: " .. address)
	local list, code, reason = records(name, "PTR", timeout)
	for index, record in ipairs(list or {}) do
		list[index] = record:host()
	end
	return list, code, reason
end

-- Sorts the servers of a service: by priority, and by chance according to weight, RFC 2782. At most 16.
local function in_order(list)
	table.sort(list, function(a, b)
		if a.priority ~= b.priority then
			return a.priority < b.priority
		end
		return a.weight == 0 and b.weight > 0 -- they have a small chance
	end)
	local sorted = {}
	while #list > 0 and #sorted < 16 do
		local sum, chosen = 0, 1
		for _, server in ipairs(list) do
			sum = sum + (server.priority == list[1].priority and server.weight or 0)
		end
		local left = sum > 0 and core.random(sum + 1) or 0
		while list[chosen].weight < left do
			left = left - list[chosen].weight
			chosen = chosen + 1
		end
		sorted[#sorted + 1] = table.remove(list, chosen)
	end
	return sorted
end

--- Where a service is, "_xmpp-client._tcp.example.com": its SRV records, and the addresses of the hosts that they name.
--
-- Returns a list in the order in which to try: tables with `host`, `port`, `priority`, `weight` and `address`, one for each
-- address; or nil, code and the reason as text.
function dns.services(name, timeout)
	name, timeout = arguments.text(name, 1, "services"), arguments.seconds(timeout, 2, "services")
	local deadline = timeout and monotime() + timeout
	local list, code, reason = records(name, "SRV", timeout)
	if not list then
		return nil, code, reason
	end
	local servers = {}
	for _, record in ipairs(list) do
		if record:target() ~= "." then -- that is no server: the service is not there
			servers[#servers + 1] = { host = record:target(), port = record:port(), priority = record:priority(),
				weight = record:weight() }
		end
	end
	local found, why, what = {}, core._ENONAME, name .. ": no such service"
	for _, server in ipairs(in_order(servers)) do
		local addresses, failure, story = dns.addresses(server.host, nil, deadline and math.max(deadline - monotime(), 0))
		for _, address in ipairs(addresses or {}) do
			found[#found + 1] = { host = server.host, port = server.port, priority = server.priority,
				weight = server.weight, address = address }
		end
		if not addresses and why == core._ENONAME then
			why, what = failure, story
		end
	end
	if #found > 0 then
		return found
	end
	return nil, why, what
end

function dns.loader()
	return dns
end

return dns
