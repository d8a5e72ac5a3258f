// SPDX-License-Identifier: MIT
//! The addresses of a host in the order in which to try them, RFC 6724. Which source address the kernel would choose for
//! each is found out by connecting a datagram socket, for which nothing is sent.

use crate::dns::resolve::order::{sort, Destination, Source};
use crate::sys::networks::{is_deprecated, prefix, Probe};
use crate::sys::socket::internet;
use nix::sys::socket::SockaddrStorage;
use std::net::{IpAddr, SocketAddr};

/// How many addresses are sorted: each takes some system calls. Chosen: a name that has more is no host. With fewer,
/// names of large services would be cut; with more, an answer of 64 KiB would take a thread some milliseconds.
const MOST: usize = 256;

/// Any port: datagram sockets cannot connect to port 0 everywhere.
const PORT: u16 = 53;

/// Sorts addresses. What is behind the first 256 stays where it is.
pub fn order(list: &mut [SocketAddr]) {
    let end = list.len().min(MOST);
    let list = &mut list[..end];
    if list.len() < 2 {
        return;
    }
    let mut probes = [Probe::default(), Probe::default()];
    let mut all: Vec<Destination> = list
        .iter()
        .map(|&address| Destination { address, source: source(&address, &mut probes) })
        .collect();
    complete(&mut all);
    sort(&mut all);
    list.iter_mut().zip(all).for_each(|(place, destination)| *place = destination.address);
}

/// The address from which packets would leave; `None`: none would. `probes`: a socket for each family.
fn source(to: &SocketAddr, probes: &mut [Probe; 2]) -> Option<Source> {
    let mut to = *to;
    to.set_port(PORT);
    let probe = &mut probes[usize::from(to.is_ipv4())];
    let from = probe.source(&SockaddrStorage::from(to)).ok()?;
    let address = internet(&from)?.ip();
    Some(Source { address, deprecated: false, prefix: 0 })
}

/// Adds what the system has to be asked for, where it can make a difference.
fn complete(all: &mut [Destination]) {
    let of = |v4: bool| all.iter().filter(move |d| d.source.is_some() && d.address.is_ipv4() == v4);
    let near = of(true).count() > 1 && of(true).any(is_near);
    let deprecated = of(false).count() > 0;
    // Most destinations have the same source.
    let mut known: Vec<Source> = Vec::new();
    for source in all.iter_mut().filter_map(|destination| destination.source.as_mut()) {
        let before = known.iter().find(|known| known.address == source.address);
        *source = before.copied().unwrap_or_else(|| {
            let mut told = *source;
            match source.address {
                IpAddr::V4(v4) if near => told.prefix = prefix(v4),
                IpAddr::V6(v6) if deprecated => told.deprecated = is_deprecated(v6),
                _ => {}
            }
            known.push(told);
            told
        });
    }
}

/// Whether an IPv4 destination may be in the network of its source, of which no prefix has less than eight bits.
fn is_near(destination: &Destination) -> bool {
    match (destination.address.ip(), destination.source) {
        (IpAddr::V4(to), Some(Source { address: IpAddr::V4(from), .. })) => {
            to.octets()[0] == from.octets()[0]
        }
        _ => false,
    }
}
