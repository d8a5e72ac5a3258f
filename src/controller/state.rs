// SPDX-License-Identifier: MIT
//! What a controller holds, and the steps of its work: parking, waiting, waking.

use super::alert::Alert;
use super::descriptors::Descriptors;
use super::timers::{TimerKey, Timers};
use super::waits::{self, On, WaitKey, Waits, FIRED, NONE};
use super::{Controller, Fired, Member, Payload, TaskId, CANCELLED};
use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};
use crate::poller::{self, Events, Poller, Ready};
use crate::socket::Holder;
use slab::Slab;
use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::sync::Weak;

/// How many steps may go by without asking the kernel while tasks keep waking each other.
pub const LAZY_ROUNDS: u32 = 61;

pub struct Task {
    pub serial: u32,
    /// Whether it is in the run queue.
    pub queued: bool,
    /// The first of its waits.
    pub waits: u32,
    pub data: Payload,
}

/// What a controller holds. Borrowed for the length of one call, never across a resumption.
pub struct State {
    /// `None` once closed.
    pub poller: Option<Poller>,
    pub tasks: Slab<Task>,
    pub waits: Waits,
    pub descriptors: Descriptors,
    pub timers: Timers,
    pub ready: VecDeque<TaskId>,
    /// How many of `ready` belong to the present step.
    pub batch: usize,
    /// The kernel's answer, kept for its allocation.
    pub events: Vec<Ready>,
    /// What woke the task that was taken last.
    pub fired: Vec<Fired>,
    pub serial: u32,
    /// A timer has made a task ready since the kernel was last asked.
    pub timer_fired: bool,
    pub lazy_rounds: u32,
    /// The kernel tells of a descriptor that it should have forgotten: its file is still open elsewhere.
    pub stale: bool,
    /// Sockets whose held lines wait for the kernel to take them.
    pub outputs: Slab<Holder>,
}

impl State {
    pub fn check_open(&self) -> Result<()> {
        self.poller.as_ref().map(drop).ok_or(Errno::BADF)
    }

    pub fn check_task(&self, task: TaskId) -> Result<()> {
        match self.tasks.get(task.index as usize) {
            Some(found) if found.serial == task.serial => Ok(()),
            _ => Err(Errno::NOENT),
        }
    }

    pub fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    pub fn make_ready(&mut self, index: u32) {
        let task = &mut self.tasks[index as usize];
        if !task.queued {
            task.queued = true;
            self.ready.push_back(TaskId { index, serial: task.serial });
        }
    }

    /// Takes a task that has not been resumed since it became ready out of the run queue.
    pub fn unqueue(&mut self, index: u32) {
        let task = &mut self.tasks[index as usize];
        if std::mem::take(&mut task.queued) {
            // By its serial too: a finished task may have left an entry of the same place.
            let entry = TaskId { index, serial: task.serial };
            let at = self.ready.iter().position(|&id| id == entry);
            self.batch -= usize::from(at.is_some_and(|at| at < self.batch));
            at.map(|at| self.ready.remove(at));
        }
    }

    pub fn fire(&mut self, key: WaitKey, events: Events) {
        if let Some(wait) = self.waits.get_mut(key) {
            wait.fired |= events;
            let task = wait.task;
            self.make_ready(task);
        }
    }

    pub fn wait_on(
        &mut self,
        me: &Weak<Controller>,
        task: u32,
        member: u32,
        on: Member,
    ) -> Result<()> {
        let polls = on.fd >= 0 && on.events != 0;
        if !polls && on.timeout.is_none() && on.condition.is_none() {
            self.insert_wait(task, member, On::Nothing); // parked all the same
        }
        if polls {
            let key = self.insert_wait(task, member, On::Nothing);
            let poller = self.poller.as_ref().ok_or(Errno::BADF)?;
            self.descriptors.add(poller, &mut self.waits, key, on.fd, on.events, on.owned)?;
            self.set_on(key, On::Descriptor(on.fd, on.events));
        }
        if let Some(span) = on.timeout {
            let serial = self.next_serial();
            let wait = self.insert_wait(task, member, On::Deadline(serial));
            self.timers.set(span, TimerKey { serial, wait });
        }
        if let Some(condition) = on.condition {
            let key = self.insert_wait(task, member, On::Nothing);
            let place = condition.enqueue(me.clone(), key);
            self.set_on(key, On::Condition(condition, place));
        }
        Ok(())
    }

    pub fn insert_wait(&mut self, task: u32, member: u32, on: On) -> WaitKey {
        let first = self.tasks[task as usize].waits;
        let key = self.waits.insert(task, member, first, on);
        self.tasks[task as usize].waits = key;
        key
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
            if let Some(&waits::Wait { on: On::Descriptor(fd, _), .. }) = self.waits.get(key) {
                self.descriptors.remove(&self.waits, key, fd);
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

    pub fn unpark(&mut self, index: u32) {
        if self.tasks[index as usize].waits != NONE {
            self.unpark_with(index, |_, _| {});
        }
    }

    pub fn next(&mut self, fired: &mut Vec<Fired>) -> Option<(TaskId, Payload)> {
        fired.clear();
        while self.batch > 0 {
            self.batch -= 1;
            let Some(id) = self.ready.pop_front() else { break };
            if self.check_task(id).is_err() {
                continue; // finished while in the queue
            }
            let task = &mut self.tasks[id.index as usize];
            task.queued = false;
            let data = task.data;
            self.unpark_with(id.index, |member, events| match fired.last_mut() {
                Some(last) if last.member == member => last.events |= events as u32,
                _ => fired.push(Fired { member, events: events as u32 }),
            });
            fired.reverse();
            return Some((id, data));
        }
        self.batch = 0;
        None
    }

    pub fn wait(&mut self, alert: &Alert, limit: Option<Span>, lazy: bool) -> Result<()> {
        let Some(poller) = self.poller.as_ref() else { return Err(Errno::BADF) };
        self.descriptors.drop_orphans(poller, &self.waits);
        let deadline = self.next_deadline();
        // A task whose timer is due may wait for a descriptor too: then the kernel is asked as well.
        let lazy = lazy && !self.timer_fired && !self.ready.is_empty();
        let limit = match self.ready.is_empty() && !self.tasks.is_empty() {
            true => [limit, deadline].into_iter().flatten().min(),
            false => Some(Span::ZERO),
        };
        let watched = self.descriptors.registered() + usize::from(alert.fd().is_some());
        let skip = watched == 0 || (lazy && self.lazy_rounds < LAZY_ROUNDS);
        if limit == Some(Span::ZERO) && skip {
            self.lazy_rounds += 1;
        } else {
            self.lazy_rounds = 0;
            self.timer_fired = false;
            self.ask_kernel(alert, watched, limit)?;
        }
        self.batch = self.ready.len();
        Ok(())
    }

    pub fn ask_kernel(&mut self, alert: &Alert, room: usize, limit: Option<Span>) -> Result<()> {
        let mut events = std::mem::take(&mut self.events);
        let poller = self.poller.as_ref().ok_or(Errno::BADF)?;
        let result = poller.wait(&mut events, room, limit);
        for event in &events {
            self.ready_descriptor(alert, event);
        }
        let timed_out = events.is_empty() && limit != Some(Span::ZERO);
        self.events = events;
        if timed_out && !self.timers.is_empty() {
            self.fire_due(Instant::now());
        }
        match result {
            Err(Errno(libc::EINTR)) => Ok(()),
            other => other,
        }
    }

    pub fn ready_descriptor(&mut self, alert: &Alert, event: &Ready) {
        let (fd, events) = poller::read(event);
        let mut key = self.descriptors.first(fd);
        if key == NONE && alert.fd() == Some(fd) {
            return alert.clear();
        }
        self.stale |= key == NONE && !self.descriptors.is_registered(fd);
        let mut unwanted = true;
        while let Some(wait) = self.waits.get(key) {
            let next = self.waits.neighbours(key).1;
            if let On::Descriptor(_, wanted) = wait.on {
                let hit = events & (wanted | libc::POLLERR | libc::POLLHUP);
                if hit != 0 {
                    unwanted = false;
                    self.fire(key, hit);
                }
            }
            key = next;
        }
        if let (true, Some(poller)) = (unwanted, self.poller.as_ref()) {
            self.descriptors.narrow(poller, &self.waits, fd);
        }
    }

    /// Lets the timers that this step has set begin to run.
    pub fn start_timers(&mut self) {
        if self.timers.has_unstarted() {
            let waits = &self.waits;
            self.timers.start(Instant::now(), |key| waits.is_timer(key.wait, key.serial));
        }
    }

    pub fn fire_due(&mut self, now: Instant) {
        let waits = &self.waits;
        self.timers.start(now, |key| waits.is_timer(key.wait, key.serial));
        while let Some(key) = self.timers.pop_due(now) {
            match self.waits.is_timer(key.wait, key.serial) {
                true => {
                    self.timer_fired = true;
                    self.fire(key.wait, FIRED);
                }
                false => self.timers.surfaced(),
            }
        }
    }

    /// Fires what is due and returns the time until the next deadline.
    pub fn next_deadline(&mut self) -> Option<Span> {
        if self.timers.is_empty() {
            return None;
        }
        let now = Instant::now();
        self.fire_due(now);
        let waits = &self.waits;
        self.timers.next(now, |key| waits.is_timer(key.wait, key.serial))
    }

    pub fn cancel(&mut self, fd: RawFd, last: bool) -> bool {
        let mut woken = false;
        loop {
            let key = self.descriptors.first(fd);
            if key == NONE {
                break;
            }
            self.descriptors.remove(&self.waits, key, fd);
            self.set_on(key, On::Nothing);
            self.fire(key, CANCELLED);
            woken = true;
        }
        if let Some(poller) = self.poller.as_ref() {
            self.descriptors.forget(poller, fd, last);
        }
        woken
    }
}
