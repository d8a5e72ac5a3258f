// SPDX-License-Identifier: MIT
//! What a connection demands of its peer: it is told to libssl before the handshake begins.

use super::{code, Verify};
use crate::errno::{Errno, Result};
use openssl::ssl::{Ssl, SslRef, SslVerifyMode};
use openssl::x509::verify::X509CheckFlags;
use std::net::IpAddr;

/// What a connection demands of its peer, and the name that the peer is to have.
#[derive(Debug)]
pub struct Demands {
    /// How strictly the certificate is verified.
    pub verify: Verify,
    /// The name.
    pub name: Option<String>,
    /// The name is not told to the server.
    pub nameless: bool,
}

/// Demands of the server a certificate with a valid chain and the expected name. CQ_ENOTVERIFIED if no name is known.
pub fn demand_of_server(ssl: &mut Ssl, demands: &Demands) -> Result<()> {
    if demands.verify == Verify::No {
        return Ok(());
    }
    let name = demands.name.as_deref().ok_or(Errno::NOTVERIFIED)?;
    ssl.set_verify(SslVerifyMode::PEER);
    let parameters = ssl.param_mut();
    match address_of(name) {
        Some(address) => parameters.set_ip(address).map_err(code),
        None => {
            // The common name is no name of a host, RFC 9525 §2.
            let flags = X509CheckFlags::NEVER_CHECK_SUBJECT;
            parameters.set_hostflags(flags | X509CheckFlags::NO_PARTIAL_WILDCARDS);
            parameters.set_host(name.trim_end_matches('.')).map_err(code)
        }
    }
}

/// Demands what `verify` says of the client.
pub fn demand_of_client(ssl: &mut SslRef, verify: Verify) {
    match verify {
        Verify::No => {}
        Verify::Peer => ssl.set_verify(SslVerifyMode::PEER),
        Verify::Require => {
            ssl.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
    }
}

/// Sets the name that is told to the server (SNI). An address is not told, RFC 6066 §3.
pub fn announce(ssl: &mut Ssl, demands: &Demands) -> Result<()> {
    let name = demands.name.as_deref().filter(|_| !demands.nameless);
    match name.filter(|name| address_of(name).is_none()) {
        Some(name) => ssl.set_hostname(name.trim_end_matches('.')).map_err(code),
        None => Ok(()),
    }
}

/// The address, without its zone (`%eth0`), if the host is one.
pub fn address_of(host: &str) -> Option<IpAddr> {
    host.split('%').next().unwrap_or(host).parse().ok()
}
