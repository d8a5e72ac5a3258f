// SPDX-License-Identifier: MIT
//! What a read asks for, and pure functions over buffered bytes that find it.
//!
//! Each function takes the buffered bytes and whether more can come, changes them in place where the program is to
//! see something else (CRLF to LF, unfolded headers), and says how many to take.

use crate::sys::search;
use memchr::memmem;

/// What a read asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format<'a> {
    /// Everything until end of file.
    All,
    /// A line, with its end of line or without.
    Line {
        /// Keep the end of line.
        keep: bool,
    },
    /// A MIME header field, with its ends of line or unfolded and without.
    Header {
        /// Keep the ends of line.
        keep: bool,
    },
    /// That many bytes, fewer only at end of file.
    Exactly(usize),
    /// At least one byte and at most that many.
    UpTo(usize),
    /// A chunk of a MIME entity that ends at this boundary.
    Body(&'a [u8]),
}

/// What was found at the front of the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Take `consumed` bytes; the first `length` of them are for the program.
    Taken {
        /// Bytes to remove from the buffer.
        consumed: usize,
        /// Bytes for the program, at the front.
        length: usize,
    },
    /// Not complete: look again when the buffer holds more than now, if possible this many bytes.
    NeedMore(usize),
    /// There is none: end of file, the boundary of a body, or bytes that are no header field.
    Nothing,
    /// There is none, and this many bytes at the front are to be dropped.
    Skip(usize),
}

use Found::{NeedMore, Nothing, Skip, Taken};

/// How the bytes are to be read.
#[derive(Clone, Copy)]
pub struct Rules {
    /// CRLF becomes LF.
    pub text: bool,
    /// The longest line.
    pub max_line: usize,
    /// Nothing follows the bytes at hand.
    pub eof: bool,
    /// So many bytes at the front are known to hold no line feed.
    pub scanned: usize,
}

/// Finds what `format` asks for.
pub fn find(data: &mut [u8], format: Format, rules: Rules) -> Found {
    match format {
        Format::All => all(data, rules),
        Format::Line { keep } => line(data, keep, rules),
        Format::Header { keep } => header(data, keep, rules),
        Format::Exactly(count) => exactly(data, count, rules),
        Format::UpTo(count) => up_to(data, count, rules),
        Format::Body(boundary) => body(data, boundary, rules),
    }
}

fn all(data: &mut [u8], rules: Rules) -> Found {
    match (rules.eof, data.is_empty()) {
        (false, _) => NeedMore(data.len().saturating_mul(2)),
        (true, true) => Nothing,
        (true, false) => translated(data, usize::MAX, rules),
    }
}

fn exactly(data: &mut [u8], count: usize, rules: Rules) -> Found {
    if count == 0 {
        return Taken { consumed: 0, length: 0 };
    }
    if data.len() < count && !rules.eof {
        return NeedMore(count);
    }
    if rules.text && !rules.eof {
        // Each CRLF among them makes one byte less; whether a CR at the end is part of one, its successor tells.
        let present = translated_length(data, count);
        if present < count {
            return NeedMore(data.len() + count - present);
        }
    }
    up_to(data, count, rules)
}

fn up_to(data: &mut [u8], count: usize, rules: Rules) -> Found {
    match translated(data, count, rules) {
        Taken { length: 0, .. } if count > 0 && rules.eof => Nothing,
        // As much as the program has room for, within reason: more may be there already.
        Taken { length: 0, .. } if count > 0 => NeedMore(data.len().saturating_add(count)),
        found => found,
    }
}

/// Takes bytes worth at most `count` for the program, CRLF as LF in text mode.
fn translated(data: &mut [u8], count: usize, rules: Rules) -> Found {
    let plain = data.len().min(count);
    // The byte after the span matters too: it may complete a CRLF.
    let first = if rules.text { search::find(b'\r', &data[..plain]) } else { None };
    let Some(first) = first else { return Taken { consumed: plain, length: plain } };
    let (mut from, mut to) = (first, first);
    while from < data.len() && to < count {
        if data[from] == b'\r' {
            match data.get(from + 1) {
                Some(b'\n') => from += 1,
                None if !rules.eof => break,
                _ => {}
            }
        }
        data[to] = data[from];
        (from, to) = (from + 1, to + 1);
    }
    Taken { consumed: from, length: to }
}

/// How many bytes, at most `count`, the program would get now.
fn translated_length(data: &[u8], count: usize) -> usize {
    let (mut from, mut length) = (0, 0);
    while from < data.len() && length < count {
        if data[from] == b'\r' {
            match data.get(from + 1) {
                Some(b'\n') => from += 1,
                None => break,
                _ => {}
            }
        }
        (from, length) = (from + 1, length + 1);
    }
    length
}

fn line(data: &mut [u8], keep: bool, rules: Rules) -> Found {
    if let Some((consumed, length)) = whole_line(data, keep, rules) {
        return Taken { consumed, length };
    }
    let span = data.len().min(rules.max_line);
    match data.is_empty() {
        true if rules.eof => Nothing,
        _ if rules.eof || data.len() >= rules.max_line => Taken { consumed: span, length: span },
        _ => NeedMore(data.len() + 1),
    }
}

/// Finds a line with its end, whatever `Rules::eof` says: how many bytes to take, and how many of them are for the program.
#[inline(always)]
pub fn whole_line(data: &mut [u8], keep: bool, rules: Rules) -> Option<(usize, usize)> {
    let span = data.len().min(rules.max_line);
    let scanned = rules.scanned.min(span);
    let end = scanned + search::find(b'\n', &data[scanned..span])?;
    let crlf = rules.text && end > 0 && data[end - 1] == b'\r';
    let length = match (keep, crlf) {
        (false, true) => end - 1,
        (false, false) => end,
        (true, true) => {
            data[end - 1] = b'\n';
            end
        }
        (true, false) => end + 1,
    };
    Some((end + 1, length))
}

/// Whether a byte may be part of a field name: a printable character other than the colon, RFC 5322 §2.2. (Blanks
/// between name and colon, which programs have come to rely on, are taken care of in `header`.)
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b':'
}

fn header(data: &mut [u8], keep: bool, rules: Rules) -> Found {
    let name = data.iter().take_while(|&&b| is_name_byte(b)).count();
    let blanks = data[name..].iter().take_while(|&&b| b == b' ' || b == b'\t').count();
    // Whether a field ends at a line feed is told by the byte behind it: a blank continues the field. The limit
    // counts that byte too.
    let more = |data: &[u8]| match rules.eof || data.len() >= rules.max_line {
        true => Nothing,
        false => NeedMore(data.len() + 1),
    };
    match data.get(name + blanks) {
        None if name == 0 && blanks > 0 => return Nothing, // no name can follow
        None => return more(data),
        Some(b'\r') if name + blanks == 0 && data.len() == 1 => return more(data),
        Some(b':') if name > 0 => {}
        Some(_) => return Nothing,
    }
    let mut end = name;
    loop {
        let Some(found) = search::find(b'\n', &data[end..]) else { return more(data) };
        end += found + 1;
        if end >= rules.max_line {
            return Nothing;
        }
        match data.get(end) {
            None => return more(data),
            Some(b' ' | b'\t') => {}
            Some(_) => return field(data, end, keep, rules.text),
        }
    }
}

/// The header field of `end` bytes, its last byte an LF.
fn field(data: &mut [u8], end: usize, keep: bool, text: bool) -> Found {
    let mut to = 0;
    let mut from = 0;
    while from < end {
        let crlf = data[from] == b'\r' && data.get(from + 1) == Some(&b'\n') && from + 1 < end;
        let byte = match (crlf, data[from] == b'\n', keep) {
            (true, _, false) => {
                from += 2;
                continue;
            }
            (false, true, false) => {
                from += 1;
                continue;
            }
            (true, _, true) if text => {
                from += 1;
                b'\n'
            }
            _ => data[from],
        };
        data[to] = byte;
        (from, to) = (from + 1, to + 1);
    }
    Taken { consumed: end, length: to }
}

fn body(data: &mut [u8], boundary: &[u8], rules: Rules) -> Found {
    match memmem::find(data, boundary) {
        Some(at) => chunk(data, at, rules),
        None if rules.eof => match translated(data, usize::MAX, rules) {
            Taken { consumed: 0, .. } => Nothing,
            found => found,
        },
        None => {
            // The last bytes stay: they may be the beginning of an end of line and the boundary.
            let certain = data.len().saturating_sub(boundary.len() + 1);
            match certain >= rules.max_line {
                true => beginning(data, rules),
                false => NeedMore(data.len() + 1),
            }
        }
    }
}

/// The chunk in front of a boundary at `at`, without the end of line that belongs to the boundary.
fn chunk(data: &mut [u8], at: usize, rules: Rules) -> Found {
    let end = match (at.checked_sub(2), at.checked_sub(1)) {
        (Some(i), _) if &data[i..at] == b"\r\n" => i,
        (_, Some(i)) if data[i] == b'\n' => i,
        _ => at,
    };
    if end > rules.max_line {
        return beginning(data, rules);
    }
    match translated(&mut data[..end], usize::MAX, Rules { eof: true, ..rules }) {
        Taken { length: 0, .. } if at > 0 => Skip(at),
        Taken { length: 0, .. } => Nothing,
        Taken { length, .. } => Taken { consumed: at, length },
        found => found,
    }
}

/// As much as the limit allows of a part that goes on behind it; a CRLF there is not cut in two.
fn beginning(data: &mut [u8], rules: Rules) -> Found {
    let cut = rules.text && data[..=rules.max_line].ends_with(b"\r\n");
    let end = rules.max_line + usize::from(cut);
    translated(&mut data[..end], usize::MAX, Rules { eof: true, ..rules })
}

/// Writes `data` to `out` with LF as CRLF.
pub fn compose_text(data: &[u8], mut out: impl FnMut(&[u8])) {
    let mut rest = data;
    while let Some(at) = search::find(b'\n', rest) {
        out(&rest[..at]);
        out(b"\r\n");
        rest = &rest[at + 1..];
    }
    out(rest);
}

/// Whether text translation would change these bytes on the way out.
pub fn needs_translation(data: &[u8]) -> bool {
    search::find(b'\n', data).is_some()
}

#[cfg(test)]
mod tests;
