// SPDX-License-Identifier: MIT
//! The operations of batches: each is attempted, and when it has to wait its task is parked on what it waits for.

use super::batch::*;
use super::boundary::{borrow, bytes, limit, slice};
use super::datagram::room;
use super::dns_packet::hand_out_packet;
use super::gather::receive_into;
use super::poll::{cq_interest, member};
use super::scope::reason;
use super::scope_task::park_until_idle;
use super::socket::socket_handle;
use super::socket_io::format;
use super::socket_settings::unpack_mode;
use super::task::drop_payload;
use super::tls::config;
use crate::clock::{Instant, Span};
use crate::controller::{Controller, Fired, Member, TaskId, CANCELLED};
use crate::dns::ask::resolver::Resolver;
use crate::errno::{Errno, Result};
use crate::signal::Listener;
use crate::socket::{Direction, Flags, Format, Patience, Socket};
use std::ffi::{c_int, c_void};

/// The bytes that a step has read. What does not fit lies elsewhere, as long.
pub(super) struct Arena {
    bytes: Box<[u8]>,
    used: usize,
    outside: Vec<Vec<u8>>,
}

/// The usual size of an arena, and the least. One read of 1 to n bytes gets at least the latter.
const USUAL: usize = 256 * 1024;
const LEAST: usize = 4096;

impl Arena {
    /// With room for so many bytes; 0: for the usual number. ENOMEM.
    pub fn new(size: usize) -> Result<Arena> {
        let size = if size == 0 { USUAL } else { size.max(LEAST) };
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size).map_err(|_| Errno::NOMEM)?;
        bytes.resize(size, 0);
        Ok(Arena { bytes: bytes.into_boxed_slice(), used: 0, outside: Vec::new() })
    }

    /// Where it is, and its size.
    pub fn place(&self) -> (*const c_void, usize) {
        (self.bytes.as_ptr().cast(), self.bytes.len())
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.used = 0;
        self.outside.clear();
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.used
    }

    /// Whether so many bytes, or as many as ever fit, must come in another step.
    fn is_too_full(&self, size: usize) -> bool {
        self.used > 0 && self.left() < size.min(self.bytes.len())
    }

    /// Makes room outside for what can never fit. ENOMEM.
    fn make_room(&mut self, size: usize) -> Result<()> {
        let mut room = Vec::new();
        room.try_reserve_exact(size).map_err(|_| Errno::NOMEM)?;
        self.outside.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        self.outside.push(room);
        Ok(())
    }

    /// Keeps a copy, outside if it does not fit. ENOMEM.
    fn keep(&mut self, bytes: &[u8]) -> Result<*const c_void> {
        if let Some(room) = self.bytes[self.used..].get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
            self.used += bytes.len();
            return Ok(room.as_ptr().cast());
        }
        let fits = |room: &Vec<u8>| room.is_empty() && room.capacity() >= bytes.len();
        if !self.outside.last().is_some_and(fits) {
            self.make_room(bytes.len())?;
        }
        let room = self.outside.last_mut().ok_or(Errno::NOMEM)?;
        room.extend_from_slice(bytes);
        Ok(room.as_ptr().cast())
    }
}

/// What came of an operation.
pub(super) struct Done {
    pub code: c_int,
    pub object: *mut c_void,
    pub bytes: *const c_void,
    pub size: usize,
    pub events: u32,
}

impl Done {
    /// A code, and nothing else.
    pub fn code(error: Errno) -> Done {
        let (object, bytes) = (std::ptr::null_mut(), std::ptr::null());
        Done { code: error.0, object, bytes, size: 0, events: 0 }
    }

    fn size(size: usize) -> Done {
        Done { size, ..Done::code(Errno(0)) }
    }

    fn object<T>(object: *mut T) -> Done {
        Done { object: object.cast(), ..Done::code(Errno(0)) }
    }
}

/// How far an attempt got.
pub(super) enum Attempt {
    /// It is done.
    Done(Done),
    /// It waits.
    Parked,
    /// The task has ended.
    Over,
}

/// Attempts an operation, whose task was woken by `woken` if it has waited. EAGAIN does not come out.
///
/// What the operation points to is live: see `cq_batch_step`.
pub(super) fn attempt(
    cq: &Controller,
    operation: &cq_operation,
    job: &mut Job,
    arena: &mut Arena,
    woken: Option<Fired>,
) -> Result<Attempt> {
    let fresh = woken.is_none() && job.done == 0;
    if fresh && operation.flags & CQ_OPERATION_CHECK != 0 {
        if let Some(end) = cq.end_of_task(job.task)? {
            return Err(end.code());
        }
    }
    match operation.kind {
        CQ_DO_NOTHING if job.done == 0 => {
            job.done = 1;
            cq.park(job.task, false, []).map(|()| Attempt::Parked)
        }
        CQ_DO_NOTHING => Ok(Attempt::Done(Done::size(0))),
        CQ_DO_END => end(cq, operation, job),
        CQ_DO_SLEEP => match park(cq, operation, job, Member::NOTHING) {
            Err(Errno::TIMEDOUT) => Ok(Attempt::Done(Done::size(0))),
            other => other,
        },
        CQ_DO_POLL | CQ_DO_CONDITION => wait(cq, operation, job, woken),
        CQ_DO_ANSWER | CQ_DO_SIGNAL => tell(cq, operation, job, woken),
        // SAFETY: as documented.
        CQ_DO_SCOPE => match unsafe { park_until_idle(operation.object.cast(), job.task) }? {
            true => Ok(Attempt::Parked),
            false => Ok(Attempt::Done(Done::size(0))),
        },
        CQ_DO_READ..=CQ_DO_STARTTLS => {
            // SAFETY: as documented.
            let socket = unsafe { borrow(operation.object.cast::<Socket>()) }?;
            if let (CQ_DO_READ, true) =
                (operation.kind, arena.is_too_full(needs(socket, operation)))
            {
                return cq.park(job.task, false, []).map(|()| Attempt::Parked);
            }
            match use_socket(socket, operation, job, arena, woken) {
                Err(error) if error.is_again() => park(cq, operation, job, socket.interest()),
                result => result.map(Attempt::Done),
            }
        }
        _ => Err(Errno::BADARG),
    }
}

/// Parks the task on what its operation waits for. ETIMEDOUT if its time is over.
fn park(
    cq: &Controller,
    operation: &cq_operation,
    job: &mut Job,
    mut member: Member,
) -> Result<Attempt> {
    let left = left(operation, job);
    if left == Some(Span::ZERO) {
        return Err(Errno::TIMEDOUT);
    }
    member.timeout = Span::least(left, member.timeout);
    cq.park_on_one(job.task, false, member).map(|()| Attempt::Parked)
}

/// How much is left of the operation's time, which begins with its first wait.
fn left(operation: &cq_operation, job: &mut Job) -> Option<Span> {
    let span = limit(operation.timeout)?;
    let now = Instant::now();
    Some(job.deadline.get_or_insert_with(|| now.after(span)).since(now))
}

/// The task is over.
fn end(cq: &Controller, operation: &cq_operation, job: &mut Job) -> Result<Attempt> {
    let code = operation.size as c_int;
    if code != 0 {
        // SAFETY: as documented.
        let reason = unsafe { reason(operation.data.cast_const().cast()) };
        cq.fail_task(job.task, code, reason)?;
    }
    drop_payload(cq.finish(job.task)?);
    job.task = TaskId::nobody();
    Ok(Attempt::Over)
}

/// Waits for a condition or for members of a set: what has fired first is the result. Behind them stands the time.
fn wait(
    cq: &Controller,
    operation: &cq_operation,
    job: &mut Job,
    woken: Option<Fired>,
) -> Result<Attempt> {
    let count = if operation.kind == CQ_DO_CONDITION { 1 } else { operation.size };
    if let Some(Fired { member, events }) = woken {
        let place = member as usize;
        return match place == count {
            true => Err(Errno::TIMEDOUT),
            false => Ok(Attempt::Done(Done { events, ..Done::size(place) })),
        };
    }
    let timer = Member::timeout(left(operation, job));
    if operation.kind == CQ_DO_CONDITION {
        // SAFETY: as documented, here and below.
        let condition = unsafe { super::condition::share(operation.object.cast()) };
        let on = Member::condition(&condition.ok_or(Errno::BADARG)?);
        return cq.park(job.task, false, [on, timer]).map(|()| Attempt::Parked);
    }
    let interests = unsafe { slice(operation.data.cast_const().cast::<cq_interest>(), count) }?;
    let mut set = Vec::new();
    set.try_reserve_exact(count + 1).map_err(|_| Errno::NOMEM)?;
    for interest in interests {
        set.push(unsafe { member(interest) }?);
    }
    set.push(timer);
    cq.park(job.task, false, set).map(|()| Attempt::Parked)
}

/// Takes an answer or a signal.
fn tell(
    cq: &Controller,
    operation: &cq_operation,
    job: &mut Job,
    woken: Option<Fired>,
) -> Result<Attempt> {
    if woken.is_some_and(|fired| fired.events & CANCELLED as u32 != 0) {
        return Err(Errno::BADF);
    }
    if operation.kind == CQ_DO_SIGNAL {
        // SAFETY: as documented.
        let listener = unsafe { borrow(operation.object.cast::<Listener>()) }?;
        return match listener.take() {
            Err(error) if error.is_again() => park(cq, operation, job, listener.interest()),
            Err(error) => Err(error),
            Ok(signal) => Ok(Attempt::Done(Done::size(signal as usize))),
        };
    }
    // SAFETY: as documented.
    let resolver = unsafe { borrow(operation.object.cast::<Resolver>()) }?;
    match resolver.fetch() {
        Err(error) if error.is_again() => park(cq, operation, job, resolver.interest()),
        Err(error) => Err(error),
        Ok(answer) => {
            let mut packet = std::ptr::null_mut();
            // SAFETY: the place is writable.
            unsafe { hand_out_packet(&mut packet, answer) }?;
            Ok(Attempt::Done(Done::object(packet)))
        }
    }
}

/// How much room of the arena a read may need. What comes to its end is not known before.
fn needs(socket: &Socket, operation: &cq_operation) -> usize {
    match format(operation.format, operation.size) {
        Ok(Format::Exactly(count)) => count,
        Ok(Format::UpTo(count)) => count.min(LEAST),
        Ok(_) => socket.max_line(Direction::Input),
        Err(_) => 0,
    }
}

/// Does what a socket is asked for, without waiting.
fn use_socket(
    socket: &Socket,
    operation: &cq_operation,
    job: &mut Job,
    arena: &mut Arena,
    woken: Option<Fired>,
) -> Result<Done> {
    match operation.kind {
        CQ_DO_READ | CQ_DO_READ_INTO => match woken {
            Some(_) => socket.readable(),
            None => socket.believe_drained(),
        },
        _ => {}
    }
    let data = operation.data;
    match operation.kind {
        CQ_DO_READ => return read(socket, operation, arena),
        CQ_DO_READ_INTO => {
            // SAFETY: as documented, here and below.
            let room = unsafe { room(data, operation.size) }?;
            return Ok(Done::size(receive_into(socket, room, operation.mode, PATIENCE)?));
        }
        CQ_DO_WRITE => {
            let data = unsafe { bytes(data, operation.size) }?;
            write(socket, data, unpack_mode(operation.mode)?, &mut job.done)?;
            return Ok(Done::size(data.len()));
        }
        CQ_DO_ACCEPT => {
            return Ok(Done::object(socket_handle(socket.accept()?)));
        }
        CQ_DO_FLUSH => socket.flush(None),
        CQ_DO_FINISH => socket.finish(),
        CQ_DO_ESTABLISH => socket.establish(),
        _ => socket.start_tls(&unsafe { config(data.cast_const().cast()) }?),
    }?;
    Ok(Done::size(0))
}

/// A read flushes before it waits, and waits where the kernel has nothing as far as is known.
const PATIENCE: Patience = Patience { wait: true, flush: true };

fn read(socket: &Socket, operation: &cq_operation, arena: &mut Arena) -> Result<Done> {
    let flags = unpack_mode(operation.mode)?;
    let wanted = match format(operation.format, operation.size)? {
        Format::UpTo(count) => Format::UpTo(count.min(arena.left())),
        Format::Exactly(count) if count > arena.left() => {
            // With room for it before any byte is taken.
            match socket.fill(count) {
                Err(Errno::PIPE) | Ok(()) => {
                    arena.make_room(count.min(socket.pending(Direction::Input)))?
                }
                Err(error) => return Err(error),
            }
            Format::Exactly(count)
        }
        other => other,
    };
    let taken = socket.receive(wanted, flags, PATIENCE, |found| {
        arena.keep(found).map(|place| (place, found.len()))
    })?;
    match taken.transpose()? {
        Some((place, size)) => Ok(Done { bytes: place, ..Done::size(size) }),
        None => Ok(Done::size(0)),
    }
}

/// Writes what is left of `data`, and counts what was taken.
fn write(socket: &Socket, data: &[u8], flags: Flags, taken: &mut usize) -> Result<()> {
    if *taken == data.len() && *taken > 0 {
        return socket.flush(Some(flags));
    }
    let (count, result) = socket.send(&data[*taken..], flags, false, true);
    *taken += count;
    result
}
