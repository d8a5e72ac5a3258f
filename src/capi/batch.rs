// SPDX-License-Identifier: MIT
//! `cq_batch_*`: many tasks of a binding in one call. What they want goes in as an array, what came of it comes out as
//! another.

use super::batch_run::{attempt, Arena, Attempt, Done};
use super::boundary::{borrow, call, hand_out_made, limit, put, slice, take_back};
use super::controller::own;
use super::hooks;
use super::scope;
use super::step::{run_other, Stepping};
use super::task::{cq_task, pack, unpack};
use crate::clock::Instant;
use crate::controller::{Controller, Fired, Kept, Payload, TaskId, ENDED};
use crate::errno::{Errno, Result};
use crate::sys::memory::{AtomicShared, AtomicWeak};
use std::cell::RefCell;
use std::ffi::{c_int, c_void};

/// What a task wants.
#[derive(Clone, Copy)]
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_operation {
    /// The task, as a result named it. Not used by `CQ_DO_ADD`.
    pub task: cq_task,
    /// `CQ_DO_...`
    pub kind: u32,
    /// 0, or made of `CQ_OPERATION_...`
    pub flags: u32,
    /// `CQ_READ_...` for `CQ_DO_READ`.
    pub format: u32,
    /// The mode of this read or write: see `cq_mode_parse`; 0: the socket's own.
    pub mode: u32,
    /// The socket, condition, ... that it concerns.
    pub object: *mut c_void,
    /// Bytes or other data; readable or writable until the result comes.
    pub data: *mut c_void,
    /// The size of `data`, or a number: see the kind.
    pub size: usize,
    /// How many seconds it may take, then its code is ETIMEDOUT; NaN or negative: without limit.
    pub timeout: f64,
    /// 0. Reserved for later versions.
    pub reserved: u64,
}

/// What came of it.
#[derive(Clone, Copy)]
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_result {
    /// The task, which now waits for an operation.
    pub task: cq_task,
    /// The task's data: `data` of its `CQ_DO_ADD`. NULL with ENOENT.
    pub data: *mut c_void,
    /// The kind of the operation: that of the one that failed, where operations are linked.
    pub kind: u32,
    /// 0, or what went wrong: the codes of the function that does the same.
    pub code: c_int,
    /// What was made: the socket of `CQ_DO_ACCEPT`, the packet of `CQ_DO_ANSWER`. To be freed by the caller.
    pub object: *mut c_void,
    /// What was read. The bytes lie there until the next step of the batch; see `cq_batch_memory`.
    pub bytes: *const c_void,
    /// How many bytes were read or, also with an error, written; or a number: see the kind.
    pub size: usize,
    /// What fired, for `CQ_DO_POLL`.
    pub events: u32,
    /// 0. Reserved for later versions.
    pub reserved: [u32; 3],
}

/// Comes back in the next step, and lets others run until then.
pub const CQ_DO_NOTHING: u32 = 0;
/// Starts a task in the scope `object` (NULL: in none). Its first result, of this kind, comes when its turn is, with
/// `data` as the task's data. Errors: ECANCELED, ETIMEDOUT if the scope has ended; ENOMEM: there is no task then, and
/// the result has the operation's `data`.
pub const CQ_DO_ADD: u32 = 1;
/// The task is over: no result comes. `size` is the code with which it failed, or 0. With a code its scope ends as by
/// `cq_task_fail`, and `data` is a text or NULL.
pub const CQ_DO_END: u32 = 2;
/// Waits for `timeout` seconds: 0 then, not ETIMEDOUT.
pub const CQ_DO_SLEEP: u32 = 3;
/// Waits for any of the `size` members of the array of `cq_interest` at `data`, which is not needed any more after
/// the step. The result's `size` is the place of the first that fired, `events` what fired of it.
pub const CQ_DO_POLL: u32 = 4;
/// Waits until the condition `object` is signalled.
pub const CQ_DO_CONDITION: u32 = 5;
/// Reads from the socket `object` what `format` asks for, with `size` where it needs a count: see
/// `cq_socket_try_recv`. With `CQ_READ_UP_TO` fewer may come, as the batch's memory is shared.
pub const CQ_DO_READ: u32 = 6;
/// Reads into `data`, 1 to `size` bytes: see `cq_socket_try_recv_into`.
pub const CQ_DO_READ_INTO: u32 = 7;
/// Writes the `size` bytes at `data`: see `cq_socket_write`.
pub const CQ_DO_WRITE: u32 = 8;
/// Sends what the socket `object` has buffered.
pub const CQ_DO_FLUSH: u32 = 9;
/// Sends all and ends the output: see `cq_socket_finish`.
pub const CQ_DO_FINISH: u32 = 10;
/// Takes a connection of the listening socket `object`.
pub const CQ_DO_ACCEPT: u32 = 11;
/// Waits until the socket `object` is connected, or bound where it listens.
pub const CQ_DO_ESTABLISH: u32 = 12;
/// Begins TLS on the socket `object`, with the configuration `data`: see `cq_socket_starttls`.
pub const CQ_DO_STARTTLS: u32 = 13;
/// Waits for the answer of the resolver `object`, which was given a question: see `cq_dns_resolver_try_fetch`.
pub const CQ_DO_ANSWER: u32 = 14;
/// Waits for a signal of the listener `object`; `size` is its number. EBADF if `cq_controller_cancel` has ended the wait
/// for the listener's descriptor.
pub const CQ_DO_SIGNAL: u32 = 15;
/// Waits until the scope `object` has no tasks left: see `cq_scope_park`.
pub const CQ_DO_SCOPE: u32 = 16;

/// For `flags`: the task's next operation is done when this one has succeeded, which gives no result then. If it fails,
/// that is the result, and the operations linked to it are left out. Operations that are linked begin when the last of
/// them has come, the one without this flag.
pub const CQ_OPERATION_LINK: u32 = 1;
/// For `flags`: if the task's waits are ended (`cq_task_status`) nothing is done, and that is the result, also where
/// no wait would be needed.
pub const CQ_OPERATION_CHECK: u32 = 2;

/// A task of the batch.
pub(super) struct Job {
    pub(super) task: TaskId,
    data: usize,
    /// What it wants: the operation under way first, then what is linked to it. Empty: its result was handed out.
    pub(super) operations: Vec<cq_operation>,
    /// Until when the one under way may wait, once it has had to.
    pub(super) deadline: Option<Instant>,
    /// How much of it is done: bytes that were written; 1 behind the wait of `CQ_DO_NOTHING`.
    pub(super) done: usize,
    /// Its first result is yet to come.
    is_new: bool,
}

/// A batch.
pub struct Batch {
    controller: AtomicWeak<Controller>,
    inner: RefCell<Inner>,
}

struct Inner {
    /// By the places of the tasks in their controller.
    jobs: Vec<Option<Job>>,
    arena: Arena,
}

/// The results of a step, written as they come.
struct Results {
    at: *mut cq_result,
    room: usize,
    count: usize,
}

impl Results {
    fn is_full(&self) -> bool {
        self.count == self.room
    }

    fn push(&mut self, task: cq_task, data: usize, kind: u32, done: Done) {
        let Done { code, object, bytes, size, events } = done;
        let data = data as *mut c_void;
        let result =
            cq_result { task, data, kind, code, object, bytes, size, events, reserved: [0; 3] };
        // SAFETY: the caller gave room for as many, and nobody pushes when it is full.
        unsafe { self.at.add(self.count).write(result) };
        self.count += 1;
    }
}

impl Batch {
    fn new(controller: &Controller, memory: usize) -> Result<Batch> {
        let controller = AtomicShared::downgrade(&controller.share());
        let inner = Inner { jobs: Vec::new(), arena: Arena::new(memory)? };
        Ok(Batch { controller, inner: RefCell::new(inner) })
    }

    fn step(&self, operations: &[cq_operation], timeout: f64, out: &mut Results) -> Result<()> {
        let cq = self.controller.upgrade().ok_or(Errno::BADF)?;
        cq.check_thread()?;
        cq.enter()?;
        let stepping = Stepping(&cq);
        let result = self.step_entered(&cq, operations, timeout, out);
        stepping.leave();
        match cq.take_stop() {
            true => result.and(Err(Errno::CANCELED)),
            false => result,
        }
    }

    fn step_entered(
        &self,
        cq: &AtomicShared<Controller>,
        operations: &[cq_operation],
        timeout: f64,
        out: &mut Results,
    ) -> Result<()> {
        self.inner.borrow_mut().arena.clear();
        for operation in operations {
            self.take(cq, operation, out);
        }
        let deadline = limit(timeout).map(|limit| Instant::now().after(limit));
        loop {
            let left = match out.count {
                0 => deadline.map(|at| at.since(Instant::now())),
                _ => limit(0.0),
            };
            hooks::wait(cq, left, true)?;
            let mut any = false;
            while !out.is_full() {
                let Some((task, payload, kept)) = cq.next_kept() else { break };
                any = true;
                match payload {
                    Payload::Batch if self.woken(cq, task, kept, out) => {}
                    other => run_other(cq, task, other)?,
                }
            }
            // A wait that a signal, an alert or the end of its time has ended is the caller's to look at.
            if out.count > 0 || !any || cq.is_stopped() {
                return Ok(());
            }
        }
    }

    /// Takes an operation over, and does it if that is possible at once.
    fn take(&self, cq: &Controller, operation: &cq_operation, out: &mut Results) {
        if let Err(error) = self.try_take(cq, operation, out) {
            let task = if operation.kind == CQ_DO_ADD { 0 } else { operation.task };
            let data = match operation.kind {
                CQ_DO_ADD => operation.data as usize,
                _ => self.data_of(unpack(operation.task)),
            };
            out.push(task, data, operation.kind, Done::code(error));
        }
    }

    fn data_of(&self, task: TaskId) -> usize {
        let inner = self.inner.borrow();
        let job = inner.jobs.get(task.index as usize).and_then(Option::as_ref);
        job.filter(|job| job.task == task).map_or(0, |job| job.data)
    }

    fn try_take(&self, cq: &Controller, wanted: &cq_operation, out: &mut Results) -> Result<()> {
        if wanted.reserved != 0 || wanted.flags & !(CQ_OPERATION_LINK | CQ_OPERATION_CHECK) != 0 {
            return Err(Errno::BADARG);
        }
        if wanted.kind == CQ_DO_ADD {
            return self.add(cq, wanted);
        }
        let task = unpack(wanted.task);
        cq.payload(task)?;
        let inner = &mut *self.inner.borrow_mut();
        let job = inner.jobs.get_mut(task.index as usize).and_then(Option::as_mut);
        let job = job.filter(|job| job.task == task).ok_or(Errno::NOENT)?;
        match job.operations.last() {
            Some(last) if last.flags & CQ_OPERATION_LINK == 0 => return Err(Errno::BUSY),
            Some(_) => {}
            None => (job.done, job.deadline) = (0, None),
        }
        job.operations.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        job.operations.push(*wanted);
        if wanted.flags & CQ_OPERATION_LINK != 0 {
            return Ok(());
        }
        go_on(cq, job, &mut inner.arena, None, out);
        Ok(())
    }

    fn add(&self, cq: &Controller, wanted: &cq_operation) -> Result<()> {
        // SAFETY: the caller of the step says that the object is a scope, or NULL.
        let task = match unsafe { scope::optional(wanted.object.cast()) }? {
            Some(id) => cq.spawn_in(id, Payload::Batch)?,
            None => cq.spawn(Payload::Batch)?,
        };
        let inner = &mut *self.inner.borrow_mut();
        let job = Job {
            task,
            data: wanted.data as usize,
            operations: Vec::new(),
            deadline: None,
            done: 0,
            is_new: true,
        };
        let place = task.index as usize;
        while inner.jobs.len() <= place {
            if inner.jobs.try_reserve(1).is_err() {
                let _ = cq.finish(task);
                return Err(Errno::NOMEM);
            }
            inner.jobs.push(None);
        }
        let old = inner.jobs[place].replace(job);
        if let (Some(job), Some(old)) = (&mut inner.jobs[place], old) {
            job.operations = old.operations; // for its memory
            job.operations.clear();
        }
        Ok(())
    }

    /// Goes on with a task that the controller has handed out. `false`: it is none of this batch's.
    fn woken(&self, cq: &Controller, task: TaskId, kept: Kept, out: &mut Results) -> bool {
        let inner = &mut *self.inner.borrow_mut();
        let job = inner.jobs.get_mut(task.index as usize).and_then(Option::as_mut);
        let Some(job) = job.filter(|job| job.task == task) else { return false };
        if std::mem::take(&mut job.is_new) {
            out.push(pack(task), job.data, CQ_DO_ADD, Done::code(Errno(0)));
            return true;
        }
        // SAFETY: good until the next call of `next_kept`.
        let fired = unsafe { slice(kept.fired, kept.count) }.unwrap_or_default();
        go_on(cq, job, &mut inner.arena, fired.first().copied(), out);
        true
    }
}

/// Does what a task wants as far as it can be done, and parks it if there is more. `woken`: what ended its wait.
fn go_on(
    cq: &Controller,
    job: &mut Job,
    arena: &mut Arena,
    mut woken: Option<Fired>,
    out: &mut Results,
) {
    while let Some(&operation) = job.operations.first() {
        let ended = woken.filter(|fired| fired.member == ENDED);
        let attempted = match ended {
            Some(Fired { events, .. }) => Err(Errno(events as i32)),
            None => attempt(cq, &operation, job, arena, woken.take()),
        };
        match attempted {
            Ok(Attempt::Parked) => return,
            Ok(Attempt::Over) => return job.operations.clear(),
            Ok(Attempt::Done(_)) if operation.flags & CQ_OPERATION_LINK != 0 => {
                job.operations.remove(0);
                (job.done, job.deadline) = (0, None);
            }
            Ok(Attempt::Done(done)) => {
                job.operations.clear();
                return out.push(pack(job.task), job.data, operation.kind, done);
            }
            Err(error) => {
                let size = if operation.kind == CQ_DO_WRITE { job.done } else { 0 };
                let done = Done { size, ..Done::code(error) };
                job.operations.clear();
                return out.push(pack(job.task), job.data, operation.kind, done);
            }
        }
    }
}

/// Makes a batch: many tasks of a language binding, in few calls. What the tasks want goes into `cq_batch_step` as an
/// array of operations, and what came of it comes out as an array of results; in between the binding resumes its tasks
/// and collects what they want next. `memory` is how many bytes of input one step may bring, 0 for 256 KiB. Free it
/// with `cq_batch_free`, before or after the controller.
///
///     cq_operation list[64] = { { .kind = CQ_DO_ADD, .data = client } };
///     cq_result results[64];
///     size_t wanted = 1, count, i;
///
///     while (!(code = cq_batch_step(batch, list, wanted, -1, results, 64, &count)))
///             for (wanted = 0, i = 0; i < count; i++)
///                     wanted += resume(&results[i], &list[wanted]);
///
/// Errors: EINVAL for NULL; EBADF after close; EPERM while another thread steps the controller; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_batch_new(
    controller: *mut Controller,
    memory: usize,
    batch: *mut *mut Batch,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        unsafe { hand_out_made(batch, || Batch::new(cq, memory)) }
    })
}

/// Frees a batch, but not inside one of its steps. Its tasks that are left wait for nothing any more: free their scopes,
/// or the controller. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_batch_free(batch: *mut Batch) {
    // SAFETY: as documented.
    unsafe { take_back(batch) }
}

/// Tells where the bytes of results lie, if they have room there: `*memory` and `*size` hold until the batch is freed.
/// A binding for which it is dear to read from an address makes a view of it once. What does not fit there lies
/// elsewhere: only a `CQ_READ_EXACTLY`, `CQ_READ_ALL` or a line of more bytes.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_batch_memory(
    batch: *const Batch,
    memory: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (at, length) = unsafe { borrow(batch) }?.inner.borrow().arena.place();
        unsafe { put(memory, at) }?;
        unsafe { put(size, length) }
    })
}

/// Takes `count` operations, waits at most `timeout` seconds (NaN or negative: without limit) until something came of
/// them or of those before, and writes that to `results`, which have room for `room`. `*produced` tells how many; what
/// there was no room for comes in the next step. It does not wait if an operation has ended already, and a signal or
/// `cq_controller_alert` ends the wait: then `*produced` may be 0. Callbacks and fibers of the controller run inside of
/// this call.
///
/// A task has one operation at a time, but for those that are linked. One that cannot be begun has a result with EINVAL
/// (unknown kind, flag or argument, reserved members that are not 0), EBUSY (the task has one), or ENOENT (no such task of this batch). When a task's waits
/// are ended, by its scope or `cq_task_cancel`, its operation ends with ECANCELED or ETIMEDOUT; of a write, `size` tells
/// what was taken before. A socket that an operation waits for may be closed meanwhile, which ends it with EBADF, but not
/// freed.
///
/// Results before an error are written, and `*produced` counts them.
///
/// Errors: EINVAL for NULL, or if `room` is 0 or less than `count`; EBADF once the controller is closed or freed; EBUSY
/// inside a step of the controller; EPERM; ENOMEM; ENOTSUP if a task of `cq_controller_add` or of another
/// batch is ready; ECANCELED after `cq_controller_stop`; otherwise the code with which a callback or fiber ended: call again to go on.
///
/// Safety: objects and data of the operations are live until their results come; `results` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_batch_step(
    batch: *const Batch,
    operations: *const cq_operation,
    count: usize,
    timeout: f64,
    results: *mut cq_result,
    room: usize,
    produced: *mut usize,
) -> c_int {
    call(|| {
        if results.is_null() || produced.is_null() || room == 0 || room < count {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let (batch, operations) = unsafe { (borrow(batch)?, slice(operations, count)?) };
        let mut out = Results { at: results, room, count: 0 };
        let result = batch.step(operations, timeout, &mut out);
        unsafe { put(produced, out.count) }?;
        result
    })
}
