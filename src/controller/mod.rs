// SPDX-License-Identifier: MIT
//! The controller: parks tasks on wait sets, waits for the kernel, hands ready tasks out.
//!
//! The controller itself never resumes a task. A binding (or the callback and fiber layer in `capi`) drives it:
//!
//! 1. [`Controller::enter`], then [`Controller::wait`]: ask the kernel, fill the run queue;
//! 2. [`Controller::next`] until it has no more: take a ready task and what fired;
//! 3. resume the task; then [`Controller::park`] it on a new wait set or [`Controller::finish`] it;
//! 4. [`Controller::leave`].
//!
//! A step hands out what was ready when it began: tasks woken meanwhile go to the next one.

mod alert;
mod buckets;
pub mod condition;
mod deadlines;
mod descriptor;
mod descriptors;
mod ending;
mod extras;
mod heap;
mod held_output;
mod inbox;
mod inspect;
mod inspect_socket;
mod listing;
mod member;
mod outcome;
mod outside;
mod owner;
mod parking;
mod poll;
mod quiet;
mod report;
mod report_text;
mod row;
mod run_queue;
mod running;
mod scope;
mod scopes;
mod shutdown;
mod state;
mod step;
mod task;
mod timers;
pub mod turn;
mod waits;
mod wake;

pub use condition::Condition;
pub use descriptor::Descriptor;
pub use ending::ENDED;
pub use extras::{Join, Name, Text};
pub use listing::{Doing, Listed, Thing};
pub use member::{Fired, Member, Polled, LEVEL, NEVER};
pub use outcome::Failure;
pub use owner::Owner;
pub use run_queue::Order;
pub use scope::{End, Fault, ScopeId};
pub use step::Kept;
pub use waits::FIRED;

use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};
use crate::poller::{Events, Poller};
use crate::slab::Slab;
use crate::sys::memory::{AtomicShared, AtomicWeak};
use crate::sys::program::Hooks;
use crate::thread_id::this_thread;
use alert::Alert;
use descriptors::Descriptors;
use extras::Extras;
use inbox::{Inbox, Message};
use outcome::Outcome;
use run_queue::RunQueue;
use scopes::Scopes;
use state::{Places, State};
use std::cell::{Cell, RefCell};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use task::Task;
use timers::Timers;
use waits::{Waits, NONE};

/// The size of a fiber's stack in bytes, unless its controller says otherwise; only touched pages cost memory.
pub const STACK_SIZE: usize = 256 * 1024;

/// How many tasks a controller may have at once, so that a task's name fits into 64 bits: 24 for its place.
const MOST_TASKS: usize = 1 << 24;

/// The bits of a task's serial.
const SERIALS: u64 = (1 << 40) - 1;

/// Reported when a descriptor was cancelled under its waiters.
pub const CANCELLED: Events = libc::POLLNVAL;

/// Identifies a task; stays unequal to the identifiers of later tasks in the same place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskId {
    /// The place in the controller's slab.
    pub index: u32,
    /// Tells it from other tasks in that place: 40 bits, so that a trillion tasks pass before one has it again.
    pub serial: u64,
}

impl TaskId {
    /// No task: what runs where a hook does.
    pub const fn nobody() -> TaskId {
        TaskId { index: MOST_TASKS as u32 - 1, serial: SERIALS }
    }

    /// Both in one number, the place in the lower 24 bits.
    pub fn number(self) -> u64 {
        self.serial << 24 | u64::from(self.index)
    }
}

/// What a task carries for whoever resumes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload {
    /// A number of the binding's, which takes the task from `next` and resumes it.
    Foreign(usize),
    /// A task of a batch's, which knows it by its number and resumes it in its own step.
    Batch,
    /// A task of the controller's own: the place of its output in the controller's list of held output that the
    /// kernel has not taken yet.
    Output(usize),
    /// A task of the controller's own, which tells others what the tasks do; see `inspect`. It is neither counted nor
    /// listed.
    Inspector,
    /// A C callback: a number of the callback and fiber layer's, which resumes the task by itself.
    Callback(usize),
    /// A C fiber, which parks itself: a number of the same layer's.
    Fiber(usize),
    /// A function that another thread has posted, see `Controller::post`: a number of the same layer's.
    Posted(usize),
}

/// A controller: owns tasks, and wakes those whose wait is over.
pub struct Controller {
    state: RefCell<State>,
    alert: Alert,
    inbox: Inbox,
    outcome: Outcome,
    /// The thread that steps it, by `living_thread`; 0 between steps.
    stepping: AtomicUsize,
    /// The program's.
    data: Cell<usize>,
    /// What is called around each wait, and whether there is anything: that is looked at in each step.
    hooks: Cell<Option<Hooks>>,
    has_hooks: Cell<bool>,
    /// The stack size of fibers that are added from now on, in bytes.
    stack_size: Cell<usize>,
    /// Its owner has given it up inside a step: it is closed when the step ends.
    closing: Cell<bool>,
    /// Whether the step under way was begun by `cq_controller_enter`, which counts a reference for it, and is to be
    /// ended by `cq_controller_leave`.
    entered: Cell<bool>,
    /// How many callbacks and fibers of this controller run now, nested in each other.
    inside: Cell<u32>,
    /// The turn that is under way, or `NO_TURN`.
    turn: Cell<u64>,
    /// The thread that stepped it last, or made it.
    thread: AtomicU64,
    /// The owner of the kernel queue's descriptor, which other controllers may poll.
    owner: Owner,
    me: AtomicWeak<Controller>,
}

impl Controller {
    /// A controller without tasks. It belongs to the calling thread until another one steps it: others touch only
    /// `alert`, `inbox` and the atomic members. ENOMEM, and what the system says of its kernel queue.
    pub fn new() -> Result<AtomicShared<Controller>> {
        let owner = Owner::new()?;
        let poller = Poller::new()?;
        let alert = Alert::new(poller.fd());
        let state = RefCell::new(State {
            poller: Some(poller),
            tasks: Slab::default(),
            waits: Waits::default(),
            lingering: waits::NONE,
            descriptors: Descriptors::new(),
            timers: Timers::default(),
            ready: RunQueue::default(),
            events: Vec::new(),
            fired: Vec::new(),
            widest: 1,
            serial: 0,
            timer_fired: false,
            resumptions: 0,
            left_out: None,
            news: false,
            found: false,
            alerted: false,
            recalled: false,
            unfinished: false,
            polled: false,
            stale: false,
            outputs: Slab::default(),
            extras: Extras::default(),
            scopes: Scopes::default(),
            counts: None,
            inspector: None,
            uncounted: 0,
            places: Places::default(),
            shuts_down: false,
            grace: NONE,
        });
        let controller = AtomicShared::new_cyclic(|me| Controller {
            state,
            alert,
            inbox: Inbox::default(),
            outcome: Outcome::default(),
            stepping: AtomicUsize::new(0),
            data: Cell::new(0),
            hooks: Cell::new(None),
            has_hooks: Cell::new(false),
            stack_size: Cell::new(STACK_SIZE),
            closing: Cell::new(false),
            entered: Cell::new(false),
            inside: Cell::new(0),
            turn: Cell::new(turn::NO_TURN),
            thread: AtomicU64::new(this_thread()),
            owner,
            me: me.clone(),
        })?;
        Ok(controller)
    }

    /// Adds a task, ready to run. `next` returns `data` whenever it hands out the task.
    pub fn spawn(&self, data: Payload) -> Result<TaskId> {
        let mut state = self.state.borrow_mut();
        state.check_open()?;
        state.make_room(1)?;
        let serial = state.next_serial() & SERIALS;
        let index = state.tasks.insert(Task::new(serial, data))? as u32;
        state.make_ready(index);
        drop(state);
        self.announce();
        Ok(TaskId { index, serial })
    }

    /// The size of the stacks of fibers that are added from now on, in bytes.
    pub fn stack_size(&self) -> usize {
        self.stack_size.get()
    }

    /// A number of the program's, 0 at first.
    pub fn data(&self) -> &Cell<usize> {
        &self.data
    }

    /// Sets the size of the stacks of fibers that are added from now on, in bytes.
    pub fn set_stack_size(&self, size: usize) {
        self.stack_size.set(size);
    }

    /// Wakes every waiter of a descriptor with `CANCELLED` and ends its registration. A descriptor that nobody polls
    /// is no error.
    pub fn cancel(&self, fd: RawFd) {
        let mut state = self.state.borrow_mut();
        let woken = state.cancel(fd);
        drop(state);
        if woken {
            self.announce();
        }
    }

    /// How many tasks there are, including posted ones that have not become tasks yet.
    pub fn count(&self) -> usize {
        let posted = if self.inbox.is_empty() { 0 } else { self.inbox.posts() };
        self.state.borrow().counted() + posted
    }

    /// The time until there is something to do even if no descriptor becomes ready: zero if a task is ready, `None`
    /// without deadline.
    pub fn timeout(&self) -> Option<Span> {
        let mut state = self.state.borrow_mut();
        if !state.ready.is_empty() {
            return Some(Span::ZERO);
        }
        match state.timers.is_empty() {
            true => None,
            false => state.next_deadline(Instant::now()),
        }
    }

    /// Sets the order in which tasks run that are ready together, from now on.
    pub fn set_order(&self, order: Order) {
        self.state.borrow_mut().ready.order = order;
    }

    /// The order in which tasks run that are ready together.
    pub fn order(&self) -> Order {
        self.state.borrow().ready.order
    }

    /// A counted reference to this controller.
    pub fn share(&self) -> AtomicShared<Controller> {
        self.me.upgrade().expect("a controller is borrowed only while it is counted")
    }

    /// Replaces the kernel queue by a new one and registers everything there: in the child after fork(2), or because
    /// the old queue reports a descriptor that it should have forgotten.
    pub fn reset(&self) -> Result<()> {
        self.disinherit_inspector();
        let mut state = self.state.borrow_mut();
        let State { descriptors, waits, poller, .. } = &mut *state;
        let poller = poller.as_mut().ok_or(Errno::BADF)?;
        let inherited = descriptors.is_inherited();
        poller.renew(inherited)?;
        self.alert.reset(poller.fd(), inherited)?;
        descriptors.register_all(poller, waits);
        drop(state);
        self.owner.renew();
        Ok(())
    }

    /// Destroys all tasks and the kernel queue, and returns what the tasks carried. EBUSY inside a
    /// step. Closing twice is safe.
    pub fn close(&self) -> Result<impl Iterator<Item = Payload>> {
        if self.is_running() {
            return Err(Errno::BUSY);
        }
        let mut state = self.state.borrow_mut();
        for index in 0..state.tasks.places() {
            if state.tasks.get(index).is_some() {
                state.unpark(index as u32);
            }
        }
        state.ready.clear();
        let tasks = std::mem::take(&mut state.tasks);
        state.outputs.clear();
        let inspector = state.inspector.take();
        state.uncounted = 0;
        let joins = state.extras.clear();
        state.scopes.clear();
        let poller = state.poller.take();
        self.settle(state);
        drop(inspector);
        for join in joins {
            join.code.set(Some(Errno::CANCELED.0));
            join.ended.signal(usize::MAX);
        }
        // Other controllers may poll this one, or still be registered from having done so.
        self.owner.leave(false);
        drop(poller);
        self.alert.close();
        let posted = self.inbox.take().into_iter().filter_map(|message| match message {
            Message::Post(number) => Some(Payload::Posted(number)),
            Message::Forget(_) | Message::Renew(_) => None,
        });
        Ok(tasks.into_iter().map(|task| task.data()).chain(posted))
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.state.borrow().poller.is_none()
    }
}

impl Drop for Controller {
    /// Closes the controller unless that was done: conditions and owners must not keep entries for its tasks. What
    /// the tasks carry is handed to nobody.
    fn drop(&mut self) {
        let _ = self.close();
    }
}

#[cfg(test)]
mod tests;
