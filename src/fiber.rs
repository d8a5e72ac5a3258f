// SPDX-License-Identifier: MIT
//! Fibers: straight-line code whose waits suspend only itself. The functions that wait can be called elsewhere too:
//! outside a controller they block the thread, inside a callback they are refused (EDEADLK).

use crate::clock::{Instant, Span};
use crate::controller::{Controller, Fired, Member, Payload, TaskId, ENDED, FIRED, STACK_SIZE};
use crate::errno::{Errno, Result};
use crate::sys;
use crate::sys::fiber::Stackful;
use crate::sys::memory::AtomicShared;
use crate::sys::stack::Stack;
use std::cell::RefCell;

/// A thread keeps up to 256 unused stacks, since making one costs system calls and page faults. The first 32 are kept
/// with all memory that was touched; the others give back to the system what deep calls have touched.
const POOL: usize = 256;
const WARM: usize = 32;

thread_local! {
    static STACKS: RefCell<Vec<Stack>> = const { RefCell::new(Vec::new()) };
    /// The controllers whose tasks are being resumed on this thread, the innermost last.
    static STEPPED: RefCell<Vec<Stepped>> = const { RefCell::new(Vec::new()) };
}

/// A controller whose tasks are being resumed.
struct Stepped {
    controller: AtomicShared<Controller>,
    /// The task that runs; `None` between two.
    task: Option<TaskId>,
    /// What the layer above knows of the fiber; null: the task is none.
    fiber: *const (),
    /// What woke the fiber.
    fired: Vec<Fired>,
}

/// A suspended or running fiber.
pub struct Fiber {
    /// Present until the fiber is dropped.
    stackful: RefCell<Option<Stackful>>,
}

impl Fiber {
    /// A fiber that will run `body`, which must own nothing. ENOMEM without memory for a stack.
    pub fn new(stack_size: usize, body: impl FnOnce() + Copy + 'static) -> Result<Fiber> {
        let spare = match stack_size {
            STACK_SIZE => STACKS.with(|stacks| stacks.borrow_mut().pop()),
            _ => None,
        };
        let stack = match spare {
            Some(stack) => stack,
            None => Stack::new(stack_size)?,
        };
        Ok(Fiber { stackful: RefCell::new(Some(Stackful::new(stack, body))) })
    }

    /// Runs it until its next wait (`false`) or its end (`true`).
    pub fn resume(&self) -> bool {
        self.stackful.borrow_mut().as_mut().is_none_or(Stackful::resume)
    }
}

impl Drop for Fiber {
    fn drop(&mut self) {
        let Some(stackful) = self.stackful.borrow_mut().take() else { return };
        let stack = stackful.into_stack();
        let _ = STACKS.try_with(|stacks| {
            let mut stacks = stacks.borrow_mut();
            if stack.size() != STACK_SIZE || stacks.len() >= POOL {
                return;
            }
            if stacks.len() >= WARM {
                stack.cool_down();
            }
            if stacks.try_reserve(1).is_ok() {
                stacks.push(stack);
            }
        });
    }
}

/// Resumes tasks of one controller on this thread.
pub struct Resumer<'a> {
    list: &'a RefCell<Vec<Stepped>>,
    /// Where in the list the controller stands.
    place: usize,
}

/// Calls `resume`, which resumes tasks of a controller, one after the other. To be called outside of any fiber, as `resume`
/// has to stay in this thread.
#[inline(never)]
pub fn resuming<R>(
    controller: AtomicShared<Controller>,
    resume: impl FnOnce(&Resumer<'_>) -> R,
) -> R {
    STEPPED.with(|list| {
        let place = list.borrow().len();
        let entry = Stepped { controller, task: None, fiber: std::ptr::null(), fired: Vec::new() };
        list.borrow_mut().push(entry);
        resume(&Resumer { list, place })
    })
}

impl Resumer<'_> {
    /// Runs `resume` as that task, whose waits are refused.
    pub fn run_callback<R>(&self, task: TaskId, resume: impl FnOnce() -> R) -> R {
        self.enter(Some(task), std::ptr::null());
        let result = resume();
        self.enter(None, std::ptr::null());
        result
    }

    /// Runs `resume` as that task, which is a fiber, so that its waits suspend it. `current` tells `fiber`. `fired` is what
    /// woke it.
    pub fn run_fiber<R>(
        &self,
        task: TaskId,
        fiber: *const (),
        fired: &mut Vec<Fired>,
        resume: impl FnOnce() -> R,
    ) -> R {
        self.enter(Some(task), fiber);
        self.exchange(fired);
        let result = resume();
        self.enter(None, std::ptr::null());
        self.exchange(fired);
        result
    }

    #[inline]
    fn enter(&self, task: Option<TaskId>, fiber: *const ()) {
        if let Some(entry) = self.list.borrow_mut().get_mut(self.place) {
            (entry.task, entry.fiber) = (task, fiber);
        }
    }

    #[inline]
    fn exchange(&self, fired: &mut Vec<Fired>) {
        if let Some(entry) = self.list.borrow_mut().get_mut(self.place) {
            std::mem::swap(&mut entry.fired, fired);
        }
    }
}

impl Drop for Resumer<'_> {
    fn drop(&mut self) {
        let entry = self.list.borrow_mut().pop();
        drop(entry); // what that calls may look at the list
    }
}

// What looks at the list of a thread, or suspends a fiber, is not inlined: see `sys::fiber::suspend`.

/// Looks at the innermost task that is being resumed on this thread. A thread that ends has none, also when what it runs
/// then, as destructors of static objects, calls the library.
#[inline]
fn innermost<T>(look: impl FnOnce(&Stepped, TaskId) -> T) -> Option<T> {
    let find = |list: &RefCell<Vec<Stepped>>| {
        let list = list.borrow();
        let found = list.iter().rev().find_map(|entry| Some((entry, entry.task?)));
        found.map(|(entry, task)| look(entry, task))
    };
    STEPPED.try_with(find).ok().flatten()
}

/// The innermost task that is being resumed on this thread, and its controller.
#[inline(never)]
pub fn running() -> Option<(AtomicShared<Controller>, TaskId)> {
    innermost(|entry, task| (entry.controller.clone(), task))
}

/// What `Resumer::run_fiber` was given for the fiber that runs on this thread; null if none does.
#[inline(never)]
pub fn current() -> *const () {
    innermost(|entry, _| entry.fiber).unwrap_or(std::ptr::null())
}

/// Whether a task runs on this thread.
#[inline(never)]
pub fn is_running() -> bool {
    innermost(|_, _| ()).is_some()
}

/// Waits until a member of `set` fires, and tells `each` which ones did. In a fiber, suspends it; outside a
/// controller, blocks the thread; in a callback, EDEADLK. While a fiber is suspended this owns nothing that must be
/// dropped, since the fiber may never be resumed.
#[inline(never)]
pub fn poll(set: impl IntoIterator<Item = Member>, each: &mut dyn FnMut(Fired)) -> Result<()> {
    match running_is_fiber() {
        None => block(set, each),
        Some(false) => Err(Errno(libc::EDEADLK)),
        Some(true) => suspend_on(|controller, task| controller.park(task, true, set), each),
    }
}

/// Suspends the fiber that runs until something fires of what `park` parks it on, and tells `each` what did. Nothing is
/// owned while it is suspended.
#[inline(never)]
fn suspend_on(
    park: impl FnOnce(&Controller, TaskId) -> Result<()>,
    each: &mut dyn FnMut(Fired),
) -> Result<()> {
    suspend_if(|controller, task| Some(park(controller, task)), each).unwrap_or(Err(Errno::BADF))
}

/// As `suspend_on`, if `park` parks the fiber. `None`: it does not, or no fiber runs.
#[inline(never)]
pub fn suspend_if(
    park: impl FnOnce(&Controller, TaskId) -> Option<Result<()>>,
    each: &mut dyn FnMut(Fired),
) -> Option<Result<()>> {
    let (controller, task) = innermost(|entry, task| {
        let is_fiber = !entry.fiber.is_null();
        is_fiber.then(|| (entry.controller.clone(), task))
    })??;
    let parked = park(&controller, task)?;
    drop(controller);
    Some(parked.and_then(|()| {
        sys::fiber::suspend();
        tell_fired(each)
    }))
}

/// Suspends the fiber that runs, if `park` has parked it; `None` otherwise. `park` calls nothing that resumes tasks. What fired
/// is not told.
#[inline(never)]
pub fn suspend_parked(park: impl FnOnce(&Controller, TaskId) -> bool) -> Option<Result<()>> {
    let parked = innermost(|entry, task| !entry.fiber.is_null() && park(&entry.controller, task));
    if parked != Some(true) {
        return None;
    }
    sys::fiber::suspend();
    Some(tell_fired(&mut |_| {}))
}

/// Whether the task that runs is a fiber; `None` outside of tasks.
#[inline(never)]
fn running_is_fiber() -> Option<bool> {
    innermost(|entry, _| !entry.fiber.is_null())
}

/// Whether the caller may wait: EDEADLK in a callback.
pub fn check_may_wait() -> Result<()> {
    match running_is_fiber() {
        Some(false) => Err(Errno(libc::EDEADLK)),
        _ => Ok(()),
    }
}

/// Suspends the fiber that runs until a scope has no tasks left; see `Controller::park_for_scope`. EDEADLK in a
/// callback, EINVAL outside of tasks.
pub fn wait_for_scope(member: Member, is_deaf: bool) -> Result<()> {
    match running_is_fiber() {
        None => return Err(Errno::BADARG),
        Some(false) => return Err(Errno(libc::EDEADLK)),
        Some(true) => {}
    }
    let park =
        |controller: &Controller, task| controller.park_for_scope(task, true, member, is_deaf);
    suspend_on(park, &mut |_| {})
}

/// Tells `each` what fired for the running task. ECANCELED, ETIMEDOUT if its wait was ended.
#[inline(never)]
fn tell_fired(each: &mut dyn FnMut(Fired)) -> Result<()> {
    let tell = |entry: &Stepped, _| {
        if let [Fired { member: ENDED, events }] = entry.fired[..] {
            return Err(Errno(events as i32));
        }
        entry.fired.iter().for_each(|fired| each(*fired));
        Ok(())
    };
    innermost(tell).unwrap_or(Ok(()))
}

/// As `poll`, for one member; whether its descriptor or its timeout fired is not told.
pub fn poll_one(member: Member) -> Result<()> {
    let plain = member.owner.is_some() && member.fd >= 0 && !member.has_condition();
    match running_is_fiber() {
        None if plain => block_on(&member),
        Some(true) => {
            suspend_on(|controller, task| controller.park_on_one(task, true, member), &mut |_| {})
        }
        _ => poll([member], &mut |_| {}),
    }
}

/// As `poll_one`, at most until `deadline`. ETIMEDOUT if that has passed already.
pub fn poll_until(mut member: Member, deadline: Option<Instant>) -> Result<()> {
    if let Some(deadline) = deadline {
        let left = deadline.since(Instant::now());
        if left == Span::ZERO {
            return Err(Errno::TIMEDOUT);
        }
        member.timeout = Span::least(member.timeout, Some(left));
    }
    poll_one(member)
}

/// Repeats `attempt` while it answers EAGAIN, at most for `limit` (ETIMEDOUT), waiting for `interest`
/// in between. With `patient` it waits before the first attempt, unless `limit` is zero: that saves the system call
/// that would answer EAGAIN. What the two closures capture must need no dropping, as for `poll`.
pub fn wait_for<T>(
    limit: Option<Span>,
    patient: bool,
    interest: impl Fn() -> Result<Member>,
    attempt: impl Fn() -> Result<T>,
) -> Result<T> {
    let deadline = limit.map(|limit| Instant::now().after(limit));
    if patient && limit != Some(Span::ZERO) {
        poll_until(interest()?, deadline)?;
    }
    loop {
        match attempt() {
            Err(error) if error.is_again() => poll_until(interest()?, deadline)?,
            result => return result,
        }
    }
}

/// Waits for this long; `None`: for ever.
pub fn sleep(span: Option<Span>) -> Result<()> {
    poll_one(Member::timeout(span))
}

/// Blocks the thread on one member by poll(2), without a controller: a descriptor of the library's own, which the
/// kernel is known to accept, or a timeout alone.
fn block_on(member: &Member) -> Result<()> {
    let deadline = member.timeout.map(|span| Instant::now().after(span));
    loop {
        let left = deadline.and_then(|deadline| deadline.since(Instant::now()).real());
        match sys::signal::poll(member.fd, member.events, left.map(|left| left.0), &[]) {
            Err(error) if error.raw_os_error() == Some(libc::EINTR) => {}
            Ok(events) if events & libc::POLLNVAL != 0 => return Err(Errno::BADF),
            result => return Ok(result.map(drop)?),
        }
    }
}

/// Blocks the thread until a member of `set` fires, with a controller made for this wait. If all members are timeouts
/// no controller is needed.
fn block(set: impl IntoIterator<Item = Member>, each: &mut dyn FnMut(Fired)) -> Result<()> {
    let mut list: Vec<Member> = Vec::new();
    for member in set {
        list.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        list.push(member);
    }
    let set = list;
    let by_time = |member: &Member| !member.polls() && !member.has_condition();
    if !set.is_empty() && set.iter().all(by_time) {
        return block_for(&set, each);
    }
    let controller = Controller::new()?;
    let task = controller.spawn(Payload::Foreign(0))?;
    let mut fired = Vec::new();
    controller.park(task, true, set)?;
    loop {
        controller.wait(None, false)?;
        if controller.next(&mut fired).is_some() {
            fired.iter().for_each(|f| each(*f));
            return Ok(());
        }
    }
}

/// Blocks the thread until the first of several timeouts; for ever if there is none.
fn block_for(set: &[Member], each: &mut dyn FnMut(Fired)) -> Result<()> {
    let began = Instant::now();
    let first = set.iter().filter_map(|member| member.timeout).min();
    let mut left = first;
    let now = loop {
        block_on(&Member::timeout(left))?;
        let now = Instant::now();
        left = first.map(|first| began.after(first).since(now));
        if left.is_none_or(|left| left == Span::ZERO) {
            break now;
        }
    };
    for (index, member) in set.iter().enumerate() {
        if member.timeout.is_some_and(|span| began.after(span) <= now) {
            each(Fired { member: index as u32, events: FIRED as u32 });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
