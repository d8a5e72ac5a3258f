// SPDX-License-Identifier: MIT
//! What only few tasks have: a name, a program's data, a reason why they were cancelled, somebody who waits for their
//! end.

use super::{Condition, Controller, TaskId};
use crate::errno::{Errno, Result};
use crate::sys::describe::{words, Describe};
use crate::sys::memory::{boxed, AtomicShared, Shared};
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::{c_char, CStr};
use std::fmt::{self, Write};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::os::fd::RawFd;

/// The bytes of a name, the NUL at its end included.
const ROOM: usize = 64;

/// A name as C reads it: text, filled up with NUL bytes.
#[derive(Clone, Copy)]
pub struct Name([c_char; ROOM]);

impl Default for Name {
    fn default() -> Name {
        Name([0; ROOM])
    }
}

impl Name {
    /// A name with this text. ENAMETOOLONG for more than 63 bytes.
    pub fn new(text: &CStr) -> Result<Name> {
        let text = text.to_bytes();
        if text.len() >= ROOM {
            return Err(Errno(libc::ENAMETOOLONG));
        }
        let mut name = Name::default();
        name.0.iter_mut().zip(text).for_each(|(to, &from)| *to = from as c_char);
        Ok(name)
    }

    /// Writes it. What is not UTF-8 becomes U+FFFD.
    pub fn write(&self, to: &mut dyn Write) -> fmt::Result {
        let mut bytes = [0; ROOM];
        bytes.iter_mut().zip(self.0).for_each(|(to, from)| *to = from as u8);
        let size = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        write_bytes(&bytes[..size], to)
    }

    /// Whether it is no name at all.
    pub fn is_empty(&self) -> bool {
        self.0[0] == 0
    }

    /// Where it is.
    pub fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr()
    }

    /// The characters.
    pub fn as_chars(&self) -> &[c_char; ROOM] {
        &self.0
    }
}

fn write_bytes(text: &[u8], to: &mut dyn Write) -> fmt::Result {
    for chunk in text.utf8_chunks() {
        to.write_str(chunk.valid())?;
        if !chunk.invalid().is_empty() {
            to.write_char(char::REPLACEMENT_CHARACTER)?;
        }
    }
    Ok(())
}

/// The name of a condition, for those who wait for it.
impl Describe for Name {
    fn describe(&self, _fd: RawFd, _events: i16, to: &mut dyn Write) -> fmt::Result {
        to.write_str("condition \"")?;
        self.write(to)?;
        to.write_str("\"")
    }
}

/// A text of any length, as C reads it.
#[derive(Clone)]
pub struct Text(Vec<u8>);

impl Text {
    /// A copy. `None` without memory for it, and for an empty text.
    pub fn new(text: &CStr) -> Option<Text> {
        let bytes = text.to_bytes_with_nul();
        let mut copy = Vec::new();
        copy.try_reserve_exact(bytes.len()).ok()?;
        copy.extend_from_slice(bytes);
        (bytes.len() > 1).then_some(Text(copy))
    }

    /// Where it is: as long as the text itself.
    pub fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    /// Writes it, without the NUL at its end. What is not UTF-8 becomes U+FFFD.
    pub fn write(&self, to: &mut dyn Write) -> fmt::Result {
        write_bytes(&self.0[..self.0.len() - 1], to)
    }
}

/// The end of a task, for whoever waits for it.
pub struct Join {
    /// The code that the task ended with.
    pub code: Cell<Option<i32>>,
    /// Signalled then.
    pub ended: AtomicShared<Condition>,
}

impl Join {
    /// The task is over, without a code if none was noted. Returns what is to be signalled.
    pub(super) fn end(&self) -> AtomicShared<Condition> {
        self.code.set(self.code.get().or(Some(0)));
        AtomicShared::clone(&self.ended)
    }
}

/// What one task has.
#[derive(Default)]
struct Extra {
    name: Option<Box<Name>>,
    reason: Option<Text>,
    /// Where its code stands, as a binding has told; forgotten once that was shown.
    place: Option<Text>,
    join: Option<Shared<Join>>,
    data: usize,
}

impl Extra {
    fn is_empty(&self) -> bool {
        self.name.is_none() && self.reason.is_none() && self.join.is_none() && self.data == 0
    }
}

/// What tasks have, by their places. No peer chooses those, so the hash needs no random key. A name stays at its
/// address until it is changed.
#[derive(Default)]
pub struct Extras(HashMap<u32, Extra, BuildHasherDefault<DefaultHasher>>);

impl Extras {
    /// The name of the task in a place.
    pub fn name(&self, index: u32) -> Option<&Name> {
        self.0.get(&index)?.name.as_deref()
    }

    /// Why the task in a place was cancelled.
    pub fn reason(&self, index: u32) -> Option<&Text> {
        self.0.get(&index)?.reason.as_ref()
    }

    /// Where the code of the task in a place stands, as it was told.
    pub fn place(&self, index: u32) -> Option<&Text> {
        self.0.get(&index)?.place.as_ref()
    }

    /// Forgets the places of all tasks.
    pub fn forget_places(&mut self) {
        self.0.retain(|_, extra| {
            extra.place = None;
            !extra.is_empty()
        });
    }

    /// Notes why, if there is memory for it.
    pub fn set_reason(&mut self, index: u32, reason: Option<Text>) {
        if let (Some(_), Ok(extra)) = (&reason, self.of(index)) {
            extra.reason = reason;
        }
    }

    /// What the task in a place has. ENOMEM.
    fn of(&mut self, index: u32) -> Result<&mut Extra> {
        self.0.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        Ok(self.0.entry(index).or_default())
    }

    /// Notes the code that the task in a place ends with, for whoever waits for it.
    pub fn note_code(&self, index: u32, code: i32) {
        if let Some(join) = self.0.get(&index).and_then(|extra| extra.join.as_ref()) {
            join.code.set(Some(code));
        }
    }

    /// Removes what the task in a place has, which is over, and returns who waits for its end.
    #[inline]
    pub fn forget(&mut self, index: u32) -> Option<Shared<Join>> {
        match self.0.is_empty() {
            true => None,
            false => self.0.remove(&index)?.join,
        }
    }

    /// Forgets all: all tasks are over. Returns who waits for their end.
    pub fn clear(&mut self) -> impl Iterator<Item = Shared<Join>> {
        std::mem::take(&mut self.0).into_values().filter_map(|extra| extra.join)
    }
}

/// What those wait for who wait for the end of a task.
impl Describe for TaskId {
    fn describe(&self, _fd: RawFd, _events: i16, to: &mut dyn Write) -> fmt::Result {
        write!(to, "end of task {}", self.number())
    }
}

impl Controller {
    /// Names a task. ENOENT if there is no such task; ENAMETOOLONG; ENOMEM.
    pub fn set_name(&self, task: TaskId, text: &CStr) -> Result<()> {
        let name = Name::new(text)?;
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        let name = match name.is_empty() {
            true => None,
            false => Some(boxed(name)?),
        };
        state.extras.of(task.index)?.name = name;
        Ok(())
    }

    /// The name of a task, which holds until it is named again or over; NULL without one. ENOENT.
    pub fn name_of(&self, task: TaskId) -> Result<*const c_char> {
        let state = self.state.borrow();
        state.check_task(task)?;
        Ok(state.extras.name(task.index).map_or(std::ptr::null(), Name::as_ptr))
    }

    /// Notes where the code of a task stands. ENOENT, ENOMEM.
    pub fn set_place(&self, task: TaskId, text: &CStr) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        state.extras.of(task.index)?.place = Text::new(text);
        Ok(())
    }

    /// Whether somebody waits to be told where all tasks stand; once for each who asks.
    #[inline]
    pub fn wants_places(&self) -> bool {
        let places = &mut self.state.borrow_mut().places;
        places.can_be_told = true;
        std::mem::take(&mut places.are_wanted)
    }

    /// Keeps a number of the program's for a task. ENOENT, ENOMEM.
    pub fn set_data(&self, task: TaskId, data: usize) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        state.extras.of(task.index)?.data = data;
        Ok(())
    }

    /// That number; 0 without one. ENOENT.
    pub fn data_of(&self, task: TaskId) -> Result<usize> {
        let state = self.state.borrow();
        state.check_task(task)?;
        Ok(state.extras.0.get(&task.index).map_or(0, |extra| extra.data))
    }

    /// The end of a task, to wait for. ENOENT, ENOMEM.
    pub fn join(&self, task: TaskId) -> Result<Shared<Join>> {
        let mut state = self.state.borrow_mut();
        state.check_task(task)?;
        if let Some(join) = &state.extras.of(task.index)?.join {
            return Ok(join.clone());
        }
        let (code, ended) = (Cell::new(None), Condition::new(false)?);
        ended.describe(words(task))?;
        let join = Shared::new(Join { code, ended })?;
        state.scopes.watch()?;
        state.extras.of(task.index)?.join = Some(join.clone());
        Ok(join)
    }
}
