// SPDX-License-Identifier: MIT
//! What every exported function does at its boundary: no panic leaves it, no NULL gets into the core.

use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};
use crate::sys::memory::{boxed_by, AtomicShared};
use std::alloc::Layout;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::OnceLock;

/// Runs the body of an exported function: 0, or the code of what went wrong.
pub fn call(body: impl FnOnce() -> Result<()>) -> c_int {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => 0,
        Ok(Err(error)) => error.0,
        Err(_) => Errno::PANIC.0,
    }
}

/// Runs the body of an exported function that returns a value: `fallback` on an error or panic.
pub fn value<T>(fallback: T, body: impl FnOnce() -> Result<T>) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Errno::PANIC)).unwrap_or(fallback)
}

/// Turns a handle into a reference. EINVAL for NULL.
///
/// # Safety
///
/// `handle` is NULL or was made by this library and not freed yet.
pub unsafe fn borrow<'a, T>(handle: *const T) -> Result<&'a T> {
    // SAFETY: as above.
    unsafe { handle.as_ref() }.ok_or(Errno::BADARG)
}

/// Changes what a handle holds: it is moved out, and put in place again. No `&mut` is made from a C pointer.
///
/// # Safety
///
/// `handle` is NULL or a live handle, used by one thread at a time, of which nothing else holds the content.
pub unsafe fn change<T>(handle: *mut T, f: impl FnOnce(&mut T) -> Result<()>) -> c_int {
    call(|| {
        if handle.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as above.
        let mut value = unsafe { handle.read() };
        let result = f(&mut value);
        // SAFETY: as above; the old content was moved out.
        unsafe { handle.write(value) };
        result
    })
}

/// Writes an output. EINVAL for NULL.
///
/// # Safety
///
/// `place` is NULL or writable.
pub unsafe fn put<T>(place: *mut T, value: T) -> Result<()> {
    if place.is_null() {
        return Err(Errno::BADARG);
    }
    // SAFETY: as above.
    unsafe { place.write(value) };
    Ok(())
}

/// Hands an object out to the caller. EINVAL for NULL and ENOMEM, and the object is dropped.
///
/// # Safety
///
/// `place` is NULL or writable.
pub unsafe fn hand_out<T>(place: *mut *mut T, object: T) -> Result<()> {
    // SAFETY: as above.
    unsafe { hand_out_made(place, || Ok(object)) }
}

/// As `hand_out`, with an object that is made only once there is a place for it: nothing that it takes over is lost for
/// want of that.
///
/// # Safety
///
/// `place` is NULL or writable.
pub unsafe fn hand_out_made<T>(place: *mut *mut T, make: impl FnOnce() -> Result<T>) -> Result<()> {
    if place.is_null() {
        return Err(Errno::BADARG);
    }
    // SAFETY: as above.
    unsafe { put(place, Box::into_raw(boxed_by(make)?)) }
}

/// Hands a counted object out to the caller, whose pointer stands for a reference. EINVAL for NULL, and the object is
/// dropped.
///
/// # Safety
///
/// `place` is NULL or writable.
pub unsafe fn hand_out_shared<T>(place: *mut *mut T, object: AtomicShared<T>) -> Result<()> {
    if place.is_null() {
        return Err(Errno::BADARG);
    }
    // SAFETY: as above.
    unsafe { put(place, AtomicShared::into_raw(object).cast_mut()) }
}

/// Takes an object back that was handed out, and drops it. NULL is ignored.
///
/// # Safety
///
/// `handle` is NULL or came from `hand_out`; the caller gives it up.
pub unsafe fn take_back<T>(handle: *mut T) {
    value((), || {
        if !handle.is_null() {
            // SAFETY: as above.
            drop(unsafe { Box::from_raw(handle) });
        }
        Ok(())
    });
}

/// Another counted reference, beside the one that was handed out. EINVAL for NULL.
///
/// # Safety
///
/// `handle` is NULL or came from `hand_out_shared` and was not given back.
pub unsafe fn share<T>(handle: *const T) -> Result<AtomicShared<T>> {
    match handle.is_null() {
        true => Err(Errno::BADARG),
        // SAFETY: as above: the handle still stands for a reference.
        false => Ok(unsafe { AtomicShared::beside(handle) }),
    }
}

/// Writes an output that the caller may not want.
///
/// # Safety
///
/// `place` is NULL or writable.
pub unsafe fn put_optional<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: as above.
        unsafe { place.write(value) };
    }
}

/// Turns a pointer and a size into bytes. EINVAL for NULL with a size.
///
/// # Safety
///
/// `data` is readable for `size` bytes.
pub unsafe fn bytes<'a>(data: *const c_void, size: usize) -> Result<&'a [u8]> {
    // SAFETY: as above.
    unsafe { slice(data.cast(), size) }
}

/// Turns a pointer and a count into an array. EINVAL for NULL with a count, and for a count that makes it larger than
/// any object can be: a negative number, for example.
///
/// # Safety
///
/// `items` is readable for `count` items.
pub unsafe fn slice<'a, T>(items: *const T, count: usize) -> Result<&'a [T]> {
    match (items.is_null(), count) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Errno::BADARG),
        (false, _) if Layout::array::<T>(count).is_err() => Err(Errno::BADARG),
        // SAFETY: as above.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(items, count) }),
    }
}

/// An array to write to, otherwise as `slice`.
///
/// # Safety
///
/// `items` is writable for `count` items.
pub unsafe fn slice_mut<'a, T>(items: *mut T, count: usize) -> Result<&'a mut [T]> {
    match (items.is_null(), count) {
        (_, 0) => Ok(&mut []),
        (true, _) => Err(Errno::BADARG),
        (false, _) if Layout::array::<T>(count).is_err() => Err(Errno::BADARG),
        // SAFETY: as above.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts_mut(items, count) }),
    }
}

/// Writes a name and its number. EINVAL for NULL, and neither is written.
///
/// # Safety
///
/// `name` and `number` are NULL or writable.
pub unsafe fn put_named(
    found: (&'static CStr, c_int),
    name: *mut *const c_char,
    number: *mut c_int,
) -> Result<()> {
    if number.is_null() {
        return Err(Errno::BADARG);
    }
    // SAFETY: as above, here and below.
    unsafe { put(name, found.0.as_ptr()) }?;
    unsafe { put(number, found.1) }
}

/// Texts of known numbers: each is made when it is first asked for, and stays for ever.
pub struct Texts<const N: usize>([OnceLock<CString>; N]);

impl<const N: usize> Texts<N> {
    /// A table in which no text is made yet.
    pub const fn new() -> Texts<N> {
        Texts([const { OnceLock::new() }; N])
    }

    /// The text at `index`. Without an index, or past the end, it is kept by `keep_text`.
    pub fn get(&'static self, index: Option<usize>, make: impl Fn() -> String) -> *const c_char {
        let Some(place) = index.and_then(|index| self.0.get(index)) else {
            return keep_text(make());
        };
        // Made before the place is locked, as a child of fork(2) would wait for a lock for ever.
        let made = place.get().is_none().then(|| CString::new(make()).unwrap_or_default());
        place.get_or_init(|| made.unwrap_or_default()).as_ptr()
    }
}

/// How many texts `keep_text` keeps in each thread.
const KEPT: usize = 16;

thread_local! {
    /// Texts that were given to readers, the oldest first once there are `KEPT`.
    static TEXTS: RefCell<VecDeque<CString>> = const { RefCell::new(VecDeque::new()) };
}

/// Keeps a text for its reader, until `KEPT` others were kept in this thread.
fn keep_text(text: String) -> *const c_char {
    let text = CString::new(text).unwrap_or_default();
    let place = text.as_ptr();
    TEXTS.with_borrow_mut(|kept| {
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(text);
    });
    place
}

/// Turns a pointer into a string. EINVAL for NULL.
///
/// # Safety
///
/// `text` is NULL or terminated.
pub unsafe fn text<'a>(text: *const c_char) -> Result<&'a CStr> {
    match text.is_null() {
        true => Err(Errno::BADARG),
        // SAFETY: as above.
        false => Ok(unsafe { CStr::from_ptr(text) }),
    }
}

/// Turns a pointer into a string in UTF-8. EINVAL for NULL or anything else.
///
/// # Safety
///
/// `from` is NULL or terminated.
pub unsafe fn utf8<'a>(from: *const c_char) -> Result<&'a str> {
    // SAFETY: as above.
    unsafe { text(from) }?.to_str().map_err(|_| Errno::BADARG)
}

/// Writes text and a NUL, and tells its length without it. CQ_ENOBUFS if there is no room for all of it:
/// as much as fits is written, and the length told.
///
/// # Safety
///
/// `buffer` is writable for `size` bytes, `length` is NULL or writable.
pub unsafe fn fill(
    text: &[u8],
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> Result<()> {
    if buffer.is_null() && size > 0 {
        return Err(Errno::BADARG);
    }
    // SAFETY: as above, here and below.
    unsafe { put_optional(length, text.len()) };
    let fits = text.len().min(size.saturating_sub(1));
    if size > 0 {
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast::<u8>(), fits);
            buffer.add(fits).write(0);
        }
    }
    (fits == text.len() && size > 0).then_some(()).ok_or(Errno::NOBUFS)
}

/// Turns seconds into a time span; NaN and negative values mean "no limit".
pub fn limit(seconds: f64) -> Option<Span> {
    Span::from_seconds(seconds)
}

/// The time at which a call that begins now shall have waited so long; `None` for no limit.
pub fn deadline(seconds: f64) -> Option<Instant> {
    limit(seconds).map(|span| Instant::now().after(span))
}

/// Turns a time span into seconds; NaN means "no limit".
pub fn seconds(span: Option<Span>) -> f64 {
    span.map_or(f64::NAN, Span::seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_code() {
        assert_eq!(call(|| panic!("a bug")), Errno::PANIC.0);
        assert_eq!(Errno::PANIC.name(), Some(c"CQ_EPANIC"));
        assert_eq!(value(7, || panic!("a bug")), 7);
    }

    #[test]
    fn null_is_refused() {
        // SAFETY: NULL is allowed everywhere here.
        unsafe {
            assert_eq!(borrow::<u8>(std::ptr::null()).err(), Some(Errno::BADARG));
            assert_eq!(put(std::ptr::null_mut(), 1), Err(Errno::BADARG));
            assert_eq!(bytes(std::ptr::null(), 1), Err(Errno::BADARG));
            assert_eq!(bytes(std::ptr::null(), 0), Ok(&[][..]));
            assert_eq!(text(std::ptr::null()).err(), Some(Errno::BADARG));
        }
    }

    #[test]
    fn sizes_that_no_object_has_are_refused() {
        let mut word = 0u32;
        // SAFETY: nothing is read or written: the sizes are refused.
        unsafe {
            for count in [usize::MAX, isize::MAX as usize + 1] {
                assert_eq!(bytes((&raw const word).cast(), count), Err(Errno::BADARG));
                assert_eq!(slice_mut(&raw mut word, count), Err(Errno::BADARG));
            }
            assert_eq!(slice(&raw const word, isize::MAX as usize / 4 + 1), Err(Errno::BADARG));
        }
    }
}
