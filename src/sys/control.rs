// SPDX-License-Identifier: MIT
//! What goes beside a datagram: its local address and interface, the mark of the network, the size of its segments.

use super::message::Datagram;

/// Room for what one datagram can bring or take along.
#[repr(C)]
#[derive(Clone, Copy)]
pub union Room {
    aligned: libc::cmsghdr,
    bytes: [u8; 128],
}

#[cfg(any(target_os = "linux", target_os = "android", not(mmsg)))]
impl Room {
    /// Without anything in it.
    pub const EMPTY: Room = Room { bytes: [0; 128] };
}

/// Nothing is known that goes beside a datagram.
fn forget(item: &mut Datagram) {
    (item.local.size, item.interface, item.ecn, item.segment) = (0, 0, 0, 0);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use linux::{read, write};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::{forget, Datagram, Room};
    use crate::sys::message::Address;
    use nix::sys::socket::{SockaddrIn, SockaddrIn6, SockaddrLike, SockaddrStorage};
    use std::io;
    use std::mem::{size_of, MaybeUninit};
    use std::net::{Ipv4Addr, Ipv6Addr};

    /// The bits of the byte of traffic class that are ECN's.
    const ECN: u8 = 3;

    fn storage(address: &impl SockaddrLike) -> Option<SockaddrStorage> {
        // SAFETY: the address is valid for its length.
        unsafe { SockaddrStorage::from_raw(address.as_ptr(), Some(address.len())) }
    }

    fn address(found: &impl SockaddrLike) -> Address {
        storage(found).map_or(Address::NONE, |found| Address::new(&found))
    }

    /// Takes what came beside a datagram out of its message.
    pub fn read(message: &libc::msghdr, item: &mut Datagram) {
        forget(item);
        if message.msg_controllen == 0 {
            return;
        }
        // SAFETY: the kernel has written the control data; CMSG_FIRSTHDR and CMSG_NXTHDR stay within it, and what it
        // writes for a level and a type has the size of that.
        unsafe {
            let mut at = libc::CMSG_FIRSTHDR(message);
            while !at.is_null() {
                let data = libc::CMSG_DATA(at);
                match ((*at).cmsg_level, (*at).cmsg_type) {
                    (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                        let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                        let ip = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
                        item.local = address(&SockaddrIn::from(std::net::SocketAddrV4::new(ip, 0)));
                        item.interface = info.ipi_ifindex as u32;
                    }
                    (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                        let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                        let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                        let scope = if ip.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
                        let found = std::net::SocketAddrV6::new(ip, 0, 0, scope);
                        item.local = address(&SockaddrIn6::from(found));
                        item.interface = info.ipi6_ifindex;
                    }
                    (libc::IPPROTO_IP, libc::IP_TOS) => item.ecn = (*data & ECN).into(),
                    (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => {
                        item.ecn = data.cast::<i32>().read_unaligned() as u32 & u32::from(ECN);
                    }
                    (libc::SOL_UDP, libc::UDP_GRO) => {
                        item.segment = data.cast::<i32>().read_unaligned() as u32;
                    }
                    _ => {}
                }
                at = libc::CMSG_NXTHDR(message, at);
            }
        }
    }

    /// One piece of control data behind those that are there.
    ///
    /// # Safety
    ///
    /// The message's control data has room for it.
    unsafe fn push<T>(message: &mut libc::msghdr, level: i32, kind: i32, value: T) {
        let at = message.msg_controllen;
        // SAFETY: arithmetic only, here and below.
        message.msg_controllen = at + unsafe { libc::CMSG_SPACE(size_of::<T>() as u32) } as usize;
        // SAFETY: there is room, as the caller says.
        unsafe {
            let place = message.msg_control.cast::<u8>().add(at).cast::<libc::cmsghdr>();
            (*place).cmsg_level = level;
            (*place).cmsg_type = kind;
            (*place).cmsg_len = libc::CMSG_LEN(size_of::<T>() as u32) as _;
            libc::CMSG_DATA(place).cast::<T>().write_unaligned(value);
        }
    }

    /// Has a message carry what a datagram asks for. EINVAL for a mark or a size that cannot be.
    pub fn write(
        message: &mut libc::msghdr,
        item: &Datagram,
        room: &mut MaybeUninit<Room>,
    ) -> io::Result<()> {
        let plain = item.local.size == 0 && item.interface == 0;
        if plain && item.ecn == 0 && item.segment == 0 {
            return Ok(());
        }
        let wrong = || io::Error::from_raw_os_error(libc::EINVAL);
        (message.msg_control, message.msg_controllen) =
            ((&raw mut *room.write(Room::EMPTY)).cast(), 0);
        let local = item.local.internet().map(|local| local.ip());
        if item.local.size > 0 && local.is_none() {
            return Err(wrong());
        }
        let to = item.address.internet().map(|to| to.is_ipv6());
        let is_v6 = to.or(local.map(|local| local.is_ipv6()));
        // SAFETY: the room is for one of each kind.
        unsafe {
            if !plain && is_v6 == Some(true) {
                let ip = match local {
                    Some(std::net::IpAddr::V6(ip)) => ip,
                    Some(std::net::IpAddr::V4(ip)) => ip.to_ipv6_mapped(),
                    None => Ipv6Addr::UNSPECIFIED,
                };
                push(
                    message,
                    libc::IPPROTO_IPV6,
                    libc::IPV6_PKTINFO,
                    libc::in6_pktinfo {
                        ipi6_addr: libc::in6_addr { s6_addr: ip.octets() },
                        ipi6_ifindex: item.interface,
                    },
                );
            } else if !plain {
                let Some(std::net::IpAddr::V4(ip)) = local.or(Some(Ipv4Addr::UNSPECIFIED.into()))
                else {
                    return Err(wrong());
                };
                push(
                    message,
                    libc::IPPROTO_IP,
                    libc::IP_PKTINFO,
                    libc::in_pktinfo {
                        ipi_ifindex: item.interface as i32,
                        ipi_spec_dst: libc::in_addr { s_addr: u32::from(ip).to_be() },
                        ipi_addr: libc::in_addr { s_addr: 0 },
                    },
                );
            }
            if item.ecn > u32::from(ECN) {
                return Err(wrong());
            }
            if item.ecn > 0 {
                // A connected socket takes what is of its family, and passes over the other.
                let mark = item.ecn as i32;
                if is_v6 != Some(true) {
                    push(message, libc::IPPROTO_IP, libc::IP_TOS, mark);
                }
                if is_v6 != Some(false) {
                    push(message, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, mark);
                }
            }
            if item.segment > 0 {
                let size = u16::try_from(item.segment).map_err(|_| wrong())?;
                push(message, libc::SOL_UDP, libc::UDP_SEGMENT, size);
            }
        }
        Ok(())
    }
}

/// Nothing comes beside datagrams here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn read(_message: &libc::msghdr, item: &mut Datagram) {
    forget(item);
}

/// Nothing goes beside datagrams here: EOPNOTSUPP for what is asked for.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn write(
    _message: &mut libc::msghdr,
    item: &Datagram,
    _room: &mut std::mem::MaybeUninit<Room>,
) -> std::io::Result<()> {
    match (item.local.size, item.interface, item.ecn, item.segment) {
        (0, 0, 0, 0) => Ok(()),
        _ => Err(std::io::Error::from_raw_os_error(libc::EOPNOTSUPP)),
    }
}
