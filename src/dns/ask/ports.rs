// SPDX-License-Identifier: MIT
//! Ports that queries share: a bounded number of datagram sockets of the thread, each at a port that the
//! kernel chose at random and given up after a bounded number of queries.
//!
//! A descriptor that many wait for would wake all of them for each answer. So one of them, the leader, waits for
//! the descriptor and receives for all: what belongs to others is put where they find it, and their
//! condition is signalled. When the leader has its own answer, another one becomes leader. Should it not look in time
//! (its controller may stand still), whoever notices takes over.

use super::flight::ROOM;
use super::link::{local_address, open};
use crate::controller::Descriptor;
use crate::controller::{Condition, Member};
use crate::dns::message::query;
use crate::dns::resolve::exchange::Exchange;
use crate::errno::{Errno, Result};
use crate::fork::forks;
use crate::random;
use crate::socket::Address;
use crate::sys::describe::words;
use crate::sys::memory::AtomicShared;
use crate::sys::message;
use crate::sys::socket as sock;
use nix::sys::socket::SockaddrStorage;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// How many queries leave through a port before it is given up: so long a forger has time to find it out. Chosen: with
/// fewer, opening and closing ports costs what sharing them saves (its few system calls, spread over a
/// thousand queries, are nothing); with more, a port that was found out serves the forger longer.
const USES: u32 = 1000;

/// How many queries may wait at one port. Their ids must differ. Chosen: a sixteenth of the 65,536 ids, so that a random
/// one is free at the first attempt nearly always. With more, a forged answer with any id is likelier to meet a query
/// that waits; with fewer, more ports are needed for as many queries.
const CROWD: usize = 4096;

/// How many messages are received in one call, so that other tasks run. Chosen, and measured: 64 datagrams of 100 bytes
/// take 0.07 ms of the kernel. With fewer the leader wakes more often for a crowd's answers, with more the others wait.
const BURST: usize = 64;

/// How many messages are kept for a query that does not look; more are dropped. Chosen: one is its answer, the others are
/// forged, as they must carry its id. With fewer, forgers can keep the answer out; with more, a port that is flooded holds
/// more memory: 8 of at most 4,096 bytes are 32 KiB a query.
const INBOX: usize = 8;

thread_local! {
    static PORTS: RefCell<Vec<Rc<Port>>> = const { RefCell::new(Vec::new()) };
}

/// A shared socket.
struct Port {
    descriptor: Descriptor,
    /// The server to which it is connected, if the resolver is a stub: a stub has few servers, and from a connected
    /// socket the kernel tells if nobody listens there.
    server: Option<SocketAddr>,
    v4: bool,
    interface: SocketAddr,
    /// The address that queries leave from; unless the socket is connected, that of the interface, as the kernel
    /// chooses one for each query then.
    own: IpAddr,
    forks: u32,
    uses: Cell<u32>,
    /// Who waits, by the ids of their queries.
    waiting: RefCell<BTreeMap<u16, Rc<Place>>>,
    /// The id of the leader.
    leader: Cell<Option<u16>>,
}

/// Where an answer is put.
struct Place {
    server: SocketAddr,
    inbox: RefCell<Vec<Vec<u8>>>,
    /// The error that the system told of the server.
    error: Cell<Option<Errno>>,
    condition: RefCell<AtomicShared<Condition>>,
}

/// A query's place at a port.
pub struct Slot {
    port: Rc<Port>,
    id: u16,
    place: Rc<Place>,
}

/// Sends a query through one of `count` ports. The exchange gets another id if its own is taken there.
/// `condition` is signalled when it is time to look.
pub fn send(
    exchange: &mut Exchange,
    count: u32,
    interface: &SocketAddr,
    condition: &AtomicShared<Condition>,
) -> Result<Slot> {
    let server = exchange.ask.server;
    let port = choose(exchange, count, interface)?;
    exchange.leave_from(port.own);
    while port.waiting.borrow().contains_key(&exchange.id()) {
        exchange.set_id(random::id());
    }
    let mut room = [0; query::ROOM];
    let query = exchange.query(&mut room);
    let fd = port.descriptor.fd();
    match port.server {
        Some(_) => sock::send(fd, query, libc::MSG_NOSIGNAL)?,
        None => {
            let to = Address::new(&SockaddrStorage::from(server));
            message::send_to(fd, query, Some(&to), libc::MSG_NOSIGNAL)?
        }
    };
    let condition = RefCell::new(condition.clone());
    let place =
        Rc::new(Place { server, inbox: RefCell::default(), error: Cell::new(None), condition });
    let id = exchange.id();
    port.waiting.borrow_mut().insert(id, Rc::clone(&place));
    Ok(Slot { port, id, place })
}

/// A port for a query to a server: one of those there are, or a new one.
fn choose(exchange: &Exchange, count: u32, interface: &SocketAddr) -> Result<Rc<Port>> {
    let server = &exchange.ask.server;
    let peer = exchange.ask.recursive.then_some(*server);
    let fits = |port: &Rc<Port>| {
        port.server == peer
            && port.v4 == server.is_ipv4()
            && port.interface == *interface
            && port.uses.get() > 0
            && port.forks == forks()
            && port.waiting.borrow().len() < CROWD
    };
    PORTS.with(|ports| {
        let mut ports = ports.borrow_mut();
        // As a rule all `count` ports exist, and any of them fits.
        let any = random::below(ports.len() as u32) as usize;
        let found = ports.get(any).filter(|port| ports.len() >= count as usize && fits(port));
        let port = match found {
            Some(port) => Rc::clone(port),
            None => {
                ports.retain(|port| port.uses.get() > 0 && port.forks == forks());
                let fitting: Vec<_> = ports.iter().filter(|port| fits(port)).collect();
                match fitting.len() < count as usize {
                    false => Rc::clone(fitting[random::below(fitting.len() as u32) as usize]),
                    true => {
                        let port = Rc::new(Port::open(server, peer, interface)?);
                        ports.push(Rc::clone(&port));
                        port
                    }
                }
            }
        };
        port.uses.set(port.uses.get() - 1);
        Ok(port)
    })
}

impl Port {
    fn open(server: &SocketAddr, peer: Option<SocketAddr>, interface: &SocketAddr) -> Result<Port> {
        let any = SocketAddr::new(interface.ip(), 0);
        let descriptor = open(server, &any)?;
        descriptor.describe(words("answers to DNS questions"));
        if peer.is_some() {
            sock::connect(descriptor.fd(), &SockaddrStorage::from(*server))?;
        }
        let own = peer.map_or(interface.ip(), |_| local_address(descriptor.fd()));
        Ok(Port {
            descriptor,
            server: peer,
            v4: server.is_ipv4(),
            interface: *interface,
            own,
            forks: forks(),
            uses: Cell::new(USES),
            waiting: RefCell::default(),
            leader: Cell::new(None),
        })
    }

    /// Receives for all who wait here.
    fn receive(&self) {
        ROOM.with(|room| {
            let buffer = &mut room.borrow_mut()[..];
            for _ in 0..BURST {
                let received = match self.server {
                    Some(server) => {
                        sock::receive(self.descriptor.fd(), buffer).map(|n| (n, Some(server)))
                    }
                    None => message::receive_from(self.descriptor.fd(), buffer)
                        .map(|received| (received.size, received.from.internet())),
                };
                match received.map_err(Errno::from) {
                    Ok((size, Some(from))) if self.deliver(&buffer[..size], from) => return,
                    Ok(_) => {}
                    Err(error) if error.is_again() || error == Errno(libc::EINTR) => return,
                    Err(error) => return self.fail(error),
                }
            }
        });
    }

    /// Puts a message where it is waited for. Returns whether it was the leader's and nobody else waits.
    fn deliver(&self, message: &[u8], from: SocketAddr) -> bool {
        let Some(&[high, low]) = message.first_chunk() else { return false };
        let id = u16::from_be_bytes([high, low]);
        let waiting = self.waiting.borrow();
        let place = waiting.get(&id).filter(|place| place.server == from);
        if let Some(place) = place.filter(|place| place.inbox.borrow().len() < INBOX) {
            place.inbox.borrow_mut().push(message.to_vec());
            if self.leader.get() == Some(id) {
                return waiting.len() == 1;
            }
            place.condition.borrow().signal(usize::MAX);
        }
        false
    }

    /// Tells all who wait that the server cannot be reached.
    fn fail(&self, error: Errno) {
        for (id, place) in &*self.waiting.borrow() {
            place.error.set(Some(error));
            if self.leader.get() != Some(*id) {
                place.condition.borrow().signal(usize::MAX);
            }
        }
    }

    /// Wakes a query whose answer has not come, so that it becomes the leader.
    fn hand_on(&self) {
        self.leader.set(None);
        let waiting = self.waiting.borrow();
        let next = waiting.values().find(|place| place.inbox.borrow().is_empty());
        if let Some(place) = next {
            place.condition.borrow().signal(usize::MAX);
        }
    }
}

impl Slot {
    /// What to wait for: the leader for the descriptor, everybody for what is signalled when the answer is there,
    /// or when it is time to lead.
    pub fn member(&self) -> Member {
        let condition = Some(self.place.condition.borrow().clone());
        match self.leads() {
            true => Member { condition, ..self.port.descriptor.member(libc::POLLIN) },
            false => Member { condition, ..Member::NOTHING },
        }
    }

    /// Sets what is signalled from now on.
    pub fn set_condition(&self, condition: &AtomicShared<Condition>) {
        *self.place.condition.borrow_mut() = condition.clone();
    }

    /// Receives for all if this slot leads; `impatient` makes it the leader.
    pub fn look(&self, impatient: bool) {
        if impatient {
            self.port.leader.set(Some(self.id));
        }
        if self.place.inbox.borrow().is_empty() && self.leads() {
            self.port.receive();
        }
    }

    /// Takes a message that came for this slot.
    pub fn take(&self) -> Option<Vec<u8>> {
        let mut inbox = self.place.inbox.borrow_mut();
        (!inbox.is_empty()).then(|| inbox.remove(0))
    }

    /// The error that the system told of the server, if that is why no message came.
    pub fn error(&self) -> Option<Errno> {
        self.place.error.get()
    }

    /// Whether this slot leads. It becomes the leader if there is none.
    fn leads(&self) -> bool {
        if self.port.leader.get().is_none() {
            self.port.leader.set(Some(self.id));
        }
        self.port.leader.get() == Some(self.id)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.port.waiting.borrow_mut().remove(&self.id);
        if self.port.leader.get() == Some(self.id) {
            self.port.hand_on();
        }
    }
}

#[cfg(test)]
mod tests;
