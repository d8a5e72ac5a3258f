// SPDX-License-Identifier: MIT
//! Messages: what is pushed is on the wire, what is on the wire is read, and what is neither is refused.

use super::super::append::REACH;
use super::super::field::Value;
use super::super::types::{A, AAAA, CNAME, IN, MX, NS, SOA, SRV};
use super::*;

fn name(text: &str) -> Name {
    Name::scan(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A question about `www.example.com`.
fn asked() -> Packet {
    let mut packet = Packet::new(512);
    packet.push(QUESTION, &name("www.example.com"), A, IN, 0, &[]).expect("a question");
    packet
}

fn push_a(packet: &mut Packet, section: u8, owner: &str) -> Result<()> {
    packet.push(section, &name(owner), A, IN, 300, &[192, 0, 2, 1])
}

/// The names of the owners of a message's records.
fn owners(packet: &Packet) -> Vec<String> {
    packet.records(ALL).map(|record| record.name().expect("a name").to_string()).collect()
}

/// A header with these flags and counts.
fn header(flags: u16, counts: [u16; 4]) -> Vec<u8> {
    let words = [7, flags].into_iter().chain(counts);
    words.flat_map(u16::to_be_bytes).collect()
}

#[test]
fn a_query_has_the_bytes_that_rfc_1035_says() {
    let query = Packet::query(0x1234, flag::RD, &name("a.bc"), AAAA, IN);
    let wire = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x02bc\x00\x00\x1c\x00\x01";
    assert_eq!(query.wire(), wire);
    assert_eq!(query.question(), Some((name("a.bc"), AAAA, IN)));
    assert_eq!(query.id(), 0x1234);
}

#[test]
fn names_of_owners_are_compressed() {
    let mut packet = asked();
    push_a(&mut packet, ANSWER, "www.example.com").expect("the same name");
    push_a(&mut packet, ANSWER, "mail.example.com").expect("a name of the same zone");
    push_a(&mut packet, ANSWER, "MAIL.EXAMPLE.COM").expect("the same in other letters");
    let sizes: Vec<u16> =
        packet.records(ANSWER).map(|record| record.rdata - 10 - record.name).collect();
    assert_eq!(sizes, [2, 7, 2]);
    let found = owners(&packet);
    assert_eq!(found[1], "www.example.com.");
    assert_eq!(found[2], "mail.example.com.");
    assert_eq!(found[3], "mail.example.com.");
}

#[test]
fn names_in_the_data_are_compressed_where_rfc_3597_allows_it_and_nowhere_else() {
    let mut packet = asked();
    let mx = [&[0, 10][..], name("mx.example.com").wire()].concat();
    packet.push(ANSWER, &name("example.com"), MX, IN, 60, &mx).expect("an MX");
    let srv = [&[0, 1, 0, 2, 0, 53][..], name("ns.example.com").wire()].concat();
    packet.push(ANSWER, &name("example.com"), SRV, IN, 60, &srv).expect("an SRV");
    let lengths: Vec<u16> = packet.records(ANSWER).map(|record| record.length).collect();
    assert_eq!(lengths, [2 + 3 + 2, 6 + 16]);
    let hosts: Vec<String> =
        packet.records(ANSWER).map(|r| r.host().expect("a host").to_string()).collect();
    assert_eq!(hosts, ["mx.example.com.", "ns.example.com."]);
}

#[test]
fn all_that_is_pushed_can_be_parsed_again_and_says_the_same() {
    let mut packet = asked();
    packet
        .push(ANSWER, &name("www.example.com"), CNAME, IN, 5, name("a.b.example.com").wire())
        .expect("a CNAME");
    push_a(&mut packet, ANSWER, "a.b.example.com").expect("an A");
    let ns = name("ns.example.com");
    packet.push(AUTHORITY, &name("example.com"), NS, IN, 9, ns.wire()).expect("an NS");
    push_a(&mut packet, ADDITIONAL, "ns.example.com").expect("glue");
    packet.push(ADDITIONAL, &Name::root(), OPT, 1232, 0, &[]).expect("an OPT");
    let again = Packet::parse_whole(packet.wire()).expect("our own message");
    assert_eq!(again.format(), packet.format());
    let sections: Vec<usize> = [QUESTION, ANSWER, AUTHORITY, ADDITIONAL, ALL, 0]
        .map(|section| again.count(section))
        .to_vec();
    assert_eq!(sections, [1, 2, 1, 2, 6, 0]);
    // And once more, record by record.
    let mut copy = Packet::new(LARGEST);
    for record in again.records(ALL) {
        copy.copy(record.section, &record).expect("a copy");
    }
    assert_eq!(copy.wire(), packet.wire());
}

#[test]
fn sections_are_filled_in_their_order() {
    let mut packet = asked();
    push_a(&mut packet, AUTHORITY, "example.com").expect("the first of a later section");
    let before = packet.wire().to_vec();
    for earlier in [QUESTION, ANSWER] {
        assert_eq!(push_a(&mut packet, earlier, "example.com"), Err(Errno::ORDER));
    }
    for none in [0, 16, 3, 255] {
        assert_eq!(push_a(&mut packet, none, "example.com"), Err(Errno::SECTION), "{none}");
    }
    assert_eq!(packet.wire(), before);
    push_a(&mut packet, AUTHORITY, "example.com").expect("the same section again");
    push_a(&mut packet, ADDITIONAL, "example.com").expect("the next section");
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let mut packet = Packet::new(12 + 21 + 16);
    packet.push(QUESTION, &name("www.example.com"), A, IN, 0, &[]).expect("a question");
    push_a(&mut packet, ANSWER, "www.example.com").expect("16 bytes more");
    let before = packet.wire().to_vec();
    assert_eq!(push_a(&mut packet, ANSWER, "www.example.com"), Err(Errno::NOBUFS));
    assert_eq!(push_a(&mut packet, ANSWER, "other.example.com"), Err(Errno::NOBUFS));
    assert_eq!(packet.wire(), before);
    // The names that were taken back are not pointed to.
    let mut larger = Packet::new(512);
    larger.load(packet.wire()).expect("the message");
    push_a(&mut larger, ANSWER, "other.example.com").expect("there is room");
    assert_eq!(owners(&larger)[2], "other.example.com.");
}

#[test]
fn names_that_were_taken_back_are_never_pointed_to() {
    let mut packet = Packet::new(12 + 21 + 22);
    packet.push(QUESTION, &name("www.example.com"), A, IN, 0, &[]).expect("a question");
    let long = [0; 20];
    let refused = packet.push(ANSWER, &name("x.other.org"), 999, IN, 0, &long);
    assert_eq!(refused, Err(Errno::NOBUFS));
    push_a(&mut packet, ANSWER, "org").expect("a name of which the end was written before");
    let again = Packet::parse(packet.wire()).expect("a message");
    assert_eq!(owners(&again), ["www.example.com.", "org."]);
}

#[test]
fn a_message_is_never_smaller_than_a_header_nor_larger_than_its_length_can_say() {
    let mut none = Packet::new(0);
    assert_eq!(none.wire(), [0; HEADER]);
    assert_eq!(push_a(&mut none, ANSWER, "."), Err(Errno::NOBUFS));
    let mut most = Packet::new(usize::MAX);
    let data = [0; 30_000];
    most.push(ANSWER, &Name::root(), 999, IN, 0, &data).expect("the first");
    most.push(ANSWER, &Name::root(), 999, IN, 0, &data).expect("the second");
    assert_eq!(most.push(ANSWER, &Name::root(), 999, IN, 0, &data), Err(Errno::NOBUFS));
    assert_eq!(most.push(ANSWER, &Name::root(), 999, IN, 0, &[0; 65_536]), Err(Errno::ILLEGAL));
    let rest = LARGEST - most.wire().len() - 11;
    most.push(ANSWER, &Name::root(), 999, IN, 0, &data[..rest]).expect("the last byte");
    assert_eq!(most.wire().len(), LARGEST);
    assert_eq!(Packet::parse_whole(most.wire()).expect("a message").count(ANSWER), 3);
}

#[test]
fn names_beyond_the_reach_of_pointers_are_still_right() {
    let mut packet = Packet::new(LARGEST);
    packet.push(ANSWER, &Name::root(), 999, IN, 0, &[1; REACH]).expect("far");
    for _ in 0..2 {
        push_a(&mut packet, ANSWER, "www.example.com").expect("beyond");
    }
    let again = Packet::parse(packet.wire()).expect("a message");
    assert_eq!(owners(&again)[1..], ["www.example.com.", "www.example.com."]);
}

#[test]
fn more_names_than_are_remembered_are_still_right() {
    let mut packet = Packet::new(LARGEST);
    let all: Vec<String> = (0..800).map(|i| format!("n{i}.z{}.example.", i % 7)).collect();
    for owner in &all {
        push_a(&mut packet, ANSWER, owner).expect("there is room");
    }
    assert_eq!(owners(&Packet::parse_whole(packet.wire()).expect("a message")), all);
}

#[test]
fn a_parsed_message_can_be_added_to() {
    let mut packet = Packet::parse(asked().wire()).expect("a message");
    push_a(&mut packet, ANSWER, "www.example.com").expect("an answer");
    assert_eq!(packet.wire().len(), asked().wire().len() + 16, "it points to the question");
    assert_eq!(owners(&packet), ["www.example.com.", "www.example.com."]);
}

#[test]
fn what_follows_the_records_is_no_part_of_what_is_added() {
    let mut bytes = asked().wire().to_vec();
    bytes.extend(b"something else");
    let mut packet = Packet::parse(&bytes).expect("trailing bytes are ignored");
    assert_eq!(packet.count(ALL), 1);
    push_a(&mut packet, ANSWER, "www.example.com").expect("an answer");
    assert_eq!(owners(&Packet::parse(packet.wire()).expect("a message")).len(), 2);
}

#[test]
fn a_message_that_lacks_what_it_announces_is_refused_unless_it_says_that_it_was_cut() {
    let mut whole = asked();
    push_a(&mut whole, ANSWER, "www.example.com").expect("an answer");
    push_a(&mut whole, ADDITIONAL, "www.example.com").expect("one more");
    let whole = whole.wire();
    for size in 0..whole.len() {
        let part = &whole[..size];
        assert_eq!(Packet::parse(part).err(), Some(Errno::ILLEGAL), "{size}");
        let mut cut = part.to_vec();
        if size < HEADER {
            continue;
        }
        cut[2] |= 2;
        let packet = Packet::parse(&cut).unwrap_or_else(|error| panic!("{size}: {error}"));
        assert_eq!(packet.count(ALL), 3, "the header's numbers stay");
        assert!(packet.records(ALL).count() < 3);
        packet.format();
    }
}

#[test]
fn what_is_added_to_a_cut_message_is_found_in_its_section() {
    let mut whole = asked();
    push_a(&mut whole, ANSWER, "www.example.com").expect("an answer");
    push_a(&mut whole, ANSWER, "www.example.com").expect("another");
    whole.set_flags(flag::TC);
    let cut = &whole.wire()[..whole.wire().len() - 3];
    let mut packet = Packet::parse(cut).expect("a cut message");
    push_a(&mut packet, ADDITIONAL, "ns.example.com").expect("one more");
    let found: Vec<u8> = packet.records(ALL).map(|record| record.section).collect();
    assert_eq!(found, [QUESTION, ANSWER, ADDITIONAL]);
}

#[test]
fn names_that_lead_nowhere_or_round_are_refused() {
    let question = |name: &[u8]| [&header(0, [1, 0, 0, 0]), name, &[0, 1, 0, 1]].concat();
    assert!(Packet::parse(&question(b"\x01a\0")).is_ok());
    for bad in [&b"\xc0\x0c"[..], b"\xc0\xff", b"\x01a\xc0\x0c", b"\x40a\0", b"\x80a\0", b"\x3fa\0"]
    {
        assert_eq!(Packet::parse(&question(bad)).err(), Some(Errno::ILLEGAL), "{bad:x?}");
    }
}

#[test]
fn data_that_is_not_of_its_type_is_refused_when_all_is_looked_at() {
    let record = |rtype: u8, data: &[u8]| {
        let fixed = [0, 0, rtype, 0, 1, 0, 0, 0, 9, 0, data.len() as u8];
        [&header(flag::QR, [0, 1, 0, 0])[..], &fixed, data].concat()
    };
    for (rtype, data) in [(1, &[1u8, 2, 3][..]), (28, &[0; 15]), (2, &[]), (15, &[0, 1]), (5, &[1])]
    {
        let bytes = record(rtype, data);
        assert!(Packet::parse(&bytes).is_ok(), "{rtype}: a packet is read as far as it goes");
        assert_eq!(Packet::parse_whole(&bytes).err(), Some(Errno::ILLEGAL), "{rtype}");
    }
    assert!(Packet::parse_whole(&record(1, &[1, 2, 3, 4])).is_ok());
    assert!(Packet::parse_whole(&record(200, &[1, 2, 3])).is_ok(), "of others nothing is known");
}

#[test]
fn loading_keeps_the_limit_and_on_failure_the_message() {
    let mut packet = Packet::new(64);
    packet.set_id(7);
    assert_eq!(packet.load(&[0; 65]), Err(Errno::NOBUFS));
    assert_eq!(packet.load(&[0; 11]), Err(Errno::ILLEGAL));
    assert_eq!(packet.id(), 7);
    packet.load(asked().wire()).expect("33 bytes");
    push_a(&mut packet, ANSWER, "www.example.com").expect("49 bytes");
    assert_eq!(push_a(&mut packet, ANSWER, "www.example.com"), Err(Errno::NOBUFS));
}

#[test]
fn flags_and_the_outcome_are_the_header_s_and_opt_adds_to_it() {
    let mut packet = Packet::new(512);
    packet.set_flags(flag::QR | flag::AA | 5 << 11 | rcode::REFUSED);
    assert_eq!(packet.flags(), 0xAC05);
    assert_eq!(flag::opcode(packet.flags()), 5);
    assert_eq!((packet.code(), packet.rcode()), (5, 5));
    packet.set_flags(0);
    packet.push(ADDITIONAL, &Name::root(), OPT, 512, 1 << 24, &[]).expect("an OPT");
    assert_eq!((packet.code(), packet.rcode()), (0, rcode::BADVERS));
}

#[test]
fn a_cursor_goes_on_where_another_stood() {
    let mut packet = asked();
    for owner in ["a.", "b.", "c."] {
        push_a(&mut packet, ANSWER, owner).expect("an answer");
    }
    let mut seen = Vec::new();
    let mut at = None;
    loop {
        let mut records = packet.cursor(at);
        let Some(record) = records.next() else { break };
        seen.push(record.name().expect("a name").to_string());
        at = Some(records.cursor);
    }
    assert_eq!(seen, owners(&packet));
    // One that somebody made up finds something or nothing, within the message.
    for place in 0..200 {
        let made_up = Cursor { at: place * 7, index: place % 5 };
        packet.cursor(Some(made_up)).for_each(|record| drop(record.member("addr")));
    }
}

#[test]
fn a_message_in_text_looks_as_dig_prints_it() {
    let mut packet = asked();
    packet.set_id(4711);
    packet.set_flags(flag::QR | flag::RD | flag::RA);
    push_a(&mut packet, ANSWER, "www.example.com").expect("an answer");
    packet.push(ANSWER, &name("x"), 999, 4, 1, &[1, 255]).expect("an unknown type");
    let text = String::from_utf8(packet.format()).expect("ASCII");
    assert_eq!(
        text,
        ";; [HEADER]\n\
         ;;    qid : 4711\n\
         ;;     qr : RESPONSE(1)\n\
         ;; opcode : QUERY(0)\n\
         ;;     aa : NON-AUTHORITATIVE(0)\n\
         ;;     tc : NOT-TRUNCATED(0)\n\
         ;;     rd : RECURSION-DESIRED(1)\n\
         ;;     ra : RECURSION-ALLOWED(1)\n\
         ;;  rcode : NOERROR(0)\n\
         \n\
         ;; [QUESTION:1]\n\
         ;www.example.com. IN A\n\
         \n\
         ;; [ANSWER:2]\n\
         www.example.com. 300 IN A 192.0.2.1\n\
         x. 1 4 999 \"\\001\\255\"\n"
    );
}

#[test]
fn the_data_of_names_is_looked_at_before_it_is_pushed() {
    let mut packet = asked();
    let before = packet.wire().to_vec();
    let soa = [name("ns.example.com").wire(), name("admin.example.com").wire(), &[0; 19]].concat();
    for (rtype, data) in [(CNAME, &b"\x03www"[..]), (CNAME, b"\0\0"), (MX, b"\0"), (SOA, &soa)] {
        assert_eq!(
            packet.push(ANSWER, &name("a"), rtype, IN, 0, data),
            Err(Errno::ILLEGAL),
            "{rtype}"
        );
    }
    assert_eq!(packet.wire(), before);
    packet.push(ANSWER, &name("a"), SOA, IN, 0, &[&soa[..], &[9]].concat()).expect("a whole SOA");
    let record = packet.records(ANSWER).next().expect("the SOA");
    assert_eq!(record.member("minimum"), Ok(Value::Number(9)));
}

/// Lesson: hostile messages cost a parser seconds (RFC 9267, and printers that expand what they print). Each shape fills 64 KiB
/// with what is dearest to it; without the limit on the length of a name the first one alone takes minutes.
#[test]
fn a_message_of_any_shape_is_parsed_and_printed_in_bounded_time() {
    let fill = |head: &[u8], piece: &dyn Fn(usize) -> Vec<u8>| {
        let mut bytes = vec![0x12, 0x34, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend(head);
        let (mut count, mut next) = (0u16, piece(bytes.len()));
        while bytes.len() + next.len() <= LARGEST {
            bytes.extend(next);
            count += 1;
            next = piece(bytes.len());
        }
        bytes[6..8].copy_from_slice(&count.to_be_bytes());
        bytes
    };
    let record = |owner: &[u8], rtype: u16, data: &[u8]| {
        let length = (data.len() as u16).to_be_bytes();
        [owner, &rtype.to_be_bytes(), &[0, 1, 0, 0, 0, 9], &length, data].concat()
    };
    // 127 labels of one byte, each a place to point to.
    let labels: Vec<u8> = [[1u8, b'a']; 126].concat();
    let long = |at: usize| [&labels[..], &[0]].concat().len() + at;
    assert!(long(0) < 255);
    let windows: Vec<u8> = (0..=255u8).flat_map(|w| [&[w, 32][..], &[255; 32]].concat()).collect();
    let chain = |at: usize| {
        let to = at.max(14) - 12;
        record(&[0xC0 | (to >> 8) as u8 & 0x3F, to as u8], 16, b"")
    };
    let parameters = [&[0, 1, 0][..], &[0, 0, 0, 250], &[7; 250]].concat();
    let shapes: Vec<(&str, Vec<u8>)> = vec![
        (
            "long names",
            fill(&[], &|_| record(&[&labels[..], &[0]].concat(), 2, &[&labels[..], &[0]].concat())),
        ),
        ("chains of pointers", fill(&[1, b'a', 0], &chain)),
        ("type bit maps", fill(&[], &|_| record(&[0], 47, &[&[0][..], &windows].concat()))),
        ("texts of one byte", fill(&[], &|_| record(&[0], 16, &[1, 255].repeat(100)))),
        ("keys of parameters", fill(&[], &|_| record(&[0], 64, &parameters))),
        ("records without data", fill(&[], &|_| record(&[0], 65280, &[]))),
        ("options", fill(&[], &|_| record(&[0], 41, &[0, 9, 0, 0].repeat(1000)))),
        ("places", fill(&[], &|_| record(&[0], 29, &[0; 16]))),
    ];
    for (what, bytes) in shapes {
        let begun = std::time::Instant::now();
        let size = match Packet::parse_whole(&bytes) {
            Ok(packet) => packet.format().len(),
            Err(_) => Packet::parse_answers(&bytes).map_or(0, |packet| packet.format().len()),
        };
        let seconds = begun.elapsed().as_secs_f64();
        assert!(seconds < 3.0, "{what}: {seconds} s");
        // A type of a bit map takes a bit, and eight bytes in print.
        assert!(size <= 80 * LARGEST, "{what}: {size} bytes");
    }
}
