// SPDX-License-Identifier: MIT
//! Turns. A turn is the time from when a task is resumed until it is parked or has ended. Output that a task holds
//! back, to send it in one piece, leaves when its turn ends: see [`Output`]. What is known of a kernel buffer is
//! believed until the turn ends or another socket of the same thread has sent something.

use super::{Controller, Member};
use crate::errno::{Errno, Result};
use crate::sys::memory::Weak;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Once;

/// Something that holds output back until the turn ends: a socket.
pub trait Output {
    /// Sends what is held. EAGAIN: the kernel does not take all of it now.
    fn release(&self) -> Result<()>;
    /// Goes on sending. Returns what to wait for, `None` once all is sent or sending has failed.
    fn go_on(&self) -> Option<Member>;
}

/// A weak reference to something that holds output back.
#[derive(Clone)]
pub struct Holder {
    object: Weak<dyn Any>,
    /// Tells the type of the object again.
    output: fn(&dyn Any) -> Option<&dyn Output>,
}

impl Holder {
    /// The reference without its type.
    pub fn new<T: Output + Any>(object: Weak<T>) -> Holder {
        fn output<T: Output + Any>(object: &dyn Any) -> Option<&dyn Output> {
            Some(object.downcast_ref::<T>()?)
        }
        Holder { object: object.erased(), output: output::<T> }
    }

    /// Does something with what is held; `None` if that is gone.
    pub(super) fn with<R>(&self, f: impl FnOnce(&dyn Output) -> R) -> Option<R> {
        (self.output)(&*self.object.upgrade()?).map(f)
    }
}

/// What `Controller::turn` is while none is under way.
pub const NO_TURN: u64 = u64::MAX;

/// The state of a thread's turns and sockets. Kept together and without a destructor, since it is looked at twice
/// in every resumption.
pub struct Now {
    /// The number of the turn that is under way on this thread; 0: none.
    pub turn: Cell<u64>,
    /// The number of the last turn. No number comes twice in a process.
    count: Cell<u64>,
    /// Whether `HELD` has entries.
    holding: Cell<bool>,
    /// Grows with each turn, and whenever a socket of this thread has sent, was shut down or closed: the kernel
    /// buffer of another socket may have changed by that.
    pub moment: Cell<u64>,
    /// How many sockets of this thread were shut down or closed.
    pub ends: Cell<u64>,
    /// Whether this thread has ever made a socket that connects, or taken over a descriptor: an accepted connection
    /// may come from such a socket, which may have sent data already.
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
    /// The sockets that hold output back.
    static HELD: RefCell<List> = const { RefCell::new(List(Vec::new())) };
}

/// Sockets that hold output back. It leaves when the thread ends in the middle of a turn.
#[derive(Default)]
struct List(Vec<Holder>);

impl List {
    /// Sends what they hold; `stuck` is told of what the kernel does not take.
    fn release(&self, mut stuck: impl FnMut(&Holder)) {
        for output in &self.0 {
            if output.with(|output| output.release()) == Some(Err(Errno::AGAIN)) {
                stuck(output);
            }
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        self.release(|_| {});
    }
}

/// Reads or changes the state of the calling thread. Not inlined, as this may come after a fiber's suspension: see
/// `sys::fiber::suspend`.
#[inline(never)]
pub fn with_now<R>(f: impl FnOnce(&Now) -> R) -> R {
    NOW.with(f)
}

/// The same, for functions in which no fiber is suspended, nor in what they are inlined in.
#[inline(always)]
pub fn with_now_inlined<R>(f: impl FnOnce(&Now) -> R) -> R {
    NOW.with(f)
}

/// The number of the turn that is under way on this thread; 0: none.
pub fn current() -> u64 {
    with_now(|now| now.turn.get())
}

/// The number of the next turn.
#[inline]
fn next_turn(now: &Now) -> u64 {
    let number = match now.count.get() {
        full if full % RANGE == 0 => next_range(),
        number => number,
    };
    now.count.set(number + 1);
    number + 1
}

/// A thread takes the numbers of its turns out of ranges of so many.
const RANGE: u64 = 1 << 32;

#[cold]
fn next_range() -> u64 {
    static RANGES: AtomicU64 = AtomicU64::new(1);
    RANGES.fetch_add(1, Ordering::Relaxed).wrapping_mul(RANGE) + 1
}

/// Begins the turn of a task that is about to be resumed. A task that returned without being parked has not ended its
/// turn: what it held back is sent now.
#[inline]
pub(super) fn begin_turn(controller: &Controller) {
    let holding = NOW.with(|now| {
        let turn = next_turn(now);
        controller.turn.set(turn);
        now.turn.set(turn);
        now.moment.set(now.moment.get() + 1);
        now.holding.get()
    });
    if holding {
        release_all(|output| controller.send_later(output));
    }
}

/// Ends the turn of a task that is parked or has ended: what it held back is sent. What the kernel does not take is
/// sent by a task of `controller`'s own.
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

/// The step is over, and with it the last turn, if there was one in it.
#[inline]
pub(super) fn end_turn_of_step(controller: &Controller) {
    if controller.turn.get() != NO_TURN {
        end_turn(controller);
    }
}

/// The kernel is about to be asked what is ready: the controller's turn is over, also if its task was not parked.
#[inline]
pub(super) fn end_last_turn(controller: &Controller) {
    controller.turn.set(NO_TURN);
    end_turn(controller);
}

/// Notes that `output` holds something back. It leaves before fork(2) too, or both processes would send it, and at exit(3).
/// ENOMEM, and nobody will release it.
pub fn hold(output: Holder) -> Result<()> {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        crate::sys::before_fork(release_now);
        crate::sys::at_exit(release_now);
    });
    let noted = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        held.0.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        held.0.push(output);
        Ok(())
    });
    NOW.with(|now| now.holding.set(true));
    noted.unwrap_or(Ok(())) // in a destructor of the thread's: no turn ends after that
}

/// Sends all output that is held back on this thread; `stuck` is told of what the kernel does not take.
#[cold]
fn release_all(stuck: impl FnMut(&Holder)) {
    NOW.with(|now| now.holding.set(false));
    let mut list =
        HELD.try_with(|held| std::mem::take(&mut *held.borrow_mut())).unwrap_or_default();
    list.release(stuck);
    list.0.clear();
    // Keep the list's memory.
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        if held.0.is_empty() {
            std::mem::swap(&mut *held, &mut list);
        }
    });
}

/// At exit(3) only where the thread's destructors have not run by then.
extern "C" fn release_now() {
    // A panic must not leave through fork(2) or exit(3).
    let _ = std::panic::catch_unwind(|| release_all(|_| {}));
}
