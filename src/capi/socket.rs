// SPDX-License-Identifier: MIT
//! `cq_socket_*`.

use super::boundary::{borrow, bytes, call, limit, put, put_optional, seconds, value};
use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::socket::{Buffering, Direction, Format, Mode, Name, Options, Patience, Socket};
use std::ffi::{c_char, c_int, c_void};

/// The direction towards the program.
pub const CQ_INPUT: u32 = 0;
/// The direction towards the peer.
pub const CQ_OUTPUT: u32 = 1;

fn direction(which: u32) -> Result<Direction> {
    match which {
        CQ_INPUT => Ok(Direction::Input),
        CQ_OUTPUT => Ok(Direction::Output),
        _ => Err(Errno::BADARG),
    }
}

/// Modes are numbers made by `cq_mode_parse`; 0 stands for the mode that the socket is set to.
pub const CQ_MODE_DEFAULT: u32 = 0;

const SET: u32 = 1;
const TEXT: u32 = 2;
const BUFFERING: u32 = 4;
const PUSHBACK: u32 = 16;
const AUTOFLUSH: u32 = 32;

fn pack_mode(mode: Mode) -> u32 {
    let buffering = match mode.buffering {
        Buffering::No => 0,
        Buffering::Line => BUFFERING,
        Buffering::Full => 2 * BUFFERING,
    };
    let flag = |on: bool, bit: u32| if on { bit } else { 0 };
    let flags = flag(mode.text, TEXT) | flag(mode.pushback, PUSHBACK);
    SET | buffering | flags | flag(mode.autoflush, AUTOFLUSH)
}

fn unpack_mode(mode: u32) -> Result<Option<Mode>> {
    let buffering = match mode & (3 * BUFFERING) {
        0 => Buffering::No,
        BUFFERING => Buffering::Line,
        _ => Buffering::Full,
    };
    match mode {
        0 => Ok(None),
        _ if mode & SET == 0 || mode >= 64 || mode & 12 == 12 => Err(Errno::BADARG),
        _ => Ok(Some(Mode {
            text: mode & TEXT != 0,
            buffering,
            pushback: mode & PUSHBACK != 0,
            autoflush: mode & AUTOFLUSH != 0,
        })),
    }
}

/// Makes a mode of `size` flags: `t` text (CRLF in the stream is LF for the program) or `b` binary;
/// output not buffered `n`, by lines `l`, fully `f`; reads flush output first `a` or do not `A`;
/// `p` and `P` concern TLS. The last of each group counts; a group without flag is `t`, `l`, `a`,
/// `p`. Other characters are ignored. 0 for NULL.
///
/// Source: guide §3.2.2, setmode.
#[no_mangle]
pub unsafe extern "C" fn cq_mode_parse(flags: *const c_char, size: usize) -> u32 {
    value(CQ_MODE_DEFAULT, || {
        if flags.is_null() {
            return Ok(CQ_MODE_DEFAULT);
        }
        // SAFETY: as documented.
        Ok(pack_mode(Mode::parse(unsafe { bytes(flags.cast(), size) }?)))
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
        let mode = unpack_mode(mode)?.ok_or(Errno::BADARG)?;
        let [a, b, c] = match direction(which)? {
            Direction::Input => mode.format_input(),
            Direction::Output => mode.format_output(),
        };
        // SAFETY: as documented.
        unsafe { put(text.cast::<[u8; 4]>(), [a, b, c, 0]) }
    })
}

unsafe fn hand_out(place: *mut *mut Socket, socket: Socket) -> Result<()> {
    let made = Box::into_raw(Box::new(socket));
    // SAFETY: the caller's place; on failure the handle is taken back.
    unsafe { put(place, made).inspect_err(|_| drop(Box::from_raw(made))) }
}

/// Makes a socket that begins to connect. What comes of it is told by the first operation on the
/// socket: no error of the network is returned here. Free it with `cq_socket_free`.
///
/// Errors: EINVAL for NULL or options that name no address.
///
/// Source: guide §3.2.2.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_connect(
    options: *const Options,
    socket: *mut *mut Socket,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let options = unsafe { borrow(options) }?.clone();
        options.check()?;
        unsafe { hand_out(socket, Socket::connect(options)) }
    })
}

/// Makes a socket that listens. As for `cq_socket_connect`; `cq_socket_establish` tells whether
/// binding succeeded.
///
/// Errors: EINVAL for NULL or options that name no address.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_listen(
    options: *const Options,
    socket: *mut *mut Socket,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let options = unsafe { borrow(options) }?.clone();
        options.check()?;
        unsafe { hand_out(socket, Socket::listen(options)) }
    })
}

/// Makes two connected UNIX sockets of a type (SOCK_STREAM).
///
/// Errors: EINVAL for NULL; EMFILE, ENFILE, EPROTONOSUPPORT.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_pair(
    kind: c_int,
    first: *mut *mut Socket,
    second: *mut *mut Socket,
) -> c_int {
    call(|| {
        if first.is_null() || second.is_null() {
            return Err(Errno::BADARG);
        }
        let (a, b) = Socket::pair(kind)?;
        // SAFETY: as documented, here and below.
        unsafe { hand_out(first, a) }?;
        unsafe { hand_out(second, b) }
    })
}

/// Takes over a descriptor, which becomes non-blocking and close-on-exec and is closed with the
/// socket. On error it stays the caller's.
///
/// Errors: EINVAL for NULL; EBADF; ENOTSOCK.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_adopt(fd: c_int, socket: *mut *mut Socket) -> c_int {
    call(|| {
        if socket.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented.
        unsafe { hand_out(socket, Socket::adopt(fd)?) }
    })
}

/// Makes a socket of a copy of a descriptor, which stays the caller's. As `cq_socket_adopt`.
///
/// Errors: EINVAL for NULL; EBADF; ENOTSOCK; EMFILE.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_dup(fd: c_int, socket: *mut *mut Socket) -> c_int {
    call(|| {
        if socket.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented.
        unsafe { hand_out(socket, Socket::duplicate(fd)?) }
    })
}

/// Closes and frees a socket, which no fiber may be waiting in. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_free(socket: *mut Socket) {
    value((), || {
        if !socket.is_null() {
            // SAFETY: the handle came from Box::into_raw; the caller gives it up.
            drop(unsafe { Box::from_raw(socket) });
        }
        Ok(())
    });
}

/// Closes a socket: its waiters in every controller of this thread wake, buffered output is dropped.
/// The handle stays valid and must still be freed. Closing twice is safe.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_close(socket: *mut Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.close();
        Ok(())
    })
}

/// Goes on connecting or binding without waiting.
///
/// Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EBADF after close; what kept the
/// socket from being connected or bound.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_establish(socket: *const Socket) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.establish())
}

/// Waits until the socket is connected or bound, at most its timeout.
///
/// Errors: as for `cq_socket_try_establish`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_establish(socket: *const Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let socket = unsafe { borrow(socket) }?;
        retry(socket, None, |_| socket.establish())
    })
}

/// Takes a connection from a listener without waiting. Without free descriptors it answers EAGAIN
/// and waits by timer: the listener goes on once there are some.
///
/// Errors: EINVAL for NULL; EAGAIN; EBADF after close; what kept the listener from being bound.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_accept(
    socket: *const Socket,
    accepted: *mut *mut Socket,
) -> c_int {
    call(|| {
        if accepted.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let made = unsafe { borrow(socket) }?.accept()?;
        unsafe { hand_out(accepted, made) }
    })
}

/// Waits for a connection, at most the socket's timeout.
///
/// Errors: as for `cq_socket_try_accept`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_accept(
    socket: *const Socket,
    accepted: *mut *mut Socket,
) -> c_int {
    call(|| {
        if accepted.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        let made = retry(socket, None, |_| socket.accept())?;
        unsafe { hand_out(accepted, made) }
    })
}

/// Repeats an operation, waiting as it asks, until it is done or the socket's timeout has passed.
/// Errors of a direction stick to it until they are cleared.
fn retry<T>(
    socket: &Socket,
    side: Option<Direction>,
    mut operation: impl FnMut(bool) -> Result<T>,
) -> Result<T> {
    if let Some(error) = side.and_then(|side| socket.error(side)) {
        return Err(error);
    }
    let mut deadline = None;
    let mut first = true;
    loop {
        let result = match operation(first) {
            Err(error) if error.is_again() => wait(socket, &mut deadline),
            Err(Errno::PIPE) if side == Some(Direction::Input) => return Err(Errno::PIPE),
            result => result.map(Some),
        };
        match result {
            Ok(None) => first = false,
            Ok(Some(done)) => return Ok(done),
            Err(error) => {
                side.map(|side| socket.set_error(side, Some(error)));
                return Err(error);
            }
        }
    }
}

/// Waits for what the socket's last operation wants. The deadline is set by the first wait.
fn wait<T>(socket: &Socket, deadline: &mut Option<Instant>) -> Result<Option<T>> {
    let mut member = socket.interest();
    if let Some(span) = socket.timeout() {
        let now = Instant::now();
        let waited = deadline.is_some();
        let left = deadline.get_or_insert_with(|| now.after(span)).since(now);
        if waited && left == Span::ZERO {
            return Err(Errno::TIMEDOUT);
        }
        member.timeout = Some(member.timeout.map_or(left, |own| own.min(left)));
    }
    fiber::poll_one(member)?;
    match socket.is_closed() {
        true => Err(Errno::BADF),
        false => Ok(None),
    }
}

/// What to read: everything until end of file.
pub const CQ_READ_ALL: u32 = 1;
/// A line without its end of line.
pub const CQ_READ_LINE: u32 = 2;
/// A line with its end of line.
pub const CQ_READ_LINE_KEEP: u32 = 3;
/// A MIME header field, unfolded.
pub const CQ_READ_HEADER: u32 = 4;
/// A MIME header field as it came.
pub const CQ_READ_HEADER_KEEP: u32 = 5;
/// `count` bytes; fewer only at end of file.
pub const CQ_READ_EXACTLY: u32 = 6;
/// 1 to `count` bytes.
pub const CQ_READ_UP_TO: u32 = 7;

/// For `cq_socket_recv`: answer EAGAIN without asking the kernel if the last receive emptied its
/// buffer, for callers that wait for the socket next; having waited, the next receive asks.
pub const CQ_PATIENT: u32 = 1;
/// For `cq_socket_recv`: first send pending output, if its mode says `a`. What the kernel does not take
/// yet is waited for together with the input; an error is left to the next send.
pub const CQ_FLUSH: u32 = 2;

fn patience(flags: u32) -> Result<Patience> {
    match flags & !(CQ_PATIENT | CQ_FLUSH) {
        0 => Ok(Patience { wait: flags & CQ_PATIENT != 0, flush: flags & CQ_FLUSH != 0 }),
        _ => Err(Errno::BADARG),
    }
}

fn format<'a>(kind: u32, count: usize) -> Result<Format<'a>> {
    match kind {
        CQ_READ_ALL => Ok(Format::All),
        CQ_READ_LINE => Ok(Format::Line { keep: false }),
        CQ_READ_LINE_KEEP => Ok(Format::Line { keep: true }),
        CQ_READ_HEADER => Ok(Format::Header { keep: false }),
        CQ_READ_HEADER_KEEP => Ok(Format::Header { keep: true }),
        CQ_READ_EXACTLY => Ok(Format::Exactly(count)),
        CQ_READ_UP_TO => Ok(Format::UpTo(count)),
        _ => Err(Errno::BADARG),
    }
}

/// Where received bytes lie; NULL with a size of 0 stands for "nothing of the kind".
fn place(found: Option<(*const u8, usize)>) -> (*const c_void, usize) {
    found.map_or((std::ptr::null(), 0), |(data, size)| (data.cast(), size))
}

fn receive(
    socket: &Socket,
    format: Format,
    mode: u32,
    patience: Patience,
) -> Result<(*const c_void, usize)> {
    let mode = unpack_mode(mode)?;
    Ok(place(socket.receive(format, mode, patience, |bytes| (bytes.as_ptr(), bytes.len()))?))
}

/// Takes what `format` (`CQ_READ_...`, with `count` where it needs one) asks for, without waiting.
/// The bytes lie in the socket's buffer until the next call that receives or fills it. `*data` is NULL if
/// end of file came first (`CQ_READ_ALL`), or if what comes is not a header. `flags` is 0 or made
/// of `CQ_PATIENT` and `CQ_FLUSH`.
///
/// Errors: EINVAL for NULL, an unknown format, mode or flag; EAGAIN: wait for the socket and repeat,
/// no byte is lost; EPIPE at end of file; EBADF after close; what the system says.
///
/// Safety: `data` and `size` are writable.
///
/// Source: guide §3.2.2, read and recv.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_recv(
    socket: *const Socket,
    format: u32,
    count: usize,
    mode: u32,
    flags: u32,
    data: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    call(|| {
        if data.is_null() || size.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        let found = receive(socket, self::format(format, count)?, mode, patience(flags)?)?;
        unsafe { put(data, found.0) }?;
        unsafe { put(size, found.1) }
    })
}

/// Takes a chunk of a MIME entity, up to and without the end of line in front of the boundary, which
/// stays in the input. `*data` is NULL when the boundary is next. Otherwise as `cq_socket_recv`.
///
/// Safety: `boundary` is readable for `length` bytes ("--..."); `data` and `size` are writable.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_recv_body(
    socket: *const Socket,
    boundary: *const c_void,
    length: usize,
    mode: u32,
    flags: u32,
    data: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    call(|| {
        if data.is_null() || size.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        let boundary = unsafe { bytes(boundary, length) }?;
        let found = receive(socket, Format::Body(boundary), mode, patience(flags)?)?;
        unsafe { put(data, found.0) }?;
        unsafe { put(size, found.1) }
    })
}

/// Waits for what `format` asks for, at most the socket's timeout; flushes pending output first,
/// unless the output mode says `A`. Otherwise as `cq_socket_recv`. Errors other than end of file
/// stick until `cq_socket_set_error` clears them; bytes already received stay.
///
/// Errors: as for `cq_socket_recv`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_read(
    socket: *const Socket,
    format: u32,
    count: usize,
    data: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    call(|| {
        if data.is_null() || size.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        let format = self::format(format, count)?;
        let found = retry(socket, Some(Direction::Input), |first| {
            receive(socket, format, CQ_MODE_DEFAULT, Patience { wait: first, flush: true })
        })?;
        unsafe { put(data, found.0) }?;
        unsafe { put(size, found.1) }
    })
}

/// Receives until `size` bytes are buffered, without waiting.
///
/// Errors: EINVAL for NULL; EAGAIN; EPIPE if fewer come.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_fill(socket: *const Socket, size: usize) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.fill(size))
}

/// Waits until `size` bytes are buffered, at most the socket's timeout.
///
/// Errors: as for `cq_socket_try_fill`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_fill(socket: *const Socket, size: usize) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let socket = unsafe { borrow(socket) }?;
        retry(socket, Some(Direction::Input), |_| socket.fill(size))
    })
}

/// Puts bytes in front of the input.
///
/// Errors: EINVAL for NULL; EBADF after close.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_unget(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket)?.unget(bytes(data, size)?) })
}

/// Takes bytes for output without waiting and sends what `mode` says must leave. `sent` receives how
/// many were taken, also on error; they leave with later sends or a flush.
///
/// Errors: EINVAL for NULL or no mode; EAGAIN: wait for the socket, then send the rest, or flush if
/// all were taken; EPIPE; EBADF after close; what the system says.
///
/// Safety: `data` is readable for `size` bytes, `sent` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_send(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
    mode: u32,
    sent: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (socket, data) = unsafe { (borrow(socket)?, bytes(data, size)?) };
        let mode = unpack_mode(mode)?;
        unsafe { put(sent, 0) }?;
        let (taken, result) = socket.send(data, mode);
        unsafe { put(sent, taken) }?;
        result
    })
}

/// Writes bytes, waiting at most the socket's timeout until they were sent or buffered, as its mode
/// says. Errors stick until `cq_socket_set_error` clears them. To know how much was taken before an
/// error, use `cq_socket_send`.
///
/// Errors: EINVAL for NULL; ETIMEDOUT; EPIPE; EBADF after close; EDEADLK in a callback; what the
/// system says.
///
/// Safety: `data` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_write(
    socket: *const Socket,
    data: *const c_void,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (socket, data) = unsafe { (borrow(socket)?, bytes(data, size)?) };
        let mut taken = 0;
        retry(socket, Some(Direction::Output), |_| {
            if taken == data.len() && taken > 0 {
                return socket.flush(socket.mode(Direction::Output).buffering);
            }
            let (count, result) = socket.send(&data[taken..], None);
            taken += count;
            result
        })
    })
}

/// Sends what is buffered, without waiting: everything with `mode` 0, otherwise what the buffering
/// of `mode` says must leave.
///
/// Errors: EINVAL for NULL or no mode; EAGAIN keeps the rest; EPIPE; EBADF after close.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_flush(socket: *const Socket, mode: u32) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let socket = unsafe { borrow(socket) }?;
        socket.flush(unpack_mode(mode)?.map_or(Buffering::No, |mode| mode.buffering))
    })
}

/// Sends everything that is buffered, waiting at most the socket's timeout.
///
/// Errors: EINVAL for NULL; ETIMEDOUT; EPIPE; EBADF after close; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_flush(socket: *const Socket) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let socket = unsafe { borrow(socket) }?;
        retry(socket, Some(Direction::Output), |_| socket.flush(Buffering::No))
    })
}

/// Counts the buffered bytes of a direction. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_pending(socket: *const Socket, which: u32) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(socket) }?.pending(direction(which)?)))
}

/// shutdown(2) with SHUT_RD, SHUT_WR or SHUT_RDWR. Buffered output is not sent.
///
/// Errors: EINVAL for NULL or another number; ENOTCONN; EBADF after close.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_shutdown(socket: *const Socket, how: c_int) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.shutdown(how))
}

/// Tells whether end of file was received (input) or the peer refuses more (output). False for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_eof(socket: *const Socket, which: u32) -> bool {
    // SAFETY: as documented.
    value(false, || Ok(unsafe { borrow(socket) }?.eof(direction(which)?)))
}

/// Turns off TCP_CORK or TCP_NOPUSH, which sends what the kernel holds back.
///
/// Errors: EINVAL for NULL; EOPNOTSUPP on other sockets; EBADF after close.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_uncork(socket: *const Socket) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket) }?.uncork())
}

/// A socket's descriptor, -1 while it has none.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_pollfd(socket: *const Socket) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(socket) }?.fd()))
}

/// The poll(2) events that the last operation waits for if it returned EAGAIN, else 0.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_events(socket: *const Socket) -> u32 {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(socket) }?.interest().events as u32))
}

/// The seconds after which the last operation wants to be repeated though no event came, or NaN.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_retry(socket: *const Socket) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(socket) }?.interest().timeout)))
}

/// Tells the socket that its descriptor was found readable, so that a patient receive asks the
/// kernel again.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_readable(socket: *const Socket) {
    // SAFETY: as documented.
    value((), || {
        unsafe { borrow(socket) }?.readable();
        Ok(())
    });
}

/// Forgets what the last operation waits for: `cq_socket_events` is 0 again.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_clear(socket: *const Socket) {
    // SAFETY: as documented.
    value((), || {
        unsafe { borrow(socket) }?.clear_interest();
        Ok(())
    });
}

/// A socket's name: see `cq_socket_peername`.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_name {
    /// AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC if there is none.
    pub family: c_int,
    /// The port of an internet address.
    pub port: c_int,
    /// The bytes of `text`: 0 for a UNIX socket without path.
    pub size: usize,
    /// The address in numbers, or the path (which may begin with NUL), and a NUL.
    pub text: [c_char; 128],
}

fn c_name(name: Name) -> cq_name {
    let (family, port, bytes) = match name {
        Name::Unnamed(family) => (family, 0, Vec::new()),
        Name::Internet(family, address, port) => (family, port.into(), address.into_bytes()),
        Name::Path(path) => (libc::AF_UNIX, 0, path),
    };
    let size = bytes.len().min(127);
    let mut text = [0; 128];
    text.iter_mut().zip(&bytes[..size]).for_each(|(to, from)| *to = *from as c_char);
    cq_name { family, port, size, text }
}

/// Gives the peer's name; family AF_UNSPEC if the socket is not connected.
///
/// Errors: EINVAL for NULL; EBADF after close; what kept the socket from being connected.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_peername(socket: *const Socket, name: *mut cq_name) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { put(name, c_name(borrow(socket)?.peer_name()?)) })
}

/// Gives the socket's own name. As `cq_socket_peername`.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_localname(socket: *const Socket, name: *mut cq_name) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { put(name, c_name(borrow(socket)?.local_name()?)) })
}

/// Gives the effective user and group of a UNIX stream's peer as of its connect.
///
/// Errors: EINVAL for NULL; EOPNOTSUPP for other families; EBADF after close.
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
/// Errors: EINVAL for NULL; EBADF after close.
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
    /// Bytes received or sent.
    pub count: u64,
    /// Seconds since the epoch of the last operation, 0 if there was none.
    pub time: f64,
    /// As `cq_socket_eof`; also after a shutdown.
    pub eof: bool,
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
        let made = cq_stat { count: found.count, time: found.time as f64, eof: found.eof };
        unsafe { put(stat, made) }
    })
}

/// Gives the mode of a direction, a number as from `cq_mode_parse`. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_mode(socket: *const Socket, which: u32) -> u32 {
    // SAFETY: as documented.
    value(0, || Ok(pack_mode(unsafe { borrow(socket) }?.mode(direction(which)?))))
}

/// Sets the mode of a direction.
///
/// Errors: EINVAL for NULL, no direction, 0 or no mode.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_mode(socket: *const Socket, which: u32, mode: u32) -> c_int {
    call(|| {
        let mode = unpack_mode(mode)?.ok_or(Errno::BADARG)?;
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

/// Gives the limit of waiting operations in seconds, NaN without limit.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_timeout(socket: *const Socket) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(socket) }?.timeout())))
}

/// Sets the limit of waiting operations in seconds; NaN or negative: none.
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

/// Gives the error that a waiting operation left in a direction, 0 if there is none.
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
