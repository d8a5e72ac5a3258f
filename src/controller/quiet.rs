// SPDX-License-Identifier: MIT
//! Parking a task on a time or on a condition alone. A task that does so nearly always does it again, so the record of the
//! wait that has woken it is used again, if it was for the same kind of thing: see `State::lingering`.

use super::state::State;
use super::waits::{On, WaitKey, FIRED, NONE};
use super::{Condition, Controller, Member, TaskId};
use crate::clock::{Instant, Span};
use crate::errno::Result;
use crate::sys::memory::AtomicShared;

impl Controller {
    /// As `park_on_one` with a timeout.
    pub fn park_on_deadline(&self, task: TaskId, by_itself: bool, span: Span) -> Result<()> {
        self.end_turn();
        let mut state = self.state.borrow_mut();
        if let Some(key) = state.left_by(task, by_itself, |on| matches!(on, On::Deadline(_))) {
            state.set_deadline(key, Instant::now().after(span))?;
            state.wait_once_more(task, key);
            return Ok(());
        }
        drop(state);
        self.park_on_one(task, by_itself, Member::timeout(Some(span)))
    }

    /// As `park_on_one` with a condition; `share` makes a counted reference to it, if one is needed.
    pub fn park_on_condition(
        &self,
        task: TaskId,
        by_itself: bool,
        condition: &Condition,
        share: impl FnOnce() -> AtomicShared<Condition>,
    ) -> Result<()> {
        self.end_turn();
        let mut state = self.state.borrow_mut();
        let same = |on: &On| matches!(on, On::Condition(on, _) if std::ptr::eq(&**on, condition));
        if let Some(key) = state.left_by(task, by_itself, same) {
            condition.check_thread()?;
            let queued = condition.enqueue(&self.me, key)?;
            if let Some(On::Condition(_, place)) = state.waits.get_mut(key).map(|wait| &mut wait.on)
            {
                *place = queued;
            }
            state.wait_once_more(task, key);
            return Ok(());
        }
        drop(state);
        self.park_on_one(task, by_itself, Member { condition: Some(share()), ..Member::NOTHING })
    }
}

impl State {
    /// The wait that lingers, if it is of a task that runs and may be parked, for something that fits. It has fired.
    #[inline]
    fn left_by(
        &self,
        task: TaskId,
        by_itself: bool,
        fits: impl FnOnce(&On) -> bool,
    ) -> Option<WaitKey> {
        let wait = self.waits.get(self.lingering)?;
        let found = self.tasks.get(task.index as usize)?;
        let is_its =
            wait.task == task.index && wait.fired == FIRED && found.may_wait(task, by_itself);
        (is_its && self.scopes.ended == 0 && fits(&wait.on)).then_some(self.lingering)
    }

    /// Parks the task on the wait that lingered.
    #[inline]
    fn wait_once_more(&mut self, task: TaskId, key: WaitKey) {
        self.lingering = NONE;
        if let Some(wait) = self.waits.get_mut(key) {
            wait.fired = 0;
        }
        self.tasks[task.index as usize].waits = key;
        self.let_go();
    }
}
