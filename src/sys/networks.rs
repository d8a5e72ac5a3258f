// SPDX-License-Identifier: MIT
//! What the system knows of its own addresses: the one from which packets would leave, networks, addresses going out of
//! use.

use super::socket;
use nix::sys::socket::{SockaddrLike, SockaddrStorage};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A datagram socket of one family that is only ever connected, for which nothing is sent.
#[derive(Default)]
pub struct Probe(Option<OwnedFd>);

impl Probe {
    /// The address from which packets to another one would leave. ENETUNREACH and the like: none would.
    pub fn source(&mut self, to: &SockaddrStorage) -> io::Result<SockaddrStorage> {
        let family = to.family().map_or(libc::AF_UNSPEC, |family| family as i32);
        let fd = match self.0.take().and_then(reusable) {
            Some(fd) => fd,
            // SAFETY: it was opened just now, and nobody else has it.
            None => unsafe { OwnedFd::from_raw_fd(socket::open(family, libc::SOCK_DGRAM)?) },
        };
        let fd = self.0.insert(fd).as_raw_fd();
        socket::connect(fd, to)?;
        socket::local_name(fd)
    }
}

/// The socket without the address that it had, which would count as chosen.
#[cfg(target_os = "linux")]
fn reusable(fd: OwnedFd) -> Option<OwnedFd> {
    socket::disconnect(fd.as_raw_fd()).is_ok().then_some(fd)
}

/// `None`: elsewhere that cannot be taken back.
#[cfg(not(target_os = "linux"))]
fn reusable(_fd: OwnedFd) -> Option<OwnedFd> {
    None
}

/// How many bits of an address of this host name its network; 0 if that is not known.
pub fn prefix(address: Ipv4Addr) -> u32 {
    let Ok(list) = nix::ifaddrs::getifaddrs() else { return 0 };
    let is = |a: &Option<SockaddrStorage>| {
        a.as_ref().and_then(|a| a.as_sockaddr_in()).is_some_and(|a| a.ip() == address)
    };
    let found = list.into_iter().find(|interface| is(&interface.address));
    let mask = found.and_then(|interface| interface.netmask);
    mask.and_then(|mask| mask.as_sockaddr_in().map(|mask| u32::from(mask.ip()).count_ones()))
        .unwrap_or(0)
}

/// Whether an address of this host is going out of use.
#[cfg(target_os = "linux")]
pub fn is_deprecated(address: Ipv6Addr) -> bool {
    // A line: address, index, prefix, scope, flags in hexadecimal, name.
    let wanted = format!("{:032x}", u128::from(address));
    let Ok(text) = std::fs::read_to_string("/proc/net/if_inet6") else { return false };
    let mine = text.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let flags = mine.filter(|words| words.first() == Some(&wanted.as_str()));
    let flags = flags.filter_map(|words| u32::from_str_radix(words.get(4)?, 16).ok());
    flags.into_iter().any(|flags| flags & libc::IFA_F_DEPRECATED != 0)
}

/// `false`: elsewhere the system is not asked.
#[cfg(not(target_os = "linux"))]
pub fn is_deprecated(_address: Ipv6Addr) -> bool {
    false
}
