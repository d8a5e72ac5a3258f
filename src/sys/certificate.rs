// SPDX-License-Identifier: MIT
//! What certificates say.

use foreign_types::ForeignTypeRef;
use openssl::x509::{X509NameRef, X509Ref};
use std::ffi::{c_int, c_ulong};
use std::net::IpAddr;

extern "C" {
    fn X509_NAME_print_ex(
        to: *mut openssl_sys::BIO,
        name: *const openssl_sys::X509_NAME,
        indent: c_int,
        flags: c_ulong,
    ) -> c_int;
    fn X509_get_ext_by_NID(x: *const openssl_sys::X509, kind: c_int, after: c_int) -> c_int;
    fn X509_get_ext(x: *const openssl_sys::X509, index: c_int) -> *mut openssl_sys::X509_EXTENSION;
}

/// Whether a certificate is one of this host; not, if there is no memory to find out.
pub fn is_certificate_of_host(certificate: &X509Ref, host: &str) -> bool {
    let flags = openssl_sys::X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS
        | openssl_sys::X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    let (name, size, none) = (host.as_ptr().cast(), host.len(), std::ptr::null_mut());
    // SAFETY: a live object; the name is readable for its size; NULL asks for no text.
    unsafe { openssl_sys::X509_check_host(certificate.as_ptr(), name, size, flags, none) == 1 }
}

/// Whether a certificate is one of this address; not, if there is no memory to find out.
pub fn is_certificate_of_address(certificate: &X509Ref, address: IpAddr) -> bool {
    let check = |bytes: &[u8]| {
        // SAFETY: a live object; the bytes are readable for their size.
        unsafe {
            openssl_sys::X509_check_ip(certificate.as_ptr(), bytes.as_ptr(), bytes.len(), 0) == 1
        }
    };
    match address {
        IpAddr::V4(address) => check(&address.octets()),
        IpAddr::V6(address) => check(&address.octets()),
    }
}

/// Whether a certificate says that its server always staples an answer: the TLS feature `status_request` (5), RFC 7633.
pub fn must_staple(certificate: &X509Ref) -> bool {
    const NID_TLSFEATURE: c_int = 1020;
    let certificate = certificate.as_ptr();
    // SAFETY: live objects; the extension's bytes belong to the certificate and are only looked at.
    unsafe {
        let index = X509_get_ext_by_NID(certificate, NID_TLSFEATURE, -1);
        if index < 0 {
            return false;
        }
        let data = openssl_sys::X509_EXTENSION_get_data(X509_get_ext(certificate, index));
        let start = openssl_sys::ASN1_STRING_get0_data(data.cast());
        let size = openssl_sys::ASN1_STRING_length(data.cast());
        let features = std::slice::from_raw_parts(start, size.max(0) as usize);
        features.windows(3).any(|feature| feature == [2, 1, 5])
    }
}

/// A name of a certificate as RFC 4514 writes it, in UTF-8.
pub fn name_text(name: &X509NameRef) -> Option<Vec<u8>> {
    /// x509.h and asn1.h: XN_FLAG_RFC2253 without ASN1_STRFLGS_ESC_MSB.
    const FLAGS: c_ulong = 0x0111_0317 & !4;
    // SAFETY: a BIO of its own, whose bytes are copied before it is freed.
    unsafe {
        let bio = openssl_sys::BIO_new(openssl_sys::BIO_s_mem());
        if bio.is_null() {
            return None;
        }
        let mut start = std::ptr::null_mut();
        let done = X509_NAME_print_ex(bio, name.as_ptr(), 0, FLAGS) >= 0;
        let size = openssl_sys::BIO_get_mem_data(bio, &mut start);
        let text = (done && size > 0)
            .then(|| std::slice::from_raw_parts(start.cast::<u8>(), size as usize).to_vec());
        openssl_sys::BIO_free_all(bio);
        text
    }
}
