// SPDX-License-Identifier: MIT
//! The run queue: the tasks that are ready, in the order in which they run.
//!
//! The queue is a list through the tasks' own records, so nothing is allocated and a task is taken out of its middle
//! at once. One step makes one pass over it. What becomes ready during a pass runs in the next one. A task that lets
//! the others run (`stay`) is still ready, and runs again in the next pass.
//!
//! There are two orders. Oldest first: what becomes ready goes to the end, and so does a task that stays. Newest
//! first: what becomes ready goes to the front, and a task that stays keeps its place. The second is the order of the
//! Lua library cqueues, on which Lua programs depend.

use super::task::Task;
use crate::slab::Slab;

/// No task.
const NONE: u32 = u32::MAX;

/// In which order tasks run that are ready together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// First come, first served.
    #[default]
    OldestFirst,
    /// Last come, first served.
    NewestFirst,
}

/// A task's place in the queue.
#[derive(Clone, Copy)]
pub struct Link {
    /// The pass in which it came; 0: it is not in the queue, and the other fields do not hold.
    pass: u32,
    previous: u32,
    next: u32,
}

impl Link {
    /// Of a task that is not in the queue.
    pub const NONE: Link = Link { pass: 0, previous: NONE, next: NONE };

    /// Whether the task is in the queue.
    pub fn is_queued(&self) -> bool {
        self.pass != 0
    }
}

/// See the module.
pub struct RunQueue {
    /// The order in which tasks run from now on.
    pub order: Order,
    first: u32,
    last: u32,
    /// Newest first: the task that the pass comes to next.
    cursor: u32,
    /// The number of the present pass, or of the last one; not 0.
    pass: u32,
}

impl Default for RunQueue {
    fn default() -> RunQueue {
        RunQueue { order: Order::default(), first: NONE, last: NONE, cursor: NONE, pass: 1 }
    }
}

impl RunQueue {
    /// Whether no task is ready.
    pub fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// A task has become ready. One that is ready already keeps its place.
    pub fn push(&mut self, tasks: &mut Slab<Task>, index: u32) {
        match self.order {
            Order::OldestFirst => self.insert(tasks, index, NONE),
            Order::NewestFirst => self.insert(tasks, index, self.first),
        }
    }

    /// Puts a task that was taken into the queue again: it is still ready, but lets the others run first.
    pub fn stay(&mut self, tasks: &mut Slab<Task>, index: u32) {
        match self.order {
            Order::OldestFirst => self.insert(tasks, index, NONE),
            Order::NewestFirst => self.insert(tasks, index, self.cursor),
        }
    }

    /// Takes a task out of the queue, if it is in it.
    #[inline]
    pub fn remove(&mut self, tasks: &mut Slab<Task>, index: u32) {
        let link = &mut tasks[index as usize].link;
        if link.is_queued() {
            link.pass = 0;
            let (previous, next) = (link.previous, link.next);
            self.remove_inner(tasks, index, previous, next);
        }
    }

    #[inline(never)]
    fn remove_inner(&mut self, tasks: &mut Slab<Task>, index: u32, previous: u32, next: u32) {
        match previous {
            NONE => self.first = next,
            other => tasks[other as usize].link.next = next,
        }
        match next {
            NONE => self.last = previous,
            other => tasks[other as usize].link.previous = previous,
        }
        if self.cursor == index {
            self.cursor = next;
        }
    }

    /// Begins a pass over what is ready now.
    pub fn begin_pass(&mut self) {
        self.pass = self.pass.wrapping_add(1).max(1);
        self.cursor = self.first;
    }

    /// The place of the task that comes next, in this pass or in the next one; of none a place that no task has.
    #[inline]
    pub fn ahead(&self) -> u32 {
        match self.order {
            Order::OldestFirst => self.first,
            Order::NewestFirst => self.cursor,
        }
    }

    /// Takes the next task of the pass.
    #[inline]
    pub fn take(&mut self, tasks: &mut Slab<Task>) -> Option<u32> {
        let index = self.ahead();
        let task = tasks.get_mut(index as usize)?;
        if task.link.pass == self.pass {
            return None; // it came during the pass
        }
        let Link { previous, next, .. } = task.link;
        task.link.pass = 0;
        if self.first != index {
            self.remove_inner(tasks, index, previous, next);
            return Some(index);
        }
        // Nearly always it is the first.
        (self.first, self.cursor) = (next, next);
        match tasks.get_mut(next as usize) {
            Some(task) => task.link.previous = NONE,
            None => self.last = NONE,
        }
        Some(index)
    }

    /// Forgets all tasks, which are about to be dropped.
    pub fn clear(&mut self) {
        (self.first, self.last, self.cursor) = (NONE, NONE, NONE);
    }

    /// Inserts a task in front of `next`, at the end if that is none.
    #[inline]
    fn insert(&mut self, tasks: &mut Slab<Task>, index: u32, next: u32) {
        if tasks[index as usize].link.is_queued() {
            return;
        }
        let previous = match tasks.get_mut(next as usize) {
            None => std::mem::replace(&mut self.last, index),
            Some(task) => std::mem::replace(&mut task.link.previous, index),
        };
        tasks[index as usize].link = Link { pass: self.pass, previous, next };
        match tasks.get_mut(previous as usize) {
            None => self.first = index,
            Some(task) => task.link.next = index,
        }
    }
}

#[cfg(test)]
mod tests;
