// SPDX-License-Identifier: MIT
//! `cq_tls_*`: TLS configurations; `cq_socket_*`: TLS on sockets.

use super::boundary::{borrow, call, fill, hand_out, take_back, utf8, value};
use super::socket::retry;
use super::task::{give_back, lend};
use crate::errno::{Errno, Result};
use crate::socket::Socket;
use crate::sys::tls::{adopt_context, adopt_ssl, IS_SHARED};
use crate::tls::{Config, Pem, Role, Verify};
use std::ffi::{c_char, c_int, c_void};

/// A role: that of the socket, which is the server if a listener accepted it, otherwise the client.
pub const CQ_TLS_ANY: u32 = 0;
/// A role: the client, the end that connects.
pub const CQ_TLS_CLIENT: u32 = 1;
/// A role: the server, the end that is connected to.
pub const CQ_TLS_SERVER: u32 = 2;

fn role(number: u32) -> Result<Option<Role>> {
    match number {
        CQ_TLS_ANY => Ok(None),
        CQ_TLS_CLIENT => Ok(Some(Role::Client)),
        CQ_TLS_SERVER => Ok(Some(Role::Server)),
        _ => Err(Errno::BADARG),
    }
}

/// Makes a TLS configuration for the role `CQ_TLS_CLIENT`, `CQ_TLS_SERVER` or `CQ_TLS_ANY`, for any number of
/// sockets, in any thread; on sockets of type SOCK_DGRAM it means DTLS. It allows TLS 1.2 and later. A client, of
/// whichever role the configuration is, verifies that the server's certificate is valid, by the system's authorities,
/// and names the host; a server demands no certificate. Clients that share a configuration resume each other's
/// sessions. On both sides a session is resumed only under the demands under which it was made, and by a client that
/// shows the same certificate. Free it with `cq_tls_free`; sockets keep what they need.
///
/// Every call leaves OpenSSL's error queue of the thread as it is: what the program has there stays, unless its text
/// is not UTF-8, and nothing is added.
///
/// Errors: EINVAL for NULL or another role; `CQ_ETLS`, also without memory.
///
/// Source: RFC 8446, RFC 9147; cqueues User Guide §3.2.2, starttls.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_new(role: u32, tls: *mut *mut Config) -> c_int {
    call(|| {
        let role = self::role(role)?;
        // SAFETY: as documented.
        unsafe { hand_out(tls, Config::new(role)?) }
    })
}

/// Makes a configuration of a program's own `SSL_CTX *`, of which it takes a reference. Only what that context
/// demands, and `CQ_OPTION_VERIFY` of the socket, is verified. If that option demands more of a server than the
/// context does, the server resumes only sessions that were made under the same demand, whatever the session id
/// context says. The role counts only if the context was made for both (TLS_method).
///
/// Errors: EINVAL for NULL or another role; EOPNOTSUPP if the library has an OpenSSL of its own inside
/// (`make OPENSSL=vendored`), whose objects no program has.
///
/// Safety: `context` is of the same libssl that this library is linked with.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_adopt_context(
    context: *mut c_void,
    role: u32,
    tls: *mut *mut Config,
) -> c_int {
    call(|| {
        if context.is_null() {
            return Err(Errno::BADARG);
        }
        let role = self::role(role)?;
        demand_shared_libssl()?;
        // SAFETY: as documented, here and below.
        let context = unsafe { adopt_context(context) };
        unsafe { hand_out(tls, Config::from_context(context, role)) }
    })
}

/// Makes a configuration of a program's own `SSL *`, for one socket. Otherwise as `cq_tls_adopt_context`. A client
/// that is to verify by `CQ_OPTION_VERIFY` does not resume a session that it was given by SSL_set_session.
///
/// Errors: EINVAL for NULL or another role; EOPNOTSUPP as for `cq_tls_adopt_context`.
///
/// Safety: `ssl` is of the same libssl that this library is linked with, and has no connection.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_adopt_ssl(
    ssl: *mut c_void,
    role: u32,
    tls: *mut *mut Config,
) -> c_int {
    call(|| {
        if ssl.is_null() {
            return Err(Errno::BADARG);
        }
        let role = self::role(role)?;
        demand_shared_libssl()?;
        // SAFETY: as documented, here and below.
        let ssl = unsafe { adopt_ssl(ssl) };
        unsafe { hand_out(tls, Config::from_ssl(ssl, role)) }
    })
}

fn demand_shared_libssl() -> Result<()> {
    IS_SHARED.then_some(()).ok_or(Errno(libc::EOPNOTSUPP))
}

/// Frees a configuration. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_free(tls: *mut Config) {
    // SAFETY: as documented.
    unsafe { take_back(tls) }
}

/// Loads a certificate, followed by its chain, and its private key from PEM files. The user is not asked for the pass
/// phrase of an encrypted key: a program that knows it sets it before, with `cq_tls_password` or by
/// SSL_CTX_set_default_passwd_cb on `cq_tls_context`. It may be called again for a key of another type (RSA and ECDSA);
/// one of the same type replaces the earlier one. `cq_tls_reason` tells which file failed and why.
///
/// Errors: EINVAL for NULL or an adopted configuration; what kept a file from being read; `CQ_ETLS` if a file holds
/// no certificate or key, the key is encrypted, or it belongs to another certificate.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_certificate(
    tls: *const Config,
    chain: *const c_char,
    key: *const c_char,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_certificate(Pem::File(utf8(chain)?), Pem::File(utf8(key)?)) })
}

/// Trusts the authorities in a PEM file or a hashed directory instead of the system's. It may be called again for
/// more of them.
///
/// Errors: EINVAL for NULL or an adopted configuration; what kept it from being read; `CQ_ETLS` if there is no
/// certificate in the file.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_authorities(tls: *const Config, path: *const c_char) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_authorities(Pem::File(utf8(path)?)) })
}

/// For `cq_tls_verify`: nothing is demanded of the peer.
pub const CQ_TLS_VERIFY_NONE: u32 = 0;
/// For `cq_tls_verify`: a client demands a valid certificate that names the host; a server demands that the client's
/// certificate is valid, if it shows one.
pub const CQ_TLS_VERIFY_PEER: u32 = 1;
/// For `cq_tls_verify`: as `CQ_TLS_VERIFY_PEER`, but a server demands that the client shows a certificate.
pub const CQ_TLS_VERIFY_REQUIRE: u32 = 2;

/// Sets what is demanded of the peer's certificate: one of `CQ_TLS_VERIFY_...`.
///
/// Errors: EINVAL for NULL, another number, or an adopted configuration.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_verify(tls: *const Config, how: u32) -> c_int {
    call(|| {
        let how = match how {
            CQ_TLS_VERIFY_NONE => Verify::No,
            CQ_TLS_VERIFY_PEER => Verify::Peer,
            CQ_TLS_VERIFY_REQUIRE => Verify::Require,
            _ => return Err(Errno::BADARG),
        };
        // SAFETY: as documented.
        unsafe { borrow(tls) }?.set_verify(how)
    })
}

/// Sets the name or address that the server's certificate must have, and that the server is told, instead of the
/// socket's host.
///
/// Errors: EINVAL for NULL, an empty name, or text that is not UTF-8.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_name(tls: *const Config, name: *const c_char) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let name = unsafe { utf8(name) }?;
        if name.is_empty() {
            return Err(Errno::BADARG);
        }
        unsafe { borrow(tls) }?.set_name(name)
    })
}

/// Sets the application protocols (ALPN) that a client offers and a server accepts, the best first:
/// "h2,http/1.1". A server without one in common with what is offered refuses the connection.
///
/// Errors: EINVAL for NULL, an empty name or one of more than 255 bytes, or an adopted configuration.
///
/// Source: RFC 7301.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_alpn(tls: *const Config, protocols: *const c_char) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(tls)?.set_protocols(utf8(protocols)?) })
}

/// Gives the `SSL_CTX *` of stream connections, for what libssl can do beyond these functions. It holds as long as
/// the configuration. NULL for a configuration of one `SSL *`, and NULL for NULL. Its session id context does not
/// count, unless the `SSL_CTX` was adopted: each server's connection has one that says what is demanded. The context
/// knows which authorities are trusted only if `cq_tls_authorities` has set them. NULL also if the library has an
/// OpenSSL of its own inside.
#[no_mangle]
pub unsafe extern "C" fn cq_tls_context(tls: *const Config) -> *mut c_void {
    value(std::ptr::null_mut(), || {
        demand_shared_libssl()?;
        // SAFETY: as documented.
        Ok(unsafe { borrow(tls) }?.context_pointer())
    })
}

pub(super) unsafe fn config(tls: *const Config) -> Result<Config> {
    // SAFETY: as the functions below document.
    unsafe { tls.as_ref() }.map_or_else(Config::usual, |config| Ok(config.clone()))
}

/// Sets whether an end of the TLS stream that the peer did not announce is a failure (`CQ_ETRUNCATED`), which is the
/// default, or end of file like any other (0). In either case `cq_socket_truncated` tells of it.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_strict(socket: *const Socket, on: bool) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(socket) }?.set_strict(on);
        Ok(())
    })
}

/// Tells whether an end of the TLS stream that the peer did not announce is a failure. False for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_strict(socket: *const Socket) -> bool {
    // SAFETY: as documented.
    value(false, || Ok(unsafe { borrow(socket) }?.strict()))
}

/// Tells whether the TLS stream has ended without the peer saying so (close_notify): what came may be a part only.
/// False for NULL.
///
/// Source: RFC 8446 §6.1.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_truncated(socket: *const Socket) -> bool {
    // SAFETY: as documented.
    value(false, || Ok(unsafe { borrow(socket) }?.is_truncated()))
}

/// Begins TLS, or goes on with its handshake, without waiting; answers 0 when the handshake is done. NULL for `tls`
/// stands for a client that verifies by the system's authorities. Buffered output leaves in plain text first if the
/// output mode says `a`. Bytes that are buffered as input count as the beginning of the peer's handshake, so that
/// plain text behind a STARTTLS command makes the handshake fail. A datagram socket that everybody can send to gets
/// one peer: the first that speaks.
///
/// After a failure the socket is of no use but to tell the reason, see `cq_socket_reason`; after EMFILE, ENFILE and
/// ENOMEM the call can be repeated. What is sent before that leaves in plain text; so it does on a socket for messages while pending
/// output keeps the call at EAGAIN.
///
/// A peer that sends much that is not data (updates of keys, tickets, requests to negotiate again) is served in
/// portions: here, and in reads and writes later, EAGAIN may mean that other tasks are to have their turn first, and
/// `cq_socket_poll_timeout` tells 0 then. A peer that does not take the answers is not read from until it does.
///
/// Errors: EINVAL for NULL; EBUSY for an adopted `SSL` that another socket, or somebody else, uses; EAGAIN: wait
/// for the socket and repeat; EMFILE, ENFILE if the system's authorities could not be read; ENOMEM;
/// `CQ_ENOTVERIFIED`: the certificate is not what was demanded; `CQ_ETLS`; EPIPE if the peer closes, and for a
/// listener; ETIMEDOUT if nobody answers a datagram; EBADF after close; what kept the socket from being connected.
///
/// Safety: `tls` is NULL or a configuration.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_try_starttls(
    socket: *const Socket,
    tls: *const Config,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket)?.start_tls(&config(tls)?) })
}

/// Begins TLS and waits, at most the socket's timeout, until its handshake is done.
///
/// Errors: as for `cq_socket_try_starttls`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_starttls(socket: *const Socket, tls: *const Config) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below; the loan holds until it is given back.
        let socket = unsafe { borrow(socket) }?;
        let config = lend(unsafe { config(tls) }?)?;
        let result = retry(socket, None, |_| socket.start_tls(unsafe { &*config }));
        unsafe { give_back(config) };
        result
    })
}

/// Makes a datagram socket a listener of DTLS for many peers, `most` at once: `cq_socket_accept` then gives a socket for
/// each peer that has proven its address by a cookie. Before that nothing is kept of a peer. An accepted socket is bound to
/// the listener's address and connected to the peer; it does its handshake in `cq_socket_starttls`, which does not look at
/// its configuration, or in the first read or write. While there are `most` peers, or no descriptor is free, the others
/// wait: a place is free when the socket of a peer is closed.
///
/// On Linux any bound socket will do; on other systems it must be made with `CQ_OPTION_REUSEPORT`, which this sets on Linux:
/// other processes of the same user can then bind the port, too.
/// One that is bound to no address in particular answers from that which the system chooses for the peer.
///
/// Errors: EINVAL for NULL or an adopted configuration; EOPNOTSUPP for what is no socket of internet datagrams; EAGAIN: it
/// is not bound yet, wait for it and repeat; what kept it from being bound.
///
/// Source: RFC 6347 §4.2.1.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_listen_tls(
    socket: *const Socket,
    tls: *const Config,
    most: usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(socket)?.listen_tls(borrow(tls)?, most) })
}

/// Gives the `SSL *` of a socket, NULL without TLS and NULL for NULL. It holds until the socket is closed; reading,
/// writing and the handshake are left to the socket. If the library has an OpenSSL of its own inside, it tells no more than
/// that there is TLS.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_checktls(socket: *const Socket) -> *mut c_void {
    // SAFETY: as documented.
    value(std::ptr::null_mut(), || Ok(unsafe { borrow(socket) }?.tls_pointer()))
}

/// Gives what `cq_socket_checktls` gives, with a reference of the caller's own, to be given back with SSL_free. NULL
/// for NULL, and if the library has an OpenSSL of its own inside.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_sharetls(socket: *const Socket) -> *mut c_void {
    value(std::ptr::null_mut(), || {
        demand_shared_libssl()?;
        // SAFETY: as documented.
        Ok(unsafe { borrow(socket) }?.share_tls())
    })
}

/// Tells whether a TLS connection resumed an earlier session. False without TLS and for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_resumed(socket: *const Socket) -> bool {
    value(false, || {
        // SAFETY: as documented.
        Ok(unsafe { borrow(socket) }?.tls(|tls| tls.is_resumed()).unwrap_or(false))
    })
}

/// Writes as much of `from` as fits, and a NUL. EINVAL without room for that.
pub unsafe fn copy_text(from: &[u8], to: *mut c_char, size: usize) -> Result<()> {
    // SAFETY: writable for `size` bytes, as the functions below document.
    match unsafe { fill(from, to, size, std::ptr::null_mut()) } {
        Err(Errno::NOBUFS) if size > 0 => Ok(()),
        Err(_) => Err(Errno::BADARG),
        done => done,
    }
}

/// Writes the application protocol (ALPN) that both ends chose, and a NUL; an empty text if there is none.
///
/// Errors: EINVAL for NULL.
///
/// Safety: `text` is writable for `size` bytes; 256 always suffice.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_alpn(
    socket: *const Socket,
    text: *mut c_char,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let protocol = unsafe { borrow(socket) }?.tls(|tls| tls.protocol().map(<[u8]>::to_vec));
        unsafe { copy_text(&protocol.flatten().unwrap_or_default(), text, size) }
    })
}

/// Writes why the socket failed, in words, with the peer that it concerns, and a NUL: "certificate
/// verify failed: unable to get local issuer certificate, peer 127.0.0.1:443"; an empty text
/// if nothing failed that has more to say than its code. An address that this end could not have
/// is told as such: "Address already in use, local address 127.0.0.1:443".
///
/// Errors: EINVAL for NULL.
///
/// Safety: `text` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_reason(
    socket: *const Socket,
    text: *mut c_char,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let reason = unsafe { borrow(socket) }?.reason().unwrap_or_default();
        unsafe { copy_text(reason.as_bytes(), text, size) }
    })
}
