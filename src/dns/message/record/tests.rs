// SPDX-License-Identifier: MIT
//! Records: each type's data as text and by its members, beside what the crate `domain` makes of it.

use super::super::field::Field::{
    Base64, Hex, Location, Parameters, Quoted, Text, Texts, Time, Type, Types, Word, U16, U32, U8,
    V4, V6,
};
use super::super::packet::{Packet, ALL as SECTIONS, ANSWER, LARGEST, QUESTION};
use super::super::text;
use super::super::types::*;
use super::*;
use domain::base::message::Message;
use domain::rdata::AllRecordData;

fn name(text: &str) -> Name {
    Name::scan(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A message with one record. Names in the data stand uncompressed.
fn message(rtype: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    bytes.extend(name("x.example").wire());
    bytes.extend(rtype.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 1, 0]);
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(data);
    bytes
}

fn with_record<T>(rtype: u16, data: &[u8], look: impl FnOnce(&Record) -> T) -> T {
    let packet = Packet::parse(&message(rtype, data)).expect("a message");
    let record = packet.records(ANSWER).next().expect("a record");
    look(&record)
}

fn formatted(record: &Record) -> String {
    let mut text = Vec::new();
    record.format(&mut text);
    String::from_utf8(text).expect("data in text is ASCII")
}

fn text(rtype: u16, data: &[u8]) -> String {
    with_record(rtype, data, formatted)
}

fn member(rtype: u16, data: &[u8], wanted: &str) -> Result<Value> {
    with_record(rtype, data, |record| record.member(wanted))
}

/// What the crate `domain` makes of it.
fn theirs(bytes: &[u8]) -> Option<Vec<String>> {
    let message = Message::from_octets(bytes).ok()?;
    let mut list = Vec::new();
    for item in message.iter() {
        let (record, _) = item.ok()?;
        let record = record.to_any_record::<AllRecordData<_, _>>().ok()?;
        list.push(record.data().to_string());
    }
    Some(list)
}

fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// Of each type: data, and its text.
fn samples() -> Vec<(u16, Vec<u8>, &'static str)> {
    let (host, mail) = (name("ns1.Example.net"), name("host\\.master.example.net"));
    let (host, mail) = (host.wire(), mail.wire());
    vec![
        (A, vec![192, 0, 2, 1], "192.0.2.1"),
        (NS, host.to_vec(), "ns1.Example.net."),
        (CNAME, host.to_vec(), "ns1.Example.net."),
        (PTR, host.to_vec(), "ns1.Example.net."),
        (
            SOA,
            bytes(&[host, mail, &[120, 123, 161, 161, 0, 0, 14, 16, 0, 0, 3, 132], &[0, 9, 58, 128, 0, 1, 81, 128]]),
            "ns1.Example.net. host\\.master.example.net. 2021368225 3600 900 604800 86400",
        ),
        (13, b"\x06PDP-11\x04UNIX".to_vec(), "\"PDP-11\" \"UNIX\""),
        (17, bytes(&[mail, host]), "host\\.master.example.net. ns1.Example.net."),
        (
            29,
            vec![0, 0, 0x16, 0x13, 0x8b, 0x3c, 0xf0, 0x18, 0x81, 0x0c, 0xbc, 0xe0, 0x00, 0x98, 0x95, 0xb8],
            "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
        ),
        (MX, bytes(&[&[0, 10], host]), "10 ns1.Example.net."),
        (16, b"\x0bv=spf1 -all".to_vec(), "\"v=spf1 -all\""),
        (AAAA, vec![0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "2001:db8::1"),
        (SRV, bytes(&[&[0, 1, 0, 2, 0x14, 0xe9], host]), "1 2 5353 ns1.Example.net."),
        (
            35,
            bytes(&[&[0, 100, 0, 10], b"\x01S", b"\x07SIP+D2U", b"\0", host]),
            "100 10 \"S\" \"SIP+D2U\" \"\" ns1.Example.net.",
        ),
        (DNAME, host.to_vec(), "ns1.Example.net."),
        (DS, bytes(&[&[0x4f, 0x66, 8, 2], &[0xab; 4]]), "20326 8 2 ABABABAB"),
        (44, vec![1, 2, 0x12, 0x3a], "1 2 123A"),
        (
            46,
            bytes(&[&[0, 1, 8, 3, 0, 1, 81, 128, 0x65, 0x92, 0, 0x80, 0x65, 0x6a, 0x73, 0x80, 0x4f, 0x66], host, b"sig!"]),
            "A 8 3 86400 20240101000000 20231202000000 20326 ns1.Example.net. c2lnIQ==",
        ),
        (47, bytes(&[host, &[0, 7, 0x62, 0x01, 0x80, 0x08, 0, 3, 0x80, 1, 1, 0x40]]), "ns1.Example.net. A NS SOA MX TXT AAAA RRSIG NSEC DNSKEY CAA"),
        (48, bytes(&[&[1, 1, 3, 8], b"key"]), "257 3 8 a2V5"),
        (52, vec![3, 1, 1, 0xde, 0xad], "3 1 1 DEAD"),
        (OPT, vec![], "\"\""),
        (59, vec![0, 0, 0, 0, 0], "0 0 0 00"),
        (60, bytes(&[&[1, 1, 3, 8], b"key"]), "257 3 8 a2V5"),
        (64, bytes(&[&[0, 0], host]), "0 ns1.Example.net."),
        (
            65,
            bytes(&[
                &[0, 1, 0],
                &[0, 1, 0, 6], b"\x02h2\x02h3",
                &[0, 2, 0, 0],
                &[0, 3, 0, 2, 1, 0xbb],
                &[0, 4, 0, 8, 192, 0, 2, 1, 192, 0, 2, 2],
                &[0, 6, 0, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            ]),
            "1 . alpn=\"h2,h3\" no-default-alpn port=443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1",
        ),
        (99, b"\x0bv=spf1 -all".to_vec(), "\"v=spf1 -all\""),
        (256, b"\0\x0a\0\x01ftp://ftp.example.net/public".to_vec(), "10 1 \"ftp://ftp.example.net/public\""),
        (257, b"\0\x05issueca.example.net".to_vec(), "0 issue \"ca.example.net\""),
    ]
}

#[test]
fn the_table_is_in_order_and_every_type_has_a_sample() {
    assert!(
        TYPES.windows(2).all(|pair| pair[0].number < pair[1].number),
        "it is searched by halves"
    );
    let mut sampled: Vec<u16> = samples().iter().map(|sample| sample.0).collect();
    sampled.sort_unstable();
    let all: Vec<u16> = TYPES.iter().map(|row| row.number).collect();
    assert_eq!(sampled, all);
}

#[test]
fn data_in_text_has_the_form_of_zone_files() {
    for (rtype, data, wanted) in samples() {
        assert_eq!(text(rtype, &data), wanted, "{}", type_name(rtype));
    }
}

/// Our text in the form in which `domain` prints it.
fn in_their_form(rtype: u16, ours: &str) -> Option<String> {
    Some(match rtype {
        // It leaves out the last dot.
        SRV => ours.strip_suffix('.')?.to_owned(),
        // It writes small letters.
        DS => ours.to_ascii_lowercase(),
        A | NS | CNAME | SOA | PTR | MX | AAAA | 16 | 35 | 47 | 48 => ours.to_owned(),
        // It has no such type, or a form of its own.
        _ => return None,
    })
}

#[test]
fn another_library_reads_the_same_in_every_type_that_it_knows() {
    let mut compared = 0;
    for (rtype, data, ours) in samples() {
        let theirs = theirs(&message(rtype, &data)).expect("it takes the message");
        if let Some(form) = in_their_form(rtype, ours) {
            assert_eq!(theirs, [form], "{}", type_name(rtype));
            compared += 1;
        }
    }
    assert_eq!(compared, 13);
}

/// A stream of numbers that looks random and is always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, limit: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32 % limit
    }

    fn name(&mut self) -> Name {
        let mut text = String::new();
        for _ in 0..=self.next(4) {
            for _ in 0..=self.next(12) {
                text.push(
                    b"abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_"[self.next(44) as usize].into(),
                );
            }
            text.push('.');
        }
        name(&text)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next(256) as u8).collect()
    }

    /// Data of a type, by its row.
    fn data(&mut self, rtype: u16) -> Vec<u8> {
        let mut data = Vec::new();
        for &(_, field) in layout(rtype).expect("a known type").members {
            match field {
                U8 => data.extend(self.bytes(1)),
                U16 => data.extend(self.bytes(2)),
                // `domain` writes names for them.
                Type => data.extend([0, 1]),
                U32 | Time | V4 => data.extend(self.bytes(4)),
                V6 => data.extend(self.bytes(16)),
                Field::Name | Plain => data.extend(self.name().wire()),
                Text | Word | Texts => data.extend(b"\x05plain"),
                Types => data.extend([0, 2, 0x62, 1]),
                Parameters => {}
                Location => {
                    data.push(0);
                    data.extend(self.bytes(15));
                }
                Quoted => data.extend(b"value"),
                // Beyond what is a whole number of base 64 digits, too.
                Hex | Base64 => {
                    let count = self.next(9) as usize + 1;
                    data.extend(self.bytes(count));
                }
            }
        }
        data
    }
}

#[test]
fn a_thousand_compressed_messages_read_the_same_in_another_library() {
    let mut numbers = Numbers(4711);
    let types = [A, NS, CNAME, SOA, PTR, MX, AAAA, SRV, DS, 35, 47, 48];
    for round in 0..1000 {
        let mut packet = Packet::new(LARGEST);
        packet.push(QUESTION, &numbers.name(), A, IN, 0, &[]).expect("a question");
        let zone = numbers.name();
        for _ in 0..numbers.next(8) {
            let rtype = types[numbers.next(types.len() as u32) as usize];
            let owner = match numbers.next(2) {
                0 => numbers.name(),
                _ => numbers.name().join(&zone).expect("not too long"),
            };
            let (ttl, data) = (numbers.next(100_000), numbers.data(rtype));
            packet.push(ANSWER, &owner, rtype, IN, ttl, &data).expect("a record");
        }
        let message = Message::from_octets(packet.wire()).expect("a message");
        let mut theirs = message.iter();
        for ours in packet.records(SECTIONS & !QUESTION) {
            let (record, _) = theirs.next().expect("as many records").expect("a record");
            assert_eq!(format!("{}.", record.owner()), ours.name().expect("a name").to_string());
            assert_eq!(record.rtype().to_int(), ours.rtype);
            assert_eq!(record.ttl().as_secs(), ours.ttl);
            let data = record.to_any_record::<AllRecordData<_, _>>().expect("data");
            let form = in_their_form(ours.rtype, &formatted(&ours));
            assert_eq!(Some(data.data().to_string()), form, "{round}: {}", type_name(ours.rtype));
        }
        assert!(theirs.next().is_none());
    }
}

#[test]
fn members_have_the_names_of_their_rfc() {
    for (rtype, data, wanted) in samples() {
        let mut told = Vec::new();
        for index in 0.. {
            let Some((called, numeric)) = super::super::types::member(rtype, index) else { break };
            let value = member(rtype, &data, called).unwrap_or_else(|e| panic!("{called}: {e}"));
            assert_eq!(matches!(value, Value::Number(_)), numeric, "{called}");
            told.push(match value {
                Value::Number(number) => number.to_string(),
                Value::Text(text) => text,
                Value::Bytes(_) => continue,
            });
        }
        // Types and times are numbers by their members, and names and dates in text.
        if !matches!(rtype, 46 | OPT) {
            assert!(told.iter().all(|value| wanted.contains(value)), "{told:?} in {wanted}");
        }
        assert_eq!(member(rtype, &data, "colour"), Err(Errno::NOENT));
    }
}

#[test]
fn members_that_are_bytes_come_as_they_are() {
    let caa = b"\0\x05issueca.example.net";
    assert_eq!(member(257, caa, "tag"), Ok(Value::Bytes(b"issue".to_vec())));
    assert_eq!(member(257, caa, "value"), Ok(Value::Bytes(b"ca.example.net".to_vec())));
    let txt = b"\x03one\0\x05 and\0";
    assert_eq!(member(16, txt, "data"), Ok(Value::Bytes(b"one and\0".to_vec())));
    assert_eq!(text(16, txt), "\"one\" \"\" \" and\\000\"");
    assert_eq!(text(16, b"\x05a\"b\\c"), "\"a\\034b\\092c\"");
    assert_eq!(text(16, b""), "\"\"");
}

#[test]
fn what_an_opt_record_says_stands_in_its_class_and_lifetime() {
    let mut packet = Packet::new(LARGEST);
    packet
        .push(super::super::packet::ADDITIONAL, &Name::root(), OPT, 4096, 0x1203_8000, &[])
        .expect("an OPT");
    let record = packet.records(SECTIONS).next().expect("the OPT");
    let told = ["rcode", "version", "maxsize"].map(|member| record.member(member));
    assert_eq!(told, [0x120, 3, 4096].map(|number| Ok(Value::Number(number))));
}

#[test]
fn data_of_another_length_is_not_of_the_type_and_is_shown_as_bytes() {
    for (rtype, data, _) in samples().into_iter().filter(|sample| sample.0 != OPT) {
        let row = layout(rtype).expect("a known type");
        let open =
            row.members.last().is_some_and(|last| matches!(last.1, Texts | Quoted | Hex | Base64));
        for size in 0..data.len() {
            let cut = &data[..size];
            let whole = with_record(rtype, cut, |record| record.check().is_ok());
            let text = text(rtype, cut);
            if whole {
                // What reaches to the end may end anywhere; lists between two of their elements.
                assert!(open || matches!(rtype, 47 | 64 | 65), "{} of {size}", row.name);
                continue;
            }
            let shown: String = cut.iter().map(|byte| format!("\\{byte:03}")).collect();
            assert_eq!(text, format!("\"{shown}\""), "{} of {size}", row.name);
            assert_eq!(
                member(rtype, cut, row.members[0].0),
                Err(Errno::ILLEGAL),
                "{} of {size}",
                row.name
            );
        }
        if !open {
            let longer = [&data[..], &[0]].concat();
            assert!(with_record(rtype, &longer, |record| record.check().is_err()), "{}", row.name);
        }
    }
}

#[test]
fn of_types_without_a_name_the_bytes_are_shown() {
    assert_eq!(text(999, &[0, 10, 255]), "\"\\000\\010\\255\"");
    assert_eq!(text(999, &[]), "\"\"");
    assert_eq!(member(999, &[1], "data"), Err(Errno::NOENT));
}

#[test]
fn types_and_classes_have_names_and_numbers() {
    for row in TYPES {
        assert_eq!(type_number(row.name), Some(row.number));
        assert_eq!(type_number(&row.name.to_lowercase()), Some(row.number));
        assert_eq!(type_name(row.number), row.name);
    }
    for (text, number) in
        [("TYPE999", 999), ("type1", 1), ("65535", 65535), ("ANY", 255), ("all", 255)]
    {
        assert_eq!(type_number(text), Some(number), "{text}");
    }
    for text in
        ["", "TYPE", "TYPE65536", "TYPE+1", "+1", "-1", "AAA", "TYPE1x", "\u{e9}\u{e9}\u{e9}"]
    {
        assert_eq!(type_number(text), None, "{text}");
    }
    assert_eq!(type_name(999), "TYPE999");
    assert_eq!(
        (class_name(1), class_name(3), class_name(32)),
        ("IN".into(), "CH".into(), "CLASS32".into())
    );
    assert_eq!(
        (class_number("in"), class_number("CLASS32"), class_number("XX")),
        (Some(1), Some(32), None)
    );
}

#[test]
fn times_are_those_of_the_system_s_calendar() {
    let mut numbers = Numbers(1);
    let fixed =
        [0, 951_782_400, 951_868_799, 1_709_164_800, 2_147_483_648, 4_107_542_400, u32::MAX];
    let others: Vec<u32> = (0..2000).map(|_| numbers.next(1 << 31) * 2 + 1).collect();
    for seconds in fixed.into_iter().chain(others) {
        let [year, month, day, hour, minute, second] = crate::sys::clock::utc(seconds);
        let wanted = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}");
        assert_eq!(text::time(seconds), wanted, "{seconds}");
    }
}

#[test]
fn service_parameters_are_written_as_rfc_9460_says() {
    let https = |pairs: &[u8]| text(65, &bytes(&[&[0, 1, 0], pairs]));
    assert_eq!(https(&[0, 0, 0, 4, 0, 1, 0, 4]), "1 . mandatory=alpn,ipv4hint");
    assert_eq!(
        https(b"\0\x01\0\x08\x01,\x05a\\b\"\x01"),
        "1 . alpn=\"\\\\,,a\\\\\\\\b\\034\\001\""
    );
    assert_eq!(https(b"\0\x05\0\x03ech"), "1 . ech=ZWNo");
    assert_eq!(https(b"\x02\x9b\0\x05hello"), "1 . key667=\"hello\"");
    assert_eq!(https(b"\x02\x9b\0\0"), "1 . key667");
    // A value that is none of its key is shown as bytes.
    assert_eq!(https(&[0, 3, 0, 1, 7]), "1 . port=\"\\007\"");
    for broken in [&[0][..], &[0, 3, 0], &[0, 3, 0, 2, 1]] {
        assert!(with_record(65, &bytes(&[&[0, 1, 0], broken]), |r| r.check().is_err()));
    }
}

#[test]
fn a_type_bit_map_has_windows_of_1_to_32_bytes() {
    let nsec =
        |map: &[u8]| with_record(47, &bytes(&[&[0], map]), |r| r.check().map(|()| formatted(r)));
    assert_eq!(nsec(&[]), Ok(".".to_owned()));
    assert_eq!(nsec(&[0, 1, 0x40]), Ok(". A".to_owned()));
    assert_eq!(nsec(&[255, 1, 0x40]), Ok(". TYPE65281".to_owned()));
    for broken in [&[0, 0][..], &[0, 33], &[0], &[0, 2, 1], &[&[0u8, 33][..], &[0; 33]].concat()] {
        assert_eq!(nsec(broken), Err(Errno::ILLEGAL), "{broken:?}");
    }
}

#[test]
fn names_in_the_data_may_point_back_but_not_beyond_it() {
    let mut bytes = message(CNAME, &[0xc0, 12]);
    let packet = Packet::parse(&bytes).expect("a message");
    let record = packet.records(ANSWER).next().expect("a CNAME");
    assert_eq!(record.host(), Ok(name("x.example")));
    let mut expanded = Vec::new();
    record.expand(&mut expanded).expect("a name");
    assert_eq!(expanded, name("x.example").wire());
    // The name would go on in what follows the data.
    bytes = message(CNAME, b"\x04lo");
    bytes.extend(b"ng\0");
    let packet = Packet::parse(&bytes).expect("a message with bytes behind it");
    let record = packet.records(ANSWER).next().expect("a CNAME");
    assert_eq!(record.host().err(), Some(Errno::ILLEGAL));
    assert!(record.check().is_err());
}

#[test]
fn a_record_that_points_out_of_its_message_is_harmless() {
    let bytes = message(MX, &[0, 1, 0]);
    for (at, length) in [(60_000, 3), (0, 60_000), (65_535, 65_535), (12, 0)] {
        for row in TYPES {
            let record = Record {
                message: &bytes,
                name: at,
                rdata: at,
                length,
                section: ANSWER,
                rtype: row.number,
                class: IN,
                ttl: 0,
            };
            formatted(&record);
            let _ = (record.name().is_ok(), record.host().is_ok(), record.address());
            let _ =
                (record.check().is_ok() || row.number == A, record.expand(&mut Vec::new()).is_ok());
            row.members.iter().for_each(|member| drop(record.member(member.0)));
        }
    }
}

#[test]
fn a_location_has_all_its_signs_and_what_makes_no_sense_is_data() {
    let place = |head: [u8; 4], words: [u32; 3]| {
        let words: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        text(29, &[&head[..], &words].concat())
    };
    let zero = 1 << 31;
    let south = [zero - 152_514_000, zero - 255_978_500, 10_002_405];
    assert_eq!(
        place([0, 0x33, 0x16, 0x13], south),
        "42 21 54.000 S 71 6 18.500 W 24.05m 30m 10000m 10m"
    );
    assert_eq!(
        place([0, 0x50, 0x31, 0x99], [zero, zero, 9_999_999]),
        "0 0 0.000 N 0 0 0.000 E -0.01m 0.05m 0.30m 90000000m"
    );
    for (head, digits) in [([0, 0xa0, 0, 0], "00A00000"), ([0, 0, 0x0a, 0], "00000A00")] {
        let told = place(head, [zero, zero, 10_000_000]);
        assert_eq!(told, format!("\\# 16 {digits}800000008000000000989680"));
    }
    assert_eq!(text(29, &[1, 2]), "\\# 2 0102", "a later version");
    with_record(29, &[0; 15], |record| assert_eq!(record.check(), Err(Errno::ILLEGAL)));
}

/// Targets that point back into the message are read, though nobody should send them (RFC 3597 §4, RFC 9460 §2.2); one that
/// points to itself, forward or nowhere makes its record unreadable, and no other.
#[test]
fn targets_of_services_may_be_compressed_and_lead_back_only() {
    for (rtype, numbers) in [(SRV, &[0, 1, 0, 2, 0, 80][..]), (SVCB, &[0, 1]), (HTTPS, &[0, 1])] {
        let with = |target: &[u8]| [numbers, target].concat();
        let found = with_record(rtype, &with(&[1, b'y', 0xc0, 12]), |record| record.host());
        assert_eq!(found, Ok(name("y.x.example")), "{rtype}");
        // The name of the record is 11 bytes long, its data begin 10 behind it.
        let own = 12 + 11 + 10 + numbers.len() as u8;
        for target in [[0xc0, own], [0xc0, own + 1], [0xc0, 255], [0xff, 0xff], [0x40, 0]] {
            let data = with(&target);
            with_record(rtype, &data, |record| {
                assert_eq!(record.check(), Err(Errno::ILLEGAL), "{rtype} {target:?}");
                assert_eq!(record.host(), Err(Errno::ILLEGAL));
            });
        }
    }
}
