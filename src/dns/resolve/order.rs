// SPDX-License-Identifier: MIT
//! In which order to try the addresses of a host: RFC 6724 §6. Pure: the source address that the kernel would choose for
//! each destination comes in.
//!
//! Rule 4 (home addresses) and rule 7 (native transport) are left out: they need mobile IPv6 and knowledge of tunnels.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// An address to go to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// The address.
    pub address: SocketAddr,
    /// The address of ours from which packets would leave; `None`: there is no way to it.
    pub source: Option<Source>,
}

/// An address of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Source {
    /// The address.
    pub address: IpAddr,
    /// It is going out of use, RFC 4862 §2.
    pub deprecated: bool,
    /// How many bits of an IPv4 address name its network; 0 if that is not known.
    pub prefix: u32,
}

/// Sorts; those of equal rank stay in their order (rule 10).
pub fn sort(list: &mut [Destination]) {
    list.sort_by(compare);
}

/// Whether `a` comes before `b`.
fn compare(a: &Destination, b: &Destination) -> Ordering {
    let first = |of: fn(&Destination) -> bool| of(b).cmp(&of(a));
    // Rule 1: avoid unusable destinations.
    first(|d| d.source.is_some())
        // Rule 2: prefer matching scope.
        .then_with(|| first(|d| d.source.is_some_and(|s| scope(&s.address) == scope(&d.ip()))))
        // Rule 3: avoid deprecated addresses.
        .then_with(|| first(|d| d.source.is_none_or(|s| !s.deprecated)))
        // Rule 5: prefer matching label.
        .then_with(|| {
            first(|d| d.source.is_some_and(|s| policy(&s.address).1 == policy(&d.ip()).1))
        })
        // Rule 6: prefer higher precedence.
        .then_with(|| policy(&b.ip()).0.cmp(&policy(&a.ip()).0))
        // Rule 8: prefer smaller scope.
        .then_with(|| scope(&a.ip()).cmp(&scope(&b.ip())))
        // Rule 9: use longest matching prefix, of two addresses of a family.
        .then_with(|| match a.address.is_ipv4() == b.address.is_ipv4() {
            true => common(b).cmp(&common(a)),
            false => Ordering::Equal,
        })
}

impl Destination {
    fn ip(&self) -> IpAddr {
        self.address.ip()
    }
}

/// The scope, RFC 6724 §3.1: link-local 2, site-local 5, global 14. IPv4 addresses, §3.2: those of the link and of this
/// host are link-local, private ones global.
fn scope(address: &IpAddr) -> u8 {
    match address {
        IpAddr::V4(v4) if v4.is_link_local() || v4.is_loopback() => 2,
        IpAddr::V4(_) => 14,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => scope(&IpAddr::V4(v4)),
            None if v6.is_multicast() => v6.octets()[1] & 15,
            None if v6.is_loopback() || v6.segments()[0] & 0xffc0 == 0xfe80 => 2,
            None if v6.segments()[0] & 0xffc0 == 0xfec0 => 5,
            None => 14,
        },
    }
}

/// The default policy table, RFC 6724 §2.1, by falling length of the prefix: precedence and label of each.
const POLICY: [(Ipv6Addr, u32, u8, u8); 9] = [
    (Ipv6Addr::LOCALHOST, 128, 50, 0),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 35, 4),
    (Ipv6Addr::UNSPECIFIED, 96, 1, 3),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, 5, 5),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 30, 2),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, 1, 12),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, 1, 11),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, 3, 13),
    (Ipv6Addr::UNSPECIFIED, 0, 40, 1),
];

/// Precedence and label. An IPv4 address counts as the IPv6 address to which it is mapped.
fn policy(address: &IpAddr) -> (u8, u8) {
    let address = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => *v6,
    };
    let fits = |row: &&(Ipv6Addr, u32, u8, u8)| {
        (u128::from(row.0) ^ u128::from(address)).leading_zeros() >= row.1
    };
    POLICY.iter().find(fits).map_or((40, 1), |row| (row.2, row.3))
}

/// How many bits a destination has in common with its source. As glibc, of IPv4 addresses that counts within one network
/// only: elsewhere it says nothing of the distance.
fn common(destination: &Destination) -> u32 {
    match (destination.ip(), destination.source) {
        (IpAddr::V4(to), Some(Source { address: IpAddr::V4(from), prefix, .. })) => {
            let bits = (u32::from(to) ^ u32::from(from)).leading_zeros();
            if prefix > 0 && bits >= prefix {
                bits
            } else {
                0
            }
        }
        (IpAddr::V6(to), Some(Source { address: IpAddr::V6(from), .. })) => {
            (u128::from(to) ^ u128::from(from)).leading_zeros()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
