// SPDX-License-Identifier: MIT
//! Groups of multicast datagrams.

use super::socket::set_value as set;
use nix::sys::socket::SockaddrStorage;
use std::io;
use std::os::fd::RawFd;

/// Joining and leaving a group of IPv6.
#[cfg(any(target_os = "linux", target_os = "android"))]
const V6: [i32; 2] = [libc::IPV6_ADD_MEMBERSHIP, libc::IPV6_DROP_MEMBERSHIP];
/// Joining and leaving a group of IPv6.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const V6: [i32; 2] = [libc::IPV6_JOIN_GROUP, libc::IPV6_LEAVE_GROUP];

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A socket receives what is sent to a group.
    Join,
    /// It no longer does.
    Leave,
}

/// The number of an interface. ENODEV if there is none of that name.
pub fn interface(name: &std::ffi::CStr) -> io::Result<u32> {
    nix::net::if_::if_nametoindex(name).map_err(|_| io::Error::from_raw_os_error(libc::ENODEV))
}

/// Joins or leaves a group, on an interface or, with 0, on the one that the system chooses. EAFNOSUPPORT for what is no
/// internet address.
pub fn change(
    fd: RawFd,
    group: &SockaddrStorage,
    interface: u32,
    change: Change,
) -> io::Result<()> {
    let joins = change == Change::Join;
    if let Some(group) = group.as_sockaddr_in6() {
        let name = if joins { V6[0] } else { V6[1] };
        let address = libc::in6_addr { s6_addr: group.ip().octets() };
        return set(
            fd,
            libc::IPPROTO_IPV6,
            name,
            &libc::ipv6_mreq { ipv6mr_multiaddr: address, ipv6mr_interface: interface as _ },
        );
    }
    let Some(group) = group.as_sockaddr_in() else {
        return Err(io::Error::from_raw_os_error(libc::EAFNOSUPPORT));
    };
    let name = if joins { libc::IP_ADD_MEMBERSHIP } else { libc::IP_DROP_MEMBERSHIP };
    let group = libc::in_addr { s_addr: u32::from(group.ip()).to_be() };
    v4::change(fd, name, group, interface)
}

/// Sends multicast datagrams by an interface.
pub fn send_by(fd: RawFd, family: i32, interface: u32) -> io::Result<()> {
    match family {
        libc::AF_INET6 => set(fd, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_IF, &interface),
        _ => v4::send_by(fd, interface),
    }
}

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd"
))]
mod v4 {
    use super::set;
    use std::io;
    use std::os::fd::RawFd;

    const ANY: libc::in_addr = libc::in_addr { s_addr: 0 };

    pub fn change(fd: RawFd, name: i32, group: libc::in_addr, interface: u32) -> io::Result<()> {
        let request =
            libc::ip_mreqn { imr_multiaddr: group, imr_address: ANY, imr_ifindex: interface as _ };
        set(fd, libc::IPPROTO_IP, name, &request)
    }

    pub fn send_by(fd: RawFd, interface: u32) -> io::Result<()> {
        let request =
            libc::ip_mreqn { imr_multiaddr: ANY, imr_address: ANY, imr_ifindex: interface as _ };
        set(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &request)
    }
}

/// Other systems name interfaces by their addresses: only the one that the system chooses is known here.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd"
)))]
mod v4 {
    use super::set;
    use std::io;
    use std::os::fd::RawFd;

    const ANY: libc::in_addr = libc::in_addr { s_addr: 0 };

    pub fn change(fd: RawFd, name: i32, group: libc::in_addr, interface: u32) -> io::Result<()> {
        if interface != 0 {
            return Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP));
        }
        set(fd, libc::IPPROTO_IP, name, &libc::ip_mreq { imr_multiaddr: group, imr_interface: ANY })
    }

    pub fn send_by(_fd: RawFd, _interface: u32) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP))
    }
}
