// SPDX-License-Identifier: MIT
//! Scopes: a tree of groups of tasks that end together, kept in the controller. This file knows who belongs where;
//! `ending.rs` ends them.
//!
//! A task belongs to one scope at most, the one that it was started in. It may begin further scopes around parts of
//! its own code, each in the one before; the innermost is its present one. A scope is busy while tasks that were
//! started in it, or in a scope below it, have not ended.

use super::scope::{End, Scope, ScopeId, Source};
use super::waits::NONE;
use super::{Condition, TaskId};
use crate::errno::{Errno, Result};
use crate::slab::Slab;
use crate::sys::describe::{words, Describe};
use crate::sys::memory::AtomicShared;
use std::fmt::{self, Write};
use std::os::fd::RawFd;

/// Where a task belongs. Tasks that never were in a scope and never cancelled have none.
#[derive(Clone, Copy)]
pub struct Place {
    /// The present scope of the task.
    pub scope: u32,
    previous: u32,
    next: u32,
    /// Whether the task itself was cancelled.
    pub end: Option<End>,
    /// Its waits are not ended for now.
    pub is_deaf: bool,
}

/// What a task costs more in a scope than outside.
const _: () = assert!(size_of::<Place>() <= 16);

impl Place {
    const NONE: Place =
        Place { scope: NONE, previous: NONE, next: NONE, end: None, is_deaf: false };
}

/// What those wait for who wait until a scope, by its number, is not busy any more.
struct ScopeEnd(u32);

impl Describe for ScopeEnd {
    fn describe(&self, _fd: RawFd, _events: i16, to: &mut dyn Write) -> fmt::Result {
        write!(to, "end of scope {}", self.0)
    }
}

/// All scopes of a controller.
#[derive(Default)]
pub struct Scopes {
    slab: Slab<Scope>,
    /// By the places of tasks; as long as the last of them that has needed one.
    places: Vec<Place>,
    /// How many scopes and tasks there are that were ended, and tasks that are deaf, and one more for a controller that
    /// shuts down: while it is 0, no wait need look whether it may begin.
    pub ended: u32,
    /// To be signalled as soon as the controller's state is not borrowed: somebody waits for scopes that are idle now.
    pub signals: Vec<AtomicShared<Condition>>,
    /// How many conditions there are that may have to be signalled: so much room there is.
    watched: usize,
}

impl Scopes {
    /// Adds a scope. ENOMEM.
    pub fn insert(&mut self, serial: u64, parent: u32) -> Result<ScopeId> {
        let scope = Scope::new(serial, parent);
        let index = self.slab.insert(scope)? as u32;
        self.link(index, parent);
        Ok(ScopeId { index, serial })
    }

    fn link(&mut self, index: u32, parent: u32) {
        let Some(around) = self.slab.get_mut(parent as usize) else { return };
        let next = std::mem::replace(&mut around.first_child, index);
        self.slab[index as usize].next = next;
        if let Some(next) = self.slab.get_mut(next as usize) {
            next.previous = index;
        }
    }

    /// Removes a scope without tasks of its own. A task that has begun it is back in the one around it. Scopes in it
    /// have ended, and stand for themselves from now on.
    pub fn remove(&mut self, index: u32) {
        let Scope { host, parent, .. } = self.slab[index as usize];
        if let Some(host) = host {
            self.unhost(host, index);
            self.move_task(host.index, parent);
        }
        let scope = self.slab.remove(index as usize);
        self.ended -= u32::from(scope.end.is_some());
        if scope.busy > 0 {
            self.less_busy(parent);
        }
        if let Some(previous) = self.slab.get_mut(scope.previous as usize) {
            previous.next = scope.next;
        } else if let Some(around) = self.slab.get_mut(parent as usize) {
            around.first_child = scope.next;
        }
        if let Some(next) = self.slab.get_mut(scope.next as usize) {
            next.previous = scope.previous;
        }
        let mut child = scope.first_child;
        while let Some(found) = self.slab.get_mut(child as usize) {
            (found.parent, found.previous) = (NONE, NONE);
            self.ended += u32::from(found.end.is_none());
            found.end = found.end.or(Some(End::Cancelled)); // as the one around it
            child = std::mem::replace(&mut found.next, NONE);
        }
        self.signals.extend(scope.idle);
    }

    /// All tasks and scopes are dropped; whoever waits for a scope is to be told.
    pub fn clear(&mut self) {
        for index in 0..self.slab.places() {
            self.signals.extend(self.slab.get_mut(index).and_then(|scope| scope.idle.take()));
        }
        self.slab.clear();
        self.places = Vec::new();
        self.ended = 0;
    }

    /// The scope of an identifier. ENOENT if it is no more.
    pub fn check(&self, id: ScopeId) -> Result<u32> {
        match self.slab.get(id.index as usize) {
            Some(scope) if scope.serial == id.serial => Ok(id.index),
            _ => Err(Errno::NOENT),
        }
    }

    /// All scopes have a lower index.
    pub fn room(&self) -> u32 {
        self.slab.places() as u32
    }

    pub fn get(&self, index: u32) -> Option<&Scope> {
        self.slab.get(index as usize)
    }

    pub fn get_mut(&mut self, index: u32) -> Option<&mut Scope> {
        self.slab.get_mut(index as usize)
    }

    /// How many tasks that were started in it, and busy scopes in it, have not ended.
    pub fn busy(&self, index: u32) -> u32 {
        self.get(index).map_or(0, |scope| scope.busy)
    }

    /// The place of a task.
    pub fn place(&self, task: u32) -> Place {
        self.places.get(task as usize).copied().unwrap_or(Place::NONE)
    }

    /// Makes room for the place of a task. ENOMEM.
    pub fn reserve(&mut self, task: u32) -> Result<()> {
        let count = task as usize + 1;
        if count > self.places.len() {
            self.places.try_reserve(count - self.places.len()).map_err(|_| Errno::NOMEM)?;
            self.places.resize(count, Place::NONE);
        }
        Ok(())
    }

    /// Marks a task as cancelled, for which there is room. `false`: it was already.
    pub fn note_end(&mut self, task: u32, end: End) -> bool {
        let place = &mut self.places[task as usize];
        if place.end.is_some() {
            return false;
        }
        place.end = Some(end);
        self.ended += 1;
        true
    }

    /// A task's present scope becomes that one; there is room. Whether the scopes are busy does not change.
    pub fn move_task(&mut self, task: u32, scope: u32) {
        self.unlink_task(task);
        let Some(into) = self.slab.get_mut(scope as usize) else { return };
        let next = std::mem::replace(&mut into.first_task, task);
        let place = &mut self.places[task as usize];
        *place = Place { scope, previous: NONE, next, ..*place };
        if let Some(next) = self.places.get_mut(next as usize) {
            next.previous = task;
        }
    }

    fn unlink_task(&mut self, task: u32) {
        let Place { scope, previous, next, .. } = self.place(task);
        let Some(from) = self.slab.get_mut(scope as usize) else { return };
        match self.places.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => from.first_task = next,
        }
        if let Some(next) = self.places.get_mut(next as usize) {
            next.previous = previous;
        }
        let place = &mut self.places[task as usize];
        *place = Place { scope: NONE, previous: NONE, next: NONE, ..*place };
    }

    /// A task was started in a scope.
    pub fn start(&mut self, task: u32, scope: u32) {
        self.move_task(task, scope);
        self.add_busy(scope);
    }

    fn add_busy(&mut self, mut scope: u32) {
        while let Some(found) = self.slab.get_mut(scope as usize) {
            found.busy += 1;
            if found.busy > 1 {
                return;
            }
            scope = found.parent;
        }
    }

    /// One task or busy scope less.
    fn less_busy(&mut self, mut scope: u32) {
        while let Some(found) = self.slab.get_mut(scope as usize) {
            found.busy -= 1;
            if found.busy > 0 {
                return;
            }
            self.signals.extend(found.idle.take()); // there is room
            scope = found.parent;
        }
    }

    /// The scope that a task was started in: the one around those that it has begun itself.
    pub fn home(&self, task: TaskId) -> u32 {
        self.home_around(self.outermost_begun(task), task)
    }

    fn home_around(&self, outermost_begun: u32, task: TaskId) -> u32 {
        match self.get(outermost_begun) {
            Some(begun) => begun.parent,
            None => self.place(task.index).scope,
        }
    }

    /// A condition that is signalled when a scope is not busy any more. ENOMEM.
    pub fn idle_condition(&mut self, index: u32) -> Result<AtomicShared<Condition>> {
        let scope = self.get(index).ok_or(Errno::NOENT)?;
        if let Some(idle) = &scope.idle {
            return Ok(idle.clone());
        }
        let idle = Condition::new(false)?;
        idle.describe(words(ScopeEnd(index)))?;
        self.watch()?;
        self.slab[index as usize].idle = Some(idle.clone());
        Ok(idle)
    }

    /// Takes the next condition to signal.
    pub fn take_signal(&mut self) -> Option<AtomicShared<Condition>> {
        let signal = self.signals.pop()?;
        self.watched -= 1;
        Some(signal)
    }

    /// Makes room for the signal of one more condition. ENOMEM.
    pub fn watch(&mut self) -> Result<()> {
        self.signals.try_reserve(self.watched + 1).map_err(|_| Errno::NOMEM)?;
        self.watched += 1;
        Ok(())
    }

    /// A task has ended, and leaves its scope. Scopes that it has begun lose their host.
    pub fn leave(&mut self, task: TaskId) {
        if task.index as usize >= self.places.len() {
            return;
        }
        let begun = self.outermost_begun(task);
        let home = self.home_around(begun, task);
        if begun != NONE {
            self.unhost(task, begun);
        }
        self.unlink_task(task.index);
        let Place { end, is_deaf, .. } = self.place(task.index);
        self.ended -= u32::from(end.is_some()) + u32::from(is_deaf);
        self.places[task.index as usize] = Place::NONE;
        self.less_busy(home);
    }

    /// The scopes that a task has begun, from its present one up to `outermost`, lose their host.
    fn unhost(&mut self, task: TaskId, outermost: u32) {
        let mut scope = self.place(task.index).scope;
        while let Some(found) = self.slab.get_mut(scope as usize).filter(|s| s.host == Some(task)) {
            found.host = None;
            if scope == outermost {
                return;
            }
            scope = found.parent;
        }
    }

    /// A task that runs leaves its scope, which is to be removed, and cannot wait any more.
    pub fn expel(&mut self, task: TaskId) {
        self.leave(task);
        self.note_end(task.index, End::Cancelled);
    }

    /// A task that was started in `root` or a scope in it.
    pub fn any_task(&self, root: u32) -> Option<u32> {
        let mut scope = root;
        while scope != NONE {
            let mut task = self.first_task(scope);
            while task != NONE {
                let host = self.get(scope).and_then(|scope| scope.host);
                let is_guest = host.is_some_and(|host| host.index == task);
                if !is_guest || self.is_below(self.home(host?), root) {
                    return Some(task);
                }
                task = self.next_task(task);
            }
            scope = self.following(scope, root, true);
        }
        None
    }

    /// Why a task may not wait any more: it was cancelled, or a scope around it has ended that no shield keeps out.
    pub fn end_of(&self, task: TaskId) -> Option<(End, Source)> {
        let Place { scope, is_deaf, .. } = self.place(task.index);
        match is_deaf {
            true => None,
            false => self.end_seen_from(Some(task), scope),
        }
    }

    /// Lets the waits of a task be ended, or not; there is room.
    pub fn set_deaf(&mut self, task: u32, is_deaf: bool) {
        if let Some(place) = self.places.get_mut(task as usize).filter(|p| p.is_deaf != is_deaf) {
            place.is_deaf = is_deaf;
            // As long as there is one, each wait looks; so the next wait of this task ends it.
            match is_deaf {
                true => self.ended += 1,
                false => self.ended -= 1,
            }
        }
    }

    /// Why no task may begin in a scope.
    pub fn end_around(&self, scope: u32) -> Option<End> {
        self.end_seen_from(None, scope).map(|(end, _)| end)
    }

    /// Looks from a task in its present scope, or from that scope, outwards. What ends a task ends what is in the
    /// scopes that it has begun.
    fn end_seen_from(&self, mut who: Option<TaskId>, mut scope: u32) -> Option<(End, Source)> {
        loop {
            let found = self.get(scope);
            let host = found.and_then(|found| found.host);
            if let Some(task) = who.filter(|_| who != host) {
                if let Some(end) = self.place(task.index).end {
                    return Some((end, Source::Task(task.index)));
                }
            }
            let found = found?;
            if let Some(end) = found.end {
                return Some((end, Source::Scope(scope)));
            }
            if found.is_shielded() {
                return None;
            }
            (who, scope) = (host, found.parent);
        }
    }

    /// The outermost of the scopes that a task has begun.
    pub fn outermost_begun(&self, task: TaskId) -> u32 {
        let (mut begun, mut scope) = (NONE, self.place(task.index).scope);
        while let Some(found) = self.get(scope).filter(|found| found.host == Some(task)) {
            (begun, scope) = (scope, found.parent);
        }
        begun
    }

    /// Whether it is `root` or lies in it.
    pub fn is_below(&self, mut scope: u32, root: u32) -> bool {
        while let Some(found) = self.get(scope) {
            if scope == root {
                return true;
            }
            scope = found.parent;
        }
        false
    }

    /// The tasks whose present scope it is, the latest first.
    pub fn first_task(&self, scope: u32) -> u32 {
        self.get(scope).map_or(NONE, |scope| scope.first_task)
    }

    /// The task after this one.
    pub fn next_task(&self, task: u32) -> u32 {
        self.place(task).next
    }

    /// The first scope in it.
    pub fn first_child(&self, scope: u32) -> u32 {
        self.get(scope).map_or(NONE, |scope| scope.first_child)
    }

    /// The scope that comes after this one, in a walk over all scopes below `root` in which each comes before those
    /// in it. `deeper`: those in this one are walked over too.
    pub fn following(&self, mut scope: u32, root: u32, deeper: bool) -> u32 {
        let child = self.first_child(scope);
        if deeper && child != NONE {
            return child;
        }
        while scope != root {
            let Some(found) = self.get(scope) else { break };
            if found.next != NONE {
                return found.next;
            }
            scope = found.parent;
        }
        NONE
    }
}
