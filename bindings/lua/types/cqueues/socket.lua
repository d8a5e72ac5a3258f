---@meta cqueues.socket
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---Letters: "t" or "b" for text or bytes; "n", "l" or "f" for output that is not buffered, by lines or fully; "a" or "A"
---and "p" or "P", see `docs/sockets.md`.
---@alias cqueues.socket.Mode string

---"*l" a line, "*L" a line with its end, "*a" all, "*h" and "*H" a header of MIME, "--boundary" a piece of a part of
---MIME; n: so many bytes; -n: at least one and at most so many.
---@alias cqueues.socket.Format string|number

---Throws, or returns what the method shall return.
---@alias cqueues.socket.Handler fun(socket: cqueues.Socket, method: string, code: integer, level: integer): any

---What functions that make sockets take as a table.
---@class cqueues.socket.Options
---@field host? string Where to connect or listen: a name or an address.
---@field port? integer|string The port.
---@field path? string A UNIX path, instead of host and port; with a leading NUL a name in Linux's abstract namespace.
---@field family? integer AF_INET, AF_INET6, AF_UNIX; any without it.
---@field type? integer SOCK_STREAM without it.
---@field service? string A service of the host, "https" for one, whose HTTPS or SVCB records say where to connect. Since 1.0.0.
---@field alpn? string|string[] The application protocols that the program speaks, to choose among the endpoints of a service. Since 1.0.0.
---@field bind? string|table The local address of a connecting socket: "address", {address, port}, {addr =, port =} or {path =}.
---@field sa_bind? string|table The same as `bind`.
---@field mode? string|integer Permissions of a UNIX path: octal digits or "rwxrwxrwx".
---@field sun_mode? string|integer The same as `mode`.
---@field mask? string|integer The umask while binding.
---@field sun_mask? string|integer The same as `mask`.
---@field unlink? boolean Whether the path is removed before binding.
---@field sun_unlink? boolean The same as `unlink`.
---@field reuseaddr? boolean SO_REUSEADDR; true without it.
---@field sin_reuseaddr? boolean The same as `reuseaddr`.
---@field reuseport? boolean SO_REUSEPORT.
---@field sin_reuseport? boolean The same as `reuseport`.
---@field broadcast? boolean SO_BROADCAST.
---@field sin_broadcast? boolean The same as `broadcast`.
---@field nodelay? boolean TCP_NODELAY.
---@field sin_nodelay? boolean The same as `nodelay`.
---@field nopush? boolean TCP_CORK or TCP_NOPUSH.
---@field sin_nopush? boolean The same as `nopush`.
---@field v6only? boolean IPV6_V6ONLY.
---@field sin_v6only? boolean The same as `v6only`.
---@field oobinline? boolean SO_OOBINLINE.
---@field sin_oobinline? boolean The same as `oobinline`.
---@field keepalive? boolean|table SO_KEEPALIVE; a table has `idle`, `interval` and `count`. Since 1.0.0.
---@field nonblock? boolean O_NONBLOCK; true without it.
---@field fd_nonblock? boolean The same as `nonblock`.
---@field cloexec? boolean FD_CLOEXEC; true without it.
---@field fd_cloexec? boolean The same as `cloexec`.
---@field nosigpipe? boolean Whether writing to a peer that is gone is EPIPE and no signal; true without it.
---@field fd_nosigpipe? boolean The same as `nosigpipe`.
---@field verify? boolean TLS: whether the peer's certificate must be valid and name the host.
---@field tls_verify? boolean The same as `verify`.
---@field sendname? boolean|string TLS: whether a client tells the server whom it means; as text, whom.
---@field tls_sendname? boolean|string The same as `sendname`.
---@field strict? boolean TLS: whether an end of the stream that was not announced is an error. Since 1.0.0.
---@field time? boolean Whether `stat` tells times; true without it.
---@field st_time? boolean The same as `time`.
---@field timeout? number The time limit of `accept` and `clients`. Since 1.0.0.
---@field fd? integer|cqueues.Socket|file* The descriptor of `dup` and `fdopen`.

---What `starttls` takes as a table.
---@class cqueues.socket.TlsOptions
---@field context? cqueues.TlsConfig|userdata The configuration. Since 1.0.0.
---@field strict? boolean Whether an end of the stream that was not announced is an error. Since 1.0.0.
---@field timeout? number The time limit. Since 1.0.0.

---A socket. A method that waits and fails asks the error handler, which throws, or returns what the method returns
---behind nil or false; the usual one returns EPIPE, ETIMEDOUT and ECANCELED and throws everything else. Methods of a
---closed socket throw "socket closed".
---@class cqueues.Socket
local Socket = {}

---Waits until it is connected.
---- `CQ_EFAIL`: no name server could tell its address.
---- `CQ_ENONAME`: there is no such host.
---- `ETIMEDOUT`: the time is over.
---@param timeout? number Takes also false: the socket's.
---@return cqueues.Socket? self
---@return integer? code
function Socket:connect(timeout) end

---Waits until it is bound.
---- `EACCES`: the address may not be had.
---- `EADDRINUSE`: somebody else has the address.
---@param timeout? number Takes also false: the socket's.
---@return cqueues.Socket? self
---@return integer? code
function Socket:listen(timeout) end

---Waits for a connection; without free descriptors until there are some.
---- `ECANCELED`: a scope has ended the wait.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param options? cqueues.socket.Options Takes also a time, and false.
---@param timeout? number Takes also false: the socket's.
---@return cqueues.Socket? socket
---@return integer? code
---@overload fun(self: cqueues.Socket, timeout: number): cqueues.Socket?, integer?
function Socket:accept(options, timeout) end

---Returns an iterator over `accept`, which ends at the time limit.
---@param options? cqueues.socket.Options Takes also a time, and false; what is wrong with it is told when the iterator is called.
---@param timeout? number Takes also any value; what is wrong with it is told when the iterator is called.
---@return fun(): cqueues.Socket?
---@overload fun(self: cqueues.Socket, timeout: number): fun(): cqueues.Socket?
function Socket:clients(options, timeout) end

---Begins TLS and waits for the handshake. A configuration is of cqueues.tls, or an openssl.ssl.context or openssl.ssl
---of luaossl; without one it is a client by the system's authorities.
---- `CQ_ENOTVERIFIED`: the peer's certificate is not what `verify` demands.
---- `CQ_ETLS`: the handshake failed; `reason` says why.
---- `ETIMEDOUT`: the time is over.
---@param config? cqueues.TlsConfig|userdata Takes also a time, and false.
---@param timeout? number Takes also any value: what is no number is the socket's time limit.
---@return cqueues.Socket? self
---@return integer? code
---@overload fun(self: cqueues.Socket, timeout: number): cqueues.Socket?, integer?
---@overload fun(self: cqueues.Socket, options: cqueues.socket.TlsOptions): cqueues.Socket?, integer?
function Socket:starttls(config, timeout) end

---Ends reading ("r"), writing ("w") or both ("rw", also without an argument). What is still buffered is not sent. With
---TLS the peer is told the end, if the kernel has room for that at once: `finish` waits for it.
---- `ENOTCONN`: it is not connected.
---@param how? string Takes also in LuaJIT any value that is no text, for "rw".
---@return boolean ok
---@return integer? code
function Socket:shutdown(how) end

---Closes it when what was written is sent, or the time is over. Tells the peer the end, TLS included, and drops what
---was not read. It is closed in any case.
---- `EPIPE`: the peer is gone.
---- `ETIMEDOUT`: the time is over, and output was dropped.
---
---Since 1.0.0.
---@param timeout? number Takes also false: that of the socket.
---@return true? done
---@return integer? code
function Socket:finish(timeout) end

---Closes it and has TCP reset the connection, so that the peer's reads fail with ECONNRESET.
---
---Since 1.0.0.
function Socket:abort() end

---Closes it at once. Who waits for the socket wakes; its methods throw from then on.
function Socket:close() end

---Reads a value for each format, a line without any. Returns nil at the end of the stream. Output that is pending is
---sent first, unless the output mode says "A".
---- `CQ_ETRUNCATED`: the TLS stream ended without being ended by the peer, and the socket is strict.
---- `ECANCELED`: a scope has ended the wait.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---- Throws: a format is unknown.
---@param ... cqueues.socket.Format Takes also nil: a line.
---@return string|integer|nil ...
function Socket:read(...) end

---Reads one value with a mode and a time limit of its own, which may come in either order.
---- `CQ_ETRUNCATED`: the TLS stream ended without being ended by the peer, and the socket is strict.
---- `ECANCELED`: a scope has ended the wait.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param format? cqueues.socket.Format
---@param mode? cqueues.socket.Mode Takes also mode and time in either order, and false for none.
---@param timeout? number Takes also mode and time in either order, and false for none.
---@return string? value
---@return integer? code
function Socket:xread(format, mode, timeout) end

---Returns an iterator over `read`. In a task on Lua 5.1 (not LuaJIT) a `for` loop cannot wait.
---- `CQ_ETRUNCATED`: the TLS stream ended without being ended by the peer, and the socket is strict.
---- `ECANCELED`: a scope has ended the wait.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param ... cqueues.socket.Format Takes also any value; what is wrong with it is told when the iterator is called.
---@return (fun(): ...)
function Socket:lines(...) end

---Returns an iterator over `xread`.
---- `CQ_ETRUNCATED`: the TLS stream ended without being ended by the peer, and the socket is strict.
---- `ECANCELED`: a scope has ended the wait.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param format? cqueues.socket.Format Takes also any value; what is wrong with it is told when the iterator is called.
---@param mode? cqueues.socket.Mode Takes also any value; what is wrong with it is told when the iterator is called.
---@param timeout? number Takes also any value; what is wrong with it is told when the iterator is called.
---@return fun(): string?
function Socket:xlines(format, mode, timeout) end

---Reads one value without waiting, and asks no error handler.
---- `EAGAIN`: there is not enough yet.
---- `EPIPE`: the end of the stream was read.
---@param format? cqueues.socket.Format
---@param mode? cqueues.socket.Mode Takes also false: the socket's.
---@return string? value
---@return integer? code
function Socket:recv(format, mode) end

---Waits until so many bytes are buffered, or a message.
---- `ECANCELED`: a scope has ended the wait.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param size integer
---@param timeout? number Takes also false: the socket's.
---@return boolean ok
---@return integer? code
function Socket:fill(size, timeout) end

---Reads a big-endian number of so many bits, 32 without a number and at most 64.
---- `CQ_ETRUNCATED`: the TLS stream ended without being ended by the peer, and the socket is strict.
---- `ECANCELED`: a scope has ended the wait.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param bits? integer
---@return integer? value
---@return integer? code
function Socket:unpack(bits) end

---Puts bytes in front of the input.
---@param text string
---@return true
function Socket:unget(text) end

---Writes texts and numbers, together. Waits until all is sent or buffered.
---- `ECANCELED`: a scope has ended the wait.
---- `EPIPE`: the peer takes no more.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param ... string|number Takes also what has `__tostring`, or any other value, as tostring makes it a text; nil and false end the list.
---@return cqueues.Socket? self
---@return integer? code
function Socket:write(...) end

---Writes a text with a mode and a time limit of its own, which may come in either order.
---- `ECANCELED`: a scope has ended the wait.
---- `EPIPE`: the peer takes no more.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param text string Takes also any value, as tostring makes it a text.
---@param mode? cqueues.socket.Mode Takes also mode and time in either order, and false for none.
---@param timeout? number Takes also mode and time in either order, and false for none.
---@return cqueues.Socket? self
---@return integer? code
function Socket:xwrite(text, mode, timeout) end

---Writes a part of a text without waiting, and asks no error handler. Returns how many bytes were taken.
---- `EAGAIN`: no more is taken now.
---- `EPIPE`: the peer takes no more.
---@param text string
---@param first integer
---@param last integer
---@param mode? cqueues.socket.Mode Takes also false: the socket's.
---@return integer count
---@return integer? code
function Socket:send(text, first, last, mode) end

---Writes a big-endian number of so many bits, 32 without a number and at most 64.
---- `ECANCELED`: a scope has ended the wait.
---- `EPIPE`: the peer takes no more.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param number integer
---@param bits? integer
---@param mode? cqueues.socket.Mode
---@return boolean? ok
---@return integer? code
function Socket:pack(number, bits, mode) end

---Sends what is pending: all of it, or what must leave by the mode.
---- `ECANCELED`: a scope has ended the wait.
---- `EPIPE`: the peer takes no more.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---@param mode? cqueues.socket.Mode Takes also mode and time in either order, and false for none.
---@param timeout? number Takes also mode and time in either order, and false for none.
---@return boolean ok
---@return integer? code
function Socket:flush(mode, timeout) end

---Ends `nopush`.
---- `EOPNOTSUPP`: it is not TCP.
---@return boolean ok
---@return integer? code
function Socket:uncork() end

---Receives a message, and tells its sender: host and port, or path and nil. 65536 bytes without a size; a longer
---message is cut.
---- `EOPNOTSUPP`: the socket has TLS.
---- `ETIMEDOUT`: the time is over; no byte is lost.
---
---Since 1.0.0.
---@param size? integer Takes also false: as without.
---@param timeout? number Takes also false: the socket's.
---@return string? message
---@return string? host
---@return integer? port
function Socket:recvfrom(size, timeout) end

---Sends a message to an address, or to a UNIX path.
---- `EMSGSIZE`: the message is too long.
---- `EOPNOTSUPP`: the socket has TLS.
---
---Since 1.0.0.
---@param message string
---@param host string
---@param port? integer|string Takes also false: none.
---@param timeout? number Takes also false: the socket's.
---@return true? done
---@return integer? code
function Socket:sendto(message, host, port, timeout) end

---Receives a message and a descriptor that came with it. 4096 bytes without a size.
---- `ENOBUFS`: the message is longer, or more than one descriptor came.
---- `EOPNOTSUPP`: the socket has TLS.
---@param size? integer
---@param timeout? number Takes also false: the socket's.
---@return string? message
---@return cqueues.Socket? socket
---@return integer? code
function Socket:recvfd(size, timeout) end

---Sends a message with a copy of a descriptor.
---- `EBADF`: the second argument is no descriptor.
---- `EINVAL`: the message is empty.
---- `EOPNOTSUPP`: it is no UNIX socket, or has TLS.
---@param message string
---@param fd? integer|cqueues.Socket|file* Takes also any value: what is no descriptor is EBADF.
---@param timeout? number Takes also false: the socket's.
---@return boolean ok
---@return integer? code
function Socket:sendfd(message, fd, timeout) end

---Sets how input and output are translated and buffered. Returns what was set before, three letters each: "t-p", "tla".
---@param input? cqueues.socket.Mode Takes also false: unchanged.
---@param output? cqueues.socket.Mode Takes also false: unchanged.
---@return string input
---@return string output
function Socket:setmode(input, output) end

---Sets how much is received at once at least, and how much full buffering collects. Returns what was set before.
---@param input? number
---@param output? number
---@return integer input
---@return integer output
function Socket:setbufsiz(input, output) end

---Sets the longest line; longer ones come in pieces. Returns what was set before.
---@param input? number
---@param output? number
---@return integer input
---@return integer output
function Socket:setmaxline(input, output) end

---Sets how output is buffered. Returns what was set before.
---@param mode? "no"|"line"|"full" Takes also in LuaJIT any value that is no text, for "line".
---@param size? number
---@return string mode
---@return integer size
function Socket:setvbuf(mode, size) end

---Sets the time limit of every method that waits; without one there is none. Returns the one before.
---@param timeout? number Takes also a value that is no number: no limit.
---@return number? before
function Socket:settimeout(timeout) end

---Sets how many errors in a row are returned before one is thrown, for reading ("r"), writing ("w") or both. Returns
---what was set before.
---@param which? string|integer
---@param count? integer
---@return integer ...
---@overload fun(self: cqueues.Socket, count: integer): integer
function Socket:setmaxerrs(which, count) end

---Sets the error handler; nil: the usual one. Returns the one before.
---@param handler? cqueues.socket.Handler
---@return cqueues.socket.Handler? before
function Socket:onerror(handler) end

---Sets which lines that a task writes may be held until the task waits: "none", "answers", which are written while the
---socket has more input at hand, or "lines", all after the first; false is "none" and true "lines". Returns what was
---set before.
---
---Since 1.0.0.
---@param which? string|boolean
---@return string before
function Socket:sethold(which) end

---Sets whether an end of a TLS stream that was not announced is an error.
---
---Since 1.0.0.
---@param on? boolean
---@return boolean before
function Socket:setstrict(on) end

---Tells the kept error numbers of reading ("r"), writing ("w") or, without an argument, both.
---@param which? string
---@return integer? ...
function Socket:error(which) end

---Tells them and forgets them.
---@param which? string
---@return integer? ...
function Socket:clearerr(which) end

---Sets the kept error number of some directions. Returns those before.
---@param which string
---@param code? integer
---@return integer? ...
function Socket:seterror(which, code) end

---Forgets what the last operation waits for.
---@return true
function Socket:clear() end

---Tells whether the end of the stream was read, and whether the peer takes no more.
---@param which? string
---@return boolean ...
function Socket:eof(which) end

---Counts the bytes that are buffered.
---@return integer input
---@return integer output
function Socket:pending() end

---Tells the address of the peer; a path or nil if it is a UNIX socket, only 0 if there is none.
---- `ENOTCONN`: it is not connected.
---@return integer? family
---@return string? address
---@return integer? port
function Socket:peername() end

---Tells its own address.
---@return integer? family
---@return string? address
---@return integer? port
function Socket:localname() end

---Tells who has the other end of a UNIX socket.
---- `EOPNOTSUPP`: it is no UNIX socket.
---@return integer? user
---@return integer? group
function Socket:peereid() end

---Tells the process of the other end; 0 if that is not known.
---- `EOPNOTSUPP`: it is no UNIX socket.
---@return integer? process
---@return integer? code
function Socket:peerpid() end

---Tells what was sent and received: tables `sent` and `rcvd` with `count`, `eof` and `time`.
---@return table
function Socket:stat() end

---Tells the descriptor.
---@return integer
function Socket:pollfd() end

---Tells what the last operation waits for: "", "r", "w" or "rw".
---@return string
function Socket:events() end

---Tells what `settimeout` has set.
---@return number?
function Socket:timeout() end

---Returns an openssl.ssl object; nothing without TLS, nil and a text without luaossl.
---@return userdata? connection
---@return string? why
function Socket:checktls() end

---Tells what it is doing: "resolving", "connecting", "handshaking", "connected", "listening", "failed", "closed".
---
---Since 1.0.0.
---@return string
function Socket:phase() end

---Makes a datagram socket a listener of DTLS, with at most so many peers at once.
---- `EOPNOTSUPP`: it is no datagram socket.
---
---Since 1.0.0.
---@param config cqueues.TlsConfig|userdata
---@param most? integer
---@return cqueues.Socket? self
---@return integer? code
function Socket:listentls(config, most) end

---Tells of the TLS connection: `version`, `cipher`, `group`, `subject`, `issuer`, `names`, `der`, `pem`, `expiry`,
---`alpn`, `resumed`. Nothing without TLS.
---
---Since 1.0.0.
---@return table?
function Socket:tlsinfo() end

---Tells whether the TLS stream has ended without being ended by the peer.
---
---Since 1.0.0.
---@return boolean
function Socket:truncated() end

---Tells why connecting, listening or TLS failed, and at which peer or local address.
---
---Since 1.0.0.
---@return string?
function Socket:reason() end

---Tells the application protocol that both ends agreed on.
---
---Since 1.0.0.
---@return string?
function Socket:alpn() end

---Sockets with buffers, lines, time limits, names and TLS: streams and datagrams, over IPv4, IPv6 and UNIX paths.
---`docs/sockets.md` has every option and what differs between streams, datagrams and TLS.
---@class cqueues.socket.module
---@field AF_UNSPEC integer Any family.
---@field AF_INET integer IPv4.
---@field AF_INET6 integer IPv6.
---@field AF_UNIX integer UNIX paths.
---@field SOCK_STREAM integer Streams.
---@field SOCK_DGRAM integer Datagrams.
---@field SOCK_SEQPACKET integer Packets in order.
local socket_module = {}

---Begins to connect and returns at once. The first method that needs the connection tells what came of it.
---- `CQ_ESERVICE`: the port is not a number.
---- `EMFILE`: no descriptor is left.
---@param host string
---@param port integer|string
---@param family? integer
---@param type? integer
---@return cqueues.Socket? socket
---@return integer? code
---@overload fun(options: cqueues.socket.Options): cqueues.Socket?, integer?
function socket_module.connect(host, port, family, type) end

---Makes a listener, or with SOCK_DGRAM a socket that everybody can send to.
---- `CQ_ESERVICE`: the port is not a number.
---- `EMFILE`: no descriptor is left.
---@param host string
---@param port integer|string
---@param family? integer
---@param type? integer
---@return cqueues.Socket? socket
---@return integer? code
---@overload fun(options: cqueues.socket.Options): cqueues.Socket?, integer?
function socket_module.listen(host, port, family, type) end

---Makes two connected UNIX sockets, streams unless told otherwise.
---- `EMFILE`: no descriptor is left; two nils come before it.
---@param type? integer|"stream"|"dgram"|"seqpacket"|cqueues.socket.Options
---@return cqueues.Socket? one
---@return cqueues.Socket? other
---@return integer? code
function socket_module.pair(type) end

---Makes a socket of a copy of a descriptor.
---- `EBADF`: the descriptor is not open.
---@param fd integer|cqueues.Socket|file*|cqueues.socket.Options
---@return cqueues.Socket? socket
---@return integer? code
function socket_module.dup(fd) end

---Makes a socket that takes a descriptor over and closes it.
---- `EBADF`: the descriptor is not open.
---@param fd integer|cqueues.socket.Options
---@return cqueues.Socket? socket
---@return integer? code
function socket_module.fdopen(fd) end

---Tells whether a value is a socket.
---@param value? any
---@return "socket"|"closed socket"|nil
function socket_module.type(value) end

---Sets a method of all sockets. Returns the one before. Methods that are built on `recv`, `send`, `accept`, `onerror`
---and `timeout` call the new ones.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function socket_module.interpose(name, method) end

---Sets how output of new sockets is buffered; see the method.
---@param mode? "no"|"line"|"full" Takes also in LuaJIT any value that is no text, for "line".
---@param size? number
---@return string mode
---@return integer size
function socket_module.setvbuf(mode, size) end

---Sets the modes of new sockets; see the method.
---@param input? cqueues.socket.Mode Takes also false: unchanged.
---@param output? cqueues.socket.Mode Takes also false: unchanged.
---@return string input
---@return string output
function socket_module.setmode(input, output) end

---Sets the sizes of buffers of new sockets; see the method.
---@param input? number
---@param output? number
---@return integer input
---@return integer output
function socket_module.setbufsiz(input, output) end

---Sets the longest lines of new sockets; see the method.
---@param input? number
---@param output? number
---@return integer input
---@return integer output
function socket_module.setmaxline(input, output) end

---Sets the time limit of new sockets; see the method.
---@param timeout? number Takes also a value that is no number: no limit.
---@return number? before
function socket_module.settimeout(timeout) end

---Sets how many errors in a row methods of new sockets return before they throw; see the method.
---@param which? string|integer
---@param count? integer
---@return integer ...
function socket_module.setmaxerrs(which, count) end

---Sets the error handler of new sockets; see the method.
---@param handler? cqueues.socket.Handler
---@return cqueues.socket.Handler? before
function socket_module.onerror(handler) end

---Sets which lines new sockets hold back; see the method.
---
---Since 1.0.0.
---@param which? string|boolean
---@return string before
function socket_module.sethold(which) end

---Sets whether an end of a TLS stream that was not announced is an error for new sockets.
---
---Since 1.0.0.
---@param on? boolean
---@return boolean before
function socket_module.setstrict(on) end

---Returns the module, as a function for `package.preload`.
---@return table
function socket_module.loader() end

return socket_module
