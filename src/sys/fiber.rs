// SPDX-License-Identifier: MIT
//! Stackful coroutines on the corosensei crate. Dropping a suspended one
//! abandons its stack without unwinding: its frames are C.

use super::races::{suspending, Context};
use super::stack::Stack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cell::Cell;
use std::ffi::c_void;
use std::sync::OnceLock;

thread_local! {
    /// What the coroutine that runs on this thread suspends itself with; null outside of one.
    static CURRENT: Cell<*const Yielder<(), ()>> = const { Cell::new(std::ptr::null()) };
}

/// A coroutine with a stack of its own. Its owner gives it up with `into_stack`.
pub struct Stackful {
    coroutine: Coroutine<(), (), (), Stack>,
    /// What the C++ runtime knows of exceptions, while this coroutine is suspended.
    exceptions: Exceptions,
    context: Context,
}

impl Stackful {
    /// A coroutine that will run `body`, which owns nothing: it may be abandoned at any time.
    pub fn new(stack: Stack, body: impl FnOnce() + Copy + 'static) -> Stackful {
        let run = move |yielder: &Yielder<(), ()>, ()| {
            CURRENT.set(yielder);
            body();
        };
        let coroutine = Coroutine::with_stack(stack, run);
        Stackful { coroutine, exceptions: Exceptions::NONE, context: Context::new() }
    }

    /// Runs until it suspends itself (`false`) or ends (`true`).
    pub fn resume(&mut self) -> bool {
        let place = exceptions_of_thread();
        exchange(place, &mut self.exceptions);
        let ended = outside(|| {
            self.context.enter();
            matches!(self.coroutine.resume(()), CoroutineResult::Return(()))
        });
        if ended {
            self.context.leave();
        }
        exchange(place, &mut self.exceptions);
        ended
    }

    /// Gives up the coroutine, wherever it is, and gets the stack back.
    pub fn into_stack(mut self) -> Stack {
        if !self.coroutine.done() {
            // SAFETY: the frames on the stack are C frames, which own nothing that Rust would drop,
            // this layer's own, which hold nothing across a suspension, and a body that is `Copy`.
            unsafe { self.coroutine.force_reset() };
        }
        self.coroutine.into_stack()
    }
}

/// `__cxa_eh_globals` of the Itanium C++ ABI: the exceptions that are being handled, and how many are on their way
/// to a handler. The runtime keeps them per thread; a coroutine that is suspended in a catch block has its own.
#[repr(C)]
struct Exceptions {
    caught: *mut c_void,
    uncaught: u32,
}

impl Exceptions {
    const NONE: Exceptions = Exceptions { caught: std::ptr::null_mut(), uncaught: 0 };
}

type Globals = unsafe extern "C" fn() -> *mut Exceptions;

/// Where the calling thread's are; NULL without a C++ runtime. It is looked for once, when the first coroutine is
/// resumed.
#[inline]
fn exceptions_of_thread() -> *mut Exceptions {
    static GLOBALS: OnceLock<Option<Globals>> = OnceLock::new();
    let found = GLOBALS.get_or_init(|| {
        // SAFETY: the name is terminated; the symbol is this function wherever it exists.
        unsafe {
            let symbol = libc::dlsym(libc::RTLD_DEFAULT, c"__cxa_get_globals".as_ptr());
            std::mem::transmute::<*mut c_void, Option<Globals>>(symbol)
        }
    });
    // SAFETY: it takes nothing.
    found.map_or(std::ptr::null_mut(), |globals| unsafe { globals() })
}

#[inline]
fn exchange(place: *mut Exceptions, other: &mut Exceptions) {
    // SAFETY: NULL, or the calling thread's, which nobody else touches now.
    if let Some(place) = unsafe { place.as_mut() } {
        std::mem::swap(place, other);
    }
}

/// Suspends the coroutine that runs on this thread until it is resumed; `false` outside of one.
///
/// The coroutine may go on in another thread, whose variables lie elsewhere. The compiler takes the address of a thread's variable for
/// one that never changes within a function, so what looks such a variable up must not be inlined where a coroutine may be
/// suspended before, nor into a loop in which one may be: neither this function, nor others that suspend, nor those that are
/// called in between.
#[inline(never)]
pub fn suspend() -> bool {
    let current = CURRENT.get();
    if current.is_null() {
        return false;
    }
    suspending();
    // SAFETY: `CURRENT` is set only while the coroutine of this yielder runs on this thread, and
    // the yielder lives on that coroutine's stack until it ends.
    unsafe { (*current).suspend(()) };
    set_current(current);
    true
}

#[inline(never)]
fn set_current(yielder: *const Yielder<(), ()>) {
    CURRENT.set(yielder);
}

/// Runs `f` as outside of any coroutine: `suspend` does nothing there.
#[inline(never)]
pub fn outside<R>(f: impl FnOnce() -> R) -> R {
    let previous = CURRENT.replace(std::ptr::null());
    let result = f();
    CURRENT.set(previous);
    result
}
