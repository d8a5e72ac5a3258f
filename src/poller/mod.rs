// SPDX-License-Identifier: MIT
//! The kernel's queue of ready descriptors, behind one contract that each backend meets.
//!
//! A backend provides a type `Poller` with:
//!
//! - `new() -> Result<Poller>`: a queue with a pollable descriptor, close-on-exec;
//! - `fd()`: the queue's descriptor; readable whenever `wait` would return at once;
//! - `pollable()`: a descriptor with that property for others to poll. When `renew` is called it stays the same, and
//!   stays registered wherever it is, where the system can do that;
//! - `renew(inherited)`: begins anew with an empty queue, which has the same descriptors where the system can do
//!   that. `inherited`: this is a child of fork(2), and the old queue is also its parent's;
//! - `set(fd, token, before, after)`: changes the interest in `fd` from the events `before` to `after`, either of
//!   which may be empty; `wait` reports it by `token`, a number of 48 bits. Interest is level-triggered and stays
//!   until changed. With `EDGES` among the events of `after` it may be edge-triggered: `wait` then reports what
//!   is there when `set` is called, and after that only what is new; it may report `DOUBTS` too. If the kernel
//!   turns out to have dropped the descriptor (it was closed), `set` registers it
//!   anew; forgetting what is not there is no error. EBADF: no such descriptor; EPERM: a regular file or a
//!   directory, which are never waited for; EINVAL: the queue itself;
//! - `closing(fd)`: the last reference to the file of `fd` is about to be closed, so that the kernel
//!   forgets the interest by itself;
//! - `wait(ready, room, limit)`: waits at most `limit` (`None`: for ever), never returning early,
//!   and replaces `ready` by what is ready. With `room` for as many descriptors as are registered,
//!   none waits for the next call. EINTR is reported. Errors and hang-ups are reported whether
//!   asked for or not. A descriptor appears at most once;
//! - `settle()`: is called when the tasks that the last `wait` has woken have run; from then until the next `wait`,
//!   `fd()` is readable again whenever a descriptor is ready. Needed where an interest ends with its event;
//! - dropping closes the queue.
//!
//! And functions:
//!
//! - `read(ready)`: the token and the events of one record;
//! - `alert_create(queue)`: makes an alert, by which any thread can make a queue ready: a descriptor, or the queue
//!   itself where programs may put events into it; `read` reports it by the token `ALERT`;
//! - `alert_raise(alert)`, `alert_clear(alert)`: makes the queue ready; ends that, after the alert was reported;
//! - `alert_move(alert, queue)`: the old queue is gone; returns the alert that makes the new one ready: another one,
//!   not raised, where an alert is the queue itself;
//! - `alert_close(alert)`: closes the alert. All of these may be called from any thread.
//!
//! Events are poll(2) masks: POLLIN, POLLOUT, POLLPRI in; these and POLLERR, POLLHUP out.

#[cfg(epoll)]
mod epoll;
#[cfg(epoll)]
use epoll as backend;
#[cfg(kqueue)]
mod kqueue;
#[cfg(kqueue)]
use kqueue as backend;
#[cfg(ports)]
mod ports;
#[cfg(ports)]
use ports as backend;

#[cfg(not(epoll))]
use crate::clock::{Instant, Span};
#[cfg(not(epoll))]
use crate::errno::{Errno, Result};
#[cfg(not(epoll))]
use crate::sys;
#[cfg(not(epoll))]
use std::os::fd::RawFd;

pub use backend::{alert_clear, alert_close, alert_create, alert_move, alert_raise};
pub use backend::{read, Poller, Ready, EDGES};

/// A poll(2) event mask.
pub type Events = i16;

/// What a descriptor is reported by: 48 bits.
pub type Token = u64;

/// What an alert is reported by.
pub const ALERT: Token = (1 << 48) - 1;

/// The events that a caller may ask for.
pub const INTEREST: Events = libc::POLLIN | libc::POLLOUT | libc::POLLPRI;

/// Where one of these is told of a stream, a receive that gets less than it asks for does not mean that all was received:
/// the end of the stream, an error or urgent data stand behind it.
pub const DOUBTS: Events = libc::POLLERR | libc::POLLHUP | libc::POLLPRI | HALF_CLOSED;

/// The peer will send no more. Only where there are edges is it told.
#[cfg(epoll)]
const HALF_CLOSED: Events = libc::EPOLLRDHUP as Events;
#[cfg(not(epoll))]
const HALF_CLOSED: Events = 0;

/// Refuses descriptors that are never waited for, as epoll does by itself: files and directories (EPERM), the queue
/// itself (EINVAL).
#[cfg(not(epoll))]
fn check_descriptor(queue: RawFd, fd: RawFd) -> Result<()> {
    match sys::is_file(fd)? {
        true => Err(Errno(libc::EPERM)),
        false if fd == queue => Err(Errno(libc::EINVAL)),
        false => Ok(()),
    }
}

/// Repeats `wait` until it returns that it is done, each time with the rest of `limit`. It is not done if the kernel
/// reported events, but no descriptor turned out to be ready.
#[cfg(not(epoll))]
fn wait_until_done(
    limit: Option<Span>,
    mut wait: impl FnMut(Option<Span>) -> Result<bool>,
) -> Result<()> {
    let deadline = limit.filter(|&l| l != Span::ZERO).map(|l| Instant::real().after(l));
    let mut left = limit;
    while !wait(left)? {
        left = deadline.map_or(limit, |d| Some(d.since(Instant::real())));
    }
    Ok(())
}

#[cfg(test)]
pub mod tests;
