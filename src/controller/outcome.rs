// SPDX-License-Identifier: MIT
//! How steps and loops end: the request to stop, which any thread may make, and the task that failed.

use super::extras::Name;
use super::{Controller, TaskId};
use crate::errno::Result;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// A task that ended with a code.
#[derive(Clone, Copy)]
pub struct Failure {
    /// The task, which is over unless it has parked itself again.
    pub task: TaskId,
    /// Not 0.
    pub code: i32,
    /// The name that the task had.
    pub name: Name,
}

/// The request to stop and the last failure, which a controller keeps until they are asked for.
#[derive(Default)]
pub struct Outcome {
    stop: AtomicBool,
    failure: Cell<Option<Failure>>,
}

impl Controller {
    /// Makes the loop end with its present step, and wakes the thread in which it waits. May be called from any
    /// thread, and from a signal handler once the alert is enabled.
    pub fn stop(&self) -> Result<()> {
        self.outcome.stop.store(true, Ordering::SeqCst);
        // Called in a callback or fiber: its step ends anyway. Otherwise a thread may be waiting for the kernel in
        // the step: another one, or this one if a signal handler is the caller.
        match self.is_stepped_here() && self.is_inside() {
            true => Ok(()),
            false => self.alert(),
        }
    }

    /// Whether `stop` was called; the request is forgotten by asking.
    pub fn take_stop(&self) -> bool {
        self.outcome.stop.load(Ordering::Relaxed) && self.outcome.stop.swap(false, Ordering::SeqCst)
    }

    /// Whether `stop` was called; the request stays.
    pub fn is_stopped(&self) -> bool {
        self.outcome.stop.load(Ordering::Relaxed)
    }

    /// Notes that a task, which still has its name, ended with a code. Returns the code, or 0 if the task's scope
    /// takes care of it.
    pub fn note_failure(&self, task: TaskId, code: i32) -> i32 {
        if self.fail_task(task, code, None) == Ok(true) {
            return 0;
        }
        let name = self.state.borrow().extras.name(task.index).copied().unwrap_or_default();
        self.outcome.failure.set(Some(Failure { task, code, name }));
        code
    }

    /// Forgets the failure of the last step, as another one begins.
    #[inline]
    pub fn forget_failure(&self) {
        self.outcome.failure.set(None);
    }

    /// The task that failed last in the last step.
    pub fn failure(&self) -> Option<Failure> {
        self.outcome.failure.get()
    }
}
