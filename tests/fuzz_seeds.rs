// SPDX-License-Identifier: MIT
//! The seeds of the fuzz targets for DNS hold, without a fuzzer.

#[path = "../fuzz/fuzz_targets/dns/mod.rs"]
mod dns;

use std::path::Path;

/// Runs a check on each seed of a target, and on each with a byte missing or changed.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the target's seeds") {
        let mut seed = std::fs::read(entry.expect("an entry").path()).expect("a seed");
        check(&seed);
        for size in 0..seed.len() {
            check(&seed[..size]);
        }
        for place in 0..seed.len() {
            for change in [0xff, 0x01, 0x80] {
                seed[place] ^= change;
                check(&seed);
                seed[place] ^= change;
            }
        }
        count += 1;
    }
    assert!(count > 1, "{target} has seeds");
}

#[test]
fn names_hold() {
    replay("dns_name", dns::name::check);
}

#[test]
fn messages_hold() {
    replay("dns_packet", dns::packet::check);
}

#[test]
fn configurations_hold() {
    replay("dns_resolv_conf", dns::resolv_conf::check);
    replay("dns_nsswitch", dns::resolv_conf::check_switch);
}

#[test]
fn hosts_hold() {
    replay("dns_hosts", dns::hosts::check);
}

#[test]
fn servers_that_say_anything_are_survived() {
    replay("dns_exchange", dns::exchange::check);
}
