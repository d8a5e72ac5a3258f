// SPDX-License-Identifier: MIT
//! What counts as the answer to a query.

use super::*;
use crate::clock::Instant;
use crate::dns::message::packet::{ADDITIONAL, AUTHORITY, QUESTION};
use crate::dns::message::types::{A, AAAA, IN, OPT};
use crate::dns::resolve::cookie::Cookies;

const ID: u16 = 0x2b1a;

fn name(text: &str) -> Name {
    Name::scan(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn exchange(edns: bool) -> Exchange {
    let server = "192.0.2.1:53".parse().expect("an address");
    let ask = Ask {
        server,
        transport: Default::default(),
        name: name("www.example.com"),
        rtype: A,
        class: IN,
        recursive: true,
    };
    Exchange::new(ask, ID, edns)
}

/// A message with this header and question, and one address.
fn message(id: u16, flags: u16, question: Option<(&str, u16, u16)>) -> Packet {
    let mut packet = Packet::new(4096);
    packet.set_id(id);
    packet.set_flags(flags);
    if let Some((owner, rtype, class)) = question {
        packet.push(QUESTION, &name(owner), rtype, class, 0, &[]).expect("a question");
    }
    packet.push(ANSWER, &name("www.example.com"), A, IN, 9, &[192, 0, 2, 9]).expect("an answer");
    packet
}

const OURS: Option<(&str, u16, u16)> = Some(("www.example.com", A, IN));

fn judged(edns: bool, packet: &Packet) -> &'static str {
    told(&exchange(edns).judge(packet.wire(), false))
}

fn told(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Ignore => "ignore",
        Verdict::Answer(_) => "answer",
        Verdict::Truncated(_) => "truncated",
        Verdict::WithoutEdns => "without EDNS",
        Verdict::BadCookie(_) => "bad cookie",
        Verdict::Unproven { letters: false } => "no cookie",
        Verdict::Unproven { letters: true } => "other letters",
        Verdict::Noise(Noise::Forged) => "forged",
        Verdict::Noise(Noise::Unproven { .. }) => unreachable!(),
        Verdict::Noise(Noise::Malformed) => "malformed",
        Verdict::Noise(Noise::Unasked(_)) => "unasked",
    }
}

/// The query of an exchange, read.
fn sent(exchange: &Exchange) -> Packet {
    Packet::parse(exchange.query(&mut [0; ROOM])).expect("a message")
}

#[test]
fn a_query_asks_one_question_and_says_how_large_answers_may_be() {
    let plain = exchange(false);
    assert_eq!(sent(&plain).wire().len(), plain.size());
    assert_eq!(sent(&plain).flags(), flag::RD);
    assert_eq!(sent(&plain).question(), Some((name("www.example.com"), A, IN)));
    let edns = exchange(true);
    assert_eq!(sent(&edns).wire().len(), edns.size());
    let query = sent(&edns);
    let opt = query.records(ADDITIONAL).next().expect("an OPT");
    assert_eq!((opt.rtype, opt.class, opt.ttl), (OPT, 1232, 0));
    let mut ask = edns.ask.clone();
    ask.recursive = false;
    assert_eq!(sent(&Exchange::new(ask, ID, false)).flags(), 0);
}

#[test]
fn the_answer_has_our_id_and_our_question() {
    assert_eq!(judged(false, &message(ID, flag::QR, OURS)), "answer");
    assert_eq!(judged(false, &message(ID, flag::QR, Some(("WWW.eXample.com", A, IN)))), "answer");
    let others = [
        message(ID ^ 1, flag::QR, OURS),
        message(ID.swap_bytes(), flag::QR, OURS),
        message(ID, flag::QR, Some(("www.example.org", A, IN))),
        message(ID, flag::QR, Some(("www.example.com", AAAA, IN))),
        message(ID, flag::QR, Some(("www.example.com", A, 3))),
        message(ID, flag::QR, None),
    ];
    for (index, packet) in others.iter().enumerate() {
        assert_eq!(judged(false, packet), "ignore", "{index}");
    }
}

#[test]
fn a_query_or_another_operation_is_no_answer() {
    assert_eq!(judged(false, &message(ID, 0, OURS)), "ignore");
    assert_eq!(judged(false, &message(ID, flag::QR | 4 << 11, OURS)), "ignore");
    assert_eq!(judged(false, &sent(&exchange(false))), "ignore", "our own query, reflected");
}

#[test]
fn two_questions_are_not_ours() {
    let mut packet = Packet::query(ID, flag::QR, &name("www.example.com"), A, IN);
    packet.push(QUESTION, &name("other"), A, IN, 0, &[]).expect("a second question");
    assert_eq!(judged(false, &packet), "ignore");
}

#[test]
fn an_error_may_leave_out_the_question_and_other_answers_may_not() {
    let bare = |flags: u16| [&ID.to_be_bytes()[..], &flags.to_be_bytes(), &[0; 8]].concat();
    for (code, wanted) in [
        (rcode::FORMERR, "unasked"),
        (rcode::SERVFAIL, "unasked"),
        (rcode::NOTIMP, "unasked"),
        (rcode::REFUSED, "unasked"),
        (rcode::SERVFAIL | flag::TC, "unasked"),
        (rcode::NOERROR, "ignore"),
        (rcode::NXDOMAIN, "ignore"),
    ] {
        let verdict = exchange(false).judge(&bare(flag::QR | code), false);
        assert_eq!(told(&verdict), wanted, "{code}");
        // Over a connection nobody else can have sent it.
        let over_stream = if wanted == "unasked" { "answer" } else { wanted };
        let verdict = exchange(false).judge(&bare(flag::QR | code), true);
        assert!(code & flag::TC != 0 || told(&verdict) == over_stream, "{code}");
    }
}

/// A good answer, and behind it one record more whose bytes are broken.
fn and_broken(section: u8, count: usize) -> Vec<u8> {
    let mut bytes = message(ID, flag::QR, OURS).wire().to_vec();
    bytes[section.trailing_zeros() as usize * 2 + 5] += count as u8;
    // An A of five bytes, then nothing but the beginning of a name.
    bytes.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 5, 1, 2, 3, 4, 5, 7]);
    bytes
}

#[test]
fn good_answers_before_broken_records_of_other_sections_are_used() {
    for section in [AUTHORITY, ADDITIONAL] {
        for count in 1..4 {
            match exchange(true).judge(&and_broken(section, count), false) {
                Verdict::Answer(packet) => {
                    assert_eq!((packet.count(ANSWER), packet.count(section)), (1, 0));
                    assert!(Packet::parse_whole(packet.wire()).is_ok());
                }
                other => panic!("{section} {count}: {}", told(&other)),
            }
        }
    }
    assert_eq!(told(&exchange(true).judge(&and_broken(ANSWER, 1), false)), "malformed");
}

#[test]
fn a_question_count_beyond_one_byte_is_not_none() {
    let mut bytes = message(ID, flag::QR | rcode::SERVFAIL, None).wire().to_vec();
    bytes[4] = 1;
    assert_eq!(told(&exchange(false).judge(&bytes, false)), "ignore");
}

#[test]
fn a_server_that_does_not_know_edns_is_asked_without() {
    for code in [rcode::FORMERR, rcode::NOTIMP] {
        assert_eq!(judged(true, &message(ID, flag::QR | code, OURS)), "without EDNS");
        let bare = message(ID, flag::QR | code, None);
        assert_eq!(judged(true, &bare), "unasked");
        assert_eq!(told(&exchange(true).judge(bare.wire(), true)), "without EDNS");
        assert_eq!(judged(false, &message(ID, flag::QR | code, OURS)), "answer", "it was without");
    }
    let mut version = message(ID, flag::QR, OURS);
    version.push(ADDITIONAL, &Name::root(), OPT, 512, 1 << 24, &[]).expect("an OPT");
    assert_eq!(judged(true, &version), "without EDNS");
    for code in [rcode::SERVFAIL, rcode::REFUSED, rcode::NXDOMAIN] {
        assert_eq!(judged(true, &message(ID, flag::QR | code, OURS)), "answer");
    }
}

#[test]
fn an_answer_that_was_cut_is_asked_for_again_and_none_is_cut_on_a_stream() {
    let packet = message(ID, flag::QR | flag::TC, OURS);
    assert_eq!(judged(false, &packet), "truncated");
    assert_eq!(told(&exchange(false).judge(packet.wire(), true)), "answer", "it is all there");
    let part = &packet.wire()[..packet.wire().len() - 3];
    assert_eq!(told(&exchange(false).judge(part, false)), "truncated");
    assert_eq!(told(&exchange(false).judge(part, true)), "malformed");
    let mut empty = packet.wire()[..12 + 17 + 4].to_vec();
    empty[7] = 0;
    assert_eq!(told(&exchange(false).judge(&empty, true)), "malformed", "nothing came");
    // An error counts more than that it was cut.
    assert_eq!(
        judged(true, &message(ID, flag::QR | flag::TC | rcode::FORMERR, OURS)),
        "without EDNS"
    );
}

#[test]
fn an_answer_that_cannot_be_read_is_the_server_s_fault() {
    let whole = message(ID, flag::QR, OURS);
    let bytes = whole.wire();
    for size in 33..bytes.len() {
        assert_eq!(told(&exchange(false).judge(&bytes[..size], false)), "malformed", "{size}");
    }
    // Of an address, three bytes.
    let mut packet = Packet::query(ID, flag::QR, &name("www.example.com"), A, IN);
    packet.push(ANSWER, &Name::root(), 999, IN, 9, &[1, 2, 3]).expect("a record");
    let mut bytes = packet.wire().to_vec();
    let at = bytes.len() - 3 - 10;
    bytes[at..at + 2].copy_from_slice(&[0, 1]);
    assert_eq!(told(&exchange(false).judge(&bytes, false)), "malformed");
}

#[test]
fn what_is_shorter_than_a_header_is_nothing() {
    let bytes = sent(&exchange(false));
    for size in 0..HEADER {
        assert_eq!(told(&exchange(false).judge(&bytes.wire()[..size], false)), "ignore", "{size}");
    }
}

#[test]
fn another_id_makes_it_another_exchange() {
    let mut exchange = exchange(false);
    exchange.set_id(7);
    assert_eq!((exchange.id(), sent(&exchange).id()), (7, 7));
    assert_eq!(told(&exchange.judge(message(ID, flag::QR, OURS).wire(), false)), "ignore");
    assert_eq!(told(&exchange.judge(message(7, flag::QR, OURS).wire(), false)), "answer");
}

const OWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

/// An exchange that sends a cookie; `known`: the server has given one.
fn with_cookie(known: bool) -> Exchange {
    let (mut cookies, now) = (Cookies::default(), Instant(1));
    let mut first = exchange(true);
    let server = first.ask.server;
    if known {
        first = first.with_cookie(cookies.offer(1, server, now), false);
        first.leave_from(OWN);
        let lesson = first.lesson(&cooked(&first, 0, &[1; 8], 0), false);
        cookies.keep(1, server, lesson.cookie.expect("a cookie"), now);
    }
    let mut sent = exchange(true).with_cookie(cookies.offer(1, server, now), false);
    assert!(sent.needs_address());
    sent.leave_from(OWN);
    sent
}

/// A reply with the client cookie, changed by `change`, and a server cookie.
fn cooked(exchange: &Exchange, change: u8, server: &[u8], code: u16) -> Packet {
    let mut packet = message(ID, flag::QR | code & 15, OURS);
    let sent = exchange.cookie.expect("a cookie");
    let mut data = [&sent.data()[..8], server].concat();
    data[0] ^= change;
    let option = [&[0, 10, 0, data.len() as u8], &data[..]].concat();
    let ttl = u32::from(code >> 4) << 24;
    packet.push(ADDITIONAL, &Name::root(), OPT, 1232, ttl, &option).expect("an OPT");
    packet
}

#[test]
fn a_query_has_a_client_cookie_and_what_the_server_gave() {
    for (known, size) in [(false, 8), (true, 16)] {
        let exchange = with_cookie(known);
        let query = sent(&exchange);
        assert_eq!(query.wire().len(), exchange.size());
        let opt = query.records(ADDITIONAL).next().expect("an OPT");
        assert_eq!(opt.data()[..4], [0, 10, 0, size]);
        assert_eq!(opt.data().len(), 4 + size as usize);
        assert!(Packet::parse_whole(query.wire()).is_ok());
    }
}

#[test]
fn a_reply_with_another_cookie_is_noise_and_one_without_is_believed_until_the_server_gave_one() {
    for known in [false, true] {
        let sent = with_cookie(known);
        let verdict = |packet: &Packet, stream| told(&sent.judge(packet.wire(), stream));
        let bare = message(ID, flag::QR, OURS);
        assert_eq!(verdict(&cooked(&sent, 0, &[7; 8], 0), false), "answer");
        assert_eq!(verdict(&bare, false), if known { "no cookie" } else { "answer" });
        let mut refusal = message(ID, flag::QR | rcode::FORMERR, OURS);
        let expected = if known { "no cookie" } else { "without EDNS" };
        assert_eq!(verdict(&refusal, false), expected, "a refusal is no better");
        refusal.set_flags(flag::QR | flag::TC);
        let expected = if known { "no cookie" } else { "truncated" };
        assert_eq!(verdict(&refusal, false), expected, "nor is a cut reply");
        for change in [1, 128] {
            assert_eq!(verdict(&cooked(&sent, change, &[7; 8], 0), false), "forged");
        }
        let copy = cooked(&sent, 0, &[], rcode::FORMERR);
        assert_eq!(verdict(&copy, false), "without EDNS", "who copies the query has seen it");
        for size in [0, 1, 7, 33] {
            assert_eq!(verdict(&cooked(&sent, 0, &vec![7; size], 0), false), "forged", "{size}");
        }
        assert_eq!(verdict(&bare, true), "answer", "nobody else can answer there");
        assert_eq!(sent.lesson(&bare, true).no_cookies, known);
        assert!(!sent.lesson(&bare, false).no_cookies);
        let given = sent.lesson(&cooked(&sent, 0, &[7; 8], 0), false).cookie.expect("a cookie");
        assert_eq!(given.data()[8..], [7; 8]);
        assert_eq!(sent.lesson(&cooked(&sent, 1, &[7; 8], 0), true), Lesson::default());
    }
}

#[test]
fn a_refused_cookie_is_told_unless_it_is_forged() {
    let sent = with_cookie(true);
    let refused = cooked(&sent, 0, &[7; 16], rcode::BADCOOKIE);
    assert_eq!(told(&sent.judge(refused.wire(), false)), "bad cookie");
    assert_eq!(told(&sent.judge(refused.wire(), true)), "answer");
    let forged = cooked(&sent, 1, &[7; 16], rcode::BADCOOKIE);
    assert_eq!(told(&sent.judge(forged.wire(), false)), "forged");
}

#[test]
fn random_letters_must_come_back_over_udp_unless_a_cookie_does() {
    let letters = || 0b0101_0011u32;
    let spelt = exchange(true).with_random_letters(letters);
    let query = sent(&spelt);
    let (sent, ..) = query.question().expect("a question");
    assert_ne!(sent.to_string(), "www.example.com.");
    assert_eq!(sent, name("www.example.com"));
    let reply = |owner: &str| message(ID, flag::QR, Some((owner, A, IN)));
    let (right, wrong) = (reply(&sent.to_string()), reply("www.example.com"));
    assert_eq!(told(&spelt.judge(right.wire(), false)), "answer");
    assert_eq!(told(&spelt.judge(wrong.wire(), false)), "other letters");
    assert_eq!(told(&spelt.judge(wrong.wire(), true)), "answer");
    assert_eq!((spelt.lesson(&right, true).folds, spelt.lesson(&wrong, true).folds), (false, true));
    let mut both = with_cookie(true).with_random_letters(letters);
    both.leave_from(OWN);
    let proven = cooked(&both, 0, &[7; 8], 0);
    assert_eq!(told(&both.judge(proven.wire(), false)), "answer");
    assert!(both.lesson(&proven, false).folds);
}

#[test]
fn who_asks_gets_the_letters_back_in_which_he_asked() {
    let mut ask = exchange(false).ask;
    ask.name = name("wWw.Example.cOm");
    let spelt = Exchange::new(ask, ID, false).with_random_letters(|| 0x5555_5555);
    let sent = sent(&spelt).question().expect("a question").0;
    let mut packet = Packet::new(4096);
    packet.push(QUESTION, &sent, A, IN, 0, &[]).expect("a question");
    packet.push(ANSWER, &sent, A, IN, 9, &[192, 0, 2, 9]).expect("an answer");
    packet.push(AUTHORITY, &name("EXAMPLE.COM"), 2, IN, 9, b"\x02nS\0").expect("a server");
    // As servers write that do not compress.
    let mut wire = packet.wire().to_vec();
    wire.extend(name("exAMPLE.com").wire());
    wire.extend([0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]);
    wire[11] = 1;
    let mut packet = Packet::parse_whole(&wire).expect("a message");
    spelt.restore_letters(&mut packet);
    let owners = packet.records(15).map(|record| record.name().expect("a name").to_string());
    let expected = ["wWw.Example.cOm.", "wWw.Example.cOm.", "Example.cOm.", "Example.cOm."];
    assert_eq!(owners.collect::<Vec<_>>(), expected);
    assert_eq!(
        packet.records(AUTHORITY).next().expect("it").host().expect("it").to_string(),
        "nS."
    );
}

#[test]
fn a_padded_query_is_a_multiple_of_128_bytes_and_only_with_edns() {
    for length in 1..=60 {
        let ask =
            Ask { name: name(&format!("{}.example", "x".repeat(length))), ..exchange(true).ask };
        let padded = Exchange::new(ask.clone(), 7, true).with_padding();
        let wire = sent(&padded).wire().len();
        assert_eq!((wire % BLOCK, padded.size()), (0, wire), "{length}");
        assert!(
            wire - Exchange::new(ask.clone(), 7, true).size() < BLOCK + 4,
            "no more than needed"
        );
        let without = Exchange::new(ask, 7, false).with_padding();
        assert_eq!(sent(&without).wire().len(), HEADER + length + 1 + 9 + 4);
        assert_eq!(without.size(), HEADER + length + 1 + 9 + 4);
    }
}
