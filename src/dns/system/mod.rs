// SPDX-License-Identifier: MIT
//! What the system's files say: resolv.conf, hosts, nsswitch.conf, root hints.

pub mod config;
pub mod files;
pub mod hints;
pub mod hosts;
mod options;
mod resolv_conf;
pub mod search;
pub mod server;
pub mod switch;
