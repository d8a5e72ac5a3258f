// SPDX-License-Identifier: MIT
//! `cq_mode_*` and `cq_socket_*`: the settings of sockets, and what they tell of themselves.

use super::boundary::{borrow, bytes, call, limit, put, put_optional, seconds, value};
use crate::address::Name;
use crate::errno::{Errno, Result};
use crate::socket::{Buffering, Direction, Flags, Hold, Mode, Socket};
use std::ffi::{c_char, c_int, c_void};
use std::io::Write;

/// For `which`: the direction from the peer to the program.
pub const CQ_INPUT: u32 = 0;
/// For `which`: the direction from the program to the peer.
pub const CQ_OUTPUT: u32 = 1;

/// A direction from its number. EINVAL for others.
pub fn direction(which: u32) -> Result<Direction> {
    match which {
        CQ_INPUT => Ok(Direction::Input),
        CQ_OUTPUT => Ok(Direction::Output),
        _ => Err(Errno::BADARG),
    }
}

/// Modes are numbers made by `cq_mode_parse`; 0 stands for the mode that the socket has.
pub const CQ_MODE_DEFAULT: u32 = 0;

/// Marks a number as a mode. Above this bit, each group has two bits: 0 if no flag is named, otherwise which one.
const SET: u32 = 1;
const TEXT: u32 = 1;
const BUFFERING: u32 = 3;
const PUSHBACK: u32 = 5;
const AUTOFLUSH: u32 = 7;
const END: u32 = 9;

fn pack_mode(flags: Flags) -> u32 {
    let pair = |flag: Option<bool>| flag.map_or(0, |first| if first { 1 } else { 2 });
    let buffering = match flags.buffering {
        None => 0,
        Some(Buffering::No) => 1,
        Some(Buffering::Line) => 2,
        Some(Buffering::Full) => 3,
    };
    SET | pair(flags.text) << TEXT
        | buffering << BUFFERING
        | pair(flags.pushback) << PUSHBACK
        | pair(flags.autoflush) << AUTOFLUSH
}

/// The flags that a number names, none for the default. EINVAL for others.
pub fn unpack_mode(mode: u32) -> Result<Flags> {
    if mode == CQ_MODE_DEFAULT {
        return Ok(Flags::default());
    }
    let group = |shift: u32| mode >> shift & 3;
    let pairs = [TEXT, PUSHBACK, AUTOFLUSH].map(group);
    if mode & SET == 0 || mode >> END != 0 || pairs.contains(&3) {
        return Err(Errno::BADARG);
    }
    let [text, pushback, autoflush] = pairs.map(|flag| (flag != 0).then_some(flag == 1));
    let buffering = match group(BUFFERING) {
        0 => None,
        1 => Some(Buffering::No),
        2 => Some(Buffering::Line),
        _ => Some(Buffering::Full),
    };
    Ok(Flags { text, buffering, pushback, autoflush })
}

/// A whole mode from its number: groups that it does not name have their defaults. EINVAL for 0.
fn whole_mode(mode: u32) -> Result<Mode> {
    match mode {
        CQ_MODE_DEFAULT => Err(Errno::BADARG),
        _ => Ok(Mode::default().with(unpack_mode(mode)?)),
    }
}

/// Makes a mode of `size` flags: `t` text (CRLF in the stream is LF for the program) or `b` binary; output not
/// buffered `n`, by lines `l` or fully `f`; reads flush output first `a` or do not `A`; `p` or `P`, which concern TLS
/// in the Lua library cqueues and have no effect here. Of several flags of one group the last counts; other
/// characters are ignored. 0 for NULL.
///
/// What a group means of which no flag is named depends on where the mode is used. For one call (`cq_socket_try_recv`,
/// `_send`, `_try_flush`, ...) it is the socket's own flag. As the mode of a socket (`cq_socket_set_mode`) it is `t`,
/// `l`, `a` or `p`.
///
/// Source: cqueues User Guide §3.2.2, setmode.
#[no_mangle]
pub unsafe extern "C" fn cq_mode_parse(flags: *const c_char, size: usize) -> u32 {
    value(CQ_MODE_DEFAULT, || {
        if flags.is_null() {
            return Ok(CQ_MODE_DEFAULT);
        }
        // SAFETY: as documented.
        Ok(pack_mode(Flags::parse(unsafe { bytes(flags.cast(), size) }?)))
    })
}

/// Gives the mode that has the flags of `flags`, and in the groups that `flags` does not name those of `mode`. Either
/// may be 0. 0 if neither names a flag, or if one is no mode.
#[no_mangle]
pub extern "C" fn cq_mode_change(mode: u32, flags: u32) -> u32 {
    value(CQ_MODE_DEFAULT, || {
        let (mode, flags) = (unpack_mode(mode)?, unpack_mode(flags)?);
        let changed = Flags {
            text: flags.text.or(mode.text),
            buffering: flags.buffering.or(mode.buffering),
            pushback: flags.pushback.or(mode.pushback),
            autoflush: flags.autoflush.or(mode.autoflush),
        };
        Ok(if changed == Flags::default() { CQ_MODE_DEFAULT } else { pack_mode(changed) })
    })
}

/// Writes a mode as three characters and a NUL: for input ("t-p") or output ("tla").
///
/// Errors: EINVAL for NULL, 0 or no mode.
///
/// Safety: `text` is writable for 4 bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_mode_format(mode: u32, which: u32, text: *mut c_char) -> c_int {
    call(|| {
        let mode = whole_mode(mode)?;
        let [a, b, c] = match direction(which)? {
            Direction::Input => mode.format_input(),
            Direction::Output => mode.format_output(),
        };
        // SAFETY: as documented.
        unsafe { put(text.cast::<[u8; 4]>(), [a, b, c, 0]) }
    })
}

/// The address of a socket: see `cq_socket_peername`, `cq_socket_localname` and `cq_address_name`.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_name {
    /// AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC if there is none.
    pub family: c_int,
    /// The port of an internet address, otherwise 0.
    pub port: c_int,
    /// The size of `text` in bytes, without its NUL: 0 for a UNIX socket without path.
    pub size: usize,
    /// The address in numbers, or the path (which may begin with NUL), and a NUL.
    pub text: [c_char; 128],
    /// 0. Reserved for later versions.
    pub reserved: [u64; 2],
}

/// A name as the header has it.
pub fn c_name(name: Name) -> cq_name {
    let (mut bytes, mut family, mut port) = ([0; 128], libc::AF_UNIX, 0);
    let mut rest = &mut bytes[..127];
    // Longer ones than fit are cut.
    let _ = match name {
        Name::Unnamed(of) => {
            family = of;
            Ok(())
        }
        Name::Internet(of, address, number) => {
            (family, port) = (of, number.into());
            write!(rest, "{address}")
        }
        Name::Path(path) => rest.write_all(&path),
    };
    let size = 127 - rest.len();
    cq_name { family, port, size, text: bytes.map(|byte: u8| byte as c_char), reserved: [0; 2] }
}

/// Each line leaves at once.
pub const CQ_HOLD_NONE: u32 = 0;
/// A line that is written while the socket has more input at hand is held.
pub const CQ_HOLD_ANSWERS: u32 = 1;
/// So is each line after the first that a task writes in one resumption.
pub const CQ_HOLD_LINES: u32 = 2;

/// Sets which lines may be held back, CQ_HOLD_LINES by default. They leave together when the task waits or ends, a line
/// that may not be held is written, the buffer is full, or the descriptor is asked for, shut down, closed or forked, and at exit(3).
/// Accepted sockets take the setting over from their listener. It has no effect outside a controller.
///
/// Errors: EINVAL for NULL or another number.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_hold(socket: *const Socket, which: u32) -> c_int {
    call(|| {
        let which = match which {
            CQ_HOLD_NONE => Hold::None,
            CQ_HOLD_ANSWERS => Hold::Answers,
            CQ_HOLD_LINES => Hold::Lines,
            _ => return Err(Errno::BADARG),
        };
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.set_hold(which);
        Ok(())
    })
}

/// Tells which lines may be held back (`cq_socket_set_hold`). CQ_HOLD_NONE for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_hold(socket: *const Socket) -> u32 {
    // SAFETY: as documented.
    value(CQ_HOLD_NONE, || Ok(unsafe { borrow(socket) }?.hold() as u32))
}

/// Gives the peer's name; family AF_UNSPEC if the socket is not connected.
///
/// Errors: EINVAL for NULL; EBADF after close; what kept the socket from being connected.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_peername(socket: *const Socket, name: *mut cq_name) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { put(name, c_name(borrow(socket)?.peer_name()?)) })
}

/// Gives the socket's own name. Otherwise as `cq_socket_peername`.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_localname(socket: *const Socket, name: *mut cq_name) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { put(name, c_name(borrow(socket)?.local_name()?)) })
}

/// Gives the effective user and group of a UNIX stream's peer as of its connect.
///
/// Errors: EINVAL for NULL; EOPNOTSUPP for other families; ENOTSOCK; EBADF after close; what kept the socket from being
/// connected.
///
/// Platforms: Linux. Source: unix(7), SO_PEERCRED.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_peereid(
    socket: *const Socket,
    uid: *mut u32,
    gid: *mut u32,
) -> c_int {
    call(|| {
        if uid.is_null() || gid.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let found = unsafe { borrow(socket) }?.peer_user()?;
        unsafe { put(uid, found.0) }?;
        unsafe { put(gid, found.1) }
    })
}

/// Gives the process of a UNIX stream's peer as of its connect, 0 if it is not known.
///
/// Errors: EINVAL for NULL; ENOTSOCK; EBADF after close; what kept the socket from being connected.
///
/// Platforms: Linux. Source: unix(7), SO_PEERCRED.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_peerpid(socket: *const Socket, pid: *mut c_int) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { put(pid, borrow(socket)?.peer_process()?) })
}

/// What `cq_socket_stat` tells of one direction.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_stat {
    /// The number of bytes received or sent.
    pub count: u64,
    /// When the last operation was, in seconds since the epoch; 0 if there was none.
    pub time: f64,
    /// What `cq_socket_eof` tells; also true after a shutdown.
    pub eof: bool,
    /// 0. Reserved for later versions.
    pub reserved: [u64; 4],
}

/// Gives statistics of a direction.
///
/// Errors: EINVAL for NULL or no direction.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_stat(
    socket: *const Socket,
    which: u32,
    stat: *mut cq_stat,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let found = unsafe { borrow(socket) }?.stat(direction(which)?);
        let (count, time, eof) = (found.count, found.time as f64, found.eof);
        unsafe { put(stat, cq_stat { count, time, eof, reserved: [0; 4] }) }
    })
}

/// Gives the mode of a direction, a number as from `cq_mode_parse`. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_mode(socket: *const Socket, which: u32) -> u32 {
    // SAFETY: as documented.
    value(0, || Ok(pack_mode(unsafe { borrow(socket) }?.mode(direction(which)?).into())))
}

/// Sets the mode of a direction.
///
/// Errors: EINVAL for NULL, no direction, 0 or no mode.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_mode(socket: *const Socket, which: u32, mode: u32) -> c_int {
    call(|| {
        let mode = whole_mode(mode)?;
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.set_mode(direction(which)?, mode);
        Ok(())
    })
}

/// Gives the buffer size of a direction in bytes, SIZE_MAX if unlimited. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_bufsiz(socket: *const Socket, which: u32) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(socket) }?.buffer_size(direction(which)?)))
}

/// Sets the buffer size of a direction: the least that a receive asks for, or what full buffering
/// collects before it sends. SIZE_MAX is unlimited.
///
/// Errors: EINVAL for NULL, no direction or 0.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_bufsiz(
    socket: *const Socket,
    which: u32,
    size: usize,
) -> c_int {
    call(|| {
        if size == 0 {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.set_buffer_size(direction(which)?, size);
        Ok(())
    })
}

/// Gives the longest line of a direction in bytes. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_maxline(socket: *const Socket, which: u32) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(socket) }?.max_line(direction(which)?)))
}

/// Sets the longest line of a direction: a longer one is read or sent in pieces of that size.
///
/// Errors: EINVAL for NULL, no direction or 0.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_maxline(
    socket: *const Socket,
    which: u32,
    size: usize,
) -> c_int {
    call(|| {
        if size == 0 {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.set_max_line(direction(which)?, size);
        Ok(())
    })
}

/// Gives the timeout of operations that wait, in seconds; NaN if there is none, and NaN for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_timeout(socket: *const Socket) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(socket) }?.timeout())))
}

/// Sets the timeout of operations that wait, in seconds; NaN or negative: none.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_timeout(socket: *const Socket, timeout: f64) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.set_timeout(limit(timeout));
        Ok(())
    })
}

/// Gives the error that an operation that waits has left in a direction; 0 if there is none, and 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_error(socket: *const Socket, which: u32) -> c_int {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(socket) }?.error(direction(which)?).map_or(0, |e| e.0)))
}

/// Sets the error of a direction, 0 to clear it; `previous` (may be NULL) receives the one before.
///
/// Errors: EINVAL for NULL or no direction.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_error(
    socket: *const Socket,
    which: u32,
    error: c_int,
    previous: *mut c_int,
) -> c_int {
    call(|| {
        let error = Some(Errno(error)).filter(|e| e.0 != 0);
        // SAFETY: as documented, here and below.
        let before = unsafe { borrow(socket) }?.set_error(direction(which)?, error);
        unsafe { put_optional(previous, before.map_or(0, |e| e.0)) };
        Ok(())
    })
}

/// Keeps a pointer of the program's with the socket.
///
/// Errors: EINVAL for NULL as the socket.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_data(socket: *const Socket, data: *mut c_void) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.set_data(data as usize);
        Ok(())
    })
}

/// Returns that pointer; NULL without one. NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_data(socket: *const Socket) -> *mut c_void {
    // SAFETY: as documented.
    value(std::ptr::null_mut(), || Ok(unsafe { borrow(socket) }?.data() as *mut c_void))
}
