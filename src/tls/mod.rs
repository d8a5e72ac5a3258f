// SPDX-License-Identifier: MIT
//! TLS configurations: what a connection shall prove and demand. libssl does the cryptography;
//! [`engine`] turns its calls into bytes in and bytes out.

mod engine;

pub use crate::sys::tls::Role;
pub use engine::{Engine, Failure, Read, Written, OVERHEAD, RECORD};

use crate::errno::{Errno, Result};
use crate::sys::tls as sys;
use openssl::error::ErrorStack;
use openssl::ssl::{AlpnError, Ssl, SslContext, SslContextBuilder, SslFiletype, SslMethod};
use openssl::ssl::{SslSession, SslVerifyMode, SslVersion};
use openssl::x509::verify::X509CheckFlags;
use std::collections::HashMap;
use std::ffi::c_void;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is demanded of the peer's certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verify {
    /// Nothing.
    No,
    /// A client: that it is valid and names the host. A server: that it is valid, if there is one.
    Peer,
    /// The same, and that there is one.
    Require,
}

/// What a socket says about its connection.
#[derive(Clone, Default, Debug)]
pub struct Peer {
    /// The host that it was told to connect to.
    pub host: Option<Arc<str>>,
    /// The port.
    pub port: u16,
    /// The name to tell the server, if not the host.
    pub name: Option<String>,
    /// Tell no name.
    pub nameless: bool,
    /// The socket demands verification, whatever the configuration says.
    pub verify: bool,
}

/// A configuration. Copies share everything.
#[derive(Clone)]
pub struct Config {
    shared: Arc<Shared>,
}

struct Shared {
    /// Of one end alone, or of whichever end the socket is.
    role: Option<Role>,
    source: Source,
    state: Mutex<State>,
}

/// What connections are made from.
enum Source {
    /// A context of ours.
    Own(SslContext),
    /// A context of the program's, which says by itself what it demands.
    Foreign(SslContext),
    /// One connection of the program's.
    Single(Ssl),
}

/// What setters change.
struct State {
    verify: Verify,
    name: Option<String>,
    /// In the order in which they were given, for the context of the other kind.
    settings: Vec<Setting>,
    /// The context for datagrams, made when it is first needed.
    datagrams: Option<SslContext>,
    /// The contexts, for streams and for datagrams, know whom to trust.
    has_authorities: [bool; 2],
    /// The latest session with each peer.
    sessions: HashMap<String, SslSession>,
}

/// A setting of a context.
enum Setting {
    Certificate(String, String),
    Authorities(String),
    Protocols(Vec<u8>),
}

/// How many peers' sessions a configuration keeps.
const SESSIONS: usize = 1024;

impl Config {
    /// A configuration of its own: at least TLS 1.2; a client verifies chain and host.
    pub fn new(role: Option<Role>, verify: Verify) -> Result<Config> {
        let context = own_context(SslMethod::tls(), SslVersion::TLS1_2).map_err(code)?;
        Ok(Config::from_source(role, Source::Own(context), verify))
    }

    /// Another's `SSL_CTX`: what it demands stays in force.
    pub fn from_context(context: SslContext, role: Option<Role>) -> Config {
        Config::from_source(role, Source::Foreign(context), Verify::No)
    }

    /// Another's `SSL`, for one connection.
    pub fn from_ssl(ssl: Ssl, role: Option<Role>) -> Config {
        Config::from_source(role, Source::Single(ssl), Verify::No)
    }

    fn from_source(role: Option<Role>, source: Source, verify: Verify) -> Config {
        let state = State {
            verify,
            name: None,
            settings: Vec::new(),
            datagrams: None,
            has_authorities: [false; 2],
            sessions: HashMap::new(),
        };
        Config { shared: Arc::new(Shared { role, source, state: Mutex::new(state) }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what is demanded. EINVAL for a configuration of the program's own.
    pub fn set_verify(&self, verify: Verify) -> Result<()> {
        self.own()?;
        let mut state = self.state();
        state.verify = verify;
        state.sessions.clear();
        Ok(())
    }

    /// Sets the name that the certificate must have and that is told to the server.
    pub fn set_name(&self, name: &str) -> Result<()> {
        let mut state = self.state();
        state.name = Some(name.to_owned());
        state.sessions.clear();
        Ok(())
    }

    /// Loads a certificate with its chain, and its key, both in PEM.
    pub fn set_certificate(&self, chain: &str, key: &str) -> Result<()> {
        self.set(Setting::Certificate(chain.to_owned(), key.to_owned()))
    }

    /// Trusts the authorities in a PEM file or a hashed directory, and no others.
    pub fn set_authorities(&self, path: &str) -> Result<()> {
        self.set(Setting::Authorities(path.to_owned()))?;
        let mut state = self.state();
        state.has_authorities = [true; 2];
        state.sessions.clear();
        Ok(())
    }

    /// Sets the application protocols that are offered, or accepted, the best first.
    pub fn set_protocols(&self, names: &str) -> Result<()> {
        let mut wire = Vec::new();
        for name in names.split(',') {
            let size = u8::try_from(name.len()).map_err(|_| Errno::BADARG)?;
            if size == 0 {
                return Err(Errno::BADARG);
            }
            wire.push(size);
            wire.extend_from_slice(name.as_bytes());
        }
        self.set(Setting::Protocols(wire))
    }

    /// Applies a setting to what there is of contexts, and keeps it for what comes.
    fn set(&self, setting: Setting) -> Result<()> {
        let own = self.own()?;
        setting.apply(own)?;
        let mut state = self.state();
        if let Some(datagrams) = &state.datagrams {
            setting.apply(datagrams)?;
        }
        state.settings.push(setting);
        Ok(())
    }

    fn own(&self) -> Result<&SslContext> {
        match &self.shared.source {
            Source::Own(context) => Ok(context),
            _ => Err(Errno::BADARG),
        }
    }

    /// The `SSL_CTX` of stream connections, NULL for a configuration of one `SSL`.
    pub fn context_pointer(&self) -> *mut c_void {
        match &self.shared.source {
            Source::Own(context) | Source::Foreign(context) => sys::context_pointer(context),
            Source::Single(_) => std::ptr::null_mut(),
        }
    }

    /// Begins a connection. `accepted` says which end the socket is, where nothing else does.
    pub fn begin(&self, peer: &Peer, accepted: bool, datagrams: bool) -> Result<Engine> {
        let mut ssl = self.connection(datagrams)?;
        if peer.verify || self.state().verify != Verify::No {
            self.load_authorities(datagrams);
        }
        let natural = if accepted { Role::Server } else { Role::Client };
        let role = sys::fixed_role(&ssl).or(self.shared.role).unwrap_or(natural);
        let state = self.state();
        let demanded = if peer.verify { Verify::Require } else { state.verify };
        // A name that the program gives for a host says whom it wants to reach.
        let given = state.name.as_deref().or(peer.name.as_deref());
        let name = given.or(peer.host.as_deref());
        match role {
            Role::Client => {
                ssl.set_connect_state();
                demand_of_server(&mut ssl, demanded, name)?;
                announce(&mut ssl, name.filter(|_| !peer.nameless))?;
            }
            Role::Server => {
                ssl.set_accept_state();
                demand_of_client(&mut ssl, demanded);
            }
        }
        let resumes = role == Role::Client && matches!(self.shared.source, Source::Own(_));
        let key = match (&peer.host, resumes && !datagrams) {
            (Some(host), true) => Some(format!("{demanded:?} {name:?} {host} {}", peer.port)),
            _ => None,
        };
        if let Some(session) = key.as_ref().and_then(|key| state.sessions.get(key)) {
            sys::resume(&mut ssl, session);
        }
        drop(state);
        Engine::new(ssl, self.clone(), key, datagrams, demanded != Verify::No)
    }

    fn connection(&self, datagrams: bool) -> Result<Ssl> {
        let context = match &self.shared.source {
            Source::Single(ssl) if sys::is_in_use(ssl) => return Err(Errno::BUSY),
            Source::Single(ssl) => return Ok(sys::share(ssl)),
            Source::Foreign(context) => context,
            Source::Own(context) => return self.own_connection(context, datagrams),
        };
        Ssl::new(context).map_err(code)
    }

    fn own_connection(&self, context: &SslContext, datagrams: bool) -> Result<Ssl> {
        let mut state = self.state();
        if datagrams && state.datagrams.is_none() {
            let made = own_context(SslMethod::dtls(), SslVersion::DTLS1_2).map_err(code)?;
            state.settings.iter().try_for_each(|setting| setting.apply(&made))?;
            state.datagrams = Some(made);
        }
        let context = if datagrams { state.datagrams.as_ref().unwrap_or(context) } else { context };
        Ssl::new(context).map_err(code)
    }

    /// The system's authorities, unless others were given: some hundred certificates, so only where
    /// somebody is to be verified.
    fn load_authorities(&self, datagrams: bool) {
        let mut state = self.state();
        let loaded = &mut state.has_authorities[usize::from(datagrams)];
        if let (false, Source::Own(context)) =
            (std::mem::replace(loaded, true), &self.shared.source)
        {
            let context = if datagrams { state.datagrams.as_ref() } else { Some(context) };
            // Failing is told by the first certificate that has no authority.
            let load = |context| sys::change(context, SslContextBuilder::set_default_verify_paths);
            let _ = context.map(load);
        }
    }

    /// Keeps a session for the next connection to the same peer.
    fn keep_session(&self, key: &str, session: SslSession) {
        let mut state = self.state();
        if state.sessions.len() >= SESSIONS && !state.sessions.contains_key(key) {
            state.sessions.clear();
        }
        match state.sessions.get_mut(key) {
            Some(place) => *place = session,
            None => drop(state.sessions.insert(key.to_owned(), session)),
        }
    }
}

impl Setting {
    /// ENOENT for a file that is not there, `CQ_ETLS` for one that is no good.
    fn apply(&self, context: &SslContext) -> Result<()> {
        let readable = |path: &str| std::fs::metadata(path).map(drop).map_err(Errno::from);
        match self {
            Setting::Certificate(chain, key) => {
                readable(chain)?;
                readable(key)?;
                sys::change(context, |builder| {
                    builder.set_certificate_chain_file(chain)?;
                    builder.set_private_key_file(key, SslFiletype::PEM)?;
                    builder.check_private_key()
                })
                .map_err(code)
            }
            Setting::Authorities(path) => {
                let found = std::fs::metadata(path)?;
                let path = std::path::Path::new(path);
                let (file, directory) =
                    if found.is_dir() { (None, Some(path)) } else { (Some(path), None) };
                sys::change(context, |builder| builder.load_verify_locations(file, directory))
                    .map_err(code)
            }
            Setting::Protocols(wire) => sys::change(context, |builder| {
                let ours = wire.clone();
                builder.set_alpn_select_callback(move |_, offered| {
                    select_protocol(&ours, offered).ok_or(AlpnError::ALERT_FATAL)
                });
                builder.set_alpn_protos(wire)
            })
            .map_err(code),
        }
    }
}

/// RFC 7301 §3.2: what the server likes best of what is offered; nothing in common is fatal.
fn select_protocol<'a>(ours: &[u8], offered: &'a [u8]) -> Option<&'a [u8]> {
    protocols(ours).find_map(|ours| protocols(offered).find(|theirs| *theirs == ours))
}

/// The names in a list of names that each follow their length.
fn protocols(mut wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&size, rest) = wire.split_first()?;
        let (name, rest) = rest.split_at_checked(size.into())?;
        wire = rest;
        Some(name)
    })
}

fn own_context(
    method: SslMethod,
    least: SslVersion,
) -> std::result::Result<SslContext, ErrorStack> {
    let mut builder = SslContextBuilder::new(method)?;
    builder.set_min_proto_version(Some(least))?;
    // Without it a server that asks for certificates refuses to resume, SSL_CTX_set_session_id_context(3).
    builder.set_session_id_context(b"cqueues")?;
    Ok(builder.build())
}

/// Chain and name. A name that nobody has said cannot be verified: that is refused here.
fn demand_of_server(ssl: &mut Ssl, verify: Verify, name: Option<&str>) -> Result<()> {
    if verify == Verify::No {
        return Ok(());
    }
    let name = name.ok_or(Errno::NOTVERIFIED)?;
    ssl.set_verify(SslVerifyMode::PEER);
    let parameters = ssl.param_mut();
    match address_of(name) {
        Some(address) => parameters.set_ip(address).map_err(code),
        None => {
            parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
            parameters.set_host(name.trim_end_matches('.')).map_err(code)
        }
    }
}

fn demand_of_client(ssl: &mut Ssl, verify: Verify) {
    match verify {
        Verify::No => {}
        Verify::Peer => ssl.set_verify(SslVerifyMode::PEER),
        Verify::Require => {
            ssl.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
    }
}

/// RFC 6066 §3: names only, no addresses.
fn announce(ssl: &mut Ssl, name: Option<&str>) -> Result<()> {
    match name.filter(|name| address_of(name).is_none()) {
        Some(name) => ssl.set_hostname(name.trim_end_matches('.')).map_err(code),
        None => Ok(()),
    }
}

/// The address that a host is, without its zone.
fn address_of(host: &str) -> Option<IpAddr> {
    host.split('%').next().unwrap_or(host).parse().ok()
}

fn code(_: ErrorStack) -> Errno {
    Errno::TLS
}

#[cfg(test)]
mod tests;
