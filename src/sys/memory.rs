// SPDX-License-Identifier: MIT
//! Memory for single objects whose number grows with what a program does: where the standard library's boxes and
//! counted references end the process, those here answer ENOMEM.

use super::describe::Describe;
use std::alloc::{alloc, Layout};
use std::any::Any;
use std::cell::Cell;
use std::io;
use std::mem::{offset_of, ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{fence, AtomicUsize, Ordering};

/// Memory for one value that is made later, when running out of memory would lose something.
pub struct Room<T>(Box<MaybeUninit<T>>);

impl<T> Room<T> {
    /// ENOMEM.
    pub fn new() -> io::Result<Room<T>> {
        let layout = Layout::new::<T>();
        if layout.size() == 0 {
            return Ok(Room(Box::new(MaybeUninit::uninit()))); // takes no memory
        }
        // SAFETY: the layout has a size.
        let place = unsafe { alloc(layout) }.cast::<MaybeUninit<T>>();
        if place.is_null() {
            return Err(no_memory());
        }
        // SAFETY: the block is that of a box of this type, which may be uninitialized.
        Ok(Room(unsafe { Box::from_raw(place) }))
    }

    /// Puts the value there.
    pub fn fill(mut self, value: T) -> Box<T> {
        self.0.write(value);
        // SAFETY: it was written just now.
        unsafe { Box::from_raw(Box::into_raw(self.0).cast()) }
    }
}

/// A box. ENOMEM, and the value is dropped.
pub fn boxed<T>(value: T) -> io::Result<Box<T>> {
    Ok(Room::new()?.fill(value))
}

/// A box for what `make` makes, which is not called without memory for it. ENOMEM, or what `make` says.
pub fn boxed_by<T, E: From<io::Error>>(make: impl FnOnce() -> Result<T, E>) -> Result<Box<T>, E> {
    let room = Room::new()?;
    Ok(room.fill(make()?))
}

/// A copy of bytes. ENOMEM.
pub fn bytes(from: &[u8]) -> io::Result<Vec<u8>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(from.len()).map_err(|_| no_memory())?;
    copy.extend_from_slice(from);
    Ok(copy)
}

/// A copy of a text. ENOMEM.
pub fn text(from: &str) -> io::Result<String> {
    let mut copy = String::new();
    copy.try_reserve_exact(from.len()).map_err(|_| no_memory())?;
    copy.push_str(from);
    Ok(copy)
}

fn no_memory() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOMEM)
}

/// How many references there are: a number that one thread counts, or that many threads do.
pub trait Count {
    /// A count that begins with this number.
    fn new(count: usize) -> Self;
    /// One more, beside one that the caller holds.
    fn increment(&self);
    /// One more, unless there are none. Returns whether there is one more.
    fn increment_if_any(&self) -> bool;
    /// One less. Returns whether none is left; whatever others did with the value is visible then.
    fn decrement(&self) -> bool;
    /// The number.
    fn get(&self) -> usize;
}

/// 32 bits, as small blocks have counts too. A panic ends what would need more.
impl Count for Cell<u32> {
    fn new(count: usize) -> Cell<u32> {
        Cell::new(count as u32) // 0 or 1
    }

    #[inline]
    fn increment(&self) {
        match Cell::get(self).wrapping_add(1) {
            0 => too_many(),
            more => self.set(more),
        }
    }

    #[inline]
    fn increment_if_any(&self) -> bool {
        let any = Cell::get(self) != 0;
        if any {
            self.increment();
        }
        any
    }

    #[inline]
    fn decrement(&self) -> bool {
        let left = Cell::get(self) - 1;
        self.set(left);
        left == 0
    }

    fn get(&self) -> usize {
        Cell::get(self) as usize
    }
}

#[cold]
fn too_many() -> ! {
    panic!("more references than can be counted");
}

impl Count for AtomicUsize {
    fn new(count: usize) -> AtomicUsize {
        AtomicUsize::new(count)
    }

    #[inline]
    fn increment(&self) {
        self.fetch_add(1, Ordering::Relaxed);
    }

    fn increment_if_any(&self) -> bool {
        let more = |count| if count == 0 { None } else { Some(count + 1) };
        self.fetch_update(Ordering::Acquire, Ordering::Relaxed, more).is_ok()
    }

    #[inline]
    fn decrement(&self) -> bool {
        if self.fetch_sub(1, Ordering::Release) != 1 {
            return false;
        }
        // The sanitizer does not know fences.
        match cfg!(tsan) {
            true => drop(self.load(Ordering::Acquire)),
            false => fence(Ordering::Acquire),
        }
        true
    }

    fn get(&self) -> usize {
        self.load(Ordering::Relaxed)
    }
}

/// A counted reference within one thread: `Rc` that answers ENOMEM.
pub struct Shared<T: ?Sized, C: Count = Cell<u32>>(NonNull<Counted<T, C>>);

/// A reference that does not keep the value: the weak one of `Shared`.
pub struct Weak<T: ?Sized, C: Count = Cell<u32>>(Option<NonNull<Counted<T, C>>>);

/// A counted reference whose count any thread may change: `Arc` that answers ENOMEM. It stays in its thread all the same,
/// unless who carries it to another one sees to what the value asks for.
pub type AtomicShared<T> = Shared<T, AtomicUsize>;

// SAFETY: its count is atomic, so that who has one may use and drop what is shared, which can be used by all threads.
unsafe impl<T: Send + Sync> Send for Shared<T, AtomicUsize> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T, AtomicUsize> {}

/// The weak reference of `AtomicShared`.
pub type AtomicWeak<T> = Weak<T, AtomicUsize>;

/// Memory for a value to which a `Shared` will lead.
pub type SharedRoom<T> = Room<Counted<T, Cell<u32>>>;

/// A value and its counts.
pub struct Counted<T: ?Sized, C> {
    /// References that keep the value. Once there are none the value has been dropped.
    strong: C,
    /// References that keep this block: the weak ones, and one for all strong ones together.
    weak: C,
    value: ManuallyDrop<T>,
}

// No reference is made to the whole block: another thread may look at a count while the last reference drops the value.
impl<T: ?Sized, C> Counted<T, C> {
    /// # Safety
    ///
    /// A reference keeps the block while the result is used.
    #[inline]
    unsafe fn strong<'a>(block: NonNull<Counted<T, C>>) -> &'a C {
        // SAFETY: as above.
        unsafe { &(*block.as_ptr()).strong }
    }

    /// # Safety
    ///
    /// As for `strong`.
    #[inline]
    unsafe fn weak<'a>(block: NonNull<Counted<T, C>>) -> &'a C {
        // SAFETY: as above.
        unsafe { &(*block.as_ptr()).weak }
    }
}

// Functions but `clone` are no methods: they would hide those of the value.
impl<T, C: Count> Shared<T, C> {
    /// The first reference. ENOMEM, and the value is dropped.
    pub fn new(value: T) -> io::Result<Shared<T, C>> {
        Ok(Shared::within(Room::new()?, |_| value))
    }

    /// The first reference, to a value that is made from a weak reference to itself. ENOMEM, and it is not made.
    pub fn new_cyclic(make: impl FnOnce(&Weak<T, C>) -> T) -> io::Result<Shared<T, C>> {
        Ok(Shared::within(Room::new()?, make))
    }

    /// As `new_cyclic`, in memory that is there already.
    pub fn within(room: Room<Counted<T, C>>, make: impl FnOnce(&Weak<T, C>) -> T) -> Shared<T, C> {
        let place = Box::into_raw(room.0).cast::<Counted<T, C>>();
        // SAFETY: a block of that type, and nobody else's; its pointer is not NULL. Until there are strong references
        // nobody looks at the value, and the weak one that stands for them frees the block if `make` panics.
        unsafe {
            (&raw mut (*place).strong).write(C::new(0));
            (&raw mut (*place).weak).write(C::new(1));
            let place = NonNull::new_unchecked(place);
            let weak = Weak(Some(place));
            let value = make(&weak);
            (&raw mut (*place.as_ptr()).value).write(ManuallyDrop::new(value));
            (*place.as_ptr()).strong = C::new(1);
            std::mem::forget(weak);
            Shared(place)
        }
    }

    /// Where the value is.
    pub fn as_ptr(this: &Shared<T, C>) -> *const T {
        // SAFETY: this reference keeps it.
        unsafe { (&raw const (*this.0.as_ptr()).value).cast() }
    }

    /// Carries the reference as a pointer to the value, until `from_raw`.
    pub fn into_raw(this: Shared<T, C>) -> *const T {
        Shared::as_ptr(&ManuallyDrop::new(this))
    }

    /// The reference that is carried as a pointer.
    ///
    /// # Safety
    ///
    /// The pointer came from `into_raw`, and does not stand for a reference afterwards.
    #[inline]
    pub unsafe fn from_raw(raw: *const T) -> Shared<T, C> {
        // SAFETY: as above: the value is that far from the beginning of its block, which is not NULL.
        unsafe {
            let block = raw.byte_sub(offset_of!(Counted<T, C>, value)).cast_mut();
            Shared(NonNull::new_unchecked(block.cast()))
        }
    }

    /// Another reference, beside the one that is carried as a pointer.
    ///
    /// # Safety
    ///
    /// The pointer came from `into_raw`, and still stands for its reference.
    #[inline]
    pub unsafe fn beside(raw: *const T) -> Shared<T, C> {
        // SAFETY: as above.
        Shared::clone(&ManuallyDrop::new(unsafe { Shared::from_raw(raw) }))
    }
}

impl<T: Describe + 'static, C: Count + 'static> Shared<T, C> {
    /// The same reference to something that is only asked for words.
    pub fn told(self) -> Shared<dyn Describe, C> {
        let block = ManuallyDrop::new(self).0;
        Shared(block as NonNull<Counted<dyn Describe, C>>)
    }
}

impl<T: ?Sized, C: Count> Shared<T, C> {
    /// The end of the last reference. Kept apart, so that the end of another one stays small where it is inlined.
    #[cold]
    #[inline(never)]
    fn drop_value(&mut self) {
        let block = Weak(Some(self.0));
        // SAFETY: no other reference leads to the value any more, and `block` is the weak one that stood for all strong
        // ones.
        unsafe { ManuallyDrop::drop(&mut (*self.0.as_ptr()).value) };
        drop(block);
    }

    /// A reference that does not keep the value.
    pub fn downgrade(this: &Shared<T, C>) -> Weak<T, C> {
        // SAFETY: this reference keeps the block.
        unsafe { Counted::weak(this.0) }.increment();
        Weak(Some(this.0))
    }

    /// Whether both lead to the same value.
    pub fn is_same(this: &Shared<T, C>, other: &Shared<T, C>) -> bool {
        std::ptr::addr_eq(this.0.as_ptr(), other.0.as_ptr())
    }

    /// How many references keep the value.
    pub fn count(this: &Shared<T, C>) -> usize {
        // SAFETY: as above.
        unsafe { Counted::strong(this.0) }.get()
    }
}

impl<T: ?Sized, C: Count> Deref for Shared<T, C> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this reference keeps it.
        unsafe { &(*self.0.as_ptr()).value }
    }
}

impl<T: ?Sized, C: Count> Clone for Shared<T, C> {
    #[inline]
    fn clone(&self) -> Shared<T, C> {
        // SAFETY: as above.
        unsafe { Counted::strong(self.0) }.increment();
        Shared(self.0)
    }
}

impl<T: ?Sized, C: Count> Drop for Shared<T, C> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this reference keeps the block.
        if unsafe { Counted::strong(self.0) }.decrement() {
            self.drop_value();
        }
    }
}

impl<T, C: Count> Weak<T, C> {
    /// A reference to nothing.
    pub const fn new() -> Weak<T, C> {
        Weak(None)
    }

    /// Carries the reference as a number, until `from_raw`.
    pub fn into_raw(this: Weak<T, C>) -> usize {
        ManuallyDrop::new(this).0.map_or(0, |block| block.as_ptr() as usize)
    }

    /// The reference that is carried as a number.
    ///
    /// # Safety
    ///
    /// The number came from `into_raw`, and does not stand for a reference afterwards.
    pub unsafe fn from_raw(raw: usize) -> Weak<T, C> {
        Weak(NonNull::new(raw as *mut Counted<T, C>))
    }
}

impl<T, C: Count> Default for Weak<T, C> {
    fn default() -> Weak<T, C> {
        Weak::new()
    }
}

impl<T: Any, C: Count + 'static> Weak<T, C> {
    /// The same reference without its type.
    pub fn erased(self) -> Weak<dyn Any, C> {
        let block = ManuallyDrop::new(self).0;
        Weak(block.map(|block| block as NonNull<Counted<dyn Any, C>>))
    }
}

impl<T: ?Sized, C: Count> Weak<T, C> {
    /// A reference that keeps the value, unless that has been dropped.
    pub fn upgrade(&self) -> Option<Shared<T, C>> {
        let block = self.0?;
        // SAFETY: this reference keeps the block.
        unsafe { Counted::strong(block) }.increment_if_any().then(|| Shared(block))
    }

    /// Whether both lead to the same value.
    pub fn is_same(this: &Weak<T, C>, other: &Weak<T, C>) -> bool {
        match (this.0, other.0) {
            (Some(a), Some(b)) => std::ptr::addr_eq(a.as_ptr(), b.as_ptr()),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    /// Whether it is a reference to nothing, which never led to a value.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the value has been dropped.
    pub fn is_gone(&self) -> bool {
        // SAFETY: as above.
        self.0.is_none_or(|block| unsafe { Counted::strong(block) }.get() == 0)
    }
}

impl<T: ?Sized, C: Count> Clone for Weak<T, C> {
    fn clone(&self) -> Weak<T, C> {
        if let Some(block) = self.0 {
            // SAFETY: as above.
            unsafe { Counted::weak(block) }.increment();
        }
        Weak(self.0)
    }
}

impl<T: ?Sized, C: Count> Drop for Weak<T, C> {
    fn drop(&mut self) {
        let Some(block) = self.0 else { return };
        // SAFETY: the last reference of all frees the block, which came from a box; the value was dropped or never made.
        unsafe {
            if Counted::weak(block).decrement() {
                drop(Box::from_raw(block.as_ptr()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
