// SPDX-License-Identifier: MIT
//! Short ways for common reads and writes. Of lines that have come together, one that is buffered is taken without
//! asking for more, and its answer is put behind those that are held. A line or a few bytes that come alone are brought by
//! one receive, and the answer leaves at once. If anything else has to be done first, each of these says so, and its
//! caller goes the long way, which finds everything in order: `Socket::receive` or `Socket::send`.

use super::establish::Phase;
use super::format::{find, needs_translation, whole_line, Format, Found, Rules};
use super::output::end_of_lines;
use super::side::{Side, NO_ERROR};
use super::{Buffering, Flags, Inner, Socket};
use crate::bytes::SMALL;
use crate::controller::turn::{with_now, with_now_inlined};
use crate::errno::{Errno, Result};
use crate::sys::socket as sock;
use std::io;

impl Socket {
    /// Takes a `LINE`, or a number of bytes, as `receive` would, in the socket's own mode. `None`: not done.
    #[inline(always)]
    pub fn take_short<const LINE: bool, R>(
        &self,
        format: Format,
        patient: bool,
        take: impl FnOnce(&[u8]) -> R,
    ) -> Option<Result<R>> {
        let mut inner = self.inner.inner.try_borrow_mut().ok()?;
        let found = match inner.input.side.queue.is_empty() {
            false => inner.at_hand::<LINE>(format, patient),
            true => inner.alone::<LINE>(format, patient),
        };
        match found? {
            Ok((at, length)) => Some(Ok(take(inner.input.side.queue.slice(at, length)))),
            Err(error) => Some(Err(error)),
        }
    }

    /// Sends a line, or anything in a mode that buffers nothing, as `send` would; an answer is queued if those before it
    /// are held. `None`: not done.
    #[inline(always)]
    pub fn send_short(
        &self,
        data: &[u8],
        flags: Flags,
        again: bool,
    ) -> Option<(usize, Result<()>)> {
        let mut inner = self.inner.inner.try_borrow_mut().ok()?;
        if inner.output.side.error != NO_ERROR {
            return None;
        }
        let mode = inner.output.side.mode.with(flags);
        let line = match mode.buffering {
            Buffering::Line => !mode.text && data.last() == Some(&b'\n'),
            _ => false,
        };
        if line && inner.held.is_some() {
            return inner.append_answer(data).then_some((data.len(), Ok(())));
        }
        let all = mode.buffering == Buffering::No && !data.is_empty();
        match line || (all && !(mode.text && needs_translation(data))) {
            true => inner.send_alone(data, line, again),
            false => None,
        }
    }
}

impl Inner {
    /// Takes what is buffered off the queue, and tells where it lies.
    #[inline(always)]
    fn at_hand<const LINE: bool>(
        &mut self,
        format: Format,
        patient: bool,
    ) -> Option<Result<(usize, usize)>> {
        let (text, max_line) = (self.input.side.mode.text, self.input.side.max_line);
        if self.input.side.error != NO_ERROR
            || !(self.output.side.queue.is_empty() || self.holds_only_lines())
        {
            return None;
        }
        let rules = Rules { text, max_line, eof: false, scanned: self.input.scanned };
        let (consumed, length) = match format {
            // A CRLF that is kept would be made LF in place, and `give_way` may leave the line in the queue.
            Format::Line { keep } if LINE && !(keep && text) => {
                whole_line(self.input.side.queue.data_mut(), keep, rules)?
            }
            Format::Exactly(count) | Format::UpTo(count)
                if !LINE && !text && count > 0 && self.input.side.queue.len() >= count =>
            {
                (count, count)
            }
            _ => return None,
        };
        self.begin();
        if patient {
            if let Err(error) = self.give_way() {
                return Some(Err(error));
            }
        }
        if self.output.blocked {
            self.want_more(format);
        }
        Some(Ok((self.take(consumed), length)))
    }

    /// Whether bytes go between the kernel and the program as they are, in a stream that is connected.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        matches!(self.establishing.phase, Phase::Connected)
            && self.engine.is_none()
            && self.handle.kind == libc::SOCK_STREAM
    }

    /// Receives what comes alone, a `LINE` or a number of bytes, and tells where it lies.
    #[inline(always)]
    fn alone<const LINE: bool>(
        &mut self,
        format: Format,
        patient: bool,
    ) -> Option<Result<(usize, usize)>> {
        let Side { mode, size, max_line, eof, error, .. } = self.input.side;
        let suits = (LINE || is_small(format))
            && self.is_plain()
            && size <= SMALL
            && !eof
            && error == NO_ERROR
            && self.input.late == NO_ERROR
            && self.output.side.queue.is_empty();
        if !suits {
            return None;
        }
        self.begin();
        if patient {
            let kernel = &self.input.kernel;
            if kernel.drained && with_now_inlined(|now| kernel.is_believed(now)) {
                self.input.side.queue.release();
                return Some(Err(self.must_wait_for_input()));
            }
            if let Err(error) = self.give_way() {
                return Some(Err(error));
            }
        }
        let room = match self.input.side.queue.small_room() {
            Ok(room) => room,
            Err(error) => return Some(Err(error)),
        };
        let asked = room.len();
        match sock::receive(self.handle.fd, room) {
            Ok(count) if count > 0 => {
                self.input.side.queue.filled(count);
                self.input.kernel.drained = false;
                if count < asked {
                    with_now_inlined(|now| self.input.kernel.note_drained(now, false));
                }
                self.input.side.count(count);
            }
            other => match self.note_received(other.map_err(Errno::from), asked) {
                Ok(()) | Err(Errno::PIPE) => {}
                Err(error) => return Some(Err(error)),
            },
        }
        self.input.scanned = 0;
        let rules = Rules { text: mode.text, max_line, eof: false, scanned: 0 };
        let data = self.input.side.queue.data_mut();
        let found = match LINE {
            true => whole_line(data, format == Format::Line { keep: true }, rules),
            false if data.is_empty() => None,
            false if !mode.text => plain(data.len(), format),
            false => match find(data, format, rules) {
                Found::Taken { consumed, length } => Some((consumed, length)),
                _ => None,
            },
        };
        let Some((consumed, length)) = found else {
            return Some(self.search_on(format, mode.text, patient));
        };
        self.want_more(format);
        Some(Ok((self.take(consumed), length)))
    }

    /// Goes on as the long way does, when not all of what was asked for has come, or a line is too long.
    #[cold]
    fn search_on(&mut self, format: Format, text: bool, patient: bool) -> Result<(usize, usize)> {
        let found = self.search(format, text, patient)?;
        self.want_more(format);
        found.ok_or(Errno::PIPE)
    }

    /// Sends what is not buffered, unless it is a line that is to be held.
    #[inline(always)]
    fn send_alone(&mut self, data: &[u8], line: bool, again: bool) -> Option<(usize, Result<()>)> {
        let side = &self.output.side;
        let suits = self.is_plain() && side.queue.is_empty() && !side.shut;
        if !suits || (line && self.holds_lines(with_now_inlined(|now| now.turn.get()))) {
            return None;
        }
        self.begin();
        (self.output.more, self.output.lines) = (false, 0);
        let sent = sock::send(self.handle.fd, data, self.output.flags);
        match sent {
            Ok(count) if count == data.len() => {
                self.output.side.count(count);
                with_now_inlined(|now| self.input.kernel.note_sent(now));
                Some((count, Ok(())))
            }
            sent => Some(self.keep_what_was_not_sent(data, line, again, sent)),
        }
    }

    #[cold]
    fn keep_what_was_not_sent(
        &mut self,
        data: &[u8],
        line: bool,
        again: bool,
        sent: io::Result<usize>,
    ) -> (usize, Result<()>) {
        let sent = with_now(|now| self.note_sent(now, sent.map_err(Errno::from)));
        self.output.again = again;
        // As in `send_binary`: also of what is not buffered, if the socket sends by lines otherwise.
        let tells = line || self.output.side.mode.buffering == Buffering::Line;
        let end = if tells { end_of_lines(data).unwrap_or(0) } else { 0 };
        self.keep_rest(data, data.len(), end, sent)
    }

    /// Queues an answer behind the lines that are held.
    #[inline(always)]
    fn append_answer(&mut self, line: &[u8]) -> bool {
        if !self.holds_answers() || !self.output.append_line(line) {
            return false;
        }
        self.begin();
        true
    }
}

/// As `find`, for a number of bytes that are taken as they are.
#[inline(always)]
fn plain(present: usize, format: Format) -> Option<(usize, usize)> {
    let count = match format {
        Format::UpTo(count) => count.min(present),
        Format::Exactly(count) if count <= present => count,
        _ => return None,
    };
    Some((count, count))
}

/// Whether a number of bytes fits a small block. None at all need not be received.
#[inline(always)]
fn is_small(format: Format) -> bool {
    match format {
        Format::Exactly(count) | Format::UpTo(count) => (1..=SMALL).contains(&count),
        _ => false,
    }
}
