// SPDX-License-Identifier: MIT
//! Priorities count always, weights in the long run.

use super::*;
use crate::dns::message::types::IN;

fn answer(list: &[(u16, u16, &str)]) -> Packet {
    let mut packet = Packet::new(65535);
    let owner = Name::scan(b"_x._tcp.test").expect("a name");
    for (priority, weight, host) in list {
        let host = Name::scan(host.as_bytes()).expect("a name");
        let numbers = [*priority, *weight, 80].map(u16::to_be_bytes).concat();
        let data = [&numbers[..], host.wire()].concat();
        packet.push(ANSWER, &owner, SRV, IN, 60, &data).expect("a record");
    }
    packet
}

/// Numbers that look random and are always the same.
fn numbers() -> impl FnMut(u32) -> u32 {
    let mut state = 2782u64;
    move |limit| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32 % limit
    }
}

#[test]
fn lower_priorities_come_first_and_weights_are_chances() {
    let packet =
        answer(&[(2, 9, "c.test"), (1, 30, "a.test"), (1, 10, "b.test"), (1, 0, "z.test")]);
    let (mut below, mut first) = (numbers(), [0u32; 3]);
    for _ in 0..8000 {
        let list = servers(&packet, &mut below);
        let names: Vec<String> = list.iter().map(|server| server.host.to_string()).collect();
        assert_eq!((names.len(), &names[3][..]), (4, "c.test."));
        let place = ["a.test.", "b.test.", "z.test."].iter().position(|name| *name == names[0]);
        first[place.expect("one of priority 1")] += 1;
    }
    // Of 41 numbers, 0 is that of the one without weight.
    assert!((5500..6200).contains(&first[0]), "{first:?}");
    assert!((1700..2200).contains(&first[1]), "{first:?}");
    assert!((100..300).contains(&first[2]), "{first:?}");
}

#[test]
fn a_service_that_is_not_there_has_no_servers_and_a_large_one_sixteen() {
    assert_eq!(servers(&answer(&[(0, 0, ".")]), &mut numbers()), []);
    assert_eq!(servers(&Packet::new(512), &mut numbers()), []);
    let hosts: Vec<String> = (0..500).map(|n| format!("h{n}.test")).collect();
    let many: Vec<_> = hosts.iter().map(|host| (7, 65535, &host[..])).collect();
    let list = servers(&answer(&many), &mut numbers());
    assert_eq!(list.len(), 16);
    assert!(list.windows(2).all(|pair| pair[0] != pair[1]));
}
