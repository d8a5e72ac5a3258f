// SPDX-License-Identifier: MIT
//! Answers of authorities about single certificates (OCSP, RFC 6960), which a server staples to its handshake, RFC 6066
//! §8, and a client may demand.

use super::Config;
use crate::sys::certificate::must_staple;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::ocsp::{
    OcspBasicResponse, OcspCertId, OcspCertStatus, OcspFlag, OcspResponse, OcspResponseStatus,
};
use openssl::ssl::SslRef;
use openssl::stack::StackRef;
use openssl::x509::X509;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether a client asks for an answer about the server's certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Staples {
    /// No.
    #[default]
    No,
    /// Yes. One that comes must be good, and one must come if the certificate says that it always does, RFC 7633.
    Asked,
    /// Yes, and one must come.
    Demanded,
}

/// How many seconds the clock of an authority may be ahead or behind.
const SLACK: u32 = 300;

/// What a configuration knows of such answers.
#[derive(Default)]
pub struct Staple(Mutex<(Staples, Vec<u8>)>);

impl Staple {
    fn state(&self) -> MutexGuard<'_, (Staples, Vec<u8>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the client wants.
    pub fn wanted(&self) -> Staples {
        self.state().0
    }

    /// Sets what the client wants.
    pub fn want(&self, wanted: Staples) {
        self.state().0 = wanted;
    }

    /// Sets the server's answer, in DER; no bytes for none. Fails with the reason if it is none.
    pub fn set(&self, answer: Vec<u8>) -> std::result::Result<(), &'static str> {
        if !answer.is_empty() {
            parse(&answer)?;
        }
        self.state().1 = answer;
        Ok(())
    }

    /// libssl asks in the middle of the handshake: a server for its answer, a client whether that is good.
    pub fn answer(&self, ssl: &mut SslRef) -> std::result::Result<bool, ErrorStack> {
        if ssl.is_server() {
            let state = self.state();
            return match state.1.is_empty() {
                true => Ok(false),
                false => ssl.set_ocsp_status(&state.1).map(|()| true),
            };
        }
        Ok(self.refusal(ssl).is_none())
    }

    /// Why a client refuses what the server has stapled, if it does.
    pub fn refusal(&self, ssl: &SslRef) -> Option<&'static str> {
        // On a resumed connection nothing is shown: it was when the session was made.
        let wanted = self.wanted();
        if wanted == Staples::No || ssl.session_reused() {
            return None;
        }
        let Some(chain) = ssl.verified_chain().filter(|chain| !chain.is_empty()) else {
            return Some("no verified chain for the stapled answer");
        };
        match ssl.ocsp_status() {
            Some(answer) => judge(answer, chain, ssl).err(),
            None if wanted == Staples::Demanded => Some("no answer is stapled"),
            None if must_staple(&chain[0]) => {
                Some("no answer is stapled, which the certificate demands")
            }
            None => None,
        }
    }
}

fn parse(answer: &[u8]) -> std::result::Result<OcspBasicResponse, &'static str> {
    let answer = OcspResponse::from_der(answer).map_err(|_| "no answer of OCSP in DER form")?;
    if answer.status() != OcspResponseStatus::SUCCESSFUL {
        return Err("the stapled answer says that the authority failed");
    }
    answer.basic().map_err(|_| "the stapled answer is of an unknown kind")
}

/// Whether an answer says that the first certificate of a chain is good. RFC 6960 §3.2.
fn judge(
    answer: &[u8],
    chain: &StackRef<X509>,
    ssl: &SslRef,
) -> std::result::Result<(), &'static str> {
    let answer = parse(answer)?;
    let store = ssl.ssl_context().cert_store();
    answer
        .verify(chain, store, OcspFlag::empty())
        .map_err(|_| "the stapled answer is not signed by the authority")?;
    let subject = &chain[0];
    let issuer = chain.get(1).unwrap_or(subject);
    let digests = [MessageDigest::sha1(), MessageDigest::sha256()];
    let ids = digests.map(|digest| OcspCertId::from_cert(digest, subject, issuer));
    let found = ids.iter().flatten().find_map(|id| answer.find_status(id));
    let status = found.ok_or("the stapled answer is of another certificate")?;
    status.check_validity(SLACK, None).map_err(|_| "the stapled answer is not of now")?;
    match status.status {
        OcspCertStatus::GOOD => Ok(()),
        OcspCertStatus::REVOKED => Err("the stapled answer says that the certificate is revoked"),
        _ => Err("the stapled answer does not know the certificate"),
    }
}

impl Config {
    /// Why a client of this configuration refuses what the server has stapled, if it does.
    pub(super) fn refusal(&self, ssl: &SslRef) -> Option<&'static str> {
        self.shared.asked.staple.refusal(ssl)
    }
}
