// SPDX-License-Identifier: MIT
//! Configurations by the name that a client asks a server for (SNI, RFC 6066 §3).
//!
//! The choice is made when libssl has read the client's first message and done nothing with it. The callback that
//! libssl has for names comes after sessions are resumed: a session of one name would be resumed for another that
//! demands more.

use super::{Config, Verify};
use crate::errno::{Errno, Result};
use crate::sys::tls as sys;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{ClientHelloResponse, Ssl, SslAlert, SslRef};
use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};

/// Configurations by lower-case name: that of a host, or "*." and a domain.
#[derive(Default)]
pub struct Names(RwLock<HashMap<String, Config>>);

impl Names {
    /// Adds a configuration, or replaces one. EINVAL for what is no name.
    pub fn add(&self, name: &str, config: Config) -> Result<()> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let plain = name.strip_prefix("*.").unwrap_or(&name);
        let fits = |letter: u8| letter.is_ascii_graphic() && letter != b'*';
        if plain.is_empty() || plain.starts_with('.') || !plain.bytes().all(fits) {
            return Err(Errno::BADARG);
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, config);
        Ok(())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The configuration for a host, and the name under which it was added. "*." stands for one label, RFC 6125 §6.4.3.
    fn find(&self, host: &str) -> Option<(String, Config)> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let above = host.split_once('.').map(|(_, domain)| format!("*.{domain}"));
        let found = names.get_key_value(&host).or_else(|| names.get_key_value(&above?));
        found.map(|(name, config)| (name.clone(), config.clone()))
    }
}

/// What is noted of a server's connection.
#[derive(Clone, Copy, Default)]
struct Notes {
    /// Its socket demands verification, whatever the configuration says.
    socket_demands: bool,
    /// A configuration was chosen by name, and demands verification.
    name_demands: bool,
}

impl Notes {
    fn any(&self) -> bool {
        self.socket_demands || self.name_demands
    }
}

fn notes() -> Result<Index<Ssl, Notes>> {
    static PLACE: OnceLock<Index<Ssl, Notes>> = OnceLock::new();
    super::place(&PLACE)
}

/// Notes that the socket of a server's connection demands verification.
pub fn keep_demand(ssl: &mut SslRef) -> Result<()> {
    ssl.set_ex_data(notes()?, Notes { socket_demands: true, name_demands: false });
    Ok(())
}

/// Whether the socket, or a configuration that was chosen by name, demands verification.
pub fn demands(ssl: &SslRef) -> bool {
    notes().is_ok_and(|index| ssl.ex_data(index).is_some_and(Notes::any))
}

/// The client's first message has come: the connection goes on with the configuration for the name in it.
pub fn choose(
    names: &Names,
    ssl: &mut SslRef,
    _: &mut SslAlert,
) -> std::result::Result<ClientHelloResponse, ErrorStack> {
    if names.is_empty() {
        return Ok(ClientHelloResponse::SUCCESS);
    }
    let asked = sys::client_hello_server_name(ssl).and_then(server_name);
    match asked.and_then(|host| names.find(&host)) {
        Some((name, config)) if config.take_over(ssl, &name).is_err() => Err(ErrorStack::get()),
        _ => Ok(ClientHelloResponse::SUCCESS),
    }
}

/// The host in the extension `server_name`, RFC 6066 §3: the length of the list, a kind (0), the length of the name.
fn server_name(extension: &[u8]) -> Option<String> {
    let (_, entry) = extension.split_at_checked(2)?;
    let (kind, rest) = entry.split_first()?;
    let (size, name) = rest.split_first_chunk::<2>()?;
    let name = name.get(..u16::from_be_bytes(*size).into())?;
    (*kind == 0).then(|| String::from_utf8(name.to_vec()).ok())?
}

impl Config {
    /// Has a server's connection of another configuration go on with this one, which was chosen by `name`.
    fn take_over(&self, ssl: &mut SslRef, name: &str) -> Result<()> {
        let datagrams = sys::is_datagram(ssl);
        let own = self.own()?;
        let context = if datagrams { self.for_datagrams(own)? } else { own.clone() };
        // libssl asks again when it has asked the client for another key, RFC 8446 §4.1.4.
        let mut noted = ssl.ex_data(notes()?).copied().unwrap_or_default();
        let verify = match noted.socket_demands {
            true => Verify::Require,
            false => self.state().verify.unwrap_or(Verify::No),
        };
        noted.name_demands = verify != Verify::No;
        ssl.set_ex_data(notes()?, noted);
        if verify != Verify::No {
            self.load_authorities(datagrams)?;
        }
        ssl.set_ssl_context(&context).map_err(super::code)?;
        ssl.set_verify(context.verify_mode());
        super::demand_of_client(ssl, verify);
        self.limit_resuming(ssl, verify, name);
        self.narrow(ssl, datagrams).map_err(|failure| failure.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Role;

    #[test]
    fn a_name_is_found_in_any_case_and_a_star_stands_for_one_label() {
        let (names, config) = (Names::default(), Config::new(Some(Role::Server)).unwrap());
        assert!(names.is_empty());
        names.add("Plain.example.", config.clone()).unwrap();
        names.add("*.wild.example", config.clone()).unwrap();
        let found = |host: &str| names.find(host).map(|(name, _)| name);
        assert_eq!(found("plain.EXAMPLE").as_deref(), Some("plain.example"));
        assert_eq!(found("a.wild.example.").as_deref(), Some("*.wild.example"));
        for host in ["wild.example", "a.b.wild.example", "other.example", "example", ""] {
            assert_eq!(found(host), None, "{host}");
        }
        for name in ["", ".", "*", "*.", "*.*", "a.*.example", "two words", "*..example"] {
            assert_eq!(names.add(name, config.clone()), Err(Errno::BADARG), "{name}");
        }
    }

    #[test]
    fn an_extension_that_is_cut_short_has_no_name() {
        let whole = b"\x00\x04\x00\x00\x01a";
        assert_eq!(server_name(whole).as_deref(), Some("a"));
        (0..whole.len()).for_each(|size| assert_eq!(server_name(&whole[..size]), None));
        assert_eq!(server_name(b"\x00\x04\x01\x00\x01a"), None, "another kind of name");
    }
}
