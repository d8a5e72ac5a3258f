// SPDX-License-Identifier: MIT
//! Tasks over epoll, buffered sockets with TLS, DNS and condition variables: one controller for every
//! language.
//!
//! The interface for programs is the C header `cqueues.h`, made from [`capi`]; the modules below
//! it are the core, in safe Rust. Data flows one way: kernel → [`poller`] → descriptor table and
//! run queue of the [`controller`] → the task, which calls into a [`socket`], gets EAGAIN, and
//! goes back down as a wait.

pub mod capi;
pub mod clock;
pub mod condition;
pub mod controller;
mod descriptor;
pub mod dns;
pub mod errno;
mod errno_names;
pub mod fiber;
pub mod notify;
pub mod poller;
pub mod signal;
pub mod socket;
mod sys;
pub mod thread;
pub mod tls;
