// SPDX-License-Identifier: MIT
//! `cq_tls_*`: what a TLS configuration can be told beyond certificate, authorities and name.

use super::boundary::{borrow, bytes, call, utf8};
use super::tls::copy_text;
use crate::errno::{Errno, Result};
use crate::tls::{Config, Pem, Staples, Version};
use std::ffi::{c_char, c_int, c_void};

/// Loads a certificate, followed by its chain, and its private key from memory, both in PEM. Otherwise as
/// `cq_tls_certificate`.
///
/// Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` if there is no certificate or key, the key is
/// encrypted and the password not known, or it belongs to another certificate.
///
/// Safety: `chain` and `key` are readable for `chain_size` and `key_size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_certificate_pem(
    tls: *const Config,
    chain: *const c_void,
    chain_size: usize,
    key: *const c_void,
    key_size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (chain, key) = unsafe { (bytes(chain, chain_size)?, bytes(key, key_size)?) };
        unsafe { borrow(tls) }?.set_certificate(Pem::Bytes(chain), Pem::Bytes(key))
    })
}

/// Trusts authorities whose certificates are in memory, in PEM. Otherwise as `cq_tls_authorities`.
///
/// Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` if there is no certificate.
///
/// Safety: `data` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_authorities_pem(
    tls: *const Config,
    data: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_authorities(Pem::Bytes(bytes(data, size)?)) })
}

/// Sets the password of the encrypted keys that are loaded from now on. NULL forgets it.
///
/// Errors: EINVAL for NULL as `tls`, an adopted configuration, or text that is not UTF-8.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_password(tls: *const Config, password: *const c_char) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let password = (!password.is_null()).then(|| unsafe { utf8(password) }).transpose()?;
        unsafe { borrow(tls) }?.set_password(password)
    })
}

/// TLS 1.2, and with datagrams DTLS 1.2.
pub const CQ_TLS_1_2: u32 = 0x0303;
/// TLS 1.3. There is no DTLS 1.3.
pub const CQ_TLS_1_3: u32 = 0x0304;

fn version(number: u32) -> Result<Option<Version>> {
    match number {
        0 => Ok(None),
        CQ_TLS_1_2 => Ok(Some(Version::V12)),
        CQ_TLS_1_3 => Ok(Some(Version::V13)),
        _ => Err(Errno::BADARG),
    }
}

/// Sets the oldest and the newest version that is spoken, each `CQ_TLS_1_2`, `CQ_TLS_1_3`, or 0: TLS 1.2, and whatever
/// OpenSSL knows. With datagrams 1.3 as the oldest makes `cq_socket_starttls` fail.
///
/// Errors: EINVAL for NULL, another number, an oldest version that is newer than the newest, or an adopted
/// configuration; `CQ_ETLS`.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_versions(tls: *const Config, least: u32, most: u32) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls) }?.set_versions(version(least)?, version(most)?))
}

/// Sets the ciphers of TLS 1.2, a client's best first, as ciphers(1) writes them: "ECDHE+AESGCM:ECDHE+CHACHA20". A
/// server takes of them what the client likes best. Names that OpenSSL does not know are left out.
///
/// Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` if nothing is left.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_ciphers(tls: *const Config, list: *const c_char) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_ciphers(utf8(list)?) })
}

/// Sets the cipher suites of TLS 1.3, a client's best first: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256".
///
/// Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` for a name that OpenSSL does not know.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_suites(tls: *const Config, list: *const c_char) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_suites(utf8(list)?) })
}

/// Sets the groups for the exchange of keys, a client's best first: "X25519:P-256". With TLS 1.2 that of a certificate's
/// key must be among them.
///
/// Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` for a name that OpenSSL does not know.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_groups(tls: *const Config, list: *const c_char) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_groups(utf8(list)?) })
}

/// Has a server use another configuration, `other`, for clients that ask for a name (SNI): that of a host, or "*." and
/// a domain, which stands for one label. A whole name goes before one with "*."; clients that ask for none of the
/// names, or for no name, get `tls` itself. Everything that `other` says counts: certificate, demands, authorities,
/// revocation lists, ALPN, versions, ciphers. A session that was made under one name is resumed under no other.
/// `other` may be freed; later changes of it count.
///
/// Errors: EINVAL for NULL, what is no name, an adopted configuration, or if `other` is `tls` or has names itself.
///
/// Source: RFC 6066 §3, RFC 6125 §6.4.3.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_add_name(
    tls: *const Config,
    name: *const c_char,
    other: *const Config,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.add_name(utf8(name)?, borrow(other)?) })
}

/// Appends the secrets of each connection to a file in the form of SSLKEYLOGFILE, with which Wireshark and others read
/// what was sent. Only its owner can read a file that did not exist. No variable of the environment does the same.
/// What cannot be written is left out.
///
/// Errors: EINVAL for NULL or an adopted configuration; what kept the file from being opened.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_keylog(tls: *const Config, path: *const c_char) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_keylog(utf8(path)?) })
}

/// Refuses certificates that the revocation lists (CRL) in a PEM file revoke: the peer's, and if `whole` is true those
/// of the authorities in its chain. A certificate without a list of its authority that is still valid is refused, too.
/// It may be called again for more of them. Sessions of a server that were made before are not resumed.
///
/// Errors: EINVAL for NULL or an adopted configuration; what kept the file from being read; `CQ_ETLS` if there is no
/// list in it.
///
/// Source: RFC 5280 §5.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_revoked(
    tls: *const Config,
    path: *const c_char,
    whole: bool,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_revoked(Pem::File(utf8(path)?), whole) })
}

/// Has a server staple the answer of its authority about its certificate (OCSP), which a file holds in DER, to its
/// handshakes. It may be called again when there is a newer answer, also while connections are made.
///
/// Errors: EINVAL for NULL or an adopted configuration; what kept the file from being read; `CQ_ETLS` if it holds no
/// such answer, or one that says that the authority failed.
///
/// Source: RFC 6066 §8, RFC 6960.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_staple(tls: *const Config, path: *const c_char) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_staple(Pem::File(utf8(path)?)) })
}

/// As `cq_tls_staple`, with the answer in memory. No bytes: from now on nothing is stapled.
///
/// Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` if it is no such answer, or one that says that the
/// authority failed.
///
/// Safety: `data` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_staple_der(
    tls: *const Config,
    data: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_staple(Pem::Bytes(bytes(data, size)?)) })
}

/// For `cq_tls_staples`: a client does not ask for an answer about the server's certificate, which is the default.
pub const CQ_TLS_STAPLES_NONE: u32 = 0;
/// For `cq_tls_staples`: a client that verifies asks. An answer that comes must be good, and one must come if the
/// certificate says that it always does.
pub const CQ_TLS_STAPLES_ASKED: u32 = 1;
/// For `cq_tls_staples`: as `CQ_TLS_STAPLES_ASKED`, and an answer must come.
pub const CQ_TLS_STAPLES_DEMANDED: u32 = 2;

/// Sets whether a client that verifies asks the server for the answer of its authority (OCSP stapling): one of
/// `CQ_TLS_STAPLES_...`. The answer must be signed by the authority, be of that certificate, and be of now. A server
/// without what is demanded is `CQ_ENOTVERIFIED` for `cq_socket_starttls`.
///
/// Errors: EINVAL for NULL, another number, or an adopted configuration.
///
/// Source: RFC 6066 §8, RFC 7633.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_staples(tls: *const Config, how: u32) -> c_int {
    call(|| {
        let how = match how {
            CQ_TLS_STAPLES_NONE => Staples::No,
            CQ_TLS_STAPLES_ASKED => Staples::Asked,
            CQ_TLS_STAPLES_DEMANDED => Staples::Demanded,
            _ => return Err(Errno::BADARG),
        };
        // SAFETY: as documented.
        unsafe { borrow(tls) }?.set_staples(how)
    })
}

/// Writes why the last `cq_tls_...` call that sets something failed, in words, and a NUL: "server.key: key does not
/// match the certificate server.pem"; an empty text if it did not fail, or its code says it all.
///
/// Errors: EINVAL for NULL.
///
/// Safety: `text` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_reason(
    tls: *const Config,
    text: *mut c_char,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let reason = unsafe { borrow(tls) }?.reason();
        unsafe { copy_text(reason.as_bytes(), text, size) }
    })
}
