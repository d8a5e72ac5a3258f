// SPDX-License-Identifier: MIT
//! Each format on streams that arrive whole, and cut wherever they can be cut.

use super::*;
use std::collections::VecDeque;

const LINE: Format = Format::Line { keep: false };
const LINE_KEPT: Format = Format::Line { keep: true };
const HEADER: Format = Format::Header { keep: false };
const HEADER_KEPT: Format = Format::Header { keep: true };
const BODY: Format = Format::Body(b"--x");

/// A stream that arrives in pieces, read as a socket reads it.
struct Stream {
    pieces: VecDeque<Vec<u8>>,
    buffer: Vec<u8>,
    eof: bool,
    text: bool,
    max_line: usize,
    scanned: usize,
}

impl Stream {
    fn new(pieces: &[&[u8]], text: bool, max_line: usize) -> Stream {
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        Stream { pieces, buffer: Vec::new(), eof: false, text, max_line, scanned: 0 }
    }

    fn read(&mut self, format: Format) -> Option<Vec<u8>> {
        loop {
            let (text, max_line, eof) = (self.text, self.max_line, self.eof);
            let rules = Rules { text, max_line, eof, scanned: self.scanned };
            match find(&mut self.buffer, format, rules) {
                Taken { consumed, length } => {
                    assert!(length <= consumed && consumed <= self.buffer.len());
                    self.scanned = 0;
                    let taken = self.buffer[..length].to_vec();
                    self.buffer.drain(..consumed);
                    return Some(taken);
                }
                Nothing => return None,
                Skip(count) => {
                    self.buffer.drain(..count);
                    return None;
                }
                NeedMore(_) => self.arrive(matches!(format, Format::Line { .. })),
            }
        }
    }

    fn arrive(&mut self, is_line: bool) {
        assert!(!self.eof, "more is wanted although nothing can come");
        self.scanned = if is_line { self.buffer.len() } else { 0 };
        match self.pieces.pop_front() {
            Some(piece) => self.buffer.extend(piece),
            None => self.eof = true,
        }
    }

    /// Reads until there is no more of it.
    fn read_all(&mut self, format: Format) -> Vec<Vec<u8>> {
        let mut results = Vec::new();
        while let Some(result) = self.read(format) {
            results.push(result);
            assert!(results.len() < 1000, "{format:?} reads on for ever");
        }
        results
    }

    fn rest(&self) -> Vec<u8> {
        self.pieces.iter().fold(self.buffer.clone(), |rest, piece| [rest, piece.clone()].concat())
    }
}

/// What a program reads from `input` in one piece, and what is left.
fn read_all(input: &[u8], format: Format, text: bool) -> (Vec<String>, String) {
    let mut stream = Stream::new(&[input], text, 4096);
    let results = stream.read_all(format).iter().map(|r| printable(r)).collect();
    (results, printable(&stream.rest()))
}

fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn one(pieces: &[&str], format: Format, text: bool) -> Option<String> {
    let pieces: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
    Stream::new(&pieces, text, 4096).read(format).map(|r| printable(&r))
}

fn assert_reads(input: &str, format: Format, text: bool, wanted: &[&str], rest: &str) {
    let (results, left) = read_all(input.as_bytes(), format, text);
    assert_eq!(results, wanted, "{format:?} of {input:?}, text {text}");
    assert_eq!(left, rest, "left by {format:?} of {input:?}, text {text}");
}

#[test]
fn a_line_ends_at_its_line_feed_and_the_last_one_at_end_of_file() {
    assert_reads("one\n\ntwo\nthree", LINE, false, &["one", "", "two", "three"], "");
    assert_reads("one\n\ntwo\nthree", LINE_KEPT, false, &["one\n", "\n", "two\n", "three"], "");
}

#[test]
fn a_line_in_text_mode_loses_one_carriage_return_before_its_line_feed() {
    assert_reads("a\r\nb\r\r\n\rc\r", LINE, true, &["a", "b\r", "\rc\r"], "");
    assert_reads("a\r\nb\r\r\n\rc\r", LINE_KEPT, true, &["a\n", "b\r\n", "\rc\r"], "");
}

#[test]
fn a_line_in_binary_mode_keeps_its_carriage_return() {
    assert_reads("a\r\nb\r", LINE, false, &["a\r", "b\r"], "");
    assert_reads("a\r\nb\r", LINE_KEPT, false, &["a\r\n", "b\r"], "");
}

#[test]
fn a_line_longer_than_the_limit_comes_in_pieces() {
    let read = |input: &[u8], limit| Stream::new(&[input], false, limit).read_all(LINE);
    assert_eq!(read(b"abcdefghij\nk", 4), [&b"abcd"[..], b"efgh", b"ij", b"k"]);
    assert_eq!(read(b"abc\n", 3), [&b"abc"[..], b""]);
    assert_eq!(read(b"abc\n", 4), [&b"abc"[..]]);
    let text = Stream::new(&[b"abcd\r\n"], true, 4).read_all(LINE);
    assert_eq!(text, [&b"abcd"[..], b""]);
}

#[test]
fn an_empty_stream_has_no_line_and_no_bytes() {
    for format in [LINE, LINE_KEPT, Format::All, Format::Exactly(3), Format::UpTo(3)] {
        assert_reads("", format, true, &[], "");
    }
    assert_reads("", HEADER, true, &[], "");
    assert_reads("", BODY, true, &[], "");
}

#[test]
fn everything_is_translated_in_text_mode_only() {
    assert_reads("a\r\nb\rc\r\n", Format::All, true, &["a\nb\rc\n"], "");
    assert_reads("a\r\nb\rc\r\n", Format::All, false, &["a\r\nb\rc\r\n"], "");
    assert_reads("\r", Format::All, true, &["\r"], "");
}

#[test]
fn everything_comes_only_at_end_of_file() {
    let mut data = *b"abc";
    let rules = Rules { text: false, max_line: 4096, eof: false, scanned: 0 };
    assert!(matches!(find(&mut data, Format::All, rules), NeedMore(_)));
}

#[test]
fn a_count_is_met_exactly_and_only_the_last_read_is_short() {
    assert_reads("abcdefg", Format::Exactly(3), false, &["abc", "def", "g"], "");
}

#[test]
fn a_count_in_text_mode_counts_what_the_program_sees() {
    assert_reads("a\r\nb\r\nc", Format::Exactly(3), true, &["a\nb", "\nc"], "");
    assert_reads("a\rb", Format::Exactly(2), true, &["a\r", "b"], "");
    assert_reads("one\r", Format::Exactly(4), true, &["one\r"], "");
    assert_eq!(one(&["a\r", "\nb"], Format::Exactly(2), true).as_deref(), Some("a\n"));
    assert_eq!(one(&["a\r", "b"], Format::Exactly(2), true).as_deref(), Some("a\r"));
}

#[test]
fn a_count_of_nothing_is_met_at_once_even_at_end_of_file() {
    for eof in [false, true] {
        let rules = Rules { text: true, max_line: 4096, eof, scanned: 0 };
        let found = find(&mut [], Format::Exactly(0), rules);
        assert_eq!(found, Taken { consumed: 0, length: 0 });
    }
}

#[test]
fn up_to_a_count_takes_what_there_is_but_a_carriage_return_waits_for_its_successor() {
    let up_to = Format::UpTo(10);
    assert_eq!(one(&["one\r", "\ntwo"], up_to, true).as_deref(), Some("one"));
    assert_eq!(one(&["\r", "\ntwo"], up_to, true).as_deref(), Some("\ntwo"));
    assert_eq!(one(&["one\r", "\ntwo"], up_to, false).as_deref(), Some("one\r"));
    assert_eq!(one(&["\r"], up_to, true).as_deref(), Some("\r"));
    assert_eq!(one(&["abcd"], Format::UpTo(2), true).as_deref(), Some("ab"));
    assert_eq!(one(&["\r\n\r\nx"], Format::UpTo(2), true).as_deref(), Some("\n\n"));
}

#[test]
fn header_fields_are_unfolded_and_lose_their_ends_of_line() {
    let input = "A: 1\r\nB: 2\r\n 3\r\n\t4\r\nC : 5\r\n\r\nbody";
    let fields = ["A: 1", "B: 2 3\t4", "C : 5"];
    assert_reads(input, HEADER, true, &fields, "\r\nbody");
    assert_reads(input, HEADER, false, &fields, "\r\nbody");
    assert_reads("A: 1\r\r\nx", HEADER, true, &["A: 1\r"], "x");
}

#[test]
fn header_fields_keep_folds_and_ends_of_line_if_asked_to() {
    let input = "A: 1\r\nB: 2\r\n 3\r\n\r\n";
    assert_reads(input, HEADER_KEPT, true, &["A: 1\n", "B: 2\n 3\n"], "\r\n");
    assert_reads(input, HEADER_KEPT, false, &["A: 1\r\n", "B: 2\r\n 3\r\n"], "\r\n");
}

#[test]
fn what_is_no_header_field_stays_in_the_buffer() {
    for input in ["\n", "\r\n", " A: 1\n", ": 1\nx", "A B: 1\nx", "A\u{1}: 1\nx", "A\n", "\rx"] {
        assert_reads(input, HEADER, true, &[], input);
    }
    let (results, rest) = read_all(b"\xe9: 1\nx", HEADER, true);
    assert!(results.is_empty() && !rest.is_empty());
}

#[test]
fn blanks_behind_a_name_may_be_followed_by_its_colon_and_those_at_the_beginning_may_not() {
    assert_eq!(one(&["A \t ", ": 1\nx"], HEADER, true).as_deref(), Some("A \t : 1"));
    assert_eq!(one(&[" ", ": 1\nx"], HEADER, true), None);
}

#[test]
fn a_last_header_field_without_anything_behind_it_might_go_on_and_stays() {
    assert_reads("A: 1\nB: 2\n", HEADER, true, &["A: 1"], "B: 2\n");
    assert_reads("A: 1\nB", HEADER, true, &["A: 1"], "B");
}

#[test]
fn a_header_field_must_fit_the_limit_with_the_byte_that_ends_it() {
    let field = b"A: 12345\nB"; // nine bytes
    for cut in 0..=field.len() {
        let (first, second) = field.split_at(cut);
        for (limit, wanted) in [(8, None), (9, None), (10, Some(&b"A: 12345"[..]))] {
            let mut stream = Stream::new(&[first, second], true, limit);
            let found = stream.read(HEADER);
            assert_eq!(found.as_deref(), wanted, "limit {limit}, cut {cut}");
        }
    }
}

#[test]
fn the_closing_blank_line_of_a_header_may_arrive_in_two_pieces() {
    let mut stream = Stream::new(&[b"A: 1\r", b"\n\r", b"\nbody"], true, 4096);
    assert_eq!(stream.read_all(HEADER), [b"A: 1"]);
    assert_eq!(stream.read(LINE).as_deref(), Some(&b""[..]));
    assert_eq!(stream.read(Format::All).as_deref(), Some(&b"body"[..]));
}

#[test]
fn a_part_ends_before_the_end_of_line_that_belongs_to_the_boundary() {
    assert_reads("part\r\n--x\r\n", BODY, true, &["part"], "--x\r\n");
    assert_reads("part\n--x", BODY, false, &["part"], "--x");
    assert_reads("a\r\nb\r\n\r\n--x", BODY, true, &["a\nb\n"], "--x");
    assert_reads("a\r\nb\r\n\r\n--x", BODY, false, &["a\r\nb\r\n"], "--x");
    assert_reads("part --xy", BODY, true, &["part "], "--xy");
    assert_reads("part\r--x", BODY, true, &["part\r"], "--x");
}

#[test]
fn an_empty_part_is_nothing_and_leaves_the_boundary() {
    assert_reads("--x\n", BODY, true, &[], "--x\n");
    assert_reads("\r\n--x\n", BODY, true, &[], "--x\n");
    assert_reads("\n--x\n", BODY, false, &[], "--x\n");
}

#[test]
fn a_part_without_boundary_ends_with_the_stream() {
    assert_reads("part\r\n--", BODY, true, &["part\n--"], "");
}

#[test]
fn a_long_part_comes_in_chunks_of_the_limit() {
    for cut in 0..20 {
        let (first, second) = b"abcdefghijkl\r\n--x---".split_at(cut);
        let mut stream = Stream::new(&[first, second], true, 4);
        assert_eq!(stream.read_all(BODY).concat(), b"abcdefghijkl", "cut {cut}");
        assert_eq!(stream.rest(), b"--x---", "cut {cut}");
    }
}

#[test]
fn lines_going_out_in_text_mode_end_in_crlf() {
    let composed = |data: &[u8]| {
        let mut out: Vec<u8> = Vec::new();
        compose_text(data, |bytes| out.extend(bytes));
        out
    };
    assert_eq!(composed(b"a\nb\r\n\n"), b"a\r\nb\r\r\n\r\n");
    assert_eq!(composed(b""), b"");
    assert!(needs_translation(b"a\n") && !needs_translation(b"a\r"));
}

const FORMATS: &[Format] = &[
    Format::All,
    LINE,
    LINE_KEPT,
    HEADER,
    HEADER_KEPT,
    Format::Exactly(1),
    Format::Exactly(2),
    Format::Exactly(5),
    Format::UpTo(1),
    Format::UpTo(3),
    BODY,
    Format::Body(b"-"),
];

const ALPHABET: &[u8] = b"a:\r\n -x";

/// What a program reads, and what is left, must not depend on how the stream was cut. How much one
/// "up to" read takes is the exception.
fn assert_cuts_change_nothing(input: &[u8]) {
    for &format in FORMATS {
        for (text, max_line) in [(false, 1), (false, 4), (true, 1), (true, 3), (true, 4096)] {
            let read = |pieces: &[&[u8]]| {
                let mut stream = Stream::new(pieces, text, max_line);
                let results = stream.read_all(format);
                match format {
                    Format::UpTo(_) => (vec![results.concat()], stream.rest()),
                    _ => (results, stream.rest()),
                }
            };
            let (results, rest) = read(&[input]);
            let told = |how: String| {
                let input = printable(input);
                format!("{format:?} of {input:?} {how}, text {text}, limit {max_line}")
            };
            for cut in 1..input.len() {
                let (first, second) = input.split_at(cut);
                let found = read(&[first, second]);
                assert_eq!(
                    (&found.0, &found.1),
                    (&results, &rest),
                    "{}",
                    told(format!("cut at {cut}"))
                );
            }
            let bytes: Vec<&[u8]> = input.chunks(1).collect();
            let found = read(&bytes);
            assert_eq!((&found.0, &found.1), (&results, &rest), "{}", told("in bytes".to_owned()));
        }
    }
}

#[test]
fn no_short_stream_reads_differently_when_it_arrives_in_pieces() {
    for length in 0..=4u32 {
        for number in 0..ALPHABET.len().pow(length) {
            let digit = |place| ALPHABET[number / ALPHABET.len().pow(place) % ALPHABET.len()];
            let input: Vec<u8> = (0..length).map(digit).collect();
            assert_cuts_change_nothing(&input);
        }
    }
}

#[test]
fn no_long_stream_reads_differently_when_it_arrives_in_pieces() {
    let mut seed = 1u64;
    for _ in 0..300 {
        let mut draw = |limit: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % limit
        };
        let length = 5 + draw(30);
        let input: Vec<u8> = (0..length).map(|_| ALPHABET[draw(ALPHABET.len())]).collect();
        assert_cuts_change_nothing(&input);
    }
    for input in [
        "A: 1\r\n 2\r\n\t3\r\nB:\r\n\r\n",
        "text\r\nmore\r\n\r\n--x\r\n",
        "\r\r\n\n\r",
        "a:\n -x\n\n",
    ] {
        assert_cuts_change_nothing(input.as_bytes());
    }
}
