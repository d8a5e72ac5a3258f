// SPDX-License-Identifier: MIT
//! Which sessions may be resumed: only those that were made under the same demands and with the same own certificate.
//! On a resumed connection no certificate is shown or verified, RFC 8446 §2.2.
//!
//! A client looks sessions up by a key that contains its demands. A server puts a hash of its demands into the
//! session id context, which libssl compares with that of the ticket.

use super::{Demands, Verify};
use openssl::hash::MessageDigest;
use openssl::sha::Sha256;
use openssl::ssl::{SslRef, SslSession};
use std::collections::HashMap;
use std::ffi::c_void;

/// How many peers' sessions a configuration keeps.
const MOST: usize = 1024;

/// The latest session with each peer of a client.
pub struct Sessions<S = SslSession> {
    by_key: HashMap<String, S>,
    /// How often the configuration has been changed.
    changes: u64,
}

impl<S> Default for Sessions<S> {
    fn default() -> Sessions<S> {
        Sessions { by_key: HashMap::new(), changes: 0 }
    }
}

impl<S> Sessions<S> {
    /// Forgets all sessions, as the configuration has been changed. Connections that began before keep their sessions
    /// under keys that nobody asks for any more.
    pub fn forget(&mut self) {
        self.by_key.clear();
        self.changes += 1;
    }

    /// The key of a connection to `peer`. The demands must have been set in `ssl` already.
    pub fn key(&self, ssl: &SslRef, demands: &Demands, peer: &str) -> String {
        let mode = ssl.verify_mode().bits();
        // The certificate is read from `ssl`, as a program may have changed it through `cq_tls_context`.
        let shown = ssl.certificate().and_then(|own| own.digest(MessageDigest::sha256()).ok());
        let shown = shown.as_deref().unwrap_or_default();
        format!("{} {demands:?} {mode} {shown:?} {peer}", self.changes)
    }

    /// The session of a key.
    pub fn find(&self, key: &str) -> Option<&S> {
        self.by_key.get(key)
    }

    /// Keeps a session for the next connection with that key.
    pub fn keep(&mut self, key: &str, session: S) {
        if self.by_key.len() >= MOST && !self.by_key.contains_key(key) {
            self.by_key.clear();
        }
        match self.by_key.get_mut(key) {
            Some(place) => *place = session,
            None => drop(self.by_key.insert(key.to_owned(), session)),
        }
    }
}

/// Adds authorities or revocation lists, the bytes or the path, to a digest of those that were given before.
pub fn trust(before: [u8; 32], more: &[u8]) -> [u8; 32] {
    let mut sum = Sha256::new();
    sum.update(&before);
    sum.update(more);
    sum.finish()
}

/// A digest of what a server demands, as a session id context. `name` is that by which the configuration was chosen,
/// empty if it was not. `trusted` is the digest of the authorities. `foreign` is the address of a context of the
/// program's, whose authorities are not known here; NULL without one.
pub fn demanded(
    ssl: &SslRef,
    verify: Verify,
    name: &str,
    trusted: [u8; 32],
    foreign: *mut c_void,
) -> [u8; 32] {
    let mut sum = Sha256::new();
    let mode = ssl.verify_mode().bits();
    sum.update(format!("cqueues {verify:?} {mode} {foreign:?} {name}").as_bytes());
    sum.update(&trusted);
    sum.finish()
}
