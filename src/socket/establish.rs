// SPDX-License-Identifier: MIT
//! The way from options to a connected or listening descriptor: states named for what they await,
//! one step each.

use super::options::Options;
use super::{Inner, Socket};
use crate::address;
use crate::clock::Span;
use crate::controller::{Descriptor, Member};
use crate::errno::{Errno, Result};
use crate::sys::activation;
use crate::sys::describe::{words, Connection};
use crate::sys::{self, socket as sock};
use nix::sys::socket::{SockaddrLike, SockaddrStorage};
use std::ffi::CStr;
use std::net::SocketAddr;
use std::os::fd::RawFd;

/// What a socket awaits before it can be used.
pub enum Phase {
    /// Its first step, which looks whether the options name an address or a host.
    AwaitAddress,
    /// The addresses of its name, and a connection to one of them.
    AwaitName,
    /// The outcome of connect(2).
    AwaitConnection,
    /// Room in the backlog of a UNIX listener, tried again after `BACKLOG_RETRY`.
    AwaitBacklog,
    /// The end of the TLS handshake.
    AwaitHandshake,
    /// Nothing: it is connected, is a bound datagram socket, or was made from a descriptor that does not listen.
    Connected,
    /// Nothing: it listens.
    Listening,
    /// Nothing any more: it has failed with this error; EBADF also stands for closed.
    Failed(Errno),
}

/// What a socket becomes, and from what.
pub struct Plan {
    /// Listen instead of connect.
    pub listen: bool,
    /// The options of the program.
    pub options: Options,
    /// If the options name a host: what finds its addresses, until there is a connection to one of them or none is left.
    pub name: Option<Box<dyn Connecting>>,
}

/// How far a socket has come on its way.
pub struct Establishing {
    pub phase: Phase,
    /// What the socket is to become. `None` once it is connected or listens.
    pub plan: Option<Box<Plan>>,
}

impl Establishing {
    pub fn new(phase: Phase) -> Establishing {
        Establishing { phase, plan: None }
    }

    /// What finds the addresses of a name and connects to one of them, while that is awaited.
    pub fn race(&self) -> Option<&dyn Connecting> {
        match self.phase {
            Phase::AwaitName => self.plan.as_ref()?.name.as_deref(),
            _ => None,
        }
    }

    /// EBADF after close.
    #[inline]
    pub fn check_open(&self) -> Result<()> {
        match self.phase {
            Phase::Failed(Errno::BADF) => Err(Errno::BADF),
            _ => Ok(()),
        }
    }
}

/// Begins a connection to an address. Returns a descriptor, and whether it is connected already.
pub type Start<'a> = &'a mut dyn FnMut(&SocketAddr) -> Result<(Descriptor, bool)>;

/// What finds the addresses of a name and connects to one of them, while the socket waits.
pub trait Connecting {
    /// Goes on until there is a connection, must wait (EAGAIN), or nothing is left to try.
    fn step(&mut self, start: Start) -> Result<(Descriptor, SocketAddr)>;
    /// All addresses, IPv4 first, for a caller that tries them in this order. EAGAIN while they are not known.
    fn addresses(&mut self) -> Result<Vec<SocketAddr>>;
    /// What to wait for after EAGAIN.
    fn interest(&self) -> Member;
    /// Whether connections are being tried.
    fn is_connecting(&self) -> bool;
    /// What has happened so far, in words.
    fn story(&self) -> String;
}

/// How long a connect waits for room in a UNIX listener's backlog before it tries again: the kernel has no event for it.
/// Chosen: with a smaller one clients of a listener that does not accept use the processor, and each millisecond more
/// delays every connection that found the backlog full.
pub const BACKLOG_RETRY: Span = Span(5_000_000);

impl Socket {
    /// Continues connecting or binding: `Ok` once that is done, EAGAIN while it must wait.
    pub fn establish(&self) -> Result<()> {
        self.operate(|inner| inner.establish())
    }

    /// The descriptor, once connecting or binding has gone as far as it can.
    pub(super) fn open_fd(&self) -> Result<RawFd> {
        self.with_open(|inner| {
            match inner.establish() {
                Ok(()) | Err(Errno::AGAIN) => Ok(inner.handle.fd),
                // After a failure of TLS the descriptor still has a peer.
                Err(_) if inner.engine.is_some() => Ok(inner.handle.fd),
                Err(error) => Err(error),
            }
        })
    }

    /// What it is doing, in a word.
    pub fn phase(&self) -> &'static CStr {
        self.ask(c"busy", |inner| match &inner.establishing.phase {
            Phase::AwaitName
                if inner.establishing.race().is_some_and(|race| race.is_connecting()) =>
            {
                c"connecting"
            }
            Phase::AwaitAddress | Phase::AwaitName => c"resolving",
            Phase::AwaitConnection | Phase::AwaitBacklog => c"connecting",
            Phase::AwaitHandshake => c"handshaking",
            Phase::Connected => c"connected",
            Phase::Listening => c"listening",
            Phase::Failed(Errno::BADF) if inner.handle.fd < 0 => c"closed",
            Phase::Failed(_) => c"failed",
        })
    }
}

impl Inner {
    /// As `ensure_established`, but `Ok` also while connect(2) is under way: a send(2) may be made then, as its
    /// outcome tells the state of the connection. See `connecting`.
    #[inline(always)]
    pub fn may_send(&mut self) -> Result<()> {
        match self.establishing.phase {
            Phase::Connected => Ok(()),
            Phase::AwaitConnection => Ok(()),
            _ => self.establish(),
        }
    }

    /// What the outcome of a send(2) means for a connection that was under way: EAGAIN that it still
    /// is, another error that it failed.
    pub fn connecting(&mut self, outcome: Result<usize>) -> Result<usize> {
        match outcome {
            Err(error) if error.is_again() || error == Errno(libc::EINTR) => {}
            Ok(_) | Err(Errno::PIPE) => self.enter(Phase::Connected)?,
            Err(error) => {
                self.explain(&error.text());
                self.establishing.phase = Phase::Failed(error);
            }
        }
        outcome
    }

    /// `establish`, at no cost once that is done.
    #[inline(always)]
    pub fn ensure_established(&mut self) -> Result<()> {
        match self.establishing.phase {
            Phase::Connected => Ok(()),
            _ => self.establish(),
        }
    }

    /// Goes on until the socket is ready (`Ok`), must wait (EAGAIN), or failed.
    pub fn establish(&mut self) -> Result<()> {
        loop {
            let next = match self.establishing.phase {
                Phase::Connected | Phase::Listening => return Ok(()),
                Phase::Failed(error) => return Err(error),
                Phase::AwaitAddress => self.open(),
                Phase::AwaitName => self.await_name(),
                Phase::AwaitConnection => self.finish_connect(),
                Phase::AwaitBacklog => self.retry_connect(),
                Phase::AwaitHandshake => self.continue_handshake(),
            };
            match next {
                Ok(phase) => self.enter(phase)?,
                Err(Errno::AGAIN) => return Err(Errno::AGAIN),
                // The handshake has not moved, and can go on when there is memory.
                Err(Errno::NOMEM) if matches!(self.establishing.phase, Phase::AwaitHandshake) => {
                    return Err(Errno::NOMEM);
                }
                // It has not begun, and can when descriptors are free.
                Err(error) if self.is_short_of_descriptors(error) => return Err(error),
                Err(error) => {
                    if self.known_reason().is_none() && self.handle.fd >= 0 {
                        self.explain(&error.text());
                    }
                    self.establishing.phase = Phase::Failed(error);
                }
            }
        }
    }

    fn is_short_of_descriptors(&self, error: Errno) -> bool {
        matches!(self.establishing.phase, Phase::AwaitAddress | Phase::AwaitName)
            && self.handle.fd < 0
            && error.is_shortage()
    }

    /// `establish` for a listener. An adopted descriptor may be bound without listening: listen(2) is called for it,
    /// and refuses a socket that cannot listen.
    pub fn establish_listener(&mut self) -> Result<()> {
        if self.establishing.plan.as_ref().is_some_and(|plan| !plan.listen)
            && !matches!(self.establishing.phase, Phase::Failed(_))
        {
            return Err(Errno::BADARG); // it connects
        }
        self.establish()?;
        let stream = matches!(self.handle.kind, libc::SOCK_STREAM | libc::SOCK_SEQPACKET);
        if stream && self.engine.is_none() && matches!(self.establishing.phase, Phase::Connected) {
            sock::listen(self.handle.fd, sock::BACKLOG)?;
            self.establishing.phase = Phase::Listening;
        }
        Ok(())
    }

    fn enter(&mut self, phase: Phase) -> Result<()> {
        self.establishing.phase = phase;
        self.handle.owner.describe(None);
        // A read from a listener must ask the kernel, which answers with an error.
        self.input.kernel.drained &= !matches!(self.establishing.phase, Phase::Listening);
        match (&self.establishing.phase, self.establishing.plan.take()) {
            (Phase::Connected, Some(plan)) => plan.options.relax(self.handle.fd, false),
            (Phase::Listening, Some(plan)) => plan.options.relax(self.handle.fd, true),
            (_, plan) => {
                self.establishing.plan = plan;
                Ok(())
            }
        }
    }

    fn open(&mut self) -> Result<Phase> {
        let Some(plan) = self.establishing.plan.take() else { return Err(Errno::BADF) };
        let result = match plan.name {
            Some(_) => Ok(Phase::AwaitName),
            None => plan.options.address().and_then(|address| self.open_at(&plan, &address)),
        };
        self.establishing.plan = Some(plan);
        result
    }

    /// Opens a descriptor for the address `target`, and binds and listens there or connects to it.
    fn open_at(&mut self, plan: &Plan, target: &SockaddrStorage) -> Result<Phase> {
        let options = &plan.options;
        let family = address::family(target);
        let stream = options.kind != libc::SOCK_DGRAM;
        // A bound datagram socket receives from everybody.
        let listen = |fd| match stream {
            true => Ok(sock::listen(fd, options.tuning.backlog()).map(|()| Phase::Listening)?),
            false => Ok(Phase::Connected),
        };
        if let Some(fd) = handed_over(plan, target) {
            (self.handle.fd, self.handle.kind) = (fd, options.kind); // its family may be the other one
            sock::adopt(fd)?;
            return listen(fd);
        }
        self.handle.own(sock::open(family, options.kind)?, family, options.kind);
        options.apply(self.handle.fd, family, options.kind, plan.listen)?;
        if plan.listen {
            let fd = self.handle.fd;
            let begun = bind(fd, target, options).and_then(|()| listen(fd));
            return begun.map_err(|error| self.explain_own(error, target));
        }
        if let Some(local) = &options.bind {
            let bound = sock::bind(self.handle.fd, local);
            bound.map_err(|error| self.explain_own(error.into(), local))?;
        }
        self.connect(target)
    }

    /// One step of the phase `AwaitName`: finds the addresses of a name, and connects to or listens at one of them.
    fn await_name(&mut self) -> Result<Phase> {
        let Some(mut plan) = self.establishing.plan.take() else { return Err(Errno::BADF) };
        let Some(mut name) = plan.name.take() else { return Err(Errno::BADF) };
        let result = match plan.listen || plan.options.kind == libc::SOCK_DGRAM {
            true => name.addresses().and_then(|list| self.first_that_does(&plan, &list)),
            false => name.step(&mut |address| begin(&plan.options, address)).map(
                |(descriptor, address)| {
                    let family = address::family(&SockaddrStorage::from(address));
                    self.handle.own(descriptor.release(), family, plan.options.kind);
                    Phase::Connected
                },
            ),
        };
        match result {
            Err(Errno::AGAIN) => {
                self.interest.events = name.interest().events;
                plan.name = Some(name);
            }
            Err(error) if error.is_shortage() && self.handle.fd < 0 => plan.name = Some(name),
            Err(_) if self.handle.fd < 0 && self.known_reason().is_none() => {
                self.set_reason(name.story());
            }
            _ => {}
        }
        self.establishing.plan = Some(plan);
        result
    }

    /// Opens at the first address of several at which that is possible.
    fn first_that_does(&mut self, plan: &Plan, list: &[SocketAddr]) -> Result<Phase> {
        let mut result = Err(Errno::NONAME);
        for &address in list {
            result = self.open_at(plan, &SockaddrStorage::from(address));
            match result {
                Ok(_) => {
                    self.clear_reason(); // it was about another address
                    break;
                }
                Err(_) if self.handle.fd >= 0 => {
                    sys::close(std::mem::replace(&mut self.handle.fd, -1))
                }
                Err(_) => {}
            }
        }
        result
    }

    fn connect(&mut self, target: &SockaddrStorage) -> Result<Phase> {
        match sock::connect(self.handle.fd, target).map_err(Errno::from) {
            Ok(()) => Ok(Phase::Connected),
            Err(Errno(libc::EINPROGRESS | libc::EINTR)) => {
                self.establishing.phase = Phase::AwaitConnection;
                self.handle.owner.describe(words(Connection(*target)));
                Err(self.must_wait(libc::POLLOUT))
            }
            // UNIX sockets only: the backlog is full.
            Err(Errno(libc::EAGAIN)) => {
                self.establishing.phase = Phase::AwaitBacklog;
                Err(self.must_wait(0))
            }
            Err(error) => Err(error),
        }
    }

    /// connect(2) again tells the state of the first one: EISCONN after success, EALREADY before.
    fn finish_connect(&mut self) -> Result<Phase> {
        let target = self.target()?;
        match sock::connect(self.handle.fd, &target).map_err(Errno::from) {
            Ok(()) | Err(Errno(libc::EISCONN)) => Ok(Phase::Connected),
            Err(Errno(libc::EALREADY | libc::EINPROGRESS | libc::EINTR)) => {
                Err(self.must_wait(libc::POLLOUT))
            }
            // Some systems answer EINVAL after a failure and keep the reason in SO_ERROR.
            Err(error) => Err(sock::take_error(self.handle.fd).err().map_or(error, Errno::from)),
        }
    }

    fn retry_connect(&mut self) -> Result<Phase> {
        let target = self.target()?;
        self.connect(&target)
    }

    pub(super) fn target(&self) -> Result<SockaddrStorage> {
        self.establishing.plan.as_ref().ok_or(Errno::BADF)?.options.address()
    }
}

/// Begins to connect to one of a name's addresses.
fn begin(options: &Options, address: &SocketAddr) -> Result<(Descriptor, bool)> {
    let target = SockaddrStorage::from(*address);
    let family = address::family(&target);
    let descriptor = Descriptor::new(sock::open(family, options.kind)?)?;
    options.apply(descriptor.fd(), family, options.kind, false)?;
    if let Some(local) = options.bind.as_ref().filter(|local| address::family(local) == family) {
        sock::bind(descriptor.fd(), local)?;
    }
    match sock::connect(descriptor.fd(), &target).map_err(Errno::from) {
        Ok(()) => Ok((descriptor, true)),
        Err(Errno(libc::EINPROGRESS | libc::EINTR)) => {
            descriptor.describe(words(Connection(target)));
            Ok((descriptor, false))
        }
        Err(error) => Err(error),
    }
}

/// The descriptor that a service manager has handed over for an address, if a listener wants it.
fn handed_over(plan: &Plan, target: &SockaddrStorage) -> Option<i32> {
    let wanted = plan.listen && plan.options.tuning.activated;
    wanted.then(|| activation::take(target, plan.options.kind)).flatten()
}

/// Binds. At a UNIX path it first removes what is there, and sets permissions and umask, as far as the options say
/// so.
fn bind(fd: i32, target: &SockaddrStorage, options: &Options) -> Result<()> {
    let path = options.path.as_deref().map(Vec::as_slice).filter(|path| path.first() != Some(&0));
    let Some(path) = path.filter(|_| target.as_unix_addr().is_some() && target.len() > 0) else {
        return Ok(sock::bind(fd, target)?);
    };
    if options.unlink {
        match nix::unistd::unlink(path) {
            Err(nix::errno::Errno::ENOENT) | Ok(()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // On Linux the path gets the descriptor's permissions less the umask. So they are set before bind(2), and nobody
    // can connect while the path has other permissions.
    if let Some(mode) = options.mode {
        sock::change_mode(fd, mode)?;
    }
    let previous = options.mask.map(sock::umask);
    let bound = sock::bind(fd, target);
    previous.map(sock::umask);
    Ok(bound?)
}
