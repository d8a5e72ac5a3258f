// SPDX-License-Identifier: MIT
//! The beginning of DTLS with peers of which nothing is known: before a peer has proven that it gets what is sent to its
//! address, by sending back a cookie, nothing is kept of it. RFC 6347 §4.2.1.

use super::engine::DATAGRAM;
use super::{Config, Engine, Peer};
use crate::errno::{Errno, Result};
use crate::sys::{self, tls as tls_sys};
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::ssl::{Ssl, SslContextBuilder, SslRef};
use std::sync::{Arc, OnceLock};

/// For how many seconds a cookie is made anew in the same way. It is good for as long again: a peer that was slow is not
/// asked twice, and who has had an address cannot use its cookie for long.
const WINDOW: u64 = 60;

/// The bytes of a cookie. 255 are the most; each makes the question longer that anybody can have sent to anybody.
const SIZE: usize = 16;

/// What cookies are made with: nobody else can make one.
#[derive(Default)]
pub struct Cookies(OnceLock<[u8; 32]>);

/// To whom a cookie is given, and in which window of time.
struct Asker {
    address: String,
    window: u64,
}

fn asker() -> Result<Index<Ssl, Asker>> {
    static PLACE: OnceLock<Index<Ssl, Asker>> = OnceLock::new();
    super::place(&PLACE)
}

impl Cookies {
    fn secret(&self) -> Option<&[u8; 32]> {
        let mut made = [0; 32];
        if self.0.get().is_none() {
            sys::random(&mut made).ok()?;
        }
        Some(self.0.get_or_init(|| made))
    }

    /// The cookie of an address in a window.
    fn make(&self, address: &str, window: u64) -> Option<Vec<u8>> {
        let key = PKey::hmac(self.secret()?).ok()?;
        let mut signer = Signer::new(MessageDigest::sha256(), &key).ok()?;
        let sum = signer.sign_oneshot_to_vec(format!("{window} {address}").as_bytes()).ok()?;
        Some(sum[..SIZE].to_vec())
    }

    /// libssl asks for a cookie.
    fn give(&self, ssl: &SslRef, place: &mut [u8]) -> Option<usize> {
        let asker = ssl.ex_data(asker().ok()?)?;
        let cookie = self.make(&asker.address, asker.window)?;
        place.get_mut(..SIZE)?.copy_from_slice(&cookie);
        Some(SIZE)
    }

    /// libssl asks whether a cookie is good.
    fn is_good(&self, ssl: &SslRef, cookie: &[u8]) -> bool {
        let Some(asker) = asker().ok().and_then(|index| ssl.ex_data(index)) else { return false };
        let windows = [asker.window, asker.window.wrapping_sub(1)];
        let made = windows.map(|window| self.make(&asker.address, window));
        cookie.len() == SIZE && made.iter().flatten().any(|good| openssl::memcmp::eq(good, cookie))
    }
}

/// Has a context give cookies, where it is asked to.
pub fn use_cookies(builder: &mut SslContextBuilder, asked: &Arc<super::Asked>) {
    let (giving, taking) = (Arc::clone(asked), Arc::clone(asked));
    builder.set_cookie_generate_cb(move |ssl, place| {
        giving.cookies.give(ssl, place).ok_or_else(ErrorStack::get)
    });
    builder.set_cookie_verify_cb(move |ssl, cookie| taking.cookies.is_good(ssl, cookie));
}

/// Answers datagrams of anybody, with the memory of one connection.
pub struct Greeter {
    config: Config,
    /// What the next peer that proves its address gets.
    engine: Option<Box<Engine>>,
}

impl Greeter {
    /// EINVAL for a configuration of the program's own, as its context has cookies of its own, or none.
    pub fn new(config: &Config) -> Result<Greeter> {
        config.own()?;
        Ok(Greeter { config: config.clone(), engine: None })
    }

    /// A datagram has come from an address; `now` counts seconds. The connection, if the peer has proven its address.
    /// Otherwise there may be a reply.
    pub fn greet(
        &mut self,
        datagram: &[u8],
        address: &str,
        now: u64,
    ) -> Result<Option<Box<Engine>>> {
        let mut engine = match self.engine.take() {
            Some(engine) => engine,
            None => Box::new(self.config.begin(&Peer::default(), true, true)?),
        };
        let asker = Asker { address: address.to_owned(), window: now / WINDOW };
        match engine.greet(datagram, asker)? {
            true => Ok(Some(engine)),
            false => {
                self.engine = Some(engine);
                Ok(None)
            }
        }
    }

    /// What shall be sent to the address whose datagram was the last; nothing, often.
    pub fn reply(&self) -> &[u8] {
        self.engine.as_deref().map_or(&[], Engine::outgoing)
    }
}

impl Engine {
    /// Reads a datagram as the first of a connection. Whether its cookie was good. Afterwards the handshake goes on.
    fn greet(&mut self, datagram: &[u8], from: Asker) -> Result<bool> {
        self.forget_unsent();
        self.drop_incoming();
        self.rest();
        let fetched = self.fetch(|room| {
            let room = room.get_mut(..datagram.len()).ok_or(Errno(libc::EMSGSIZE))?;
            room.copy_from_slice(datagram);
            Ok(datagram.len())
        });
        if fetched == Err(Errno(libc::EMSGSIZE)) {
            return Ok(false);
        }
        fetched?;
        let _aside = tls_sys::set_errors_aside();
        let mut ssl = tls_sys::share(self.ssl());
        ssl.set_ex_data(asker()?, from);
        let proven = tls_sys::listen(&mut ssl);
        if proven {
            tls_sys::set_link_mtu(&mut ssl, DATAGRAM); // which libssl forgets when it begins anew
        }
        Ok(proven)
    }

    /// Demands a certificate of the client, whose handshake has not gone on yet. False: it has.
    pub fn demand_certificate(&mut self) -> Result<bool> {
        let pending = !self.is_ready();
        if pending {
            self.config().demand_more(&mut tls_sys::share(self.ssl()))?;
        }
        Ok(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Role;

    #[test]
    fn a_cookie_is_good_for_its_address_and_its_time() {
        let cookies = Cookies::default();
        let made = cookies.make("127.0.0.1:1", 7).unwrap();
        assert_eq!(made.len(), SIZE);
        assert_eq!(cookies.make("127.0.0.1:1", 7).unwrap(), made);
        assert_ne!(cookies.make("127.0.0.1:2", 7).unwrap(), made);
        assert_ne!(cookies.make("127.0.0.1:1", 8).unwrap(), made);
        assert_ne!(Cookies::default().make("127.0.0.1:1", 7).unwrap(), made);
    }

    /// ClientHello in one record: with this cookie.
    fn hello(sequence: u8, cookie: &[u8]) -> Vec<u8> {
        let mut body = vec![0xfe, 0xfd];
        body.extend([7; 32]); // random
        body.push(0); // session id
        body.push(cookie.len() as u8);
        body.extend(cookie);
        body.extend([0, 2, 0xc0, 0x2b, 1, 0]); // ciphers, compression
        let size = body.len() as u8;
        let mut record = vec![22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, sequence, 0, size + 12];
        record.extend([1, 0, 0, size, 0, sequence, 0, 0, 0, 0, 0, size]);
        record.extend(body);
        record
    }

    /// The cookie in a HelloVerifyRequest: behind two headers, the version and its length.
    fn cookie_in(reply: &[u8]) -> &[u8] {
        assert_eq!(reply.get(13), Some(&3), "a HelloVerifyRequest");
        &reply[28..28 + usize::from(reply[27])]
    }

    #[test]
    fn only_who_sends_its_cookie_back_gets_a_connection() {
        let config = Config::new(Some(Role::Server)).unwrap();
        let mut greeter = Greeter::new(&config).unwrap();
        let first = hello(0, b"");
        assert!(greeter.greet(&first, "1.1.1.1:1", 1000).unwrap().is_none());
        assert!(greeter.reply().len() <= first.len(), "nothing is made larger for others");
        let cookie = cookie_in(greeter.reply()).to_vec();
        let answer = hello(1, &cookie);
        let mut asked = |from, now| {
            let proven = greeter.greet(&answer, from, now).unwrap().is_some();
            (proven, greeter.reply().len())
        };
        assert!(!asked("1.1.1.1:2", 1000).0, "another port");
        assert!(!asked("1.1.1.2:1", 1000).0, "another address");
        assert!(!asked("1.1.1.1:1", 1000 + 2 * WINDOW).0, "too late");
        assert!(asked("1.1.1.1:1", 1000).0);
        assert!(asked("1.1.1.1:1", 1000 + WINDOW).0, "slow");
        assert!(!asked("1.1.1.2:1", 1000).0, "the next peer begins anew");
    }

    #[test]
    fn what_is_no_hello_gets_no_answer() {
        let config = Config::new(Some(Role::Server)).unwrap();
        let mut greeter = Greeter::new(&config).unwrap();
        let whole = hello(0, b"");
        let mut check = |datagram: &[u8]| {
            assert!(greeter.greet(datagram, "1.1.1.1:1", 1).unwrap().is_none());
            assert_eq!(greeter.reply(), b"");
        };
        (0..whole.len()).for_each(|size| check(&whole[..size]));
        check(&[0; 4096]);
        check(&[23; 100]);
    }
}
