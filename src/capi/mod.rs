// SPDX-License-Identifier: MIT
//! The C ABI: `cqueues.h` is made from this module. An exported function converts its arguments,
//! calls the core once, and converts back. Its documentation is the header's.

// What callers must keep to stands once at the head of the header, or after "Safety:".
#![allow(clippy::missing_safety_doc)]

pub mod batch;
mod batch_run;
mod boundary;
pub mod clock;
pub mod condition;
pub mod controller;
pub mod datagram;
pub mod dns_addresses;
pub mod dns_config;
pub mod dns_hints;
pub mod dns_hosts;
pub mod dns_packet;
pub mod dns_record;
pub mod dns_resolver;
pub mod dns_resolvers;
pub mod dns_services;
pub mod file;
pub mod gather;
pub mod hooks;
pub mod inspect;
pub mod library;
pub mod listing;
pub mod multicast;
pub mod mutex;
pub mod notify;
pub mod options;
pub mod poll;
pub mod pool;
pub mod process;
pub mod queue;
pub mod scope;
pub mod scope_task;
pub mod semaphore;
pub mod signal;
pub mod socket;
pub mod socket_io;
pub mod socket_output;
pub mod socket_settings;
pub mod spawn;
pub mod step;
pub mod task;
pub mod thread;
pub mod timer;
pub mod tls;
pub mod tls_facts;
pub mod tls_settings;
pub mod tuning;
mod waiting;
pub mod wakeup;
