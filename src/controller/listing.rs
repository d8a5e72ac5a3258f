// SPDX-License-Identifier: MIT
//! What a controller's tasks wait for, and what it has done: for whoever asks why a program hangs.

use super::extras::{Name, Text};
use super::running::Running;
use super::scope::ScopeId;
use super::state::State;
use super::task::Task;
use super::waits::{On, NONE};
use super::{Controller, Payload, TaskId};
use crate::clock::Instant;
use crate::poller::Events;
use crate::sys::describe::{self, Words};
use crate::sys::memory::boxed;
use std::fmt::{self, Write};
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
    /// What is said of that.
    words: Words,
    /// How many further things it waits for, timeouts aside.
    pub others: u32,
    /// When it was resumed last, or stopped being so; `None` unless that is counted.
    pub since: Option<Instant>,
    /// How many nanoseconds it has run; 0 unless that is counted.
    pub busy: u64,
    /// How often it was resumed; 0 unless that is counted.
    pub resumptions: u64,
    /// Its name.
    pub name: Option<&'a Name>,
    /// Where its code stands, if a binding has told.
    pub place: Option<&'a Text>,
}

impl Listed<'_> {
    /// Writes what it waits for, in words: "read of 127.0.0.1:443". Nothing if it does not wait.
    pub fn wait_in_words(&self, to: &mut dyn Write) -> fmt::Result {
        match self.thing {
            _ if self.doing == Doing::Runs => Ok(()),
            Thing::Nothing if self.doing == Doing::IsReady => Ok(()),
            Thing::Nothing => to.write_str("nothing"),
            Thing::Time => to.write_str("sleep"),
            Thing::HeldOutput => to.write_str("room for held output"),
            Thing::Condition => match &self.words {
                Some(words) => words.describe(-1, 0, to),
                None => to.write_str("condition"),
            },
            Thing::Descriptor(fd, events) => match &self.words {
                Some(words) => words.describe(fd, events, to),
                None => describe::wait(fd, events, to),
            },
        }
    }
}

/// What one task has done.
#[derive(Clone, Copy, Default)]
struct Spent {
    /// Tells the task from others in its place.
    serial: u64,
    /// When it was resumed last, or stopped being so.
    since: Option<Instant>,
    busy: u64,
    resumptions: u64,
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
    /// By the places of tasks.
    spent: Vec<Spent>,
    /// Where it is told who runs, while somebody may look at the controller.
    told: Option<Running>,
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
            if let Some(spent) = self.spent_by(task) {
                (spent.since, spent.busy) = (Some(now), spent.busy + span);
            }
        }
        if let Some(told) = &self.told {
            told.tell(next.map(|task| (task, name_of(task))), now);
        }
        if let Some(task) = next {
            self.resumptions += 1;
            self.running = Some((task, now));
            if let Some(spent) = self.spent_by(task) {
                (spent.since, spent.resumptions) = (Some(now), spent.resumptions + 1);
            }
        }
    }

    /// Where that is kept for a task. Without memory it is not.
    fn spent_by(&mut self, task: TaskId) -> Option<&mut Spent> {
        let place = task.index as usize;
        if place >= self.spent.len() {
            self.spent.try_reserve(place + 1 - self.spent.len()).ok()?;
            self.spent.resize(place + 1, Spent::default());
        }
        let spent = &mut self.spent[place];
        if spent.serial != task.serial {
            *spent = Spent { serial: task.serial, ..Spent::default() };
        }
        Some(spent)
    }

    /// What was kept for a task.
    fn spent(&self, task: TaskId) -> Spent {
        let found = self.spent.get(task.index as usize);
        found.filter(|spent| spent.serial == task.serial).copied().unwrap_or_default()
    }
}

impl State {
    /// See `Counts::turn`; for `next`, while counting.
    #[cold]
    pub fn count_turn(&mut self, next: Option<TaskId>) {
        let State { counts, extras, tasks, .. } = self;
        let name_of = |task: TaskId| {
            let found = tasks.get(task.index as usize)?;
            (found.serial() == task.serial).then(|| extras.name(task.index).copied())?
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

    /// All tasks but the one that tells others of them.
    pub(super) fn listable(&self) -> impl Iterator<Item = (u32, &Task)> {
        let tasks = self.tasks.iter().filter(|(_, task)| task.data() != Payload::Inspector);
        tasks.map(|(index, task)| (index as u32, task))
    }

    /// Tells the deadlines of tasks that wait, in no order.
    pub(super) fn each_deadline(&self, due: &mut dyn FnMut(u32, Instant)) {
        self.timers.each(|deadline, key| {
            let wait =
                self.waits.get(key.wait).filter(|_| self.waits.is_timer(key.wait, key.serial));
            if let Some(wait) = wait.filter(|wait| matches!(wait.on, On::Deadline(_))) {
                due(wait.task, deadline);
            }
        });
    }

    pub(super) fn listed(&self, index: u32, task: &Task) -> Listed<'_> {
        let id = TaskId { index, serial: task.serial() };
        let (mut thing, mut words, mut others, mut key) = (Thing::Nothing, None, 0, task.waits);
        while let Some(wait) = self.waits.get(key) {
            let found = self.thing(&wait.on);
            match (thing, found) {
                (Thing::Nothing, found) | (Thing::Time, found) if found != Thing::Nothing => {
                    (thing, words) = (found, self.words(&wait.on));
                }
                (_, Thing::Nothing | Thing::Time) => {}
                _ => others += 1,
            }
            key = wait.next_of_task;
        }
        if let Payload::Output(_) = task.data() {
            thing = Thing::HeldOutput;
        }
        let doing = match (task.link.is_queued(), task.waits) {
            (true, _) => Doing::IsReady,
            (false, NONE) => Doing::Runs,
            (false, _) => Doing::Waits,
        };
        let spent = self.counts.as_ref().map_or(Spent::default(), |counts| counts.spent(id));
        let Spent { since, busy, resumptions, .. } = spent;
        let (scope, name) = (self.scopes.place(index).scope, self.extras.name(index));
        let scope = self.scopes.get(scope).map_or(0, |scope| scope.handle);
        let place = self.extras.place(index);
        Listed {
            task: id,
            scope,
            doing,
            thing,
            words,
            others,
            since,
            busy,
            resumptions,
            name,
            place,
        }
    }

    fn thing(&self, on: &On) -> Thing {
        match on {
            On::Nothing | On::Scope(_) => Thing::Nothing,
            On::Deadline(_) => Thing::Time,
            On::Descriptor(row, events, _) => {
                Thing::Descriptor(self.descriptors.number(*row), *events)
            }
            On::Unregistered(fd, events, ..) => Thing::Descriptor(*fd, *events),
            On::Condition(..) => Thing::Condition,
        }
    }

    /// What is said of a thing that is waited for.
    fn words(&self, on: &On) -> Words {
        match on {
            On::Descriptor(row, ..) => self.descriptors.words(*row),
            On::Unregistered(.., owner) => owner.as_ref()?.words(),
            On::Condition(condition, _) => condition.words(),
            _ => None,
        }
    }
}

impl Controller {
    /// Tells `each` every task, in the order of their places, then `due` the deadlines of those that wait, in no
    /// order. Neither may call the controller.
    pub fn list(&self, mut each: impl FnMut(Listed), mut due: impl FnMut(u32, Instant)) {
        let state = self.state.borrow();
        for (index, task) in state.listable() {
            each(state.listed(index, task));
        }
        state.each_deadline(&mut due);
    }

    /// Begins to count, from zero, or stops. ENOMEM.
    pub fn set_counting(&self, counts: bool) -> crate::errno::Result<()> {
        let mut made = if counts { Some(boxed(Counts::default())?) } else { None };
        let mut state = self.state.borrow_mut();
        if let (Some(new), Some(old)) = (&mut made, &mut state.counts) {
            new.told = old.told.take();
        }
        state.counts = made;
        Ok(())
    }

    /// Tells who runs there, as long as it counts.
    pub(super) fn tell_running(&self, told: Option<Running>) {
        if let Some(counts) = &mut self.state.borrow_mut().counts {
            counts.told = told;
        }
    }

    /// Begins to count unless it counts already. ENOMEM.
    pub(super) fn count_on(&self) -> crate::errno::Result<()> {
        let counts = self.state.borrow().counts.is_some();
        if counts {
            Ok(())
        } else {
            self.set_counting(true)
        }
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
