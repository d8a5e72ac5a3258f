// SPDX-License-Identifier: MIT
//! The kernel's queue of ready descriptors, behind one contract that each backend meets.
//!
//! A backend provides a type `Poller` with:
//!
//! - `new() -> Result<Poller>`: a queue with a pollable descriptor, close-on-exec;
//! - `fd()`: that descriptor; readable whenever `wait` would return at once;
//! - `set(fd, before, after)`: changes the interest in `fd` from the events `before` to `after`,
//!   either of which may be empty. Interest is level-triggered and stays until changed. If the
//!   kernel turns out to have dropped the descriptor (it was closed), `set` registers it anew;
//!   forgetting what is not there is no error;
//! - `wait(ready, room, limit)`: waits at most `limit` (`None`: for ever), never returning early,
//!   and replaces `ready` by what is ready, at most `room` records. EINTR is reported. Errors and
//!   hang-ups are reported whether asked for or not. A descriptor appears at most once;
//! - `read(ready)`: the descriptor and the events of one record;
//! - `watch_alert(queue, fd)`: registers the alert descriptor; callable from any thread;
//! - dropping closes the queue.
//!
//! Events are poll(2) masks: POLLIN, POLLOUT, POLLPRI in; these and POLLERR, POLLHUP out.

#[cfg(epoll)]
mod epoll;
#[cfg(epoll)]
pub use epoll::{read, watch_alert, Poller, Ready};

/// A poll(2) event mask.
pub type Events = i16;

/// What a caller may ask for.
pub const INTEREST: Events = libc::POLLIN | libc::POLLOUT | libc::POLLPRI;
