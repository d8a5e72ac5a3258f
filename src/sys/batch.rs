// SPDX-License-Identifier: MIT
//! recvmmsg(2), sendmmsg(2): many datagrams in one call, where the system has that. Elsewhere one
//! call each.

use super::check_size;
use super::control::{self, Room};
use super::message::{header, piece, room, Datagram, TRUNCATED};
use std::io;
use std::mem::{size_of, MaybeUninit};
use std::os::fd::RawFd;

/// How many datagrams one system call takes.
#[cfg(mmsg)]
const BATCH: usize = 32;

/// Room for the headers of a batch, on the stack.
#[cfg(mmsg)]
struct Headers {
    messages: [libc::mmsghdr; BATCH],
    pieces: [libc::iovec; BATCH],
    control: [MaybeUninit<Room>; BATCH],
}

#[cfg(mmsg)]
impl Headers {
    /// Headers that borrow the data and the addresses of a list of at most `BATCH`.
    fn prepare(&mut self, list: &mut [Datagram]) -> (*mut libc::mmsghdr, u32) {
        for ((item, message), at) in list.iter_mut().zip(&mut self.messages).zip(&mut self.pieces) {
            *at = piece(item.data.cast(), item.size);
            message.msg_hdr = header(std::slice::from_mut(at), &mut item.address);
        }
        (self.messages.as_mut_ptr(), list.len() as u32)
    }
}

/// Runs `batch` for pieces of the list until one is not done wholly. An error counts only when
/// nothing was done before.
#[cfg(mmsg)]
fn in_batches(
    list: &mut [Datagram],
    mut batch: impl FnMut(&mut [Datagram], &mut Headers) -> io::Result<usize>,
) -> io::Result<usize> {
    // SAFETY: all-zero headers and pieces are valid; of the control data nothing is read that was not written.
    let (messages, pieces) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    let mut headers =
        Headers { messages, pieces, control: [const { MaybeUninit::uninit() }; BATCH] };
    let mut done = 0;
    for piece in list.chunks_mut(BATCH) {
        match batch(piece, &mut headers) {
            Ok(count) => done += count,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
        if done % BATCH != 0 {
            break;
        }
    }
    Ok(done)
}

/// Receives as many datagrams as are there and fit the list; tells how many.
///
/// # Safety
///
/// The data of each is writable for its size.
#[cfg(mmsg)]
pub unsafe fn receive_batch(fd: RawFd, list: &mut [Datagram]) -> io::Result<usize> {
    in_batches(list, |list, headers| {
        list.iter_mut().for_each(|item| item.address = room());
        let (first, count) = headers.prepare(list);
        for (message, room) in
            headers.messages.iter_mut().zip(&mut headers.control).take(list.len())
        {
            message.msg_hdr.msg_control = room.as_mut_ptr().cast();
            message.msg_hdr.msg_controllen = size_of::<Room>() as _;
        }
        let (none, flags) = (std::ptr::null_mut(), libc::MSG_DONTWAIT as _);
        // SAFETY: `count` headers were prepared; their data is writable, as documented.
        let done = unsafe { libc::recvmmsg(fd, first, count as _, flags, none) };
        let done = check_size(done as isize)?;
        for (item, message) in list.iter_mut().zip(&headers.messages).take(done) {
            item.received = message.msg_len as usize;
            finish(item, &message.msg_hdr);
        }
        Ok(done)
    })
}

/// Sends the datagrams of a list; tells how many.
///
/// # Safety
///
/// The data of each is readable for its size.
#[cfg(mmsg)]
pub unsafe fn send_batch(fd: RawFd, list: &mut [Datagram], flags: i32) -> io::Result<usize> {
    in_batches(list, |list, headers| {
        let (first, count) = headers.prepare(list);
        for ((item, message), room) in
            list.iter().zip(&mut headers.messages).zip(&mut headers.control)
        {
            control::write(&mut message.msg_hdr, item, room)?;
        }
        let flags = (flags | libc::MSG_DONTWAIT) as _;
        // SAFETY: `count` headers were prepared; their data is readable, as documented.
        let done = unsafe { libc::sendmmsg(fd, first, count as _, flags) };
        check_size(done as isize)
    })
}

/// Receives as many datagrams as are there and fit the list; tells how many.
///
/// # Safety
///
/// The data of each is writable for its size.
#[cfg(not(mmsg))]
pub unsafe fn receive_batch(fd: RawFd, list: &mut [Datagram]) -> io::Result<usize> {
    one_by_one(list, |item, pieces| {
        item.address = room();
        let mut message = header(pieces, &mut item.address);
        let mut room = Room::EMPTY;
        (message.msg_control, message.msg_controllen) =
            ((&raw mut room).cast(), size_of::<Room>() as _);
        // SAFETY: the header's pointers hold for the call; the data is writable, as documented.
        item.received = check_size(unsafe { libc::recvmsg(fd, &mut message, libc::MSG_DONTWAIT) })?;
        finish(item, &message);
        Ok(())
    })
}

/// Sends the datagrams of a list; tells how many.
///
/// # Safety
///
/// The data of each is readable for its size.
#[cfg(not(mmsg))]
pub unsafe fn send_batch(fd: RawFd, list: &mut [Datagram], flags: i32) -> io::Result<usize> {
    one_by_one(list, |item, pieces| {
        let mut address = item.address;
        let mut message = header(pieces, &mut address);
        let mut room = MaybeUninit::uninit();
        control::write(&mut message, item, &mut room)?;
        // SAFETY: the header's pointers hold for the call; the data is readable, as documented.
        check_size(unsafe { libc::sendmsg(fd, &message, flags | libc::MSG_DONTWAIT) }).map(drop)
    })
}

/// Runs `each` until one fails. An error counts only when nothing was done before.
#[cfg(not(mmsg))]
fn one_by_one(
    list: &mut [Datagram],
    mut each: impl FnMut(&mut Datagram, &mut [libc::iovec]) -> io::Result<()>,
) -> io::Result<usize> {
    let mut done = 0;
    for item in list {
        let mut pieces = [piece(item.data.cast(), item.size)];
        match each(item, &mut pieces) {
            Ok(()) => done += 1,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// What a header says after a receive.
fn finish(item: &mut Datagram, message: &libc::msghdr) {
    item.flags = if message.msg_flags & libc::MSG_TRUNC != 0 { TRUNCATED } else { 0 };
    item.address.size = message.msg_namelen;
    control::read(message, item);
}
