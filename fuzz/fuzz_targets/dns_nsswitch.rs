// SPDX-License-Identifier: MIT
//! nsswitch.conf.

#![no_main]

#[allow(dead_code)] // the checks of the other targets
mod dns;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dns::resolv_conf::check_switch(data));
