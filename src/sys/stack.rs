// SPDX-License-Identifier: MIT
//! Stacks of fibers: carved out of few mappings, since Linux allows a process 65,530 of them (vm.max_map_count).
//!
//! Facts: guard regions (`MADV_GUARD_INSTALL`, Linux 6.13) make pages fault without a mapping of their own; a page
//! with another protection splits its mapping, which costs two. Pages that were never touched take no memory; those
//! of a guard region take their part of a page table, 8 bytes each. The kernel may back a large mapping with huge
//! pages, of which each stack would hold a whole one, unless it is told not to.
//!
//! Below each stack is a guard of `GUARD` bytes, so that a local array of up to that size which does not fit runs
//! into it, and not into the stack below.

use super::check;
use corosensei::stack::valgrind::ValgrindStackRegistration;
use corosensei::stack::{Stack as CoroutineStack, StackPointer};
use std::cell::RefCell;
use std::io;
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The size of a guard, in bytes.
#[cfg(target_pointer_width = "64")]
pub const GUARD: usize = 512 * 1024;
/// Where addresses are scarce.
#[cfg(not(target_pointer_width = "64"))]
pub const GUARD: usize = 64 * 1024;

/// How many stacks share a mapping.
const SHARE: usize = 16;

/// How much of a stack stays in memory while nobody uses it.
const WARM: usize = 16 * 1024;

/// madvise(2): guard regions, since Linux 6.13. Not in the libc crate yet.
#[cfg(target_os = "linux")]
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// A mapping of several stacks of one size.
struct Region {
    address: usize,
    /// Guard and stack together, and how many of these there are.
    stride: usize,
    count: usize,
    /// Which are free; the lock is held for a moment only.
    free: Mutex<Vec<u16>>,
}

/// A stack; its memory goes back to its region.
pub struct Stack {
    region: Arc<Region>,
    index: u16,
    _valgrind: ValgrindStackRegistration,
}

thread_local! {
    /// The regions that have stacks free, as far as this thread has made or used them.
    static REGIONS: RefCell<Vec<Weak<Region>>> = const { RefCell::new(Vec::new()) };
}

impl Stack {
    /// A stack of at least `size` bytes. ENOMEM.
    pub fn new(size: usize) -> io::Result<Stack> {
        let page = page_size();
        let stride = size
            .max(page)
            .checked_next_multiple_of(page)
            .and_then(|size| size.checked_add(GUARD))
            .filter(|&stride| stride <= isize::MAX as usize / SHARE)
            .ok_or(io::Error::from_raw_os_error(libc::ENOMEM))?;
        let found = REGIONS.try_with(|regions| take(&mut regions.borrow_mut(), stride));
        match found.unwrap_or_default() {
            Some(stack) => Ok(stack),
            None => Stack::from_new_region(stride),
        }
    }

    fn from_new_region(stride: usize) -> io::Result<Stack> {
        // One alone may fit where many do not.
        let region = Region::new(stride, SHARE).or_else(|_| Region::new(stride, 1))?;
        let region = Arc::new(region);
        let stack = Region::take(&region).ok_or(io::Error::from_raw_os_error(libc::ENOMEM))?;
        offer(&region);
        Ok(stack)
    }

    /// The size without its guard.
    pub fn size(&self) -> usize {
        self.region.stride - GUARD
    }

    /// Gives back the memory that deep calls have touched: for stacks that are kept for later.
    pub fn cool_down(&self) {
        let (bottom, size) = (self.limit().get() + GUARD, self.region.stride - GUARD);
        if size > WARM {
            discard(bottom, size - WARM);
        }
    }
}

/// Takes a stack out of the first region that has one, and forgets those that have none.
fn take(regions: &mut Vec<Weak<Region>>, stride: usize) -> Option<Stack> {
    let mut index = regions.len();
    while index > 0 {
        index -= 1;
        match regions[index].upgrade() {
            Some(region) if region.stride != stride => {}
            Some(region) => match Region::take(&region) {
                Some(stack) => return Some(stack),
                None => drop(regions.swap_remove(index)),
            },
            None => drop(regions.swap_remove(index)),
        }
    }
    None
}

/// Notes that a region has stacks free.
fn offer(region: &Arc<Region>) {
    let _ = REGIONS.try_with(|regions| {
        if let Ok(mut regions) = regions.try_borrow_mut() {
            let known =
                regions.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(region)));
            if !known && regions.try_reserve(1).is_ok() {
                regions.push(Arc::downgrade(region));
            }
        }
    });
}

impl Region {
    fn new(stride: usize, count: usize) -> io::Result<Region> {
        let mut free = Vec::new();
        free.try_reserve_exact(count).map_err(|_| io::Error::from_raw_os_error(libc::ENOMEM))?;
        free.extend((0..count as u16).rev());
        let address = map(stride * count)?;
        let region = Region { address, stride, count, free: Mutex::new(free) };
        for index in 0..count {
            install_guard(address + index * stride)?;
        }
        Ok(region)
    }

    fn take(region: &Arc<Region>) -> Option<Stack> {
        let index = region.lock().pop()?;
        let bottom = region.address + usize::from(index) * region.stride;
        let valgrind = ValgrindStackRegistration::new(bottom as *mut u8, region.stride);
        Some(Stack { region: Arc::clone(region), index, _valgrind: valgrind })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u16>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        discard(self.limit().get() + GUARD, self.region.stride - GUARD);
        let was_full = {
            let mut free = self.region.lock();
            free.push(self.index); // there is room for all
            free.len() == 1
        };
        if was_full {
            offer(&self.region);
        }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: mapped in `new`; no stack is left, since each counts the region.
        unsafe { libc::munmap(self.address as *mut _, self.stride * self.count) };
    }
}

// SAFETY: the memory between `limit` and `base` belongs to this stack alone until it is dropped; its lowest GUARD bytes fault.
unsafe impl CoroutineStack for Stack {
    fn base(&self) -> StackPointer {
        let top = self.region.address + (usize::from(self.index) + 1) * self.region.stride;
        StackPointer::new(top).expect("a mapping is not at address 0")
    }

    fn limit(&self) -> StackPointer {
        let bottom = self.region.address + usize::from(self.index) * self.region.stride;
        StackPointer::new(bottom).expect("a mapping is not at address 0")
    }
}

fn map(size: usize) -> io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON | STACK | NORESERVE;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping, wherever there is room.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    #[cfg(target_os = "linux")]
    // SAFETY: the mapping just made. What the kernel does not know it need not be told.
    unsafe {
        libc::madvise(address, size, libc::MADV_NOHUGEPAGE)
    };
    Ok(address as usize)
}

/// OpenBSD requires it of stacks.
#[cfg(not(any(target_os = "illumos", target_os = "solaris", target_vendor = "apple")))]
const STACK: libc::c_int = libc::MAP_STACK;
/// There is no such flag.
#[cfg(any(target_os = "illumos", target_os = "solaris", target_vendor = "apple"))]
const STACK: libc::c_int = 0;

#[cfg(any(
    target_os = "linux",
    target_os = "netbsd",
    target_os = "illumos",
    target_os = "solaris"
))]
const NORESERVE: libc::c_int = libc::MAP_NORESERVE;
/// Others reserve nothing anyway, or know no such flag.
#[cfg(not(any(
    target_os = "linux",
    target_os = "netbsd",
    target_os = "illumos",
    target_os = "solaris"
)))]
const NORESERVE: libc::c_int = 0;

/// Makes the lowest bytes of a stack fault.
#[cfg(target_os = "linux")]
fn install_guard(address: usize) -> io::Result<()> {
    static WITHOUT_REGIONS: AtomicBool = AtomicBool::new(false);
    if WITHOUT_REGIONS.load(Ordering::Relaxed) {
        return protect(address);
    }
    // SAFETY: within a mapping of ours that nobody uses yet.
    match check(unsafe { libc::madvise(address as *mut _, GUARD, MADV_GUARD_INSTALL) }) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            WITHOUT_REGIONS.store(true, Ordering::Relaxed);
            protect(address)
        }
        result => result.map(drop),
    }
}

/// Makes the lowest bytes of a stack fault.
#[cfg(not(target_os = "linux"))]
fn install_guard(address: usize) -> io::Result<()> {
    protect(address)
}

fn protect(address: usize) -> io::Result<()> {
    // SAFETY: within a mapping of ours that nobody uses yet.
    check(unsafe { libc::mprotect(address as *mut _, GUARD, libc::PROT_NONE) }).map(drop)
}

/// Gives memory back to the system; it reads as zeros, or as before, when it is touched again.
fn discard(address: usize, size: usize) {
    // SAFETY: within a stack that nobody uses.
    unsafe { libc::madvise(address as *mut _, size, libc::MADV_DONTNEED) };
}

fn page_size() -> usize {
    // SAFETY: no pointers.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(stack: &Stack) {
        let place = (stack.base().get() - 1) as *mut u8;
        // SAFETY: the highest byte of a stack that nobody else uses.
        unsafe { place.write_volatile(7) };
    }

    #[test]
    fn stacks_of_one_size_share_mappings_and_are_used_again() {
        let stacks: Vec<Stack> = (0..SHARE).map(|_| Stack::new(64 * 1024).unwrap()).collect();
        stacks.iter().for_each(touch);
        let region = Arc::clone(&stacks[0].region);
        assert!(stacks.iter().all(|stack| Arc::ptr_eq(&stack.region, &region)));
        assert!(stacks.iter().all(|stack| stack.size() == 64 * 1024));
        let other = Stack::new(64 * 1024).unwrap();
        assert!(!Arc::ptr_eq(&other.region, &region), "it is full");
        let freed = stacks[3].limit();
        drop(stacks);
        let again: Vec<Stack> = (0..SHARE).map(|_| Stack::new(64 * 1024).unwrap()).collect();
        assert!(again.iter().any(|stack| stack.limit() == freed));
    }

    #[test]
    fn sizes_are_rounded_up_and_absurd_ones_refused() {
        assert_eq!(Stack::new(1).unwrap().size(), page_size());
        assert_eq!(Stack::new(page_size() + 1).unwrap().size(), 2 * page_size());
        for absurd in [usize::MAX, usize::MAX / 2, isize::MAX as usize / SHARE] {
            assert_eq!(Stack::new(absurd).err().and_then(|e| e.raw_os_error()), Some(libc::ENOMEM));
        }
    }

    #[test]
    fn a_stack_may_be_dropped_in_another_thread() {
        let stack = Stack::new(128 * 1024).unwrap();
        let region = Arc::downgrade(&stack.region);
        std::thread::spawn(move || drop(stack)).join().unwrap();
        assert!(region.upgrade().is_none(), "the last one has taken its mapping along");
    }
}
