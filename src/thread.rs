// SPDX-License-Identifier: MIT
//! Threads whose end can be waited for like anything else: by a descriptor that becomes readable.
//!
//! What a thread runs, and how it is entered, is the C boundary's affair (`capi/thread.rs`).

use crate::clock::Span;
use crate::controller::{Member, Owner};
use crate::errno::{Errno, Result};
use crate::fork::forks;
use crate::socket::Socket;
use crate::sys;
use crate::sys::memory::AtomicShared;
use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

thread_local! {
    /// The calling thread's own side, if it was started here. Dropped when the thread ends, in whatever way.
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// How often a waiter looks whether the thread has vanished by the raw system call exit(2), of which no event tells.
pub const LOOK: Span = Span(1_000_000_000);

/// How a thread ended.
#[derive(PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What its function returned; EOWNERDEAD if it never did.
    pub code: i32,
    /// The reason that it gave by `explain`.
    pub reason: Option<CString>,
}

/// A handle of a thread; there may be many.
pub struct Thread {
    shared: AtomicShared<Shared>,
    /// Takes the descriptor out of the controllers in which a task waits by this handle.
    owner: Owner,
}

/// What a thread and its handles share.
struct Shared {
    outcome: OnceLock<Outcome>,
    /// What the thread is joined by. `None` before it was started, and once it has been joined.
    id: Mutex<Option<sys::thread::Id>>,
    /// A pipe, whose first end is readable when the thread has ended. The second end is written to and not just
    /// closed, since another process may have copies of both.
    ended: OwnedFd,
    end: File,
    /// The value of `fork::forks` when the pipe was made: a child that was forked since has copies.
    born: u32,
    /// The system's number of the thread; 0 until it runs.
    number: AtomicI32,
}

/// The thread's own side.
struct Current {
    shared: AtomicShared<Shared>,
    reason: Option<CString>,
}

/// What a new thread needs to become the one that was prepared.
pub struct Entry {
    shared: AtomicShared<Shared>,
    socket: OwnedFd,
}

/// Makes all that a thread needs but the thread itself: its handle, its `Entry`, and the caller's end of a socket
/// pair.
pub fn prepare() -> Result<(Thread, Entry, Socket)> {
    let (ours, theirs) = sys::socket::owned_pair(libc::SOCK_STREAM)?;
    let (ended, end) = sys::pipe()?;
    let (outcome, id, end) = (OnceLock::new(), Mutex::new(None), File::from(end));
    let shared = AtomicShared::new(Shared {
        outcome,
        id,
        ended,
        end,
        born: forks(),
        number: AtomicI32::new(0),
    })?;
    let entry = Entry { shared: shared.clone(), socket: theirs };
    Ok((Thread { shared, owner: Owner::new()? }, entry, Socket::adopt_owned(ours)?))
}

/// How long `join` waits for a thread whose function has returned, in nanoseconds: it is gone at once unless it runs
/// destructors.
const GOING: u64 = 100_000_000;

impl Entry {
    /// Makes the calling thread the one that was prepared. Returns its end of the socket pair.
    pub fn enter(self) -> Result<Socket> {
        self.shared.number.store(sys::thread::number(), Ordering::Release);
        let current = Current { shared: self.shared, reason: None };
        CURRENT.with(|place| *place.borrow_mut() = Some(current));
        Socket::adopt_owned(self.socket)
    }
}

/// Gives a reason for the end of the calling thread. EINVAL in a thread that was not started here, and for a NUL.
pub fn explain(reason: &[u8]) -> Result<()> {
    let reason = CString::new(reason).map_err(|_| Errno::BADARG)?;
    CURRENT.with(|current| {
        let mut current = current.borrow_mut();
        current.as_mut().ok_or(Errno::BADARG)?.reason = Some(reason);
        Ok(())
    })
}

/// Notes that the calling thread's function has returned `code`.
pub fn leave(code: i32) {
    CURRENT.with(|current| {
        if let Some(current) = current.borrow_mut().as_mut() {
            let reason = current.reason.take();
            // Nobody else sets it while the thread runs.
            let _ = current.shared.outcome.set(Outcome { code, reason });
        }
    });
}

/// The calling thread. ESRCH if it was not started here; ENOMEM.
pub fn current() -> Result<Thread> {
    CURRENT.with(|current| {
        let current = current.borrow();
        let shared = current.as_ref().ok_or(Errno(libc::ESRCH))?.shared.clone();
        Ok(Thread { shared, owner: Owner::new()? })
    })
}

impl Thread {
    /// Notes that the thread has been started; `id` is what it is joined by.
    pub fn started(&self, id: sys::thread::Id) {
        *self.shared.lock() = Some(id);
    }

    /// How it ended. EAGAIN while its function runs; EDEADLK in itself. Once the function has ended this waits for
    /// the thread to be gone, after a return for `GOING` at most. May be called again.
    pub fn join(&self) -> Result<&Outcome> {
        if self.is_current() {
            return Err(Errno(libc::EDEADLK));
        }
        let outcome = self.outcome().ok_or(Errno::AGAIN)?;
        // The thread is about to end, but destructors of the program's may take their time.
        let mut id = self.shared.lock();
        if let Some(gone) = id.take() {
            // EOWNERDEAD may mean that it is in exit(3), which ends the process: nothing must go on before that.
            let joined = match outcome.code {
                libc::EOWNERDEAD => sys::thread::join(gone),
                _ => sys::thread::join_within(gone, GOING),
            };
            match joined {
                Err(error) if error.raw_os_error() == Some(libc::ETIMEDOUT) => *id = Some(gone),
                result => result?,
            }
        }
        Ok(outcome)
    }

    /// Notes that the thread is gone if it has vanished without telling, for example by the raw system call exit(2).
    pub fn look_for_it(&self) {
        let number = self.shared.number.load(Ordering::Acquire);
        if number != 0 && self.outcome().is_none() && sys::thread::is_gone(number) {
            let _ = self.shared.outcome.set(Outcome { code: libc::EOWNERDEAD, reason: None });
        }
    }

    /// How it ended. `None` while it runs.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.shared.outcome.get()
    }

    /// The reason that it gave for its end.
    pub fn reason(&self) -> Option<&CStr> {
        self.outcome()?.reason.as_deref()
    }

    /// Whether it is the calling thread.
    pub fn is_current(&self) -> bool {
        CURRENT.with(|current| {
            current
                .borrow()
                .as_ref()
                .is_some_and(|c| AtomicShared::is_same(&c.shared, &self.shared))
        })
    }

    /// Whether both are handles of one thread.
    pub fn is(&self, other: &Thread) -> bool {
        AtomicShared::is_same(&self.shared, &other.shared)
    }

    /// The descriptor that is readable when it has ended.
    pub fn fd(&self) -> RawFd {
        self.shared.ended.as_raw_fd()
    }

    /// What to wait for until it has ended.
    pub fn interest(&self) -> Member {
        Member::owned(self.fd(), libc::POLLIN, &self.owner).within(Some(LOOK))
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Other handles may live on. A task waits by a handle of its own thread, and those that wait by this one
        // wake.
        let last = AtomicShared::count(&self.shared) == 1 && self.shared.born == forks();
        self.owner.leave(last);
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        let died = Outcome { code: libc::EOWNERDEAD, reason: self.reason.take() };
        let _ = self.shared.outcome.set(died); // unless its function has returned
        let _ = (&self.shared.end).write(&[0]); // there is room for the only byte
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<sys::thread::Id>> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(id) = self.lock().take() {
            sys::thread::detach(id);
        }
    }
}
