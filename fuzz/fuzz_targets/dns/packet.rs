// SPDX-License-Identifier: MIT
//! Messages: whatever is parsed can be looked at, printed and made anew, and says the same then; beside what the
//! crate `domain` reads in it.

use cqueues::dns::message::name::Name;
use cqueues::dns::message::packet::{flag, Packet, ADDITIONAL, ALL, LARGEST, QUESTION};
use cqueues::dns::message::record::Record;
use cqueues::dns::message::records::Cursor;
use cqueues::dns::message::types::{member, IN};
use domain::base::{Message, ToName};

/// Everything that can be asked of a record.
fn look(record: &Record) {
    let mut text = Vec::new();
    record.format(&mut text);
    assert!(text.iter().all(|byte| (b' '..=b'~').contains(byte)), "{text:?}");
    let name = record.name().expect("names are checked");
    assert!(name.is_at(record.message, record.name as usize));
    for index in 0.. {
        let Some((called, _)) = member(record.rtype, index) else { break };
        let found = record.member(called);
        assert!(
            found.is_ok() || record.check().is_err() || record.section == QUESTION,
            "{called}: {found:?}"
        );
    }
    assert!(record.member("no such member").is_err());
    let _ = (record.host().is_ok(), record.address().is_some());
}

/// What a record says, wherever it stands.
fn said(record: &Record) -> (Name, [u32; 4], Vec<u8>, Vec<u8>) {
    let (mut text, mut data) = (Vec::new(), Vec::new());
    record.format(&mut text);
    record.expand(&mut data).expect("its data is of its type");
    let numbers = [record.section.into(), record.rtype.into(), record.class.into(), record.ttl];
    (record.name().expect("a name"), numbers, text, data)
}

/// The same message, record by record.
fn made_anew(packet: &Packet) -> Packet {
    let mut copy = Packet::new(LARGEST);
    copy.set_id(packet.id());
    copy.set_flags(packet.flags());
    for record in packet.records(ALL) {
        copy.copy(record.section, &record).expect("there is room");
    }
    copy
}

fn compare(ours: &Packet) {
    let Ok(message) = Message::from_octets(ours.wire()) else { return };
    let mut theirs = message.iter();
    for record in ours.records(ALL & !QUESTION) {
        let (other, _) = theirs.next().expect("they see it, too").expect("they can read it");
        assert_eq!(record.name().expect("a name").wire(), other.owner().to_vec().as_slice());
        assert_eq!(record.rtype, other.rtype().to_int());
        assert_eq!(record.class, other.class().to_int());
        assert_eq!(record.ttl, other.ttl().as_secs());
        assert_eq!(usize::from(record.length), usize::from(other.rdlen()));
    }
}

pub fn check(data: &[u8]) {
    let whole = Packet::parse_whole(data);
    let Ok(packet) = Packet::parse(data) else {
        assert!(whole.is_err());
        return;
    };
    packet.format();
    let _ = (packet.rcode(), packet.question());
    packet.records(ALL).for_each(|record| look(&record));
    // A cursor that somebody made up.
    let at = Cursor { at: u32::from(data[0]), index: u32::from(data[1]) };
    packet.cursor(Some(at)).for_each(|record| {
        let mut text = Vec::new();
        record.format(&mut text);
        let _ = (record.name().is_ok(), record.expand(&mut text).is_ok());
    });
    let fit =
        packet.records(ALL).all(|record| record.section == QUESTION || record.check().is_ok());
    assert_eq!(whole.is_ok(), fit);
    if packet.flags() & flag::TC == 0 {
        assert_eq!(packet.records(ALL).count(), packet.count(ALL));
        compare(&packet);
    }
    // One more record changes none of the others.
    let mut longer = packet.clone();
    let owner = Name::scan(b"added.example.com").expect("a name");
    longer.push(ADDITIONAL, &owner, 1, IN, 5, &[192, 0, 2, 1]).expect("there is room");
    assert_eq!(longer.records(ALL).count(), packet.records(ALL).count() + 1);
    for (old, new) in packet.records(ALL).zip(longer.records(ALL)) {
        assert_eq!((old.name, old.section, old.data()), (new.name, new.section, new.data()));
    }
    let last = longer.records(ADDITIONAL).last().expect("the new one");
    assert_eq!((last.name(), last.data()), (Ok(owner), &[192, 0, 2, 1][..]));
    if !fit {
        return;
    }
    let copy = made_anew(&packet);
    let pairs = packet.records(ALL).zip(copy.records(ALL));
    pairs.for_each(|(old, new)| assert_eq!(said(&old), said(&new)));
    assert_eq!(copy.records(ALL).count(), packet.records(ALL).count());
    let again = Packet::parse_whole(copy.wire()).expect("our own message");
    assert_eq!(made_anew(&again).wire(), copy.wire());
}
