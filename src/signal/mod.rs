// SPDX-License-Identifier: MIT
//! Signals as events, and what else there is to do with them. Nothing here installs a handler unless it
//! is asked to by name (`discard`).
//!
//! A backend provides a type `Source` with:
//!
//! - `new(&Set, &[i32]) -> Result<Source>`: listens for those signals, numbers that exist;
//! - `fd()`: a descriptor that is readable when `take` has something to tell, or -1 where the system has
//!   nothing of the kind;
//! - `take() -> Result<i32>`: the number of a signal that came, EAGAIN if none did;
//! - the constant `FEATURES`.

#[cfg(kqueue)]
mod kqueue;
mod names;
#[cfg(epoll)]
mod signalfd;
#[cfg(ports)]
mod sigtimedwait;

#[cfg(kqueue)]
use kqueue as backend;
#[cfg(epoll)]
use signalfd as backend;
#[cfg(ports)]
use sigtimedwait as backend;

use crate::clock::Span;
use crate::controller::Member;
use crate::errno::{Errno, Result};
use crate::sys::signal as sys;
use backend::Source;
use std::cell::Cell;
use std::os::fd::RawFd;

pub use crate::sys::signal::{describe, Disposition};
pub use names::all;

/// How the system tells of signals, as bits.
pub const FEATURES: u32 = backend::FEATURES;
/// signalfd(2): Linux.
pub const SIGNALFD: u32 = 1;
/// EVFILT_SIGNAL of kqueue(2).
pub const EVFILT_SIGNAL: u32 = 2;
/// sigtimedwait(2): pending signals can be asked for.
pub const SIGTIMEDWAIT: u32 = 4;
/// kqueue(2).
pub const KQUEUE: u32 = 8;
/// kqueue1(2).
pub const KQUEUE1: u32 = 16;

/// How often pending signals are asked for on a system without a descriptor for them, unless `set_interval` says
/// otherwise.
const INTERVAL: Span = Span(1_000_000_000);

/// Listens for signals.
pub struct Listener {
    source: Source,
    interval: Cell<Option<Span>>,
}

impl Listener {
    /// A listener for these signals. EINVAL for one that does not exist or that nobody can listen for (SIGKILL,
    /// SIGSTOP).
    pub fn new(signals: &[i32]) -> Result<Listener> {
        if signals.iter().any(|&signal| signal == libc::SIGKILL || signal == libc::SIGSTOP) {
            return Err(Errno::BADARG);
        }
        let source = Source::new(&sys::Set::of(signals)?, signals)?;
        Ok(Listener { source, interval: Cell::new(None) })
    }

    /// The number of a signal that came. EAGAIN if none did.
    pub fn take(&self) -> Result<i32> {
        self.source.take()
    }

    /// The descriptor that is readable when a signal came, or -1.
    pub fn fd(&self) -> RawFd {
        self.source.fd()
    }

    /// Sets how long a wait goes on before the pending signals are asked for again.
    pub fn set_interval(&self, interval: Option<Span>) {
        self.interval.set(interval);
    }

    /// The interval that was set. If none was: a second where the system has no descriptor for signals, otherwise
    /// `None`.
    pub fn interval(&self) -> Option<Span> {
        self.interval.get().or((self.fd() < 0).then_some(INTERVAL))
    }

    /// What to wait for until `take` has something to tell.
    pub fn interest(&self) -> Member {
        self.source.member().within(self.interval())
    }
}

/// Blocks signals in the calling thread. EINVAL, and none is blocked, if one does not exist.
pub fn block(signals: &[i32]) -> Result<()> {
    sys::block(&sys::Set::of(signals)?)?;
    Ok(())
}

/// Unblocks signals in the calling thread. EINVAL, and none is unblocked, if one does not exist.
pub fn unblock(signals: &[i32]) -> Result<()> {
    sys::unblock(&sys::Set::of(signals)?)?;
    Ok(())
}

/// Sets what becomes of signals, one after the other. EINVAL for one that does not exist or whose fate
/// is fixed (SIGKILL, SIGSTOP); those before it are set.
pub fn dispose(signals: &[i32], disposition: Disposition) -> Result<()> {
    Ok(signals.iter().try_for_each(|&signal| sys::dispose(signal, disposition))?)
}

/// Sends signals to the calling thread. EINVAL for one that does not exist; those before it are sent.
pub fn raise(signals: &[i32]) -> Result<()> {
    Ok(signals.iter().try_for_each(|&signal| sys::raise(signal))?)
}

/// The name of a signal: `SIGINT`.
pub fn name(signal: i32) -> Option<&'static std::ffi::CStr> {
    all().find(|entry| entry.1 == signal).map(|entry| entry.0)
}

/// The number of a signal by its name. ENOENT if this system has none of that name.
pub fn number(name: &std::ffi::CStr) -> Result<i32> {
    all().find(|entry| entry.0 == name).map(|entry| entry.1).ok_or(Errno::NOENT)
}

#[cfg(test)]
mod tests;
