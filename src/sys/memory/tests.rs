// SPDX-License-Identifier: MIT
//! References that are counted, in one thread and in many.

use super::*;
use std::cell::RefCell;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::Barrier;

/// Counts how many of its kind were dropped.
struct Noted<'a>(&'a AtomicUsize);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn the_last_reference_drops_the_value<C: Count>() {
    let dropped = AtomicUsize::new(0);
    let first = Shared::<_, C>::new(Noted(&dropped)).unwrap();
    let (second, weak) = (first.clone(), Shared::downgrade(&first));
    assert_eq!(Shared::count(&first), 2);
    drop(first);
    assert_eq!((Shared::count(&second), dropped.load(SeqCst), weak.is_gone()), (1, 0, false));
    let third = weak.upgrade().unwrap();
    drop(second);
    assert_eq!(dropped.load(SeqCst), 0);
    drop(third);
    assert_eq!((dropped.load(SeqCst), weak.is_gone()), (1, true));
    assert!(weak.upgrade().is_none() && weak.clone().upgrade().is_none());
}

#[test]
fn the_last_reference_drops_the_value_once() {
    the_last_reference_drops_the_value::<Cell<u32>>();
    the_last_reference_drops_the_value::<AtomicUsize>();
}

#[test]
fn a_count_that_is_full_is_a_panic_and_stays_as_it_is() {
    let (first, full) = (Shared::<u8>::new(1).unwrap(), u32::MAX as usize);
    let strong = |count: u32| {
        // SAFETY: `first` keeps the block.
        unsafe { Counted::strong(first.0) }.set(count);
    };
    strong(u32::MAX);
    let weak = Shared::downgrade(&first);
    let (cloned, upgraded) = (|| drop(first.clone()), || drop(weak.upgrade()));
    for more in [&cloned as &dyn Fn(), &upgraded] {
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(more)).is_err());
        assert_eq!(Shared::count(&first), full);
    }
    strong(1);
}

#[test]
fn a_reference_to_nothing_leads_nowhere() {
    let nothing = Weak::<String>::new();
    assert!(nothing.is_gone() && nothing.clone().upgrade().is_none());
}

#[test]
fn a_value_knows_itself_once_it_is_there() {
    struct Node {
        number: u64,
        me: Weak<Node>,
    }
    let make = |me: &Weak<Node>| {
        assert!(me.is_gone() && me.upgrade().is_none());
        Node { number: 7, me: me.clone() }
    };
    let node = Shared::<_>::new_cyclic(make).unwrap();
    assert_eq!(node.me.upgrade().map(|me| me.number), Some(7));
    assert_eq!(Shared::count(&node), 1);
}

#[test]
fn a_panic_while_the_value_is_made_frees_its_memory() {
    let made = std::panic::catch_unwind(|| Shared::<u64>::new_cyclic(|_| panic!("a bug")));
    assert!(made.is_err());
}

#[test]
fn a_reference_is_carried_as_a_pointer() {
    #[repr(align(32))]
    struct Wide(u8);
    let (one, wide) = (Shared::<_>::new(1u8).unwrap(), Shared::<_>::new(Wide(2)).unwrap());
    let (one, wide) = (Shared::into_raw(one), Shared::into_raw(wide));
    assert_eq!(wide as usize % 32, 0);
    // SAFETY: they came from `into_raw`, and are used up at the end.
    unsafe {
        assert_eq!(*Shared::<_>::beside(one), 1);
        assert_eq!((*Shared::<Wide>::beside(wide)).0, 2);
        assert_eq!(Shared::count(&Shared::<u8>::from_raw(one)), 1);
        assert_eq!(Shared::count(&Shared::<Wide>::from_raw(wide)), 1);
    }
}

#[test]
fn a_reference_without_a_type_finds_it_again() {
    let text = Shared::<_>::new(RefCell::new(String::from("text"))).unwrap();
    let erased = Shared::downgrade(&text).erased();
    let found = erased.upgrade().unwrap();
    drop(text);
    assert_eq!(found.downcast_ref::<RefCell<String>>().map(|text| text.borrow().len()), Some(4));
    drop(found);
    assert!(erased.is_gone());
}

/// Carries a reference to another thread, as the library's boundary does with handles.
struct Carried<T>(T);

// SAFETY: what is carried here is counted atomically, and its value may be used by any thread.
unsafe impl<T> Send for Carried<T> {}

#[test]
fn threads_count_together() {
    const THREADS: usize = 4;
    let dropped: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    for _ in 0..200 {
        dropped.store(0, SeqCst);
        let shared = AtomicShared::new(Noted(dropped)).unwrap();
        let begin = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for number in 0..THREADS {
                let mine = Carried((
                    Shared::downgrade(&shared),
                    (number % 2 == 0).then(|| shared.clone()),
                ));
                let begin = &begin;
                scope.spawn(move || {
                    let Carried((weak, strong)) = { mine };
                    begin.wait();
                    let again = weak.upgrade();
                    drop((strong, weak.clone(), again));
                });
            }
            drop(shared);
        });
        assert_eq!(dropped.load(SeqCst), 1);
    }
}
