// SPDX-License-Identifier: MIT
//! The sockets of exchanges: a datagram socket for each, a place at a shared one, or a connection.

use super::flight::Manner;
use super::ports::{self, Slot};
use super::seat::Seat;
use super::words::Telling;
use crate::controller::{Condition, Descriptor};
use crate::dns::message::query::ROOM;
use crate::dns::resolve::exchange::Exchange;
use crate::errno::Result;
use crate::sys::describe::Words;
use crate::sys::socket as sock;
use nix::sys::socket::SockaddrStorage;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::RawFd;

/// How the question is sent and the answer comes.
pub enum Link {
    /// A datagram socket of its own, connected to the server: the kernel drops what others send.
    Datagram(Descriptor),
    /// A place at a shared datagram socket.
    Shared(Slot),
    /// A place at a connection.
    Stream(Seat),
}

impl Link {
    /// Says what waits for it are for. `condition`: what fires for a place at a shared socket.
    pub fn describe(&self, words: &Words, condition: &Condition) {
        match self {
            Link::Datagram(socket) => socket.describe(words.clone()),
            Link::Stream(seat) => seat.describe(words),
            // EPERM, if another thread waits for it: it has its words already.
            Link::Shared(_) => drop(condition.describe(words.clone())),
        }
    }
}

/// A datagram socket towards an address, bound to `interface` unless that is any.
pub fn open(server: &SocketAddr, interface: &SocketAddr) -> Result<Descriptor> {
    let family = if server.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let descriptor = Descriptor::new(sock::open(family, libc::SOCK_DGRAM)?)?;
    let any = interface.ip().is_unspecified() && interface.port() == 0;
    if !any && interface.is_ipv4() == server.is_ipv4() {
        sock::bind(descriptor.fd(), &SockaddrStorage::from(*interface))?;
    }
    Ok(descriptor)
}

/// The socket of an exchange that is over, to be used again with a new port: Linux chooses another one, at random,
/// when an unbound socket that was disconnected connects again. That costs less than a new socket, and datagrams for
/// the old port do not reach it any more.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // it is only closed
pub struct Spare {
    /// It is connected still.
    pub socket: Descriptor,
    /// Whether it is for IPv4.
    pub v4: bool,
    /// What its waits are for.
    pub telling: Telling,
}

impl Spare {
    /// The socket, disconnected, so that it has neither port nor peer. `None` if it does not fit the server, if an
    /// interface is given, or if another process may have a copy.
    #[cfg(target_os = "linux")]
    fn fresh(self, server: &SocketAddr, interface: &SocketAddr) -> Option<(Descriptor, Telling)> {
        let unbound = interface.ip().is_unspecified() && interface.port() == 0;
        let fits = unbound && self.v4 == server.is_ipv4() && self.socket.is_alone();
        let fresh = fits && sock::disconnect(self.socket.fd()).is_ok();
        fresh.then_some((self.socket, self.telling))
    }

    /// `None`: on other systems the port stays the same.
    #[cfg(not(target_os = "linux"))]
    fn fresh(self, _server: &SocketAddr, _interface: &SocketAddr) -> Option<(Descriptor, Telling)> {
        None
    }
}

/// Sends the question in a datagram. Returns also what waits for the socket are for, if it was used before.
pub fn cast(
    exchange: &mut Exchange,
    manner: &Manner,
    spare: Option<Spare>,
) -> Result<(Link, Telling)> {
    let server = exchange.ask.server;
    if manner.ports > 0 {
        let slot = ports::send(exchange, manner.ports, &manner.interface, manner.condition)?;
        return Ok((Link::Shared(slot), None));
    }
    let (socket, telling) = match spare.and_then(|spare| spare.fresh(&server, &manner.interface)) {
        Some(fresh) => fresh,
        None => (open(&server, &manner.interface)?, None),
    };
    sock::connect(socket.fd(), &SockaddrStorage::from(server))?;
    tell_address(exchange, socket.fd());
    sock::send(socket.fd(), exchange.query(&mut [0; ROOM]), libc::MSG_NOSIGNAL)?;
    Ok((Link::Datagram(socket), telling))
}

/// Tells an exchange that sends a cookie from which address the query leaves.
fn tell_address(exchange: &mut Exchange, fd: RawFd) {
    if exchange.needs_address() {
        exchange.leave_from(local_address(fd));
    }
}

/// The address of a connected socket; that of nobody if the system does not tell.
pub fn local_address(fd: RawFd) -> IpAddr {
    let found = sock::local_name(fd).ok().and_then(|name| sock::internet(&name));
    found.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip())
}
