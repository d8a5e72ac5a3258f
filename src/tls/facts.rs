// SPDX-License-Identifier: MIT
//! What a connection tells about itself and its peer.

use super::Engine;
use crate::errno::{Errno, Result};
use crate::sys::certificate::name_text;
use crate::sys::tls as sys;
use openssl::asn1::Asn1Time;
use openssl::nid::Nid;
use openssl::ssl::SslRef;
use openssl::x509::{GeneralNameRef, X509};
use std::fmt::Write;

/// One fact in text or bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// "TLSv1.3".
    Version,
    /// The name of the cipher.
    Cipher,
    /// The group of the exchange of keys.
    Group,
    /// Whom the peer's certificate is of, as RFC 4514 writes it.
    Subject,
    /// Who has signed the peer's certificate.
    Issuer,
    /// A name of the peer's certificate: "DNS:example.org".
    Name(usize),
    /// A certificate of the chain that the peer has shown, in DER. Its own is the first.
    Der(usize),
    /// The same in PEM.
    Pem(usize),
}

impl Engine {
    /// Tells a fact. ENOENT if there is none, as of a peer that has shown no certificate.
    pub fn fact(&self, fact: Fact) -> Result<Vec<u8>> {
        let _aside = sys::set_errors_aside();
        let ssl = self.ssl();
        let text = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        let told = match fact {
            Fact::Version => self.is_ready().then(|| ssl.version_str().as_bytes().to_vec()),
            Fact::Cipher => text(ssl.current_cipher().map(|cipher| cipher.name())),
            Fact::Group => text(sys::group(ssl).and_then(|id| Nid::from_raw(id).short_name().ok())),
            Fact::Subject => own(ssl).and_then(|one| name_text(one.subject_name())),
            Fact::Issuer => own(ssl).and_then(|one| name_text(one.issuer_name())),
            Fact::Name(index) => own(ssl)
                .and_then(|one| one.subject_alt_names()?.iter().filter_map(alternative).nth(index)),
            Fact::Der(index) => shown(ssl, index).and_then(|one| one.to_der().ok()),
            Fact::Pem(index) => shown(ssl, index).and_then(|one| one.to_pem().ok()),
        };
        told.ok_or(Errno(libc::ENOENT))
    }

    /// Until when the peer's certificate is valid, in seconds since 1970. ENOENT without one.
    pub fn expiry(&self) -> Result<f64> {
        let _aside = sys::set_errors_aside();
        let start = Asn1Time::from_unix(0).map_err(|_| Errno(libc::ENOMEM))?;
        let one = own(self.ssl()).ok_or(Errno(libc::ENOENT))?;
        let span = start.diff(one.not_after()).map_err(|_| Errno(libc::ENOENT))?;
        Ok(f64::from(span.days) * 86400.0 + f64::from(span.secs))
    }
}

/// The peer's own certificate.
fn own(ssl: &SslRef) -> Option<X509> {
    ssl.peer_certificate()
}

/// A certificate that the peer has shown. To a server libssl tells the client's own apart from the chain.
fn shown(ssl: &SslRef, index: usize) -> Option<X509> {
    if index == 0 {
        return own(ssl);
    }
    let place = if ssl.is_server() { index - 1 } else { index };
    Some(ssl.peer_cert_chain()?.get(place)?.to_owned())
}

/// A name as text. Bytes that do not print are written as in `\00`, as nobody shall take a part for the whole.
fn alternative(name: &GeneralNameRef) -> Option<Vec<u8>> {
    let (kind, value) = match (name.dnsname(), name.email(), name.uri()) {
        (Some(host), _, _) => ("DNS", host),
        (_, Some(address), _) => ("email", address),
        (_, _, Some(uri)) => ("URI", uri),
        _ => return Some(format!("IP:{}", address(name.ipaddress()?)?).into_bytes()),
    };
    let mut text = format!("{kind}:");
    for byte in value.bytes() {
        match byte {
            b' '..=b'[' | b']'..=b'~' => text.push(byte.into()),
            _ => drop(write!(text, "\\{byte:02X}")),
        }
    }
    Some(text.into_bytes())
}

fn address(bytes: &[u8]) -> Option<std::net::IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from)).ok()
}
