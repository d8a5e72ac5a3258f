// SPDX-License-Identifier: MIT
//! What is wrong with the authorities that the environment names.
//!
//! libssl says nothing where SSL_CERT_FILE or SSL_CERT_DIR names something that it cannot read: no certificate is valid then, and
//! each is refused as if it were to blame.

use std::fs::{self, File};
use std::io::Read;

use openssl::x509::X509VerifyResult;

use super::{Config, Source};
use crate::errno::Errno;

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
