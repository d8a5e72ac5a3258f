// SPDX-License-Identifier: MIT
//! `cq_address_*` and `cq_socket_*`: messages with addresses or descriptors, which bypass the sockets' buffers.

use super::boundary::{borrow, bytes, call, put, put_optional, slice_mut, text};
use super::socket::retry;
use super::socket_settings::{c_name, cq_name};
use crate::address::{internet, name, unix, Name};
use crate::errno::{Errno, Result};
use crate::socket::{Address, Datagram, Direction, Socket, TRUNCATED};
use crate::sys::message;
use std::ffi::{c_char, c_int, c_void};

/// In `flags` of a received datagram: it had more bytes than there was room for; the rest is lost.
pub const CQ_TRUNCATED: u32 = 1;

const _: () = assert!(CQ_TRUNCATED == TRUNCATED);

/// Makes an address of a numeric IPv4 or IPv6 address ("::1", "fe80::1%eth0") and a port.
///
/// Errors: EINVAL for NULL, a port outside 0 to 65535, or text that is not UTF-8; `CQ_ENONAME` if
/// the host is not numeric.
#[no_mangle]
pub unsafe extern "C" fn cq_address_parse(
    host: *const c_char,
    port: c_int,
    address: *mut Address,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let host = unsafe { text(host) }?.to_str().map_err(|_| Errno::BADARG)?;
        let port = u16::try_from(port).map_err(|_| Errno::BADARG)?;
        let made = Address::new(&internet(host, port)?);
        unsafe { put(address, made) }
    })
}

/// Makes an address of a UNIX path of `size` bytes; on Linux a leading NUL means the abstract
/// namespace.
///
/// Errors: EINVAL for NULL or an empty path; ENAMETOOLONG.
#[no_mangle]
pub unsafe extern "C" fn cq_address_path(
    path: *const c_void,
    size: usize,
    address: *mut Address,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { put(address, Address::new(&unix(bytes(path, size)?)?)) })
}

/// Tells what an address says: as `cq_socket_peername`.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_address_name(address: *const Address, name: *mut cq_name) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let storage = unsafe { borrow(address) }?.storage();
        let found = storage.map_or(Name::Unnamed(0), |found| self::name(&found));
        unsafe { put(name, c_name(found)) }
    })
}

/// The caller's buffer, for the time of a call.
pub(super) unsafe fn room<'a>(data: *mut c_void, size: usize) -> Result<&'a mut [u8]> {
    // SAFETY: writable for its size, as the functions below document.
    unsafe { slice_mut(data.cast(), size) }
}

/// Receives one datagram into `data` without waiting. `received` receives its size. `from` receives its sender's
/// address, whose size is 0 if there is none; `flags` receives `CQ_TRUNCATED` or 0. `from` and `flags` may be NULL.
/// Bytes that reads have buffered are not touched. Pending output is sent first, if the output mode says `a`.
///
/// Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EOPNOTSUPP with TLS; ECONNREFUSED
/// if an earlier datagram reached nobody; EBADF after close; what the system says: ENOTSOCK, ENOTCONN.
///
/// Safety: `data` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_recvfrom(
    socket: *const Socket,
    data: *mut c_void,
    size: usize,
    received: *mut usize,
    from: *mut Address,
    flags: *mut u32,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, room) = unsafe { (borrow(socket)?, room(data, size)?) };
        if received.is_null() {
            return Err(Errno::BADARG);
        }
        let found = receive_from(socket, room)?;
        unsafe { put(received, found.size) }?;
        unsafe { put_optional(from, found.from) };
        unsafe { put_optional(flags, if found.truncated { CQ_TRUNCATED } else { 0 }) };
        Ok(())
    })
}

fn receive_from(socket: &Socket, room: &mut [u8]) -> Result<message::Received> {
    socket.transfer(Direction::Input, |fd, _| {
        message::receive_from(fd, room).map(|found| (found.size, found))
    })
}

/// Receives one datagram, waiting at most the socket's timeout. The arguments are those of `cq_socket_try_recvfrom`.
///
/// Errors: as for `cq_socket_try_recvfrom`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_recvfrom(
    socket: *const Socket,
    data: *mut c_void,
    size: usize,
    received: *mut usize,
    from: *mut Address,
    flags: *mut u32,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, room) = unsafe { (borrow(socket)?, room(data, size)?) };
        if received.is_null() {
            return Err(Errno::BADARG);
        }
        let found = retry(socket, None, |_| receive_from(socket, room))?;
        unsafe { put(received, found.size) }?;
        unsafe { put_optional(from, found.from) };
        unsafe { put_optional(flags, if found.truncated { CQ_TRUNCATED } else { 0 }) };
        Ok(())
    })
}

unsafe fn send_to(
    socket: &Socket,
    data: *const c_void,
    size: usize,
    to: *const Address,
) -> Result<()> {
    // SAFETY: as the functions below document.
    let (data, to) = unsafe { (bytes(data, size)?, to.as_ref()) };
    socket.transfer(Direction::Output, |fd, flags| {
        message::send_to(fd, data, to, flags).map(|count| (count, ()))
    })
}

/// Sends one datagram without waiting, to the address `to` or, if that is NULL, to the connected peer. Bytes that
/// writes have buffered are not touched.
///
/// Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EMSGSIZE; EDESTADDRREQ or ENOTCONN
/// without a peer; EOPNOTSUPP with TLS; EBADF after close; what the system says.
///
/// Safety: `data` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_sendto(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
    to: *const Address,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { send_to(borrow(socket)?, data, size, to) })
}

/// Sends one datagram, waiting at most the socket's timeout. The arguments are those of `cq_socket_try_sendto`.
///
/// Errors: as for `cq_socket_try_sendto`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_sendto(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
    to: *const Address,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        retry(socket, None, |_| unsafe { send_to(socket, data, size, to) })
    })
}

/// The caller's list, for the time of a call. EINVAL for one with a NULL that has a size, a size that no object can
/// have, or a `reserved` that is not 0.
unsafe fn list_of<'a>(list: *mut Datagram, count: usize) -> Result<&'a mut [Datagram]> {
    if count == 0 {
        return Err(Errno::BADARG);
    }
    // SAFETY: writable for its count, as the functions below document.
    let list = unsafe { slice_mut(list, count) }?;
    let wrong = |item: &Datagram| {
        item.size > isize::MAX as usize
            || (item.data.is_null() && item.size > 0)
            || item.reserved != [0; 5]
    };
    match list.iter().any(wrong) {
        true => Err(Errno::BADARG),
        false => Ok(list),
    }
}

/// Receives up to `count` datagrams with few system calls (recvmmsg) and without waiting. In each element of `list`,
/// `data` and `size` are the caller's room; `received`, `flags` and `address` are filled. `done` receives how many
/// datagrams came.
///
/// Errors: as for `cq_socket_try_recvfrom`; EINVAL also for a count of 0, and for NULL with a size or a `reserved` that
/// is not 0 in the list.
///
/// Safety: each `data` is writable for its `size`.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_recv_batch(
    socket: *const Socket,
    list: *mut Datagram,
    count: usize,
    done: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, list) = unsafe { (borrow(socket)?, list_of(list, count)?) };
        if done.is_null() {
            return Err(Errno::BADARG);
        }
        let found = socket.transfer(Direction::Input, |fd, _| {
            let count = unsafe { message::receive_batch(fd, list) }?;
            Ok((list[..count].iter().map(|item| item.received).sum(), count))
        })?;
        unsafe { put(done, found) }
    })
}

/// Sends up to `count` datagrams with few system calls (sendmmsg) and without waiting. In each element of `list`,
/// `data` and `size` are the bytes, and `address` is where they go; if its size is 0, to the connected peer. `done`
/// receives how many were sent; if fewer than `count`, the next call tells why.
///
/// Errors: as for `cq_socket_try_sendto`; EINVAL also for a count of 0, and for NULL with a size or a `reserved` that
/// is not 0 in the list.
///
/// Safety: each `data` is readable for its `size`.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_send_batch(
    socket: *const Socket,
    list: *mut Datagram,
    count: usize,
    done: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, list) = unsafe { (borrow(socket)?, list_of(list, count)?) };
        if done.is_null() {
            return Err(Errno::BADARG);
        }
        let sent = socket.transfer(Direction::Output, |fd, flags| {
            let count = unsafe { message::send_batch(fd, list, flags) }?;
            Ok((list[..count].iter().map(|item| item.size).sum(), count))
        })?;
        unsafe { put(done, sent) }
    })
}

unsafe fn send_descriptor(
    socket: &Socket,
    data: *const c_void,
    size: usize,
    fd: c_int,
) -> Result<()> {
    // SAFETY: as the functions below document.
    let data = unsafe { bytes(data, size) }?;
    if data.is_empty() {
        return Err(Errno::BADARG);
    }
    let sent = Some(fd).filter(|&fd| fd >= 0);
    // TCP would take it, and drop it.
    if sent.is_some() && socket.family()? != libc::AF_UNIX {
        return Err(Errno(libc::EOPNOTSUPP));
    }
    socket.transfer(Direction::Output, |own, flags| {
        message::send_descriptor(own, data, sent, flags).map(|count| (count, ()))
    })
}

/// Sends bytes, at least one, and with them a copy of the descriptor `fd` (-1: none) over a UNIX socket, without
/// waiting. Bytes that writes have buffered are not touched.
///
/// Errors: EINVAL for NULL or no bytes; EAGAIN: wait for the socket and repeat; EBADF; EPIPE;
/// EOPNOTSUPP for a descriptor on a socket of another family, and with TLS; what the system says: ENOTSOCK, ENOTCONN.
///
/// Safety: `data` is readable for `size` bytes.
///
/// Source: cqueues User Guide §3.2.2, sendfd; unix(7).
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_sendfd(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
    fd: c_int,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { send_descriptor(borrow(socket)?, data, size, fd) })
}

/// Sends bytes and a descriptor, waiting at most the socket's timeout. The arguments are those of
/// `cq_socket_try_sendfd`.
///
/// Errors: as for `cq_socket_try_sendfd`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_sendfd(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
    fd: c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        retry(socket, None, |_| unsafe { send_descriptor(socket, data, size, fd) })
    })
}

fn receive_descriptor(socket: &Socket, room: &mut [u8]) -> Result<(usize, c_int)> {
    let (size, fd) = socket.transfer(Direction::Input, |fd, _| {
        message::receive_descriptor(fd, room).map(|found| (found.0, found))
    })?;
    match (size, fd) {
        (0, None) => Err(Errno::PIPE),
        (size, fd) => Ok((size, fd.unwrap_or(-1))),
    }
}

/// Receives bytes and the descriptor that came with them, without waiting. `received` receives the number of bytes.
/// `fd` receives the descriptor, close-on-exec and the caller's to close, or -1 if none came. Bytes that reads have
/// buffered are not touched. Pending output is sent first, if the output mode says `a`.
///
/// Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EPIPE at end of file; ENOBUFS if
/// there was less room than bytes or more than one descriptor, which are closed; EOPNOTSUPP with TLS;
/// EBADF after close; what the system says: ENOTSOCK, ENOTCONN.
///
/// Safety: `data` is writable for `size` bytes.
///
/// Source: cqueues User Guide §3.2.2, recvfd; unix(7).
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_recvfd(
    socket: *const Socket,
    data: *mut c_void,
    size: usize,
    received: *mut usize,
    fd: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, room) = unsafe { (borrow(socket)?, room(data, size)?) };
        if received.is_null() || fd.is_null() {
            return Err(Errno::BADARG);
        }
        let found = receive_descriptor(socket, room)?;
        unsafe { put(received, found.0) }?;
        unsafe { put(fd, found.1) }
    })
}

/// Receives bytes and a descriptor, waiting at most the socket's timeout. The arguments are those of
/// `cq_socket_try_recvfd`.
///
/// Errors: as for `cq_socket_try_recvfd`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_recvfd(
    socket: *const Socket,
    data: *mut c_void,
    size: usize,
    received: *mut usize,
    fd: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, room) = unsafe { (borrow(socket)?, room(data, size)?) };
        if received.is_null() || fd.is_null() {
            return Err(Errno::BADARG);
        }
        let found = retry(socket, None, |_| receive_descriptor(socket, room))?;
        unsafe { put(received, found.0) }?;
        unsafe { put(fd, found.1) }
    })
}
