// SPDX-License-Identifier: MIT
//! Names, as text and on the wire.

#![no_main]

#[allow(dead_code)] // the checks of the other targets
mod dns;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dns::name::check(data));
