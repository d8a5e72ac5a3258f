// SPDX-License-Identifier: MIT
//! Parking a task on a wait set, and the end of a task.

use super::run_queue::Order;
use super::scope::End;
use super::state::State;
use super::turn::end_turn;
use super::waits::NONE;
use super::{Controller, Member, Payload, Polled, TaskId, NEVER};
use crate::errno::{Errno, Result};

impl Controller {
    // None of these is inlined, as they look up the state of the thread: see `turn::with_now`.

    /// Parks a task until a member fires. Without members it is ready again in the next step.
    /// On error (EBADF, EPERM: the descriptor cannot be polled) the task is parked on nothing.
    ///
    /// `by_itself`: the task is a fiber and makes this call itself. Nobody else may park a fiber (EINVAL).
    #[inline(never)]
    pub fn park(
        &self,
        task: TaskId,
        by_itself: bool,
        set: impl IntoIterator<Item = Member>,
    ) -> Result<()> {
        end_turn(self);
        self.park_on(task, by_itself, set)
    }

    /// Ends the turn of the task that runs: what it has held back is sent.
    #[inline]
    pub fn end_turn(&self) {
        end_turn(self);
    }

    /// Parks a task on a wait set of one member. `by_itself` is as for `park`.
    #[inline(never)]
    pub fn park_on_one(&self, task: TaskId, by_itself: bool, member: Member) -> Result<()> {
        end_turn(self);
        if member.is_plain() {
            return self.park_on_descriptor(task, by_itself, member.polled());
        }
        let mut state = self.state.borrow_mut();
        state.take_out(task, by_itself)?;
        if state.scopes.ended != 0 {
            drop(state);
            return self.park_on(task, by_itself, [member]); // which looks whether it may wait
        }
        self.wait_on_one(&mut state, task, member)
    }

    /// Parks a task that runs on what it was parked on before; its turn is to be ended behind that. `by_itself` is as for
    /// `park`. `false`: not done.
    #[inline(always)]
    pub fn park_again(&self, task: TaskId, by_itself: bool, on: Polled<'_>) -> bool {
        let on = Polled { emptied: self.emptied_now(on.emptied), ..on };
        match self.state.try_borrow_mut() {
            Ok(mut state) => state.wait_again(task, by_itself, on),
            Err(_) => false,
        }
    }

    /// Parks a task on events of a descriptor. Its turn has ended already. `by_itself` is as for `park`.
    #[inline(never)]
    pub fn park_on_descriptor(&self, task: TaskId, by_itself: bool, on: Polled<'_>) -> Result<()> {
        let on = Polled { emptied: self.emptied_now(on.emptied), ..on };
        let mut state = self.state.borrow_mut();
        if state.wait_again(task, by_itself, on) {
            return Ok(());
        }
        state.take_out(task, by_itself)?;
        if state.scopes.ended != 0 {
            drop(state);
            return self.park_on(task, by_itself, [on.member()]);
        }
        let waits = state.wait_on_descriptor(&self.me, task.index, 0, on);
        match waits {
            Ok(()) => state.let_go(),
            Err(_) => state.unpark(task.index),
        }
        waits
    }

    /// Parks a task until a scope of some controller has no tasks left. `is_deaf`: what ends the task's other waits
    /// does not end this one, since it ends those tasks too.
    #[inline(never)]
    pub fn park_for_scope(
        &self,
        task: TaskId,
        by_itself: bool,
        member: Member,
        is_deaf: bool,
    ) -> Result<()> {
        end_turn(self);
        let mut state = self.state.borrow_mut();
        let end = state.begin_park(task, by_itself)?;
        if is_deaf {
            state.scopes.reserve(task.index)?;
            state.scopes.set_deaf(task.index, true);
        } else if let Some(end) = end {
            return state.park_ended(task.index, end);
        }
        self.wait_on_one(&mut state, task, member)
    }

    /// `Member::emptied`, if that was in the present turn: since then the kernel has not told of what comes next.
    #[inline]
    fn emptied_now(&self, emptied: u64) -> u64 {
        match emptied == self.turn.get() {
            true => emptied,
            false => emptied.min(NEVER),
        }
    }

    #[inline]
    fn wait_on_one(&self, state: &mut State, task: TaskId, mut member: Member) -> Result<()> {
        member.emptied = self.emptied_now(member.emptied);
        let waits = state.wait_on(&self.me, task.index, 0, member, &mut None, false);
        if waits.is_err() {
            state.unpark(task.index);
        } else {
            state.let_go();
        }
        waits
    }

    pub(super) fn park_on(
        &self,
        task: TaskId,
        by_itself: bool,
        set: impl IntoIterator<Item = Member>,
    ) -> Result<()> {
        let mut state = self.state.borrow_mut();
        if let Some(end) = state.begin_park(task, by_itself)? {
            return state.park_ended(task.index, end);
        }
        let (mut empty, mut now, mut result) = (true, None, Ok(()));
        let set = set.into_iter();
        let later = state.ready.order == Order::NewestFirst && set.size_hint().1 != Some(1);
        for (member, mut interest) in set.enumerate() {
            empty = false;
            interest.emptied = self.emptied_now(interest.emptied);
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
        state.end_accept(task.index);
        state.let_go();
        Ok(())
    }

    /// Whether a task waits for something or is about to run.
    pub fn is_parked(&self, task: TaskId) -> bool {
        let state = self.state.borrow();
        let found = state.tasks.get(task.index as usize).filter(|t| t.serial() == task.serial);
        found.is_some_and(|t| t.link.is_queued() || t.waits != NONE)
    }

    /// What a task carries.
    pub fn payload(&self, task: TaskId) -> Result<Payload> {
        let state = self.state.borrow();
        state.check_task(task)?;
        Ok(state.tasks[task.index as usize].data())
    }

    /// Removes a task, whatever it waits for.
    pub fn finish(&self, task: TaskId) -> Result<Payload> {
        end_turn(self);
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        let data = state.remove_task(task.index).data();
        state.let_go();
        self.settle(state);
        Ok(data)
    }
}

impl State {
    /// Ends the waits of a task and takes it out of the run queue, so that it can be parked. EINVAL for a fiber
    /// unless it parks itself. Returns why it may not wait, if it may not.
    fn begin_park(&mut self, task: TaskId, by_itself: bool) -> Result<Option<End>> {
        self.take_out(task, by_itself)?;
        match self.scopes.ended {
            0 => Ok(None),
            _ => {
                self.scopes.set_deaf(task.index, false);
                Ok(self.end_of(task))
            }
        }
    }

    /// The first half of `begin_park`.
    #[inline]
    fn take_out(&mut self, task: TaskId, by_itself: bool) -> Result<()> {
        self.check_task(task)?;
        if !by_itself && self.tasks[task.index as usize].is_fiber() {
            return Err(Errno::BADARG);
        }
        self.drop_lingering();
        self.unpark(task.index);
        self.ready.remove(&mut self.tasks, task.index);
        Ok(())
    }
}
