// SPDX-License-Identifier: MIT
//! The names that programs give to tasks.

use super::{Controller, TaskId};
use crate::errno::{Errno, Result};
use crate::sys::memory::boxed;
use std::collections::HashMap;
use std::ffi::{c_char, CStr};
use std::hash::{BuildHasherDefault, DefaultHasher};

/// A name as C reads it: text, filled up with NUL bytes.
#[derive(Clone, Copy)]
pub struct Name([c_char; Name::ROOM]);

impl Default for Name {
    fn default() -> Name {
        Name([0; Name::ROOM])
    }
}

impl Name {
    /// The bytes of a name, the NUL at its end included.
    pub const ROOM: usize = 64;

    /// A name with this text. ENAMETOOLONG for more than 63 bytes.
    pub fn new(text: &CStr) -> Result<Name> {
        let text = text.to_bytes();
        if text.len() >= Name::ROOM {
            return Err(Errno(libc::ENAMETOOLONG));
        }
        let mut name = Name::default();
        name.0.iter_mut().zip(text).for_each(|(to, &from)| *to = from as c_char);
        Ok(name)
    }

    /// The characters.
    pub fn as_chars(&self) -> &[c_char; Name::ROOM] {
        &self.0
    }
}

/// The names by the places of their tasks. No peer chooses those, so the hash needs no random key. A name stays at
/// its address until it is changed.
#[derive(Default)]
pub struct Names(HashMap<u32, Box<Name>, BuildHasherDefault<DefaultHasher>>);

impl Names {
    /// The name of the task in a place.
    pub fn get(&self, index: u32) -> Option<&Name> {
        self.0.get(&index).map(Box::as_ref)
    }

    /// Sets the name of the task in a place. ENOMEM.
    fn set(&mut self, index: u32, name: Name) -> Result<()> {
        self.0.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        self.0.insert(index, boxed(name)?);
        Ok(())
    }

    /// Removes the name of the task in a place, which is over or has no name any more.
    #[inline]
    pub fn forget(&mut self, index: u32) {
        if !self.0.is_empty() {
            self.0.remove(&index);
        }
    }

    /// Removes all names: all tasks are over.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Controller {
    /// Names a task. ENOENT if there is no such task; ENAMETOOLONG; ENOMEM.
    pub fn set_name(&self, task: TaskId, text: &CStr) -> Result<()> {
        let name = Name::new(text)?;
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        match name.0[0] {
            0 => {
                state.names.forget(task.index);
                Ok(())
            }
            _ => state.names.set(task.index, name),
        }
    }

    /// The name of a task, which holds until it is named again or over; NULL without one. ENOENT.
    pub fn name_of(&self, task: TaskId) -> Result<*const c_char> {
        let state = self.state.borrow();
        state.check_task(task)?;
        Ok(state.names.get(task.index).map_or(std::ptr::null(), |name| name.0.as_ptr()))
    }
}
