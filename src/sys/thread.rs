// SPDX-License-Identifier: MIT
//! pthreads(7). Not `std::thread`: what runs here is a C function, which may leave by pthread_exit(3) or be
//! cancelled, and the standard library's threads abort the process then.

use super::signal::{set_mask, Set};
use std::ffi::c_void;
use std::io;

/// The thread pointer: where the calling thread's own data lies.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[inline(always)]
pub fn pointer() -> usize {
    let pointer: usize;
    // SAFETY: the ABI has the first word at fs point to itself; it is read, and nothing else happens.
    unsafe {
        std::arch::asm!("mov {}, fs:0", out(reg) pointer, options(nostack, preserves_flags, pure, readonly))
    };
    pointer
}

/// The thread pointer.
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
#[inline(always)]
pub fn pointer() -> usize {
    let pointer: usize;
    // SAFETY: a register is read.
    unsafe {
        std::arch::asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nostack, preserves_flags, pure, nomem))
    };
    pointer
}

/// Where one of the calling thread's own variables lies.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[inline(never)]
pub fn pointer() -> usize {
    thread_local! {
        static MARK: u8 = const { 0 };
    }
    MARK.with(|mark| std::ptr::from_ref(mark) as usize)
}

/// A thread's name among its process's.
pub type Id = libc::pthread_t;

/// What a thread runs. Its frames own nothing while foreign code runs: they may be unwound by force.
pub type Enter = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

/// Stacks are at least that large: some systems give 128 KiB, which a Lua program overruns.
const STACK: usize = 2 << 20;

/// Starts a thread with all signals blocked. EAGAIN: too many threads.
///
/// # Safety
///
/// `enter` may be called with `argument` in another thread, once.
pub unsafe fn spawn(enter: Enter, argument: *mut c_void) -> io::Result<Id> {
    // The mask is inherited.
    let before = set_mask(&Set::full())?;
    // SAFETY: as above.
    let started = unsafe { create(enter, argument) };
    set_mask(&before)?;
    started
}

unsafe fn create(enter: Enter, argument: *mut c_void) -> io::Result<Id> {
    // SAFETY: the attributes are initialised before use and destroyed after; `enter` has the form that is
    // asked for, but that it may be unwound.
    unsafe {
        let mut attributes = std::mem::zeroed();
        succeed(libc::pthread_attr_init(&mut attributes))?;
        let mut size = 0;
        libc::pthread_attr_getstacksize(&attributes, &mut size);
        if size < STACK {
            libc::pthread_attr_setstacksize(&mut attributes, STACK);
        }
        let enter: extern "C" fn(*mut c_void) -> *mut c_void = std::mem::transmute(enter);
        let mut id = std::mem::zeroed();
        let started = succeed(libc::pthread_create(&mut id, &attributes, enter, argument));
        libc::pthread_attr_destroy(&mut attributes);
        started.map(|()| id)
    }
}

/// Waits until a thread is gone, and forgets it then.
pub fn join(id: Id) -> io::Result<()> {
    // SAFETY: the caller gives up a thread that was neither joined nor detached.
    succeed(unsafe { libc::pthread_join(id, std::ptr::null_mut()) })
}

/// The same, at most so many nanoseconds. ETIMEDOUT: it runs still, destructors of its own perhaps, and can be
/// joined or detached later.
#[cfg(target_os = "linux")]
pub fn join_within(id: Id, limit: u64) -> io::Result<()> {
    let at = super::clock::wall() + limit;
    let (seconds, nanoseconds) = (at / 1_000_000_000, at % 1_000_000_000);
    let at = libc::timespec { tv_sec: seconds as _, tv_nsec: nanoseconds as _ };
    // SAFETY: the thread was neither joined nor detached; the timespec outlives the call.
    succeed(unsafe { pthread_timedjoin_np(id, std::ptr::null_mut(), &at) })
}

#[cfg(target_os = "linux")]
extern "C" {
    /// Not in the libc crate for every C library.
    fn pthread_timedjoin_np(
        id: Id,
        value: *mut *mut c_void,
        at: *const libc::timespec,
    ) -> libc::c_int;
}

/// Elsewhere there is no limit.
#[cfg(not(target_os = "linux"))]
pub fn join_within(id: Id, _limit: u64) -> io::Result<()> {
    join(id)
}

/// The system's number of the calling thread, by which `is_gone` knows it.
#[cfg(target_os = "linux")]
pub fn number() -> i32 {
    // SAFETY: no arguments; always succeeds.
    unsafe { libc::gettid() }
}

/// Whether a thread of this process is gone, in whatever way: also by the raw system call, which runs no destructor and
/// no handler of the C library.
#[cfg(target_os = "linux")]
pub fn is_gone(number: i32) -> bool {
    // SAFETY: no pointers; signal 0 is sent to nobody.
    let asked = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), number, 0) };
    asked < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
}

/// Elsewhere nobody is told.
#[cfg(not(target_os = "linux"))]
pub fn number() -> i32 {
    0
}

/// Elsewhere nobody is told.
#[cfg(not(target_os = "linux"))]
pub fn is_gone(_number: i32) -> bool {
    false
}

/// Lets a thread be forgotten when it ends.
pub fn detach(id: Id) {
    // SAFETY: the caller gives up a thread that was neither joined nor detached.
    unsafe { libc::pthread_detach(id) };
}

/// Turns the convention of pthreads (the number itself) into a result.
fn succeed(code: libc::c_int) -> io::Result<()> {
    match code {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}
