// SPDX-License-Identifier: MIT
//! `cq_signal_*`.

use super::boundary::{
    borrow, call, hand_out, limit, put, put_named, seconds, slice, take_back, text, value, Texts,
};
use crate::errno::Errno;
use crate::fiber;
use crate::poller::Events;
use crate::signal::{self, Disposition, Listener};
use std::ffi::{c_char, c_int, CStr};

/// In `cq_signal_features`: signalfd(2). A signal that is ignored or delivered is not told, so block it. Of several
/// listeners for a signal, one is told of it.
pub const CQ_SIGNAL_SIGNALFD: u32 = 1;
/// In `cq_signal_features`: kqueue(2) with EVFILT_SIGNAL. Every listener is told of a signal, whatever the process
/// does with it.
pub const CQ_SIGNAL_EVFILT: u32 = 2;
/// In `cq_signal_features`: sigtimedwait(2). If it is the only bit, a wait looks for signals at intervals
/// (`cq_signal_set_timeout`); otherwise as signalfd.
pub const CQ_SIGNAL_SIGTIMEDWAIT: u32 = 4;
/// In `cq_signal_features`: kqueue(2).
pub const CQ_SIGNAL_KQUEUE: u32 = 8;
/// In `cq_signal_features`: kqueue1(2).
pub const CQ_SIGNAL_KQUEUE1: u32 = 16;

/// Makes a listener for signals. It does not change what the process does with them: block them first
/// (`cq_signal_block`), in every thread, or only macOS and the BSDs tell of them. A signal should have one listener;
/// a listener may have many signals. Free it with `cq_signal_free`.
///
/// Errors: EINVAL for NULL, for a number that is no signal, and for SIGKILL and SIGSTOP, which
/// nobody can listen for; EMFILE, ENFILE, ENOMEM.
///
/// Safety: `signals` is readable for `count` numbers.
///
/// Source: cqueues User Guide §3.2.4.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_listen(
    signals: *const c_int,
    count: usize,
    listener: *mut *mut Listener,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let made = Listener::new(unsafe { slice(signals, count) }?)?;
        unsafe { hand_out(listener, made) }
    })
}

/// Frees a listener, which no fiber may be waiting in. Signals that came stay pending. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_free(listener: *mut Listener) {
    // SAFETY: as documented.
    unsafe { take_back(listener) }
}

/// Tells which signal came, without waiting for one. If several came, the one with the lowest number is told first on
/// Linux. A signal that was sent more than once is told once.
///
/// Errors: EINVAL for NULL; EAGAIN if none came.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_try_wait(
    listener: *const Listener,
    signal: *mut c_int,
) -> c_int {
    call(|| {
        if signal.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let came = unsafe { borrow(listener) }?.take()?;
        unsafe { put(signal, came) }
    })
}

/// Waits for a signal, at most `timeout` seconds (NaN or negative: without limit). In a fiber only
/// the fiber waits; outside a controller the thread does.
///
/// Errors: EINVAL for NULL; ETIMEDOUT, with 0 at once if no signal is there; EDEADLK in a callback.
///
/// Source: cqueues User Guide §3.2.4.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_wait(
    listener: *const Listener,
    timeout: f64,
    signal: *mut c_int,
) -> c_int {
    call(|| {
        if signal.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below. No reference is kept while a fiber waits.
        let has_descriptor = unsafe { borrow(listener) }?.fd() >= 0;
        let came = fiber::wait_for(
            limit(timeout),
            has_descriptor,
            || Ok(unsafe { borrow(listener) }?.interest()),
            || unsafe { borrow(listener) }?.take(),
        )?;
        unsafe { put(signal, came) }
    })
}

/// Sets after how many seconds a wait looks for signals again, where the system cannot tell of them by itself
/// (Solaris). NaN or negative: the default, which is one second on such systems.
///
/// Errors: EINVAL for NULL.
///
/// Source: cqueues User Guide §3.2.4.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_set_timeout(listener: *const Listener, timeout: f64) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(listener) }?.set_interval(limit(timeout));
        Ok(())
    })
}

/// Returns the descriptor that is readable when a signal has come, or -1 where the system has none, and -1 for NULL.
/// Where there is none, fetch again after `cq_signal_timeout` seconds. It belongs to the listener: poll it, nothing
/// else.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_pollfd(listener: *const Listener) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(listener) }?.fd()))
}

/// Returns the events to poll for: POLLIN, or 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_events(listener: *const Listener) -> u32 {
    // SAFETY: as documented.
    value(0, || unsafe { borrow(listener) }.map(|_| Events::from(libc::POLLIN) as u32))
}

/// Returns the seconds after which to look for signals again (`cq_signal_set_timeout`), or NaN. NaN for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_timeout(listener: *const Listener) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(listener) }?.interval())))
}

/// Returns how this system tells of signals: `CQ_SIGNAL_...` bits.
#[no_mangle]
pub extern "C" fn cq_signal_features() -> u32 {
    signal::FEATURES
}

/// Blocks signals in the calling thread, and in those that it starts from now on. SIGKILL and
/// SIGSTOP cannot be blocked, and are passed over.
///
/// Errors: EINVAL for NULL or a number that is no signal; none is blocked then.
///
/// Safety: `signals` is readable for `count` numbers, here and below.
///
/// Source: cqueues User Guide §3.2.4, sigprocmask(2).
#[no_mangle]
pub unsafe extern "C" fn cq_signal_block(signals: *const c_int, count: usize) -> c_int {
    // SAFETY: as documented.
    call(|| signal::block(unsafe { slice(signals, count) }?))
}

/// Unblocks signals in the calling thread. A signal that is pending is delivered.
///
/// Errors: EINVAL for NULL or a number that is no signal; none is unblocked then.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_unblock(signals: *const c_int, count: usize) -> c_int {
    // SAFETY: as documented.
    call(|| signal::unblock(unsafe { slice(signals, count) }?))
}

/// Has the process ignore signals: SIG_IGN.
///
/// Errors: EINVAL for NULL, a number that is no signal, SIGKILL and SIGSTOP; the signals before it in the list are
/// changed all the same.
///
/// Source: cqueues User Guide §3.2.4, sigaction(2).
#[no_mangle]
pub unsafe extern "C" fn cq_signal_ignore(signals: *const c_int, count: usize) -> c_int {
    // SAFETY: as documented.
    call(|| signal::dispose(unsafe { slice(signals, count) }?, Disposition::Ignore))
}

/// Restores what the system does with signals: SIG_DFL. Errors: as for `cq_signal_ignore`.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_default(signals: *const c_int, count: usize) -> c_int {
    // SAFETY: as documented.
    call(|| signal::dispose(unsafe { slice(signals, count) }?, Disposition::Default))
}

/// Installs a handler that does nothing, without SA_RESTART: signals interrupt system calls and
/// have no other effect. The library installs no handler but by this call. Errors: as for
/// `cq_signal_ignore`.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_discard(signals: *const c_int, count: usize) -> c_int {
    // SAFETY: as documented.
    call(|| signal::dispose(unsafe { slice(signals, count) }?, Disposition::Discard))
}

/// Sends signals to the calling thread, one after the other: raise(3).
///
/// Errors: EINVAL for NULL or a number that is no signal; the signals before it in the list are sent.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_raise(signals: *const c_int, count: usize) -> c_int {
    // SAFETY: as documented.
    call(|| signal::raise(unsafe { slice(signals, count) }?))
}

/// Returns the text of a signal, strsignal(3). Never NULL. The text of a signal that exists holds for ever, in the
/// language in which it was first asked for. Any other text holds until 16 others of the kind, from this function or
/// `cq_strerror`, were asked for in the same thread.
#[no_mangle]
pub extern "C" fn cq_strsignal(signal: c_int) -> *const c_char {
    static TEXTS: Texts<129> = Texts::new(); // the kernel's numbers end at 64, or 128 on MIPS
    value(c"unknown signal".as_ptr(), || {
        Ok(TEXTS.get(usize::try_from(signal).ok(), || signal::describe(signal)))
    })
}

/// Returns the name of a signal ("SIGINT"), or NULL if it has none. The text is static.
#[no_mangle]
pub extern "C" fn cq_signal_name(signal: c_int) -> *const c_char {
    value(std::ptr::null(), || Ok(signal::name(signal).map_or(std::ptr::null(), CStr::as_ptr)))
}

/// Finds the number of a signal by its name.
///
/// Errors: EINVAL for NULL; ENOENT if this system has no signal of that name.
///
/// Safety: `name` is a string, `signal` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_number(name: *const c_char, signal: *mut c_int) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { put(signal, signal::number(text(name)?)?) })
}

/// Lists the signals: the name and number at `index`, which counts from 0.
///
/// Errors: EINVAL for NULL; ENOENT past the end.
///
/// Safety: `name` and `signal` are writable. The name is static.
#[no_mangle]
pub unsafe extern "C" fn cq_signal_list(
    index: usize,
    name: *mut *const c_char,
    signal: *mut c_int,
) -> c_int {
    call(|| {
        let found = signal::all().nth(index).ok_or(Errno::NOENT)?;
        // SAFETY: as documented.
        unsafe { put_named(found, name, signal) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_features_of_the_header_are_those_of_the_core() {
        let header = [CQ_SIGNAL_SIGNALFD, CQ_SIGNAL_EVFILT, CQ_SIGNAL_SIGTIMEDWAIT];
        assert_eq!(header, [signal::SIGNALFD, signal::EVFILT_SIGNAL, signal::SIGTIMEDWAIT]);
        assert_eq!([CQ_SIGNAL_KQUEUE, CQ_SIGNAL_KQUEUE1], [signal::KQUEUE, signal::KQUEUE1]);
    }
}
