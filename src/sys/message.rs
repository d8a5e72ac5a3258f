// SPDX-License-Identifier: MIT
//! recvmsg(2), sendmsg(2): messages with addresses and descriptors. No call waits, whatever the
//! descriptor's flags say.

pub use super::batch::{receive_batch, send_batch};
use super::{check_size, close};
use nix::sys::socket::{SockaddrLike, SockaddrStorage};
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::RawFd;

/// The address of a socket: a `struct sockaddr` of `size` bytes, at the beginning of `storage`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Address {
    /// Room for a `struct sockaddr` of any family, aligned for it.
    pub storage: [u64; 16],
    /// The bytes of `storage` that count; 0: no address.
    pub size: u32,
}

impl Address {
    /// No address.
    pub const NONE: Address = Address { storage: [0; 16], size: 0 };

    /// From the system's form.
    pub fn new(from: &SockaddrStorage) -> Address {
        let size = (from.len() as usize).min(size_of::<[u64; 16]>());
        let mut address = Address { storage: [0; 16], size: size as u32 };
        // SAFETY: both are valid for `size` bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(
                from.as_ptr().cast::<u8>(),
                address.storage.as_mut_ptr().cast::<u8>(),
                size,
            );
        }
        address
    }

    /// In the system's form; `None` if it is none, or of an unknown family.
    pub fn storage(&self) -> Option<SockaddrStorage> {
        let size = (self.size as usize).min(size_of::<[u64; 16]>()) as libc::socklen_t;
        // SAFETY: the storage is readable and at least `size` bytes long.
        unsafe { SockaddrStorage::from_raw(self.storage.as_ptr().cast(), Some(size)) }
    }
}

impl Address {
    /// As an IPv4 or IPv6 address; `None` for others.
    pub fn internet(&self) -> Option<std::net::SocketAddr> {
        super::socket::internet(&self.storage()?)
    }
}

/// One of a batch of datagrams.
#[repr(C)]
pub struct Datagram {
    /// The bytes.
    pub data: *mut std::ffi::c_void,
    /// How many, or how many there is room for.
    pub size: usize,
    /// How many came, or were sent.
    pub received: usize,
    /// `CQ_TRUNCATED`.
    pub flags: u32,
    /// From where, or where to; without one, the peer to which the socket is connected.
    pub address: Address,
    /// The local address, without a port: of one that came, where it was sent to (with `CQ_OPTION_PACKET_INFO`); of one
    /// to send, where it shall come from; without one, as the system says.
    pub local: Address,
    /// The number of the interface by which it came (with `CQ_OPTION_PACKET_INFO`), or shall leave; 0: as the system
    /// says.
    pub interface: u32,
    /// The mark of the network, 0 to 3 (RFC 3168): 0 if it can have none, 1 or 2 if it can, 3 if it met congestion. Of
    /// one that came with `CQ_OPTION_ECN`; of one to send, 0: as the system says.
    pub ecn: u32,
    /// If not 0, the bytes are many datagrams of this size each, of which the last may be shorter. Of one that came with
    /// `CQ_OPTION_SEGMENTS`; of one to send, the kernel cuts it (UDP_SEGMENT): at most 64, and 65,507 bytes.
    pub segment: u32,
    /// Must be 0. Reserved for later versions.
    pub reserved: [u32; 5],
}

/// The datagram was longer than the room for it.
pub const TRUNCATED: u32 = 1;

/// What a receive brought.
#[derive(Clone, Copy)]
pub struct Received {
    /// The bytes that were stored.
    pub size: usize,
    /// The datagram was longer.
    pub truncated: bool,
    /// Who sent it.
    pub from: Address,
}

pub(super) fn piece(data: *const u8, size: usize) -> libc::iovec {
    libc::iovec { iov_base: data.cast_mut().cast(), iov_len: size }
}

/// A header that borrows `pieces` and `address`.
pub(super) fn header(pieces: &mut [libc::iovec], address: &mut Address) -> libc::msghdr {
    // SAFETY: an all-zero msghdr is valid: no address, no data, no control data.
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_iov = pieces.as_mut_ptr();
    header.msg_iovlen = pieces.len() as _;
    if address.size > 0 {
        header.msg_name = address.storage.as_mut_ptr().cast();
        header.msg_namelen = address.size;
    }
    header
}

/// Room for any address.
pub(super) fn room() -> Address {
    Address { storage: [0; 16], size: size_of::<[u64; 16]>() as u32 }
}

/// Receives one datagram and its sender's address.
pub fn receive_from(fd: RawFd, buffer: &mut [u8]) -> io::Result<Received> {
    let mut from = room();
    let mut pieces = [piece(buffer.as_ptr(), buffer.len())];
    let mut message = header(&mut pieces, &mut from);
    // SAFETY: the header's pointers hold for the call; the buffer is writable for its length.
    let size = check_size(unsafe { libc::recvmsg(fd, &mut message, libc::MSG_DONTWAIT) })?;
    from.size = message.msg_namelen;
    Ok(Received { size, truncated: message.msg_flags & libc::MSG_TRUNC != 0, from })
}

/// Sends one datagram, to an address or to the connected peer.
pub fn send_to(fd: RawFd, data: &[u8], to: Option<&Address>, flags: i32) -> io::Result<usize> {
    let mut address = to.copied().unwrap_or(Address::NONE);
    let mut pieces = [piece(data.as_ptr(), data.len())];
    let message = header(&mut pieces, &mut address);
    // SAFETY: the header's pointers hold for the call, which only reads them.
    check_size(unsafe { libc::sendmsg(fd, &message, flags | libc::MSG_DONTWAIT) })
}

/// Sends two pieces in one call.
pub fn send_two(fd: RawFd, first: &[u8], second: &[u8], flags: i32) -> io::Result<usize> {
    let mut pieces = [piece(first.as_ptr(), first.len()), piece(second.as_ptr(), second.len())];
    let message = header(&mut pieces, &mut { Address::NONE });
    // SAFETY: as above.
    match check_size(unsafe { libc::sendmsg(fd, &message, flags | libc::MSG_DONTWAIT) }) {
        // A pipe or a file: the second piece goes with the next call.
        Err(error) if error.raw_os_error() == Some(libc::ENOTSOCK) => {
            super::socket::send(fd, first, flags)
        }
        result => result,
    }
}

/// Room for the control data of one descriptor, and no more, so that the system drops others.
#[repr(C)]
union Control {
    aligned: libc::cmsghdr,
    bytes: [u8; 64],
}

/// Sends bytes and, with them, a descriptor.
pub fn send_descriptor(
    fd: RawFd,
    data: &[u8],
    sent: Option<RawFd>,
    flags: i32,
) -> io::Result<usize> {
    let mut pieces = [piece(data.as_ptr(), data.len())];
    let mut message = header(&mut pieces, &mut { Address::NONE });
    // SAFETY: an all-zero union of integers is valid.
    let mut control: Control = unsafe { zeroed() };
    if let Some(sent) = sent {
        message.msg_control = (&raw mut control).cast();
        // SAFETY: arithmetic only.
        message.msg_controllen = unsafe { libc::CMSG_SPACE(size_of::<RawFd>() as u32) } as _;
        // SAFETY: the control data has room for one header and a descriptor behind it.
        unsafe {
            let first = libc::CMSG_FIRSTHDR(&message);
            (*first).cmsg_level = libc::SOL_SOCKET;
            (*first).cmsg_type = libc::SCM_RIGHTS;
            (*first).cmsg_len = libc::CMSG_LEN(size_of::<RawFd>() as u32) as _;
            libc::CMSG_DATA(first).cast::<RawFd>().write_unaligned(sent);
        }
    }
    // SAFETY: the header's pointers hold for the call, which only reads them.
    check_size(unsafe { libc::sendmsg(fd, &message, flags | libc::MSG_DONTWAIT) })
}

/// That descriptors that come are close-on-exec from the first moment.
#[cfg(not(any(target_vendor = "apple", target_os = "solaris")))]
const CLOSE_ON_EXEC: libc::c_int = libc::MSG_CMSG_CLOEXEC;
/// macOS and Solaris have no such flag: they are made so right afterwards.
#[cfg(any(target_vendor = "apple", target_os = "solaris"))]
const CLOSE_ON_EXEC: libc::c_int = 0;

#[cfg(not(any(target_vendor = "apple", target_os = "solaris")))]
fn close_on_exec(_fd: RawFd) {}

#[cfg(any(target_vendor = "apple", target_os = "solaris"))]
fn close_on_exec(fd: RawFd) {
    let _ = super::close_on_exec(fd);
}

/// Receives bytes and the descriptor that came with them. ENOBUFS: the data was longer, or there
/// was more than one descriptor; those that came are closed.
pub fn receive_descriptor(fd: RawFd, buffer: &mut [u8]) -> io::Result<(usize, Option<RawFd>)> {
    let mut pieces = [piece(buffer.as_ptr(), buffer.len())];
    let mut message = header(&mut pieces, &mut { Address::NONE });
    // SAFETY: an all-zero union of integers is valid.
    let mut control: Control = unsafe { zeroed() };
    message.msg_control = (&raw mut control).cast();
    message.msg_controllen = size_of::<Control>() as _;
    let flags = libc::MSG_DONTWAIT | CLOSE_ON_EXEC;
    // SAFETY: the header's pointers hold for the call; data and control data are writable.
    let size = check_size(unsafe { libc::recvmsg(fd, &mut message, flags) })?;
    let (first, count) = received_descriptors(&message);
    first.iter().take(count).for_each(|&fd| close_on_exec(fd));
    let cut = message.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0;
    if cut || count > 1 {
        first.iter().take(count).for_each(|&fd| close(fd));
        return Err(io::Error::from_raw_os_error(libc::ENOBUFS));
    }
    Ok((size, first.first().copied().filter(|_| count == 1)))
}

/// The most descriptors that fit the room for control data.
const MOST: usize = size_of::<Control>() / size_of::<RawFd>();

/// The descriptors that came with a message, and how many they are.
fn received_descriptors(message: &libc::msghdr) -> ([RawFd; MOST], usize) {
    let (mut found, mut count) = ([-1; MOST], 0);
    // SAFETY: the system has written the control data, and says how much there is; CMSG_FIRSTHDR and
    // CMSG_NXTHDR stay within it, and a header tells how many bytes follow it.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(message);
        while !at.is_null() {
            if ((*at).cmsg_level, (*at).cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                let size = (*at).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                for index in 0..size / size_of::<RawFd>() {
                    let place = libc::CMSG_DATA(at).cast::<RawFd>().add(index);
                    if count < MOST {
                        found[count] = place.read_unaligned();
                        count += 1;
                    }
                }
            }
            at = libc::CMSG_NXTHDR(message, at);
        }
    }
    (found, count)
}
