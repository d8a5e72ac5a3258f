// SPDX-License-Identifier: MIT
//! Buffered sockets. Nothing here blocks: an operation that must wait returns EAGAIN and leaves in
//! `interest` what to wait for.
//!
//! A byte's way in: `input.rs` receives into the input queue (`bytes.rs`); `format.rs` finds what the
//! program asked for and translates it in place; the program copies it out. Its way out:
//! `output.rs` sends straight from the program's memory what the mode says must leave now, and
//! queues the rest.

mod accept;
mod closing;
mod establish;
mod format;
mod held;
mod input;
mod interest;
mod mode;
mod names;
mod options;
mod output;
mod secure;
mod settings;
mod transfer;

pub use format::Format;
pub use input::Patience;
pub use mode::{Buffering, Flags, Mode};
pub use options::{KeepAlive, Options, SendName};
pub use sys::message::{Address, Datagram, TRUNCATED};

use crate::bytes::{self, Queue};
use crate::clock::{wall_seconds, Instant, Span};
use crate::controller::Owner;
use crate::errno::{Errno, Result};
use crate::fork::forks;
use crate::poller::Events;
use crate::sys;
use crate::sys::socket as sock;
use crate::tls::{Engine, Peer};
pub use establish::{Connecting, Start};
use establish::{Phase, Plan};
use std::cell::RefCell;
use std::os::fd::RawFd;
use std::rc::{Rc, Weak};

/// The type of a descriptor that is no socket but can be read and written.
const NO_SOCKET: i32 = 0;

/// A direction of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Towards the program.
    Input,
    /// Towards the peer.
    Output,
}

/// What `stat` tells of one direction.
#[derive(Clone, Copy, Default)]
pub struct Stat {
    /// Bytes.
    pub count: u64,
    /// Whether end of file was seen (input), the peer refuses more (output), or it was shut down.
    pub eof: bool,
    /// Seconds since the epoch of the last operation; 0 if there was none.
    pub time: i64,
}

/// One direction's settings and state.
pub struct Side {
    /// Bytes that wait.
    queue: Queue,
    /// How bytes are treated.
    mode: Mode,
    /// Buffer size; `usize::MAX` is unlimited.
    size: usize,
    /// The longest line.
    max_line: usize,
    /// Statistics; `eof` there as the program's I/O has found it.
    stat: Stat,
    /// Shut down by the program.
    shut: bool,
    /// The error that a waiting operation left, until cleared.
    error: Option<Errno>,
}

impl Side {
    fn new() -> Side {
        let (size, max_line) = (bytes::SMALL, 4096);
        let (stat, mode) = (Stat::default(), Mode::default());
        Side { queue: Queue::default(), mode, size, max_line, stat, shut: false, error: None }
    }

    fn count(&mut self, bytes: usize, time: bool) {
        self.stat.count += bytes as u64;
        if time {
            self.stat.time = wall_seconds();
        }
    }
}

/// A socket. Shared within one thread; no borrow of its state outlives a call.
pub struct Socket {
    /// Counted so that held lines find it.
    inner: Rc<RefCell<Inner>>,
}

/// What a socket holds.
pub(crate) struct Inner {
    fd: RawFd,
    /// Takes the descriptor out of controllers before it is closed.
    owner: Owner,
    kind: i32,
    /// AF_UNSPEC while not known.
    family: i32,
    phase: Phase,
    plan: Option<Box<Plan>>,
    input: Side,
    output: Side,
    /// The front of the input queue known to hold no line feed.
    scanned: usize,
    /// The end of the last complete line in the output queue.
    lines: usize,
    /// Others may have made copies of the descriptor.
    exposed: bool,
    /// How many forks there had been when it was made.
    born: u32,
    /// Itself.
    me: Weak<RefCell<Inner>>,
    /// Lines may be held until the task waits, and some are.
    may_hold: bool,
    held: bool,
    /// The last resumption in which a line was written or a connection accepted.
    turn: u64,
    /// How many connections were accepted in it.
    accepts: u32,
    /// The program has said that it sends more at once.
    more: bool,
    /// The program comes back with what was not taken.
    again: bool,
    /// TLS ended without the peer saying so.
    cut: bool,
    /// A message was received, and what is left of it ends as a stream does at end of file.
    message: bool,
    /// MSG_NOSIGNAL or 0.
    send_flags: i32,
    /// It came from a listener.
    accepted: bool,
    /// Bytes go through here once the handshake has begun.
    tls: Option<Box<Engine>>,
    /// What TLS has to know about the peer, if anything.
    peer: Option<Box<Peer>>,
    /// The story of the last failure that has one.
    reason: Option<Box<str>>,
    /// The last receive emptied the kernel's buffer; see `held.rs` for how long that is believed.
    drained: bool,
    drained_at: u64,
    /// How many sockets of this thread had ended when the kernel's buffer was last found empty.
    ends_known: u64,
    /// An end of TLS that the peer did not announce is a failure.
    strict: bool,
    /// Pending output could not be sent before input was looked for.
    output_blocked: bool,
    /// How many reads there were, and since when they have gone on in which resumption; see `give_way`.
    reads: u32,
    reading_turn: u64,
    reading_since: Instant,
    /// A failure of receiving that came while there was still something to hand out.
    late: Option<Errno>,
    /// The operation under way has found or left the kernel's buffer empty.
    emptied: bool,
    /// What the last operation that must wait waits for.
    wanted: Events,
    /// When to try again although no event comes.
    retry: Option<Span>,
    /// Track times for `stat`.
    time: bool,
    /// The default limit of waiting operations.
    timeout: Option<Span>,
}

impl Inner {
    fn new(fd: RawFd, kind: i32, phase: Phase) -> Inner {
        Inner {
            fd,
            owner: Owner::new(),
            kind,
            family: libc::AF_UNSPEC,
            phase,
            plan: None,
            input: Side::new(),
            output: Side::new(),
            scanned: 0,
            lines: 0,
            exposed: false,
            born: forks(),
            me: Weak::new(),
            may_hold: true,
            held: false,
            turn: 0,
            accepts: 0,
            more: false,
            again: false,
            cut: false,
            message: false,
            send_flags: libc::MSG_NOSIGNAL,
            accepted: false,
            tls: None,
            peer: None,
            reason: None,
            drained: false,
            drained_at: 0,
            ends_known: 0,
            strict: true,
            output_blocked: false,
            emptied: false,
            late: None,
            reads: 0,
            reading_turn: 0,
            reading_since: Instant(0),
            wanted: 0,
            retry: None,
            time: true,
            timeout: None,
        }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Input => &mut self.input,
            Direction::Output => &mut self.output,
        }
    }
}

impl Socket {
    fn from_inner(inner: Inner) -> Socket {
        let inner = Rc::new(RefCell::new(inner));
        inner.borrow_mut().me = Rc::downgrade(&inner);
        Socket { inner }
    }

    fn from_plan(plan: Plan) -> Socket {
        if !plan.listen {
            held::note_client();
        }
        let mut inner = Inner::new(-1, plan.options.kind, Phase::AwaitAddress);
        inner.follow(&plan.options);
        inner.note_drained(true);
        inner.plan = Some(Box::new(plan));
        // Begin now; what comes of it is told by the first operation.
        let _ = inner.establish();
        Socket::from_inner(inner)
    }

    /// A socket that begins to connect. `name` finds the addresses where the options say a name.
    pub fn connect(options: Options, name: Option<Box<dyn Connecting>>) -> Socket {
        Socket::from_plan(Plan { listen: false, options, name })
    }

    /// A socket that listens.
    pub fn listen(options: Options, name: Option<Box<dyn Connecting>>) -> Socket {
        Socket::from_plan(Plan { listen: true, options, name })
    }

    /// Two connected UNIX sockets.
    pub fn pair(kind: i32) -> Result<(Socket, Socket)> {
        let (a, b) = sock::pair(kind)?;
        let connected = |fd| {
            let socket = Socket::connected(fd, libc::AF_UNIX, kind);
            socket.ask((), |inner| inner.note_drained(true));
            socket
        };
        Ok((connected(a), connected(b)))
    }

    /// Takes a descriptor over. What is no socket is a stream to read and write. EBADF.
    pub fn adopt(fd: RawFd) -> Result<Socket> {
        let kind = match sock::option(fd, libc::SOL_SOCKET, libc::SO_TYPE).map_err(Errno::from) {
            Err(Errno(libc::ENOTSOCK)) => NO_SOCKET,
            result => result?,
        };
        let listens = sock::option(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN).unwrap_or(0) != 0;
        sock::adopt(fd)?;
        held::note_client();
        let phase = if listens { Phase::Listening } else { Phase::Connected };
        let mut inner = Inner::new(fd, kind, phase);
        inner.exposed = true;
        Ok(Socket::from_inner(inner))
    }

    /// As `adopt`, with a copy of the descriptor, which stays the caller's.
    pub fn duplicate(fd: RawFd) -> Result<Socket> {
        let copy = sock::duplicate(fd)?;
        Socket::adopt(copy).inspect_err(|_| sys::close(copy))
    }

    fn connected(fd: RawFd, family: i32, kind: i32) -> Socket {
        let mut inner = Inner::new(fd, kind, Phase::Connected);
        inner.family = family;
        Socket::from_inner(inner)
    }

    /// Runs one operation on what the socket holds. That is counted first: a callback that libssl calls meanwhile may
    /// free the socket. EBUSY if the operation is called from such a callback.
    #[inline(always)]
    fn with<T>(&self, operation: impl FnOnce(&mut Inner) -> Result<T>) -> Result<T> {
        let counted = Rc::clone(&self.inner);
        let mut inner = counted.try_borrow_mut().map_err(|_| Errno::BUSY)?;
        operation(&mut inner)
    }

    /// The same, EBADF after close.
    #[inline(always)]
    fn with_open<T>(&self, operation: impl FnOnce(&mut Inner) -> Result<T>) -> Result<T> {
        self.with(|inner| {
            inner.check_open()?;
            operation(inner)
        })
    }

    /// The same for an operation that may have to wait: what the one before waited for is forgotten.
    #[inline(always)]
    fn operate<T>(&self, operation: impl FnOnce(&mut Inner) -> Result<T>) -> Result<T> {
        self.with_open(|inner| {
            inner.begin();
            operation(inner)
        })
    }

    /// Reads or changes something. While libssl calls a callback of the program's from inside a call on
    /// this very socket, it is busy: `busy` is the answer then.
    fn ask<T>(&self, busy: T, f: impl FnOnce(&mut Inner) -> T) -> T {
        match self.inner.try_borrow_mut() {
            Ok(mut inner) => f(&mut inner),
            Err(_) => busy,
        }
    }

    /// The descriptor, -1 while there is none.
    pub fn fd(&self) -> RawFd {
        self.ask(-1, |inner| {
            let _ = inner.release_held();
            inner.exposed = true;
            match &inner.phase {
                Phase::AwaitName(race) => race.interest().fd,
                _ => inner.fd,
            }
        })
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.ask(false, |inner| matches!(inner.phase, Phase::Failed(Errno::BADF)))
    }
}

impl Inner {
    /// Whether the kernel keeps the boundaries of messages.
    fn has_messages(&self) -> bool {
        !matches!(self.kind, libc::SOCK_STREAM | NO_SOCKET)
    }

    fn check_open(&self) -> Result<()> {
        match self.phase {
            Phase::Failed(Errno::BADF) => Err(Errno::BADF),
            _ => Ok(()),
        }
    }
}
