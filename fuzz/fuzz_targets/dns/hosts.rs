// SPDX-License-Identifier: MIT
//! hosts: whatever the file holds, what is written out reads in the same, and names lead back.

use cqueues::dns::message::name::Name;
use cqueues::dns::system::hosts::Hosts;
use cqueues::dns::system::server::format_address;

fn read(text: &[u8]) -> Hosts {
    let mut hosts = Hosts::default();
    hosts.load(text, "hosts");
    hosts
}

pub fn check(data: &[u8]) {
    let hosts = read(data);
    let text = hosts.format();
    let again = read(text.as_bytes());
    assert_eq!(again.format(), text);
    assert_eq!(again.warnings, Vec::<String>::new());
    for line in text.lines() {
        let (address, name) = line.split_once(' ').expect("an address and a name");
        let name = Name::scan(name.trim_start().as_bytes()).expect("a name");
        let known: Vec<String> =
            hosts.addresses(&name).map(|address| format_address(&address, 0)).collect();
        assert!(
            hosts.addresses(&name).next().is_some() && known.iter().any(|known| known == address),
            "{line}"
        );
    }
    // As the question of a reverse lookup.
    if let Ok(name) = Name::scan(data) {
        hosts.names(&name).for_each(|host| assert!(hosts.addresses(host).next().is_some()));
    }
}
