// SPDX-License-Identifier: MIT
//! The system's authorities: where they are, and what is wrong with those that the environment names.
//!
//! libcrypto has the path of its distributor's authorities built in. An OpenSSL that is built into the library runs on any
//! distribution, and so the paths of all are tried (the crate openssl-probe).
//!
//! libssl says nothing where SSL_CERT_FILE or SSL_CERT_DIR names something that it cannot read: no certificate is valid then, and
//! each is refused as if it were to blame.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use openssl::error::ErrorStack;
use openssl::ssl::SslContextBuilder;
use openssl::x509::X509VerifyResult;

use super::{Config, Source};
use crate::errno::Errno;

/// Has the system's authorities trusted, or those that the environment names.
#[cfg(not(feature = "vendored-openssl"))]
pub(super) fn load(builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    builder.set_default_verify_paths()
}

/// The file in which the system has its authorities. It may not be there.
#[cfg(not(feature = "vendored-openssl"))]
pub(super) fn file() -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(crate::sys::tls::authorities_file().to_bytes()).into()
}

/// libssl reads the variables itself; the paths of this system take the place of those that are built into it.
#[cfg(feature = "vendored-openssl")]
pub(super) fn load(builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    builder.set_default_verify_paths()?;
    if std::env::var_os("SSL_CERT_FILE").is_none() {
        // A file with one certificate that cannot be read does not keep the directories from being used.
        let _ = openssl_probe::probe()
            .cert_file
            .map(|file| builder.load_verify_locations(Some(&file), None));
    }
    if std::env::var_os("SSL_CERT_DIR").is_none() {
        for directory in openssl_probe::candidate_cert_dirs() {
            builder.load_verify_locations(None, Some(directory))?;
        }
    }
    Ok(())
}

/// The first file of authorities that this system has. Empty if it has none.
#[cfg(feature = "vendored-openssl")]
pub(super) fn file() -> PathBuf {
    openssl_probe::probe().cert_file.unwrap_or_default()
}

impl Config {
    /// Why a certificate's authority is not known, if the environment is to blame:
    /// "no authorities: SSL_CERT_FILE=/x: No such file or directory". `None` if the program has named authorities, or if the
    /// certificate was refused for something else.
    pub(super) fn lack_of_authorities(&self, verified: X509VerifyResult) -> Option<String> {
        let is_own = matches!(self.shared.source, Source::Own(_));
        if !is_own || self.state().trusted != [0; 32] || !UNKNOWN.contains(&verified.as_raw()) {
            return None;
        }
        wrong("SSL_CERT_FILE", |path| {
            File::open(path).and_then(|mut file| file.read(&mut [0])).map(drop)
        })
        .or_else(|| wrong("SSL_CERT_DIR", |path| fs::read_dir(path).map(drop)))
    }
}

/// What is wrong with the paths in a variable, of which libssl tries one after the other, if none of them can be read.
fn wrong(variable: &str, read: impl Fn(&str) -> std::io::Result<()>) -> Option<String> {
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty())?;
    let single = variable == "SSL_CERT_FILE";
    let paths = value.split(|letter| letter == ':' && !single);
    let failures = paths.map(|path| read(path).err()).collect::<Option<Vec<_>>>()?;
    let why = Errno::from(failures.into_iter().next()?).text();
    Some(format!("no authorities: {variable}={value}: {why}"))
}

/// What X509_STORE_CTX_get_error(3) answers where the chain leads to no authority: UNABLE_TO_GET_ISSUER_CERT,
/// DEPTH_ZERO_SELF_SIGNED_CERT, SELF_SIGNED_CERT_IN_CHAIN, UNABLE_TO_GET_ISSUER_CERT_LOCALLY, UNABLE_TO_VERIFY_LEAF_SIGNATURE.
const UNKNOWN: [i32; 5] = [2, 18, 19, 20, 21];
