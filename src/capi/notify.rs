// SPDX-License-Identifier: MIT
//! `cq_notify_*`.

use super::boundary::{
    borrow, call, hand_out, limit, put, put_optional, seconds, take_back, text, value,
};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::notify::{self, Notifier};
use crate::poller::Events;
use std::ffi::{c_char, c_int, CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// In `changes`: a file or directory came: it was made, or renamed to this name.
pub const CQ_NOTIFY_CREATE: u32 = 1;
/// In `changes`: the metadata of a file or directory changed: permissions, owner, times.
pub const CQ_NOTIFY_ATTRIB: u32 = 2;
/// In `changes`: the contents of a file or directory changed.
pub const CQ_NOTIFY_MODIFY: u32 = 4;
/// In `changes`: a file or directory can be reached no more: its file system was unmounted.
pub const CQ_NOTIFY_REVOKE: u32 = 8;
/// In `changes`: a file or directory went: it was removed, or renamed to another name.
pub const CQ_NOTIFY_DELETE: u32 = 16;
/// In `changes`: `CQ_NOTIFY_CREATE`, `CQ_NOTIFY_ATTRIB`, `CQ_NOTIFY_MODIFY`, `CQ_NOTIFY_REVOKE` and
/// `CQ_NOTIFY_DELETE` together.
pub const CQ_NOTIFY_ALL: u32 = 31;
/// In `changes`: more happened than the system kept, so that the program must look at the directory itself. It is
/// told under the name ".", whichever changes were asked for.
pub const CQ_NOTIFY_OVERFLOW: u32 = 32;
/// In `changes`: with `CQ_NOTIFY_CREATE` or `CQ_NOTIFY_DELETE`, that it was by a rename. It has to be asked for, and is told
/// on Linux only.
pub const CQ_NOTIFY_RENAMED: u32 = 64;
/// In `changes`: an entry was there already, see `CQ_NOTIFY_EXISTING`.
pub const CQ_NOTIFY_PRESENT: u32 = 128;
/// In `cq_notify_features`: inotify(7), which tells changes by name.
pub const CQ_NOTIFY_INOTIFY: u32 = 65536;
/// In `cq_notify_features`: file events of Solaris and illumos.
pub const CQ_NOTIFY_FEN: u32 = 131072;
/// In `cq_notify_features`: kqueue(2) with EVFILT_VNODE.
pub const CQ_NOTIFY_KQUEUE: u32 = 262144;
/// In `cq_notify_features`: kqueue1(2).
pub const CQ_NOTIFY_KQUEUE1: u32 = 524288;
/// In `cq_notify_features`: openat(2).
pub const CQ_NOTIFY_OPENAT: u32 = 1048576;
/// In `cq_notify_features`: fdopendir(3).
pub const CQ_NOTIFY_FDOPENDIR: u32 = 2097152;
/// In `cq_notify_features`: descriptors are close-on-exec from when they are opened.
pub const CQ_NOTIFY_O_CLOEXEC: u32 = 4194304;
/// In `cq_notify_features`: inotify_init1(2).
pub const CQ_NOTIFY_IN_CLOEXEC: u32 = 8388608;
/// For `flags` of `cq_notify_opendir`: the directory is watched with all directories below it.
pub const CQ_NOTIFY_RECURSIVE: u32 = 1;
/// For `flags` of `cq_notify_opendir`: entries that are there already are told first, with `CQ_NOTIFY_PRESENT`, if they were
/// added by name or pattern before the first fetch or step, or a whole tree is watched. None is missed between what is told
/// so and the changes that follow; one that came at that moment may be told both ways.
pub const CQ_NOTIFY_EXISTING: u32 = 2;

/// Watches a directory for `changes` (`CQ_NOTIFY_...` bits). An entry is told by its name if that was added
/// (`cq_notify_add`, `cq_notify_match`). Of all other entries it is told, under the name ".", that one came
/// (`CQ_NOTIFY_CREATE`) or went (`CQ_NOTIFY_DELETE`). To watch a single file, watch its directory and add its name:
/// editors replace files.
///
/// With `CQ_NOTIFY_RECURSIVE` in `flags` the directory is watched with all below it, also with directories that come
/// later. Everything is told, unless names or patterns are added: then only these. Names are paths below the
/// directory ("sub/file"). The entries that a directory holds when it comes are told as created. Symbolic links are
/// not followed.
///
/// The directory's own changes are told under the name ".", its removal among them. Free the notifier with
/// `cq_notify_free`.
///
/// Errors: EINVAL for NULL and unknown bits; ENOTDIR for a file; ENOENT, EACCES, ENAMETOOLONG; `CQ_EWATCHES` and
/// `CQ_EINSTANCES` for limits of inotify; EMFILE, ENFILE. On macOS and the BSDs each file that is
/// told by name takes a descriptor.
///
/// Safety: `path` is a string.
///
/// Source: cqueues User Guide §3.2.6, inotify(7).
#[no_mangle]
pub unsafe extern "C" fn cq_notify_opendir(
    path: *const c_char,
    changes: u32,
    flags: u32,
    notifier: *mut *mut Notifier,
) -> c_int {
    call(|| {
        if flags & !(CQ_NOTIFY_RECURSIVE | CQ_NOTIFY_EXISTING) != 0 {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let path = Path::new(OsStr::from_bytes(unsafe { text(path) }?.to_bytes()));
        let opened = Notifier::open(path, known(changes)?, flags & CQ_NOTIFY_RECURSIVE != 0)?;
        if flags & CQ_NOTIFY_EXISTING != 0 {
            opened.tell_existing();
        }
        unsafe { hand_out(notifier, opened) }
    })
}

/// Checks that `changes` has no unknown bits; otherwise EINVAL.
fn known(changes: u32) -> Result<u32> {
    let all = CQ_NOTIFY_ALL | CQ_NOTIFY_OVERFLOW | CQ_NOTIFY_RENAMED;
    (changes & !all == 0).then_some(changes).ok_or(Errno::BADARG)
}

/// Frees a notifier, which no fiber may be waiting in. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_notify_free(notifier: *mut Notifier) {
    // SAFETY: as documented.
    unsafe { take_back(notifier) }
}

/// Has an entry of the directory told by its name, whether it is there already or comes later. If a name is added
/// again, the changes of both calls are told.
///
/// Errors: EINVAL for NULL and unknown bits; EISDIR for a name with a slash, unless whole trees are
/// watched; ENAMETOOLONG; EMFILE, ENFILE on macOS and the BSDs.
///
/// Safety: `name` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_notify_add(
    notifier: *const Notifier,
    name: *const c_char,
    changes: u32,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(notifier)?.add(text(name)?.to_bytes(), known(changes)?) })
}

/// Has all entries told by their names that match a pattern of fnmatch(3) (`*.c`). A pattern with a slash is matched
/// with the whole path below the directory, one without a slash with the last part of the path; `*` and `?` match no
/// slash, and no dot at the beginning.
///
/// Errors: EINVAL for NULL and unknown bits; EMFILE, ENFILE on macOS and the BSDs.
///
/// Safety: `pattern` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_notify_match(
    notifier: *const Notifier,
    pattern: *const c_char,
    changes: u32,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(notifier)?.add_pattern(text(pattern)?.to_bytes(), known(changes)?) })
}

/// Tells, without waiting, what happened to one name since it was last told. `changes` receives `CQ_NOTIFY_...` bits;
/// `name` and `size` (may be NULL) receive the name and its length. The name ends with a NUL and holds until the next
/// call; "." is the directory itself. The system is asked only if nothing else is left to tell.
///
/// Errors: EINVAL for NULL; EAGAIN if nothing happened; ENOENT when the directory is gone and all
/// has been told; `CQ_EWATCHES`, EMFILE, told once, if something that came cannot be watched.
#[no_mangle]
pub unsafe extern "C" fn cq_notify_try_get(
    notifier: *const Notifier,
    changes: *mut u32,
    name: *mut *const c_char,
    size: *mut usize,
) -> c_int {
    call(|| {
        if changes.is_null() || name.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let happened = unsafe { borrow(notifier) }?.fetch()?;
        unsafe { tell(notifier, happened, changes, name, size) }
    })
}

unsafe fn tell(
    notifier: *const Notifier,
    happened: u32,
    changes: *mut u32,
    name: *mut *const c_char,
    size: *mut usize,
) -> Result<()> {
    // SAFETY: the caller's handle and places.
    let (text, length) = unsafe { borrow(notifier) }?.name();
    unsafe { put_optional(size, length) };
    unsafe { put(name, text.cast()) }?;
    unsafe { put(changes, happened) }
}

/// As `cq_notify_try_get`, but waits, at most `timeout` seconds (NaN or negative: without limit). In
/// a fiber only the fiber waits; outside a controller the thread does.
///
/// Errors: as `cq_notify_try_get`, with ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
///
/// Source: cqueues User Guide §3.2.6.
#[no_mangle]
pub unsafe extern "C" fn cq_notify_get(
    notifier: *const Notifier,
    timeout: f64,
    changes: *mut u32,
    name: *mut *const c_char,
    size: *mut usize,
) -> c_int {
    call(|| {
        if changes.is_null() || name.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below. No reference is kept while a fiber waits.
        let nothing_yet = !unsafe { borrow(notifier) }?.has_pending();
        let happened = fiber::wait_for(
            limit(timeout),
            nothing_yet,
            || Ok(unsafe { borrow(notifier) }?.interest()),
            || unsafe { borrow(notifier) }?.fetch(),
        )?;
        unsafe { tell(notifier, happened, changes, name, size) }
    })
}

/// Reads the changes that the system has to tell by now, without waiting, unless some are still to be fetched: what happens after
/// them is a change of its own. `cq_notify_try_get` does so by itself.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_notify_step(notifier: *const Notifier) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(notifier) }?.step())
}

/// Returns the descriptor that is readable when something happened, or -1 for NULL. It belongs to
/// the notifier: poll it, with `cq_notify_timeout`, nothing else.
#[no_mangle]
pub unsafe extern "C" fn cq_notify_pollfd(notifier: *const Notifier) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(notifier) }?.fd()))
}

/// Returns the events to poll for: POLLIN, or 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_notify_events(notifier: *const Notifier) -> u32 {
    // SAFETY: as documented.
    value(0, || unsafe { borrow(notifier) }.map(|_| Events::from(libc::POLLIN) as u32))
}

/// Returns 0 while something is left to fetch that the descriptor does not tell of, else NaN. NaN for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_notify_timeout(notifier: *const Notifier) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(notifier) }?.timeout())))
}

/// Returns how this system tells of changes: `CQ_NOTIFY_INOTIFY` and the bits that follow it.
#[no_mangle]
pub extern "C" fn cq_notify_features() -> u32 {
    notify::FEATURES
}

/// Returns the name of a single bit, of a change ("CREATE") or a feature ("INOTIFY"), or NULL if it has none. The
/// text is static.
#[no_mangle]
pub extern "C" fn cq_notify_name(bit: u32) -> *const c_char {
    value(std::ptr::null(), || {
        let found = notify::FLAGS.iter().find(|flag| flag.0 == bit);
        Ok(found.map_or(std::ptr::null(), |flag| CStr::as_ptr(flag.1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_the_header_are_those_of_the_core() {
        let header = [CQ_NOTIFY_CREATE, CQ_NOTIFY_ATTRIB, CQ_NOTIFY_MODIFY, CQ_NOTIFY_REVOKE];
        assert_eq!(header, [notify::CREATE, notify::ATTRIB, notify::MODIFY, notify::REVOKE]);
        let header = [CQ_NOTIFY_DELETE, CQ_NOTIFY_ALL, CQ_NOTIFY_OVERFLOW];
        assert_eq!(header, [notify::DELETE, notify::ALL, notify::OVERFLOW]);
        let header = [CQ_NOTIFY_INOTIFY, CQ_NOTIFY_FEN, CQ_NOTIFY_KQUEUE, CQ_NOTIFY_KQUEUE1];
        assert_eq!(header, [notify::INOTIFY, notify::FEN, notify::KQUEUE, notify::KQUEUE1]);
        let header =
            [CQ_NOTIFY_OPENAT, CQ_NOTIFY_FDOPENDIR, CQ_NOTIFY_O_CLOEXEC, CQ_NOTIFY_IN_CLOEXEC];
        let core = [notify::OPENAT, notify::FDOPENDIR, notify::O_CLOEXEC, notify::IN_CLOEXEC];
        assert_eq!(header, core);
    }
}
