// SPDX-License-Identifier: MIT
//! What records of a service mean, one rule of RFC 9460 a test.

use super::*;
use crate::dns::message::types::IN;

/// A record: priority, target, parameters.
type Row<'a> = (u16, &'a str, &'a [(u16, &'a [u8])]);

fn answer(rows: &[Row]) -> Packet {
    let mut packet = Packet::new(65535);
    let owner = Name::scan(b"host.test").expect("a name");
    for (priority, target, parameters) in rows {
        let mut data = priority.to_be_bytes().to_vec();
        data.extend(Name::scan(target.as_bytes()).expect("a name").wire());
        for (key, value) in *parameters {
            data.extend(key.to_be_bytes());
            data.extend((value.len() as u16).to_be_bytes());
            data.extend(*value);
        }
        packet.push(ANSWER, &owner, HTTPS, IN, 60, &data).expect("a record");
    }
    packet
}

fn client(protocols: &[u8]) -> Client<'_> {
    Client { scheme: "https", protocols }
}

fn offer(client: &Client, rows: &[Row]) -> Offer {
    client.offer(&answer(rows), HTTPS, &mut |_| 0)
}

/// The hosts of the endpoints that the client can use, the best first.
fn hosts(client: &Client, rows: &[Row]) -> Vec<String> {
    match offer(client, rows) {
        Offer::Endpoints(list) => list.iter().map(|endpoint| endpoint.host.to_string()).collect(),
        Offer::Nothing => Vec::new(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_question_has_the_port_in_its_name_unless_it_is_the_usual_one() {
    let asked = |scheme, port| Client { scheme, protocols: b"" }.question("host.test", port);
    assert_eq!(asked("https", 443), ("host.test".to_owned(), HTTPS));
    assert_eq!(asked("https", 0), ("host.test".to_owned(), HTTPS));
    assert_eq!(asked("https", 8443), ("_8443._https.host.test".to_owned(), HTTPS));
    assert_eq!(asked("dns", 0), ("_dns.host.test".to_owned(), SVCB));
    assert_eq!(asked("dns", 853), ("_853._dns.host.test".to_owned(), SVCB));
}

#[test]
fn endpoints_come_by_priority_and_equal_ones_by_chance() {
    let rows: &[Row] = &[(3, "c.test", &[]), (1, "a.test", &[]), (2, "b.test", &[])];
    assert_eq!(hosts(&client(b""), rows), ["a.test.", "b.test.", "c.test."]);
    let rows: &[Row] = &[(1, "a.test", &[]), (1, "b.test", &[])];
    let chances = [[0, 1], [1, 0]].map(|chances| {
        let mut chances = chances.into_iter();
        match client(b"").offer(&answer(rows), HTTPS, &mut |_| chances.next().expect("one each")) {
            Offer::Endpoints(list) => list[0].host.to_string(),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(chances, ["a.test.", "b.test."]);
}

#[test]
fn no_more_than_eight_are_tried() {
    let names: Vec<String> = (0..40).map(|n| format!("h{n}.test")).collect();
    let rows: Vec<Row> = names.iter().map(|name| (1, &name[..], &[][..])).collect();
    assert_eq!(hosts(&client(b""), &rows).len(), 8);
}

#[test]
fn the_root_stands_for_the_owner_and_as_an_alias_for_nobody() {
    assert_eq!(hosts(&client(b""), &[(1, ".", &[])]), ["host.test."]);
    assert_eq!(offer(&client(b""), &[(0, ".", &[])]), Offer::Unavailable);
}

#[test]
fn an_alias_goes_before_endpoints() {
    let alias = Name::scan(b"alias.test").expect("a name");
    let rows: &[Row] = &[(1, "a.test", &[]), (0, "alias.test", &[])];
    assert_eq!(offer(&client(b""), rows), Offer::Alias(alias));
}

#[test]
fn parameters_say_port_and_addresses() {
    let v6: [u8; 16] = std::array::from_fn(|i| i as u8);
    let rows: &[Row] =
        &[(1, "a.test", &[(3, &[1, 187]), (4, &[192, 0, 2, 1, 192, 0, 2, 2]), (6, &v6)])];
    let Offer::Endpoints(list) = offer(&client(b""), rows) else { panic!("no endpoint") };
    assert_eq!(list[0].port, Some(443));
    assert_eq!(
        list[0].hints,
        [IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]), IpAddr::from(v6)]
    );
}

#[test]
fn a_client_uses_endpoints_that_speak_one_of_its_protocols() {
    let rows: &[Row] = &[
        (1, "h3.test", &[(1, b"\x02h3"), (2, b"")]),
        (2, "h2.test", &[(1, b"\x02h2"), (2, b"")]),
        (3, "any.test", &[]),
    ];
    assert_eq!(hosts(&client(b"\x02h2"), rows), ["h2.test."]);
    assert_eq!(hosts(&client(b"\x02h2\x08http/1.1"), rows), ["h2.test.", "any.test."]);
    assert_eq!(hosts(&client(b""), rows), ["any.test."]);
    let other = Client { scheme: "chat", protocols: b"" };
    assert_eq!(hosts(&other, rows), ["h3.test.", "h2.test.", "any.test."]);
}

#[test]
fn what_is_mandatory_and_not_known_excludes_an_endpoint() {
    let known: &[u8] = &[0, 1, 0, 3];
    let rows: &[Row] = &[
        (1, "a.test", &[(0, known), (1, b"\x08http/1.1"), (3, &[0, 80])]),
        (2, "b.test", &[(0, &[0, 5]), (5, b"ech")]),
        (3, "c.test", &[(0, &[2, 154]), (666, b"")]),
        (4, "d.test", &[(0, b"")]),
        (5, "e.test", &[(5, b"ech"), (666, b"")]),
    ];
    assert_eq!(hosts(&client(b""), rows), ["a.test.", "e.test."]);
}

#[test]
fn one_malformed_record_takes_the_others_with_it() {
    let good: Row = (1, "a.test", &[]);
    for bad in
        [&[(3, &b"\x00\x50"[..]), (1, &b"\x02h2"[..])][..], &[(1, b"\x02h2"), (1, b"\x02h3")]]
    {
        assert_eq!(hosts(&client(b""), &[good, (2, "b.test", bad)]), [] as [&str; 0]);
    }
    // A port of one byte excludes its own endpoint.
    assert_eq!(hosts(&client(b""), &[good, (2, "b.test", &[(3, b"\x50")])]), ["a.test."]);
}
