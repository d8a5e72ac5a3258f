-- SPDX-License-Identifier: MIT
--
-- The methods of sockets.

local ETIMEDOUT, ECANCELED = "the time is over; no byte is lost", "a scope has ended the wait"
local waits = { ETIMEDOUT = ETIMEDOUT, ECANCELED = ECANCELED }
local reads = { ETIMEDOUT = ETIMEDOUT, ECANCELED = ECANCELED, CQ_ETRUNCATED = "the TLS stream ended without being ended by the peer, and the socket is strict" }
local writes = { EPIPE = "the peer takes no more", ETIMEDOUT = ETIMEDOUT, ECANCELED = ECANCELED }
local NO_LIMIT = "false: the socket's"
local EITHER = "mode and time in either order, and false for none"

return {
	name = "cqueues.Socket",
	text = "A socket. A method that waits and fails asks the error handler, which throws, or returns what the method returns behind nil or false; the usual one returns EPIPE, ETIMEDOUT and ECANCELED and throws everything else. Methods of a closed socket throw \"socket closed\".",
	methods = {
		-- Connecting
		{ "connect(timeout?: number): cqueues.Socket? self, integer? code", "Waits until it is connected.", errors = { ETIMEDOUT = "the time is over", CQ_ENONAME = "there is no such host", CQ_EFAIL = "no name server could tell its address" }, takes = { timeout = NO_LIMIT } },
		{ "listen(timeout?: number): cqueues.Socket? self, integer? code", "Waits until it is bound.", errors = { EADDRINUSE = "somebody else has the address", EACCES = "the address may not be had" }, takes = { timeout = NO_LIMIT } },
		{ "accept(options?: cqueues.socket.Options, timeout?: number): cqueues.Socket? socket, integer? code", "Waits for a connection; without free descriptors until there are some.", errors = waits,
			overloads = { "accept(timeout: number): cqueues.Socket? socket, integer? code" }, takes = { options = "a time, and false", timeout = NO_LIMIT } },
		{ "clients(options?: cqueues.socket.Options, timeout?: number): fun(): cqueues.Socket?", "Returns an iterator over `accept`, which ends at the time limit.",
			overloads = { "clients(timeout: number): fun(): cqueues.Socket?" }, takes = { options = "a time, and false; what is wrong with it is told when the iterator is called", timeout = "any value; what is wrong with it is told when the iterator is called" } },
		{ "starttls(config?: cqueues.TlsConfig|userdata, timeout?: number): cqueues.Socket? self, integer? code", "Begins TLS and waits for the handshake. A configuration is of cqueues.tls, or an openssl.ssl.context or openssl.ssl of luaossl; without one it is a client by the system's authorities.",
			overloads = { "starttls(timeout: number): cqueues.Socket? self, integer? code", "starttls(options: cqueues.socket.TlsOptions): cqueues.Socket? self, integer? code" },
			takes = { config = "a time, and false", timeout = "any value: what is no number is the socket's time limit" },
			errors = { CQ_ETLS = "the handshake failed; `reason` says why", CQ_ENOTVERIFIED = "the peer's certificate is not what `verify` demands", ETIMEDOUT = "the time is over" } },
		{ "shutdown(how?: string): boolean ok, integer? code", "Ends reading (\"r\"), writing (\"w\") or both (\"rw\", also without an argument). What is still buffered is not sent. With TLS the peer is told the end, if the kernel has room for that at once: `finish` waits for it.", takes = { how = "in LuaJIT any value that is no text, for \"rw\"" }, errors = { ENOTCONN = "it is not connected" } },
		{ "finish(timeout?: number): true? done, integer? code", "Closes it when what was written is sent, or the time is over. Tells the peer the end, TLS included, and drops what was not read. It is closed in any case.", since = "1.0.0", takes = { timeout = "false: that of the socket" }, errors = { ETIMEDOUT = "the time is over, and output was dropped", EPIPE = "the peer is gone" } },
		{ "abort()", "Closes it and has TCP reset the connection, so that the peer's reads fail with ECONNRESET.", since = "1.0.0" },
		{ "close()", "Closes it at once. Who waits for the socket wakes; its methods throw from then on." },
		-- Reading
		{ "read(...: cqueues.socket.Format): ...: string|integer|nil", "Reads a value for each format, a line without any. Returns nil at the end of the stream. Output that is pending is sent first, unless the output mode says \"A\".", errors = reads,
			throws = { "a format is unknown" }, takes = { ["..."] = "nil: a line" } },
		{ "xread(format?: cqueues.socket.Format, mode?: cqueues.socket.Mode, timeout?: number): string? value, integer? code", "Reads one value with a mode and a time limit of its own, which may come in either order.", errors = reads, takes = { mode = EITHER, timeout = EITHER } },
		{ "lines(...: cqueues.socket.Format): (fun(): ...)", "Returns an iterator over `read`. In a task on Lua 5.1 (not LuaJIT) a `for` loop cannot wait.", errors = reads, takes = { ["..."] = "any value; what is wrong with it is told when the iterator is called" } },
		{ "xlines(format?: cqueues.socket.Format, mode?: cqueues.socket.Mode, timeout?: number): fun(): string?", "Returns an iterator over `xread`.", errors = reads,
			takes = { format = "any value; what is wrong with it is told when the iterator is called", mode = "any value; what is wrong with it is told when the iterator is called", timeout = "any value; what is wrong with it is told when the iterator is called" } },
		{ "recv(format?: cqueues.socket.Format, mode?: cqueues.socket.Mode): string? value, integer? code", "Reads one value without waiting, and asks no error handler.", errors = { EAGAIN = "there is not enough yet", EPIPE = "the end of the stream was read" } , takes = { mode = "false: the socket's" } },
		{ "fill(size: integer, timeout?: number): boolean ok, integer? code", "Waits until so many bytes are buffered, or a message.", errors = waits, takes = { timeout = NO_LIMIT } },
		{ "unpack(bits?: integer): integer? value, integer? code", "Reads a big-endian number of so many bits, 32 without a number and at most 64.", errors = reads },
		{ "unget(text: string): true", "Puts bytes in front of the input." },
		-- Writing
		{ "write(...: string|number): cqueues.Socket? self, integer? code", "Writes texts and numbers, together. Waits until all is sent or buffered.", errors = writes, takes = { ["..."] = "what has `__tostring`, or any other value, as tostring makes it a text; nil and false end the list" } },
		{ "xwrite(text: string, mode?: cqueues.socket.Mode, timeout?: number): cqueues.Socket? self, integer? code", "Writes a text with a mode and a time limit of its own, which may come in either order.", errors = writes, takes = { text = "any value, as tostring makes it a text", mode = EITHER, timeout = EITHER } },
		{ "send(text: string, first: integer, last: integer, mode?: cqueues.socket.Mode): integer count, integer? code", "Writes a part of a text without waiting, and asks no error handler. Returns how many bytes were taken.", errors = { EAGAIN = "no more is taken now", EPIPE = "the peer takes no more" }, takes = { mode = "false: the socket's" } },
		{ "pack(number: integer, bits?: integer, mode?: cqueues.socket.Mode): boolean? ok, integer? code", "Writes a big-endian number of so many bits, 32 without a number and at most 64.", errors = writes },
		{ "flush(mode?: cqueues.socket.Mode, timeout?: number): boolean ok, integer? code", "Sends what is pending: all of it, or what must leave by the mode.", errors = writes, takes = { mode = EITHER, timeout = EITHER } },
		{ "uncork(): boolean ok, integer? code", "Ends `nopush`.", errors = { EOPNOTSUPP = "it is not TCP" } },
		-- Messages
		{ "recvfrom(size?: integer, timeout?: number): string? message, string? host, integer? port", "Receives a message, and tells its sender: host and port, or path and nil. 65536 bytes without a size; a longer message is cut.", since = "1.0.0", takes = { size = "false: as without", timeout = NO_LIMIT }, errors = { EOPNOTSUPP = "the socket has TLS", ETIMEDOUT = ETIMEDOUT } },
		{ "sendto(message: string, host: string, port?: integer|string, timeout?: number): true? done, integer? code", "Sends a message to an address, or to a UNIX path.", since = "1.0.0", takes = { timeout = NO_LIMIT, port = "false: none" }, errors = { EMSGSIZE = "the message is too long", EOPNOTSUPP = "the socket has TLS" } },
		{ "recvfd(size?: integer, timeout?: number): string? message, cqueues.Socket? socket, integer? code", "Receives a message and a descriptor that came with it. 4096 bytes without a size.", takes = { timeout = NO_LIMIT }, errors = { ENOBUFS = "the message is longer, or more than one descriptor came", EOPNOTSUPP = "the socket has TLS" } },
		{ "sendfd(message: string, fd?: integer|cqueues.Socket|file*, timeout?: number): boolean ok, integer? code", "Sends a message with a copy of a descriptor.", takes = { fd = "any value: what is no descriptor is EBADF", timeout = NO_LIMIT }, errors = { EBADF = "the second argument is no descriptor", EINVAL = "the message is empty", EOPNOTSUPP = "it is no UNIX socket, or has TLS" } },
		-- Settings
		{ "setmode(input?: cqueues.socket.Mode, output?: cqueues.socket.Mode): string input, string output", "Sets how input and output are translated and buffered. Returns what was set before, three letters each: \"t-p\", \"tla\".", takes = { input = "false: unchanged", output = "false: unchanged" } },
		{ "setbufsiz(input?: number, output?: number): integer input, integer output", "Sets how much is received at once at least, and how much full buffering collects. Returns what was set before." },
		{ "setmaxline(input?: number, output?: number): integer input, integer output", "Sets the longest line; longer ones come in pieces. Returns what was set before." },
		{ "setvbuf(mode?: \"no\"|\"line\"|\"full\", size?: number): string mode, integer size", "Sets how output is buffered. Returns what was set before.", takes = { mode = "in LuaJIT any value that is no text, for \"line\"" } },
		{ "settimeout(timeout?: number): number? before", "Sets the time limit of every method that waits; without one there is none. Returns the one before.", takes = { timeout = "a value that is no number: no limit" } },
		{ "setmaxerrs(which?: string|integer, count?: integer): ...: integer", "Sets how many errors in a row are returned before one is thrown, for reading (\"r\"), writing (\"w\") or both. Returns what was set before.", overloads = { "setmaxerrs(count: integer): integer" } },
		{ "onerror(handler?: cqueues.socket.Handler): cqueues.socket.Handler? before", "Sets the error handler; nil: the usual one. Returns the one before." },
		{ "sethold(which?: string|boolean): string before", "Sets which lines that a task writes may be held until the task waits: \"none\", \"answers\", which are written while the socket has more input at hand, or \"lines\", all after the first; false is \"none\" and true \"lines\". Returns what was set before.", since = "1.0.0" },
		{ "setstrict(on?: boolean): boolean before", "Sets whether an end of a TLS stream that was not announced is an error.", since = "1.0.0" },
		{ "error(which?: string): ...: integer?", "Tells the kept error numbers of reading (\"r\"), writing (\"w\") or, without an argument, both." },
		{ "clearerr(which?: string): ...: integer?", "Tells them and forgets them." },
		{ "seterror(which: string, code?: integer): ...: integer?", "Sets the kept error number of some directions. Returns those before." },
		{ "clear(): true", "Forgets what the last operation waits for." },
		-- Telling
		{ "eof(which?: string): ...: boolean", "Tells whether the end of the stream was read, and whether the peer takes no more." },
		{ "pending(): integer input, integer output", "Counts the bytes that are buffered." },
		{ "peername(): integer? family, string? address, integer? port", "Tells the address of the peer; a path or nil if it is a UNIX socket, only 0 if there is none.", errors = { ENOTCONN = "it is not connected" } },
		{ "localname(): integer? family, string? address, integer? port", "Tells its own address." },
		{ "peereid(): integer? user, integer? group", "Tells who has the other end of a UNIX socket.", errors = { EOPNOTSUPP = "it is no UNIX socket" } },
		{ "peerpid(): integer? process, integer? code", "Tells the process of the other end; 0 if that is not known.", errors = { EOPNOTSUPP = "it is no UNIX socket" } },
		{ "stat(): table", "Tells what was sent and received: tables `sent` and `rcvd` with `count`, `eof` and `time`." },
		{ "pollfd(): integer", "Tells the descriptor." },
		{ "events(): string", "Tells what the last operation waits for: \"\", \"r\", \"w\" or \"rw\"." },
		{ "timeout(): number?", "Tells what `settimeout` has set." },
		{ "checktls(): userdata? connection, string? why", "Returns an openssl.ssl object; nothing without TLS, nil and a text without luaossl." },
		{ "phase(): string", "Tells what it is doing: \"resolving\", \"connecting\", \"handshaking\", \"connected\", \"listening\", \"failed\", \"closed\".", since = "1.0.0" },
		{ "listentls(config: cqueues.TlsConfig|userdata, most?: integer): cqueues.Socket? self, integer? code", "Makes a datagram socket a listener of DTLS, with at most so many peers at once.", since = "1.0.0", errors = { EOPNOTSUPP = "it is no datagram socket" } },
		{ "tlsinfo(): table?", "Tells of the TLS connection: `version`, `cipher`, `group`, `subject`, `issuer`, `names`, `der`, `pem`, `expiry`, `alpn`, `resumed`. Nothing without TLS.", since = "1.0.0" },
		{ "truncated(): boolean", "Tells whether the TLS stream has ended without being ended by the peer.", since = "1.0.0" },
		{ "reason(): string?", "Tells why connecting, listening or TLS failed, and at which peer or local address.", since = "1.0.0" },
		{ "alpn(): string?", "Tells the application protocol that both ends agreed on.", since = "1.0.0" },
	},
}
