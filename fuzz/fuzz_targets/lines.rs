// SPDX-License-Identifier: MIT
//! Every read format over streams that arrive in any pieces, with every setting changed at any time,
//! beside a model that sees the whole stream.
//!
//! A script: `+N..` the peer sends N bytes, `*NM..` sends them M times, `c` it closes; `l L h H a`
//! formats, `eN` exactly, `uN` up to, `E U` the same with two digits, `bN` body up to a boundary;
//! `gN..` unget, `fN` fill; `mN` `M` longest line, `sN` buffer size, `t` text or binary, `p` patient or not.

#![no_main]

mod model;
mod script;

use cqueues::errno::Errno;
use cqueues::socket::{Direction, Format, Flags, Patience, Socket};
use libfuzzer_sys::fuzz_target;
use model::{expect, Outcome, Rules, Token};
use script::Script;
use std::io::Write;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

/// The most that is on the way, so that feeding never fills the kernel's buffer for long.
const MOST: usize = 60_000;

const BOUNDARIES: [&[u8]; 4] = [b"--x", b"\n", b"-", b"--long boundary"];

struct Stage {
    socket: Socket,
    peer: Option<UnixStream>,
    /// What was sent and ungot and not taken yet.
    stream: Vec<u8>,
    rules: Rules,
    patient: bool,
}

impl Stage {
    fn new() -> Stage {
        let (ours, peer) = UnixStream::pair().expect("a socket pair");
        peer.set_nonblocking(true).expect("a non-blocking peer");
        let socket = Socket::adopt(ours.into_raw_fd()).expect("a socket");
        let rules = Rules { text: true, max_line: 4096, buffer_size: 4096, closed: false };
        Stage { socket, peer: Some(peer), stream: Vec::new(), rules, patient: false }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let Some(peer) = &mut self.peer else { return };
        let room = MOST.saturating_sub(self.stream.len()).min(bytes.len());
        // A full kernel buffer takes less.
        let sent = peer.write(&bytes[..room]).unwrap_or(0);
        self.stream.extend(&bytes[..sent]);
    }

    fn unget(&mut self, bytes: &[u8]) {
        self.socket.unget(bytes).expect("unget");
        self.stream.splice(0..0, bytes.iter().copied());
    }

    fn close(&mut self) {
        self.peer = None;
        self.rules.closed = true;
    }

    fn fill(&mut self, count: usize) {
        let wanted = match self.stream.len() {
            have if have >= count => Ok(()),
            _ if self.rules.closed => Err(Errno::PIPE),
            _ => Err(Errno::AGAIN),
        };
        assert_eq!(self.socket.fill(count), wanted, "fill {count} of {}", self.stream.len());
    }

    fn receive(&self, format: Format) -> Result<Option<Vec<u8>>, Errno> {
        let flags = Flags::parse(if self.rules.text { b"t" } else { b"b" });
        let patience = Patience { wait: self.patient, flush: false };
        self.socket.receive(format, flags, patience, |bytes| bytes.to_vec())
    }

    fn read(&mut self, format: Format) {
        let mut found = self.receive(format);
        // A patient read looks only where the poller told it to: at the last bytes, then at their end.
        for _ in 0..2 {
            if self.patient && found == Err(Errno::AGAIN) {
                self.socket.readable();
                found = self.receive(format);
            }
        }
        if found == Err(Errno::AGAIN) {
            let interest = self.socket.interest();
            assert_eq!(interest.events, libc::POLLIN as _, "what {format:?} waits for");
            assert!(interest.timeout.is_none());
        }
        let wanted = expect(&self.stream, format, self.rules);
        let count = matches(&found, &wanted).unwrap_or_else(|| {
            panic!("{format:?} {:?} of {:?}: {found:?}, not {wanted:?}", self.rules, self.stream)
        });
        self.stream.drain(..count);
        assert!(self.socket.pending(Direction::Input) <= self.stream.len());
    }

    fn step(&mut self, script: &mut Script) {
        match script.byte() {
            b'+' => {
                let count = script.small();
                self.feed(script.bytes(count));
            }
            b'*' => {
                let (count, times) = (script.small(), script.small());
                let bytes = script.bytes(count).repeat(times);
                self.feed(&bytes);
            }
            b'c' => self.close(),
            b'l' => self.read(Format::Line { keep: false }),
            b'L' => self.read(Format::Line { keep: true }),
            b'h' => self.read(Format::Header { keep: false }),
            b'H' => self.read(Format::Header { keep: true }),
            b'a' => self.read(Format::All),
            b'e' => self.read(Format::Exactly(script.small())),
            b'u' => self.read(Format::UpTo(script.small())),
            b'E' => self.read(Format::Exactly(script.large())),
            b'U' => self.read(Format::UpTo(script.large())),
            b'b' => self.read(Format::Body(BOUNDARIES[script.small() % BOUNDARIES.len()])),
            b'g' => {
                let count = script.small();
                self.unget(script.bytes(count));
            }
            b'f' => self.fill(script.small()),
            b'm' => self.limit_lines(script.small() + 1),
            b'M' => self.limit_lines(4096),
            b's' => {
                self.rules.buffer_size = script.small() + 1;
                self.socket.set_buffer_size(Direction::Input, self.rules.buffer_size);
            }
            b't' => self.rules.text = !self.rules.text,
            b'p' => self.patient = !self.patient,
            _ => {}
        }
    }

    fn limit_lines(&mut self, size: usize) {
        self.rules.max_line = size;
        self.socket.set_max_line(Direction::Input, size);
    }
}

/// How many bytes a result takes off the stream, `None` if it is wrong.
fn matches(found: &Result<Option<Vec<u8>>, Errno>, wanted: &Outcome) -> Option<usize> {
    match (wanted, found) {
        (Outcome::Bytes(text, count), Ok(Some(data))) => (data == text).then_some(*count),
        (Outcome::Wait, Err(Errno::AGAIN)) | (Outcome::End, Err(Errno::PIPE)) => Some(0),
        (Outcome::Nothing(count), Ok(None)) => Some(*count),
        (Outcome::Some(tokens, most), Ok(Some(data))) => take_some(tokens, *most, data),
        (Outcome::Either(first, second), _) => matches(found, first).or(matches(found, second)),
        _ => None,
    }
}

fn take_some(tokens: &[Token], most: usize, data: &[u8]) -> Option<usize> {
    let first = tokens.get(..data.len())?;
    let equal = first.iter().zip(data).all(|(token, byte)| token.0 == *byte);
    let fits = (1..=most).contains(&data.len());
    (equal && fits).then(|| first.iter().map(|token| token.1).sum())
}

fuzz_target!(|data: &[u8]| {
    let mut script = Script::new(data);
    let mut stage = Stage::new();
    while !script.is_over() {
        stage.step(&mut script);
    }
    // However it went, nothing is lost: what is left comes out at the end.
    stage.close();
    stage.read(Format::All);
});
