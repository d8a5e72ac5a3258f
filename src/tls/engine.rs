// SPDX-License-Identifier: MIT
//! One TLS or DTLS connection as bytes in and bytes out. It makes no system call: what comes from
//! the network is put into `incoming`, what shall go there is taken from `outgoing`.

use super::{Config, Failure};
use crate::bytes::{Queue, LARGE};
use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::sys::{certificate, tls as sys};
use openssl::ssl::{ErrorCode, ShutdownState, Ssl, SslRef, SslStream, SslVersion};
use openssl::x509::X509VerifyResult;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::io;

/// The most plaintext that one record carries, RFC 8446 §5.1.
pub const RECORD: usize = 16384;

/// What encryption adds to a record, at most: RFC 5246 §6.2.3, with room to spare.
pub const OVERHEAD: usize = 320;

/// How many reads libssl may make, two for each record, before the work is interrupted so that other tasks run.
/// Records that bring data do not count, as the program's buffer limits them. The others cost a peer nothing and us a
/// key derivation or an answer each: key updates, tickets, requests to negotiate again, and datagrams that are no
/// good.
const PATIENCE: u32 = 128;

/// The size of DTLS datagrams on a path about which nothing is known: what IPv6 guarantees, less
/// the headers.
pub(super) const DATAGRAM: std::ffi::c_long = 1232;

/// What a read brought.
pub enum Read {
    /// So many bytes.
    Bytes(usize),
    /// Nothing before more comes from the network.
    NeedInput,
    /// The peer has said that it sends no more.
    Closed,
}

/// What a write did.
pub enum Written {
    /// So many bytes were encrypted.
    Bytes(usize),
    /// Nothing before more comes from the network: the peer asked for a new handshake.
    NeedInput,
}

/// A connection.
pub struct Engine {
    stream: SslStream<Wire>,
    config: Config,
    /// The key under which its session is kept; `None`: it is not kept.
    key: Option<String>,
    /// The last read found nothing, and nothing has come since.
    dry: bool,
    /// This end has told the peer that it sends no more.
    closed: bool,
    /// Whether verification is demanded, so that a refused certificate is CQ_ENOTVERIFIED and not CQ_ETLS.
    verifies: bool,
    /// The name that the peer's certificate must have: see `is_expected`.
    name: Option<String>,
    /// The failure of the connection, which every later call returns again.
    failure: Option<Failure>,
}

/// What libssl reads from and writes to.
struct Wire {
    incoming: Queue,
    outgoing: Queue,
    /// For datagrams, the lengths of those in `outgoing`; `incoming` holds one.
    lengths: Option<VecDeque<usize>>,
    /// How many reads are left of `PATIENCE`.
    patience: u32,
    /// There was no memory for what shall be sent; libssl keeps it.
    starved: bool,
}

impl io::Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.incoming.len().min(buffer.len());
        // For datagrams a read of nothing counts too, as an empty datagram is one that is no good.
        if count > 0 || self.lengths.is_some() {
            self.patience = self.patience.saturating_sub(1);
        }
        if count == 0 || self.patience == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buffer[..count].copy_from_slice(&self.incoming.data()[..count]);
        let taken = if self.lengths.is_some() { self.incoming.len() } else { count };
        self.incoming.consume(taken);
        self.incoming.release();
        Ok(count)
    }
}

impl io::Write for Wire {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = self.lengths.as_mut().map_or(Ok(()), |lengths| lengths.try_reserve(1));
        if room.is_err() || self.outgoing.push(data).is_err() {
            self.starved = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if let Some(lengths) = &mut self.lengths {
            lengths.push_back(data.len());
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Engine {
    /// A connection that has not begun its handshake.
    pub fn new(
        mut ssl: Ssl,
        config: Config,
        key: Option<String>,
        datagrams: bool,
        verifies: bool,
        name: Option<String>,
    ) -> Result<Engine> {
        sys::set_modes(&mut ssl);
        if datagrams {
            sys::set_link_mtu(&mut ssl, DATAGRAM);
        }
        let wire = Wire {
            incoming: Queue::default(),
            outgoing: Queue::default(),
            lengths: datagrams.then(VecDeque::new),
            patience: PATIENCE,
            starved: false,
        };
        let stream = SslStream::new(ssl, wire).map_err(|_| Errno::TLS)?;
        let (dry, closed, failure) = (true, false, None);
        Ok(Engine { stream, config, key, dry, closed, verifies, name, failure })
    }

    /// Goes on with the handshake: true when it is done, false before more comes from the network.
    pub fn handshake(&mut self) -> std::result::Result<bool, Failure> {
        match self.attempt(SslStream::do_handshake)? {
            Ok(()) if !self.is_expected() => {
                let reason = "certificate verify failed: hostname mismatch";
                Err(self.fail_with(Errno::NOTVERIFIED, reason))
            }
            Ok(()) => {
                self.keep_session();
                Ok(true)
            }
            Err(ErrorCode::ZERO_RETURN) => Err(self.cut()),
            Err(_) => Ok(false),
        }
    }

    /// Whether the peer's certificate has the name that it must have. libssl has looked already, but without memory for
    /// a copy of the name it forgets to, and takes any (OpenSSL 3.0, ssl_verify_cert_chain). Where the program has a
    /// verify callback, that decides.
    fn is_expected(&self) -> bool {
        let _aside = sys::set_errors_aside();
        let ssl = self.stream.ssl();
        match (&self.name, ssl.peer_certificate()) {
            (Some(name), Some(certificate)) if !sys::has_verify_callback(ssl) => {
                match super::demands::address_of(name) {
                    Some(address) => certificate::is_certificate_of_address(&certificate, address),
                    None => certificate::is_certificate_of_host(
                        &certificate,
                        name.trim_end_matches('.'),
                    ),
                }
            }
            _ => true,
        }
    }

    /// Whether the handshake is done.
    pub fn is_ready(&self) -> bool {
        self.stream.ssl().is_init_finished()
    }

    /// Decrypts as much as is there and fits.
    pub fn read(&mut self, buffer: &mut [u8]) -> std::result::Result<Read, Failure> {
        let mut count = 0;
        while count < buffer.len() {
            match self.attempt(|stream| stream.ssl_read(&mut buffer[count..])) {
                Ok(Ok(more)) => {
                    count += more;
                    let wire = self.stream.get_mut();
                    wire.patience = (wire.patience + 2).min(PATIENCE);
                }
                Ok(Err(_)) | Err(_) if count > 0 => break,
                Ok(Err(ErrorCode::ZERO_RETURN)) => {
                    self.keep_session();
                    return Ok(Read::Closed);
                }
                Ok(Err(_)) => return Ok(Read::NeedInput),
                Err(failure) => return Err(failure),
            }
            if self.stream.get_ref().lengths.is_some() {
                break; // one record is one message
            }
        }
        Ok(Read::Bytes(count))
    }

    /// Whether reading brings nothing before more comes from the network.
    pub fn is_dry(&self) -> bool {
        self.dry
    }

    /// Whether the last call ended because `PATIENCE` was used up, though there may be more to do.
    pub fn is_tired(&self) -> bool {
        self.stream.get_ref().patience == 0
    }

    /// The task is about to wait: afterwards libssl may make `PATIENCE` reads again.
    pub fn rest(&mut self) {
        self.stream.get_mut().patience = PATIENCE;
    }

    /// Encrypts; `data` should be a whole record's worth where there is so much.
    pub fn write(&mut self, data: &[u8]) -> std::result::Result<Written, Failure> {
        if self.closed {
            return Err(Failure { code: Errno::PIPE, reason: "shut down".to_owned() });
        }
        // libssl would encrypt the record first, and insist on sending it.
        if self.stream.get_mut().outgoing.room(data.len() + OVERHEAD).is_err() {
            return Err(Failure::no_memory());
        }
        let written = self.attempt(|stream| stream.ssl_write(data));
        self.stream.get_mut().outgoing.release();
        match written? {
            Ok(count) => Ok(Written::Bytes(count)),
            Err(ErrorCode::ZERO_RETURN) => Err(self.fail_with(Errno::PIPE, "closed by the peer")),
            Err(_) => Ok(Written::NeedInput),
        }
    }

    /// Tells the peer that nothing more will be sent (close_notify).
    pub fn close(&mut self) {
        self.keep_session();
        if self.is_ready() && self.failure.is_none() && !self.closed {
            self.closed = true;
            let _aside = sys::set_errors_aside();
            let _ = self.stream.shutdown();
        }
    }

    /// Makes one call of libssl, unless the connection has failed already.
    fn attempt<T>(
        &mut self,
        call: impl FnOnce(&mut SslStream<Wire>) -> std::result::Result<T, openssl::ssl::Error>,
    ) -> std::result::Result<std::result::Result<T, ErrorCode>, Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let _aside = sys::set_errors_aside();
        let error = match call(&mut self.stream) {
            Ok(done) => return Ok(Ok(done)),
            Err(error) => error,
        };
        match error.code() {
            // `dry` is not set: the next read has to tell the end again, and nothing more may come from the network.
            ErrorCode::ZERO_RETURN => Ok(Err(error.code())),
            ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => {
                self.dry = !self.is_tired();
                match std::mem::take(&mut self.stream.get_mut().starved) {
                    true => Err(Failure::no_memory()),
                    false => Ok(Err(error.code())),
                }
            }
            _ => Err(self.fail(&error)),
        }
    }

    fn fail(&mut self, error: &openssl::ssl::Error) -> Failure {
        let first = error.ssl_error().and_then(|stack| stack.errors().first());
        let reason = first.and_then(|first| first.reason()).unwrap_or("connection failed");
        let verified = self.stream.ssl().verify_result();
        let verifies = self.verifies || super::names::demands(self.stream.ssl());
        let refused = if verifies { Errno::NOTVERIFIED } else { Errno::TLS };
        if let ("invalid status response", Some(why)) =
            (reason, self.config.refusal(self.stream.ssl()))
        {
            return self.fail_with(Errno::NOTVERIFIED, why);
        }
        match reason {
            "certificate verify failed" if verified != X509VerifyResult::OK => {
                let lack = self.config.lack_of_authorities(verified);
                let lack = lack.map_or_else(String::new, |lack| format!("; {lack}"));
                self.fail_with(refused, &format!("{reason}: {}{lack}", verified.error_string()))
            }
            "peer did not return a certificate" => self.fail_with(refused, reason),
            _ => self.fail_with(Errno::TLS, reason),
        }
    }

    fn fail_with(&mut self, code: Errno, reason: &str) -> Failure {
        let failure = Failure { code, reason: reason.to_owned() };
        self.failure = Some(failure.clone());
        failure
    }

    /// The network has ended. Without close_notify before, somebody may have cut the stream short.
    pub fn cut(&mut self) -> Failure {
        match self.is_ready() {
            // This failure is not kept in `failure`, as the other direction goes on.
            true => Failure {
                code: Errno::TRUNCATED,
                reason: "end of file without close_notify".to_owned(),
            },
            false => self.fail_with(Errno::PIPE, "closed by the peer during the handshake"),
        }
    }

    /// Gives the engine the bytes that came before it was made: they are the beginning of the peer's handshake.
    pub fn feed(&mut self, data: Queue) {
        self.stream.get_mut().incoming = data;
        self.dry = false;
    }

    /// Lets `receive` put what comes from the network into the buffer; it tells how much came.
    pub fn fetch(&mut self, receive: impl FnOnce(&mut [u8]) -> Result<usize>) -> Result<usize> {
        let wire = self.stream.get_mut();
        let room = LARGE - wire.incoming.len().min(LARGE - RECORD);
        let result = receive(&mut wire.incoming.room(room)?[..room]);
        wire.incoming.filled(*result.as_ref().unwrap_or(&0));
        wire.incoming.release();
        self.dry &= !matches!(result, Ok(1..));
        result
    }

    /// What shall go to the network next: for datagrams, one.
    pub fn outgoing(&self) -> &[u8] {
        let wire = self.stream.get_ref();
        match &wire.lengths {
            Some(lengths) => &wire.outgoing.data()[..*lengths.front().unwrap_or(&0)],
            None => wire.outgoing.data(),
        }
    }

    /// How many bytes wait to go to the network.
    pub fn unsent(&self) -> usize {
        self.stream.get_ref().outgoing.len()
    }

    /// Has these bytes go to the network as they are, before all that the engine sends.
    pub fn send_first(&mut self, plain: Queue) {
        self.stream.get_mut().outgoing = plain;
    }

    /// Whether the last that it sends in a handshake are tickets, for sessions to come: it is a server of TLS 1.3.
    pub fn ends_with_tickets(&self) -> bool {
        let ssl = self.stream.ssl();
        ssl.is_server() && ssl.version2() == Some(SslVersion::TLS1_3)
    }

    /// Drops the bytes that wait to go to the network, which takes no more.
    pub fn forget_unsent(&mut self) {
        let wire = self.stream.get_mut();
        wire.outgoing = Queue::default();
        wire.lengths.as_mut().map(VecDeque::clear);
    }

    /// Takes `count` bytes off `outgoing`, as they were sent; for datagrams, the first of them.
    pub fn sent(&mut self, count: usize) {
        let wire = self.stream.get_mut();
        wire.lengths.as_mut().map(VecDeque::pop_front);
        wire.outgoing.consume(count);
        wire.outgoing.release();
    }

    /// The time after which DTLS wants to send its messages again; `None` if it does not.
    pub fn timeout(&self) -> Option<Span> {
        self.stream.get_ref().lengths.as_ref()?;
        sys::dtls_timeout(self.stream.ssl()).map(|left| Span(left.as_nanos() as u64))
    }

    /// Lets DTLS send its messages again, if it is time.
    pub fn retransmit(&mut self) -> std::result::Result<(), Failure> {
        if self.stream.get_ref().lengths.is_none() {
            return Ok(());
        }
        let _aside = sys::set_errors_aside();
        match sys::dtls_retransmit(self.stream.ssl()) {
            true => Ok(()),
            false => Err(self.fail_with(Errno::TIMEDOUT, "peer does not answer")),
        }
    }

    /// What libssl knows of the connection.
    pub(super) fn ssl(&self) -> &SslRef {
        self.stream.ssl()
    }

    /// What the connection was made from.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Drops what came from the network and was not read.
    pub(super) fn drop_incoming(&mut self) {
        self.stream.get_mut().incoming = Queue::default();
    }

    /// The `SSL *`.
    pub fn pointer(&self) -> *mut c_void {
        sys::pointer(self.stream.ssl())
    }

    /// The `SSL *` with a reference counted for the caller.
    pub fn share(&self) -> *mut c_void {
        sys::shared_pointer(self.stream.ssl())
    }

    /// The application protocol that both ends agreed on (ALPN).
    pub fn protocol(&self) -> Option<&[u8]> {
        self.stream.ssl().selected_alpn_protocol()
    }

    /// Whether an earlier session was resumed.
    pub fn is_resumed(&self) -> bool {
        self.stream.ssl().session_reused()
    }

    /// Keeps the session for the next connection, if it can be resumed. In TLS 1.3 a server sends its tickets at some
    /// time after the handshake, so this is done again at the end of the connection.
    fn keep_session(&mut self) {
        if let Some(key) = &self.key {
            if let Some(session) = sys::resumable_session(self.stream.ssl()) {
                self.config.keep_session(key, session);
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // libssl forgets the session of a connection that was not shut down, SSL_set_shutdown(3).
        self.stream.set_shutdown(ShutdownState::SENT | ShutdownState::RECEIVED);
        sys::detach(&mut self.stream);
    }
}
