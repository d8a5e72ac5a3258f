// SPDX-License-Identifier: MIT
//! Certificates, keys and revocation lists in PEM: read from bytes, and given to a context.

use foreign_types::ForeignType;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::SslContext;
use openssl::stack::Stack;
use openssl::x509::{X509Crl, X509};
use openssl_sys::{BIO, EVP_PKEY, SSL_CTX, X509_CRL, X509_STORE};
use std::ffi::{c_char, c_int, c_ulong, c_void};

extern "C" {
    fn PEM_read_bio_X509_AUX(
        from: *mut BIO,
        place: *mut *mut openssl_sys::X509,
        ask: Ask,
        argument: *mut c_void,
    ) -> *mut openssl_sys::X509;
    fn SSL_CTX_use_cert_and_key(
        context: *mut SSL_CTX,
        certificate: *mut openssl_sys::X509,
        key: *mut EVP_PKEY,
        chain: *mut openssl_sys::stack_st_X509,
        replace: c_int,
    ) -> c_int;
    fn SSL_CTX_get_default_passwd_cb(context: *mut SSL_CTX) -> Ask;
    fn SSL_CTX_get_default_passwd_cb_userdata(context: *mut SSL_CTX) -> *mut c_void;
    fn X509_STORE_add_crl(store: *mut X509_STORE, list: *mut X509_CRL) -> c_int;
}

/// `pem_password_cb`: writes a password and returns its length, -1 without one.
type Ask = Option<unsafe extern "C" fn(*mut c_char, c_int, c_int, *mut c_void) -> c_int>;

/// pem.h: the reason of libcrypto's when the text has no block of the kind that is looked for.
const PEM_R_NO_START_LINE: c_int = 108;

/// What answers the question for the password of an encrypted block.
pub enum Password<'a> {
    /// This text.
    Given(&'a str),
    /// What the program has set for the context, SSL_CTX_set_default_passwd_cb(3).
    Of(&'a SslContext),
}

unsafe extern "C" fn tell(buffer: *mut c_char, size: c_int, _: c_int, text: *mut c_void) -> c_int {
    // SAFETY: `text` is the place of a text that outlives the call, see `Password::answer`.
    let text = unsafe { *text.cast::<&str>() };
    if text.len() > size as usize {
        return -1;
    }
    // SAFETY: writable for `size` bytes, pem_password_cb(3).
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), text.len()) };
    text.len() as c_int
}

impl Password<'_> {
    /// The function that tells it, and its argument, which holds as long as `self`.
    fn answer(&self) -> (Ask, *mut c_void) {
        match self {
            Password::Given(text) => (Some(tell), (&raw const *text).cast_mut().cast()),
            Password::Of(context) => {
                let context = context.as_ptr();
                // SAFETY: a live object; what the program has set is passed on as it is.
                unsafe {
                    let argument = SSL_CTX_get_default_passwd_cb_userdata(context);
                    (SSL_CTX_get_default_passwd_cb(context), argument)
                }
            }
        }
    }
}

/// Bytes that libcrypto reads.
struct Source(*mut BIO);

impl Source {
    fn new(bytes: &[u8]) -> Result<Source, ErrorStack> {
        let size = c_int::try_from(bytes.len()).unwrap_or(0);
        // SAFETY: the bytes are only read, by callers of this file that hold on to them.
        let bio = unsafe { openssl_sys::BIO_new_mem_buf(bytes.as_ptr().cast(), size) };
        if bio.is_null() {
            return Err(ErrorStack::get());
        }
        Ok(Source(bio))
    }

    /// Reads blocks with `next` until there are no more. At least one.
    fn all<T>(&self, mut next: impl FnMut(*mut BIO) -> Option<T>) -> Result<Vec<T>, ErrorStack> {
        let mut found = Vec::new();
        loop {
            match next(self.0) {
                Some(one) => found.push(one),
                None => {
                    let errors = ErrorStack::get();
                    return match is_end(&errors) && !found.is_empty() {
                        true => Ok(found),
                        false => Err(errors),
                    };
                }
            }
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: made by `new`.
        unsafe { openssl_sys::BIO_free_all(self.0) };
    }
}

/// Whether the errors say only that there is no further block.
pub fn is_end(errors: &ErrorStack) -> bool {
    let end = |error: &openssl::error::Error| {
        error.library_code() == openssl_sys::ERR_LIB_PEM
            && error.reason_code() == PEM_R_NO_START_LINE
    };
    errors.errors().last().is_some_and(end)
}

/// The certificates in a text, one at least.
pub fn certificates(pem: &[u8], password: &Password) -> Result<Vec<X509>, ErrorStack> {
    let (ask, argument) = password.answer();
    Source::new(pem)?.all(|bio| {
        // SAFETY: a live BIO; NULL asks for a new object, which the wrapper owns.
        let one = unsafe { PEM_read_bio_X509_AUX(bio, std::ptr::null_mut(), ask, argument) };
        // SAFETY: as above.
        (!one.is_null()).then(|| unsafe { X509::from_ptr(one) })
    })
}

/// The first private key in a text.
pub fn key(pem: &[u8], password: &Password) -> Result<PKey<Private>, ErrorStack> {
    let ((ask, argument), source) = (password.answer(), Source::new(pem)?);
    let none = std::ptr::null_mut();
    // SAFETY: a live BIO; NULL asks for a new object, which the wrapper owns.
    let key = unsafe { openssl_sys::PEM_read_bio_PrivateKey(source.0, none, ask, argument) };
    match key.is_null() {
        true => Err(ErrorStack::get()),
        // SAFETY: as above.
        false => Ok(unsafe { PKey::from_ptr(key) }),
    }
}

/// The revocation lists in a text, one at least.
pub fn revocation_lists(pem: &[u8]) -> Result<Vec<X509Crl>, ErrorStack> {
    Source::new(pem)?.all(|bio| {
        let none = std::ptr::null_mut();
        // SAFETY: a live BIO; NULL asks for a new object, which the wrapper owns.
        let one =
            unsafe { openssl_sys::PEM_read_bio_X509_CRL(bio, none, None, std::ptr::null_mut()) };
        // SAFETY: as above.
        (!one.is_null()).then(|| unsafe { X509Crl::from_ptr(one) })
    })
}

/// Has a context show a certificate with its chain, instead of an earlier one with the same type of key. All of it or,
/// after an error, nothing.
pub fn show(
    context: &SslContext,
    certificate: &X509,
    chain: &Stack<X509>,
    key: &PKey<Private>,
) -> Result<(), ErrorStack> {
    // SAFETY: live objects, of which libssl counts references of its own.
    let done = unsafe {
        SSL_CTX_use_cert_and_key(
            context.as_ptr(),
            certificate.as_ptr(),
            key.as_ptr(),
            chain.as_ptr(),
            1,
        )
    };
    (done == 1).then_some(()).ok_or_else(ErrorStack::get)
}

/// Has a context refuse what these lists revoke. `whole`: in the whole chain, for each of whose authorities there must
/// be a list then.
pub fn revoke(context: &SslContext, lists: &[X509Crl], whole: bool) -> Result<(), ErrorStack> {
    let all = if whole { openssl_sys::X509_V_FLAG_CRL_CHECK_ALL } else { 0 };
    // SAFETY: a live object, and so is its store.
    let store = unsafe { openssl_sys::SSL_CTX_get_cert_store(context.as_ptr()) };
    let flags = openssl_sys::X509_V_FLAG_CRL_CHECK | all;
    // SAFETY: as above; the store counts a reference of its own of each list.
    let done = unsafe {
        openssl_sys::X509_STORE_set_flags(store, flags as c_ulong) == 1
            && lists.iter().all(|list| X509_STORE_add_crl(store, list.as_ptr()) == 1)
    };
    done.then_some(()).ok_or_else(ErrorStack::get)
}
