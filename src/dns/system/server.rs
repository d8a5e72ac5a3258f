// SPDX-License-Identifier: MIT
//! Name servers and their addresses as text.

use super::config::PORT;
use crate::errno::{Errno, Result};
use std::net::{SocketAddr, SocketAddrV6};
use std::sync::Arc;

/// The port of name servers over TLS, RFC 7858 §3.1.
pub const TLS_PORT: u16 = 853;

/// What a server over TLS begins with as text.
const SCHEME: &str = "tls://";

/// How a server is asked.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Transport {
    /// In plain text, over UDP and TCP.
    #[default]
    Plain,
    /// Over TLS alone. The certificate must be for that name, or without one for the address: RFC 8310 §5, strict.
    Tls(Option<Arc<str>>),
    /// Over TLS without looking at the certificate, RFC 8310 §5, opportunistic.
    Unverified,
}

/// A name server: where it is, and how it is asked.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NameServer {
    /// Its address.
    pub address: SocketAddr,
    /// How it is asked.
    pub transport: Transport,
}

impl From<SocketAddr> for NameServer {
    fn from(address: SocketAddr) -> NameServer {
        NameServer { address, transport: Transport::Plain }
    }
}

impl NameServer {
    /// From text: an address, or "tls://1.2.3.4#dns.example", "tls://[::1]:8853#dns.example"; the name may be left out.
    /// CQ_EADDRESS for anything else.
    pub fn scan(text: &str) -> Result<NameServer> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix(SCHEME) else {
            return scan_address(text, PORT).map(NameServer::from);
        };
        let (address, name) = match rest.split_once('#') {
            Some((address, name)) => (address, Some(scan_name(name)?)),
            None => (rest, None),
        };
        let address = match address.split_once(':') {
            // Of a URL's form, where an IPv4 address has no brackets.
            Some((host, port)) if !host.starts_with('[') && !port.contains(':') => {
                scan_address(&format!("[{host}]:{port}"), TLS_PORT)?
            }
            _ => scan_address(address, TLS_PORT)?,
        };
        Ok(NameServer { address, transport: Transport::Tls(name) })
    }

    /// The other way.
    pub fn format(&self) -> String {
        self.format_beside(PORT)
    }

    /// The same; the port of a plain one is left out if it is `usual`.
    pub fn format_beside(&self, usual: u16) -> String {
        let Transport::Tls(name) = &self.transport else {
            return format_address(&self.address, usual);
        };
        let host = format_host(&self.address);
        let host = if self.address.is_ipv6() { format!("[{host}]") } else { host };
        let port = match self.address.port() {
            TLS_PORT => String::new(),
            port => format!(":{port}"),
        };
        let name = name.as_ref().map_or_else(String::new, |name| format!("#{name}"));
        format!("{SCHEME}{host}{port}{name}")
    }
}

/// The address at which a server is asked over TLS of which the address for plain text is known: the port for TLS, unless
/// it has a port of its own.
pub fn over_tls(mut address: SocketAddr) -> SocketAddr {
    if address.port() == PORT {
        address.set_port(TLS_PORT);
    }
    address
}

/// The name in a server's certificate.
fn scan_name(text: &str) -> Result<Arc<str>> {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b"-._:".contains(&letter);
    match !text.is_empty() && text.len() <= NAME && text.bytes().all(fits) {
        true => Ok(text.into()),
        false => Err(Errno::ADDRESS),
    }
}

/// The longest name of a host, RFC 1035 §2.3.4.
const NAME: usize = 254;

/// An address: "1.2.3.4", "::1", "fe80::1%2", "[1.2.3.4]:53", "[::1]:5353", "1.2.3.4:53" not (it is no
/// form of the guide's). CQ_EADDRESS for anything else.
pub fn scan_address(text: &str, port: u16) -> Result<SocketAddr> {
    let text = text.trim();
    let (host, port) = match text.strip_prefix('[') {
        None => (text, port),
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(Errno::ADDRESS)?;
            let given = match rest.strip_prefix(':') {
                Some("") | None => 0,
                Some(digits) => digits.parse().map_err(|_| Errno::ADDRESS)?,
            };
            if !rest.is_empty() && !rest.starts_with(':') {
                return Err(Errno::ADDRESS);
            }
            (host, if given == 0 { port } else { given })
        }
    };
    let address = crate::address::internet(host, port).map_err(|_| Errno::ADDRESS)?;
    let v4 = address.as_sockaddr_in().map(|a| SocketAddr::new(a.ip().into(), port));
    let v6 = address.as_sockaddr_in6();
    v4.or_else(|| v6.map(|a| SocketAddrV6::new(a.ip(), port, 0, a.scope_id()).into()))
        .ok_or(Errno::ADDRESS)
}

/// The other way; the port is left out if it is `usual`.
pub fn format_address(address: &SocketAddr, usual: u16) -> String {
    let host = format_host(address);
    match address.port() {
        port if port == usual => host,
        port => format!("[{host}]:{port}"),
    }
}

/// The address without its port.
pub fn format_host(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() > 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        _ => address.ip().to_string(),
    }
}
