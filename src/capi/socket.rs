// SPDX-License-Identifier: MIT
//! `cq_socket_*`: making and ending sockets, connecting and accepting. Reading and writing are in
//! `socket_io.rs` and `socket_output.rs`, settings and statistics in `socket_settings.rs`.

use super::boundary::{borrow, call, put, seconds, value};
use super::socket_settings::direction;
use crate::clock::{Instant, Span};
use crate::connect;
use crate::controller::{Controller, Member, Polled};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::poller::{Events, INTEREST};
use crate::socket::{Direction, Options, Socket};
use std::ffi::{c_char, c_int};

/// The handle of a socket, until `cq_socket_free`. It lies in the socket's own memory.
pub fn socket_handle(socket: Socket) -> *mut Socket {
    let place = socket.place();
    // SAFETY: the place is the socket's, which lives until it is taken out of there; nothing lies there before.
    unsafe { place.write(socket) };
    place
}

/// Hands out the socket that `make` makes. EINVAL for NULL, and it is not made.
///
/// # Safety
///
/// `place` is NULL or writable.
unsafe fn hand_out_socket(
    place: *mut *mut Socket,
    make: impl FnOnce() -> Result<Socket>,
) -> Result<()> {
    if place.is_null() {
        return Err(Errno::BADARG);
    }
    // SAFETY: it was not NULL.
    unsafe { put(place, socket_handle(make()?)) }
}

/// Makes a socket that begins to connect. Whether it succeeds is told by the first operation on the socket: no error
/// of the network is returned here. Free it with `cq_socket_free`.
///
/// The addresses of a name are looked for by the thread's resolvers (`cq_dns_configure`) and tried as in RFC 8305:
/// the next one when one fails or has taken 250 ms; the first connection is kept. A listener or a datagram socket
/// takes the first address that works. All of this counts towards the timeout of the operation that waits.
///
/// Errors: EINVAL for NULL or options that name no address; ENOMEM.
///
/// Source: cqueues User Guide §3.2.2.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_connect(
    options: *const Options,
    socket: *mut *mut Socket,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let options = unsafe { borrow(options) }?.clone();
        options.check()?;
        unsafe { hand_out_socket(socket, || connect::connect(options)) }
    })
}

/// Makes a socket that listens. Otherwise as `cq_socket_connect`; `cq_socket_establish` tells whether binding
/// succeeded.
///
/// Errors: EINVAL for NULL or options that name no address; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_listen(
    options: *const Options,
    socket: *mut *mut Socket,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let options = unsafe { borrow(options) }?.clone();
        options.check()?;
        unsafe { hand_out_socket(socket, || connect::listen(options)) }
    })
}

/// Makes two connected UNIX sockets of a type (SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET).
///
/// Errors: EINVAL for NULL; EMFILE, ENFILE; ENOMEM; what the system says of another type: ESOCKTNOSUPPORT,
/// EPROTONOSUPPORT.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_pair(
    kind: c_int,
    first: *mut *mut Socket,
    second: *mut *mut Socket,
) -> c_int {
    call(|| {
        if first.is_null() || second.is_null() {
            return Err(Errno::BADARG);
        }
        let made = Socket::pair(kind)?;
        // SAFETY: as documented, here and below.
        unsafe { put(first, socket_handle(made.0)) }?;
        unsafe { put(second, socket_handle(made.1)) }
    })
}

/// Takes over a descriptor, which becomes non-blocking and close-on-exec and is closed with the socket. A descriptor
/// that is no socket is a stream to read and write. On error it stays the caller's.
///
/// Errors: EINVAL for NULL; EBADF; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_adopt(fd: c_int, socket: *mut *mut Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { hand_out_socket(socket, || Socket::adopt(fd)) }
    })
}

/// Makes a socket of a copy of a descriptor; the descriptor itself stays the caller's. Otherwise as
/// `cq_socket_adopt`.
///
/// Errors: EINVAL for NULL; EBADF; EMFILE; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_dup(fd: c_int, socket: *mut *mut Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { hand_out_socket(socket, || Socket::duplicate(fd)) }
    })
}

/// Closes and frees a socket, which no fiber may be waiting in. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_free(socket: *mut Socket) {
    value((), || {
        if !socket.is_null() {
            // SAFETY: as documented: `socket_handle` has put it there.
            drop(unsafe { socket.read() });
        }
        Ok(())
    });
}

/// Closes a socket: the tasks that wait for it wake, in every controller; held lines are sent as far as the kernel
/// takes them at once; other buffered output is dropped. The handle stays valid and must still be freed. Closing
/// twice is safe.
///
/// Errors: EINVAL for NULL; EBUSY in a callback that libssl calls for this very socket.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_close(socket: *mut Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.close()
    })
}

/// Closes a socket so that its peer is told of a failure: what was not sent is dropped, and a TCP connection is reset. The
/// peer's reads and writes then fail with ECONNRESET instead of ending as usual. TLS sends no close_notify. Other sockets
/// are closed. Otherwise as `cq_socket_close`. A proxy passes on a reset in this way.
///
/// Errors: as for `cq_socket_close`.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_abort(socket: *mut Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.abort()
    })
}

/// Closes a socket but not its descriptor, which is the caller's from then on (-1 if there is none yet).
/// The handle must still be freed.
///
/// Errors: EINVAL for NULL; EBADF after close; EBUSY as for `cq_socket_close`.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_release(socket: *const Socket, fd: *mut c_int) -> c_int {
    call(|| {
        if fd.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let released = unsafe { borrow(socket) }?.release()?;
        unsafe { put(fd, released) }
    })
}

/// Tells what a socket is doing: "resolving" (finding the addresses of its name), "connecting", "handshaking" (TLS),
/// "connected", "listening", "failed" or "closed"; "busy" in a callback that libssl calls for it. The text is static;
/// NULL for NULL. `cq_socket_reason` tells more.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_phase(socket: *const Socket) -> *const c_char {
    // SAFETY: as documented.
    value(std::ptr::null(), || Ok(unsafe { borrow(socket) }?.phase().as_ptr()))
}

/// Goes on connecting or binding without waiting.
///
/// Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EBADF after close; what kept the
/// socket from being connected or bound.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_establish(socket: *const Socket) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.establish())
}

/// Waits until the socket is connected or bound, at most its timeout.
///
/// Errors: as for `cq_socket_try_establish`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_establish(socket: *const Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let socket = unsafe { borrow(socket) }?;
        retry(socket, None, |_| socket.establish())
    })
}

/// Goes on binding without waiting, as `cq_socket_try_establish`. An adopted descriptor that is bound but does not
/// listen yet begins to: listen(2). `cq_socket_try_accept` and `cq_socket_accept` do the same by themselves.
///
/// Errors: as for `cq_socket_try_establish`; EINVAL also for a socket that connects; what listen(2) says.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_listen(socket: *const Socket) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.establish_listener())
}

/// Takes a connection from a listener without waiting. After 64 connections in one resumption of a task it answers
/// EAGAIN, so that other tasks have their turn. When no descriptor is free it answers EAGAIN, and a wait for the
/// listener ends after some time (`cq_socket_poll_timeout`) rather than at an event: the listener goes on once descriptors
/// are free.
///
/// The connection has the listener's CQ_OPTION_TIME, CQ_OPTION_NOSIGPIPE, CQ_OPTION_STRICT and `cq_socket_set_hold`, and
/// what the system lets it inherit (TCP_NODELAY, SO_KEEPALIVE and buffer sizes on Linux); modes, limits and timeout are those
/// of a new socket. `cq_socket_configure` gives it other options.
///
/// Errors: EINVAL for NULL and for a socket that connects; EAGAIN; EBADF after close; ENOMEM, and the connection can
/// be taken later; what kept the listener from being bound; what listen(2) says.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_accept(
    socket: *const Socket,
    accepted: *mut *mut Socket,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        unsafe { hand_out_socket(accepted, || borrow(socket)?.accept()) }
    })
}

/// Waits for a connection, at most the socket's timeout.
///
/// Errors: as for `cq_socket_try_accept`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_accept(
    socket: *const Socket,
    accepted: *mut *mut Socket,
) -> c_int {
    call(|| {
        if accepted.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        let made = retry(socket, None, |_| socket.accept())?;
        unsafe { put(accepted, socket_handle(made)) }
    })
}

/// Applies options to an existing socket, one that was accepted, adopted or made by `cq_socket_pair`: everything that
/// can still be set, which is all but its address, family, type and what concerns binding.
///
/// Errors: EINVAL for NULL; EBADF; ENOMEM; what the system says.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_configure(
    socket: *const Socket,
    options: *const Options,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket)?.configure(borrow(options)?) })
}

/// Repeats an operation, waiting as it asks, until it is done or the socket's timeout has passed. Errors of a direction
/// stick to it until they are cleared, but for the end of the task's waits: others may use the socket.
pub fn retry<T>(
    socket: &Socket,
    side: Option<Direction>,
    mut operation: impl FnMut(bool) -> Result<T>,
) -> Result<T> {
    if let Some(error) = side.and_then(|side| socket.error(side)) {
        return Err(error);
    }
    let mut deadline = None;
    let mut first = true;
    loop {
        let error = match operation(first) {
            Err(error) if error.is_again() => match wait_to_retry(socket, &mut deadline)? {
                Ok(()) => {
                    first = false;
                    match socket.is_closed() {
                        true => Errno::BADF,
                        false => continue,
                    }
                }
                Err(error) => error,
            },
            Err(Errno::PIPE) if side == Some(Direction::Input) => return Err(Errno::PIPE),
            Err(error) => error,
            Ok(done) => return Ok(done),
        };
        side.map(|side| socket.set_error(side, Some(error)));
        return Err(error);
    }
}

/// Waits for what the socket's last operation wants. Not inlined, as what it looks up of the thread would be looked up
/// once for all waits. The outer error is the end of the task's wait, the inner one sticks.
#[inline(never)]
fn wait_to_retry(socket: &Socket, deadline: &mut Option<Instant>) -> Result<Result<()>> {
    if socket.timeout().is_none() {
        // Nearly always a fiber waits for its descriptor and for nothing else, and has done so before.
        let again = |cq: &Controller, task| {
            let park = |on: Polled<'_>| cq.park_again(task, true, on);
            let parked = socket.with_plain_wait(0, park) == Some(true);
            if parked {
                cq.end_turn();
            }
            parked
        };
        if let Some(waited) = fiber::suspend_parked(again) {
            return waited.map(Ok);
        }
        let park = |cq: &Controller, task| {
            cq.end_turn();
            socket.with_plain_wait(0, |on| cq.park_on_descriptor(task, true, on))
        };
        if let Some(waited) = fiber::suspend_if(park, &mut |_| {}) {
            return waited.map(Ok);
        }
    }
    match before_wait(socket, deadline) {
        Ok(member) => fiber::poll_one(member).map(Ok),
        Err(error) => Ok(Err(error)),
    }
}

/// What the socket's last operation wants to wait for, within its timeout. The deadline is set by the first wait.
fn before_wait(socket: &Socket, deadline: &mut Option<Instant>) -> Result<Member> {
    let mut member = socket.interest();
    if let Some(span) = socket.timeout() {
        let now = Instant::now();
        let waited = deadline.is_some();
        let left = deadline.get_or_insert_with(|| now.after(span)).since(now);
        if waited && left == Span::ZERO {
            return Err(Errno::TIMEDOUT);
        }
        member.timeout = Span::least(member.timeout, Some(left));
    }
    Ok(member)
}

/// shutdown(2) with SHUT_RD, SHUT_WR or SHUT_RDWR. Held lines are sent as far as the kernel takes them at once; other
/// buffered output is not, see `cq_socket_finish`.
///
/// Errors: EINVAL for NULL or another number; ENOTCONN; EBADF after close; what kept the socket from being connected.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_shutdown(socket: *const Socket, how: c_int) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.shutdown(how))
}

/// Tells whether end of file was received (input) or the peer refuses more (output). False for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_eof(socket: *const Socket, which: u32) -> bool {
    // SAFETY: as documented.
    value(false, || Ok(unsafe { borrow(socket) }?.eof(direction(which)?)))
}

/// Turns off TCP_CORK or TCP_NOPUSH, so that the kernel sends what it holds back.
///
/// Errors: EINVAL for NULL; EOPNOTSUPP on other sockets; ENOTSOCK; EBADF after close; what kept the socket from being
/// connected.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_uncork(socket: *const Socket) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.uncork())
}

/// Tells a socket's descriptor, -1 while it has none, and -1 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_pollfd(socket: *const Socket) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(socket) }?.fd()))
}

/// Tells the poll(2) events to wait for: after an operation that returned EAGAIN, those before it is repeated; after
/// a read or an accept that succeeded, those before the next one, or 0 if there may be more at once. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_events(socket: *const Socket) -> u32 {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(socket) }?.interest().events as u32))
}

/// Tells the seconds after which the last operation wants to be repeated even if no event came, or NaN. NaN for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_poll_timeout(socket: *const Socket) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(socket) }?.interest().timeout)))
}

/// Tells the socket that its descriptor was found readable, so that the next `cq_socket_try_recv` with `CQ_PATIENT` asks
/// the kernel again.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_readable(socket: *const Socket) {
    // SAFETY: as documented.
    value((), || {
        unsafe { borrow(socket) }?.readable();
        Ok(())
    });
}

/// Adds poll(2) events to those that `cq_socket_events` tells, until the next operation: who polls the socket waits for them, too.
/// Others than POLLIN, POLLOUT and POLLPRI are ignored. A caller whose flush has run out of time adds POLLIN by it if the read
/// before had found no input.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_add_events(socket: *const Socket, events: u32) {
    // SAFETY: as documented.
    value((), || {
        unsafe { borrow(socket) }?.add_interest(events as Events & INTEREST);
        Ok(())
    });
}

/// Forgets what the last operation waits for: `cq_socket_events` is 0 again.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_clear_events(socket: *const Socket) {
    // SAFETY: as documented.
    value((), || {
        unsafe { borrow(socket) }?.clear_interest();
        Ok(())
    });
}
