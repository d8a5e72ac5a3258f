// SPDX-License-Identifier: MIT
//! Listeners of DTLS: each peer that has proven its address gets a socket of its own, which is bound to the address of
//! the listener and connected to the peer.
//!
//! The kernel then hands each datagram to the socket of its sender, and what has none to the listener, so that each
//! connection is a descriptor like any other, which any loop can wait for. The price is one descriptor a peer, which the
//! limit of the listener bounds. Both sockets must say SO_REUSEPORT to share the address; SO_REUSEADDR would do on Linux,
//! but lets other users' processes bind it, too.
//!
//! Between bind(2) and connect(2) the new socket gets datagrams of others, which are not lost: they are read from it and
//! handled as the listener's.

use super::establish::Phase;
use super::interest::Retry;
use super::rare::Rare;
use super::{Inner, Socket};
use crate::address;
use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};
use crate::sys::memory::boxed;
use crate::sys::message::{self, Address};
use crate::sys::socket as sock;
use crate::tls::{Config, Engine, Greeter};
use std::collections::VecDeque;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::sync::Arc;

/// How many datagrams one call reads before other tasks run. Chosen: an answer costs 15 µs, so 64 take a millisecond.
const BURST: usize = 64;

/// How many datagrams are kept that came to the wrong socket, which is bound but not connected for some microseconds.
const STRAYS: usize = 64;

/// The most bytes of a peer's first datagram. Larger ones are passed over.
const LARGEST: usize = 4096;

/// How long to wait for a free place or descriptor: nothing tells when there is one.
const RETRY: Span = Span(50_000_000);

/// What makes a datagram socket a listener.
pub struct Listener {
    greeter: Greeter,
    /// How many peers may have sockets at once.
    most: usize,
    /// Each socket of a peer holds a copy.
    places: Arc<()>,
    /// A peer that has proven its address and has no socket yet, for want of a descriptor.
    proven: Option<(Box<Engine>, Address)>,
    strays: VecDeque<(Vec<u8>, Address)>,
}

/// What a look for a peer brought.
enum Found {
    Peer(Box<Engine>, OwnedFd),
    /// There are no more datagrams.
    Nobody,
    /// Other tasks shall run first.
    Tired,
    /// There is no place, or no descriptor.
    Full,
}

impl Socket {
    /// Makes a datagram socket a listener of DTLS for so many peers at once. EINVAL for an adopted configuration,
    /// EOPNOTSUPP for what is no socket of internet datagrams.
    pub fn listen_tls(&self, config: &Config, most: usize) -> Result<()> {
        self.operate(|inner| {
            inner.establish()?;
            let family = address::family(&sock::local_name(inner.handle.fd)?);
            if inner.handle.kind != libc::SOCK_DGRAM
                || ![libc::AF_INET, libc::AF_INET6].contains(&family)
            {
                return Err(Errno(libc::EOPNOTSUPP));
            }
            sock::set_option(inner.handle.fd, libc::SOL_SOCKET, sock::REUSE_PORT, 1)?;
            let places = Arc::new(());
            let greeter = Greeter::new(config)?;
            let listener =
                Listener { greeter, most, places, proven: None, strays: VecDeque::new() };
            inner.rare()?.listener = Some(Box::new(listener));
            Ok(())
        })
    }
}

impl Inner {
    /// Takes a peer that has proven its address. EAGAIN when there is none.
    pub(super) fn accept_peer(&mut self) -> Result<Socket> {
        let mut rare = boxed(Rare::default())?;
        let prepared = self.take_prepared()?;
        let ours = self.rare()?;
        let Some(mut listener) = ours.listener.take() else { return Err(Errno::BADF) };
        let found = listener.find(self.handle.fd);
        let place = Arc::clone(&listener.places);
        self.rare()?.listener = Some(listener);
        match found {
            Ok(Found::Peer(engine, fd)) => {
                let accepted =
                    prepared.connected(fd.into_raw_fd(), self.handle.family(), libc::SOCK_DGRAM);
                rare.place = Some(place);
                accepted.ask((), |inner| {
                    inner.follow_listener(self);
                    inner.engine = Some(engine);
                    inner.rare = Some(rare);
                    inner.establishing.phase = Phase::AwaitHandshake;
                });
                self.interest.events = libc::POLLIN; // for whoever polls the listener now
                Ok(accepted)
            }
            other => {
                self.keep_prepared(prepared);
                let (events, retry) = match other? {
                    Found::Full => (0, RETRY.into()),
                    Found::Tired => (libc::POLLIN, Span::ZERO.into()),
                    _ => (libc::POLLIN, Retry::NONE),
                };
                let again = self.must_wait(events);
                self.interest.retry = retry;
                Err(again)
            }
        }
    }
}

impl Listener {
    fn find(&mut self, fd: i32) -> Result<Found> {
        if self.proven.is_none() {
            if Arc::strong_count(&self.places) > self.most {
                return Ok(Found::Full);
            }
            match self.greet(fd)? {
                Found::Full => {}
                other => return Ok(other),
            }
        }
        let Some((engine, from)) = self.proven.take() else { return Ok(Found::Nobody) };
        match self.open(fd, &from) {
            Ok(opened) => Ok(Found::Peer(engine, opened)),
            Err(Errno(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)) => {
                self.proven = Some((engine, from));
                Ok(Found::Full)
            }
            Err(error) => Err(error),
        }
    }

    /// Answers datagrams until one proves the address of its sender. `Full`: there is one, which has no socket yet.
    fn greet(&mut self, fd: i32) -> Result<Found> {
        let now = Instant::now().0 / 1_000_000_000;
        for _ in 0..BURST {
            let mut room = [0; LARGEST];
            let (datagram, from) = match self.strays.pop_front() {
                Some(stray) => stray,
                None => match message::receive_from(fd, &mut room).map_err(Errno::from) {
                    Ok(received) => (room[..received.size].to_vec(), received.from),
                    Err(Errno(libc::EINTR)) => continue,
                    Err(error) if error.is_again() => return Ok(Found::Nobody),
                    Err(error) => return Err(error),
                },
            };
            let Some(sender) = from.storage() else { continue };
            if let Some(engine) = self.greeter.greet(&datagram, &address::describe(&sender), now)? {
                self.proven = Some((engine, from));
                return Ok(Found::Full);
            }
            if !self.greeter.reply().is_empty() {
                // What the kernel does not take is asked for again.
                let _ = message::send_to(fd, self.greeter.reply(), Some(&from), 0);
            }
        }
        Ok(Found::Tired)
    }

    /// A socket at the address of the listener, connected to a peer.
    fn open(&mut self, listener: i32, from: &Address) -> Result<OwnedFd> {
        let (local, peer) = (sock::local_name(listener)?, from.storage().ok_or(Errno::BADARG)?);
        let family = address::family(&local);
        let opened = sock::open_owned(family, libc::SOCK_DGRAM)?;
        let fd = opened.as_raw_fd();
        sock::set_option(fd, libc::SOL_SOCKET, sock::REUSE_PORT, 1)?;
        if family == libc::AF_INET6 {
            let only = sock::option(listener, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY)?;
            sock::set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, only)?;
        }
        sock::bind(fd, &local)?;
        sock::connect(fd, &peer)?;
        self.take_strays(fd, from);
        Ok(opened)
    }

    /// Reads what came to a new socket before it was connected. The peer's own is dropped: it is sent again.
    fn take_strays(&mut self, fd: i32, peer: &Address) {
        let mut room = [0; LARGEST];
        for _ in 0..BURST {
            let Ok(received) = message::receive_from(fd, &mut room) else { return };
            let from = received.from;
            let is_peer = from.size == peer.size && from.storage == peer.storage;
            if !is_peer && self.strays.len() < STRAYS {
                self.strays.push_back((room[..received.size].to_vec(), from));
            }
        }
    }
}
