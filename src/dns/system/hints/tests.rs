// SPDX-License-Identifier: MIT
//! Hints: the servers of zones, and which zone is nearest.

use super::*;
use crate::errno::Errno;

fn name(text: &str) -> Name {
    Name::scan(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn hints(list: &[(&str, &str, i64)]) -> Hints {
    let mut hints = Hints::default();
    for (zone, address, priority) in list {
        hints.insert(zone.as_bytes(), address, *priority).expect("a hint");
    }
    hints
}

#[test]
fn the_nearest_zone_above_a_name_counts() {
    let hints =
        hints(&[(".", "192.0.2.1", 1), ("com", "192.0.2.2", 1), ("example.com", "192.0.2.3", 1)]);
    for (asked, zone) in [
        ("www.example.com", "example.com"),
        ("EXAMPLE.com", "example.com"),
        ("badexample.com", "com"),
        ("net", "."),
    ] {
        let found = hints.nearest(&name(asked)).map(|(zone, _)| zone);
        assert_eq!(found, Some(&name(zone)), "{asked}");
    }
    let only = self::hints(&[("example.com", "192.0.2.3", 1)]);
    assert!(only.nearest(&name("example.net")).is_none());
}

#[test]
fn lower_priorities_come_first_and_equal_ones_in_their_order() {
    let hints =
        hints(&[(".", "192.0.2.1", 5), (".", "192.0.2.2", -1), (".", "[192.0.2.3]:5300", 5)]);
    let order: Vec<String> =
        hints.servers(&Name::root()).iter().map(|hint| hint.server.address.to_string()).collect();
    assert_eq!(order, ["192.0.2.2:53", "192.0.2.1:53", "192.0.2.3:5300"]);
    assert!(hints.of(&name("com")).is_empty());
}

#[test]
fn a_stub_begins_with_the_configuration_s_servers() {
    let mut config = Config::default();
    config.load(
        b"nameserver 192.0.2.1\nnameserver ::1\n",
        super::super::config::Syntax::Resolv,
        "",
    );
    let hints = Hints::stub(&config);
    assert_eq!(hints.format(), "ZONE \".\"\n\t(1) [192.0.2.1]:53\n\t(2) [::1]:53\n");
}

#[test]
fn there_are_thirteen_root_servers_with_two_addresses_each() {
    let root = Hints::root();
    let servers = root.servers(&Name::root());
    assert_eq!(servers.len(), 26);
    assert!(servers[..13].iter().all(|hint| hint.server.address.is_ipv4()), "IPv4 first");
    assert!(servers.iter().all(|hint| hint.server.address.port() == 53));
    let mut different: Vec<_> = servers.iter().map(|hint| hint.server.address).collect();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 26);
}

#[test]
fn what_is_no_zone_or_no_address_is_refused() {
    let mut hints = Hints::default();
    assert_eq!(hints.insert(b".", "example.com", 1), Err(Errno::ADDRESS));
    assert_eq!(hints.insert(b"a..b", "192.0.2.1", 1), Err(Errno::ILLEGAL));
    assert_eq!(hints.format(), "");
}
