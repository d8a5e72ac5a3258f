// SPDX-License-Identifier: MIT
//! What a configuration can be told. A setting is read once, and applied to the context for streams at once, to that
//! for datagrams when it is made. A setting that fails leaves a reason that names what it was about.

use super::protocols::{protocols_on_wire, use_protocols};
use super::{sessions, Config, Failure, Staples, Verify};
use crate::errno::{Errno, Result};
use crate::sys::file;
use crate::sys::pem::{self, Password};
use crate::sys::tls as sys;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContext, SslRef, SslVersion};
use openssl::stack::Stack;
use openssl::x509::{X509Crl, X509};
use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// The most bytes of a file: revocation lists of large authorities have some ten million.
const MOST: u64 = 1 << 28;

type Outcome<T> = std::result::Result<T, Failure>;

/// Text in PEM, or an answer of an authority in DER.
#[derive(Clone, Copy)]
pub enum Pem<'a> {
    /// What the file with this name says.
    File(&'a str),
    /// These bytes.
    Bytes(&'a [u8]),
}

/// A version of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub enum Version {
    /// TLS 1.2, DTLS 1.2.
    V12,
    /// TLS 1.3.
    V13,
}

/// A setting of a context.
pub enum Setting {
    Certificate { name: String, certificate: X509, chain: Stack<X509>, key: PKey<Private> },
    AuthoritiesAt(String),
    Authorities { name: String, authorities: Vec<X509> },
    Revoked { name: String, lists: Vec<X509Crl>, whole: bool },
    Protocols(Vec<u8>),
    Versions(Option<Version>, Option<Version>),
    Ciphers(String),
    Suites(String),
    Groups(String),
    Keylog(Arc<File>),
}

impl Config {
    /// Sets what is demanded. EINVAL for a configuration of the program's own.
    pub fn set_verify(&self, verify: Verify) -> Result<()> {
        self.told(|| {
            self.own_or_failure()?;
            let mut state = self.state();
            state.verify = Some(verify);
            state.sessions.forget();
            Ok(())
        })
    }

    /// Sets the name that the certificate must have and that is told to the server.
    pub fn set_name(&self, name: &str) -> Result<()> {
        let mut state = self.state();
        state.name = Some(name.to_owned());
        state.sessions.forget();
        Ok(())
    }

    /// Sets the password of the encrypted keys that are loaded from now on.
    pub fn set_password(&self, password: Option<&str>) -> Result<()> {
        self.told(|| {
            self.own_or_failure()?;
            self.state().password = password.map(str::to_owned);
            Ok(())
        })
    }

    /// Loads a certificate with its chain, and its key, both in PEM.
    pub fn set_certificate(&self, chain: Pem, key: Pem) -> Result<()> {
        self.told(|| {
            let context = self.own_or_failure()?;
            let (bytes, name) = chain.load("certificate")?;
            let (key_bytes, key_name) = key.load("key")?;
            let given = self.state().password.clone();
            let password = given.as_deref().map_or(Password::Of(context), Password::Given);
            let mut found = pem::certificates(&bytes, &password)
                .map_err(|errors| unreadable(&name, "certificate", &errors, &password))?;
            let key = pem::key(&key_bytes, &password)
                .map_err(|errors| unreadable(&key_name, "key", &errors, &password))?;
            let certificate = found.remove(0);
            let public = certificate.public_key().map_err(|e| failure(&name, &e))?;
            if !public.public_eq(&key) {
                let reason = format!("{key_name}: key does not match the certificate {name}");
                return Err(Failure { code: Errno::TLS, reason });
            }
            let chain = stack(found).map_err(|errors| failure(&name, &errors))?;
            self.set(Setting::Certificate { name, certificate, chain, key })
        })
    }

    /// Trusts the authorities in a PEM file or text, or in a hashed directory, and no others.
    pub fn set_authorities(&self, from: Pem) -> Result<()> {
        self.told(|| {
            let context = self.own_or_failure()?;
            let (setting, seen) = match from {
                Pem::File(path) => (Setting::AuthoritiesAt(path.to_owned()), path.as_bytes()),
                Pem::Bytes(bytes) => {
                    let (name, password) = ("authorities".to_owned(), Password::Of(context));
                    let authorities = pem::certificates(bytes, &password)
                        .map_err(|errors| unreadable(&name, "certificate", &errors, &password))?;
                    (Setting::Authorities { name, authorities }, bytes)
                }
            };
            self.set(setting)?;
            let mut state = self.state();
            state.has_authorities = [true; 2];
            state.trusted = sessions::trust(state.trusted, seen);
            Ok(())
        })
    }

    /// Refuses certificates that lists in a PEM file or text revoke: the peer's, or those of its whole chain.
    pub fn set_revoked(&self, from: Pem, whole: bool) -> Result<()> {
        self.told(|| {
            let context = self.own_or_failure()?;
            let (bytes, name) = from.load("revocation list")?;
            let lists = pem::revocation_lists(&bytes).map_err(|errors| {
                unreadable(&name, "revocation list", &errors, &Password::Of(context))
            })?;
            self.set(Setting::Revoked { name, lists, whole })?;
            let mut state = self.state();
            state.trusted = sessions::trust(state.trusted, &bytes);
            state.trusted = sessions::trust(state.trusted, &[u8::from(whole)]);
            Ok(())
        })
    }

    /// Sets the application protocols that are offered, or accepted, the best first.
    pub fn set_protocols(&self, names: &str) -> Result<()> {
        self.told(|| self.set(Setting::Protocols(protocols_on_wire(names)?)))
    }

    /// Sets the oldest and the newest version. `None`: TLS 1.2, and whatever libssl knows.
    pub fn set_versions(&self, least: Option<Version>, most: Option<Version>) -> Result<()> {
        self.told(|| {
            if matches!((least, most), (Some(least), Some(most)) if least > most) {
                return Err(Failure::new(
                    Errno::BADARG,
                    "the oldest version is newer than the newest",
                ));
            }
            self.set(Setting::Versions(least, most))
        })
    }

    /// Sets the ciphers of TLS 1.2, as ciphers(1) writes them.
    pub fn set_ciphers(&self, list: &str) -> Result<()> {
        self.told(|| self.set(Setting::Ciphers(list.to_owned())))
    }

    /// Sets the cipher suites of TLS 1.3.
    pub fn set_suites(&self, list: &str) -> Result<()> {
        self.told(|| self.set(Setting::Suites(list.to_owned())))
    }

    /// Sets the groups for the exchange of keys.
    pub fn set_groups(&self, list: &str) -> Result<()> {
        self.told(|| self.set(Setting::Groups(list.to_owned())))
    }

    /// Appends the secrets of connections to a file.
    pub fn set_keylog(&self, path: &str) -> Result<()> {
        self.told(|| {
            let file = file::append(path).map_err(|e| unopened(path, e.into()))?;
            self.set(Setting::Keylog(Arc::new(file)))
        })
    }

    /// Sets the answer of an authority that a server shows with its certificate.
    pub fn set_staple(&self, from: Pem) -> Result<()> {
        self.told(|| {
            self.own_or_failure()?;
            let (bytes, name) = from.load("staple")?;
            let _aside = sys::set_errors_aside();
            self.shared
                .asked
                .staple
                .set(bytes.into_owned())
                .map_err(|reason| Failure { code: Errno::TLS, reason: format!("{name}: {reason}") })
        })
    }

    /// Sets whether a client asks for such answers, and demands them.
    pub fn set_staples(&self, wanted: Staples) -> Result<()> {
        self.told(|| {
            self.own_or_failure()?;
            self.shared.asked.staple.want(wanted);
            self.state().sessions.forget();
            Ok(())
        })
    }

    /// Has a server use another configuration for clients that ask for a name.
    pub fn add_name(&self, name: &str, other: &Config) -> Result<()> {
        self.told(|| {
            self.own_or_failure()?;
            other.own_or_failure()?;
            let whole = Arc::ptr_eq(&self.shared, &other.shared);
            if whole || !other.shared.asked.names.is_empty() {
                return Err(Failure::new(Errno::BADARG, "a configuration with names of its own"));
            }
            let added = self.shared.asked.names.add(name, other.clone());
            added.map_err(|code| Failure::new(code, "the name is no host, nor \"*.\" and a domain"))
        })
    }

    /// Why the last setting failed; empty if it did not.
    pub fn reason(&self) -> String {
        self.state().reason.clone()
    }

    /// Runs a setter and keeps its reason. The program's queue of errors stays as it is.
    fn told(&self, set: impl FnOnce() -> Outcome<()>) -> Result<()> {
        let _aside = sys::set_errors_aside();
        let (result, reason) = match set() {
            Ok(()) => (Ok(()), String::new()),
            Err(Failure { code, reason }) => (Err(code), reason),
        };
        self.state().reason = reason;
        result
    }

    fn own_or_failure(&self) -> Outcome<&SslContext> {
        self.own().map_err(|code| {
            Failure::new(code, "the configuration is of a context of the program's")
        })
    }

    /// Applies a setting to the contexts that exist, and keeps it for the context for datagrams that may be made
    /// later.
    fn set(&self, setting: Setting) -> Outcome<()> {
        let own = self.own_or_failure()?;
        let applied = setting.apply(own, false);
        let mut state = self.state();
        state.sessions.forget(); // what fails may have changed something too
        applied?;
        if let Some(datagrams) = &state.datagrams {
            setting.apply(datagrams, true)?;
        }
        state.settings.retain(|earlier| !setting.replaces(earlier));
        state.settings.push(setting);
        Ok(())
    }

    /// Has one connection keep to the versions, ciphers and groups of this configuration.
    pub(super) fn narrow(&self, ssl: &mut SslRef, datagrams: bool) -> Outcome<()> {
        self.state().settings.iter().try_for_each(|setting| setting.narrow(ssl, datagrams))
    }
}

impl Setting {
    /// Applies the setting to a context.
    pub fn apply(&self, context: &SslContext, datagrams: bool) -> Outcome<()> {
        let done = match self {
            Setting::Certificate { certificate, chain, key, .. } => {
                pem::show(context, certificate, chain, key)
            }
            Setting::AuthoritiesAt(path) => {
                let found = std::fs::metadata(path).map_err(|e| unopened(path, e.into()))?;
                let path = Path::new(path);
                let (file, folder) =
                    if found.is_dir() { (None, Some(path)) } else { (Some(path), None) };
                sys::change(context, |builder| builder.load_verify_locations(file, folder))
            }
            Setting::Authorities { authorities, .. } => sys::change(context, |builder| {
                let store = builder.cert_store_mut();
                authorities.iter().try_for_each(|one| store.add_cert(one.clone()))
            }),
            Setting::Revoked { lists, whole, .. } => pem::revoke(context, lists, *whole),
            Setting::Protocols(wire) => {
                sys::change(context, |builder| use_protocols(builder, wire))
            }
            Setting::Versions(least, most) => {
                let (least, most) = bounds(*least, *most, datagrams)?;
                sys::change(context, |builder| {
                    builder.set_min_proto_version(Some(least))?;
                    builder.set_max_proto_version(most)
                })
            }
            Setting::Ciphers(list) => sys::change(context, |builder| builder.set_cipher_list(list)),
            Setting::Suites(list) => sys::change(context, |builder| builder.set_ciphersuites(list)),
            Setting::Groups(list) => sys::change(context, |builder| builder.set_groups_list(list)),
            Setting::Keylog(file) => {
                let file = Arc::clone(file);
                sys::change(context, |builder| {
                    // What cannot be written is not: a full disk ends no connection.
                    builder.set_keylog_callback(move |_, line| {
                        let _ = (&*file).write_all(format!("{line}\n").as_bytes());
                    });
                });
                Ok(())
            }
        };
        done.map_err(|errors| failure(&self.name(), &errors))
    }

    /// Applies to one connection what contexts hand on to connections only when these begin.
    fn narrow(&self, ssl: &mut SslRef, datagrams: bool) -> Outcome<()> {
        let done = match self {
            Setting::Versions(least, most) => {
                let (least, most) = bounds(*least, *most, datagrams)?;
                let done = ssl.set_min_proto_version(Some(least));
                done.and_then(|()| ssl.set_max_proto_version(most))
            }
            Setting::Ciphers(list) => ssl.set_cipher_list(list),
            Setting::Suites(list) => ssl.set_ciphersuites(list),
            Setting::Groups(list) => sys::set_groups(ssl, list),
            _ => Ok(()),
        };
        done.map_err(|errors| failure(&self.name(), &errors))
    }

    /// Whether nothing is left of an earlier setting once this one is made.
    fn replaces(&self, earlier: &Setting) -> bool {
        use Setting::*;
        match (self, earlier) {
            (Certificate { key: new, .. }, Certificate { key: old, .. }) => new.id() == old.id(),
            (AuthoritiesAt(new), AuthoritiesAt(old)) => new == old,
            (Authorities { .. } | AuthoritiesAt(_) | Revoked { .. }, _) => false,
            _ => std::mem::discriminant(self) == std::mem::discriminant(earlier),
        }
    }

    /// What the reason of a failure says first.
    fn name(&self) -> Cow<'_, str> {
        match self {
            Setting::Certificate { name, .. }
            | Setting::Authorities { name, .. }
            | Setting::Revoked { name, .. }
            | Setting::AuthoritiesAt(name) => name.into(),
            Setting::Protocols(_) => "protocols".into(),
            Setting::Versions(..) => "versions".into(),
            Setting::Ciphers(list) => format!("ciphers {list}").into(),
            Setting::Suites(list) => format!("suites {list}").into(),
            Setting::Groups(list) => format!("groups {list}").into(),
            Setting::Keylog(_) => "key log".into(),
        }
    }
}

impl<'a> Pem<'a> {
    /// The bytes, and what a reason calls them.
    fn load(self, kind: &str) -> Outcome<(Cow<'a, [u8]>, String)> {
        match self {
            Pem::Bytes(bytes) => Ok((bytes.into(), kind.to_owned())),
            Pem::File(path) => {
                let bytes = file::read(path, MOST, MOST).map_err(|e| unopened(path, e.into()))?;
                Ok((bytes.into(), path.to_owned()))
            }
        }
    }
}

/// The oldest and the newest version for libssl. It ignores versions of TLS as bounds of DTLS, of which 1.2 is the newest.
fn bounds(
    least: Option<Version>,
    most: Option<Version>,
    datagrams: bool,
) -> Outcome<(SslVersion, Option<SslVersion>)> {
    let number = |version| match version {
        _ if datagrams => SslVersion::DTLS1_2,
        Version::V12 => SslVersion::TLS1_2,
        Version::V13 => SslVersion::TLS1_3,
    };
    match least {
        Some(Version::V13) if datagrams => {
            Err(Failure::new(Errno::TLS, "versions: there is no DTLS 1.3"))
        }
        _ => Ok((number(least.unwrap_or(Version::V12)), most.map(number))),
    }
}

fn failure(name: &str, errors: &ErrorStack) -> Failure {
    let mut reasons = errors.errors().iter().filter_map(|error| error.reason());
    let reason = reasons.next_back().unwrap_or("refused by libssl");
    Failure { code: Errno::TLS, reason: format!("{name}: {reason}") }
}

fn unopened(name: &str, code: Errno) -> Failure {
    Failure { code, reason: format!("{name}: {}", code.text()) }
}

/// Why PEM could not be read.
fn unreadable(name: &str, kind: &str, errors: &ErrorStack, password: &Password) -> Failure {
    let says = |text| errors.errors().iter().any(|error| error.reason() == Some(text));
    let wrong = matches!(password, Password::Given(_))
        && (says("bad decrypt") || says("maybe wrong password"));
    let reason = match () {
        () if wrong => format!("{name}: encrypted with another password"),
        () if says("bad password read") => format!("{name}: encrypted, and no password is known"),
        () if pem::is_end(errors) || says("unsupported") => {
            format!("{name}: no {kind} in PEM form")
        }
        () => return failure(name, errors),
    };
    Failure { code: Errno::TLS, reason }
}

fn stack(certificates: Vec<X509>) -> std::result::Result<Stack<X509>, ErrorStack> {
    let mut stack = Stack::new()?;
    certificates.into_iter().try_for_each(|one| stack.push(one))?;
    Ok(stack)
}
