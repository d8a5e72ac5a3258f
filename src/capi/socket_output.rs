// SPDX-License-Identifier: MIT
//! `cq_socket_*`: writing.

use super::boundary::{borrow, bytes, call, put};
use super::socket::retry;
use super::socket_settings::{unpack_mode, CQ_MODE_DEFAULT};
use crate::errno::Result;
use crate::socket::{Direction, Flags, Socket};
use std::ffi::{c_int, c_void};

/// For `cq_socket_try_send`, joined to a mode by `|`: another send follows at once, and the bytes of both leave together.
pub const CQ_MORE: u32 = 1024;
/// For `cq_socket_try_send`, joined to a mode by `|`: the caller waits and comes back with what was not taken, so that it
/// need not be copied.
pub const CQ_AGAIN: u32 = 2048;

/// Takes bytes for output without waiting and sends what the socket's mode says must leave; the flags that `mode`
/// names replace the socket's own for this call. `sent` receives how many bytes were taken, also on error; bytes that
/// were taken and not sent leave with later sends, also of no bytes, or a flush. With `CQ_MORE` in `mode`, nothing
/// leaves yet unless the buffer is full.
///
/// Errors: EINVAL for NULL or no mode, and for a size that no object can have; EAGAIN: wait for the socket, then
/// send the rest, or flush if all were taken; ENOMEM if the buffer cannot grow; EPIPE; EBADF after close; what the
/// system says.
///
/// Safety: `data` is readable for `size` bytes, `sent` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_send(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
    mode: u32,
    sent: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, data) = unsafe { (borrow(socket)?, bytes(data, size)?) };
        unsafe { put(sent, 0) }?;
        let short = match mode & !CQ_AGAIN {
            CQ_MODE_DEFAULT => socket.send_short(data, Flags::default(), mode & CQ_AGAIN != 0),
            _ => None,
        };
        let (taken, result) = match short {
            Some(done) => done,
            None => try_send(socket, data, mode)?,
        };
        unsafe { put(sent, taken) }?;
        result
    })
}

/// `cq_socket_try_send` in another mode, or by the long way. Not inlined, as it saves registers that the short way does not
/// need.
#[inline(never)]
fn try_send(socket: &Socket, data: &[u8], mode: u32) -> Result<(usize, Result<()>)> {
    let (more, again) = (mode & CQ_MORE != 0, mode & CQ_AGAIN != 0);
    let flags = unpack_mode(mode & !(CQ_MORE | CQ_AGAIN))?;
    let may_be_short = !more && flags != Flags::default(); // in the default mode that was tried
    let short = if may_be_short { socket.send_short(data, flags, again) } else { None };
    Ok(short.unwrap_or_else(|| socket.send(data, flags, more, again)))
}

/// Writes bytes, waiting at most the socket's timeout until they were sent or buffered, as its mode says. An error
/// stays until `cq_socket_set_error` clears it, and is returned by every later write. To know how much was taken
/// before an error, use `cq_socket_try_send`.
///
/// Errors: EINVAL for NULL, and for a size that no object can have; ETIMEDOUT; ENOMEM; EPIPE; EBADF after close;
/// EDEADLK in a callback; what the system says.
///
/// Safety: `data` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_write(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (socket, data) = unsafe { (borrow(socket)?, bytes(data, size)?) };
        match socket.send_short(data, Flags::default(), true) {
            Some((_, Ok(()))) => Ok(()),
            first => write(socket, data, first),
        }
    })
}

/// Goes on writing. `first`: how many bytes the first attempt has taken, and how it has ended, if it was made.
#[inline(never)]
fn write(socket: &Socket, data: &[u8], mut first: Option<(usize, Result<()>)>) -> Result<()> {
    let mut taken = 0;
    retry(socket, Some(Direction::Output), |_| {
        if taken == data.len() && taken > 0 {
            return socket.flush(Some(Flags::default()));
        }
        let (count, result) = match first.take() {
            Some(done) => done,
            None => socket.send(&data[taken..], Flags::default(), false, true),
        };
        taken += count;
        result
    })
}

/// Sends buffered output without waiting. With `mode` 0 everything is sent. Otherwise the buffering that `mode`
/// names, or that of the socket if it names none, says what must leave: with `l`, the lines, but for those that
/// were sent in binary mode with `f` or `n` while the socket itself was not in `l`.
///
/// Errors: EINVAL for NULL or no mode; EAGAIN keeps the rest; EPIPE; EBADF after close.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_flush(socket: *const Socket, mode: u32) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let socket = unsafe { borrow(socket) }?;
        let flags = unpack_mode(mode)?;
        socket.flush((mode != CQ_MODE_DEFAULT).then_some(flags))
    })
}

/// Sends everything that is buffered, waiting at most the socket's timeout.
///
/// Errors: EINVAL for NULL; ETIMEDOUT; EPIPE; EBADF after close; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_flush(socket: *const Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let socket = unsafe { borrow(socket) }?;
        retry(socket, Some(Direction::Output), |_| socket.flush(None))
    })
}

/// Sends everything that is buffered, tells the peer that this was all, with TLS too, and shuts the output down, without
/// waiting. Reading goes on. What has no such end, a pipe or a datagram socket, is only flushed. An end that the kernel had
/// no room for would look to a TLS peer as if somebody had cut the stream short: `cq_socket_shutdown` and
/// `cq_socket_close` do not wait for room, this does.
///
/// Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EPIPE; EBADF after close; what the system says.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_finish(socket: *const Socket) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.finish())
}

/// Sends everything that is buffered, tells the peer that this was all, and shuts the output down, waiting at most the
/// socket's timeout. Otherwise as `cq_socket_try_finish`.
///
/// Errors: as there, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_finish(socket: *const Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let socket = unsafe { borrow(socket) }?;
        retry(socket, Some(Direction::Output), |_| socket.finish())
    })
}
