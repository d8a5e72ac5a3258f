// SPDX-License-Identifier: MIT
//! What of libssl the `openssl` crate does not offer: foreign pointers, roles, resumable sessions,
//! DTLS timers.

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::error::{Error, ErrorStack};
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslRef, SslSession, SslStream};
use std::ffi::{c_char, c_int, c_long, c_uint, c_ulong, c_void, CStr, CString};
use std::time::Duration;

/// Which end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The one that connects.
    Client,
    /// The one that is connected to.
    Server,
}

extern "C" {
    fn SSL_up_ref(ssl: *mut openssl_sys::SSL) -> c_int;
    fn SSL_get_ssl_method(ssl: *const openssl_sys::SSL) -> *const openssl_sys::SSL_METHOD;
    fn SSL_get1_session(ssl: *mut openssl_sys::SSL) -> *mut openssl_sys::SSL_SESSION;
    fn SSL_SESSION_is_resumable(session: *const openssl_sys::SSL_SESSION) -> c_int;
    fn SSL_set_session_id_context(
        ssl: *mut openssl_sys::SSL,
        context: *const u8,
        size: c_uint,
    ) -> c_int;
    fn SSL_CTX_set_default_passwd_cb(context: *mut openssl_sys::SSL_CTX, ask: PassPhrase);
    fn SSL_CTX_set_default_passwd_cb_userdata(
        context: *mut openssl_sys::SSL_CTX,
        argument: *mut c_void,
    );
    fn SSL_CTX_get_default_passwd_cb(context: *mut openssl_sys::SSL_CTX) -> PassPhrase;
    fn SSL_CTX_get_default_passwd_cb_userdata(context: *mut openssl_sys::SSL_CTX) -> *mut c_void;
    fn SSL_get_verify_callback(ssl: *const openssl_sys::SSL) -> *const c_void;
    #[cfg(not(feature = "vendored-openssl"))]
    fn X509_get_default_cert_file() -> *const c_char;
    fn ERR_peek_error() -> c_ulong;
    #[cfg(openssl3)]
    fn ERR_peek_error_all(
        file: *mut *const c_char,
        line: *mut c_int,
        function: *mut *const c_char,
        data: *mut *const c_char,
        flags: *mut c_int,
    ) -> c_ulong;
    #[cfg(not(openssl3))]
    fn ERR_peek_error_line_data(
        file: *mut *const c_char,
        line: *mut c_int,
        data: *mut *const c_char,
        flags: *mut c_int,
    ) -> c_ulong;
    fn DTLS_client_method() -> *const openssl_sys::SSL_METHOD;
    fn DTLS_server_method() -> *const openssl_sys::SSL_METHOD;
    fn DTLSv1_listen(ssl: *mut openssl_sys::SSL, peer: *mut BioAddress) -> c_int;
    fn BIO_ADDR_new() -> *mut BioAddress;
    fn BIO_ADDR_free(address: *mut BioAddress);
    fn SSL_is_dtls(ssl: *const openssl_sys::SSL) -> c_int;
}

/// `BIO_ADDR`.
enum BioAddress {}

/// `pem_password_cb`: writes a pass phrase and returns its length, -1 without one.
type PassPhrase =
    Option<unsafe extern "C" fn(*mut c_char, size: c_int, writing: c_int, *mut c_void) -> c_int>;

/// ssl.h and dtls1.h: names of SSL_ctrl(3) that the crates lack.
const SSL_CTRL_MODE: c_int = 33;
const DTLS_CTRL_GET_TIMEOUT: c_int = 73;
const DTLS_CTRL_HANDLE_TIMEOUT: c_int = 74;
const DTLS_CTRL_SET_LINK_MTU: c_int = 120;

/// A reference to a foreign `SSL_CTX`.
///
/// # Safety
///
/// `context` is an `SSL_CTX *` of the libssl that this library is linked with.
pub unsafe fn adopt_context(context: *mut c_void) -> SslContext {
    // SAFETY: as above; the new reference is the wrapper's.
    unsafe {
        openssl_sys::SSL_CTX_up_ref(context.cast());
        SslContext::from_ptr(context.cast())
    }
}

/// Whether somebody reads and writes with this `SSL` already: it has a BIO.
pub fn is_in_use(ssl: &Ssl) -> bool {
    // SAFETY: a live object; the answer is only compared.
    unsafe { !openssl_sys::SSL_get_rbio(ssl.as_ptr()).is_null() }
}

/// A reference to a foreign `SSL`.
///
/// # Safety
///
/// `ssl` is an `SSL *` of the libssl that this library is linked with.
pub unsafe fn adopt_ssl(ssl: *mut c_void) -> Ssl {
    // SAFETY: as above; the new reference is the wrapper's.
    unsafe {
        SSL_up_ref(ssl.cast());
        Ssl::from_ptr(ssl.cast())
    }
}

/// Another reference to the same object.
pub fn share(ssl: &SslRef) -> Ssl {
    // SAFETY: the pointer is that of a live object.
    unsafe { adopt_ssl(ssl.as_ptr().cast()) }
}

/// The pointer for programs that go on with libssl themselves.
pub fn pointer(ssl: &SslRef) -> *mut c_void {
    ssl.as_ptr().cast()
}

/// The same with a reference of its own, which whoever gets it gives back.
pub fn shared_pointer(ssl: &SslRef) -> *mut c_void {
    // SAFETY: a live object.
    unsafe { SSL_up_ref(ssl.as_ptr()) };
    pointer(ssl)
}

/// The pointer of a context.
pub fn context_pointer(context: &SslContext) -> *mut c_void {
    context.as_ptr().cast()
}

/// The pointer of the context that an object was made from.
pub fn context_of(ssl: &SslRef) -> *mut c_void {
    ssl.ssl_context().as_ptr().cast()
}

/// Changes a context that exists already. OpenSSL allows that while connections are made from it:
/// they take over what it says when they begin.
pub fn change<T>(context: &SslContext, change: impl FnOnce(&mut SslContextBuilder) -> T) -> T {
    // SAFETY: the builder gets a reference of its own, which it gives up when it is dropped.
    let mut builder = unsafe {
        openssl_sys::SSL_CTX_up_ref(context.as_ptr());
        SslContextBuilder::from_ptr(context.as_ptr())
    };
    change(&mut builder)
}

unsafe extern "C" fn know_none(_: *mut c_char, _: c_int, _: c_int, _: *mut c_void) -> c_int {
    -1
}

/// Makes a context fail to read what is encrypted. Left alone, libcrypto asks for the pass phrase at the terminal.
pub fn never_ask(builder: &mut SslContextBuilder) {
    // SAFETY: a live object; the function is static.
    unsafe { SSL_CTX_set_default_passwd_cb(builder.as_ptr(), Some(know_none)) };
}

/// Gives one context the pass phrase of another, which the program may have replaced.
pub fn copy_pass_phrase(from: &SslContext, to: &SslContext) {
    let (from, to) = (from.as_ptr(), to.as_ptr());
    // SAFETY: live objects; what the program has set for one holds for both.
    unsafe {
        SSL_CTX_set_default_passwd_cb(to, SSL_CTX_get_default_passwd_cb(from));
        let argument = SSL_CTX_get_default_passwd_cb_userdata(from);
        SSL_CTX_set_default_passwd_cb_userdata(to, argument);
    }
}

/// Whether programs can have objects of the libssl that the library uses. One that is built into the library is nobody
/// else's, and an `SSL_CTX` of another one cannot be told from its own.
pub const IS_SHARED: bool = !cfg!(feature = "vendored-openssl");

/// The file in which libcrypto looks for the system's authorities. It may not be there.
#[cfg(not(feature = "vendored-openssl"))]
pub fn authorities_file() -> &'static CStr {
    // SAFETY: static, and terminated.
    unsafe { CStr::from_ptr(X509_get_default_cert_file()) }
}

/// SSL_set_session_id_context(3): sessions are resumed only where it is the same. At most 32 bytes.
pub fn set_session_context(ssl: &mut SslRef, context: &[u8; 32]) {
    // SAFETY: a live object; the bytes are copied.
    unsafe { SSL_set_session_id_context(ssl.as_ptr(), context.as_ptr(), 32) };
}

/// The errors that the program has left in the thread's queue: put back when this is dropped.
pub struct Aside(Vec<Error>);

/// Empties the thread's queue of errors for the time of some calls. Otherwise what others have left there is taken
/// for a failure of our own, SSL_get_error(3), and is lost.
pub fn set_errors_aside() -> Aside {
    let mut errors = Vec::new();
    while has_error() {
        if is_first_in_utf8() {
            errors.extend(Error::get());
        } else {
            // The crate would panic. SAFETY: no arguments.
            unsafe { openssl_sys::ERR_get_error() };
        }
    }
    Aside(errors)
}

/// Whether the text of the first error in the queue is UTF-8, as a file's name in it may not be.
fn is_first_in_utf8() -> bool {
    // SAFETY: the text is static or stays until its error is taken; the flag says whether there is one.
    unsafe {
        match peek_text() {
            (text, flags) if flags & openssl_sys::ERR_TXT_STRING != 0 && !text.is_null() => {
                CStr::from_ptr(text).to_str().is_ok()
            }
            _ => true,
        }
    }
}

/// The text of the first error in the queue, and flags.
#[cfg(openssl3)]
fn peek_text() -> (*const c_char, c_int) {
    let (mut text, mut flags, none) = (std::ptr::null(), 0, std::ptr::null_mut());
    // SAFETY: the places are writable, or NULL.
    unsafe { ERR_peek_error_all(none, std::ptr::null_mut(), none, &mut text, &mut flags) };
    (text, flags)
}

/// The same.
#[cfg(not(openssl3))]
fn peek_text() -> (*const c_char, c_int) {
    let (mut text, mut flags, none) = (std::ptr::null(), 0, std::ptr::null_mut());
    // SAFETY: the places are writable, or NULL.
    unsafe { ERR_peek_error_line_data(none, std::ptr::null_mut(), &mut text, &mut flags) };
    (text, flags)
}

/// Whether there is an error in the thread's queue.
fn has_error() -> bool {
    // SAFETY: no arguments.
    unsafe { ERR_peek_error() != 0 }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if has_error() {
            // SAFETY: no arguments.
            unsafe { openssl_sys::ERR_clear_error() };
        }
        self.0.iter().for_each(Error::put);
    }
}

/// The role that the object was made for, if it was made for one alone.
pub fn fixed_role(ssl: &SslRef) -> Option<Role> {
    // SAFETY: a live object; methods are static, and compared by their addresses.
    unsafe {
        let method = SSL_get_ssl_method(ssl.as_ptr());
        match () {
            _ if method == openssl_sys::TLS_client_method() => Some(Role::Client),
            _ if method == DTLS_client_method() => Some(Role::Client),
            _ if method == openssl_sys::TLS_server_method() => Some(Role::Server),
            _ if method == DTLS_server_method() => Some(Role::Server),
            _ => None,
        }
    }
}

/// SSL_set_mode: a write may take a part and be repeated from elsewhere, and buffers go when idle.
pub fn set_modes(ssl: &mut SslRef) {
    let modes = openssl_sys::SSL_MODE_ENABLE_PARTIAL_WRITE
        | openssl_sys::SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        | openssl_sys::SSL_MODE_RELEASE_BUFFERS;
    // SAFETY: a live object; no pointer is passed.
    unsafe {
        openssl_sys::SSL_ctrl(ssl.as_ptr(), SSL_CTRL_MODE, modes as c_long, std::ptr::null_mut())
    };
}

/// Whether a callback of the program's decides about the peer's certificate.
pub fn has_verify_callback(ssl: &SslRef) -> bool {
    // SAFETY: a live object; the function's address is only looked at.
    !unsafe { SSL_get_verify_callback(ssl.as_ptr()) }.is_null()
}

/// DTLS_set_link_mtu: the size of datagrams, since there is no socket to ask for it.
pub fn set_link_mtu(ssl: &mut SslRef, size: c_long) {
    let none = std::ptr::null_mut();
    // SAFETY: a live object; no pointer is passed.
    unsafe { openssl_sys::SSL_ctrl(ssl.as_ptr(), DTLS_CTRL_SET_LINK_MTU, size, none) };
}

/// The session, if a later connection can resume it.
pub fn resumable_session(ssl: &SslRef) -> Option<SslSession> {
    // SAFETY: a live object; the reference that it gives is the wrapper's.
    unsafe {
        let session = SSL_get1_session(ssl.as_ptr());
        if session.is_null() {
            return None;
        }
        let session = SslSession::from_ptr(session);
        (SSL_SESSION_is_resumable(session.as_ptr()) == 1).then_some(session)
    }
}

/// Resumes a session of an object made from the same context. Failing means a full handshake.
pub fn resume(ssl: &mut SslRef, session: &SslSession) {
    // SAFETY: both come from one context.
    let _ = unsafe { ssl.set_session(session) };
}

/// Takes back the session that a program may have given a client to resume.
pub fn forget_session(ssl: &mut SslRef) {
    if ssl.session().is_some() {
        // SAFETY: a live object; NULL stands for none.
        unsafe { openssl_sys::SSL_set_session(ssl.as_ptr(), std::ptr::null_mut()) };
    }
}

/// Takes the stream away from its `SSL`, which others may hold on to.
pub fn detach<S>(stream: &mut SslStream<S>) {
    let none = std::ptr::null_mut();
    // SAFETY: frees the BIO, and with it the stream's state, while its method is still alive; the
    // caller drops the stream next.
    unsafe { openssl_sys::SSL_set_bio(stream.ssl().as_ptr(), none, none) };
}

/// When DTLS wants to send a flight again, if it waits for an answer.
pub fn dtls_timeout(ssl: &SslRef) -> Option<Duration> {
    let mut left = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let place = (&raw mut left).cast();
    // SAFETY: a live object; `left` is writable.
    let known = unsafe { openssl_sys::SSL_ctrl(ssl.as_ptr(), DTLS_CTRL_GET_TIMEOUT, 0, place) };
    let (seconds, micros) = (left.tv_sec as u64, left.tv_usec as u64);
    (known == 1).then(|| Duration::from_secs(seconds) + Duration::from_micros(micros))
}

/// Sends a DTLS flight again if its time has come. False: it was sent often enough.
pub fn dtls_retransmit(ssl: &SslRef) -> bool {
    let none = std::ptr::null_mut();
    // SAFETY: a live object; no pointer is passed.
    unsafe { openssl_sys::SSL_ctrl(ssl.as_ptr(), DTLS_CTRL_HANDLE_TIMEOUT, 0, none) >= 0 }
}

/// Whether a connection is DTLS.
pub fn is_datagram(ssl: &SslRef) -> bool {
    // SAFETY: a live object.
    unsafe { SSL_is_dtls(ssl.as_ptr()) == 1 }
}

/// SSL_set1_groups_list(3).
pub fn set_groups(ssl: &mut SslRef, list: &str) -> Result<(), ErrorStack> {
    let Ok(list) = CString::new(list) else { return Err(ErrorStack::get()) };
    // SAFETY: a live object; the text is terminated and only read.
    let done = unsafe { openssl_sys::SSL_set1_groups_list(ssl.as_ptr(), list.as_ptr().cast_mut()) };
    (done == 1).then_some(()).ok_or_else(ErrorStack::get)
}

/// The extension `server_name` of the client's first message, within the callback for that message.
pub fn client_hello_server_name(ssl: &SslRef) -> Option<&[u8]> {
    const SERVER_NAME: c_uint = 0;
    let (mut data, mut size) = (std::ptr::null(), 0);
    // SAFETY: a live object; both places are writable.
    let found = unsafe {
        openssl_sys::SSL_client_hello_get0_ext(ssl.as_ptr(), SERVER_NAME, &mut data, &mut size)
    };
    // SAFETY: libssl keeps the message until its callback has returned.
    (found == 1 && !data.is_null()).then(|| unsafe { std::slice::from_raw_parts(data, size) })
}

/// The group of the exchange of keys, as a number of libcrypto's. OpenSSL tells it from 3.0 on.
pub fn group(ssl: &SslRef) -> Option<c_int> {
    const SSL_CTRL_GET_NEGOTIATED_GROUP: c_int = 134;
    let (command, none) = (SSL_CTRL_GET_NEGOTIATED_GROUP, std::ptr::null_mut());
    // SAFETY: a live object; no pointer is passed.
    let id = unsafe { openssl_sys::SSL_ctrl(ssl.as_ptr(), command, 0, none) };
    c_int::try_from(id).ok().filter(|id| *id > 0)
}

/// DTLSv1_listen(3): whether a client's first message has a good cookie. If not, a request for it may be written.
pub fn listen(ssl: &mut SslRef) -> bool {
    // SAFETY: a live object; the address is written to, and nobody looks at it.
    unsafe {
        let address = BIO_ADDR_new();
        let done = !address.is_null() && DTLSv1_listen(ssl.as_ptr(), address) == 1;
        BIO_ADDR_free(address);
        done
    }
}
