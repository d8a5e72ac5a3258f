// SPDX-License-Identifier: MIT
//! How steps and loops end: the request to stop, which any thread may make, and the task that failed.

use super::names::Name;
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
    /// The name that it had.
    pub name: Name,
}

/// What a controller keeps of it.
#[derive(Default)]
pub struct Outcome {
    stop: AtomicBool,
    failure: Cell<Option<Failure>>,
}

impl Controller {
    /// Has the loop end when its step does, and wakes the thread that it waits in; from any thread, and from a signal
    /// handler once the alert is enabled.
    pub fn stop(&self) -> Result<()> {
        self.outcome.stop.store(true, Ordering::SeqCst);
        // In a callback or fiber the step is about to end. Otherwise another thread may be waiting in it, or this
        // one, if a signal has interrupted it.
        match self.is_stepped_here() && self.is_inside() {
            true => Ok(()),
            false => self.alert(),
        }
    }

    /// Whether the loop was to end; asked once.
    pub fn take_stop(&self) -> bool {
        self.outcome.stop.load(Ordering::Relaxed) && self.outcome.stop.swap(false, Ordering::SeqCst)
    }

    /// Notes that a task, which still has its name, ended with a code.
    pub fn note_failure(&self, task: TaskId, code: i32) {
        let name = self.state.borrow().names.get(task.index).copied().unwrap_or_default();
        self.outcome.failure.set(Some(Failure { task, code, name }));
    }

    /// A step begins.
    #[inline]
    pub fn forget_failure(&self) {
        self.outcome.failure.set(None);
    }

    /// The task that failed last in the last step.
    pub fn failure(&self) -> Option<Failure> {
        self.outcome.failure.get()
    }
}
