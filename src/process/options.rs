// SPDX-License-Identifier: MIT
//! What a child process is started with.

use crate::errno::{Errno, Result};
use crate::sys::process::{Change, Order, Stream as Given};
use std::ffi::{CStr, CString};
use std::os::fd::RawFd;

/// What a standard stream of the child is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// What is there before.
    Given(Given),
    /// A socket whose other end the caller gets.
    Socket,
}

/// What a child process is started with.
pub struct ProcessOptions {
    arguments: Vec<CString>,
    changes: Vec<Change>,
    directory: Option<CString>,
    /// Standard input, output and error.
    pub streams: [Stream; 3],
    /// Whether the child has the environment of the process.
    pub keeps_environment: bool,
    /// Whether PATH is searched.
    pub searches: bool,
    /// Whether the child leads a process group.
    pub leads_group: bool,
    /// Whether the child leads a session.
    pub leads_session: bool,
}

impl Default for ProcessOptions {
    fn default() -> ProcessOptions {
        ProcessOptions {
            arguments: Vec::new(),
            changes: Vec::new(),
            directory: None,
            streams: [Stream::Given(Given::Inherit); 3],
            keeps_environment: true,
            searches: true,
            leads_group: false,
            leads_session: false,
        }
    }
}

impl ProcessOptions {
    /// Adds an argument; the first is the program. ENOMEM.
    pub fn add_argument(&mut self, text: &CStr) -> Result<()> {
        self.arguments.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        self.arguments.push(copy(&[text.to_bytes()])?);
        Ok(())
    }

    /// Sets a variable of the environment, or takes it out. EINVAL for a name that is empty or has a "="; ENOMEM.
    pub fn set_variable(&mut self, name: &CStr, value: Option<&CStr>) -> Result<()> {
        let bytes = name.to_bytes();
        if bytes.is_empty() || bytes.contains(&b'=') {
            return Err(Errno::BADARG);
        }
        let entry = value.map(|value| copy(&[bytes, b"=", value.to_bytes()])).transpose()?;
        if let Some(change) = self.changes.iter_mut().find(|change| change.0.as_c_str() == name) {
            change.1 = entry;
            return Ok(());
        }
        self.changes.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        self.changes.push((copy(&[bytes])?, entry));
        Ok(())
    }

    /// Sets the working directory. ENOMEM.
    pub fn set_directory(&mut self, path: &CStr) -> Result<()> {
        self.directory = Some(copy(&[path.to_bytes()])?);
        Ok(())
    }

    /// What the system is told; `ends` are the child's ends of sockets. EINVAL without a program.
    pub fn order(&self, ends: [RawFd; 3]) -> Result<Order<'_>> {
        if self.arguments.is_empty() {
            return Err(Errno::BADARG);
        }
        let stream = |number: usize| match self.streams[number] {
            Stream::Given(given) => given,
            Stream::Socket => Given::Descriptor(ends[number]),
        };
        Ok(Order {
            arguments: &self.arguments,
            changes: &self.changes,
            keeps_environment: self.keeps_environment,
            directory: self.directory.as_deref(),
            streams: [stream(0), stream(1), stream(2)],
            searches: self.searches,
            leads_group: self.leads_group,
            leads_session: self.leads_session,
        })
    }
}

/// The parts, one after the other. ENOMEM; EINVAL for a NUL inside.
fn copy(parts: &[&[u8]]) -> Result<CString> {
    let mut bytes = Vec::new();
    let size = parts.iter().map(|part| part.len()).sum::<usize>() + 1; // for the NUL
    bytes.try_reserve_exact(size).map_err(|_| Errno::NOMEM)?;
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    CString::new(bytes).map_err(|_| Errno::BADARG)
}
