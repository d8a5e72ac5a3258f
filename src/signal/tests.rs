// SPDX-License-Identifier: MIT
//! Each test sends to its own thread and uses a signal of its own, as tests run side by side.

use super::*;
use crate::fiber;

/// The next signal within the time.
fn wait(listener: &Listener, seconds: f64) -> Result<i32> {
    let limit = Span::from_seconds(seconds);
    fiber::wait_for(limit, false, || Ok(listener.interest()), || listener.take())
}

#[test]
fn a_blocked_signal_is_told_once() {
    block(&[libc::SIGURG]).unwrap();
    let listener = Listener::new(&[libc::SIGURG]).unwrap();
    assert_eq!(wait(&listener, 0.01), Err(Errno::TIMEDOUT));
    raise(&[libc::SIGURG, libc::SIGURG]).unwrap();
    listener.set_interval(Span::from_seconds(0.05));
    assert_eq!(wait(&listener, 10.0), Ok(libc::SIGURG));
    assert_eq!(wait(&listener, 0.1), Err(Errno::TIMEDOUT));
}

#[test]
fn what_is_told_is_pending_no_more() {
    block(&[libc::SIGWINCH]).unwrap();
    dispose(&[libc::SIGWINCH], Disposition::Discard).unwrap();
    let listener = Listener::new(&[libc::SIGWINCH]).unwrap();
    raise(&[libc::SIGWINCH]).unwrap();
    assert_eq!(wait(&listener, 10.0), Ok(libc::SIGWINCH));
    unblock(&[libc::SIGWINCH]).unwrap();
    block(&[libc::SIGWINCH]).unwrap();
    assert_eq!(wait(&listener, 0.1), Err(Errno::TIMEDOUT));
}

#[cfg(not(kqueue))] // queues tell of what comes after they were made
#[test]
fn a_listener_that_goes_loses_nothing() {
    block(&[libc::SIGXCPU]).unwrap();
    {
        let _first = Listener::new(&[libc::SIGXCPU]).unwrap();
        raise(&[libc::SIGXCPU]).unwrap();
    }
    let second = Listener::new(&[libc::SIGXCPU]).unwrap();
    assert_eq!(wait(&second, 10.0), Ok(libc::SIGXCPU));
}

#[test]
fn signals_that_nobody_can_hear_are_refused() {
    for number in [0, -1, 65, 99_999, libc::SIGKILL, libc::SIGSTOP] {
        assert_eq!(Listener::new(&[number]).err(), Some(Errno::BADARG), "{number}");
        for disposition in [Disposition::Default, Disposition::Ignore, Disposition::Discard] {
            assert_eq!(dispose(&[number], disposition), Err(Errno::BADARG), "{number}");
        }
    }
    for number in [-1, 65, 99_999] {
        assert_eq!(block(&[number]), Err(Errno::BADARG), "{number}");
        assert_eq!(unblock(&[number]), Err(Errno::BADARG), "{number}");
        assert_eq!(raise(&[number]), Err(Errno::BADARG), "{number}");
    }
}

#[test]
fn names_and_numbers_lead_to_each_other() {
    for (name, number) in all() {
        assert_eq!(super::number(name), Ok(number));
        assert!(super::name(number).is_some());
    }
    assert_eq!(name(libc::SIGHUP), Some(c"SIGHUP"));
    assert_eq!(name(9), Some(c"SIGKILL"));
    assert_eq!((name(0), number(c"SIGNONE")), (None, Err(Errno::NOENT)));
    assert!(!describe(libc::SIGTERM).is_empty() && describe(libc::SIGTERM) != describe(1));
    assert!(describe(99_999).contains("99999"));
}
