// SPDX-License-Identifier: MIT
//! Messages, as they come from the network.

#![no_main]

#[allow(dead_code)] // the checks of the other targets
mod dns;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dns::packet::check(data));
