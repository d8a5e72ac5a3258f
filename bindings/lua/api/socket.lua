-- SPDX-License-Identifier: MIT
--
-- The module cqueues.socket. The methods of sockets stand in socket_methods.lua.

local OPTIONS = "cqueues.socket.Options"

-- Functions of the module that set what new sockets begin with, each a method of sockets, too.
local function default(signature, text, fields)
	fields = fields or {}
	fields[1], fields[2] = signature, text
	return fields
end

return {
	name = "cqueues.socket",
	since = "original",
	text = "Sockets with buffers, lines, time limits, names and TLS: streams and datagrams, over IPv4, IPv6 and UNIX paths. `docs/sockets.md` has every option and what differs between streams, datagrams and TLS.",
	example = [[
local socket = require "cqueues.socket"

local server = socket.listen("127.0.0.1", 8000)
cq:wrap(function()
	for client in server:clients() do
		cq:wrap(function()
			for line in client:lines "*L" do
				client:write(line)
			end
			client:close()
		end)
	end
end)]],
	fields = {
		{ "AF_UNSPEC: integer", "Any family." },
		{ "AF_INET: integer", "IPv4." },
		{ "AF_INET6: integer", "IPv6." },
		{ "AF_UNIX: integer", "UNIX paths." },
		{ "SOCK_STREAM: integer", "Streams." },
		{ "SOCK_DGRAM: integer", "Datagrams." },
		{ "SOCK_SEQPACKET: integer", "Packets in order." },
	},
	aliases = {
		{ "cqueues.socket.Mode", "string", "Letters: \"t\" or \"b\" for text or bytes; \"n\", \"l\" or \"f\" for output that is not buffered, by lines or fully; \"a\" or \"A\" and \"p\" or \"P\", see `docs/sockets.md`." },
		{ "cqueues.socket.Format", "string|number", "\"*l\" a line, \"*L\" a line with its end, \"*a\" all, \"*h\" and \"*H\" a header of MIME, \"--boundary\" a piece of a part of MIME; n: so many bytes; -n: at least one and at most so many." },
		{ "cqueues.socket.Handler", "fun(socket: cqueues.Socket, method: string, code: integer, level: integer): any", "Throws, or returns what the method shall return." },
	},
	tables = {
		{ name = OPTIONS, text = "What functions that make sockets take as a table.", fields = {
			{ "host?: string", "Where to connect or listen: a name or an address." },
			{ "port?: integer|string", "The port." },
			{ "path?: string", "A UNIX path, instead of host and port; with a leading NUL a name in Linux's abstract namespace." },
			{ "family?: integer", "AF_INET, AF_INET6, AF_UNIX; any without it." },
			{ "type?: integer", "SOCK_STREAM without it." },
			{ "service?: string", "A service of the host, \"https\" for one, whose HTTPS or SVCB records say where to connect.", since = "1.0.0" },
			{ "alpn?: string|string[]", "The application protocols that the program speaks, to choose among the endpoints of a service.", since = "1.0.0" },
			{ "bind?: string|table", "The local address of a connecting socket: \"address\", {address, port}, {addr =, port =} or {path =}.", also = "sa_bind" },
			{ "mode?: string|integer", "Permissions of a UNIX path: octal digits or \"rwxrwxrwx\".", also = "sun_mode" },
			{ "mask?: string|integer", "The umask while binding.", also = "sun_mask" },
			{ "unlink?: boolean", "Whether the path is removed before binding.", also = "sun_unlink" },
			{ "reuseaddr?: boolean", "SO_REUSEADDR; true without it.", also = "sin_reuseaddr" },
			{ "reuseport?: boolean", "SO_REUSEPORT.", also = "sin_reuseport" },
			{ "broadcast?: boolean", "SO_BROADCAST.", also = "sin_broadcast" },
			{ "nodelay?: boolean", "TCP_NODELAY.", also = "sin_nodelay" },
			{ "nopush?: boolean", "TCP_CORK or TCP_NOPUSH.", also = "sin_nopush" },
			{ "v6only?: boolean", "IPV6_V6ONLY.", also = "sin_v6only" },
			{ "oobinline?: boolean", "SO_OOBINLINE.", also = "sin_oobinline" },
			{ "keepalive?: boolean|table", "SO_KEEPALIVE; a table has `idle`, `interval` and `count`.", since = "1.0.0" },
			{ "nonblock?: boolean", "O_NONBLOCK; true without it.", also = "fd_nonblock" },
			{ "cloexec?: boolean", "FD_CLOEXEC; true without it.", also = "fd_cloexec" },
			{ "nosigpipe?: boolean", "Whether writing to a peer that is gone is EPIPE and no signal; true without it.", also = "fd_nosigpipe" },
			{ "verify?: boolean", "TLS: whether the peer's certificate must be valid and name the host.", also = "tls_verify" },
			{ "sendname?: boolean|string", "TLS: whether a client tells the server whom it means; as text, whom.", also = "tls_sendname" },
			{ "strict?: boolean", "TLS: whether an end of the stream that was not announced is an error.", since = "1.0.0" },
			{ "time?: boolean", "Whether `stat` tells times; true without it.", also = "st_time" },
			{ "timeout?: number", "The time limit of `accept` and `clients`.", since = "1.0.0" },
			{ "fd?: integer|cqueues.Socket|file*", "The descriptor of `dup` and `fdopen`." },
		} },
		{ name = "cqueues.socket.TlsOptions", text = "What `starttls` takes as a table.", since = "1.0.0", fields = {
			{ "context?: cqueues.TlsConfig|userdata", "The configuration." },
			{ "strict?: boolean", "Whether an end of the stream that was not announced is an error." },
			{ "timeout?: number", "The time limit." },
		} },
	},
	functions = {
		{ "connect(host: string, port: integer|string, family?: integer, type?: integer): cqueues.Socket? socket, integer? code",
			"Begins to connect and returns at once. The first method that needs the connection tells what came of it.",
			overloads = { "connect(options: cqueues.socket.Options): cqueues.Socket? socket, integer? code" },
			errors = { CQ_ESERVICE = "the port is not a number", EMFILE = "no descriptor is left" },
			example = [[
local s = socket.connect { host = "example.org", port = 443, verify = true }
s:starttls()]] },
		{ "listen(host: string, port: integer|string, family?: integer, type?: integer): cqueues.Socket? socket, integer? code",
			"Makes a listener, or with SOCK_DGRAM a socket that everybody can send to.",
			overloads = { "listen(options: cqueues.socket.Options): cqueues.Socket? socket, integer? code" },
			errors = { CQ_ESERVICE = "the port is not a number", EMFILE = "no descriptor is left" } },
		{ "pair(type?: integer|\"stream\"|\"dgram\"|\"seqpacket\"|cqueues.socket.Options): cqueues.Socket? one, cqueues.Socket? other, integer? code",
			"Makes two connected UNIX sockets, streams unless told otherwise.", errors = { EMFILE = "no descriptor is left; two nils come before it" } },
		{ "dup(fd: integer|cqueues.Socket|file*|cqueues.socket.Options): cqueues.Socket? socket, integer? code", "Makes a socket of a copy of a descriptor.",
			errors = { EBADF = "the descriptor is not open" } },
		{ "fdopen(fd: integer|cqueues.socket.Options): cqueues.Socket? socket, integer? code", "Makes a socket that takes a descriptor over and closes it.",
			errors = { EBADF = "the descriptor is not open" } },
		{ "type(value?: any): \"socket\"|\"closed socket\"|nil", "Tells whether a value is a socket." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all sockets. Returns the one before. Methods that are built on `recv`, `send`, `accept`, `onerror` and `timeout` call the new ones.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
		default("setvbuf(mode?: \"no\"|\"line\"|\"full\", size?: number): string mode, integer size", "Sets how output of new sockets is buffered; see the method.",
			{ takes = { mode = "in LuaJIT any value that is no text, for \"line\"" } }),
		default("setmode(input?: cqueues.socket.Mode, output?: cqueues.socket.Mode): string input, string output", "Sets the modes of new sockets; see the method.",
			{ takes = { input = "false: unchanged", output = "false: unchanged" } }),
		default("setbufsiz(input?: number, output?: number): integer input, integer output", "Sets the sizes of buffers of new sockets; see the method."),
		default("setmaxline(input?: number, output?: number): integer input, integer output", "Sets the longest lines of new sockets; see the method."),
		default("settimeout(timeout?: number): number? before", "Sets the time limit of new sockets; see the method.", { takes = { timeout = "a value that is no number: no limit" } }),
		default("setmaxerrs(which?: string|integer, count?: integer): ...: integer", "Sets how many errors in a row methods of new sockets return before they throw; see the method."),
		default("onerror(handler?: cqueues.socket.Handler): cqueues.socket.Handler? before", "Sets the error handler of new sockets; see the method."),
		default("sethold(which?: string|boolean): string before", "Sets which lines new sockets hold back; see the method.", { since = "1.0.0" }),
		default("setstrict(on?: boolean): boolean before", "Sets whether an end of a TLS stream that was not announced is an error for new sockets.", { since = "1.0.0" }),
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
	classes = { (require "socket_methods") },
}
