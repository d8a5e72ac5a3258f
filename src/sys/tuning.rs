// SPDX-License-Identifier: MIT
//! Names of socket options that differ between systems and families. One that a system does not have is -1, which it
//! refuses with ENOPROTOOPT.

/// The level and the name of an option.
pub type Name = (i32, i32);

#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NONE: i32 = -1;

/// How long sent data may stay unacknowledged.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const USER_TIMEOUT: Name = (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT);
/// How long sent data may stay unacknowledged.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub const USER_TIMEOUT: Name = (libc::IPPROTO_TCP, NONE);

/// Datagrams of one sender are received as one.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const SEGMENTS: Name = (libc::SOL_UDP, libc::UDP_GRO);
/// Datagrams of one sender are received as one.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub const SEGMENTS: Name = (libc::IPPROTO_UDP, NONE);

/// The byte of the header that has the class of traffic, and ECN.
pub fn traffic_class(is_v6: bool) -> Name {
    match is_v6 {
        true => (libc::IPPROTO_IPV6, libc::IPV6_TCLASS),
        false => (libc::IPPROTO_IP, libc::IP_TOS),
    }
}

/// Hops of multicast datagrams.
pub fn multicast_ttl(is_v6: bool) -> Name {
    match is_v6 {
        true => (libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_HOPS),
        false => (libc::IPPROTO_IP, libc::IP_MULTICAST_TTL),
    }
}

/// Whether multicast datagrams come back to the host.
pub fn multicast_loop(is_v6: bool) -> Name {
    match is_v6 {
        true => (libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP),
        false => (libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP),
    }
}

/// Tell where datagrams were sent to.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn packet_info(is_v6: bool) -> Name {
    match is_v6 {
        true => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
        false => (libc::IPPROTO_IP, libc::IP_PKTINFO),
    }
}

/// Tell where datagrams were sent to.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn packet_info(_is_v6: bool) -> Name {
    (libc::IPPROTO_IP, NONE)
}

/// Tell the class of traffic of datagrams.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn receive_traffic_class(is_v6: bool) -> Name {
    match is_v6 {
        true => (libc::IPPROTO_IPV6, libc::IPV6_RECVTCLASS),
        false => (libc::IPPROTO_IP, libc::IP_RECVTOS),
    }
}

/// Tell the class of traffic of datagrams.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn receive_traffic_class(_is_v6: bool) -> Name {
    (libc::IPPROTO_IP, NONE)
}
