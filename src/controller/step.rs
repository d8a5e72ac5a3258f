// SPDX-License-Identifier: MIT
//! A step: begun and ended by whoever drives the controller, who takes its ready tasks one by one in between.

use super::run_queue::Order;
use super::turn::{begin_turn, end_last_turn, end_turn_of_step};
use super::{Condition, Controller, Fired, Payload, TaskId};
use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::sys::program::Hooks;
use crate::thread_id::{living_thread, this_thread};
use std::sync::atomic::Ordering;

/// What is known of a task that is taken, and kept by its controller.
#[derive(Clone, Copy)]
pub struct Kept {
    /// Where what fired lies until the next task is taken, and how much that is.
    pub fired: *const Fired,
    /// See above.
    pub count: usize,
    /// What the task carries that comes next, if it is one of a binding's, or 0.
    pub ahead: usize,
}

impl Controller {
    /// Begins a step. EBUSY inside another step of the same controller.
    pub fn enter(&self) -> Result<()> {
        self.state.borrow().check_open()?;
        match self.is_running() {
            true => Err(Errno::BUSY),
            false => {
                self.stepping.store(living_thread(), Ordering::Relaxed);
                self.forget_failure();
                Ok(())
            }
        }
    }

    /// Ends a step. What is left of its batch runs in the next one.
    /// `true`: `close_after_step` was called meanwhile, and the controller must be closed now.
    #[must_use]
    pub fn leave(&self) -> bool {
        end_turn_of_step(self);
        self.stepping.store(0, Ordering::Relaxed);
        self.inside.set(0); // also if a callback or fiber has panicked
        let mut state = self.state.borrow_mut();
        state.drop_lingering();
        // Newest first: a step that a failure has ended early leaves what made it look to the next step.
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

    /// Whether anything is called around each wait.
    #[inline]
    pub fn has_hooks(&self) -> bool {
        self.has_hooks.get()
    }

    /// What is called around each wait, by whoever drives the controller.
    pub fn hooks(&self) -> Option<Hooks> {
        self.hooks.get()
    }

    /// Replaces that.
    pub fn set_hooks(&self, hooks: Option<Hooks>) {
        self.has_hooks.set(hooks.is_some());
        self.hooks.set(hooks);
    }

    /// Whether a callback or fiber of it runs.
    pub fn is_inside(&self) -> bool {
        self.inside.get() != 0
    }

    /// Notes that a callback or fiber of this controller begins or ends to run.
    pub fn note_inside(&self, begins: bool) {
        let count = self.inside.get();
        self.inside.set(if begins { count + 1 } else { count - 1 });
    }

    /// Whether the step under way was begun by `cq_controller_enter`, so that the caller has to end it.
    pub fn is_entered(&self) -> bool {
        self.entered.get()
    }

    /// Notes that `cq_controller_enter` has begun a step, or `cq_controller_leave` ended it.
    pub fn note_entered(&self, entered: bool) {
        self.entered.set(entered);
    }

    /// Notes that the controller is to be closed when the step under way ends: its owner has given it up.
    pub fn close_after_step(&self) {
        self.closing.set(true);
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
    pub(super) fn thread(&self) -> u64 {
        self.thread.load(Ordering::Relaxed)
    }

    /// Waits at most `limit` for something to do, not at all without tasks, and begins a pass over what is ready. A
    /// signal ends the wait early. `lazy`, where tasks run oldest first: the kernel is not asked while tasks wake
    /// each other, for at most `LAZY_RESUMPTIONS` resumptions and 100 µs.
    pub fn wait(&self, limit: Option<Span>, lazy: bool) -> Result<()> {
        let here = this_thread();
        if self.thread.load(Ordering::Relaxed) != here {
            self.thread.store(here, Ordering::Relaxed);
            self.state.borrow().waits.conditions().for_each(Condition::move_here);
        }
        end_last_turn(self);
        let mut state = self.state.borrow_mut();
        if state.descriptors.is_inherited() || !self.inbox.is_empty() {
            drop(state);
            self.catch_up()?;
            state = self.state.borrow_mut();
        }
        state.wait(&self.alert, limit, lazy)?;
        let stale = std::mem::take(&mut state.stale);
        drop(state);
        if stale {
            self.reset()?;
        }
        // What was posted while the kernel was waited for has raised the alert, and runs in this step.
        if self.read_inbox()? {
            self.state.borrow_mut().ready.begin_pass();
        }
        Ok(())
    }

    /// Takes a new queue of the kernel's if this is a child process that has inherited the controller, and reads the messages
    /// of other threads.
    #[cold]
    fn catch_up(&self) -> Result<()> {
        if self.state.borrow().descriptors.is_inherited() {
            self.reset()?;
        }
        self.read_inbox().map(drop)
    }

    /// Takes the next task of the batch. `fired` is replaced by what woke it, in the order of its
    /// wait set; a task that was never parked has none.
    pub fn next(&self, fired: &mut Vec<Fired>) -> Option<(TaskId, Payload)> {
        self.state.borrow_mut().next(fired)
    }

    /// As `next`, but the controller keeps what fired.
    ///
    /// A turn begins here, and ends when the task is parked or finished.
    pub fn next_kept(&self) -> Option<(TaskId, Payload, Kept)> {
        loop {
            let mut state = self.state.borrow_mut();
            if state.ready.is_empty() {
                state.end_pass();
                return None;
            }
            let mut fired = std::mem::take(&mut state.fired);
            let found = state.next(&mut fired);
            let kept = Kept {
                fired: fired.as_ptr(),
                count: fired.len(),
                ahead: state.ahead().unwrap_or(0),
            };
            state.fired = fired;
            drop(state);
            let (task, payload) = found?;
            if self.hands_out(task, payload) {
                return Some((task, payload, kept));
            }
        }
    }

    /// As `next_kept`, but the caller keeps what fired, for which `take_kept` has room.
    #[inline(always)]
    pub fn next_turn(&self, fired: &mut Vec<Fired>) -> Option<(TaskId, Payload)> {
        loop {
            let (task, payload) = self.state.borrow_mut().next(fired)?;
            if self.hands_out(task, payload) {
                return Some((task, payload));
            }
        }
    }

    /// Resumes a task of the controller's own; for any other its turn begins, and the answer is `true`.
    #[inline]
    fn hands_out(&self, task: TaskId, payload: Payload) -> bool {
        match payload {
            Payload::Output(place) => self.send_on(task, place),
            Payload::Inspector => self.tell_readers(),
            _ => {
                begin_turn(self);
                return true;
            }
        }
        false
    }

    /// Takes the vector of what fired, for the time of a resumption or a batch of them. `keep` gives it back.
    pub fn take_kept(&self) -> Vec<Fired> {
        std::mem::take(&mut self.state.borrow_mut().fired)
    }

    /// Gives the vector back, so that its allocation is used again.
    pub fn keep(&self, fired: Vec<Fired>) {
        self.state.borrow_mut().fired = fired;
    }
}
