// SPDX-License-Identifier: MIT
//! `cq_socket_*`: reading.

use super::boundary::{borrow, bytes, call, put, value};
use super::socket::retry;
use super::socket_settings::{direction, unpack_mode, CQ_MODE_DEFAULT};
use crate::errno::{Errno, Result};
use crate::socket::{Direction, Format, Patience, Socket};
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
/// take yet is waited for together with the input. EPIPE is left to the next send; with any other error the call fails.
pub const CQ_FLUSH: u32 = 2;

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

#[inline(never)]
fn receive(socket: &Socket, format: Format, mode: u32, patience: Patience) -> Result<Place> {
    let found = socket.receive(format, unpack_mode(mode)?, patience, place_of)?;
    Ok(found.unwrap_or((std::ptr::null(), 0)))
}

fn place_of(bytes: &[u8]) -> Place {
    (bytes.as_ptr().cast(), bytes.len())
}

/// A kind of formats. What reads is compiled once for each, so that none saves registers that only another needs.
type Kind = u8;
const OTHERS: Kind = 0;
const LINES: Kind = 1;
const BYTES: Kind = 2;

#[inline(always)]
fn kind_of(format: u32) -> Kind {
    match format {
        CQ_READ_LINE | CQ_READ_LINE_KEEP => LINES,
        CQ_READ_EXACTLY | CQ_READ_UP_TO => BYTES,
        _ => OTHERS,
    }
}

/// Takes what is asked for by the short way. `None`: not done.
#[inline(always)]
fn receive_short<const KIND: Kind>(
    socket: &Socket,
    format: u32,
    count: usize,
    patient: bool,
) -> Option<Result<Place>> {
    match KIND {
        LINES => {
            let keep = format == CQ_READ_LINE_KEEP;
            socket.take_short::<true, _>(Format::Line { keep }, patient, place_of)
        }
        BYTES => {
            socket.take_short::<false, _>(self::format(format, count).ok()?, patient, place_of)
        }
        _ => None,
    }
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
    let attempt = match kind_of(format) {
        LINES if mode == CQ_MODE_DEFAULT => try_recv::<LINES>,
        BYTES if mode == CQ_MODE_DEFAULT => try_recv::<BYTES>,
        _ => try_recv::<OTHERS>,
    };
    // SAFETY: as documented.
    unsafe { attempt(socket, format, count, mode, flags, data, size) }
}

/// `cq_socket_try_recv`, which takes lines and bytes in the socket's own mode by the short way.
#[inline(never)]
unsafe extern "C" fn try_recv<const KIND: Kind>(
    socket: *const Socket,
    format: u32,
    count: usize,
    mode: u32,
    flags: u32,
    data: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    // What is the same for all of a kind is not kept across the call of the kernel.
    let (count, mode) = match KIND {
        LINES => (0, CQ_MODE_DEFAULT),
        BYTES => (count, CQ_MODE_DEFAULT),
        _ => (count, mode),
    };
    // SAFETY: as `cq_socket_try_recv` documents.
    call(|| unsafe {
        hand_over(data, size, || {
            let (socket, patience) = (borrow(socket)?, patience(flags)?);
            let short = receive_short::<KIND>(socket, format, count, patience.wait);
            if let Some(done) = short {
                return done;
            }
            receive(socket, self::format(format, count)?, mode, patience)
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
    let read = match kind_of(format) {
        LINES => read::<LINES>,
        BYTES => read::<BYTES>,
        _ => read::<OTHERS>,
    };
    // SAFETY: as documented.
    unsafe { read(socket, format, count, data, size) }
}

/// `cq_socket_read`, which takes lines and bytes by the short way.
#[inline(never)]
unsafe extern "C" fn read<const KIND: Kind>(
    socket: *const Socket,
    format: u32,
    count: usize,
    data: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    // SAFETY: as `cq_socket_read` documents.
    call(|| unsafe {
        hand_over(data, size, || {
            let socket = borrow(socket)?;
            let mut first = receive_short::<KIND>(socket, format, count, true);
            if let Some(Ok(found)) = first {
                return Ok(found);
            }
            retry(socket, Some(Direction::Input), |is_first| match first.take() {
                Some(failed) => failed,
                None => attempt::<KIND>(socket, format, count, is_first),
            })
        })
    })
}

/// An attempt of `cq_socket_read`: the first, for which there was no short way, or one after a wait. Not inlined: a fiber may
/// go on in another thread, whose variables lie elsewhere.
#[inline(never)]
fn attempt<const KIND: Kind>(
    socket: &Socket,
    format: u32,
    count: usize,
    is_first: bool,
) -> Result<Place> {
    let short = match is_first {
        true => None,
        false => receive_short::<KIND>(socket, format, count, false),
    };
    if let Some(done) = short {
        return done;
    }
    let patience = Patience { wait: is_first, flush: true };
    receive(socket, self::format(format, count)?, CQ_MODE_DEFAULT, patience)
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

/// Counts the buffered bytes of a direction. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_pending(socket: *const Socket, which: u32) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(socket) }?.pending(direction(which)?)))
}
