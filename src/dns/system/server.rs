// SPDX-License-Identifier: MIT
//! Addresses of name servers as text.

use crate::errno::{Errno, Result};
use std::net::{SocketAddr, SocketAddrV6};

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
    let host = match address {
        SocketAddr::V6(v6) if v6.scope_id() > 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        _ => address.ip().to_string(),
    };
    match address.port() {
        port if port == usual => host,
        port => format!("[{host}]:{port}"),
    }
}
