// SPDX-License-Identifier: MIT
//! `cq_socket_tls_*`: what a TLS connection tells about itself and its peer.

use super::boundary::{borrow, call, fill, put};
use crate::errno::{Errno, Result};
use crate::socket::Socket;
use crate::tls::Fact;
use std::ffi::{c_char, c_int};

/// For `cq_socket_tls_fact`: the version: "TLSv1.3", "DTLSv1.2".
pub const CQ_TLS_FACT_VERSION: u32 = 0;
/// For `cq_socket_tls_fact`: the cipher: "TLS_AES_256_GCM_SHA384".
pub const CQ_TLS_FACT_CIPHER: u32 = 1;
/// For `cq_socket_tls_fact`: the group of the exchange of keys: "X25519"; none with OpenSSL before 3.0.
pub const CQ_TLS_FACT_GROUP: u32 = 2;
/// For `cq_socket_tls_fact`: whom the peer's certificate is of: "CN=example.org,O=Example". No name in it is one of a
/// host.
pub const CQ_TLS_FACT_SUBJECT: u32 = 3;
/// For `cq_socket_tls_fact`: who has signed the peer's certificate.
pub const CQ_TLS_FACT_ISSUER: u32 = 4;
/// For `cq_socket_tls_fact`: a name that the peer's certificate is valid for: "DNS:example.org", "IP:192.0.2.1",
/// "email:somebody@example.org", "URI:https://example.org"; what does not print is written as in "\00".
pub const CQ_TLS_FACT_NAME: u32 = 5;
/// For `cq_socket_tls_fact`: a certificate of the chain that the peer has shown, its own first, in DER.
pub const CQ_TLS_FACT_DER: u32 = 6;
/// For `cq_socket_tls_fact`: the same in PEM.
pub const CQ_TLS_FACT_PEM: u32 = 7;

fn fact(number: u32, index: usize) -> Result<Fact> {
    let fact = match number {
        CQ_TLS_FACT_NAME => return Ok(Fact::Name(index)),
        CQ_TLS_FACT_DER => return Ok(Fact::Der(index)),
        CQ_TLS_FACT_PEM => return Ok(Fact::Pem(index)),
        CQ_TLS_FACT_VERSION => Fact::Version,
        CQ_TLS_FACT_CIPHER => Fact::Cipher,
        CQ_TLS_FACT_GROUP => Fact::Group,
        CQ_TLS_FACT_SUBJECT => Fact::Subject,
        CQ_TLS_FACT_ISSUER => Fact::Issuer,
        _ => return Err(Errno::BADARG),
    };
    (index == 0).then_some(fact).ok_or(Errno(libc::ENOENT))
}

/// Tells a fact of a TLS connection, one of `CQ_TLS_FACT_...`, and a NUL after it. Of names and certificates there may be
/// several, `index` counts them from 0; of all else there is one. A resumed connection knows of the server what the first
/// one learnt; of the client a server knows its own certificate only. A certificate is told whether it was verified or
/// not.
///
/// Errors: EINVAL for NULL or another number; ENOENT if there is no such fact, and without TLS; `CQ_ENOBUFS` if there is
/// no room for all of it: as much as fits is written, and the length told.
///
/// Safety: `buffer` is writable for `size` bytes, `length` (without the NUL) is NULL or writable.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_tls_fact(
    socket: *const Socket,
    which: u32,
    index: usize,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        let fact = fact(which, index)?;
        let told = socket.tls(|tls| tls.fact(fact)).unwrap_or(Err(Errno(libc::ENOENT)))?;
        unsafe { fill(&told, buffer, size, length) }
    })
}

/// Tells until when the peer's certificate is valid, in seconds since 1970.
///
/// Errors: EINVAL for NULL; ENOENT if the peer has shown none, and without TLS.
///
/// Safety: `seconds` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_tls_expiry(socket: *const Socket, seconds: *mut f64) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let told = unsafe { borrow(socket) }?.tls(|tls| tls.expiry());
        unsafe { put(seconds, told.unwrap_or(Err(Errno(libc::ENOENT)))?) }
    })
}
