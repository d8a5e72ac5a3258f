// SPDX-License-Identifier: MIT
//! Tasks over epoll, buffered sockets with TLS, DNS and condition variables: one controller for every
//! language.
//!
//! The interface for programs is the C header `cqueues.h`, made from [`capi`]; the modules below it are the core,
//! in safe Rust; their order stands in ARCHITECTURE.md. Data flows one way: kernel → [`poller`] → descriptor table
//! and run queue of the [`controller`] → the task, which calls into a [`socket`], gets EAGAIN, and goes back down
//! as a wait.

pub mod address;
pub mod bytes;
pub mod capi;
pub mod clock;
pub mod connect;
pub mod controller;
pub mod dns;
pub mod errno;
pub mod fiber;
mod fork;
mod log;
pub mod mutex;
pub mod notify;
pub mod poller;
pub mod pool;
pub mod process;
pub mod queue;
mod random;
pub mod semaphore;
pub mod signal;
mod slab;
pub mod socket;
mod sys;
pub mod thread;
mod thread_id;
pub mod timer;
pub mod tls;
mod waiters;
pub mod wakeup;
