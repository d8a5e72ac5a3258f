// SPDX-License-Identifier: MIT
//! Name servers that say anything.

#![no_main]

#[allow(dead_code)] // the checks of the other targets
mod dns;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dns::exchange::check(data));
