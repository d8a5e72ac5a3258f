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
pub mod condition;
mod descriptor;
mod descriptors;
mod inbox;
mod member;
mod owner;
mod run_queue;
mod state;
mod timers;
pub mod turn;
mod waits;

pub use condition::Condition;
pub use descriptor::Descriptor;
pub use member::{Fired, Member};
pub use owner::Owner;
pub use run_queue::Order;
pub use waits::FIRED;

use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};
use crate::poller::{Events, Poller, Token};
use crate::slab::Slab;
use crate::thread_id::{living_thread, this_thread};
use alert::Alert;
use descriptors::Descriptors;
use inbox::{Inbox, Message};
use run_queue::{Link, RunQueue};
use state::{State, Task};
use std::cell::{Cell, RefCell};
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use timers::Timers;
use turn::{begin_turn, end_turn, Output};
use waits::{WaitKey, Waits, NONE};

/// The size of a fiber's stack in bytes, unless its controller says otherwise; only touched pages cost memory.
pub const STACK_SIZE: usize = 256 * 1024;

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

/// What a task carries for whoever resumes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload {
    /// A number of the binding's, which takes the task from `next` and resumes it.
    Foreign(usize),
    /// An entry of the controller's list of held output that could not leave yet.
    Output(usize),
    /// A number of the callback and fiber layer's, which resumes the task by itself.
    Callback(usize),
    /// The same, of a task that parks itself.
    Fiber(usize),
    /// The same, of something that another thread has posted.
    Posted(usize),
}

/// See the module.
pub struct Controller {
    state: RefCell<State>,
    alert: Alert,
    inbox: Inbox,
    /// The thread that steps it, by `living_thread`; 0 between steps.
    stepping: AtomicUsize,
    /// Of the fibers that are added.
    stack_size: Cell<usize>,
    /// Given up inside a step.
    closing: Cell<bool>,
    /// Whether the step under way is the caller's, who has a count of its own for it and ends it.
    entered: Cell<bool>,
    /// How many callbacks and fibers of it run now, one inside the other.
    inside: Cell<u32>,
    /// The thread that stepped it last, or made it.
    thread: AtomicU64,
    /// Its own descriptor, which other controllers may poll.
    owner: Owner,
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
            tasks: Slab::default(),
            waits: Waits::default(),
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
        });
        let controller = Arc::new_cyclic(|me| Controller {
            state,
            alert,
            inbox: Inbox::default(),
            stepping: AtomicUsize::new(0),
            stack_size: Cell::new(STACK_SIZE),
            closing: Cell::new(false),
            entered: Cell::new(false),
            inside: Cell::new(0),
            thread: AtomicU64::new(this_thread()),
            owner: Owner::passing(),
            me: me.clone(),
        });
        Ok(controller)
    }

    /// Adds a task, ready to run. `data` comes back with it.
    pub fn spawn(&self, data: Payload) -> Result<TaskId> {
        let mut state = self.state.borrow_mut();
        state.check_open()?;
        let serial = state.next_serial();
        let index =
            state.tasks.insert(Task { serial, waits: NONE, link: Link::NONE, data })? as u32;
        state.make_ready(index);
        drop(state);
        self.announce();
        Ok(TaskId { index, serial })
    }

    /// Begins a step. EBUSY inside another step of the same controller.
    pub fn enter(&self) -> Result<()> {
        self.state.borrow().check_open()?;
        match self.is_running() {
            true => Err(Errno::BUSY),
            false => {
                self.stepping.store(living_thread(), Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// Ends a step. What is left of its batch runs in the next one.
    /// `true`: `close_after_step` was called meanwhile, and the controller must be closed now.
    #[must_use]
    pub fn leave(&self) -> bool {
        end_turn(self);
        self.stepping.store(0, Ordering::Relaxed);
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
        if let (Some(poller), false) = (&state.poller, state.descriptors.is_inherited()) {
            poller.settle();
        }
        self.closing.get()
    }

    /// The size of the stacks of fibers that are added from now on, in bytes.
    pub fn stack_size(&self) -> usize {
        self.stack_size.get()
    }

    /// Sets it.
    pub fn set_stack_size(&self, size: usize) {
        self.stack_size.set(size);
    }

    /// The owner has given the controller up inside a step.
    pub fn close_after_step(&self) {
        self.closing.set(true);
    }

    /// Whether the step under way is the caller's, to be ended by it.
    pub fn is_entered(&self) -> bool {
        self.entered.get()
    }

    /// Notes that the caller has begun or ended a step of its own.
    pub fn note_entered(&self, entered: bool) {
        self.entered.set(entered);
    }

    /// Whether a callback or fiber of it runs.
    pub fn is_inside(&self) -> bool {
        self.inside.get() != 0
    }

    /// Notes that one begins or ends to run.
    pub fn note_inside(&self, begins: bool) {
        let count = self.inside.get();
        self.inside.set(if begins { count + 1 } else { count - 1 });
    }

    /// Whether a step is under way.
    pub fn is_running(&self) -> bool {
        self.stepping.load(Ordering::Relaxed) != 0
    }

    /// Whether the calling thread steps it.
    #[inline]
    pub fn is_stepped_here(&self) -> bool {
        self.stepping.load(Ordering::Relaxed) == living_thread()
    }

    /// EPERM while another thread steps it.
    #[inline]
    pub fn check_thread(&self) -> Result<()> {
        match self.stepping.load(Ordering::Relaxed) {
            0 => Ok(()),
            thread if thread == living_thread() => Ok(()),
            _ => Err(Errno(libc::EPERM)),
        }
    }

    /// The thread that stepped it last, or made it.
    fn thread(&self) -> u64 {
        self.thread.load(Ordering::Relaxed)
    }

    /// Waits at most `limit` for something to do, not at all without tasks, and begins a pass over what is
    /// ready. A signal ends the wait early. `lazy` leaves out asking the kernel while tasks wake each other, for at most
    /// `LAZY_RESUMPTIONS` resumptions and 100 µs, where tasks run oldest first.
    pub fn wait(&self, limit: Option<Span>, lazy: bool) -> Result<()> {
        let here = this_thread();
        if self.thread.load(Ordering::Relaxed) != here {
            self.thread.store(here, Ordering::Relaxed);
            self.state.borrow().waits.conditions().for_each(Condition::move_here);
        }
        end_turn(self);
        if self.state.borrow().descriptors.is_inherited() {
            self.reset()?;
        }
        if !self.inbox.is_empty() {
            self.read_inbox()?;
        }
        let mut state = self.state.borrow_mut();
        state.wait(&self.alert, limit, lazy)?;
        let stale = std::mem::take(&mut state.stale);
        drop(state);
        if stale {
            self.reset()?;
        }
        // What was posted while the kernel was waited for has raised the alert, and runs in this step.
        if !self.inbox.is_empty() {
            self.read_inbox()?;
            self.state.borrow_mut().ready.begin_pass();
        }
        Ok(())
    }

    /// Has something run by this controller's thread, in its next step. From any thread. EBADF after close; ENOMEM.
    pub fn post(&self, number: usize) -> Result<()> {
        self.alert.enable()?;
        self.inbox.push(Message::Post(number))?;
        self.alert.raise()
    }

    fn read_inbox(&self) -> Result<()> {
        let room = |posts| self.state.borrow_mut().tasks.reserve(posts);
        for message in self.inbox.take_with(room)? {
            match message {
                Message::Forget(token) => self.forget(token, false),
                Message::Renew(token) => self.renew(token),
                Message::Post(number) => drop(self.spawn(Payload::Posted(number))?),
            }
        }
        Ok(())
    }

    /// The owner of a registered descriptor closes it: see `Owner::leave`.
    fn forget(&self, token: Token, last: bool) {
        let mut state = self.state.borrow_mut();
        let woken = state.forget(token, last);
        drop(state);
        if woken {
            self.announce();
        }
    }

    /// Another open file has come under the number of a registered descriptor: see `Owner::renew`.
    fn renew(&self, token: Token) {
        let mut state = self.state.borrow_mut();
        let State { descriptors, poller, .. } = &mut *state;
        if let (Some(row), Some(poller)) = (descriptors.row_named(token), poller) {
            descriptors.renew(poller, row);
        }
    }

    /// Leaves word, from another thread. What cannot be told for want of memory is found out by the next owner of the number.
    fn tell(&self, message: Message) {
        let _ = self.inbox.push(message);
        self.alert.raise_if_enabled();
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

    /// Has what is held back sent when the kernel takes it, by a task of the controller's own.
    fn send_later(&self, output: &Rc<dyn Output>) {
        // Without memory for it, what is held leaves with the next send.
        let Ok(place) = self.state.borrow_mut().outputs.insert(Rc::downgrade(output)) else {
            return;
        };
        match self.spawn(Payload::Output(place)) {
            Ok(task) => self.send_on(task, place),
            Err(_) => drop(self.state.borrow_mut().outputs.remove(place)),
        }
    }

    fn send_on(&self, task: TaskId, place: usize) {
        let output = self.state.borrow().outputs[place].upgrade();
        let member = output.and_then(|output| output.go_on());
        let parked = member.is_some_and(|member| self.park_on(task, true, [member]).is_ok());
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
            state.widest = state.widest.max(member + 1);
            result = state.wait_on(&self.me, task.index, member as u32, interest, &mut now, later);
            if result.is_err() {
                break;
            }
        }
        if later && result.is_ok() {
            result = state.register(&self.me, task.index);
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
        let mut state = self.state.borrow_mut();
        let woken = state.cancel(fd);
        drop(state);
        if woken {
            self.announce();
        }
    }

    /// How many tasks there are, what was posted included.
    pub fn count(&self) -> usize {
        let posted = if self.inbox.is_empty() { 0 } else { self.inbox.posts() };
        self.state.borrow().tasks.len() + posted
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
        self.prepare_to_be_polled()?;
        self.state.borrow().poller.as_ref().map_or(Err(Errno::BADF), Poller::pollable)
    }

    /// From now on waking from outside a step raises the alert.
    fn prepare_to_be_polled(&self) -> Result<()> {
        let state = self.state.borrow();
        state.check_open()?;
        self.alert.enable()?;
        match state.ready.order {
            // The timeout of 0 tells of tasks that are ready; the descriptor of news from outside.
            Order::NewestFirst => self.alert.catch_up(),
            Order::OldestFirst if state.ready.is_empty() || self.is_running() => {}
            Order::OldestFirst => self.alert.raise_if_enabled(),
        }
        Ok(())
    }

    /// Newest first: makes the descriptor readable once more if the last step has found descriptors ready, and from now on
    /// at the end of each step that has, as the Lua library cqueues does. Whoever polls it is woken once more without need,
    /// and its tasks run in the order known there.
    pub fn recall(&self) {
        let mut state = self.state.borrow_mut();
        state.polled = true;
        if !self.is_running() && std::mem::take(&mut state.news) {
            self.alert.raise_if_enabled();
        }
    }

    /// What another controller waits for to step this one when it has something to do, at most `limit`. That is the queue itself
    /// and not `pollfd`: of epolls that poll each other Linux allows five.
    pub fn interest(&self, limit: Option<Span>) -> Result<Member> {
        self.prepare_to_be_polled()?;
        let fd = self.state.borrow().poller.as_ref().map_or(-1, Poller::fd);
        Ok(Member::owned(fd, libc::POLLIN, &self.owner).within(limit))
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

    /// Moves to a kernel queue of its own: after fork(2), in the child; or since the old one tells of what it should have
    /// forgotten.
    pub fn reset(&self) -> Result<()> {
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
        let poller = state.poller.take();
        drop(state);
        // Other controllers may poll this one, or still be registered from having done so.
        self.owner.leave(false);
        drop(poller);
        self.alert.close();
        let posted = self.inbox.take().into_iter().filter_map(|message| match message {
            Message::Post(number) => Some(Payload::Posted(number)),
            Message::Forget(_) | Message::Renew(_) => None,
        });
        Ok(tasks.into_iter().map(|task| task.data).chain(posted))
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
        if !self.is_running() {
            self.alert.raise_if_enabled();
        }
    }
}

#[cfg(test)]
mod tests;
