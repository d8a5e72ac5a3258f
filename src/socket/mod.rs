// SPDX-License-Identifier: MIT
//! Buffered sockets. Nothing here blocks: an operation that must wait returns EAGAIN and leaves in
//! `interest` what to wait for.
//!
//! A byte's way in: `input.rs` receives into the input queue (`bytes.rs`); `format.rs` finds what the
//! program asked for and translates it in place; the program copies it out. Its way out:
//! `output.rs` sends straight from the program's memory what the mode says must leave now, and
//! queues the rest.

mod accept;
mod ahead;
mod closing;
mod establish;
mod format;
mod greet;
mod handle;
mod held;
mod input;
mod interest;
mod kernel_buffer;
mod mode;
mod names;
mod options;
mod output;
mod pace;
mod rare;
mod reason;
mod secure;
mod sendfile;
mod settings;
mod short;
mod side;
mod transfer;
mod tuning;

pub use format::Format;
pub use input::Patience;
pub use mode::{Buffering, Flags, Mode};
pub use options::{KeepAlive, Options, SendName, Service};
pub use side::{Direction, Stat};
pub use sys::message::{Address, Datagram, TRUNCATED};
pub use tuning::Tuning;

use crate::clock::Limit;
use crate::controller::Owner;
use crate::errno::{Errno, Result};
use crate::sys;
use crate::sys::memory::{boxed, Shared, SharedRoom};
use crate::sys::socket as sock;
use crate::tls::Engine;
pub use establish::{Connecting, Start};
use establish::{Establishing, Phase, Plan};
use handle::Handle;
use held::Held;
pub use held::Hold;
use input::Input;
use interest::Interest;
use output::Output;
use pace::Pace;
use rare::Rare;
use side::Side;
use std::cell::{RefCell, UnsafeCell};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};

/// The type of a descriptor that is no socket but can be read and written.
const NO_SOCKET: i32 = 0;

/// A socket. Shared within one thread; no borrow of its state outlives a call.
pub struct Socket {
    /// Counted, since the thread's list of sockets with held lines has weak references to it.
    inner: Shared<Body>,
}

/// The memory of a socket: one block, as there are many of them.
pub(crate) struct Body {
    inner: RefCell<Inner>,
    /// Where the C interface keeps the `Socket` of which it has handed out the address, so that a handle takes no block of its
    /// own.
    place: UnsafeCell<MaybeUninit<Socket>>,
}

/// What a socket holds.
pub(crate) struct Inner {
    handle: Handle,
    establishing: Establishing,
    input: Input,
    output: Output,
    held: Held,
    /// TLS: bytes go through here once the handshake has begun.
    engine: Option<Box<Engine>>,
    pace: Pace,
    interest: Interest,
    rare: Option<Box<Rare>>,
    /// The default limit of waiting operations.
    timeout: Limit,
    /// The program's.
    data: usize,
}

impl Inner {
    fn new(handle: Handle, phase: Phase) -> Inner {
        Inner {
            handle,
            establishing: Establishing::new(phase),
            input: Input::new(),
            output: Output::new(),
            held: Held::new(),
            engine: None,
            pace: Pace::new(),
            interest: Interest::default(),
            rare: None,
            timeout: Limit::NONE,
            data: 0,
        }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Input => &mut self.input.side,
            Direction::Output => &mut self.output.side,
        }
    }
}

/// The memory of a socket, which is asked for before its descriptor is there: a failure loses no connection.
struct Prepared {
    inner: SharedRoom<Body>,
    owner: Owner,
}

impl Prepared {
    /// ENOMEM.
    fn new() -> Result<Prepared> {
        Ok(Prepared { inner: SharedRoom::new()?, owner: Owner::new()? })
    }

    /// The socket of a descriptor, or of none: -1.
    fn socket(self, fd: RawFd, kind: i32, phase: Phase) -> Socket {
        let handle = Handle::new(fd, kind, self.owner);
        let inner = RefCell::new(Inner::new(handle, phase));
        let body = Body { inner, place: UnsafeCell::new(MaybeUninit::uninit()) };
        Socket { inner: Shared::within(self.inner, |_| body) }
    }

    fn connected(self, fd: RawFd, family: i32, kind: i32) -> Socket {
        let socket = self.socket(fd, kind, Phase::Connected);
        socket.ask((), |inner| inner.handle.set_family(family));
        socket
    }
}

impl Socket {
    fn from_plan(plan: Plan) -> Result<Socket> {
        let (prepared, plan) = (Prepared::new()?, boxed(plan)?);
        let socket = prepared.socket(-1, plan.options.kind, Phase::AwaitAddress);
        if !plan.listen {
            kernel_buffer::note_client();
        }
        socket.with(|inner| {
            inner.follow(&plan.options)?;
            inner.input.kernel.note_new();
            inner.establishing.plan = Some(plan);
            // Begin now. An error is told by the first operation.
            let _ = inner.establish();
            Ok(())
        })?;
        Ok(socket)
    }

    /// A socket that begins to connect. `name` finds the addresses where the options say a name. ENOMEM.
    pub fn connect(options: Options, name: Option<Box<dyn Connecting>>) -> Result<Socket> {
        Socket::from_plan(Plan { listen: false, options, name })
    }

    /// A socket that listens. ENOMEM.
    pub fn listen(options: Options, name: Option<Box<dyn Connecting>>) -> Result<Socket> {
        Socket::from_plan(Plan { listen: true, options, name })
    }

    /// Two connected UNIX sockets. ENOMEM.
    pub fn pair(kind: i32) -> Result<(Socket, Socket)> {
        let (first, second) = (Prepared::new()?, Prepared::new()?);
        let (a, b) = sock::pair(kind)?;
        let connected = |prepared: Prepared, fd| {
            let socket = prepared.connected(fd, libc::AF_UNIX, kind);
            socket.ask((), |inner| inner.input.kernel.note_new());
            socket
        };
        Ok((connected(first, a), connected(second, b)))
    }

    /// Takes a descriptor over. A descriptor that is no socket counts as a stream to read and write. EBADF, ENOMEM: it
    /// stays the caller's.
    pub fn adopt(fd: RawFd) -> Result<Socket> {
        let prepared = Prepared::new()?;
        let kind = match sock::option(fd, libc::SOL_SOCKET, libc::SO_TYPE).map_err(Errno::from) {
            Err(Errno(libc::ENOTSOCK)) => NO_SOCKET,
            result => result?,
        };
        let listens = sock::option(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN).unwrap_or(0) != 0;
        sock::adopt(fd)?;
        kernel_buffer::note_client();
        let phase = if listens { Phase::Listening } else { Phase::Connected };
        let socket = prepared.socket(fd, kind, phase);
        socket.ask((), |inner| inner.handle.exposed = true);
        Ok(socket)
    }

    /// As `adopt`, and without a socket the descriptor is closed.
    pub fn adopt_owned(fd: OwnedFd) -> Result<Socket> {
        let socket = Socket::adopt(fd.as_raw_fd())?;
        let _ = fd.into_raw_fd();
        Ok(socket)
    }

    /// As `adopt`, with a copy of the descriptor, which stays the caller's.
    pub fn duplicate(fd: RawFd) -> Result<Socket> {
        let copy = sock::duplicate(fd)?;
        Socket::adopt(copy).inspect_err(|_| sys::close(copy))
    }

    /// Runs one operation on what the socket holds. A reference to that is counted first, as a callback of the
    /// program that libssl calls meanwhile may free the socket. `busy` is the answer if the operation is called from
    /// such a callback.
    #[inline(always)]
    fn with_or<T>(&self, busy: T, operation: impl FnOnce(&mut Inner) -> T) -> T {
        self.with_body(busy, |inner, _| operation(inner))
    }

    /// As `with_or`, and tells the operation in which memory it works.
    #[inline(always)]
    fn with_body<T>(&self, busy: T, operation: impl FnOnce(&mut Inner, &Shared<Body>) -> T) -> T {
        let counted = self.inner.clone();
        let result = match counted.inner.try_borrow_mut() {
            Ok(mut inner) => operation(&mut inner, &counted),
            Err(_) => busy,
        };
        result
    }

    /// As `with_or`, with EBUSY as the answer from such a callback.
    #[inline(always)]
    fn with<T>(&self, operation: impl FnOnce(&mut Inner) -> Result<T>) -> Result<T> {
        self.with_or(Err(Errno::BUSY), operation)
    }

    /// As `with`, and EBADF after close.
    #[inline(always)]
    fn with_open<T>(&self, operation: impl FnOnce(&mut Inner) -> Result<T>) -> Result<T> {
        self.with(|inner| {
            inner.establishing.check_open()?;
            operation(inner)
        })
    }

    /// As `with_open`, for an operation that may have to wait: forgets what the operation before waited for.
    #[inline(always)]
    fn operate<T>(&self, operation: impl FnOnce(&mut Inner) -> Result<T>) -> Result<T> {
        self.with_open(|inner| {
            inner.begin();
            operation(inner)
        })
    }

    /// Reads or changes something. `busy` is the answer in a callback of the program that libssl calls from inside an
    /// operation on this socket.
    fn ask<T>(&self, busy: T, f: impl FnOnce(&mut Inner) -> T) -> T {
        match self.inner.inner.try_borrow_mut() {
            Ok(mut inner) => f(&mut inner),
            Err(_) => busy,
        }
    }

    /// Where its owner can put this very `Socket`, and have it lie there until it is taken out and dropped.
    pub fn place(&self) -> *mut Socket {
        self.inner.place.get().cast()
    }

    /// The descriptor, -1 while there is none.
    pub fn fd(&self) -> RawFd {
        self.ask(-1, |inner| {
            let _ = inner.release_held();
            inner.handle.exposed = true;
            match inner.establishing.race() {
                Some(race) => race.interest().fd,
                None => inner.handle.fd,
            }
        })
    }

    /// A number of the program's, 0 at first.
    pub fn data(&self) -> usize {
        self.ask(0, |inner| inner.data)
    }

    /// Sets that number.
    pub fn set_data(&self, data: usize) {
        self.ask((), |inner| inner.data = data);
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.ask(false, |inner| matches!(inner.establishing.phase, Phase::Failed(Errno::BADF)))
    }
}

#[cfg(test)]
mod tests;
