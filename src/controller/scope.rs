// SPDX-License-Identifier: MIT
//! One scope: its place in the tree, how it has ended, and what the program keeps with it.

use super::extras::{Name, Text};
use super::waits::{WaitKey, NONE};
use super::{Condition, TaskId};
use crate::clock::Instant;
use crate::errno::Errno;
use crate::sys::memory::AtomicShared;

/// Identifies a scope; stays unequal to the identifiers of later scopes in the same place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScopeId {
    /// The place in the controller's slab.
    pub index: u32,
    /// Tells it from other scopes in that place.
    pub serial: u64,
}

/// Why waits end that nothing has fired for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Somebody has cancelled it.
    Cancelled,
    /// A deadline has passed.
    Late,
}

impl End {
    /// The code that a wait ends with.
    pub fn code(self) -> Errno {
        match self {
            End::Cancelled => Errno::CANCELED,
            End::Late => Errno::TIMEDOUT,
        }
    }
}

/// The first task of a scope that failed.
#[derive(Clone)]
pub struct Fault {
    /// The task, which is over.
    pub task: TaskId,
    /// The code that it ended with.
    pub code: i32,
    /// The name that the task had.
    pub name: Name,
    /// Why, in words.
    pub reason: Option<Text>,
}

/// Whose end a wait ends with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Scope(u32),
    Task(u32),
}

/// A scope.
pub struct Scope {
    pub serial: u64,
    /// The scope around it, and its place among the scopes there.
    pub parent: u32,
    pub previous: u32,
    pub next: u32,
    /// The last of the scopes that were made in it.
    pub first_child: u32,
    /// The last of the tasks whose present scope it is.
    pub first_task: u32,
    /// How many tasks that were started in it have not ended, and how many scopes in it are busy.
    pub busy: u32,
    /// The task that has begun it around a part of its own code.
    pub host: Option<TaskId>,
    pub end: Option<End>,
    /// The code that it was cancelled with; 0: that of its end.
    pub code: i32,
    /// Why it was ended, in words.
    pub reason: Option<Text>,
    pub fault: Option<Fault>,
    /// Whether the others go on when a task fails.
    pub supervises: bool,
    /// Whether it may end at once when the controller shuts down.
    pub is_idle: bool,
    /// The wait that is its deadline, and when that is.
    pub timer: WaitKey,
    pub deadline: Option<Instant>,
    /// The wait that stands for the end of its shield, which keeps out what ends the scopes around it.
    pub shield_timer: WaitKey,
    /// Signalled when it is not busy any more.
    pub idle: Option<AtomicShared<Condition>>,
    pub name: Name,
    /// The program's.
    pub data: usize,
    /// Its handle.
    pub handle: usize,
}

impl Scope {
    /// An empty scope in another one, `NONE` for in none.
    pub fn new(serial: u64, parent: u32) -> Scope {
        Scope {
            serial,
            parent,
            previous: NONE,
            next: NONE,
            first_child: NONE,
            first_task: NONE,
            busy: 0,
            host: None,
            end: None,
            code: 0,
            reason: None,
            fault: None,
            supervises: false,
            is_idle: false,
            timer: NONE,
            deadline: None,
            shield_timer: NONE,
            idle: None,
            name: Name::default(),
            data: 0,
            handle: 0,
        }
    }

    /// Whether what ends the scopes around it does not reach it now.
    pub fn is_shielded(&self) -> bool {
        self.shield_timer != NONE
    }
}
