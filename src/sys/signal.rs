// SPDX-License-Identifier: MIT
//! ppoll(2): waiting for a descriptor or a signal.

use super::missing;
use std::io;
use std::os::fd::RawFd;

/// Waits until `fd` has one of `events`, `limit` nanoseconds passed (`None`: for ever) or a
/// signal was delivered. With `unblock`, those signals are let through for the time of the wait.
/// Returns the events that came, 0 at the limit; EINTR after a signal.
pub fn poll(fd: RawFd, events: i16, limit: Option<u64>, unblock: &[i32]) -> io::Result<i16> {
    let mut record = libc::pollfd { fd, events, revents: 0 };
    let limit = limit.map(super::timespec);
    let limit = limit.as_ref().map_or(std::ptr::null(), |t| t as *const _);
    let mask = if unblock.is_empty() { None } else { Some(mask_without(unblock)?) };
    let mask = mask.as_ref().map_or(std::ptr::null(), |m| m as *const _);
    // SAFETY: one record; timespec and mask, where given, outlive the call.
    super::check(unsafe { missing::ppoll(&mut record, 1, limit, mask) })?;
    Ok(record.revents)
}

/// The calling thread's signal mask less `signals`.
fn mask_without(signals: &[i32]) -> io::Result<libc::sigset_t> {
    // SAFETY: an all-zero sigset_t is a valid object, and pthread_sigmask fills it.
    let mut mask: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: reads the current mask only.
    let failed = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &mut mask) };
    if failed != 0 {
        return Err(io::Error::from_raw_os_error(failed));
    }
    for &signal in signals {
        // SAFETY: `mask` is initialised; an invalid number is refused with EINVAL.
        super::check(unsafe { libc::sigdelset(&mut mask, signal) })?;
    }
    Ok(mask)
}

/// A set of signals.
#[derive(Clone, Copy)]
pub struct Set(libc::sigset_t);

impl Set {
    /// With those in it. EINVAL for a number that is no signal.
    pub fn of(signals: &[i32]) -> io::Result<Set> {
        // SAFETY: an all-zero sigset_t is a valid object, and sigemptyset makes it an empty set.
        let mut set = unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            set
        };
        for &signal in signals {
            // SAFETY: `set` is initialised; an invalid number is refused with EINVAL.
            super::check(unsafe { libc::sigaddset(&mut set, signal) })?;
        }
        Ok(Set(set))
    }

    /// With every signal in it.
    pub fn full() -> Set {
        // SAFETY: an all-zero sigset_t is a valid object, and sigfillset fills it.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigfillset(&mut set);
            Set(set)
        }
    }

    /// Without these two.
    pub fn without(mut self, one: i32, other: i32) -> Set {
        // SAFETY: the set is initialised; a number that is no signal changes nothing.
        unsafe {
            libc::sigdelset(&mut self.0, one);
            libc::sigdelset(&mut self.0, other);
        }
        self
    }

    /// The system's form.
    pub fn as_ptr(&self) -> *const libc::sigset_t {
        &self.0
    }
}

/// Blocks signals in the calling thread. The mask as it was before.
pub fn block(set: &Set) -> io::Result<Set> {
    change_mask(libc::SIG_BLOCK, set)
}

/// Runs `write`, which may raise SIGPIPE in the calling thread, so that nobody hears of it: write(2) to a pipe without
/// reader has no flag as send(2) has. The signal is blocked meanwhile, and taken if it was not pending before; the
/// process's disposition is not touched.
pub fn without_sigpipe<T>(write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let sigpipe = Set::of(&[libc::SIGPIPE])?;
    let was_pending = is_pending(libc::SIGPIPE)?;
    let before = block(&sigpipe)?;
    let result = write();
    let failed = matches!(&result, Err(error) if error.raw_os_error() == Some(libc::EPIPE));
    if failed && !was_pending && is_pending(libc::SIGPIPE).unwrap_or(false) {
        // SAFETY: the set is initialised, the number writable. The signal is pending for this very thread, since it is
        // the writer that gets it, so the call returns at once.
        unsafe { libc::sigwait(&sigpipe.0, &mut 0) };
    }
    set_mask(&before)?;
    result
}

fn is_pending(signal: i32) -> io::Result<bool> {
    // SAFETY: an all-zero sigset_t is a valid object, which sigpending fills.
    let mut pending: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `pending` is writable, and readable once it was filled.
    unsafe {
        super::check(libc::sigpending(&mut pending))?;
        Ok(libc::sigismember(&pending, signal) == 1)
    }
}

/// Unblocks signals in the calling thread.
pub fn unblock(set: &Set) -> io::Result<Set> {
    change_mask(libc::SIG_UNBLOCK, set)
}

/// Sets the calling thread's mask.
pub fn set_mask(set: &Set) -> io::Result<Set> {
    change_mask(libc::SIG_SETMASK, set)
}

fn change_mask(how: i32, set: &Set) -> io::Result<Set> {
    let mut before = Set::of(&[])?;
    // SAFETY: both sets are initialised and outlive the call.
    match unsafe { libc::pthread_sigmask(how, &set.0, &mut before.0) } {
        0 => Ok(before),
        failed => Err(io::Error::from_raw_os_error(failed)),
    }
}

/// What becomes of a signal that is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// What the system does by default.
    Default,
    /// Nothing.
    Ignore,
    /// A function is called that does nothing: system calls that wait end with EINTR.
    Discard,
}

/// sigaction(2). EINVAL for a signal that does not exist or cannot be caught.
pub fn dispose(signal: i32, disposition: Disposition) -> io::Result<()> {
    // SAFETY: an all-zero sigaction is a valid object: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
        Disposition::Discard => nothing as extern "C" fn(libc::c_int) as libc::sighandler_t,
    };
    // SAFETY: the action is initialised, and its handler does nothing.
    super::check(unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) }).map(drop)
}

extern "C" fn nothing(_signal: libc::c_int) {}

/// raise(3): sends a signal to the calling thread.
pub fn raise(signal: i32) -> io::Result<()> {
    // SAFETY: no pointers.
    match unsafe { libc::raise(signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The system's text for a signal.
pub fn describe(signal: i32) -> String {
    // SAFETY: the text is static or belongs to the thread, and is copied at once.
    let text = unsafe {
        let text = libc::strsignal(signal);
        (!text.is_null()).then(|| std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned())
    };
    // musl leaves out the number.
    let text = text.filter(|text| text != "Unknown signal");
    text.unwrap_or_else(|| format!("Unknown signal {signal}"))
}

/// Takes a pending signal of the set, without waiting. EAGAIN if there is none.
#[cfg(any(ports, all(kqueue, not(any(target_vendor = "apple", target_os = "openbsd")))))]
pub fn take_pending(set: &Set) -> io::Result<i32> {
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: set and time are initialised and outlive the call; no record is asked for.
    super::check(unsafe { missing::sigtimedwait(&set.0, std::ptr::null_mut(), &now) })
}
