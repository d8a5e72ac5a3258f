// SPDX-License-Identifier: MIT
//! Which names are told, and which of their changes.

use crate::errno::{Errno, Result};
use crate::sys::fnmatch;
use std::collections::HashMap;
use std::ffi::{CStr, CString};

/// See the module.
pub struct Wanted {
    /// The changes of names that were not added and fit no pattern: in a tree all that are watched for, until a name
    /// or a pattern is added; otherwise none.
    others: u32,
    names: HashMap<Vec<u8>, u32>,
    patterns: Vec<(CString, u32)>,
}

impl Wanted {
    /// In a tree `changes` of all names are wanted, in a single directory nothing yet.
    pub fn new(recursive: bool, changes: u32) -> Wanted {
        let others = if recursive { changes } else { 0 };
        Wanted { others, names: HashMap::new(), patterns: Vec::new() }
    }

    /// Adds a name. Changes for which it was added before stay wanted.
    pub fn add(&mut self, name: &[u8], changes: u32) {
        self.others = 0;
        *self.names.entry(name.to_vec()).or_default() |= changes;
    }

    /// The names below a directory that were added.
    pub fn below<'a>(&'a self, directory: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let is_below = |name: &&[u8]| {
            name.strip_prefix(directory).is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        self.names.keys().map(Vec::as_slice).filter(is_below)
    }

    /// Whether that very name was added.
    pub fn is_named(&self, path: &[u8]) -> bool {
        self.names.contains_key(path)
    }

    /// Adds a pattern of names.
    pub fn add_pattern(&mut self, pattern: &[u8], changes: u32) -> Result<()> {
        let pattern = CString::new(pattern).map_err(|_| Errno::BADARG)?;
        self.others = 0;
        self.patterns.push((pattern, changes));
        Ok(())
    }

    /// Whether names are wanted that nobody has spelled out.
    pub fn has_patterns(&self) -> bool {
        self.others != 0 || !self.patterns.is_empty()
    }

    /// The changes of a name that are wanted.
    pub fn changes(&self, path: &[u8]) -> u32 {
        let named = self.names.get(path).copied().unwrap_or_default();
        if self.patterns.is_empty() {
            return named | self.others;
        }
        let Ok(whole) = CString::new(path) else { return named };
        let last = path.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
        let last = &whole.as_bytes_with_nul()[last..];
        let fits = |pattern: &CStr| match pattern.to_bytes().contains(&b'/') {
            true => fnmatch::matches(pattern, &whole),
            false => {
                CStr::from_bytes_with_nul(last).is_ok_and(|last| fnmatch::matches(pattern, last))
            }
        };
        let matched = self.patterns.iter().filter(|(pattern, _)| fits(pattern));
        matched.fold(named, |changes, (_, more)| changes | more)
    }
}
