// SPDX-License-Identifier: MIT
//! The contract, on whichever backend this is.

use super::*;
use crate::clock::{Instant, Span};
use crate::errno::Errno;
use crate::sys;
use libc::{POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// What a queue has been told, in order of descriptors; `None` where nobody can see that.
pub fn registered(queue: RawFd) -> Option<Vec<(RawFd, Events)>> {
    let mut found = look_into(queue)?;
    found.sort_unstable();
    Some(found)
}

#[cfg(epoll)]
fn look_into(queue: RawFd) -> Option<Vec<(RawFd, Events)>> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{queue}")).expect("an epoll");
    let entries = text.lines().filter(|line| line.starts_with("tfd:"));
    let entry = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let events = i64::from_str_radix(words[3], 16).expect("events in hexadecimal");
        // The kernel adds POLLERR and POLLHUP to each.
        (words[1].parse().expect("a descriptor"), INTEREST & events as Events)
    };
    Some(entries.map(entry).collect())
}

#[cfg(all(kqueue, emulated))]
fn look_into(queue: RawFd) -> Option<Vec<(RawFd, Events)>> {
    Some(sys::emulation::kqueue::registered(queue))
}

#[cfg(all(ports, emulated))]
fn look_into(queue: RawFd) -> Option<Vec<(RawFd, Events)>> {
    Some(sys::emulation::ports::registered(queue))
}

#[cfg(not(any(epoll, emulated)))]
fn look_into(_queue: RawFd) -> Option<Vec<(RawFd, Events)>> {
    None
}

/// Drops a registration behind the poller's back, if there is one.
#[cfg(epoll)]
pub fn unregister_from(queue: RawFd, fd: RawFd) {
    let _ = sys::epoll::control(queue, libc::EPOLL_CTL_DEL, fd, 0, 0);
}

/// Drops a registration behind the poller's back, if there is one.
#[cfg(kqueue)]
pub fn unregister_from(queue: RawFd, fd: RawFd) {
    for filter in [sys::kqueue::READ, sys::kqueue::WRITE] {
        let change = sys::kqueue::event(fd as usize, filter, sys::kqueue::DELETE, 0, 0);
        let _ = sys::kqueue::change(queue, &[change]);
    }
}

/// Drops a registration behind the poller's back, if there is one.
#[cfg(ports)]
pub fn unregister_from(queue: RawFd, fd: RawFd) {
    let _ = sys::ports::dissociate(queue, fd);
}

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().expect("two streams")
}

/// What is ready now or within `limit`, in order of descriptors.
fn wait(poller: &Poller, limit: Span) -> Vec<(RawFd, Events)> {
    let mut ready = Vec::new();
    poller.wait(&mut ready, 16, Some(limit)).expect("waited");
    let found = ready.iter().map(read).map(|(token, events)| (token as RawFd, events));
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    found
}

fn now(poller: &Poller) -> Vec<(RawFd, Events)> {
    wait(poller, Span::ZERO)
}

fn is_readable(fd: RawFd) -> bool {
    sys::signal::poll(fd, POLLIN, Some(0), &[]).expect("polled") != 0
}

const LONG: Span = Span(10_000_000_000);

#[test]
fn interest_is_level_triggered() {
    let poller = Poller::new().unwrap();
    let (mut a, mut b) = pair();
    let fd = b.as_raw_fd();
    poller.set(fd, fd as Token, 0, POLLIN).unwrap();
    assert_eq!(now(&poller), []);
    a.write_all(b"xy").unwrap();
    for _ in 0..3 {
        assert_eq!(wait(&poller, LONG), [(fd, POLLIN)]);
    }
    b.read_exact(&mut [0]).unwrap();
    assert_eq!(now(&poller), [(fd, POLLIN)], "one byte is left");
    b.read_exact(&mut [0]).unwrap();
    assert_eq!(now(&poller), []);
    a.write_all(b"z").unwrap();
    assert_eq!(wait(&poller, LONG), [(fd, POLLIN)], "still registered");
}

#[test]
fn interest_changes_from_any_events_to_any_others() {
    let (mut a, b) = pair();
    let fd = b.as_raw_fd();
    a.write_all(b"x").unwrap();
    let all = [0, POLLIN, POLLOUT, POLLPRI, POLLIN | POLLOUT, POLLIN | POLLPRI, INTEREST];
    for before in all {
        for after in all {
            let poller = Poller::new().unwrap();
            poller.set(fd, fd as Token, 0, before).unwrap();
            let ready = |events: Events| match events & (POLLIN | POLLOUT) {
                0 => vec![],
                events => vec![(fd, events)],
            };
            assert_eq!(now(&poller), ready(before), "{before}");
            poller.set(fd, fd as Token, before, after).unwrap();
            assert_eq!(now(&poller), ready(after), "{before} to {after}");
            poller.settle();
            assert_eq!(is_readable(poller.fd()), !ready(after).is_empty(), "{before} to {after}");
        }
    }
}

#[test]
fn a_descriptor_that_reads_and_writes_appears_once() {
    let poller = Poller::new().unwrap();
    let pairs: Vec<_> = (0..20).map(|_| pair()).collect();
    for (a, b) in &pairs {
        (&mut &*a).write_all(b"x").unwrap();
        poller.set(b.as_raw_fd(), b.as_raw_fd() as Token, 0, POLLIN | POLLOUT).unwrap();
    }
    let mut ready = Vec::new();
    poller.wait(&mut ready, pairs.len(), Some(LONG)).unwrap();
    let found = ready.iter().map(read).map(|(token, events)| (token as RawFd, events));
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    let mut wanted: Vec<_> = pairs.iter().map(|p| (p.1.as_raw_fd(), POLLIN | POLLOUT)).collect();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "all of them, in one wait");
}

#[test]
fn a_descriptor_that_was_closed_and_opened_again_is_registered_again() {
    let poller = Poller::new().unwrap();
    let (_a, b) = pair();
    let fd = b.as_raw_fd();
    poller.set(fd, fd as Token, 0, POLLIN).unwrap();
    let (_c, d) = pair();
    sys::testing::replace(fd, d.as_raw_fd());
    assert_eq!(now(&poller), [], "the kernel has forgotten it");
    poller.set(fd, fd as Token, POLLIN, POLLIN | POLLOUT).unwrap();
    assert_eq!(now(&poller), [(fd, POLLOUT)]);
    poller.set(fd, fd as Token, POLLIN | POLLOUT, 0).unwrap();
}

#[test]
fn what_was_read_meanwhile_is_not_ready() {
    let poller = Poller::new().unwrap();
    let (mut a, mut b) = pair();
    let fd = b.as_raw_fd();
    a.write_all(b"x").unwrap();
    poller.set(fd, fd as Token, 0, POLLIN).unwrap();
    b.read_exact(&mut [0]).unwrap();
    let begun = Instant::now();
    assert_eq!(wait(&poller, Span(5_000_000)), []);
    assert!(Instant::now().since(begun) >= Span(5_000_000), "it came back early");
    a.write_all(b"x").unwrap();
    assert_eq!(wait(&poller, LONG), [(fd, POLLIN)]);
    b.read_exact(&mut [0]).unwrap();
    poller.settle();
    assert!(!is_readable(poller.fd()));
}

#[test]
fn a_hang_up_is_reported_whatever_was_asked_for() {
    for asked in [POLLIN, POLLOUT, POLLPRI] {
        let poller = Poller::new().unwrap();
        let (a, b) = pair();
        poller.set(b.as_raw_fd(), b.as_raw_fd() as Token, 0, asked).unwrap();
        let _ = now(&poller);
        drop(a);
        let found = wait(&poller, LONG);
        assert_eq!(found.len(), 1, "{asked}");
        assert_eq!(found[0].1 & !INTEREST, POLLHUP, "{asked}");
        assert_eq!(found[0].1 & POLLIN, asked & POLLIN, "the end can be read");
    }
}

#[test]
fn an_end_of_one_direction_is_no_hang_up() {
    let poller = Poller::new().unwrap();
    let (mut a, b) = pair();
    a.write_all(b"x").unwrap();
    a.shutdown(std::net::Shutdown::Write).unwrap();
    poller.set(b.as_raw_fd(), b.as_raw_fd() as Token, 0, POLLIN | POLLOUT).unwrap();
    assert_eq!(wait(&poller, LONG), [(b.as_raw_fd(), POLLIN | POLLOUT)]);
}

#[test]
fn an_error_is_reported_whatever_was_asked_for() {
    let poller = Poller::new().unwrap();
    let (reader, writer) = sys::pipe().unwrap();
    poller.set(writer.as_raw_fd(), writer.as_raw_fd() as Token, 0, POLLOUT).unwrap();
    drop(reader);
    let found = wait(&poller, LONG);
    assert_eq!(found.len(), 1);
    assert_ne!(found[0].1 & (POLLERR | POLLHUP), 0);
}

#[test]
fn urgent_data_is_reported() {
    let poller = Poller::new().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let a = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (b, _) = listener.accept().unwrap();
    poller.set(b.as_raw_fd(), b.as_raw_fd() as Token, 0, POLLPRI).unwrap();
    assert_eq!(now(&poller), []);
    sys::socket::send(a.as_raw_fd(), b"x", libc::MSG_OOB).unwrap();
    assert_eq!(wait(&poller, LONG), [(b.as_raw_fd(), POLLPRI)]);
}

#[test]
fn a_wait_without_anything_ready_takes_its_time() {
    let poller = Poller::new().unwrap();
    let (_a, b) = pair();
    poller.set(b.as_raw_fd(), b.as_raw_fd() as Token, 0, POLLIN).unwrap();
    for nanoseconds in [1, 999_999, 1_000_001, 2_345_678] {
        let begun = Instant::now();
        assert_eq!(wait(&poller, Span(nanoseconds)), []);
        assert!(Instant::now().since(begun) >= Span(nanoseconds), "{nanoseconds}");
    }
}

#[test]
fn what_cannot_be_waited_for_is_refused() {
    let poller = Poller::new().unwrap();
    let directory = std::fs::File::open("/").unwrap();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let set = |fd: RawFd| poller.set(fd, fd as Token, 0, POLLIN);
    assert_eq!(set(987_654), Err(Errno(libc::EBADF)));
    assert_eq!(set(directory.as_raw_fd()), Err(Errno(libc::EPERM)));
    assert_eq!(set(file.as_raw_fd()), Err(Errno(libc::EPERM)));
    assert_eq!(set(poller.fd()), Err(Errno(libc::EINVAL)));
    assert_eq!(
        poller.set(987_654, 987_654 as Token, POLLIN, 0),
        Ok(()),
        "forgetting what is not there"
    );
}

#[test]
fn a_queue_nests_in_a_queue() {
    let (outer, inner) = (Poller::new().unwrap(), Poller::new().unwrap());
    let (mut a, mut b) = pair();
    inner.set(b.as_raw_fd(), b.as_raw_fd() as Token, 0, POLLIN).unwrap();
    outer.set(inner.fd(), inner.fd() as Token, 0, POLLIN).unwrap();
    for _ in 0..3 {
        assert_eq!((now(&outer), now(&inner)), (vec![], vec![]));
        a.write_all(b"x").unwrap();
        assert_eq!(wait(&outer, LONG), [(inner.fd(), POLLIN)]);
        assert_eq!(now(&inner), [(b.as_raw_fd(), POLLIN)]);
        b.read_exact(&mut [0]).unwrap();
        inner.settle();
        outer.settle();
    }
}

#[test]
fn an_alert_from_another_thread_ends_a_wait() {
    let poller = Poller::new().unwrap();
    let queue = poller.fd();
    let alert = alert_create(queue).unwrap();
    assert_eq!(now(&poller), []);
    for _ in 0..3 {
        assert!(!is_readable(queue));
        let other = std::thread::spawn(move || alert_raise(alert));
        assert_eq!(wait(&poller, LONG), [(ALERT as RawFd, POLLIN)]);
        other.join().unwrap();
        alert_clear(alert);
        poller.settle();
    }
    alert_raise(alert);
    assert!(is_readable(queue));
    assert_eq!(now(&poller), [(ALERT as RawFd, POLLIN)]);
    alert_close(alert);
}

#[test]
fn a_signal_ends_a_wait_with_eintr() {
    let poller = Poller::new().unwrap();
    let wait = || poller.wait(&mut Vec::new(), 16, Some(LONG));
    assert_eq!(sys::testing::interrupted(wait), Err(Errno(libc::EINTR)));
}
