// SPDX-License-Identifier: MIT
//! The library itself: version, errors, the clock.

use super::boundary::{call, put, put_named, text, value, Texts};
use crate::clock::Instant;
use crate::errno::Errno;
use std::ffi::{c_char, c_int, CStr};

/// The day of the release, as YYYYMMDD. `CQ_VERSION_MAJOR` and its neighbours tell which versions are compatible.
pub const CQ_VERSION: c_int = 20261129;

/// A bug inside the library was caught at its boundary.
pub const CQ_EPANIC: c_int = -1935895337;
/// A port is not a number. No function here returns it; the Lua binding does.
pub const CQ_ESERVICE: c_int = -1684960055;
/// TLS failed; `cq_socket_reason` tells why.
pub const CQ_ETLS: c_int = -1935895353;
/// The peer's certificate is missing or not what was demanded; `cq_socket_reason` tells why.
pub const CQ_ENOTVERIFIED: c_int = -1935895351;
/// No address is left to try. No function here returns it; the Lua binding does.
pub const CQ_ENOHOST: c_int = -1935895349;
/// A TLS stream ended without the peer saying so: somebody may have cut it short. What came before
/// can still be read, except by `CQ_READ_ALL`.
pub const CQ_ETRUNCATED: c_int = -1935895336;
/// The limit of watched directories of the user is reached: fs.inotify.max_user_watches.
pub const CQ_EWATCHES: c_int = -1935895335;
/// The limit of notifiers of the user is reached: fs.inotify.max_user_instances.
pub const CQ_EINSTANCES: c_int = -1935895334;
/// A task of a scope has failed, in a language without codes: the reason says more.
pub const CQ_EFAILED: c_int = -1935895333;
/// A DNS message or a text does not fit its buffer.
pub const CQ_ENOBUFS: c_int = -1684960064;
/// A DNS name, record or message is malformed.
pub const CQ_EILLEGAL: c_int = -1684960063;
/// A record was pushed into a section of a DNS message although a later section has records already.
pub const CQ_EORDER: c_int = -1684960062;
/// A number is not that of a section of a DNS message.
pub const CQ_ESECTION: c_int = -1684960061;
/// A text is no address.
pub const CQ_EADDRESS: c_int = -1684960059;
/// A resolver has no question, because none was submitted or it was given up.
pub const CQ_ENOQUERY: c_int = -1684960058;
/// A server closed the connection without an answer.
pub const CQ_ENOANSWER: c_int = -1684960057;
/// The answer of a resolver was fetched before.
pub const CQ_EFETCHED: c_int = -1684960056;
/// No name server could tell.
pub const CQ_EFAIL: c_int = -1684960053;
/// There is no such host, or it has no address of the family that was asked for.
pub const CQ_ENONAME: c_int = -1684960054;

/// Returns the release of the library that runs: the `CQ_VERSION` of its header.
#[no_mangle]
pub extern "C" fn cq_version() -> c_int {
    CQ_VERSION
}

/// Returns who made the library. The text is static.
#[no_mangle]
pub extern "C" fn cq_vendor() -> *const c_char {
    c"libcqueues".as_ptr()
}

/// Returns the monotonic time in seconds: the system's, unless the program has moved it by `cq_clock_advance` or
/// `cq_clock_set_rate`.
///
/// Source: clock_gettime(2), CLOCK_MONOTONIC.
#[no_mangle]
pub extern "C" fn cq_monotime() -> f64 {
    Instant::now().seconds()
}

/// Returns the text of an error: a system error number or one of the library's own codes. Never NULL. The text of 0
/// and of an error that has a name holds for ever, in the language in which it was first asked for. Any other text
/// holds until 16 others of the kind, from this function or `cq_strsignal`, were asked for in the same thread.
#[no_mangle]
pub extern "C" fn cq_strerror(code: c_int) -> *const c_char {
    static TEXTS: Texts<256> = Texts::new();
    value(c"unknown error".as_ptr(), || {
        let named = || Errno::all().position(|entry| entry.1 == code).map(|index| index + 1);
        let index = if code == 0 { Some(0) } else { named() };
        Ok(TEXTS.get(index, || Errno(code).text()))
    })
}

/// Returns the name of an error ("EAGAIN", "CQ_EPANIC"), or NULL if it has none. The text is static.
#[no_mangle]
pub extern "C" fn cq_errno_name(code: c_int) -> *const c_char {
    value(std::ptr::null(), || Ok(Errno(code).name().map_or(std::ptr::null(), CStr::as_ptr)))
}

/// Finds the number of an error by its name.
///
/// Errors: EINVAL for NULL; ENOENT if there is no error of that name here.
///
/// Safety: `name` is a string, `code` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_errno_code(name: *const c_char, code: *mut c_int) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let name = unsafe { text(name) }?;
        let found = Errno::all().find(|entry| entry.0 == name).ok_or(Errno::NOENT)?;
        // SAFETY: as documented.
        unsafe { put(code, found.1) }
    })
}

/// Lists the errors: the name and number at `index`, which counts from 0.
///
/// Errors: EINVAL for NULL; ENOENT past the end.
///
/// Safety: `name` and `code` are writable. The name is static.
#[no_mangle]
pub unsafe extern "C" fn cq_errno_list(
    index: usize,
    name: *mut *const c_char,
    code: *mut c_int,
) -> c_int {
    call(|| {
        let found = Errno::all().nth(index).ok_or(Errno::NOENT)?;
        // SAFETY: as documented.
        unsafe { put_named(found, name, code) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_place_for_the_text_of_every_error() {
        let first = cq_strerror(0);
        assert_eq!(first, cq_strerror(0));
        for (name, code) in Errno::all() {
            assert_eq!(cq_strerror(code), cq_strerror(code), "{name:?}");
        }
    }

    #[test]
    fn the_codes_of_the_header_are_those_of_the_core() {
        assert_eq!((CQ_EPANIC, CQ_ENONAME), (Errno::PANIC.0, Errno::NONAME.0));
        assert_eq!(CQ_ESERVICE, Errno::SERVICE.0);
        assert_eq!((CQ_ETLS, CQ_ENOTVERIFIED), (Errno::TLS.0, Errno::NOTVERIFIED.0));
        assert_eq!(CQ_ETRUNCATED, Errno::TRUNCATED.0);
        assert_eq!((CQ_EWATCHES, CQ_EINSTANCES), (Errno::WATCHES.0, Errno::INSTANCES.0));
        assert_eq!(CQ_EFAILED, Errno::FAILED.0);
        let dns = [CQ_ENOBUFS, CQ_EILLEGAL, CQ_EORDER, CQ_ESECTION, CQ_EADDRESS];
        let core = [Errno::NOBUFS, Errno::ILLEGAL, Errno::ORDER, Errno::SECTION, Errno::ADDRESS];
        assert_eq!(dns, core.map(|error| error.0));
        let dns = [CQ_ENOQUERY, CQ_ENOANSWER, CQ_EFETCHED, CQ_EFAIL];
        let core = [Errno::NOQUERY, Errno::NOANSWER, Errno::FETCHED, Errno::FAIL];
        assert_eq!(dns, core.map(|error| error.0));
    }
}
