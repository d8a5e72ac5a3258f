// SPDX-License-Identifier: MIT
//! Turns. A turn is the time from when a task is resumed until it is parked or has ended. What a task holds
//! back to send it in one piece leaves when its turn ends, see [`Output`]; and what it knows of a kernel buffer
//! holds until its turn ends or somebody of the same thread has sent something.

use super::{Controller, Member};
use crate::errno::{Errno, Result};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Once;

/// What holds output back until the turn ends.
pub trait Output {
    /// Sends what is held. EAGAIN: the kernel does not take all of it now.
    fn release(&self) -> Result<()>;
    /// Goes on sending: what to wait for, or nothing once it is done or has failed.
    fn go_on(&self) -> Option<Member>;
}

/// The state of a thread's turns and sockets. Kept together and without a destructor, since it is looked at twice
/// in every resumption.
pub struct Now {
    /// The number of the turn that is under way on this thread; 0: none.
    pub turn: Cell<u64>,
    /// How many there have been.
    count: Cell<u64>,
    /// Whether `HELD` has entries.
    holding: Cell<bool>,
    /// Grows with each turn, and whenever a socket of this thread has sent, was shut down or closed: what another
    /// one's kernel buffer holds may have changed since.
    pub moment: Cell<u64>,
    /// How many sockets of this thread were shut down or closed.
    pub ends: Cell<u64>,
    /// Whether this thread has ever made a socket that connects, or taken over a descriptor: a connection that is
    /// accepted may come from there, with data that was sent already.
    pub has_clients: Cell<bool>,
}

thread_local! {
    static NOW: Now =
        const {
            Now {
                turn: Cell::new(0),
                count: Cell::new(0),
                holding: Cell::new(false),
                moment: Cell::new(1),
                ends: Cell::new(0),
                has_clients: Cell::new(false),
            }
        };
    /// Who holds output back.
    static HELD: RefCell<Vec<Weak<dyn Output>>> = const { RefCell::new(Vec::new()) };
}

/// Asks or changes the state of the calling thread.
#[inline]
pub fn with_now<R>(f: impl FnOnce(&Now) -> R) -> R {
    NOW.with(f)
}

/// The number of the turn that is under way on this thread; 0: none. Not inlined, as this may come after a fiber's
/// suspension: see `sys::fiber::suspend`.
#[inline(never)]
pub fn current() -> u64 {
    with_now(|now| now.turn.get())
}

/// Begins the turn of a task that is about to be resumed. A task that returned without being parked has not ended its
/// own: what it held leaves now.
#[inline]
pub(super) fn begin_turn(controller: &Controller) {
    let holding = NOW.with(|now| {
        let count = now.count.get() + 1;
        now.count.set(count);
        now.turn.set(count);
        now.moment.set(now.moment.get() + 1);
        now.holding.get()
    });
    if holding {
        release_all(|output| controller.send_later(output));
    }
}

/// The task waits or has ended: what it held leaves. `controller` looks after what must wait.
#[inline]
pub(super) fn end_turn(controller: &Controller) {
    let holding = NOW.with(|now| {
        now.turn.set(0);
        now.holding.get()
    });
    if holding {
        release_all(|output| controller.send_later(output));
    }
}

/// Notes that `output` holds something back. It leaves before fork(2) too, or both processes would send it.
pub fn hold(output: Weak<dyn Output>) {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| crate::sys::before_fork(before_fork));
    NOW.with(|now| now.holding.set(true));
    let _ = HELD.try_with(|held| held.borrow_mut().push(output));
}

#[cold]
fn release_all(mut stuck: impl FnMut(&Rc<dyn Output>)) {
    NOW.with(|now| now.holding.set(false));
    let list = HELD.try_with(|held| std::mem::take(&mut *held.borrow_mut())).unwrap_or_default();
    for output in list.iter().filter_map(Weak::upgrade) {
        if output.release() == Err(Errno::AGAIN) {
            stuck(&output);
        }
    }
    // Keep the list's memory.
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        if held.is_empty() {
            *held = list;
            held.clear();
        }
    });
}

extern "C" fn before_fork() {
    // A panic must not leave through fork(2).
    let _ = std::panic::catch_unwind(|| release_all(|_| {}));
}
