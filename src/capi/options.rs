// SPDX-License-Identifier: MIT
//! `cq_options_*`: what a socket shall be, by setters.

use super::boundary::{bytes, call, put, text, value};
use crate::errno::{Errno, Result};
use crate::socket::{internet, unix, Options};
use std::ffi::{c_char, c_int, c_void};

/// Makes options with the defaults of the guide: a stream socket, SO_REUSEADDR for listeners. Free
/// them with `cq_options_free`; sockets keep no reference to them.
///
/// Errors: EINVAL for NULL.
///
/// Source: guide §3.2.2.
#[no_mangle]
pub unsafe extern "C" fn cq_options_new(options: *mut *mut Options) -> c_int {
    call(|| {
        let made = Box::into_raw(Box::new(Options::default()));
        // SAFETY: as documented. On failure the handle is taken back.
        unsafe { put(options, made).inspect_err(|_| drop(Box::from_raw(made))) }
    })
}

/// Frees options. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_options_free(options: *mut Options) {
    value((), || {
        if !options.is_null() {
            // SAFETY: the handle came from Box::into_raw; the caller gives it up.
            drop(unsafe { Box::from_raw(options) });
        }
        Ok(())
    });
}

/// Changes a copy and puts it in place: no `&mut` is made from a C pointer.
unsafe fn change(options: *mut Options, f: impl FnOnce(&mut Options) -> Result<()>) -> c_int {
    call(|| {
        if options.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: a live handle, used by one thread at a time; nothing else holds its content.
        let mut value = unsafe { options.read() };
        let result = f(&mut value);
        // SAFETY: as above; the old content was moved out.
        unsafe { options.write(value) };
        result
    })
}

/// Sets the numeric IPv4 or IPv6 address ("::1", "fe80::1%eth0") and the port.
///
/// Errors: EINVAL for NULL, a port outside 0 to 65535, or text that is not UTF-8.
#[no_mangle]
pub unsafe extern "C" fn cq_options_host(
    options: *mut Options,
    host: *const c_char,
    port: c_int,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            let host = text(host)?.to_str().map_err(|_| Errno::BADARG)?;
            options.port = u16::try_from(port).map_err(|_| Errno::BADARG)?;
            options.host = Some(host.to_owned());
            Ok(())
        })
    }
}

/// Sets the path of a UNIX socket, `size` bytes. On Linux a path that begins with NUL is in the
/// abstract namespace.
///
/// Errors: EINVAL for NULL or an empty path; ENAMETOOLONG.
#[no_mangle]
pub unsafe extern "C" fn cq_options_path(
    options: *mut Options,
    path: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            let path = bytes(path, size)?;
            unix(path)?;
            options.path = Some(path.to_owned());
            Ok(())
        })
    }
}

/// Sets the local address of a connecting socket: numeric, port 0 for any.
///
/// Errors: EINVAL for NULL or a bad port; `CQ_ENONAME` if it is not numeric.
#[no_mangle]
pub unsafe extern "C" fn cq_options_bind(
    options: *mut Options,
    host: *const c_char,
    port: c_int,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            let host = text(host)?.to_str().map_err(|_| Errno::BADARG)?;
            let port = u16::try_from(port).map_err(|_| Errno::BADARG)?;
            options.bind = Some(internet(host, port)?);
            Ok(())
        })
    }
}

/// Sets the local path of a connecting UNIX socket, `size` bytes.
///
/// Errors: EINVAL for NULL or an empty path; ENAMETOOLONG.
#[no_mangle]
pub unsafe extern "C" fn cq_options_bind_path(
    options: *mut Options,
    path: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            options.bind = Some(unix(bytes(path, size)?)?);
            Ok(())
        })
    }
}

/// The options of `cq_options_set`: AF_UNSPEC (default), AF_INET, AF_INET6, AF_UNIX.
pub const CQ_OPTION_FAMILY: u32 = 1;
/// SOCK_STREAM.
pub const CQ_OPTION_TYPE: u32 = 2;
/// The permissions of a bound UNIX socket; -1: as the umask says.
pub const CQ_OPTION_MODE: u32 = 3;
/// The umask while binding a UNIX socket; -1: unchanged.
pub const CQ_OPTION_MASK: u32 = 4;
/// Whether to remove a UNIX path before binding.
pub const CQ_OPTION_UNLINK: u32 = 5;
/// SO_REUSEADDR for listeners; on by default.
pub const CQ_OPTION_REUSEADDR: u32 = 6;
/// SO_REUSEPORT.
pub const CQ_OPTION_REUSEPORT: u32 = 7;
/// TCP_NODELAY.
pub const CQ_OPTION_NODELAY: u32 = 8;
/// TCP_CORK or TCP_NOPUSH.
pub const CQ_OPTION_NOPUSH: u32 = 9;
/// IPV6_V6ONLY.
pub const CQ_OPTION_V6ONLY: u32 = 10;
/// Whether to track times for `cq_socket_stat`; on by default.
pub const CQ_OPTION_TIME: u32 = 11;

/// Sets a number or switch (0 or 1): one of `CQ_OPTION_...`.
///
/// Errors: EINVAL for NULL, an unknown option, or a value that it cannot have.
#[no_mangle]
pub unsafe extern "C" fn cq_options_set(options: *mut Options, option: u32, value: c_int) -> c_int {
    // SAFETY: as documented.
    unsafe { change(options, |options| set(options, option, value)) }
}

fn set(options: &mut Options, option: u32, value: c_int) -> Result<()> {
    let switch = || match value {
        0 | 1 => Ok(value == 1),
        _ => Err(Errno::BADARG),
    };
    let permissions = || match value {
        -1 => Ok(None),
        0..=0o7777 => Ok(Some(value as u32)),
        _ => Err(Errno::BADARG),
    };
    let one_of = |allowed: &[c_int]| match allowed.contains(&value) {
        true => Ok(value),
        false => Err(Errno::BADARG),
    };
    match option {
        CQ_OPTION_FAMILY => {
            let known = [libc::AF_UNSPEC, libc::AF_INET, libc::AF_INET6, libc::AF_UNIX];
            options.family = one_of(&known)?;
        }
        CQ_OPTION_TYPE => options.kind = one_of(&[libc::SOCK_STREAM])?,
        CQ_OPTION_MODE => options.mode = permissions()?,
        CQ_OPTION_MASK => options.mask = permissions()?,
        CQ_OPTION_UNLINK => options.unlink = switch()?,
        CQ_OPTION_REUSEADDR => options.reuse_address = switch()?,
        CQ_OPTION_REUSEPORT => options.reuse_port = switch()?,
        CQ_OPTION_NODELAY => options.no_delay = switch()?,
        CQ_OPTION_NOPUSH => options.no_push = switch()?,
        CQ_OPTION_V6ONLY => options.v6_only = Some(switch()?),
        CQ_OPTION_TIME => options.time = switch()?,
        _ => return Err(Errno::BADARG),
    }
    Ok(())
}
