// SPDX-License-Identifier: MIT
//! Writing with every mode changed at any time, through a kernel buffer that fills, beside the stream
//! that the peer must get.
//!
//! A script: `wN..` writes N bytes, `WNM..` writes them M times over, `f` flushes as the mode says, `F`
//! everything; `rN` `R` the peer takes N or all bytes; `t` text or binary, `n` `l` `b` not, by lines or
//! fully buffered; `mN` longest line, `sN` `S` buffer size, `k` a small kernel buffer.

#![no_main]

mod script;

use cqueues::capi::socket_output::{cq_socket_try_flush, cq_socket_try_send};
use cqueues::capi::socket_settings::cq_mode_parse;
use cqueues::socket::{Buffering, Direction, Mode, Socket};
use libfuzzer_sys::fuzz_target;
use script::Script;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

struct Stage {
    socket: Socket,
    peer: UnixStream,
    /// What was taken, as the peer must see it, and has not come out yet.
    stream: VecDeque<u8>,
    mode: Mode,
    max_line: usize,
    size: usize,
    /// Some of what is buffered was written in another mode than by lines: its lines are not known as
    /// such, as in the original.
    mixed: bool,
}

impl Stage {
    fn new() -> Stage {
        let (ours, peer) = UnixStream::pair().expect("a socket pair");
        peer.set_nonblocking(true).expect("a non-blocking peer");
        let socket = Socket::adopt(ours.into_raw_fd()).expect("a socket");
        let mode = Mode::default();
        Stage { socket, peer, stream: VecDeque::new(), mode, max_line: 4096, size: 4096, mixed: false }
    }

    fn shrink_kernel_buffer(&self) {
        let size: libc::c_int = 1;
        let length = size_of::<libc::c_int>() as libc::socklen_t;
        let value = (&raw const size).cast();
        let fd = self.socket.fd();
        // SAFETY: the value is readable for its length.
        let result =
            unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, value, length) };
        assert_eq!(result, 0);
    }

    fn write(&mut self, data: &[u8]) {
        let mut taken = usize::MAX;
        // SAFETY: the data is readable for its size.
        let code = unsafe {
            cq_socket_try_send(
                &self.socket,
                data.as_ptr().cast(),
                data.len(),
                self.number(self.mode.buffering),
                &mut taken,
            )
        };
        assert!(taken <= data.len());
        for &byte in &data[..taken] {
            if self.mode.text && byte == b'\n' {
                self.stream.push_back(b'\r');
            }
            self.stream.push_back(byte);
        }
        self.mixed &= self.socket.pending(Direction::Output) > taken;
        self.mixed |= self.mode.buffering != Buffering::Line;
        match code {
            0 => {
                assert_eq!(taken, data.len());
                self.check_due(self.mode.buffering);
            }
            code => self.check_waits(code),
        }
    }

    fn flush(&mut self, buffering: Buffering) {
        // SAFETY: no pointers but that of the socket.
        match unsafe { cq_socket_try_flush(&self.socket, self.number(buffering)) } {
            0 => self.check_due(buffering),
            code => self.check_waits(code),
        }
    }

    /// A mode as a number of the C interface.
    fn number(&self, buffering: Buffering) -> u32 {
        let flags = [if self.mode.text { b't' } else { b'b' }, buffering.flag()];
        // SAFETY: the flags are readable for their size.
        unsafe { cq_mode_parse(flags.as_ptr().cast(), flags.len()) }
    }

    /// What may still be buffered after a success.
    fn check_due(&self, buffering: Buffering) {
        let pending = self.socket.pending(Direction::Output);
        let last = self.stream.range(self.stream.len() - pending..);
        let fits = match buffering {
            Buffering::No => pending == 0,
            Buffering::Full => pending < self.size,
            Buffering::Line => {
                pending < self.max_line.min(self.size)
                    && (self.mixed || !last.copied().any(|byte| byte == b'\n'))
            }
        };
        assert!(fits, "{buffering:?}: {pending} bytes are kept back, of {:?}", self.stream);
    }

    fn check_waits(&self, code: i32) {
        assert_eq!(code, libc::EAGAIN);
        assert_eq!(self.socket.interest().events, libc::POLLOUT as _);
        assert!(self.socket.pending(Direction::Output) > 0 || !self.stream.is_empty());
    }

    /// The peer takes at most so many bytes. False when there are none.
    fn take(&mut self, most: usize) -> bool {
        let mut data = vec![0; most];
        match self.peer.read(&mut data) {
            Ok(count) => {
                assert!(count <= self.stream.len() - self.socket.pending(Direction::Output));
                assert!(
                    self.stream.drain(..count).eq(data[..count].iter().copied()),
                    "wrong bytes"
                );
                count > 0
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                let pending = self.socket.pending(Direction::Output);
                assert_eq!(self.stream.len(), pending, "bytes that were sent are lost");
                false
            }
        }
    }

    fn step(&mut self, script: &mut Script) {
        match script.byte() {
            b'w' => {
                let count = script.small();
                self.write(script.bytes(count));
            }
            b'W' => {
                let (count, times) = (script.small(), script.large());
                self.write(&script.bytes(count).repeat(times));
            }
            b'f' => self.flush(self.mode.buffering),
            b'F' => self.flush(Buffering::No),
            b'r' => {
                self.take(script.small() + 1);
            }
            b'R' => while self.take(8192) {},
            b't' => self.mode.text = !self.mode.text,
            b'n' => self.mode.buffering = Buffering::No,
            b'l' => self.mode.buffering = Buffering::Line,
            b'b' => self.mode.buffering = Buffering::Full,
            b'm' => {
                self.max_line = script.small() + 1;
                self.socket.set_max_line(Direction::Output, self.max_line);
            }
            b's' => self.set_size(script.small() + 1),
            b'S' => self.set_size(4096),
            b'k' => self.shrink_kernel_buffer(),
            _ => {}
        }
    }

    fn set_size(&mut self, size: usize) {
        self.size = size;
        self.socket.set_buffer_size(Direction::Output, size);
    }
}

fuzz_target!(|data: &[u8]| {
    let mut script = Script::new(data);
    let mut stage = Stage::new();
    while !script.is_over() {
        stage.step(&mut script);
    }
    // However it went, all that was taken arrives.
    while stage.socket.pending(Direction::Output) > 0 {
        stage.flush(Buffering::No);
        while stage.take(8192) {}
    }
    while stage.take(8192) {}
    assert!(stage.stream.is_empty());
});
