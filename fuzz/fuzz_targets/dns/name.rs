// SPDX-License-Identifier: MIT
//! Names: text to wire and back, and names inside messages, beside what the crate `domain` makes of the text.

use cqueues::dns::message::name::{check as check_at, expand, skip, Name, LONGEST};
use domain::base::Name as Theirs;

/// From text, and back.
fn scanned(text: &[u8]) {
    let ours = Name::scan(text);
    if let Ok(name) = &ours {
        let wire = name.wire();
        assert!(wire.len() <= LONGEST && wire.last() == Some(&0));
        let again = Name::scan(name.to_string().as_bytes()).expect("our own text");
        assert_eq!(again.wire(), wire, "{text:?}");
        let (parsed, next) = Name::parse(wire, 0).expect("our own wire form");
        assert_eq!((parsed.wire(), next), (wire, wire.len()));
        assert_eq!(&parsed, name);
        assert!(name.is_at(wire, 0) && name.is_within(name) && name.is_within(&Name::root()));
        let ups = std::iter::successors(name.parent(), Name::parent);
        assert_eq!(ups.inspect(|up| assert!(name.is_within(up))).count(), name.labels());
    }
    // Of the root's text, of comments and of quotes they have other ideas.
    let plain = text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    if let Some(text) = std::str::from_utf8(text).ok().filter(|text| plain && !text.is_empty()) {
        let theirs = text.parse::<Theirs<Vec<u8>>>();
        assert_eq!(
            ours.as_ref().ok().map(Name::wire),
            theirs.ok().as_ref().map(|n| n.as_slice()),
            "{text}"
        );
    }
}

/// At a place of a message.
fn parsed(message: &[u8], at: usize) {
    let mut wire = [0; LONGEST];
    match Name::parse(message, at) {
        Ok((name, next)) => {
            assert_eq!(check_at(message, at), Ok(next));
            assert_eq!(skip(message, at), Ok(next));
            let (size, end) = expand(message, at, &mut wire).expect("it was parsed");
            assert_eq!((&wire[..size], end), (name.wire(), next));
            assert!(name.is_at(message, at));
            scanned(name.to_string().as_bytes());
        }
        Err(error) => {
            assert_eq!(check_at(message, at), Err(error));
            assert_eq!(expand(message, at, &mut wire).err(), Some(error));
        }
    }
}

pub fn check(data: &[u8]) {
    scanned(data);
    (0..data.len().min(40)).for_each(|at| parsed(data, at));
    parsed(data, data.len());
}
