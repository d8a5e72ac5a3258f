// SPDX-License-Identifier: MIT
//! Domain names: uncompressed wire form, the compressed form inside messages, and text. RFC 1035
//! §3.1, §4.1.4 and §5.1; letters compare without case, RFC 4343.

use crate::errno::{Errno, Result};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The most bytes of a name on the wire.
pub const LONGEST: usize = 255;

/// The most bytes of a label.
const LABEL: usize = 63;

/// A name in wire form: labels, each after its length, and an empty one at the end. A length is
/// below every letter, so case is folded over all bytes alike.
///
/// Counted, since a name is copied to many places on its way; atomically, since tables of hosts and hints are
/// shared by resolvers that may be in different threads.
#[derive(Clone)]
pub struct Name(Arc<[u8]>);

impl Name {
    /// The root.
    pub fn root() -> Name {
        Name(Arc::new([0]))
    }

    /// From text; with or without a final dot, `\.` and `\065` escaped. CQ_EILLEGAL for an empty
    /// label, one beyond 63 bytes, a name beyond 255, a broken escape.
    pub fn scan(text: &[u8]) -> Result<Name> {
        let mut wire = [0u8; LONGEST + 1];
        // The place of the label's length, and of the next byte.
        let (mut label, mut at) = (0, 1);
        let mut rest = if text == b"." { b"" } else { text };
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            // One byte stays for the root. How long labels are is seen when they end.
            if at >= LONGEST {
                return Err(Errno::ILLEGAL);
            }
            if byte == b'.' {
                close(&mut wire, label, at)?;
                label = at;
            } else {
                wire[at] = if byte == b'\\' { unescape(&mut rest)? } else { byte };
            }
            at += 1;
        }
        if at - label > 1 {
            close(&mut wire, label, at)?;
            at += 1;
        }
        match at <= LONGEST {
            true => {
                wire[at - 1] = 0;
                Ok(Name(wire[..at].into()))
            }
            false => Err(Errno::ILLEGAL),
        }
    }

    /// From a message; also where what follows the name begins.
    pub fn parse(message: &[u8], at: usize) -> Result<(Name, usize)> {
        let mut wire = [0u8; LONGEST];
        let (size, next) = expand(message, at, &mut wire)?;
        Ok((Name(wire[..size].into()), next))
    }

    /// The same name with each letter in a random case; `random` gives 32 random bits.
    pub fn respelt(&self, mut random: impl FnMut() -> u32) -> Name {
        let (mut bits, mut wire) = (0u32, [0; LONGEST]);
        let wire = &mut wire[..self.0.len()];
        wire.copy_from_slice(&self.0);
        // Lengths of labels are below every letter.
        for byte in wire.iter_mut().filter(|byte| byte.is_ascii_alphabetic()) {
            // The highest bit that is set tells how many are left.
            if bits <= 1 {
                bits = random() | 1 << 31;
            }
            *byte ^= (bits as u8 & 1) << 5;
            bits >>= 1;
        }
        Name((&*wire).into())
    }

    /// Whether it is a copy of another one; equal names that are no copies may be told apart.
    pub fn is_copy_of(&self, other: &Name) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The wire form.
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// How many labels it has, the root not counted.
    pub fn labels(&self) -> usize {
        Labels(&self.0).count()
    }

    /// Whether it is `zone` or below it.
    pub fn is_within(&self, zone: &Name) -> bool {
        self.ends_in(&zone.0)
    }

    /// Whether its last labels, in wire form, are these.
    pub fn ends_in(&self, suffix: &[u8]) -> bool {
        let mut rest = &self.0[..];
        while rest.len() > suffix.len() {
            rest = &rest[1 + rest[0] as usize..];
        }
        same(rest, suffix)
    }

    /// Without its first label; `None` for the root.
    pub fn parent(&self) -> Option<Name> {
        (!self.is_root()).then(|| Name(self.0[1 + self.0[0] as usize..].into()))
    }

    /// This name, then the labels of another.
    pub fn join(&self, suffix: &Name) -> Result<Name> {
        let wire = [&self.0[..self.0.len() - 1], &suffix.0].concat();
        if wire.len() > LONGEST {
            return Err(Errno::ILLEGAL);
        }
        Ok(Name(wire.into()))
    }

    /// Whether the name at `at` of a message is this one.
    pub fn is_at(&self, message: &[u8], at: usize) -> bool {
        stands(message, at, &self.0)
    }
}

/// Whether names are equal but for the case of letters. Most are spelt the same, which is seen in a few instructions.
#[inline]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a == b || a.eq_ignore_ascii_case(b)
}

/// Whether the name at `at` of a message is the one of a wire form.
pub fn stands(message: &[u8], at: usize, wire: &[u8]) -> bool {
    // Most names point to where the same bytes stand.
    let pointer = message.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]));
    let place = (pointer & 0x3FFF) as usize;
    if pointer >= 0xC000 && place < at && message[place..].starts_with(wire) {
        return true;
    }
    let mut rest = wire;
    trace(message, at, |labels| match rest.split_at_checked(labels.len()) {
        Some((mine, others)) if same(mine, labels) => {
            rest = others;
            Ok(())
        }
        _ => Err(Errno::ILLEGAL),
    })
    .is_ok_and(|_| rest.len() == 1)
}

/// Writes the length of the label that begins at `label` and ends before `at`.
fn close(wire: &mut [u8; LONGEST + 1], label: usize, at: usize) -> Result<()> {
    match at - label - 1 {
        length @ 1..=LABEL => {
            wire[label] = length as u8;
            Ok(())
        }
        _ => Err(Errno::ILLEGAL),
    }
}

/// The byte that a `\` stands for, taken from what follows it.
fn unescape(rest: &mut &[u8]) -> Result<u8> {
    let (byte, used) = match **rest {
        [a @ b'0'..=b'9', b, c, ..] if b.is_ascii_digit() && c.is_ascii_digit() => {
            let digits = [a, b, c].map(|digit| u32::from(digit - b'0'));
            let value = digits[0] * 100 + digits[1] * 10 + digits[2];
            (u8::try_from(value).map_err(|_| Errno::ILLEGAL)?, 3)
        }
        [b'0'..=b'9', ..] | [] => return Err(Errno::ILLEGAL),
        [byte, ..] => (byte, 1),
    };
    *rest = &rest[used..];
    Ok(byte)
}

/// Goes over the labels, each with its length in front, of the name at `at` of a message, as many together as
/// stand in a row; tells where what follows it begins. CQ_EILLEGAL beyond the message's end, or for a pointer that
/// does not lead backwards: each one must, so none can loop.
#[inline]
fn trace<'a>(
    message: &'a [u8],
    mut at: usize,
    mut each: impl FnMut(&'a [u8]) -> Result<()>,
) -> Result<usize> {
    let (mut start, mut next) = (at, None);
    loop {
        let length = *message.get(at).ok_or(Errno::ILLEGAL)? as usize;
        match length {
            // No more than the longest name are gone through before somebody counts.
            1..=LABEL if at - start < LONGEST => at += 1 + length,
            0 => {
                each(&message[start..at])?;
                return Ok(next.unwrap_or(at + 1));
            }
            0xC0..=0xFF => {
                let low = *message.get(at + 1).ok_or(Errno::ILLEGAL)? as usize;
                each(&message[start..at])?;
                next.get_or_insert(at + 2);
                at = (length & 0x3F) << 8 | low;
                if at >= start {
                    return Err(Errno::ILLEGAL);
                }
                start = at;
            }
            _ => return Err(Errno::ILLEGAL),
        }
    }
}

/// Copies the name at `at` out of a message, uncompressed: its size, and where what follows it
/// begins. CQ_EILLEGAL also beyond the longest name.
pub fn expand(message: &[u8], at: usize, wire: &mut [u8; LONGEST]) -> Result<(usize, usize)> {
    let mut size = 0;
    let next = trace(message, at, |labels| {
        // The root has to fit, too.
        let room = wire[..LONGEST - 1].get_mut(size..size + labels.len()).ok_or(Errno::ILLEGAL)?;
        room.copy_from_slice(labels);
        size += labels.len();
        Ok(())
    })?;
    wire[size] = 0;
    Ok((size + 1, next))
}

/// Checks the name at `at` of a message; tells where what follows it begins.
pub fn check(message: &[u8], at: usize) -> Result<usize> {
    let mut size = 1;
    trace(message, at, |labels| {
        size += labels.len();
        (size <= LONGEST).then_some(()).ok_or(Errno::ILLEGAL)
    })
}

/// Where what follows the name at `at` begins. The name itself is looked at by whoever expands it.
pub fn skip(message: &[u8], mut at: usize) -> Result<usize> {
    loop {
        match *message.get(at).ok_or(Errno::ILLEGAL)? {
            0 => return Ok(at + 1),
            length @ 1..=63 => at += 1 + length as usize,
            0xC0..=0xFF if at + 1 < message.len() => return Ok(at + 2),
            _ => return Err(Errno::ILLEGAL),
        }
    }
}

/// The labels of a wire form, without the root.
pub struct Labels<'a>(pub &'a [u8]);

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&length, rest) = self.0.split_first()?;
        let (label, rest) = rest.split_at_checked(length as usize)?;
        self.0 = rest;
        (length > 0).then_some(label)
    }
}

/// Appends the text of a wire form: each label and a dot; what would be misread is escaped.
pub fn format(wire: &[u8], text: &mut Vec<u8>) {
    if wire.len() <= 1 {
        text.push(b'.');
    }
    for label in Labels(wire) {
        for &byte in label {
            match byte {
                b'.' | b'\\' => text.extend([b'\\', byte]),
                // They begin comments in files, and no escape before them changes that.
                b'#' | b';' => text.extend(format!("\\{byte:03}").bytes()),
                b'!'..=b'~' => text.push(byte),
                _ => text.extend(format!("\\{byte:03}").bytes()),
            }
        }
        text.push(b'.');
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(self.0.len());
        format(&self.0, &mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut folded = [0u8; LONGEST];
        let folded = &mut folded[..self.0.len()];
        folded.copy_from_slice(&self.0);
        folded.make_ascii_lowercase();
        state.write(folded);
    }
}

#[cfg(test)]
mod tests;
