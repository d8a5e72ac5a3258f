// SPDX-License-Identifier: MIT
//! Functions of the program's that the library calls by itself.

use std::ffi::{c_char, c_int, c_void};

/// A function that is called in each step, with the controller and what the program gave with it.
pub type Hook = unsafe extern "C" fn(controller: *mut c_void, data: *mut c_void);

/// What is called around each look at what is ready.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Before it.
    pub before: Option<Hook>,
    /// After it.
    pub after: Option<Hook>,
    /// The program's.
    pub data: *mut c_void,
}

/// A function that is told what no call's result tells.
pub type Log = unsafe extern "C" fn(data: *mut c_void, level: c_int, text: *const c_char);

/// Such a function, and what the program gave with it.
#[derive(Clone, Copy)]
pub struct Listener {
    /// The function.
    pub log: Log,
    /// The program's.
    pub data: *mut c_void,
}

// SAFETY: the pointer is only handed back to the program's function, which may be called by any thread.
unsafe impl Send for Listener {}

impl Listener {
    /// Tells it a line, which ends with a NUL.
    pub fn tell(self, level: c_int, line: &std::ffi::CStr) {
        // SAFETY: who set it promised that it may be called so, by any thread.
        unsafe { (self.log)(self.data, level, line.as_ptr()) }
    }
}
