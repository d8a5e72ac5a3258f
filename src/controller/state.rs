// SPDX-License-Identifier: MIT
//! What a controller holds, and the steps of its work: parking, waiting, waking.

use super::descriptors::Descriptors;
use super::extras::Extras;
use super::inspect::Inspector;
use super::listing::Counts;
use super::member::LEVEL;
use super::run_queue::{Order, RunQueue};
use super::scopes::Scopes;
use super::task::Task;
use super::timers::{TimerKey, Timers};
use super::turn::Holder;
use super::waits::{self, On, WaitKey, Waits, NONE};
use super::{Controller, Fired, Member, Payload, Polled, TaskId, MOST_TASKS};
use crate::clock::Instant;
use crate::controller::Condition;
use crate::errno::{Errno, Result};
use crate::poller::{Events, Poller, Ready};
use crate::slab::Slab;
use crate::sys::memory::{AtomicShared, AtomicWeak};
use crate::sys::prefetch::fetch;

/// How the places are told where tasks stand, which only bindings know.
#[derive(Clone, Copy, Default)]
pub struct Places {
    /// A binding asks in each step whether they are wanted.
    pub can_be_told: bool,
    /// An inspector waits for them.
    pub are_wanted: bool,
}

/// What a controller holds. Borrowed for the length of one call, never across a resumption.
pub struct State {
    /// `None` once closed.
    pub poller: Option<Poller>,
    pub tasks: Slab<Task>,
    pub waits: Waits,
    /// The wait that has woken the task which was taken last, if it was the task's only one. On a descriptor it keeps its
    /// place in the list of that, though not in that of the task, as nearly always the task waits for the same
    /// again. `drop_lingering` gives it up before anybody looks at lists of descriptors.
    pub lingering: WaitKey,
    pub descriptors: Descriptors,
    pub timers: Timers,
    /// The tasks that are ready.
    pub ready: RunQueue,
    /// The kernel's answer, kept for its allocation.
    pub events: Vec<Ready>,
    /// What fired for the task that was taken last.
    pub fired: Vec<Fired>,
    /// The most members that a wait set has had, for which `fired` has room when a step begins.
    pub widest: usize,
    /// Numbers tasks and timers.
    pub serial: u64,
    /// A timer has made a task ready since the kernel was last asked.
    pub timer_fired: bool,
    /// How many tasks were taken since the kernel was last asked, and when it was first left out since.
    pub resumptions: u32,
    pub left_out: Option<Instant>,
    /// Newest first: the last step has found a descriptor ready that a task waited for, and there was no alert in it.
    /// See `Controller::recall`.
    pub news: bool,
    /// The step under way has found a descriptor ready that a task waited for.
    pub found: bool,
    /// The step under way has found the alert raised.
    pub alerted: bool,
    /// The step under way began with `news` set, by the step before or by an alert that could not be raised.
    pub recalled: bool,
    /// Another controller polls this one, or has done so: a step that ends with `news` set raises the alert.
    pub polled: bool,
    /// The step under way has not come to its end yet.
    pub unfinished: bool,
    /// The kernel tells of a descriptor that it should have forgotten: its file is still open elsewhere.
    pub stale: bool,
    /// Held output that waits for the kernel to take it.
    pub outputs: Slab<Holder>,
    /// What only few tasks have.
    pub extras: Extras,
    /// Which tasks end together.
    pub scopes: Scopes,
    /// `Controller::shutdown` was called, and the wait that is the end of its grace.
    pub shuts_down: bool,
    pub grace: WaitKey,
    /// What was done; `None` unless that is counted.
    pub counts: Option<Box<Counts>>,
    /// What tells others of the tasks; not there while its own task runs.
    pub inspector: Option<Box<Inspector>>,
    /// How many tasks are not counted: that of `inspector`.
    pub uncounted: usize,
    /// Whether and how places of tasks are told.
    pub places: Places,
}

impl State {
    pub fn check_open(&self) -> Result<()> {
        self.poller.as_ref().map(drop).ok_or(Errno::BADF)
    }

    pub fn check_task(&self, task: TaskId) -> Result<()> {
        match self.tasks.get(task.index as usize) {
            Some(found) if found.serial() == task.serial => Ok(()),
            _ => Err(Errno::NOENT),
        }
    }

    /// How many tasks there are for whoever waits until there are none.
    pub fn counted(&self) -> usize {
        self.tasks.len() - self.uncounted
    }

    /// Makes room for this number of further tasks. ENOMEM.
    pub fn make_room(&mut self, tasks: usize) -> Result<()> {
        match self.tasks.len().saturating_add(tasks) > MOST_TASKS {
            true => Err(Errno::NOMEM),
            false => self.tasks.reserve(tasks),
        }
    }

    pub fn next_serial(&mut self) -> u64 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    pub fn make_ready(&mut self, index: u32) {
        if let Payload::Foreign(data) = self.tasks[index as usize].data() {
            fetch(data);
        }
        self.ready.push(&mut self.tasks, index);
    }

    /// What the task carries that runs next, if it is one of a binding's.
    #[inline]
    pub fn ahead(&self) -> Option<usize> {
        match self.tasks.get(self.ready.ahead() as usize)?.data() {
            Payload::Foreign(data) => Some(data),
            _ => None,
        }
    }

    /// Adds a member to a task's wait set. `now` holds the time once a member has needed it, so that the clock is
    /// read once for the whole set. With `later` the kernel is not told of descriptors yet: `register` does that.
    pub fn wait_on(
        &mut self,
        me: &AtomicWeak<Controller>,
        task: u32,
        member: u32,
        on: Member,
        now: &mut Option<Instant>,
        later: bool,
    ) -> Result<()> {
        if on.is_plain() && !later {
            return self.wait_on_descriptor(me, task, member, on.polled());
        }
        let (mut polls, conditions) = (on.polls(), on.has_condition());
        if polls && later {
            let owner = on.owner.clone();
            self.insert_wait(task, member, On::Unregistered(on.fd, on.events, on.lasting, owner))?;
            if on.timeout.is_none() && !conditions {
                return Ok(());
            }
            polls = false;
        }
        if !on.polls() && on.timeout.is_none() && !conditions {
            self.insert_wait(task, member, On::Nothing)?; // parked all the same
        }
        if polls {
            self.wait_on_descriptor(me, task, member, on.polled())?;
        }
        if let Some(span) = on.timeout {
            let deadline = now.get_or_insert_with(Instant::now).after(span);
            let wait = self.insert_wait(task, member, On::Nothing)?;
            self.set_deadline(wait, deadline)?;
        }
        if conditions {
            return self.wait_on_conditions(me, task, member, [on.condition, on.also]);
        }
        Ok(())
    }

    #[inline]
    pub fn wait_on_descriptor(
        &mut self,
        me: &AtomicWeak<Controller>,
        task: u32,
        member: u32,
        on: Polled<'_>,
    ) -> Result<()> {
        let poller = self.poller.as_ref().ok_or(Errno::BADF)?;
        let row = self.descriptors.register(poller, me, on)?;
        let key = self.insert_wait(task, member, On::descriptor(row, on.events))?;
        self.descriptors.add(&self.waits, key, row);
        Ok(())
    }

    /// Tells the kernel of the descriptors of a task's wait set, the last member first, as the original Lua library
    /// does: this decides in which order tasks run that wait for several descriptors.
    pub fn register(&mut self, me: &AtomicWeak<Controller>, task: u32) -> Result<()> {
        let mut key = self.tasks[task as usize].waits;
        while let Some(wait) = self.waits.get_mut(key) {
            let next = wait.next_of_task;
            let on = std::mem::replace(&mut wait.on, On::Nothing);
            match on {
                On::Unregistered(fd, events, lasting, owner) => {
                    let poller = self.poller.as_ref().ok_or(Errno::BADF)?;
                    let on = Polled { fd, events, owner: owner.as_ref(), lasting, emptied: LEVEL };
                    let row = self.descriptors.register(poller, me, on)?;
                    self.set_on(key, On::descriptor(row, events));
                    self.descriptors.add(&self.waits, key, row);
                }
                other => self.set_on(key, other),
            }
            key = next;
        }
        Ok(())
    }

    fn wait_on_conditions(
        &mut self,
        me: &AtomicWeak<Controller>,
        task: u32,
        member: u32,
        conditions: [Option<AtomicShared<Condition>>; 2],
    ) -> Result<()> {
        for condition in conditions.into_iter().flatten() {
            condition.check_thread()?;
            let key = self.insert_wait(task, member, On::Nothing)?;
            let place = condition.enqueue(me, key)?;
            self.set_on(key, On::Condition(condition, place));
        }
        Ok(())
    }

    /// Has a wait fire at a time. ENOMEM, and it waits for what it did.
    #[inline]
    pub fn set_deadline(&mut self, wait: WaitKey, deadline: Instant) -> Result<()> {
        self.sweep_timers();
        let serial = self.next_serial();
        self.timers.set(deadline, TimerKey { serial, wait })?;
        self.set_on(wait, On::Deadline(serial));
        Ok(())
    }

    #[inline]
    pub fn insert_wait(&mut self, task: u32, member: u32, on: On) -> Result<WaitKey> {
        let first = self.tasks[task as usize].waits;
        let key = self.waits.insert(task, member, first, on)?;
        self.tasks[task as usize].waits = key;
        Ok(key)
    }

    pub fn set_on(&mut self, key: WaitKey, on: On) {
        if let Some(wait) = self.waits.get_mut(key) {
            wait.on = on;
        }
    }

    /// Removes the waits of a task, telling `each` the member and what fired, last member first.
    pub fn unpark_with(&mut self, index: u32, mut each: impl FnMut(u32, Events)) {
        let mut key = std::mem::replace(&mut self.tasks[index as usize].waits, NONE);
        while key != NONE {
            if let Some(&waits::Wait { on: On::Descriptor(row, ..), .. }) = self.waits.get(key) {
                self.descriptors.remove(&self.waits, key, row);
            }
            let wait = self.waits.remove(key);
            match wait.on {
                On::Deadline(_) if wait.fired == 0 => self.timers.forget(),
                On::Condition(condition, place) if wait.fired == 0 => condition.dequeue(place),
                _ => {}
            }
            if wait.fired != 0 {
                each(wait.member, wait.fired);
            }
            key = wait.next_of_task;
        }
    }

    #[inline]
    pub fn unpark(&mut self, index: u32) {
        if self.tasks[index as usize].waits != NONE {
            self.give_up_waits(index);
        }
    }

    #[cold]
    fn give_up_waits(&mut self, index: u32) {
        self.unpark_with(index, |_, _| {});
    }

    /// Parks a task that runs on what it was parked on before; `false` if that was something else.
    #[inline(always)]
    pub fn wait_again(&mut self, task: TaskId, by_itself: bool, on: Polled<'_>) -> bool {
        let Some(wait) = self.waits.get(self.lingering) else { return false };
        let On::Descriptor(row, events, _) = wait.on else { return false };
        if wait.task != task.index
            || events != on.events
            || self.scopes.ended != 0
            || !self.descriptors.has_only(row, self.lingering, on)
        {
            return false;
        }
        let Some(found) = self.tasks.get_mut(task.index as usize) else { return false };
        if !found.may_wait(task, by_itself) {
            return false;
        }
        found.waits = std::mem::replace(&mut self.lingering, NONE);
        self.let_go();
        true
    }

    /// Gives up the wait that lingers.
    #[inline]
    pub fn drop_lingering(&mut self) {
        if self.lingering != NONE {
            self.drop_lingering_wait();
        }
    }

    #[inline(never)]
    fn drop_lingering_wait(&mut self) {
        let key = std::mem::replace(&mut self.lingering, NONE);
        if let Some(&waits::Wait { on: On::Descriptor(row, ..), .. }) = self.waits.get(key) {
            self.descriptors.remove(&self.waits, key, row);
        }
        self.waits.remove(key);
    }

    /// Newest first: the registration of a descriptor whose last waiter waits for others, or has ended, is dropped at
    /// once and not in the next step. The order of registration decides which descriptor the kernel reports first,
    /// and Lua programs know the order of the original library, which drops registrations at this point.
    #[inline(always)]
    pub fn let_go(&mut self) {
        let any = self.lingering != NONE || self.descriptors.has_orphans();
        if any && self.ready.order == Order::NewestFirst {
            self.drop_left();
        }
    }

    #[inline(never)]
    fn drop_left(&mut self) {
        self.drop_lingering();
        if let Some(poller) = self.poller.as_ref() {
            self.descriptors.drop_orphans(poller, &self.waits);
        }
    }

    /// Removes a task, whatever it waits for.
    pub fn remove_task(&mut self, index: u32) -> Task {
        self.drop_lingering();
        self.unpark(index);
        self.ready.remove(&mut self.tasks, index);
        let task = self.tasks.remove(index as usize);
        self.scopes.leave(TaskId { index, serial: task.serial() });
        if let Some(join) = self.extras.forget(index) {
            self.scopes.signals.push(join.end()); // there is room
        }
        task
    }

    /// See `Controller::next`.
    #[inline(always)]
    pub fn next(&mut self, fired: &mut Vec<Fired>) -> Option<(TaskId, Payload)> {
        fired.clear();
        self.drop_lingering();
        let Some(index) = self.ready.take(&mut self.tasks) else {
            self.end_pass();
            return None;
        };
        self.resumptions = self.resumptions.wrapping_add(1);
        let task = &self.tasks[index as usize];
        let (serial, data, waits) = (task.serial(), task.data(), task.waits);
        if self.counts.is_some() {
            let task = TaskId { index, serial };
            self.count_turn((data != Payload::Inspector).then_some(task));
        }
        if waits != NONE && !self.let_linger(index, waits, fired) {
            self.unpark_with(index, |member, events| match fired.last_mut() {
                Some(last) if last.member == member => last.events |= events as u32,
                _ => fired.push(Fired { member, events: events as u32 }),
            });
            fired.reverse();
        }
        Some((TaskId { index, serial }, data))
    }

    /// The pass has come to its end.
    #[inline]
    pub fn end_pass(&mut self) {
        self.drop_lingering();
        self.unfinished = false;
        if self.counts.is_some() {
            self.count_turn(None);
        }
    }

    /// Has the wait that has woken a task linger; `false` if it was not the task's only one.
    #[inline]
    fn let_linger(&mut self, index: u32, key: WaitKey, fired: &mut Vec<Fired>) -> bool {
        let Some(wait) = self.waits.get_mut(key) else { return false };
        if wait.next_of_task != NONE || wait.fired == 0 || wait.member != 0 {
            return false;
        }
        let events = match wait.on {
            On::Descriptor(..) => std::mem::take(&mut wait.fired),
            On::Deadline(_) | On::Condition(..) => wait.fired,
            _ => return false,
        };
        fired.push(Fired { member: 0, events: events as u32 });
        self.tasks[index as usize].waits = NONE;
        self.lingering = key;
        true
    }
}
