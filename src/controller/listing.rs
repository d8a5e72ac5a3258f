// SPDX-License-Identifier: MIT
//! What a controller's tasks wait for, and what it has done: for whoever asks why a program hangs.

use super::extras::Name;
use super::scope::ScopeId;
use super::state::{State, Task};
use super::waits::{On, NONE};
use super::{Controller, Payload, TaskId};
use crate::clock::Instant;
use crate::poller::Events;
use crate::sys::memory::boxed;
use std::os::fd::RawFd;

/// What a task does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// It is being resumed.
    Runs,
    /// It runs in the next step, or in this one.
    IsReady,
    /// It is parked.
    Waits,
}

/// The first thing that a task waits for, timeouts aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thing {
    /// Nothing, or nothing that can fire.
    Nothing,
    /// Only for time to pass.
    Time,
    /// Events of a descriptor.
    Descriptor(RawFd, Events),
    /// A condition.
    Condition,
    /// Until the kernel takes held output of a socket: a task of the controller's own.
    HeldOutput,
}

/// A task, as it is listed.
pub struct Listed<'a> {
    /// The task.
    pub task: TaskId,
    /// The handle of the innermost scope around what it does; 0: none.
    pub scope: usize,
    /// What it does.
    pub doing: Doing,
    /// What it waits for.
    pub thing: Thing,
    /// How many further things it waits for, timeouts aside.
    pub others: u32,
    /// When it was resumed last, or stopped being so; `None` unless that is counted.
    pub since: Option<Instant>,
    /// Its name.
    pub name: Option<&'a Name>,
}

/// What a controller has done since it began to count.
#[derive(Default)]
pub struct Counts {
    /// Steps, resumptions of tasks, and events of descriptors that the kernel has told of.
    pub steps: u64,
    pub resumptions: u64,
    pub events: u64,
    /// Nanoseconds inside of tasks, and in asking the kernel and waiting for it.
    pub busy: u64,
    pub idle: u64,
    /// The longest resumption in nanoseconds, and whose it was.
    pub longest: u64,
    pub longest_task: Option<TaskId>,
    pub longest_name: Name,
    /// The task that is being resumed, and since when.
    running: Option<(TaskId, Instant)>,
    /// By the places of tasks: when the task was resumed last, or stopped being so.
    since: Vec<Option<Instant>>,
}

impl Counts {
    /// Notes that the task that runs has given way, to the next one if there is any.
    fn turn(&mut self, next: Option<TaskId>, name_of: impl Fn(TaskId) -> Option<Name>) {
        let now = Instant::now();
        if let Some((task, begun)) = self.running.take() {
            let span = now.since(begun).0;
            self.busy += span;
            if span > self.longest {
                (self.longest, self.longest_task) = (span, Some(task));
                self.longest_name = name_of(task).unwrap_or_default();
            }
            self.note(task, now);
        }
        if let Some(task) = next {
            self.resumptions += 1;
            self.running = Some((task, now));
            self.note(task, now);
        }
    }

    /// Without memory the time is not told.
    fn note(&mut self, task: TaskId, now: Instant) {
        let place = task.index as usize;
        if place >= self.since.len() {
            if self.since.try_reserve(place + 1 - self.since.len()).is_err() {
                return;
            }
            self.since.resize(place + 1, None);
        }
        self.since[place] = Some(now);
    }
}

impl State {
    /// See `Counts::turn`; for `next`, while counting.
    #[cold]
    pub fn count_turn(&mut self, next: Option<TaskId>) {
        let State { counts, extras, tasks, .. } = self;
        let name_of = |task: TaskId| {
            let found = tasks.get(task.index as usize)?;
            (found.serial == task.serial).then(|| extras.name(task.index).copied())?
        };
        if let Some(counts) = counts {
            counts.turn(next, name_of);
        }
    }

    /// Notes that the kernel was asked, which began then.
    #[cold]
    pub fn count_wait(&mut self, begun: Instant) {
        let events = self.events.len() as u64;
        if let Some(counts) = &mut self.counts {
            counts.steps += 1;
            counts.events += events;
            counts.idle += Instant::now().since(begun).0;
        }
    }

    fn listed(&self, index: u32, task: &Task) -> Listed<'_> {
        let id = TaskId { index, serial: task.serial };
        let (mut thing, mut others, mut key) = (Thing::Nothing, 0, task.waits);
        while let Some(wait) = self.waits.get(key) {
            let found = match &wait.on {
                On::Nothing | On::Scope(_) => Thing::Nothing,
                On::Deadline(_) => Thing::Time,
                On::Descriptor(row, events) => {
                    Thing::Descriptor(self.descriptors.number(*row), *events)
                }
                On::Unregistered(fd, events, ..) => Thing::Descriptor(*fd, *events),
                On::Condition(..) => Thing::Condition,
            };
            match (thing, found) {
                (Thing::Nothing, found) | (Thing::Time, found) if found != Thing::Nothing => {
                    thing = found;
                }
                (_, Thing::Nothing | Thing::Time) => {}
                _ => others += 1,
            }
            key = wait.next_of_task;
        }
        if let Payload::Output(_) = task.data {
            thing = Thing::HeldOutput;
        }
        let doing = match (task.link.is_queued(), task.waits) {
            (true, _) => Doing::IsReady,
            (false, NONE) => Doing::Runs,
            (false, _) => Doing::Waits,
        };
        let since = self.counts.as_ref().and_then(|counts| *counts.since.get(index as usize)?);
        let (scope, name) = (self.scopes.place(index).scope, self.extras.name(index));
        let scope = self.scopes.get(scope).map_or(0, |scope| scope.handle);
        Listed { task: id, scope, doing, thing, others, since, name }
    }
}

impl Controller {
    /// Tells `each` every task, in the order of their places, then `due` the deadlines of those that wait, in no
    /// order. Neither may call the controller.
    pub fn list(&self, mut each: impl FnMut(Listed), mut due: impl FnMut(u32, Instant)) {
        let state = self.state.borrow();
        for (index, task) in state.tasks.iter() {
            each(state.listed(index as u32, task));
        }
        state.timers.each(|deadline, key| {
            let wait =
                state.waits.get(key.wait).filter(|_| state.waits.is_timer(key.wait, key.serial));
            if let Some(wait) = wait.filter(|wait| matches!(wait.on, On::Deadline(_))) {
                due(wait.task, deadline);
            }
        });
    }

    /// Begins to count, from zero, or stops. ENOMEM.
    pub fn set_counting(&self, counts: bool) -> crate::errno::Result<()> {
        let made = if counts { Some(boxed(Counts::default())?) } else { None };
        self.state.borrow_mut().counts = made;
        Ok(())
    }

    /// Reads what was counted; `None` unless it counts.
    pub fn with_counts<R>(&self, f: impl FnOnce(&Counts) -> R) -> Option<R> {
        self.state.borrow().counts.as_deref().map(f)
    }

    /// How many descriptors the kernel watches for the controller.
    pub fn registered(&self) -> usize {
        self.state.borrow().descriptors.registered()
    }

    /// How many deadlines are set, of waits and of scopes.
    pub fn deadlines(&self) -> usize {
        self.state.borrow().timers.count()
    }

    /// The scope around a scope. ENOENT.
    pub fn parent_of(&self, scope: ScopeId) -> crate::errno::Result<Option<ScopeId>> {
        let state = self.state.borrow();
        let parent =
            state.scopes.get(state.scopes.check(scope)?).map_or(NONE, |found| found.parent);
        Ok(state.scopes.get(parent).map(|found| ScopeId { index: parent, serial: found.serial }))
    }
}
