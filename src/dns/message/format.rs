// SPDX-License-Identifier: MIT
//! Messages as text, much as dig(1) prints them.

use super::name;
use super::packet::{flag, Packet, ADDITIONAL, ANSWER, AUTHORITY, QUESTION};
use super::record::Record;
use super::records::counts;
use super::types::{class_name, layout, type_name, IN};

impl Packet {
    /// The whole message as text, much as dig(1) prints it.
    pub fn format(&self) -> Vec<u8> {
        let mut text = format!(";; [HEADER]\n;;    qid : {}\n", self.id()).into_bytes();
        let flags = self.flags();
        for (label, bit, names) in FLAGS {
            let set = usize::from(flags & bit != 0);
            text.extend(format!(";; {label:>6} : {}({set})\n", names[set]).bytes());
            if *bit == flag::QR {
                let code = flag::opcode(flags);
                text.extend(format!(";; opcode : {}({code})\n", named(OPCODES, code)).bytes());
            }
        }
        let code = flag::rcode(flags);
        text.extend(format!(";;  rcode : {}({code})\n", named(RCODES, code)).bytes());
        for (index, &(name, section)) in SECTIONS.iter().enumerate() {
            let count = counts(&self.data)[index];
            if count > 0 {
                text.extend(format!("\n;; [{name}:{count}]\n").bytes());
                self.records(section).for_each(|record| format_line(&record, &mut text));
            }
        }
        text
    }
}

/// The sections by name.
pub static SECTIONS: &[(&str, u8)] = &[
    ("QUESTION", QUESTION),
    ("ANSWER", ANSWER),
    ("AUTHORITY", AUTHORITY),
    ("ADDITIONAL", ADDITIONAL),
];

/// The operations by name, RFC 1035 §4.1.1, RFC 1996, RFC 2136.
pub static OPCODES: &[(&str, u16)] =
    &[("QUERY", 0), ("IQUERY", 1), ("STATUS", 2), ("NOTIFY", 4), ("UPDATE", 5)];

/// The outcomes by name, RFC 1035 §4.1.1, RFC 2136 §2.2.
pub static RCODES: &[(&str, u16)] = &[
    ("NOERROR", 0),
    ("FORMERR", 1),
    ("SERVFAIL", 2),
    ("NXDOMAIN", 3),
    ("NOTIMP", 4),
    ("REFUSED", 5),
    ("YXDOMAIN", 6),
    ("YXRRSET", 7),
    ("NXRRSET", 8),
    ("NOTAUTH", 9),
    ("NOTZONE", 10),
];

const FLAGS: &[(&str, u16, [&str; 2])] = &[
    ("qr", flag::QR, ["QUERY", "RESPONSE"]),
    ("aa", flag::AA, ["NON-AUTHORITATIVE", "AUTHORITATIVE"]),
    ("tc", flag::TC, ["NOT-TRUNCATED", "TRUNCATED"]),
    ("rd", flag::RD, ["RECURSION-NOT-DESIRED", "RECURSION-DESIRED"]),
    ("ra", flag::RA, ["RECURSION-NOT-ALLOWED", "RECURSION-ALLOWED"]),
];

/// The name of a number, or the number.
pub fn named(names: &[(&str, u16)], number: u16) -> String {
    let found = names.iter().find(|entry| entry.1 == number);
    found.map_or_else(|| number.to_string(), |entry| entry.0.to_owned())
}

/// One record on a line of its own.
fn format_line(record: &Record, text: &mut Vec<u8>) {
    let mut wire = [0; name::LONGEST];
    let question = record.section == QUESTION;
    if question {
        text.push(b';');
    }
    let size = name::expand(record.message, record.name as usize, &mut wire).map_or(0, |e| e.0);
    name::format(&wire[..size], text);
    if !question {
        text.extend(format!(" {}", record.ttl).bytes());
    }
    let class = match record.class {
        IN => class_name(IN),
        other => other.to_string(),
    };
    let rtype = match layout(record.rtype) {
        Some(_) => type_name(record.rtype),
        None => record.rtype.to_string(),
    };
    text.extend(format!(" {class} {rtype}").bytes());
    if !question {
        text.push(b' ');
        record.format(text);
    }
    text.push(b'\n');
}
