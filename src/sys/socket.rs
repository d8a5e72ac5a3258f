// SPDX-License-Identifier: MIT
//! socket(2) and its relatives. Every descriptor is close-on-exec and non-blocking from birth.

use super::{check, check_size, newborn};
use nix::sys::socket::{SockaddrLike, SockaddrStorage};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// SO_KEEPALIVE's idle time before the first probe, the time between probes, and how many fail.
#[cfg(not(any(target_vendor = "apple", target_os = "openbsd")))]
pub const KEEP_ALIVE: [i32; 3] = [libc::TCP_KEEPIDLE, libc::TCP_KEEPINTVL, libc::TCP_KEEPCNT];
/// SO_KEEPALIVE's idle time before the first probe, the time between probes, and how many fail.
#[cfg(target_vendor = "apple")]
pub const KEEP_ALIVE: [i32; 3] = [libc::TCP_KEEPALIVE, libc::TCP_KEEPINTVL, libc::TCP_KEEPCNT];
/// OpenBSD has these for the whole system only: refused with ENOPROTOOPT.
#[cfg(target_os = "openbsd")]
pub const KEEP_ALIVE: [i32; 3] = [-1; 3];

/// How many connections may wait for being accepted. Systems cut it to what they allow; SOMAXCONN is
/// of the time when a C library's headers were written, 128 on musl.
pub const BACKLOG: i32 = 4096;

/// Corking of TCP output.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const CORK: i32 = libc::TCP_CORK;
/// Corking of TCP output.
#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
pub const CORK: i32 = libc::TCP_NOPUSH;
/// Corking of TCP output: TCP_CORK of <netinet/tcp.h>, which the libc crate does not have.
#[cfg(any(target_os = "solaris", target_os = "illumos"))]
pub const CORK: i32 = 0x18;
/// NetBSD has none: refused with ENOPROTOOPT.
#[cfg(target_os = "netbsd")]
pub const CORK: i32 = -1;

/// Many listeners of one port.
#[cfg(not(any(target_os = "solaris", target_os = "illumos")))]
pub const REUSE_PORT: i32 = libc::SO_REUSEPORT;
/// Not to be relied on here: refused with ENOPROTOOPT.
#[cfg(any(target_os = "solaris", target_os = "illumos"))]
pub const REUSE_PORT: i32 = -1;

/// socket(2).
pub fn open(family: i32, kind: i32) -> io::Result<RawFd> {
    newborn::socket(family, kind)
}

/// As `open`, with an owner.
pub fn open_owned(family: i32, kind: i32) -> io::Result<OwnedFd> {
    // SAFETY: a new descriptor, which has no other owner.
    open(family, kind).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// socketpair(2) of UNIX sockets.
pub fn pair(kind: i32) -> io::Result<(RawFd, RawFd)> {
    newborn::pair(kind).map(|[a, b]| (a, b))
}

/// The same, to be closed by whoever holds them.
pub fn owned_pair(kind: i32) -> io::Result<(OwnedFd, OwnedFd)> {
    let (a, b) = pair(kind)?;
    // SAFETY: nobody else owns them.
    unsafe { Ok((OwnedFd::from_raw_fd(a), OwnedFd::from_raw_fd(b))) }
}

/// bind(2).
pub fn bind(fd: RawFd, address: &SockaddrStorage) -> io::Result<()> {
    // SAFETY: the address is valid for its length.
    check(unsafe { libc::bind(fd, address.as_ptr(), address.len()) }).map(drop)
}

/// listen(2).
pub fn listen(fd: RawFd, backlog: i32) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::listen(fd, backlog) }).map(drop)
}

/// connect(2).
pub fn connect(fd: RawFd, address: &SockaddrStorage) -> io::Result<()> {
    // SAFETY: the address is valid for its length.
    check(unsafe { libc::connect(fd, address.as_ptr(), address.len()) }).map(drop)
}

/// connect(2) to nowhere: a datagram socket has neither peer nor, unless it was bound, port afterwards.
#[cfg(target_os = "linux")]
pub fn disconnect(fd: RawFd) -> io::Result<()> {
    // SAFETY: an all-zero sockaddr is valid, and of family AF_UNSPEC, which is 0.
    let nowhere: libc::sockaddr = unsafe { std::mem::zeroed() };
    let size = std::mem::size_of_val(&nowhere) as libc::socklen_t;
    // SAFETY: the address is valid for its length.
    check(unsafe { libc::connect(fd, &nowhere, size) }).map(drop)
}

/// accept(2); the peer's address is asked for when somebody wants it.
pub fn accept(fd: RawFd) -> io::Result<RawFd> {
    newborn::accept(fd)
}

/// recv(2), which does not wait whatever the descriptor's flags say.
#[inline(always)]
pub fn receive(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT;
    let (data, size) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the buffer is writable for its length, here and below.
    match check_size(unsafe { libc::recv(fd, data, size, flags) }) {
        Err(error) if error.raw_os_error() == Some(libc::ENOTSOCK) => {
            check_size(unsafe { libc::read(fd, data, size) })
        }
        result => result,
    }
}

/// send(2), likewise; `flags` is 0 or MSG_NOSIGNAL.
#[inline(always)]
pub fn send(fd: RawFd, data: &[u8], flags: i32) -> io::Result<usize> {
    let flags = flags | libc::MSG_DONTWAIT;
    // SAFETY: the data is readable for its length.
    match check_size(unsafe { libc::send(fd, data.as_ptr().cast(), data.len(), flags) }) {
        Err(error) if error.raw_os_error() == Some(libc::ENOTSOCK) => write(fd, data, flags),
        result => result,
    }
}

/// write(2), for what is no socket.
#[cold]
fn write(fd: RawFd, data: &[u8], flags: i32) -> io::Result<usize> {
    // SAFETY: as above.
    let write = || check_size(unsafe { libc::write(fd, data.as_ptr().cast(), data.len()) });
    match flags & libc::MSG_NOSIGNAL {
        0 => write(),
        _ => super::signal::without_sigpipe(write),
    }
}

/// The sender of the datagram that waits to be received.
pub fn peek_sender(fd: RawFd) -> io::Result<SockaddrStorage> {
    // SAFETY: an all-zero sockaddr_storage is valid.
    let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    let mut size = std::mem::size_of_val(&storage) as libc::socklen_t;
    let pointer: *mut libc::sockaddr = (&raw mut storage).cast();
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    // SAFETY: no byte is asked for; room for any address, `size` says how much.
    check_size(unsafe { libc::recvfrom(fd, std::ptr::null_mut(), 0, flags, pointer, &mut size) })?;
    // SAFETY: the kernel wrote an address of `size` bytes.
    unsafe { SockaddrStorage::from_raw(pointer, Some(size)) }
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
}

/// shutdown(2).
pub fn shutdown(fd: RawFd, how: i32) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::shutdown(fd, how) }).map(drop)
}

/// An integer option.
pub fn option(fd: RawFd, level: i32, name: i32) -> io::Result<i32> {
    let mut value = 0i32;
    let mut size = std::mem::size_of::<i32>() as libc::socklen_t;
    let pointer = (&raw mut value).cast();
    // SAFETY: `value` is writable for `size` bytes.
    check(unsafe { libc::getsockopt(fd, level, name, pointer, &mut size) })?;
    Ok(value)
}

/// Sets an integer option.
pub fn set_option(fd: RawFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    set_value(fd, level, name, &value)
}

/// Sets an option to what C would hand over: a structure or a number.
pub fn set_value<T: Copy>(fd: RawFd, level: i32, name: i32, value: &T) -> io::Result<()> {
    let (size, pointer) = (size_of_val(value) as libc::socklen_t, (&raw const *value).cast());
    // SAFETY: the value is readable for its size.
    check(unsafe { libc::setsockopt(fd, level, name, pointer, size) }).map(drop)
}

/// setsockopt(2).
pub fn set_raw_option(fd: RawFd, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let size = value.len() as libc::socklen_t;
    // SAFETY: the value is readable for its size.
    check(unsafe { libc::setsockopt(fd, level, name, value.as_ptr().cast(), size) }).map(drop)
}

/// getsockopt(2); tells how many bytes there are.
pub fn raw_option(fd: RawFd, level: i32, name: i32, room: &mut [u8]) -> io::Result<usize> {
    let mut size = room.len() as libc::socklen_t;
    // SAFETY: the room is writable for its size.
    check(unsafe { libc::getsockopt(fd, level, name, room.as_mut_ptr().cast(), &mut size) })?;
    Ok(size as usize)
}

/// fcntl(2): whether a descriptor is non-blocking, and close-on-exec.
pub fn flags(fd: RawFd) -> io::Result<(bool, bool)> {
    // SAFETY: no pointers, here and below.
    let status = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    let descriptor = check(unsafe { libc::fcntl(fd, libc::F_GETFD) })?;
    Ok((status & libc::O_NONBLOCK != 0, descriptor & libc::FD_CLOEXEC != 0))
}

/// The outcome of a connect(2) that was in progress.
pub fn take_error(fd: RawFd) -> io::Result<()> {
    match option(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

type NameCall =
    unsafe extern "C" fn(libc::c_int, *mut libc::sockaddr, *mut libc::socklen_t) -> libc::c_int;

/// Has close(2) of a TCP connection reset it: SO_LINGER with no time.
pub fn reset_on_close(fd: RawFd) -> io::Result<()> {
    let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
    set_value(fd, libc::SOL_SOCKET, libc::SO_LINGER, &at_once)
}

/// getsockname(2).
pub fn local_name(fd: RawFd) -> io::Result<SockaddrStorage> {
    name(fd, libc::getsockname)
}

/// getpeername(2).
pub fn peer_name(fd: RawFd) -> io::Result<SockaddrStorage> {
    name(fd, libc::getpeername)
}

fn name(fd: RawFd, call: NameCall) -> io::Result<SockaddrStorage> {
    // SAFETY: an all-zero sockaddr_storage is valid.
    let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    let mut size = std::mem::size_of_val(&storage) as libc::socklen_t;
    let pointer: *mut libc::sockaddr = (&raw mut storage).cast();
    // SAFETY: room for any address; `size` says how much.
    check(unsafe { call(fd, pointer, &mut size) })?;
    // SAFETY: the kernel wrote an address of `size` bytes.
    unsafe { SockaddrStorage::from_raw(pointer, Some(size)) }
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
}

/// fcntl(2): makes a foreign descriptor close-on-exec and non-blocking.
pub fn adopt(fd: RawFd) -> io::Result<()> {
    // SAFETY: no pointers, here and below.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    if flags & libc::O_NONBLOCK == 0 {
        check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) })?;
    }
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFD) })?;
    if flags & libc::FD_CLOEXEC == 0 {
        check(unsafe { libc::fcntl(fd, libc::F_SETFD, flags | libc::FD_CLOEXEC) })?;
    }
    Ok(())
}

/// Undoes what every descriptor is born with.
pub fn relax(fd: RawFd, block: bool, inherit: bool) -> io::Result<()> {
    if block {
        // SAFETY: no pointers, here and below.
        let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
        check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags & !libc::O_NONBLOCK) })?;
    }
    if inherit {
        let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFD) })?;
        check(unsafe { libc::fcntl(fd, libc::F_SETFD, flags & !libc::FD_CLOEXEC) })?;
    }
    Ok(())
}

/// umask(2): returns the previous mask.
pub fn umask(mask: u32) -> u32 {
    // SAFETY: no pointers; always succeeds.
    unsafe { libc::umask(mask as libc::mode_t) as u32 }
}

/// fchmod(2).
pub fn change_mode(fd: RawFd, mode: u32) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::fchmod(fd, mode as libc::mode_t) }).map(drop)
}

/// A copy of a descriptor, close-on-exec.
pub fn duplicate(fd: RawFd) -> io::Result<RawFd> {
    // SAFETY: no pointers.
    check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) })
}

/// An IPv4 or IPv6 address with its port; `None` for others.
pub fn internet(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|a| SocketAddr::from((a.ip(), a.port())));
    v4.or_else(|| address.as_sockaddr_in6().map(|&a| SocketAddr::V6(a.into())))
}

/// Copies an address.
pub fn address_storage(address: &impl SockaddrLike) -> Option<SockaddrStorage> {
    // SAFETY: the address is valid for its length.
    unsafe { SockaddrStorage::from_raw(address.as_ptr(), Some(address.len())) }
}
