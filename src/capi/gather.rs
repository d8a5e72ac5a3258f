// SPDX-License-Identifier: MIT
//! `cq_socket_*`: several pieces in one write, reading into the caller's memory, files.

use super::boundary::{borrow, bytes, call, put, slice};
use super::datagram::room;
use super::socket::retry;
use super::socket_io::patience;
use super::socket_output::{CQ_AGAIN, CQ_MORE};
use super::socket_settings::{unpack_mode, CQ_MODE_DEFAULT};
use crate::errno::{Errno, Result};
use crate::socket::{Direction, Flags, Format, Patience, Socket};
use std::ffi::{c_int, c_void};

/// A piece of memory, as `struct iovec` of <sys/uio.h>.
#[repr(C)]
pub struct Piece {
    /// The bytes.
    pub data: *const c_void,
    /// How many.
    pub size: usize,
}

/// Pieces, and how many of their bytes have been taken.
struct Rest<'a> {
    pieces: &'a [Piece],
    taken: usize,
}

impl Rest<'_> {
    /// Sends what is left, as one write: with the last piece leaves what the mode says must leave, and with those before it
    /// only what the buffer has no room for.
    ///
    /// # Safety
    ///
    /// Each piece is readable for its size.
    unsafe fn send(
        &mut self,
        socket: &Socket,
        flags: Flags,
        more: bool,
        again: bool,
    ) -> Result<()> {
        let mut skip = self.taken;
        for (at, piece) in self.pieces.iter().enumerate() {
            // SAFETY: as above.
            let data = unsafe { bytes(piece.data, piece.size) }?;
            if skip >= data.len() && at + 1 < self.pieces.len() {
                skip -= data.len();
                continue;
            }
            let more = more || at + 1 < self.pieces.len();
            let (count, result) = socket.send(&data[skip..], flags, more, again);
            self.taken += count;
            result?;
            skip = 0;
        }
        Ok(())
    }
}

/// The caller's list. EINVAL for NULL, none, or sizes that no memory has.
unsafe fn list_of<'a>(pieces: *const Piece, count: usize) -> Result<(&'a [Piece], usize)> {
    // SAFETY: readable for its count, as the functions below document.
    let list = unsafe { slice(pieces, count) }?;
    let wrong = |piece: &Piece| {
        piece.size > isize::MAX as usize || (piece.data.is_null() && piece.size > 0)
    };
    if list.is_empty() || list.iter().any(wrong) {
        return Err(Errno::BADARG);
    }
    let total = list
        .iter()
        .try_fold(0_usize, |sum, piece| sum.checked_add(piece.size))
        .ok_or(Errno::BADARG)?;
    Ok((list, total))
}

/// Takes `count` pieces for output as if they were one, as `cq_socket_try_send` does, and without copying those that
/// leave at once. `cq_piece` has the layout of `struct iovec`. `sent` receives how many bytes were taken in all, also on
/// error: to go on, leave out as many.
///
/// Errors: as for `cq_socket_try_send`; EINVAL also for no pieces.
///
/// Safety: each piece is readable for its size, `sent` is writable.
///
/// Source: writev(2).
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_sendv(
    socket: *const Socket,
    pieces: *const Piece,
    count: usize,
    mode: u32,
    sent: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, (pieces, _)) = unsafe { (borrow(socket)?, list_of(pieces, count)?) };
        let (more, again) = (mode & CQ_MORE != 0, mode & CQ_AGAIN != 0);
        let flags = unpack_mode(mode & !(CQ_MORE | CQ_AGAIN))?;
        unsafe { put(sent, 0) }?;
        let mut rest = Rest { pieces, taken: 0 };
        let result = unsafe { rest.send(socket, flags, more, again) };
        unsafe { put(sent, rest.taken) }?;
        result
    })
}

/// Writes `count` pieces as if they were one, waiting at most the socket's timeout, as `cq_socket_write` does.
///
/// Errors: as for `cq_socket_write`; EINVAL also for no pieces.
///
/// Safety: each piece is readable for its size.
///
/// Source: writev(2).
#[no_mangle]
pub unsafe extern "C" fn cq_socket_writev(
    socket: *const Socket,
    pieces: *const Piece,
    count: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, (pieces, total)) = unsafe { (borrow(socket)?, list_of(pieces, count)?) };
        let mut rest = Rest { pieces, taken: 0 };
        retry(socket, Some(Direction::Output), |_| {
            if rest.taken == total && total > 0 {
                return socket.flush(Some(Flags::default()));
            }
            unsafe { rest.send(socket, Flags::default(), false, true) }
        })
    })
}

pub(super) fn receive_into(
    socket: &Socket,
    room: &mut [u8],
    mode: u32,
    patience: Patience,
) -> Result<usize> {
    let most = Format::UpTo(room.len());
    let copy = |found: &[u8]| {
        room[..found.len()].copy_from_slice(found);
        found.len()
    };
    let taken = socket.receive(most, unpack_mode(mode)?, patience, copy)?;
    Ok(taken.unwrap_or(0))
}

/// Takes at least one byte and at most `size` into the caller's memory, without waiting. `mode` and `flags` are as for
/// `cq_socket_try_recv`.
///
/// Errors: as for `cq_socket_try_recv` with CQ_READ_UP_TO.
///
/// Safety: `data` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_recv_into(
    socket: *const Socket,
    data: *mut c_void,
    size: usize,
    mode: u32,
    flags: u32,
    received: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        unsafe { put(received, 0) }?;
        let (socket, room) = unsafe { (borrow(socket)?, room(data, size)?) };
        let taken = receive_into(socket, room, mode, patience(flags)?)?;
        unsafe { put(received, taken) }
    })
}

/// Reads at least one byte and at most `size` into the caller's memory, waiting at most the socket's timeout. Otherwise
/// as `cq_socket_read` with CQ_READ_UP_TO.
///
/// Errors: as for `cq_socket_read`.
///
/// Safety: `data` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_read_into(
    socket: *const Socket,
    data: *mut c_void,
    size: usize,
    received: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        unsafe { put(received, 0) }?;
        let (socket, room) = unsafe { (borrow(socket)?, room(data, size)?) };
        let taken = retry(socket, Some(Direction::Input), |first| {
            receive_into(socket, room, CQ_MODE_DEFAULT, Patience { wait: first, flush: true })
        })?;
        unsafe { put(received, taken) }
    })
}

/// Sends up to `count` bytes of the file that `fd` is open on, from `offset` on, without waiting; what is buffered
/// leaves before. The bytes go as they are, whatever the mode. `sent` receives how many were taken, also on error; 0
/// without an error means that the file has no more. One call takes 1 MiB at most. On Linux the kernel sends the file by
/// itself, unless the socket has TLS; elsewhere it is read and sent.
///
/// Errors: EINVAL for NULL, or an offset that no file has; EAGAIN: wait for the socket, then go on behind what was sent;
/// EPIPE; ESPIPE for what is no file; EBADF after close; what the system says.
///
/// Safety: `sent` is writable.
///
/// Source: sendfile(2), pread(2).
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_sendfile(
    socket: *const Socket,
    fd: c_int,
    offset: u64,
    count: usize,
    sent: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        unsafe { put(sent, 0) }?;
        let (taken, result) = socket.send_file(fd, offset, count);
        unsafe { put(sent, taken) }?;
        result
    })
}

/// Sends `count` bytes of a file, or as many as it has from `offset` on, and waits, each time at most the socket's timeout, until they
/// are with the kernel. Otherwise as `cq_socket_try_sendfile`.
///
/// Errors: as there; ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
///
/// Safety: `sent` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_sendfile(
    socket: *const Socket,
    fd: c_int,
    offset: u64,
    count: usize,
    sent: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        unsafe { put(sent, 0) }?;
        let mut taken = 0;
        while taken < count {
            let before = taken;
            let result = retry(socket, Some(Direction::Output), |_| {
                let (some, result) = socket.send_file(fd, offset + taken as u64, count - taken);
                taken += some;
                result
            });
            unsafe { put(sent, taken) }?;
            result?;
            if taken == before {
                break; // the file's end
            }
        }
        retry(socket, Some(Direction::Output), |_| socket.flush(None))
    })
}
