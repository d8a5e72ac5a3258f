// SPDX-License-Identifier: MIT
//! hosts.

#![no_main]

#[allow(dead_code)] // the checks of the other targets
mod dns;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dns::hosts::check(data));
