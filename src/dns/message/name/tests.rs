// SPDX-License-Identifier: MIT
//! Names: text, wire form, compression.

use super::*;

fn name(text: &str) -> Name {
    Name::scan(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn text_becomes_labels_with_their_lengths() {
    assert_eq!(name("www.example.").wire(), b"\x03www\x07example\0");
    assert_eq!(name("www.example").wire(), b"\x03www\x07example\0");
    assert_eq!(name(".").wire(), b"\0");
    assert_eq!(name("").wire(), b"\0");
    assert_eq!(name(r"a\.b.c\065\\").wire(), b"\x03a.b\x03cA\\\0");
}

#[test]
fn what_is_no_name_is_refused() {
    let long = "a".repeat(64);
    for text in ["..", ".a", "a..b", "a..", r"a\", r"a\25", r"a\999", &long, &format!("b.{long}.c")]
    {
        assert_eq!(Name::scan(text.as_bytes()).err(), Some(Errno::ILLEGAL), "{text}");
    }
}

#[test]
fn the_longest_label_and_the_longest_name_fit_exactly() {
    assert_eq!(name(&"a".repeat(63)).wire().len(), 65);
    let label = "a".repeat(63);
    let most = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(name(&most).wire().len(), LONGEST);
    assert_eq!(name(&format!("{most}.")).wire().len(), LONGEST);
    assert!(Name::scan(format!("{most}b").as_bytes()).is_err());
    assert!(Name::scan(format!("{most}.b").as_bytes()).is_err());
}

#[test]
fn every_byte_comes_back_from_text() {
    for byte in 0..=255u8 {
        let wire = [1, byte, 0];
        let (parsed, next) = Name::parse(&wire, 0).expect("a name of one label");
        assert_eq!(next, 3);
        assert_eq!(name(&parsed.to_string()).wire(), wire, "{byte}");
    }
}

#[test]
fn case_does_not_matter_and_is_kept() {
    use std::hash::{BuildHasher, RandomState};
    let (a, b) = (name("WWW.Example"), name("www.eXample."));
    assert_eq!(a, b);
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&a), hasher.hash_one(&b));
    assert_eq!(a.to_string(), "WWW.Example.");
    assert_ne!(a, name("www.example.net"));
}

#[test]
fn pointers_lead_back_and_only_back() {
    //             0: example      9: www -> 0   15: itself  17: forwards
    let message = b"\x07example\0\x03www\xC0\x00\xC0\x0F\xC0\x13\0";
    let (found, next) = Name::parse(message, 9).expect("www.example");
    assert_eq!((found.to_string().as_str(), next), ("www.example.", 15));
    assert!(found.is_at(message, 9));
    assert!(name("EXAMPLE").is_at(message, 0));
    assert!(!name("www").is_at(message, 9));
    assert!(!name("www.example.net").is_at(message, 9));
    for at in [15, 17, 19, 20, 100] {
        assert_eq!(Name::parse(message, at).err().is_some(), at != 19, "{at}");
    }
    assert_eq!(skip(message, 9), Ok(15));
}

#[test]
fn a_name_that_pointers_make_too_long_is_refused() {
    // Labels of one byte, each pointing to the one before.
    let mut message = vec![1, b'a', 0];
    let mut last = 0;
    let mut longest = 0;
    for _ in 0..200 {
        let at = message.len();
        message.extend([1, b'a', 0xC0 | (last >> 8) as u8, last as u8]);
        last = at;
        match Name::parse(&message, at) {
            Ok((found, next)) => {
                assert_eq!(next, message.len());
                assert_eq!(check(&message, at), Ok(next));
                longest = found.wire().len();
            }
            Err(_) => assert!(check(&message, at).is_err() && longest == LONGEST),
        }
    }
    assert_eq!(longest, LONGEST);
}

#[test]
fn zones_contain_what_is_below_them() {
    let zone = name("example.net");
    for (text, within) in [
        ("example.net", true),
        ("www.EXAMPLE.net", true),
        ("badexample.net", false),
        ("net", false),
    ] {
        assert_eq!(name(text).is_within(&zone), within, "{text}");
    }
    assert!(name("anything.at.all").is_within(&Name::root()));
    assert_eq!(name("a.b").parent().and_then(|up| up.parent()), Some(Name::root()));
    assert_eq!(Name::root().parent().map(|up| up.labels()), None);
}
