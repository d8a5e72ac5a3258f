// SPDX-License-Identifier: MIT
//! TLS on a socket: moves bytes between the kernel and an [`Engine`]. Reads and writes come here
//! once `start_tls` has been called, and never go back to plain text.

use super::establish::Phase;
use super::{Inner, Socket};
use crate::bytes;
use crate::clock::Span;
use crate::controller::turn::with_now;
use crate::errno::{Errno, Result};
use crate::sys::describe::{words, Stage};
use crate::sys::socket as sock;
use crate::tls::{Config, Engine, Failure, Peer, Read, Written, OVERHEAD, RECORD};
use std::ffi::c_void;

/// How many encrypted bytes may be unsent before nothing more is read: twice what writes leave there. What exceeds
/// that are answers to messages of the peer, which has to take them before more of it is read.
const UNSENT: usize = 2 * bytes::LARGE;

impl Socket {
    /// Goes on with the handshake, and begins it if it has not begun: `Ok` once it is done. What was
    /// buffered belongs to it: output leaves in plain text first if its mode says `a`; input was sent
    /// by the peer as the beginning of its handshake.
    pub fn start_tls(&self, config: &Config) -> Result<()> {
        self.operate(|inner| {
            inner.establish()?;
            if inner.engine.is_some() {
                return Ok(());
            }
            if matches!(inner.establishing.phase, Phase::Listening) {
                return Err(Errno::PIPE); // a listener has no peer
            }
            let mut flushed = Ok(());
            if inner.output.side.mode.autoflush {
                inner.output.more = false;
                flushed = inner.flush(super::Buffering::No);
            }
            let is_stream = !inner.handle.has_messages();
            let sends_first = is_stream && flushed.is_err_and(Errno::is_again);
            let ready = if sends_first { Ok(()) } else { flushed };
            if let Err(failure) = ready.and_then(|()| inner.begin_handshake(config)) {
                let repeatable =
                    failure.is_again() || failure.is_shortage() || failure == Errno::NOMEM;
                return Err(if repeatable { failure } else { inner.give_up(failure) });
            }
            if sends_first {
                inner.send_plain_first();
            }
            inner.establish()
        })
    }

    /// The `SSL *`, NULL without TLS.
    pub fn tls_pointer(&self) -> *mut c_void {
        self.tls(Engine::pointer).unwrap_or(std::ptr::null_mut())
    }

    /// The `SSL *` with a reference counted for the caller, NULL without TLS.
    pub fn share_tls(&self) -> *mut c_void {
        self.tls(Engine::share).unwrap_or(std::ptr::null_mut())
    }

    /// Asks the engine; `None` without TLS.
    pub fn tls<T>(&self, ask: impl FnOnce(&Engine) -> T) -> Option<T> {
        self.ask(None, |inner| inner.engine.as_deref().map(ask))
    }
}

impl Inner {
    /// What is pending in plain text leaves before the handshake, as far as it has not left yet. From now on all else is
    /// encrypted, whether or not the program waits for the end of the handshake.
    fn send_plain_first(&mut self) {
        let plain = std::mem::take(&mut self.output.side.queue);
        self.output.lines = 0;
        self.output.side.count(plain.len());
        if let Some(tls) = &mut self.engine {
            tls.send_first(plain);
        }
    }

    /// TLS that was asked for does not come: nothing leaves or comes in plain text instead.
    fn give_up(&mut self, failure: Errno) -> Errno {
        if self.known_reason().is_none() {
            self.explain(&failure.text());
        }
        self.input.side.queue.truncate(0);
        self.establishing.phase = Phase::Failed(failure);
        failure
    }

    fn begin_handshake(&mut self, config: &Config) -> Result<()> {
        let datagrams = self.handle.kind == libc::SOCK_DGRAM;
        if datagrams {
            self.fix_peer()?;
        }
        let none = Peer::default();
        let peer = self.peer().unwrap_or(&none);
        let begun = config.begin(peer, self.handle.accepted, datagrams);
        let mut tls = Box::new(begun.inspect_err(|error| {
            if *error == Errno::NOTVERIFIED {
                self.set_reason("the name to verify is not known".into());
            }
        })?);
        if !self.input.side.queue.is_empty() {
            tls.feed(std::mem::take(&mut self.input.side.queue));
            self.input.message = false;
        }
        self.input.scanned = 0;
        self.engine = Some(tls);
        self.establishing.phase = Phase::AwaitHandshake;
        self.handle.owner.describe(words(Stage("TLS handshake")));
        Ok(())
    }

    /// Connects a datagram socket that has no peer yet to the first that sends to it.
    fn fix_peer(&mut self) -> Result<()> {
        if sock::peer_name(self.handle.fd).is_ok() {
            return Ok(());
        }
        match sock::peek_sender(self.handle.fd).map_err(Errno::from) {
            Ok(from) => Ok(sock::connect(self.handle.fd, &from)?),
            Err(error) if error.is_again() => Err(self.must_wait(libc::POLLIN)),
            Err(error) => Err(error),
        }
    }

    /// One step of the phase `AwaitHandshake`.
    pub(super) fn continue_handshake(&mut self) -> Result<Phase> {
        self.with_tls(|inner, tls| {
            inner.check(tls.retransmit())?;
            let demands = inner.peer().is_some_and(|peer| peer.verify);
            if demands && inner.rare.as_ref().is_some_and(|rare| rare.place.is_some()) {
                tls.demand_certificate()?; // its engine was made before the socket was told so
            }
            loop {
                let done = tls.handshake();
                match inner.drain(tls) {
                    // Who has gone needs no tickets, but may have said what it came for.
                    Err(Errno::PIPE | Errno(libc::ECONNRESET))
                        if matches!(done, Ok(true)) && tls.ends_with_tickets() =>
                    {
                        tls.forget_unsent();
                    }
                    sent => sent?,
                }
                if inner.check(done)? {
                    return Ok(Phase::Connected);
                }
                inner.read_on(tls, false)?;
            }
        })
    }

    /// Runs `step` with the engine taken out of the socket, so that `step` can change both.
    fn with_tls<T>(
        &mut self,
        step: impl FnOnce(&mut Inner, &mut Engine) -> Result<T>,
    ) -> Result<T> {
        let Some(mut tls) = self.engine.take() else { return Err(Errno::BADF) };
        let result = step(self, &mut tls);
        self.engine = Some(tls);
        result
    }

    /// Keeps the reason of a failure.
    fn check<T>(&mut self, result: std::result::Result<T, Failure>) -> Result<T> {
        result.map_err(|failure| {
            if !failure.reason.is_empty() {
                self.explain(&failure.reason);
            }
            failure.code
        })
    }

    /// Receives decrypted bytes, as recv(2) would.
    pub(super) fn receive_secure(&mut self, room: &mut [u8], patient: bool) -> Result<usize> {
        self.with_tls(|inner, tls| loop {
            inner.answer_first(tls)?;
            let read = tls.read(room);
            if !tls.outgoing().is_empty() {
                // An answer to the peer. What the kernel does not take now is sent when the task waits next.
                inner.output.blocked = inner.drain(tls) == Err(Errno::AGAIN);
            }
            match inner.check(read)? {
                Read::Bytes(count) => return Ok(count),
                Read::Closed => return Ok(0),
                Read::NeedInput => inner.read_on(tls, patient)?,
            }
        })
    }

    /// EAGAIN while more than `UNSENT` bytes are unsent: the peer must take answers before more of it is read.
    fn answer_first(&mut self, tls: &mut Engine) -> Result<()> {
        if tls.unsent() <= UNSENT {
            return Ok(());
        }
        match self.drain(tls) {
            Err(Errno::AGAIN) if tls.unsent() > UNSENT => {
                tls.rest();
                Err(Errno::AGAIN)
            }
            Ok(()) | Err(Errno::AGAIN) => Ok(()),
            Err(_) => {
                tls.forget_unsent();
                Ok(())
            }
        }
    }

    /// Receives for the engine, which can do no more with the bytes that it has. After much work that brought the
    /// program nothing the answer is EAGAIN with a retry in the next step, so that other tasks run.
    fn read_on(&mut self, tls: &mut Engine, patient: bool) -> Result<()> {
        if !tls.is_tired() {
            return self.fetch(tls, patient);
        }
        let again = self.must_wait_for_network(tls);
        self.interest.retry = Span::ZERO.into();
        Err(again)
    }

    /// Encrypts and sends as much as the kernel takes, `first` before `second`; returns how much of them was
    /// encrypted. A record is filled with the end of `first` and the beginning of `second`.
    pub(super) fn push_secure(&mut self, first: &[u8], second: &[u8]) -> Result<usize> {
        self.with_tls(|inner, tls| {
            inner.drain(tls)?;
            let total = first.len() + second.len();
            if inner.handle.has_messages() && total > RECORD {
                return Err(Errno(libc::EMSGSIZE));
            }
            let (mut done, mut seam) = (0, Vec::new());
            while done < total {
                let piece = piece(first, second, done, &mut seam);
                match tls.write(piece) {
                    Ok(Written::Bytes(count)) => done += count,
                    Ok(Written::NeedInput) => match inner.answer(tls) {
                        Err(Errno::AGAIN) if done > 0 => break,
                        result => result?,
                    },
                    Err(_) if done > 0 => break,
                    Err(failure) => {
                        inner.output.side.eof |= failure.code == Errno::PIPE;
                        inner.check(Err(failure))?;
                    }
                }
                // A block of LARGE bytes has room for four records. Send before another one would make it grow.
                let full = tls.outgoing().len() + RECORD + OVERHEAD > bytes::LARGE;
                if (full || done == total || inner.handle.kind == libc::SOCK_DGRAM)
                    && inner.drain(tls) == Err(Errno::AGAIN)
                {
                    break;
                }
            }
            Ok(done)
        })
    }

    /// The peer wants another handshake before it takes more: sends what there is for it, and receives.
    fn answer(&mut self, tls: &mut Engine) -> Result<()> {
        self.drain(tls)?;
        self.read_on(tls, false)
    }

    /// Sends what is encrypted and could not be sent yet.
    #[inline]
    pub(super) fn drain_secure(&mut self) -> Result<()> {
        match self.engine {
            Some(_) => self.drain_engine(),
            None => Ok(()),
        }
    }

    #[inline(never)]
    fn drain_engine(&mut self) -> Result<()> {
        self.with_tls(Inner::drain)
    }

    /// Sends what the engine has for the network. EAGAIN keeps the rest.
    fn drain(&mut self, tls: &mut Engine) -> Result<()> {
        while !tls.outgoing().is_empty() {
            match sock::send(self.handle.fd, tls.outgoing(), self.output.flags).map_err(Errno::from)
            {
                Ok(count) => {
                    tls.sent(count);
                    with_now(|now| self.input.kernel.note_sent(now));
                }
                Err(Errno(libc::EINTR)) => {}
                Err(error) if error.is_again() => return Err(self.must_wait(libc::POLLOUT)),
                Err(error) => {
                    let established = !matches!(self.establishing.phase, Phase::AwaitHandshake);
                    self.output.side.eof |= established && error == Errno::PIPE;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Receives for the engine. An end of the network is a failure: TLS says itself when it ends.
    fn fetch(&mut self, tls: &mut Engine, patient: bool) -> Result<()> {
        if patient && self.input.kernel.is_drained() {
            return Err(self.must_wait_for_network(tls));
        }
        let (fd, datagrams) = (self.handle.fd, self.handle.kind == libc::SOCK_DGRAM);
        let mut asked = 0;
        let received = tls.fetch(|room| {
            asked = room.len();
            Ok(sock::receive(fd, room)?)
        });
        match received {
            Ok(0) if datagrams => Ok(()),
            Ok(0) => self.check(Err(tls.cut())),
            Ok(count) => {
                self.input.kernel.drained = false;
                if count < asked && !datagrams {
                    with_now(|now| self.input.kernel.note_drained(now, false));
                }
                Ok(())
            }
            Err(Errno(libc::EINTR)) => Ok(()),
            Err(error) if error.is_again() => {
                with_now(|now| self.input.kernel.note_drained(now, true));
                Err(self.must_wait_for_network(tls))
            }
            Err(error) => Err(error),
        }
    }

    /// EAGAIN: input must come from the network, or unsent output must go.
    fn must_wait_for_network(&mut self, tls: &mut Engine) -> Errno {
        tls.rest();
        let unsent = !tls.outgoing().is_empty() || std::mem::take(&mut self.output.blocked);
        let again = self.must_wait(libc::POLLIN | if unsent { libc::POLLOUT } else { 0 });
        if matches!(self.establishing.phase, Phase::AwaitHandshake) {
            self.interest.retry = tls.timeout().into();
        }
        again
    }

    /// Tells the peer that nothing more will be sent (close_notify), if the kernel takes that at once.
    pub(super) fn close_secure(&mut self) {
        let _ = self.say_goodbye();
    }

    /// Tells the peer of a TLS stream that nothing more will be sent. EAGAIN keeps the rest.
    pub(super) fn say_goodbye(&mut self) -> Result<()> {
        if self.engine.is_none() {
            return Ok(());
        }
        self.with_tls(|inner, tls| {
            tls.close();
            inner.drain(tls)
        })
    }
}

/// What to encrypt next when `done` bytes of `first` and `second` are encrypted: at most a record. `seam` is room for
/// a record that takes bytes of both.
fn piece<'a>(first: &'a [u8], second: &'a [u8], done: usize, seam: &'a mut Vec<u8>) -> &'a [u8] {
    if done >= first.len() {
        let rest = &second[done - first.len()..];
        return &rest[..rest.len().min(RECORD)];
    }
    let rest = &first[done..];
    if rest.len() >= RECORD || second.is_empty() {
        return &rest[..rest.len().min(RECORD)];
    }
    seam.clear();
    seam.extend_from_slice(rest);
    seam.extend_from_slice(&second[..second.len().min(RECORD - rest.len())]);
    seam
}
