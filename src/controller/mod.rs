// SPDX-License-Identifier: MIT
//! The controller: parks tasks on wait sets, waits for the kernel, hands ready tasks out.
//!
//! It never runs anything. A binding (or the callback and fiber layers in `capi`) drives it:
//!
//! 1. [`Controller::enter`], then [`Controller::wait`]: ask the kernel, fill the run queue;
//! 2. [`Controller::next`] until it has no more: take a ready task and what fired;
//! 3. resume the task; then [`Controller::park`] it on a new wait set or [`Controller::finish`] it;
//! 4. [`Controller::leave`].
//!
//! A step hands out what was ready when it began: tasks woken meanwhile go to the next one.

mod alert;
mod descriptors;
mod registry;
mod run_queue;
mod state;
mod timers;
mod waits;

pub use registry::{cancel_everywhere, this_thread};
pub use run_queue::Order;
pub use waits::FIRED;

use crate::clock::{Instant, Span};
use crate::condition::Condition;
use crate::errno::{Errno, Result};
use crate::poller::{Events, Poller};
use crate::socket::{begin_turn, end_turn, go_on, Inner};
use alert::Alert;
use descriptors::Descriptors;
use run_queue::{Link, RunQueue};
use slab::Slab;
use state::{State, Task};
use std::cell::{Cell, RefCell};
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use timers::Timers;
use waits::{WaitKey, Waits, NONE};

/// Reported when a descriptor was cancelled under its waiters.
pub const CANCELLED: Events = libc::POLLNVAL;

/// Names a task; stays unequal to the names of later tasks in the same place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskId {
    /// The place in the controller's slab.
    pub index: u32,
    /// Tells it from other tasks in that place.
    pub serial: u32,
}

/// One member of a wait set: a descriptor, a timeout, a condition, in any mix.
#[derive(Clone)]
pub struct Member {
    /// The descriptor, or -1 for none.
    pub fd: RawFd,
    /// The events to wait for on it.
    pub events: Events,
    /// Whether its owner cancels it before closing it.
    pub owned: bool,
    /// The timeout, from now.
    pub timeout: Option<Span>,
    /// The condition.
    pub condition: Option<Arc<Condition>>,
    /// Another condition: a socket may wait for one of its own beside the one that it is polled with.
    pub also: Option<Arc<Condition>>,
}

impl Member {
    /// A member that never fires.
    pub const NOTHING: Member =
        Member { fd: -1, events: 0, owned: false, timeout: None, condition: None, also: None };

    /// Whether it waits for a descriptor.
    pub fn polls(&self) -> bool {
        self.fd >= 0 && self.events != 0
    }

    /// Whether it waits for a condition.
    pub fn has_condition(&self) -> bool {
        self.condition.is_some() || self.also.is_some()
    }
}

/// A member of a wait set that fired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Fired {
    /// Its place in the wait set.
    pub member: u32,
    /// A poll(2) mask, `CQ_FIRED`, `CQ_CANCELLED`.
    pub events: u32,
}

/// What a task carries for whoever resumes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload {
    /// A number of the binding's, which takes the task from `next` and resumes it.
    Foreign(usize),
    /// A socket of the controller's own list, whose held lines could not leave yet.
    Output(usize),
    /// A number of the callback and fiber layer's, which resumes the task by itself.
    Callback(usize),
    /// The same, of a task that parks itself.
    Fiber(usize),
}

/// See the module.
pub struct Controller {
    state: RefCell<State>,
    alert: Alert,
    running: Cell<bool>,
    /// Given up inside a step.
    closing: Cell<bool>,
    thread: Cell<usize>,
    me: Weak<Controller>,
}

impl Controller {
    /// A controller without tasks. It belongs to the calling thread until another one steps it.
    #[allow(clippy::arc_with_non_send_sync)] // another thread only ever touches `alert`
    pub fn new() -> Result<Arc<Controller>> {
        let poller = Poller::new()?;
        let alert = Alert::new(poller.fd());
        let state = RefCell::new(State {
            poller: Some(poller),
            tasks: Slab::new(),
            waits: Waits::default(),
            descriptors: Descriptors::default(),
            timers: Timers::default(),
            ready: RunQueue::default(),
            events: Vec::new(),
            fired: Vec::new(),
            serial: 0,
            timer_fired: false,
            lazy_rounds: 0,
            news: false,
            found: false,
            alerted: false,
            recalled: false,
            unfinished: false,
            polled: false,
            stale: false,
            outputs: Slab::new(),
        });
        let controller = Arc::new_cyclic(|me| Controller {
            state,
            alert,
            running: Cell::new(false),
            closing: Cell::new(false),
            thread: Cell::new(registry::this_thread()),
            me: me.clone(),
        });
        registry::add(&controller);
        Ok(controller)
    }

    /// Adds a task, ready to run. `data` comes back with it.
    pub fn spawn(&self, data: Payload) -> Result<TaskId> {
        let mut state = self.state.borrow_mut();
        state.check_open()?;
        let serial = state.next_serial();
        let index = state.tasks.insert(Task { serial, waits: NONE, link: Link::NONE, data }) as u32;
        state.make_ready(index);
        drop(state);
        self.announce();
        Ok(TaskId { index, serial })
    }

    /// Begins a step. EBUSY inside another step of the same controller.
    pub fn enter(&self) -> Result<()> {
        self.state.borrow().check_open()?;
        match self.running.replace(true) {
            true => Err(Errno::BUSY),
            false => Ok(()),
        }
    }

    /// Ends a step. What is left of its batch runs in the next one.
    /// `true`: `close_after_step` was called meanwhile, and the controller must be closed now.
    #[must_use]
    pub fn leave(&self) -> bool {
        end_turn(self);
        self.running.set(false);
        let mut state = self.state.borrow_mut();
        // A step that a failure has ended has not taken note of what made it look.
        if std::mem::take(&mut state.unfinished) && state.ready.order == Order::NewestFirst {
            state.news |= state.recalled;
            if state.alerted {
                self.alert.raise_if_enabled();
            }
        }
        if state.polled && std::mem::take(&mut state.news) {
            self.alert.raise_if_enabled();
        }
        if let Some(poller) = &state.poller {
            poller.settle();
        }
        self.closing.get()
    }

    /// The owner has given the controller up inside a step.
    pub fn close_after_step(&self) {
        self.closing.set(true);
    }

    /// Whether a step is under way.
    pub fn is_running(&self) -> bool {
        self.running.get()
    }

    /// Waits at most `limit` for something to do, not at all without tasks, and begins a pass over what is
    /// ready. A signal ends the wait early. `lazy` leaves out asking the kernel while tasks wake each other, for at most
    /// `LAZY_ROUNDS` steps in a row, where tasks run oldest first.
    pub fn wait(&self, limit: Option<Span>, lazy: bool) -> Result<()> {
        registry::move_to_this_thread(self);
        end_turn(self);
        let mut state = self.state.borrow_mut();
        state.wait(&self.alert, limit, lazy)?;
        let stale = std::mem::take(&mut state.stale);
        drop(state);
        if stale {
            self.reset()?;
        }
        Ok(())
    }

    /// Takes the next task of the batch. `fired` is replaced by what woke it, in the order of its
    /// wait set; a task that was never parked has none.
    pub fn next(&self, fired: &mut Vec<Fired>) -> Option<(TaskId, Payload)> {
        self.state.borrow_mut().next(fired)
    }

    /// The same, keeping what fired here. The place and the number of what is kept hold until the next call.
    ///
    /// A resumption begins here, and ends when the task is parked or finished.
    pub fn next_kept(&self) -> Option<(TaskId, Payload, (*const Fired, usize))> {
        loop {
            let mut state = self.state.borrow_mut();
            let mut fired = std::mem::take(&mut state.fired);
            let found = state.next(&mut fired);
            let kept = (fired.as_ptr(), fired.len());
            state.fired = fired;
            drop(state);
            let (task, payload) = found?;
            if let Payload::Output(place) = payload {
                self.send_on(task, place);
                continue;
            }
            begin_turn(self);
            return Some((task, payload, kept));
        }
    }

    /// Has what a socket holds sent when the kernel takes it, by a task of the controller's own.
    pub(crate) fn send_later(&self, socket: &Rc<RefCell<Inner>>) {
        let place = self.state.borrow_mut().outputs.insert(Rc::downgrade(socket));
        match self.spawn(Payload::Output(place)) {
            Ok(task) => self.send_on(task, place),
            Err(_) => drop(self.state.borrow_mut().outputs.remove(place)),
        }
    }

    fn send_on(&self, task: TaskId, place: usize) {
        let socket = self.state.borrow().outputs[place].clone();
        let parked =
            go_on(&socket).is_some_and(|member| self.park_on(task, true, [member]).is_ok());
        if !parked {
            let mut state = self.state.borrow_mut();
            state.outputs.remove(place);
            state.remove_task(task.index);
        }
    }

    /// Takes what fired, for the time of a resumption.
    pub fn take_kept(&self) -> Vec<Fired> {
        std::mem::take(&mut self.state.borrow_mut().fired)
    }

    /// Gives the vector back for its allocation.
    pub fn keep(&self, fired: Vec<Fired>) {
        self.state.borrow_mut().fired = fired;
    }

    /// Parks a task until a member fires. Without members it is ready again in the next step.
    /// On error (EBADF, EPERM: the descriptor cannot be polled) the task is parked on nothing.
    ///
    /// `by_itself`: from inside the fiber that the task is; others must leave a fiber's wait set alone
    /// (EINVAL).
    pub fn park(
        &self,
        task: TaskId,
        by_itself: bool,
        set: impl IntoIterator<Item = Member>,
    ) -> Result<()> {
        end_turn(self);
        self.park_on(task, by_itself, set)
    }

    fn park_on(
        &self,
        task: TaskId,
        by_itself: bool,
        set: impl IntoIterator<Item = Member>,
    ) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        if !by_itself && matches!(state.tasks[task.index as usize].data, Payload::Fiber(_)) {
            return Err(Errno::BADARG);
        }
        state.unpark(task.index);
        let State { ready, tasks, .. } = &mut *state;
        ready.remove(tasks, task.index);
        let (mut empty, mut now, mut result) = (true, None, Ok(()));
        let set = set.into_iter();
        let later = state.ready.order == Order::NewestFirst && set.size_hint().1 != Some(1);
        for (member, interest) in set.enumerate() {
            empty = false;
            result = state.wait_on(&self.me, task.index, member as u32, interest, &mut now, later);
            if result.is_err() {
                break;
            }
        }
        if later && result.is_ok() {
            result = state.register(task.index);
        }
        if let Err(error) = result {
            state.unpark(task.index);
            return Err(error);
        }
        let State { ready, tasks, .. } = &mut *state;
        if empty {
            ready.stay(tasks, task.index);
        }
        state.let_go();
        Ok(())
    }

    /// Whether a task waits for something or is about to run.
    pub fn is_parked(&self, task: TaskId) -> bool {
        let state = self.state.borrow();
        let found = state.tasks.get(task.index as usize).filter(|t| t.serial == task.serial);
        found.is_some_and(|t| t.link.is_queued() || t.waits != NONE)
    }

    /// What a task carries.
    pub fn payload(&self, task: TaskId) -> Result<Payload> {
        let state = self.state.borrow();
        state.check_task(task)?;
        Ok(state.tasks[task.index as usize].data)
    }

    /// Removes a task, whatever it waits for.
    pub fn finish(&self, task: TaskId) -> Result<Payload> {
        end_turn(self);
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        let data = state.remove_task(task.index).data;
        state.let_go();
        Ok(data)
    }

    /// Wakes every waiter of a descriptor with `CANCELLED` and forgets the descriptor. Not being
    /// polled is no error.
    pub fn cancel(&self, fd: RawFd) {
        self.cancel_closing(fd, false);
    }

    /// The same; `last`: the descriptor is the last reference to its file and closed next.
    pub(crate) fn cancel_closing(&self, fd: RawFd, last: bool) {
        let mut state = self.state.borrow_mut();
        let woken = state.cancel(fd, last);
        drop(state);
        if woken {
            self.announce();
        }
    }

    /// How many tasks there are.
    pub fn count(&self) -> usize {
        self.state.borrow().tasks.len()
    }

    /// Seconds until there is something to do even if no descriptor becomes ready: zero if a
    /// task is ready, `None` without deadline.
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

    /// The descriptor that is readable when a step would have something to do. Asking for it makes
    /// waking from outside a step raise the alert.
    pub fn pollfd(&self) -> Result<RawFd> {
        let state = self.state.borrow();
        state.check_open()?;
        self.alert.enable()?;
        match state.ready.order {
            // The timeout of 0 tells of tasks that are ready; the descriptor of news from outside.
            Order::NewestFirst => self.alert.catch_up(),
            Order::OldestFirst if state.ready.is_empty() || self.running.get() => {}
            Order::OldestFirst => self.alert.raise_if_enabled(),
        }
        Ok(state.poller.as_ref().map_or(-1, Poller::fd))
    }

    /// Newest first: makes the descriptor readable once more if the last step has found descriptors ready, and from now on
    /// at the end of each step that has, as the Lua library cqueues does. Whoever polls it is woken once more without need,
    /// and its tasks run in the order known there.
    pub fn recall(&self) {
        let mut state = self.state.borrow_mut();
        state.polled = true;
        if !self.running.get() && std::mem::take(&mut state.news) {
            self.alert.raise_if_enabled();
        }
    }

    /// What to wait for to step this controller when it has something to do, at most `limit`.
    pub fn interest(&self, limit: Option<Span>) -> Result<Member> {
        let (fd, events) = (self.pollfd()?, libc::POLLIN);
        Ok(Member { fd, events, timeout: limit, ..Member::NOTHING })
    }

    /// A counted reference to this controller.
    pub fn share(&self) -> Arc<Controller> {
        self.me.upgrade().expect("a controller is borrowed only while it is counted")
    }

    /// Makes the descriptor readable; from any thread.
    pub fn alert(&self) -> Result<()> {
        self.alert.raise()
    }

    /// Suspends the thread until the controller has something to do or a signal comes; `unblock`
    /// are let through meanwhile.
    pub fn pause(&self, unblock: &[i32]) -> Result<()> {
        let fd = self.pollfd()?;
        let limit = self.timeout().map(|span| span.0);
        match crate::sys::signal::poll(fd, libc::POLLIN, limit, unblock) {
            Err(e) if e.raw_os_error() != Some(libc::EINTR) => Err(e.into()),
            _ => Ok(()),
        }
    }

    /// After fork(2), in the child: moves to a kernel queue of its own.
    pub fn reset(&self) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.check_open()?;
        let poller = Poller::new()?;
        self.alert.reset(poller.fd())?;
        let State { descriptors, waits, .. } = &mut *state;
        descriptors.register_all(&poller, waits);
        state.poller = Some(poller);
        Ok(())
    }

    /// Destroys all tasks and the kernel queue, and returns what the tasks carried. EBUSY inside a
    /// step. Closing twice is safe.
    pub fn close(&self) -> Result<Vec<Payload>> {
        if self.running.get() {
            return Err(Errno::BUSY);
        }
        let mut state = self.state.borrow_mut();
        let indices: Vec<u32> = state.tasks.iter().map(|(index, _)| index as u32).collect();
        for &index in &indices {
            state.unpark(index);
        }
        state.ready.clear();
        let tasks = std::mem::take(&mut state.tasks);
        state.outputs.clear();
        let poller = state.poller.take();
        drop(state);
        if let Some(poller) = poller {
            // Other controllers may poll this one, or still be registered from having done so.
            cancel_everywhere(poller.fd(), false);
        }
        self.alert.close();
        Ok(tasks.into_iter().map(|(_, task)| task.data).collect())
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.state.borrow().poller.is_none()
    }

    /// A condition was signalled: wakes its waiter.
    pub(crate) fn signalled(&self, wait: WaitKey) {
        self.state.borrow_mut().fire(wait, FIRED);
        self.announce();
    }

    /// Lets whoever polls this controller know that there is something to do.
    fn announce(&self) {
        if !self.running.get() {
            self.alert.raise_if_enabled();
        }
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        registry::remove(self);
    }
}

#[cfg(test)]
mod tests;
