// SPDX-License-Identifier: MIT
//! Ending tasks and scopes: what `scopes.rs` knows to belong together stops waiting together.
//!
//! A task that is cancelled, or in a scope that has ended, learns it from its waits. The one that it is in ends at
//! once: its members leave the task, so that a condition wakes somebody else and nothing is read for it, and the task
//! becomes ready with [`ENDED`] as the only member that fired. Each wait that it begins from then on ends in the same
//! way, in the next step. A wait for which something has fired already is not ended: the task gets what it waited for.

use super::extras::Text;
use super::scope::{End, Fault, Scope, ScopeId, Source};
use super::state::State;
use super::waits::{On, Wait, NONE};
use super::{Condition, Controller, Payload, TaskId};
use crate::errno::{Errno, Result};
use crate::poller::Events;
use crate::sys::memory::AtomicShared;
use std::cell::RefMut;
use std::ffi::c_char;

/// The member of a task's wait set that fires when its wait is ended; the events are the code that the wait ends with.
pub const ENDED: u32 = u32::MAX;

impl State {
    /// Ends a scope and those in it, unless that was done.
    pub fn end_scope(&mut self, scope: u32, end: End, reason: Option<Text>) {
        let Some(found) = self.scopes.get_mut(scope) else { return };
        if found.end.is_some() {
            return;
        }
        (found.end, found.reason) = (Some(end), reason);
        self.scopes.ended += 1;
        self.stop_timers(scope, true);
        self.interrupt_scope(scope);
    }

    /// Ends the waits of all tasks in a scope that may not wait any more.
    pub fn interrupt_scope(&mut self, root: u32) {
        let mut scope = root;
        while scope != NONE {
            let mut task = self.scopes.first_task(scope);
            while task != NONE {
                let next = self.scopes.next_task(task);
                self.interrupt(task);
                task = next;
            }
            let kept_out = scope != root && self.scopes.get(scope).is_some_and(Scope::is_shielded);
            scope = self.scopes.following(scope, root, !kept_out);
        }
        self.sweep_timers(); // here at once, which costs less than one by one as they come up
        self.let_go();
    }

    /// Ends the wait of a task that may not wait any more. One that runs, or is about to, is not disturbed.
    pub fn interrupt(&mut self, index: u32) {
        let task = &self.tasks[index as usize];
        if task.waits == NONE || task.link.is_queued() {
            return;
        }
        let key = task.waits;
        let Some(end) = self.end_of(TaskId { index, serial: task.serial() }) else { return };
        if let Some(wait @ Wait { on: On::Deadline(_), next_of_task: NONE, .. }) =
            self.waits.get_mut(key)
        {
            // A sleep, as most waits are where many end: the record can stay.
            (wait.on, wait.member) = (On::Nothing, ENDED);
            self.timers.forget();
            self.fire(key, end.code().0 as Events);
        } else {
            self.unpark(index);
            // The wait that was given up has left room.
            let _ = self.park_ended(index, end);
        }
    }

    /// Parks a task on the end of its wait.
    pub fn park_ended(&mut self, index: u32, end: End) -> Result<()> {
        let key = self.insert_wait(index, ENDED, On::Nothing)?;
        self.fire(key, end.code().0 as Events);
        Ok(())
    }

    /// Why a task may not wait; nearly always `None`.
    #[inline]
    pub fn end_of(&self, task: TaskId) -> Option<End> {
        match self.scopes.ended {
            0 => None,
            _ => Some(self.scopes.end_of(task)?.0),
        }
    }

    /// A task that was started in a scope has failed: the others of the scope end, unless it was made to let them go
    /// on. `false`: it belongs to no scope, and its waits were not ended with that code.
    fn fail_in_scope(&mut self, task: TaskId, code: i32, reason: Option<Text>) -> bool {
        let home = self.scopes.home(task);
        let end = self.end_of(task);
        let name = self.extras.name(task.index).copied().unwrap_or_default();
        if end.is_some_and(|end| end.code().0 == code) {
            return true; // it did as it was told
        }
        let Some(scope) = self.scopes.get_mut(home) else { return false };
        if scope.fault.is_none() {
            scope.fault = Some(Fault { task, code, name, reason: reason.clone() });
        }
        if !scope.supervises {
            self.end_scope(home, End::Cancelled, reason);
        }
        true
    }
}

impl Controller {
    /// Makes a scope in another one; `None`: in no other. EBADF after close; ENOENT, ENOMEM.
    pub fn new_scope(&self, parent: Option<ScopeId>) -> Result<ScopeId> {
        let mut state = self.state.borrow_mut();
        state.check_open()?;
        let parent = parent.map_or(Ok(NONE), |parent| state.scopes.check(parent))?;
        let serial = state.next_serial();
        state.scopes.insert(serial, parent)
    }

    /// Reads or changes a scope. ENOENT if it is no more.
    pub fn with_scope<R>(&self, scope: ScopeId, f: impl FnOnce(&mut Scope) -> R) -> Result<R> {
        let mut state = self.state.borrow_mut();
        let index = state.scopes.check(scope)?;
        state.scopes.get_mut(index).map(f).ok_or(Errno::NOENT)
    }

    /// The present scope of a task.
    pub fn scope_of(&self, task: TaskId) -> Option<ScopeId> {
        let state = self.state.borrow();
        state.check_task(task).ok()?;
        let index = state.scopes.place(task.index).scope;
        state.scopes.get(index).map(|scope| ScopeId { index, serial: scope.serial })
    }

    /// Adds a task to a scope, ready to run. ECANCELED, ETIMEDOUT after the scope has ended; otherwise as `spawn`.
    pub fn spawn_in(&self, scope: ScopeId, data: Payload) -> Result<TaskId> {
        let mut state = self.state.borrow_mut();
        let index = state.scopes.check(scope)?;
        if let Some(end) = state.scopes.end_around(index) {
            return Err(end.code());
        }
        drop(state);
        let task = self.spawn(data)?;
        state = self.state.borrow_mut();
        match state.scopes.reserve(task.index) {
            Ok(()) => {
                state.scopes.start(task.index, index);
                Ok(task)
            }
            Err(error) => {
                state.remove_task(task.index);
                Err(error)
            }
        }
    }

    /// Begins a scope around what the task does from now on. EINVAL if it lies in another scope than the task's
    /// present one; EBUSY if a task has begun it; ENOENT, ENOMEM.
    pub fn begin_scope(&self, scope: ScopeId, task: TaskId) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        let index = state.scopes.check(scope)?;
        state.scopes.reserve(task.index)?;
        let present = state.scopes.place(task.index).scope;
        let found = state.scopes.get_mut(index).ok_or(Errno::NOENT)?;
        match found {
            Scope { host: Some(_), .. } => return Err(Errno::BUSY),
            Scope { parent, .. } if *parent != present => return Err(Errno::BADARG),
            _ => found.host = Some(task),
        }
        state.scopes.move_task(task.index, index);
        Ok(())
    }

    /// Ends what `begin_scope` began. EINVAL if it is not the task's present scope, begun by the task; EBUSY while
    /// tasks are left in it.
    pub fn leave_scope(&self, scope: ScopeId, task: TaskId) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        let index = state.scopes.check(scope)?;
        let found = state.scopes.get_mut(index).ok_or(Errno::NOENT)?;
        if found.host != Some(task) {
            return Err(Errno::BADARG);
        }
        let parent = found.parent;
        if state.scopes.place(task.index).scope != index {
            return Err(Errno::BADARG);
        }
        if state.scopes.busy(index) != 0 {
            return Err(Errno::BUSY);
        }
        if let Some(found) = state.scopes.get_mut(index) {
            found.host = None;
        }
        state.scopes.move_task(task.index, parent);
        Ok(())
    }

    /// Ends a scope, those in it, and the waits of their tasks. `code`: for whoever waits for the scope; 0: ECANCELED.
    pub fn cancel_scope(&self, scope: ScopeId, code: i32, reason: Option<Text>) -> Result<()> {
        let mut state = self.state.borrow_mut();
        let index = state.scopes.check(scope)?;
        if let Some(found) = state.scopes.get_mut(index).filter(|found| found.end.is_none()) {
            found.code = code;
        }
        state.end_scope(index, End::Cancelled, reason);
        self.settle(state);
        Ok(())
    }

    /// Whether what a scope does may end at once when the controller shuts down.
    pub fn set_idle(&self, scope: ScopeId, is_idle: bool) -> Result<()> {
        let mut state = self.state.borrow_mut();
        let index = state.scopes.check(scope)?;
        if let Some(found) = state.scopes.get_mut(index) {
            found.is_idle = is_idle;
        }
        if is_idle && state.shuts_down {
            state.end_scope(index, End::Cancelled, None);
        }
        self.settle(state);
        Ok(())
    }

    /// Cancels one task, with the scopes that it has begun. Cancelling twice is no error. ENOENT, ENOMEM.
    pub fn cancel_task(&self, task: TaskId, reason: Option<Text>) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        state.scopes.reserve(task.index)?;
        if !state.scopes.note_end(task.index, End::Cancelled) {
            return Ok(());
        }
        state.extras.set_reason(task.index, reason);
        state.interrupt(task.index);
        let begun = state.scopes.outermost_begun(task);
        state.interrupt_scope(begun);
        Ok(())
    }

    /// Why a task may not wait any more. ENOENT.
    pub fn end_of_task(&self, task: TaskId) -> Result<Option<End>> {
        let state = self.state.borrow();
        state.check_task(task)?;
        Ok(state.end_of(task))
    }

    /// The same in the words of whoever has ended it, which hold as long as the task or the scope; NULL without any.
    /// ENOENT.
    pub fn reason_of_task(&self, task: TaskId) -> Result<*const c_char> {
        let state = self.state.borrow();
        state.check_task(task)?;
        let reason = match state.scopes.end_of(task) {
            Some((_, Source::Scope(scope))) => {
                state.scopes.get(scope).and_then(|s| s.reason.as_ref())
            }
            Some((_, Source::Task(task))) => state.extras.reason(task),
            None => None,
        };
        Ok(reason.map_or(std::ptr::null(), Text::as_ptr))
    }

    /// Why no task may begin in a scope: it, or one around it, has ended. ENOENT.
    pub fn end_of_scope(&self, scope: ScopeId) -> Result<Option<End>> {
        let state = self.state.borrow();
        state.scopes.check(scope).map(|index| state.scopes.end_around(index))
    }

    /// A condition that is signalled when the scope is not busy any more; `None` if it is not. ENOENT, ENOMEM.
    pub fn idle(&self, scope: ScopeId) -> Result<Option<AtomicShared<Condition>>> {
        let mut state = self.state.borrow_mut();
        let index = state.scopes.check(scope)?;
        if state.scopes.busy(index) == 0 {
            return Ok(None);
        }
        state.scopes.idle_condition(index).map(Some)
    }

    /// How many tasks that were started in the scope, and how many busy scopes in it, have not ended.
    pub fn busy(&self, scope: ScopeId) -> Result<u32> {
        let state = self.state.borrow();
        state.scopes.check(scope).map(|index| state.scopes.busy(index))
    }

    /// A task that was started in a scope or in one of those in it. ENOENT.
    pub fn any_task_in(&self, scope: ScopeId) -> Result<Option<TaskId>> {
        let state = self.state.borrow();
        let found = state.scopes.any_task(state.scopes.check(scope)?);
        Ok(found.map(|index| TaskId { index, serial: state.tasks[index as usize].serial() }))
    }

    /// Whether a task was started in a scope or in one of those in it.
    pub fn is_started_in(&self, task: TaskId, scope: ScopeId) -> bool {
        let state = self.state.borrow();
        state.scopes.is_below(state.scopes.home(task), scope.index)
    }

    /// A task that runs leaves its scope, which is to be removed, and cannot wait any more.
    pub fn expel(&self, task: TaskId) {
        let mut state = self.state.borrow_mut();
        state.scopes.expel(task);
        self.settle(state);
    }

    /// Removes a scope, whose tasks have been removed. ENOENT.
    pub fn remove_scope(&self, scope: ScopeId) -> Result<()> {
        let mut state = self.state.borrow_mut();
        let index = state.scopes.check(scope)?;
        state.stop_timers(index, false);
        state.scopes.remove(index);
        self.settle(state);
        Ok(())
    }

    /// Notes the code that a task will end with, for whoever waits for its end.
    pub fn note_code(&self, task: TaskId, code: i32) {
        let state = self.state.borrow();
        if state.check_task(task).is_ok() {
            state.extras.note_code(task.index, code);
        }
    }

    /// Notes that a task, which is not removed yet, ended with a code. `true`: its scope takes care of it.
    pub fn fail_task(&self, task: TaskId, code: i32, reason: Option<Text>) -> Result<bool> {
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        state.extras.note_code(task.index, code);
        let taken = state.fail_in_scope(task, code, reason);
        self.settle(state);
        Ok(taken)
    }

    /// Tells whoever waits for scopes that are idle now.
    #[inline]
    pub(super) fn settle<'a>(&'a self, state: RefMut<'a, State>) {
        if !state.scopes.signals.is_empty() {
            self.tell_waiting(state);
        }
    }

    #[cold]
    fn tell_waiting<'a>(&'a self, mut state: RefMut<'a, State>) {
        while let Some(idle) = state.scopes.take_signal() {
            drop(state); // signalling borrows it
            idle.signal(usize::MAX);
            state = self.state.borrow_mut();
        }
    }
}
