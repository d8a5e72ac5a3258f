// SPDX-License-Identifier: MIT
//! An exchange carried over the network: by a datagram, or by TCP where the answer was truncated or the configuration
//! says so. Every query has a port of its own that the kernel has chosen at random, unless ports are shared.

use super::link::{cast, Link, Spare};
use super::route::Route;
use super::seat;
use super::stat::Stat;
use super::stream::Stream;
use super::words::{tell, words, Telling};
use crate::clock::{Instant, Span};
use crate::controller::Condition;
use crate::controller::Member;
use crate::dns::message::packet::Packet;
use crate::dns::resolve::exchange::{refuses_edns, Exchange, Lesson, Noise, Verdict};
use crate::dns::resolve::outcome::Outcome;
use crate::dns::system::config::Tcp;
use crate::dns::system::server::Transport;
use crate::errno::{Errno, Result};
use crate::sys::describe::Words;
use crate::sys::memory::AtomicShared;
use crate::sys::socket as sock;
use crate::tls;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;

/// Room for a datagram: more than the `EDNS_SIZE` that servers are told.
pub const DATAGRAM: usize = 4096;

thread_local! {
    /// Where datagrams are received.
    pub static ROOM: RefCell<[u8; DATAGRAM]> = const { RefCell::new([0; DATAGRAM]) };
}

/// How many datagrams are received in one call, so that other tasks run. Chosen: an answer is one datagram, and what comes
/// besides is forged or late. Fewer give a flood of those more steps, more keep the other tasks waiting for it.
const BURST: usize = 32;

/// How long a flight relies on the leader of a shared port to receive for it, see `ports.rs`. Chosen: well below the
/// second that is the shortest time limit of a query (`timeout:1`), so that an answer is found in time though the leader's
/// controller stands still. With a smaller one many wake for nothing while a server is slow, with a larger one that
/// answer comes later.
const GRACE: Span = Span(200_000_000);

/// How long it is tried whether a server has TLS of which that is not known. Chosen: three times the slowest way around the
/// Earth, twice. With less, servers that are far away are asked in plain text; with more, the first answer of a server
/// behind a filter comes later.
const TRIAL: Span = Span(2_000_000_000);

/// The bytes in front of each message of a connection, RFC 1035 §4.2.2.
const LENGTH: usize = 2;

/// What a flight needs to know of the resolver.
pub struct Manner<'a> {
    /// How long to wait for an answer.
    pub patience: Span,
    /// When TCP is used.
    pub tcp: Tcp,
    /// The local address to send from.
    pub interface: SocketAddr,
    /// How many sockets are shared; 0: none.
    pub ports: u32,
    /// What is signalled when something came at a shared socket.
    pub condition: &'a AtomicShared<Condition>,
    /// What the program says of connections over TLS.
    pub credentials: Option<&'a tls::Config>,
    /// How often the server is asked, this time included.
    pub attempt: u32,
}

/// An exchange under way.
pub struct Flight {
    exchange: Exchange,
    link: Link,
    patience: Span,
    tcp: Tcp,
    interface: SocketAddr,
    deadline: Instant,
    /// When it no longer relies on the leader of a shared port to receive for it.
    relief: Instant,
    /// The last message that came and was no answer.
    noise: Option<Noise>,
    /// What its waits are for.
    telling: Telling,
    /// The server seems not to keep the letter case of names; TCP is to tell.
    folds: bool,
    /// What the answer has told of the server.
    lesson: Lesson,
    /// How many messages were sent after the first one.
    more: u32,
    /// Its connection ended, and it has got another one.
    renewed: bool,
    /// While it is tried whether the server has TLS: the deadline that holds once there is a connection.
    trial: Option<Instant>,
    /// Why its connection ended, in words.
    reason: Option<String>,
}

/// What came of looking for the answer.
#[derive(Clone)]
pub enum Progress {
    /// Nothing yet.
    Wait,
    /// The exchange is over.
    Over(Outcome),
    /// The exchange can be repeated without EDNS. `true`: the server has said that it does not know EDNS.
    WithoutEdns(bool),
    /// The exchange can be repeated with the cookie that the server has given with its refusal.
    BadCookie,
    /// The exchange can be repeated without random letter case: the server does not keep it, and TCP does not work.
    Folded,
    /// The exchange can be repeated in plain text: the server has no TLS.
    NoTls,
    /// The exchange has to be begun again: whoever received for it is gone.
    Again,
}

/// What a flight leaves behind.
#[derive(Default)]
pub enum Left {
    /// Nothing.
    #[default]
    Nothing,
    /// The datagram socket that it had.
    Socket(Spare),
    /// The connection.
    Stream(Arc<Stream>),
}

impl Flight {
    /// Sends the question.
    pub fn start(
        mut exchange: Exchange,
        manner: &Manner,
        spare: Option<Spare>,
        now: Instant,
        stat: &mut Stat,
    ) -> Result<Flight> {
        stat.queries += 1;
        let transport = &exchange.ask.transport;
        let tries = *transport == Transport::Unverified;
        let (link, known) = match *transport != Transport::Plain || manner.tcp == Tcp::Only {
            true => {
                let route = Route::new(&exchange.ask, manner.interface, manner.credentials)?;
                (dial(&mut exchange, &route, manner.condition, false, now, stat)?, None)
            }
            false => {
                let cast = cast(&mut exchange, manner, spare)?;
                stat.udp_sent.add(exchange.size());
                cast
            }
        };
        let full = now.after(manner.patience);
        let trial = tries.then_some(full);
        let deadline = if tries { now.after(manner.patience.min(TRIAL)) } else { full };
        let relief = now.after(GRACE);
        let Manner { patience, tcp, interface, attempt, .. } = *manner;
        let describe = |words: &Words| link.describe(words, manner.condition);
        let telling = tell(known, &exchange.ask, attempt, describe);
        Ok(Flight {
            exchange,
            link,
            patience,
            tcp,
            interface,
            deadline,
            relief,
            noise: None,
            telling,
            folds: false,
            lesson: Lesson::default(),
            more: 0,
            renewed: false,
            trial,
            reason: None,
        })
    }

    /// Sets what is signalled from now on when something came at a shared port or connection.
    pub fn set_condition(&self, condition: &AtomicShared<Condition>) {
        match &self.link {
            Link::Shared(slot) => slot.set_condition(condition),
            Link::Stream(seat) => seat.set_condition(condition),
            Link::Datagram(_) => {}
        }
    }

    /// What the next query can use, after an answer: no error can be pending on it.
    pub fn leave(self) -> Left {
        let v4 = self.exchange.ask.server.is_ipv4();
        match self.link {
            Link::Datagram(socket) => Left::Socket(Spare { socket, v4, telling: self.telling }),
            Link::Stream(seat) => seat.keep().map_or(Left::Nothing, Left::Stream),
            Link::Shared(_) => Left::Nothing,
        }
    }

    /// The connection, if it can serve others though the question is given up.
    pub fn stream(&self) -> Option<Arc<Stream>> {
        match &self.link {
            Link::Stream(seat) => seat.keep(),
            _ => None,
        }
    }

    /// What the answer has told of the server.
    pub fn lesson(&self) -> Lesson {
        Lesson { more: self.more, ..self.lesson }
    }

    /// Looks for the answer. `condition` is signalled when something came at a shared port or connection.
    pub fn go_on(
        &mut self,
        now: Instant,
        stat: &mut Stat,
        condition: &AtomicShared<Condition>,
    ) -> Progress {
        let found = match &mut self.link {
            Link::Datagram(_) => self.collect(stat),
            Link::Shared(_) => self.pick_up(now, stat),
            Link::Stream(_) => self.follow(now, stat, condition),
        };
        match found {
            Ok(None) if now >= self.deadline => self.expire(now, stat, condition),
            Ok(None) => Progress::Wait,
            Ok(Some(verdict)) => self.conclude(verdict, now, stat, condition),
            // A forger can make a server seem to change letters, but not keep its connections from working.
            Err(_) if self.folds => Progress::Folded,
            Err(_) if self.exchange.ask.transport == Transport::Unverified => Progress::NoTls,
            Err(error) => Progress::Over(Outcome::Failure(error, self.reason.take())),
        }
    }

    /// Acts on a verdict that ends the wait.
    fn conclude(
        &mut self,
        verdict: Verdict,
        now: Instant,
        stat: &mut Stat,
        condition: &AtomicShared<Condition>,
    ) -> Progress {
        let may_connect = self.tcp != Tcp::Disable;
        match verdict {
            Verdict::WithoutEdns => Progress::WithoutEdns(true),
            Verdict::Answer(packet) => self.answered(packet),
            Verdict::Truncated(packet) if !may_connect => self.answered(packet),
            Verdict::BadCookie(packet) if self.exchange.is_second() && !may_connect => {
                self.answered(packet)
            }
            Verdict::BadCookie(packet) if !self.exchange.is_second() => {
                self.lesson = self.exchange.lesson(&packet, false);
                Progress::BadCookie
            }
            Verdict::Truncated(_) | Verdict::BadCookie(_) => self.over_stream(now, stat, condition),
            Verdict::Unproven { letters } => {
                self.folds = letters;
                self.over_stream(now, stat, condition)
            }
            // Over a connection: there is no other answer to wait for.
            Verdict::Noise(_) | Verdict::Ignore => {
                if let Link::Stream(seat) = &self.link {
                    seat.retire();
                }
                Progress::Over(Outcome::Failure(Errno::ILLEGAL, None))
            }
        }
    }

    /// Ends with an answer.
    fn answered(&mut self, mut packet: Packet) -> Progress {
        let stream = matches!(self.link, Link::Stream(..));
        self.lesson = self.exchange.lesson(&packet, stream);
        self.exchange.restore_letters(&mut packet);
        Progress::Over(Outcome::Answer(packet))
    }

    /// The outcome when the time is over: what came instead of an answer, or silence.
    fn expire(
        &mut self,
        now: Instant,
        stat: &mut Stat,
        condition: &AtomicShared<Condition>,
    ) -> Progress {
        if let Link::Stream(seat) = &self.link {
            seat.expire();
        }
        match self.noise.take() {
            None if self.folds => Progress::Folded,
            None if self.trial.is_some() => Progress::NoTls,
            None => Progress::Over(Outcome::Silence),
            Some(Noise::Malformed) => Progress::Over(Outcome::Failure(Errno::ILLEGAL, None)),
            Some(Noise::Unproven { letters: true }) => Progress::Folded,
            Some(Noise::Forged) if !self.exchange.expects_cookie() => Progress::WithoutEdns(false),
            Some(Noise::Forged) if self.tcp != Tcp::Disable => {
                self.over_stream(now, stat, condition)
            }
            Some(Noise::Forged | Noise::Unproven { .. }) => Progress::Over(Outcome::Silence),
            // Anybody may have sent it, so the next question is asked with EDNS again.
            Some(Noise::Unasked(packet)) if self.exchange.edns() && refuses_edns(&packet) => {
                Progress::WithoutEdns(false)
            }
            Some(Noise::Unasked(packet)) => Progress::Over(Outcome::Answer(packet)),
        }
    }

    /// What to wait for.
    pub fn interest(&self, now: Instant) -> Member {
        let left = self.deadline.since(now);
        let polled = match &self.link {
            Link::Datagram(socket) => socket.member(libc::POLLIN),
            Link::Stream(seat) => return seat.member(left, GRACE),
            Link::Shared(slot) => return slot.member().within(Some(left.min(GRACE))),
        };
        polled.within(Some(left))
    }

    /// Receives datagrams until one is the answer.
    fn collect(&mut self, stat: &mut Stat) -> Result<Option<Verdict>> {
        let Link::Datagram(socket) = &self.link else { return Ok(None) };
        ROOM.with(|room| {
            let buffer = &mut room.borrow_mut()[..];
            for _ in 0..BURST {
                let size = match sock::receive(socket.fd(), buffer).map_err(Errno::from) {
                    Ok(size) => size,
                    Err(error) if error.is_again() || error == Errno(libc::EINTR) => break,
                    Err(error) => return Err(error),
                };
                stat.udp_received.add(size);
                if let Some(verdict) =
                    weigh(&self.exchange, self.tcp, &buffer[..size], &mut self.noise)
                {
                    return Ok(Some(verdict));
                }
            }
            Ok(None)
        })
    }

    /// Takes what came at a shared port.
    fn pick_up(&mut self, now: Instant, stat: &mut Stat) -> Result<Option<Verdict>> {
        let Link::Shared(slot) = &self.link else { return Ok(None) };
        slot.look(now >= self.relief);
        while let Some(message) = slot.take() {
            stat.udp_received.add(message.len());
            if let Some(verdict) = weigh(&self.exchange, self.tcp, &message, &mut self.noise) {
                return Ok(Some(verdict));
            }
        }
        slot.error().map_or(Ok(None), Err)
    }

    /// Asks the same question over TCP.
    fn over_stream(
        &mut self,
        now: Instant,
        stat: &mut Stat,
        condition: &AtomicShared<Condition>,
    ) -> Progress {
        self.more += 1;
        let dialled = Route::new(&self.exchange.ask, self.interface, None)
            .and_then(|route| dial(&mut self.exchange, &route, condition, false, now, stat));
        (self.deadline, self.relief) = (now.after(self.patience), now.after(GRACE));
        match dialled {
            Ok(link) => {
                self.link = link;
                self.link.describe(&words(&self.telling), condition);
                Progress::Wait
            }
            Err(_) if self.folds => Progress::Folded,
            Err(error) => Progress::Over(Outcome::Failure(error, None)),
        }
    }

    /// Goes on with a connection. If it ends that had served others, the question is sent once more, over a connection of
    /// its own: the server may close connections when it likes, RFC 7766 §6.2.4.
    fn follow(
        &mut self,
        now: Instant,
        stat: &mut Stat,
        condition: &AtomicShared<Condition>,
    ) -> Result<Option<Verdict>> {
        loop {
            let Link::Stream(seat) = &self.link else { return Ok(None) };
            seat.look(now >= self.relief);
            if let Some(full) = self.trial.take_if(|_| seat.is_established()) {
                self.deadline = full;
            }
            if let Some(message) = seat.take() {
                stat.tcp_received.add(message.len() + LENGTH);
                return Ok(Some(self.exchange.judge(&message, true)));
            }
            match seat.failure() {
                None => {
                    seat.describe(&words(&self.telling));
                    return Ok(None);
                }
                Some(failure) if failure.may_repeat && !self.renewed => {
                    let route = seat.route().clone();
                    self.renewed = true;
                    self.link = dial(&mut self.exchange, &route, condition, true, now, stat)?;
                }
                Some(failure) => {
                    self.reason = failure.reason;
                    return Err(failure.error);
                }
            }
        }
    }
}

/// Sends a question over a connection; `alone`: over one of its own.
fn dial(
    exchange: &mut Exchange,
    route: &Route,
    condition: &AtomicShared<Condition>,
    alone: bool,
    now: Instant,
    stat: &mut Stat,
) -> Result<Link> {
    let seat = seat::send(exchange, route, condition, alone, now)?;
    stat.tcp_sent.add(exchange.size() + LENGTH);
    Ok(Link::Stream(seat))
}

/// What a datagram means, if it ends the wait. One that fills all the room may have been longer.
fn weigh(
    exchange: &Exchange,
    tcp: Tcp,
    message: &[u8],
    noise: &mut Option<Noise>,
) -> Option<Verdict> {
    match exchange.judge(message, false) {
        Verdict::Ignore => None,
        Verdict::Noise(Noise::Malformed) if message.len() == DATAGRAM => {
            Some(Verdict::Truncated(exchange.cut()))
        }
        Verdict::Unproven { letters } if tcp == Tcp::Disable => {
            *noise = Some(Noise::Unproven { letters });
            None
        }
        Verdict::Noise(heard) => {
            *noise = Some(heard);
            None
        }
        verdict => Some(verdict),
    }
}
