// SPDX-License-Identifier: MIT
//! Application protocols (ALPN), RFC 7301.

use super::Failure;
use crate::errno::Errno;
use openssl::error::ErrorStack;
use openssl::ssl::{AlpnError, SslContextBuilder};

/// "h2,http/1.1" as RFC 7301 §3.1 has it: each name after its length.
pub fn protocols_on_wire(names: &str) -> Result<Vec<u8>, Failure> {
    let mut wire = Vec::new();
    for name in names.split(',') {
        match u8::try_from(name.len()) {
            Ok(size @ 1..) => wire.push(size),
            _ => return Err(Failure::new(Errno::BADARG, "a protocol's name has 1 to 255 bytes")),
        }
        wire.extend_from_slice(name.as_bytes());
    }
    Ok(wire)
}

/// Has a context offer protocols, or accept them.
pub fn use_protocols(builder: &mut SslContextBuilder, wire: &[u8]) -> Result<(), ErrorStack> {
    let ours = wire.to_vec();
    builder.set_alpn_select_callback(move |_, offered| {
        select_protocol(&ours, offered).ok_or(AlpnError::ALERT_FATAL)
    });
    builder.set_alpn_protos(wire)
}

/// RFC 7301 §3.2: what the server likes best of what is offered; nothing in common is fatal.
pub fn select_protocol<'a>(ours: &[u8], offered: &'a [u8]) -> Option<&'a [u8]> {
    protocols(ours).find_map(|ours| protocols(offered).find(|theirs| *theirs == ours))
}

/// The names in a list of names that each follow their length.
fn protocols(mut wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&size, rest) = wire.split_first()?;
        let (name, rest) = rest.split_at_checked(size.into())?;
        wire = rest;
        Some(name)
    })
}
