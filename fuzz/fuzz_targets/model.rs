// SPDX-License-Identifier: MIT
//! What a program must get, said as plainly as possible: functions of all bytes that have come and
//! not been taken, of whether more can come, and of the settings. Nothing is remembered between
//! calls, nothing is changed in place, and how the bytes came in plays no part.

use cqueues::socket::Format;

/// What may come of a read.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// These bytes for the program, so many off the stream.
    Bytes(Vec<u8>, usize),
    /// EAGAIN.
    Wait,
    /// EPIPE.
    End,
    /// No such thing; so many bytes go with it.
    Nothing(usize),
    /// 1 to so many bytes of these, whatever is at hand.
    Some(Vec<Token>, usize),
    /// Either of two.
    Either(Box<Outcome>, Box<Outcome>),
}

use Outcome::{Bytes, Either, End, Nothing, Wait};

/// A byte for the program and how many bytes of the stream it stands for.
pub type Token = (u8, usize);

/// How bytes are read.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub text: bool,
    pub max_line: usize,
    pub buffer_size: usize,
    /// The peer has closed: nothing follows.
    pub closed: bool,
}

pub fn expect(stream: &[u8], format: Format, rules: Rules) -> Outcome {
    match format {
        Format::All => all(stream, rules),
        Format::Line { keep } => line(stream, keep, rules),
        Format::Header { keep } => header(stream, keep, rules),
        Format::Exactly(count) => exactly(stream, count, rules),
        Format::UpTo(count) => up_to(stream, count, rules),
        Format::Body(boundary) => body(stream, boundary, rules),
    }
}

/// The program's view of bytes. A CR at the end of what has come is not known to be one yet.
fn tokens(stream: &[u8], text: bool, closed: bool) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let is_cr = text && stream[at] == b'\r';
        match stream.get(at + 1) {
            Some(b'\n') if is_cr => {
                found.push((b'\n', 2));
                at += 2;
            }
            None if is_cr && !closed => break,
            _ => {
                found.push((stream[at], 1));
                at += 1;
            }
        }
    }
    found
}

fn taken(tokens: &[Token]) -> Outcome {
    Bytes(tokens.iter().map(|t| t.0).collect(), tokens.iter().map(|t| t.1).sum())
}

fn all(stream: &[u8], rules: Rules) -> Outcome {
    match (rules.closed, stream.is_empty()) {
        (false, _) => Wait,
        (true, true) => Nothing(0),
        (true, false) => taken(&tokens(stream, rules.text, true)),
    }
}

fn exactly(stream: &[u8], count: usize, rules: Rules) -> Outcome {
    let found = tokens(stream, rules.text, rules.closed);
    match found.len() {
        _ if count == 0 => Bytes(Vec::new(), 0),
        have if have >= count => taken(&found[..count]),
        _ if !rules.closed => Wait,
        0 => End,
        _ => taken(&found),
    }
}

fn up_to(stream: &[u8], count: usize, rules: Rules) -> Outcome {
    let found = tokens(stream, rules.text, rules.closed);
    match found.is_empty() {
        _ if count == 0 => Bytes(Vec::new(), 0),
        false => Outcome::Some(found, count),
        true if rules.closed => End,
        true => Wait,
    }
}

fn line(stream: &[u8], keep: bool, rules: Rules) -> Outcome {
    let limit = stream.len().min(rules.max_line);
    match stream[..limit].iter().position(|&byte| byte == b'\n') {
        Some(at) => {
            let mut text = stream[..at].to_vec();
            if rules.text && text.last() == Some(&b'\r') {
                text.pop();
            }
            if keep {
                text.push(b'\n');
            }
            Bytes(text, at + 1)
        }
        None if stream.len() >= rules.max_line => Bytes(stream[..limit].to_vec(), limit),
        None if !rules.closed => Wait,
        None if stream.is_empty() => End,
        None => Bytes(stream.to_vec(), stream.len()),
    }
}

/// A field ends at the first line that is not continued, which the byte behind it tells; that byte
/// must come within the limit.
fn header(stream: &[u8], keep: bool, rules: Rules) -> Outcome {
    let undecided = match rules.closed || stream.len() >= rules.max_line {
        true => Nothing(0),
        false => Wait,
    };
    let name = stream.iter().take_while(|&&b| b.is_ascii_graphic() && b != b':').count();
    let colon = name + stream[name..].iter().take_while(|&&b| b == b' ' || b == b'\t').count();
    if stream == b"\r" || colon == stream.len() {
        return undecided;
    }
    if name == 0 || stream[colon] != b':' {
        return Nothing(0);
    }
    let is_end =
        |at: &usize| stream[*at] == b'\n' && !matches!(stream.get(at + 1), Some(b' ' | b'\t'));
    match (colon..stream.len()).find(is_end) {
        Some(at) if at + 1 >= rules.max_line => Nothing(0),
        Some(at) if at + 1 == stream.len() => undecided,
        Some(at) => Bytes(unfold(&stream[..at + 1], keep, rules.text), at + 1),
        None => undecided,
    }
}

fn unfold(field: &[u8], keep: bool, text: bool) -> Vec<u8> {
    let lines = tokens(field, text || !keep, true);
    lines.iter().map(|token| token.0).filter(|&byte| keep || byte != b'\n').collect()
}

/// What a chunk of a body may hold is limited too, so that it can be of any size.
fn body(stream: &[u8], boundary: &[u8], rules: Rules) -> Outcome {
    let limit = rules.max_line.max(rules.buffer_size);
    match stream.windows(boundary.len()).position(|window| window == boundary) {
        Some(at) => {
            let eol = match stream[..at].ends_with(b"\r\n") {
                true => 2,
                false => usize::from(stream[..at].ends_with(b"\n")),
            };
            match at - eol {
                end if end > limit => beginning(stream, limit, rules.text),
                0 => Nothing(at),
                end => match taken(&tokens(&stream[..end], rules.text, true)) {
                    // The end of line goes with the chunk, or with what ends the body.
                    Bytes(text, count) if count == limit => {
                        Either(Box::new(Bytes(text.clone(), at)), Box::new(Bytes(text, count)))
                    }
                    Bytes(text, _) => Bytes(text, at),
                    other => other,
                },
            }
        }
        None if rules.closed => {
            let rest = match stream.is_empty() {
                true => Nothing(0),
                false => taken(&tokens(stream, rules.text, true)),
            };
            // Whether the end was seen before the limit was reached depends on what came with what.
            match stream.len() > limit + boundary.len() {
                true => Either(Box::new(rest), Box::new(beginning(stream, limit, rules.text))),
                false => rest,
            }
        }
        None if stream.len() > limit + boundary.len() => beginning(stream, limit, rules.text),
        None => Wait,
    }
}

/// So many bytes, and the other half of a CRLF there.
fn beginning(stream: &[u8], limit: usize, text: bool) -> Outcome {
    let cut = text && stream[..=limit].ends_with(b"\r\n");
    taken(&tokens(&stream[..limit + usize::from(cut)], text, true))
}
