// SPDX-License-Identifier: MIT
//! Tells ThreadSanitizer which stack runs: untold, it takes the frames of one coroutine for those of another. Builds
//! that it does not instrument, all but those of `make races`, have nothing of this.
//!
//! Source: tsan_interface.h of compiler-rt.

#[cfg(tsan)]
mod told {
    use std::cell::Cell;
    use std::ffi::{c_uint, c_void};

    extern "C" {
        fn __tsan_get_current_fiber() -> *mut c_void;
        fn __tsan_create_fiber(flags: c_uint) -> *mut c_void;
        fn __tsan_destroy_fiber(fiber: *mut c_void);
        fn __tsan_switch_to_fiber(fiber: *mut c_void, flags: c_uint);
    }

    thread_local! {
        /// Of the coroutine that runs on this thread; NULL outside of one.
        static RUNNING: Cell<*const Context> = const { Cell::new(std::ptr::null()) };
    }

    /// What it knows of a coroutine's stack.
    pub struct Context {
        own: *mut c_void,
        /// The stack of who resumed it last, and that one's own context.
        resumer: *mut c_void,
        outer: *const Context,
    }

    impl Context {
        pub fn new() -> Context {
            // SAFETY: takes nothing of ours.
            let own = unsafe { __tsan_create_fiber(0) };
            Context { own, resumer: std::ptr::null_mut(), outer: std::ptr::null() }
        }

        /// The coroutine goes on next.
        pub fn enter(&mut self) {
            // SAFETY: takes nothing of ours.
            self.resumer = unsafe { __tsan_get_current_fiber() };
            self.outer = RUNNING.replace(self);
            // SAFETY: it lives as long as this.
            unsafe { __tsan_switch_to_fiber(self.own, 0) };
        }

        /// The resumer goes on next, or does so already, as the coroutine has ended.
        pub fn leave(&self) {
            RUNNING.set(self.outer);
            // SAFETY: that stack runs, so it is there.
            unsafe { __tsan_switch_to_fiber(self.resumer, 0) };
        }
    }

    impl Drop for Context {
        fn drop(&mut self) {
            // SAFETY: it does not run: who owns it does.
            unsafe { __tsan_destroy_fiber(self.own) };
        }
    }

    /// The coroutine that runs is about to suspend itself. Never inlined: it may go on in another thread.
    #[inline(never)]
    pub fn suspending() {
        // SAFETY: the context of a coroutine that runs is in use by `Stackful::resume`.
        if let Some(context) = unsafe { RUNNING.get().as_ref() } {
            context.leave();
        }
    }
}

#[cfg(not(tsan))]
mod told {
    /// Nothing.
    pub struct Context;

    impl Context {
        #[inline(always)]
        pub fn new() -> Context {
            Context
        }

        /// The coroutine goes on next.
        #[inline(always)]
        pub fn enter(&mut self) {}

        /// The resumer goes on next, or does so already, as the coroutine has ended.
        #[inline(always)]
        pub fn leave(&self) {}
    }

    /// The coroutine that runs is about to suspend itself.
    #[inline(always)]
    pub fn suspending() {}
}

pub use told::{suspending, Context};
