// SPDX-License-Identifier: MIT
//! Shutting down: whoever accepts stops, what is idle ends at once, and what is left has a time of grace.

use super::scope::End;
use super::state::State;
use super::waits::{On, NONE};
use super::{Controller, Payload, TaskId};
use crate::clock::Span;
use crate::errno::Result;
use crate::sys::socket;

impl State {
    /// While the controller shuts down, no task waits for connections; nearly always it does not.
    #[inline]
    pub fn end_accept(&mut self, index: u32) {
        if self.shuts_down && self.accepts(index) {
            self.unpark(index);
            // The wait that was given up has left room.
            let _ = self.park_ended(index, End::Cancelled);
        }
    }

    /// Whether a task is parked until a connection comes.
    fn accepts(&self, index: u32) -> bool {
        let task = &self.tasks[index as usize];
        if task.data() == Payload::Inspector {
            return false; // it tells how the shutdown goes
        }
        let mut key = task.waits;
        while let Some(wait) = self.waits.get(key).filter(|_| !task.link.is_queued()) {
            let fd = match wait.on {
                On::Descriptor(row, events, _) if events & libc::POLLIN != 0 => {
                    self.descriptors.number(row)
                }
                _ => -1,
            };
            let is_listener = || socket::option(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN);
            if fd >= 0 && is_listener().is_ok_and(|listens| listens != 0) {
                return true;
            }
            key = wait.next_of_task;
        }
        false
    }

    /// The time of grace is over: everything ends.
    pub fn end_all(&mut self) {
        for scope in 0..self.scopes.room() {
            if self.scopes.get(scope).is_some_and(|found| found.parent == NONE) {
                self.end_scope(scope, End::Late, None);
            }
        }
        for index in 0..self.tasks.places() as u32 {
            let is_ours =
                |data| matches!(data, Payload::Output(_) | Payload::Posted(_) | Payload::Inspector);
            let Some(task) = self.tasks.get(index as usize).filter(|task| !is_ours(task.data()))
            else {
                continue;
            };
            let id = TaskId { index, serial: task.serial() };
            // Without memory for the note, this one goes on.
            if self.scopes.get(self.scopes.home(id)).is_none() && self.scopes.reserve(index).is_ok()
            {
                self.scopes.note_end(index, End::Late);
                self.interrupt(index);
            }
        }
        self.let_go();
    }
}

impl Controller {
    /// Ends the waits of tasks that accept connections, ends idle scopes, and in `grace` everything that is left;
    /// `None`: never. ENOMEM, EBADF.
    pub fn shutdown(&self, grace: Option<Span>) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.check_open()?;
        state.set_grace(grace)?;
        for index in 0..state.tasks.places() as u32 {
            if state.tasks.get(index as usize).is_some() {
                state.end_accept(index);
            }
        }
        for scope in 0..state.scopes.room() {
            if state.scopes.get(scope).is_some_and(|found| found.is_idle) {
                state.end_scope(scope, End::Cancelled, None);
            }
        }
        state.let_go();
        self.settle(state);
        Ok(())
    }

    /// Whether it shuts down.
    pub fn shuts_down(&self) -> bool {
        self.state.borrow().shuts_down
    }
}
