// SPDX-License-Identifier: MIT
//! Memory for single objects whose number grows with what a program does: what the standard library's boxes end the
//! process for is ENOMEM here.

use std::alloc::{alloc, Layout};
use std::cell::Cell;
use std::io;
use std::ops::Deref;
use std::ptr::NonNull;

/// A box. ENOMEM, and the value is dropped.
pub fn boxed<T>(value: T) -> io::Result<Box<T>> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        return Ok(Box::new(value)); // takes no memory
    }
    // SAFETY: the layout has a size; the block is that of a box of a `T`, which is written before anybody sees it.
    unsafe {
        let place = alloc(layout).cast::<T>();
        if place.is_null() {
            return Err(io::Error::from_raw_os_error(libc::ENOMEM));
        }
        place.write(value);
        Ok(Box::from_raw(place))
    }
}

/// A counted reference within one thread, which can be carried as a pointer: `Rc` that answers ENOMEM, without weak
/// ones.
pub struct Shared<T>(NonNull<Counted<T>>);

struct Counted<T> {
    value: T,
    count: Cell<usize>,
}

impl<T> Shared<T> {
    /// The first reference. ENOMEM, and the value is dropped.
    pub fn new(value: T) -> io::Result<Shared<T>> {
        let made = boxed(Counted { value, count: Cell::new(1) })?;
        // The pointer of a box is never NULL.
        Ok(Shared(NonNull::from(Box::leak(made))))
    }

    /// Where the value is.
    pub fn as_ptr(&self) -> *const T {
        // SAFETY: this reference keeps it.
        unsafe { &raw const (*self.0.as_ptr()).value }
    }

    /// Carries the reference as a number, until `from_raw`.
    pub fn into_raw(self) -> usize {
        std::mem::ManuallyDrop::new(self).0.as_ptr() as usize
    }

    /// The reference that is carried as a number.
    ///
    /// # Safety
    ///
    /// The number came from `into_raw`, and is not used again.
    pub unsafe fn from_raw(raw: usize) -> Shared<T> {
        // SAFETY: as above: it was not NULL.
        Shared(unsafe { NonNull::new_unchecked(raw as *mut Counted<T>) })
    }

    /// Another reference, beside the one that is carried as a number.
    ///
    /// # Safety
    ///
    /// The number came from `into_raw`, and still stands for its reference.
    #[inline]
    pub unsafe fn beside(raw: usize) -> Shared<T> {
        // SAFETY: as above.
        let held = std::mem::ManuallyDrop::new(unsafe { Shared::<T>::from_raw(raw) });
        let count = held.counter();
        count.set(count.get() + 1);
        Shared(held.0)
    }

    fn counter(&self) -> &Cell<usize> {
        // SAFETY: this reference keeps it.
        unsafe { &(*self.0.as_ptr()).count }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this reference keeps it.
        unsafe { &(*self.0.as_ptr()).value }
    }
}

impl<T> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        let left = self.counter().get() - 1;
        self.counter().set(left);
        if left == 0 {
            // SAFETY: it was the last reference, and came from a box.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
