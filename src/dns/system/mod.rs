// SPDX-License-Identifier: MIT
//! What the system's files say: resolv.conf, hosts, nsswitch.conf, root hints.

pub mod config;
pub mod files;
pub mod hints;
pub mod hosts;
pub mod switch;
