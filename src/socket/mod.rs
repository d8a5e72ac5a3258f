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
mod secure;
mod settings;
mod side;
mod transfer;

pub use format::Format;
pub use input::Patience;
pub use mode::{Buffering, Flags, Mode};
pub use options::{KeepAlive, Options, SendName};
pub use side::{Direction, Stat};
pub use sys::message::{Address, Datagram, TRUNCATED};

use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::sys;
use crate::sys::socket as sock;
pub use establish::{Connecting, Start};
use establish::{Establishing, Phase, Plan};
use handle::Handle;
use held::Held;
use input::Input;
use interest::Interest;
use output::Output;
use pace::Pace;
use secure::Secure;
use side::Side;
use std::cell::RefCell;
use std::os::fd::RawFd;
use std::rc::Rc;

/// The type of a descriptor that is no socket but can be read and written.
const NO_SOCKET: i32 = 0;

/// A socket. Shared within one thread; no borrow of its state outlives a call.
pub struct Socket {
    /// Counted, since the thread's list of sockets with held lines has weak references to it.
    inner: Rc<RefCell<Inner>>,
}

/// What a socket holds.
pub(crate) struct Inner {
    handle: Handle,
    establishing: Establishing,
    input: Input,
    output: Output,
    held: Held,
    secure: Secure,
    pace: Pace,
    interest: Interest,
    /// Whether the time of each operation is noted for `stat`.
    time: bool,
    /// The default limit of waiting operations.
    timeout: Option<Span>,
}

impl Inner {
    fn new(fd: RawFd, kind: i32, phase: Phase) -> Inner {
        Inner {
            handle: Handle::new(fd, kind),
            establishing: Establishing::new(phase),
            input: Input::new(),
            output: Output::new(),
            held: Held::new(),
            secure: Secure::new(),
            pace: Pace::new(),
            interest: Interest::default(),
            time: true,
            timeout: None,
        }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Input => &mut self.input.side,
            Direction::Output => &mut self.output.side,
        }
    }
}

impl Socket {
    fn from_inner(inner: Inner) -> Socket {
        let inner = Rc::new(RefCell::new(inner));
        inner.borrow_mut().held.me = Rc::downgrade(&inner);
        Socket { inner }
    }

    fn from_plan(plan: Plan) -> Socket {
        if !plan.listen {
            kernel_buffer::note_client();
        }
        let mut inner = Inner::new(-1, plan.options.kind, Phase::AwaitAddress);
        inner.follow(&plan.options);
        inner.input.kernel.note_drained(true);
        inner.establishing.plan = Some(Box::new(plan));
        // Begin now. An error is told by the first operation.
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
            socket.ask((), |inner| inner.input.kernel.note_drained(true));
            socket
        };
        Ok((connected(a), connected(b)))
    }

    /// Takes a descriptor over. A descriptor that is no socket counts as a stream to read and write. EBADF.
    pub fn adopt(fd: RawFd) -> Result<Socket> {
        let kind = match sock::option(fd, libc::SOL_SOCKET, libc::SO_TYPE).map_err(Errno::from) {
            Err(Errno(libc::ENOTSOCK)) => NO_SOCKET,
            result => result?,
        };
        let listens = sock::option(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN).unwrap_or(0) != 0;
        sock::adopt(fd)?;
        kernel_buffer::note_client();
        let phase = if listens { Phase::Listening } else { Phase::Connected };
        let mut inner = Inner::new(fd, kind, phase);
        inner.handle.exposed = true;
        Ok(Socket::from_inner(inner))
    }

    /// As `adopt`, with a copy of the descriptor, which stays the caller's.
    pub fn duplicate(fd: RawFd) -> Result<Socket> {
        let copy = sock::duplicate(fd)?;
        Socket::adopt(copy).inspect_err(|_| sys::close(copy))
    }

    fn connected(fd: RawFd, family: i32, kind: i32) -> Socket {
        let mut inner = Inner::new(fd, kind, Phase::Connected);
        inner.handle.family = family;
        Socket::from_inner(inner)
    }

    /// Runs one operation on what the socket holds. A reference to that is counted first, as a callback of the
    /// program that libssl calls meanwhile may free the socket. `busy` is the answer if the operation is called from
    /// such a callback.
    #[inline(always)]
    fn with_or<T>(&self, busy: T, operation: impl FnOnce(&mut Inner) -> T) -> T {
        let counted = Rc::clone(&self.inner);
        let result = match counted.try_borrow_mut() {
            Ok(mut inner) => operation(&mut inner),
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
        match self.inner.try_borrow_mut() {
            Ok(mut inner) => f(&mut inner),
            Err(_) => busy,
        }
    }

    /// The descriptor, -1 while there is none.
    pub fn fd(&self) -> RawFd {
        self.ask(-1, |inner| {
            let _ = inner.release_held();
            inner.handle.exposed = true;
            match &inner.establishing.phase {
                Phase::AwaitName(race) => race.interest().fd,
                _ => inner.handle.fd,
            }
        })
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.ask(false, |inner| matches!(inner.establishing.phase, Phase::Failed(Errno::BADF)))
    }
}
