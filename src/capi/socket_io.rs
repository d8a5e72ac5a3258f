// SPDX-License-Identifier: MIT
//! `cq_socket_*`: reading and writing.

use super::boundary::{borrow, bytes, call, put, value};
use super::socket::retry;
use super::socket_settings::{direction, unpack_mode, CQ_MODE_DEFAULT};
use crate::errno::{Errno, Result};
use crate::socket::{Direction, Flags, Format, Patience, Socket};
use std::ffi::{c_int, c_void};

/// For `format`: everything until end of file.
pub const CQ_READ_ALL: u32 = 1;
/// For `format`: a line without its end of line.
pub const CQ_READ_LINE: u32 = 2;
/// For `format`: a line with its end of line.
pub const CQ_READ_LINE_KEEP: u32 = 3;
/// For `format`: a MIME header field, unfolded.
pub const CQ_READ_HEADER: u32 = 4;
/// For `format`: a MIME header field as it came.
pub const CQ_READ_HEADER_KEEP: u32 = 5;
/// For `format`: `count` bytes; fewer only at end of file.
pub const CQ_READ_EXACTLY: u32 = 6;
/// For `format`: 1 to `count` bytes.
pub const CQ_READ_UP_TO: u32 = 7;

/// For `flags` of `cq_socket_try_recv`, for callers that on EAGAIN wait for the socket next: answers EAGAIN without
/// asking the kernel if a receive in this resumption has emptied the kernel's buffer, and no other socket of the
/// thread has sent or ended since. It also answers EAGAIN, though there may be more, to a task that has read for 10
/// ms in one resumption.
pub const CQ_PATIENT: u32 = 1;
/// For `flags` of `cq_socket_try_recv`: first send pending output, if the output mode says `a`. What the kernel does not
/// take yet is waited for together with the input; an error is left to the next send.
pub const CQ_FLUSH: u32 = 2;

/// For `cq_socket_try_send`, joined to a mode by `|`: another send follows at once, and the bytes of both leave together.
pub const CQ_MORE: u32 = 1024;
/// For `cq_socket_try_send`, joined to a mode by `|`: the caller waits and comes back with what was not taken, so that it
/// need not be copied.
pub const CQ_AGAIN: u32 = 2048;

pub(super) fn patience(flags: u32) -> Result<Patience> {
    match flags & !(CQ_PATIENT | CQ_FLUSH) {
        0 => Ok(Patience { wait: flags & CQ_PATIENT != 0, flush: flags & CQ_FLUSH != 0 }),
        _ => Err(Errno::BADARG),
    }
}

pub(super) fn format<'a>(kind: u32, count: usize) -> Result<Format<'a>> {
    match kind {
        CQ_READ_ALL => Ok(Format::All),
        CQ_READ_LINE => Ok(Format::Line { keep: false }),
        CQ_READ_LINE_KEEP => Ok(Format::Line { keep: true }),
        CQ_READ_HEADER => Ok(Format::Header { keep: false }),
        CQ_READ_HEADER_KEEP => Ok(Format::Header { keep: true }),
        CQ_READ_EXACTLY => Ok(Format::Exactly(count)),
        CQ_READ_UP_TO => Ok(Format::UpTo(count)),
        _ => Err(Errno::BADARG),
    }
}

/// The place of received bytes; NULL with a size of 0 stands for "nothing of the kind".
type Place = (*const c_void, usize);

fn receive(socket: &Socket, format: Format, mode: u32, patience: Patience) -> Result<Place> {
    let found = socket.receive(format, unpack_mode(mode)?, patience, |bytes| {
        (bytes.as_ptr().cast(), bytes.len())
    })?;
    Ok(found.unwrap_or((std::ptr::null(), 0)))
}

/// Checks the outputs before `receive` takes anything, and fills them.
///
/// # Safety
///
/// `data` and `size` are NULL or writable.
unsafe fn hand_over(
    data: *mut *const c_void,
    size: *mut usize,
    receive: impl FnOnce() -> Result<Place>,
) -> Result<()> {
    if data.is_null() || size.is_null() {
        return Err(Errno::BADARG);
    }
    let found = receive()?;
    // SAFETY: as above.
    unsafe { put(data, found.0) }?;
    // SAFETY: as above.
    unsafe { put(size, found.1) }
}

/// Takes what `format` (`CQ_READ_...`, with `count` where it needs one) asks for, without waiting. The flags that
/// `mode` names replace the socket's own for this call. `flags` is 0 or made of `CQ_PATIENT` and `CQ_FLUSH`. The
/// bytes lie in the socket's buffer until the next call that receives or fills it. `*data` is NULL if end of file
/// came first (`CQ_READ_ALL`), or if what comes is not a header.
///
/// Errors: EINVAL for NULL, an unknown format, mode or flag; EAGAIN: wait for the socket and repeat, no byte is
/// lost; ENOMEM if the buffer cannot grow, no byte is lost; EPIPE at end of file; EBADF after close; what the
/// system says.
///
/// Safety: `data` and `size` are writable.
///
/// Source: cqueues User Guide §3.2.2, read and recv.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_recv(
    socket: *const Socket,
    format: u32,
    count: usize,
    mode: u32,
    flags: u32,
    data: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe {
        hand_over(data, size, || {
            receive(borrow(socket)?, self::format(format, count)?, mode, patience(flags)?)
        })
    })
}

/// Takes a chunk of a MIME entity, up to and without the end of line in front of the boundary, which
/// stays in the input. `*data` is NULL when the boundary is next. Otherwise as `cq_socket_try_recv`.
///
/// Safety: `boundary` is readable for `length` bytes ("--..."); `data` and `size` are writable.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_recv_body(
    socket: *const Socket,
    boundary: *const c_void,
    length: usize,
    mode: u32,
    flags: u32,
    data: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe {
        hand_over(data, size, || {
            let format = Format::Body(bytes(boundary, length)?);
            receive(borrow(socket)?, format, mode, patience(flags)?)
        })
    })
}

/// Waits for what `format` asks for, at most the socket's timeout; flushes pending output first, unless the output
/// mode says `A`. Otherwise as `cq_socket_try_recv`. An error other than end of file stays until `cq_socket_set_error`
/// clears it, and is returned by every later read; bytes already received stay.
///
/// Errors: as for `cq_socket_try_recv`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_read(
    socket: *const Socket,
    format: u32,
    count: usize,
    data: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe {
        hand_over(data, size, || {
            let (socket, format) = (borrow(socket)?, self::format(format, count)?);
            retry(socket, Some(Direction::Input), |first| {
                receive(socket, format, CQ_MODE_DEFAULT, Patience { wait: first, flush: true })
            })
        })
    })
}

/// Receives until `size` bytes are buffered, without waiting. Pending output is sent first, if the output mode says
/// `a`.
///
/// Errors: EINVAL for NULL; EAGAIN; ENOMEM, and what is buffered stays; EPIPE if fewer come; `CQ_ETRUNCATED` if a
/// strict socket's TLS stream was cut short; EBADF after close; what the system says.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_fill(socket: *const Socket, size: usize) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.fill(size))
}

/// Waits until `size` bytes are buffered, at most the socket's timeout.
///
/// Errors: as for `cq_socket_try_fill`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_fill(socket: *const Socket, size: usize) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let socket = unsafe { borrow(socket) }?;
        retry(socket, Some(Direction::Input), |_| socket.fill(size))
    })
}

/// Puts bytes in front of the input, to be read next.
///
/// Errors: EINVAL for NULL, and for a size that no object can have; ENOMEM, and the input is as it was; EBADF after
/// close.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_unget(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket)?.unget(bytes(data, size)?) })
}

/// Takes bytes for output without waiting and sends what the socket's mode says must leave; the flags that `mode`
/// names replace the socket's own for this call. `sent` receives how many bytes were taken, also on error; bytes that
/// were taken and not sent leave with later sends or a flush. With `CQ_MORE` in `mode`, nothing leaves yet unless the
/// buffer is full.
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
        let (more, again) = (mode & CQ_MORE != 0, mode & CQ_AGAIN != 0);
        let flags = unpack_mode(mode & !(CQ_MORE | CQ_AGAIN))?;
        unsafe { put(sent, 0) }?;
        let (taken, result) = socket.send(data, flags, more, again);
        unsafe { put(sent, taken) }?;
        result
    })
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
        let mut taken = 0;
        retry(socket, Some(Direction::Output), |_| {
            if taken == data.len() && taken > 0 {
                return socket.flush(Some(Flags::default()));
            }
            let (count, result) = socket.send(&data[taken..], Flags::default(), false, true);
            taken += count;
            result
        })
    })
}

/// Sends buffered output without waiting. With `mode` 0 everything is sent. Otherwise the buffering that `mode`
/// names, or that of the socket if it names none, says what must leave: with `l`, the lines that were sent in that
/// mode.
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

/// Counts the buffered bytes of a direction. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_pending(socket: *const Socket, which: u32) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(socket) }?.pending(direction(which)?)))
}
