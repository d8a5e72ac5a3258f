// SPDX-License-Identifier: MIT
//! Stackful coroutines on the corosensei crate. Stacks are mappings with a guard page below, so
//! an overflow is a segmentation fault and never a silent corruption. Dropping a suspended one
//! abandons its stack without unwinding: its frames are C.

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cell::Cell;
use std::io;

/// A stack that can be used again.
pub struct Stack(DefaultStack);

impl Stack {
    /// Maps a stack of at least `size` bytes and its guard page.
    pub fn new(size: usize) -> io::Result<Stack> {
        DefaultStack::new(size).map(Stack)
    }
}

thread_local! {
    /// What the coroutine that runs on this thread suspends itself with; null outside of one.
    static CURRENT: Cell<*const Yielder<(), ()>> = const { Cell::new(std::ptr::null()) };
}

/// A coroutine with a stack of its own. Its owner gives it up with `into_stack`.
pub struct Stackful {
    coroutine: Coroutine<(), (), (), DefaultStack>,
}

impl Stackful {
    /// A coroutine that will run `body`, which owns nothing: it may be abandoned at any time.
    pub fn new(stack: Stack, body: impl FnOnce() + Copy + 'static) -> Stackful {
        let run = move |yielder: &Yielder<(), ()>, ()| {
            CURRENT.set(yielder);
            body();
        };
        Stackful { coroutine: Coroutine::with_stack(stack.0, run) }
    }

    /// Runs until it suspends itself (`false`) or ends (`true`).
    pub fn resume(&mut self) -> bool {
        outside(|| matches!(self.coroutine.resume(()), CoroutineResult::Return(())))
    }

    /// Gives up the coroutine, wherever it is, and gets the stack back.
    pub fn into_stack(mut self) -> Stack {
        if !self.coroutine.done() {
            // SAFETY: the frames on the stack are C frames, which own nothing that Rust would drop,
            // this layer's own, which hold nothing across a suspension, and a body that is `Copy`.
            unsafe { self.coroutine.force_reset() };
        }
        Stack(self.coroutine.into_stack())
    }
}

/// Suspends the coroutine that runs on this thread until it is resumed; `false` outside of one.
pub fn suspend() -> bool {
    let current = CURRENT.get();
    if current.is_null() {
        return false;
    }
    // SAFETY: `CURRENT` is set only while the coroutine of this yielder runs on this thread, and
    // the yielder lives on that coroutine's stack until it ends.
    unsafe { (*current).suspend(()) };
    set_current(current);
    true
}

/// The coroutine may go on in another thread, whose `CURRENT` lies elsewhere: inlined behind a
/// suspension, the address would be that of the thread before.
#[inline(never)]
fn set_current(yielder: *const Yielder<(), ()>) {
    CURRENT.set(yielder);
}

/// Runs `f` as outside of any coroutine: `suspend` does nothing there.
pub fn outside<R>(f: impl FnOnce() -> R) -> R {
    let previous = CURRENT.replace(std::ptr::null());
    let result = f();
    CURRENT.set(previous);
    result
}
