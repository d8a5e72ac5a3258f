// SPDX-License-Identifier: MIT
//! resolv.conf.

#![no_main]

#[allow(dead_code)] // the checks of the other targets
mod dns;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dns::resolv_conf::check(data));
