// SPDX-License-Identifier: MIT
//! A bug inside the library, as the program's function is told it.

use cqueues::capi::hooks::{cq_set_log, CQ_LOG_ERROR};
use std::ffi::{c_char, c_int, c_void, CStr};
use std::panic::catch_unwind;

unsafe extern "C" fn keep(data: *mut c_void, level: c_int, text: *const c_char) {
    // SAFETY: the test gave a list of these, and is the only one that panics.
    let (list, text) = unsafe { (&mut *data.cast::<Vec<(c_int, String)>>(), CStr::from_ptr(text)) };
    list.push((level, text.to_str().expect("UTF-8").to_owned()));
}

#[test]
fn a_panic_is_told_with_its_place_and_its_words() {
    let mut told: Vec<(c_int, String)> = Vec::new();
    // SAFETY: `keep` takes such a list, which outlives its being set.
    unsafe { cq_set_log(Some(keep), (&raw mut told).cast()) };
    let line = line!() + 1;
    assert!(catch_unwind(|| panic!("a bug\nin two lines")).is_err());
    assert!(catch_unwind(|| std::panic::panic_any(7)).is_err());
    // SAFETY: nobody is told from here on.
    unsafe { cq_set_log(None, std::ptr::null_mut()) };
    assert!(catch_unwind(|| panic!("told to nobody")).is_err());
    assert_eq!(told.len(), 2, "{told:?}");
    let place = format!("internal error at {}:{line}:", file!());
    assert!(told[0].1.starts_with(&place), "{}", told[0].1);
    assert!(told[0].1.ends_with(": a bug in two lines"), "{}", told[0].1);
    assert!(told[1].1.ends_with(": a panic without words"), "{}", told[1].1);
    assert!(told.iter().all(|(level, _)| *level == CQ_LOG_ERROR));
}
