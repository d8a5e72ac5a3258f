// SPDX-License-Identifier: MIT
//! TLS configurations: what a connection shall prove and demand. libssl does the cryptography;
//! [`engine`] turns its calls into bytes in and bytes out.

mod engine;
mod sessions;

pub use crate::sys::tls::Role;
pub use engine::{Engine, Failure, Read, Written, OVERHEAD, RECORD};

use crate::errno::{Errno, Result};
use crate::sys::memory::AtomicShared;
use crate::sys::tls as sys;
use openssl::error::ErrorStack;
use openssl::ssl::{AlpnError, Ssl, SslContext, SslContextBuilder, SslFiletype, SslMethod};
use openssl::ssl::{SslSession, SslVerifyMode, SslVersion};
use openssl::x509::verify::X509CheckFlags;
use sessions::Sessions;
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
    /// As `Peer`, and that there is one.
    Require,
}

/// What a socket tells about the peer of its connection.
#[derive(Clone, Default)]
pub struct Peer {
    /// The host that it was told to connect to.
    pub host: Option<AtomicShared<String>>,
    /// The port.
    pub port: u16,
    /// The name to tell the server, if not the host.
    pub name: Option<AtomicShared<String>>,
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
    /// The end that the configuration is for; `None`: whichever end the socket is.
    role: Option<Role>,
    source: Source,
    state: Mutex<State>,
}

/// What connections are made from.
enum Source {
    /// A context that the library has made.
    Own(SslContext),
    /// A context of the program's, which says by itself what it demands.
    Foreign(SslContext),
    /// One connection of the program's.
    Single(Ssl),
}

/// What setters change.
struct State {
    /// `None`: nobody has said. Then a client verifies, and a server demands nothing.
    verify: Option<Verify>,
    name: Option<String>,
    /// All settings in the order in which they were given, for the context for datagrams that may be made later.
    settings: Vec<Setting>,
    /// The context for datagrams, made when it is first needed.
    datagrams: Option<SslContext>,
    /// Whether authorities were loaded, into the context for streams and into that for datagrams.
    has_authorities: [bool; 2],
    /// A digest of the authorities that were given.
    trusted: [u8; 32],
    sessions: Sessions,
}

/// What a connection demands of its peer, and the name that the peer is to have.
#[derive(Debug)]
struct Demands {
    verify: Verify,
    name: Option<String>,
    /// The name is not told to the server.
    nameless: bool,
}

/// A setting of a context.
enum Setting {
    Certificate(String, String),
    Authorities(String),
    Protocols(Vec<u8>),
}

impl Config {
    /// A configuration with a context that the library makes: at least TLS 1.2; a client verifies chain and host.
    pub fn new(role: Option<Role>) -> Result<Config> {
        let _aside = sys::set_errors_aside();
        let context = own_context(SslMethod::tls(), SslVersion::TLS1_2).map_err(code)?;
        Ok(Config::from_source(role, Source::Own(context), None))
    }

    /// A configuration from an `SSL_CTX` of the program's: what that demands stays in force.
    pub fn from_context(context: SslContext, role: Option<Role>) -> Config {
        Config::from_source(role, Source::Foreign(context), Some(Verify::No))
    }

    /// A configuration from an `SSL` of the program's, for one connection.
    pub fn from_ssl(ssl: Ssl, role: Option<Role>) -> Config {
        Config::from_source(role, Source::Single(ssl), Some(Verify::No))
    }

    fn from_source(role: Option<Role>, source: Source, verify: Option<Verify>) -> Config {
        let state = State {
            verify,
            name: None,
            settings: Vec::new(),
            datagrams: None,
            has_authorities: [false; 2],
            trusted: [0; 32],
            sessions: Sessions::default(),
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
        state.verify = Some(verify);
        state.sessions.forget();
        Ok(())
    }

    /// Sets the name that the certificate must have and that is told to the server.
    pub fn set_name(&self, name: &str) -> Result<()> {
        let mut state = self.state();
        state.name = Some(name.to_owned());
        state.sessions.forget();
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
        state.trusted = sessions::trust(state.trusted, path);
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

    /// Applies a setting to the contexts that exist, and keeps it for the context for datagrams that may be made
    /// later.
    fn set(&self, setting: Setting) -> Result<()> {
        let own = self.own()?;
        let _aside = sys::set_errors_aside();
        let applied = setting.apply(own);
        let mut state = self.state();
        state.sessions.forget(); // what fails may have changed something too
        applied?;
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
        let _aside = sys::set_errors_aside();
        let mut ssl = self.connection(datagrams)?;
        let natural = if accepted { Role::Server } else { Role::Client };
        let role = sys::fixed_role(&ssl).or(self.shared.role).unwrap_or(natural);
        let demands = self.demands(peer, role);
        let verifies = demands.verify != Verify::No;
        if verifies {
            self.load_authorities(datagrams)?;
        }
        let mut key = None;
        match role {
            Role::Client => {
                ssl.set_connect_state();
                demand_of_server(&mut ssl, &demands)?;
                if verifies {
                    sys::forget_session(&mut ssl); // an `SSL` of the program's may have one that nobody verified
                }
                announce(&mut ssl, &demands)?;
                key = self.resume(&mut ssl, &demands, peer, datagrams);
            }
            Role::Server => {
                ssl.set_accept_state();
                demand_of_client(&mut ssl, demands.verify);
                self.limit_resuming(&mut ssl, demands.verify);
            }
        }
        let name = demands.name.filter(|_| verifies && role == Role::Client);
        Engine::new(ssl, self.clone(), key, datagrams, verifies, name)
    }

    /// What is demanded of the other end of a connection by the end that has this role.
    fn demands(&self, peer: &Peer, role: Role) -> Demands {
        let state = self.state();
        let usual = if role == Role::Client { Verify::Peer } else { Verify::No };
        let verify = if peer.verify { Verify::Require } else { state.verify.unwrap_or(usual) };
        // A name that the program gives for a host says whom it wants to reach.
        let given = state.name.as_ref().or(peer.name.as_deref());
        let name = given.or(peer.host.as_deref()).cloned();
        Demands { verify, name, nameless: peer.nameless }
    }

    /// Resumes a client's last session with that peer, if there is one. Returns the key under which to keep the next.
    fn resume(
        &self,
        ssl: &mut Ssl,
        demands: &Demands,
        peer: &Peer,
        datagrams: bool,
    ) -> Option<String> {
        let host = peer.host.as_deref()?;
        if datagrams || self.own().is_err() {
            return None;
        }
        let state = self.state();
        let key = state.sessions.key(ssl, demands, &format!("{host} {}", peer.port));
        if let Some(session) = state.sessions.find(&key) {
            sys::resume(ssl, session);
        }
        Some(key)
    }

    /// Has a server resume only sessions that were made under the same demands. A context or `SSL` of the program's,
    /// to which no demand was added, decides by itself what it resumes.
    fn limit_resuming(&self, ssl: &mut Ssl, verify: Verify) {
        let foreign = match &self.shared.source {
            Source::Own(_) => std::ptr::null_mut(),
            _ if verify == Verify::No => return,
            _ => sys::context_of(ssl),
        };
        let context = sessions::demanded(ssl, verify, self.state().trusted, foreign);
        sys::set_session_context(ssl, &context);
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
            sys::copy_pass_phrase(context, &made);
            state.settings.iter().try_for_each(|setting| setting.apply(&made))?;
            state.datagrams = Some(made);
        }
        let context = if datagrams { state.datagrams.as_ref().unwrap_or(context) } else { context };
        Ssl::new(context).map_err(code)
    }

    /// Loads the system's authorities, unless others were given: some hundred certificates, so only where a peer is
    /// to be verified. EMFILE, ENFILE, ENOMEM: they could not be looked for, and the next connection tries again.
    fn load_authorities(&self, datagrams: bool) -> Result<()> {
        let mut state = self.state();
        let Source::Own(context) = &self.shared.source else { return Ok(()) };
        if state.has_authorities[usize::from(datagrams)] {
            return Ok(());
        }
        // libssl treats a file that it cannot open like one that does not exist, so it is opened here first.
        let file = sys::authorities_file().to_string_lossy();
        match std::fs::File::open(&*file).map_err(Errno::from) {
            Err(error @ Errno(libc::EMFILE | libc::ENFILE | libc::ENOMEM)) => return Err(error),
            _ => state.has_authorities[usize::from(datagrams)] = true,
        }
        let context = if datagrams { state.datagrams.as_ref() } else { Some(context) };
        // A failure shows when the first certificate is refused because its authority is not known.
        let load = |context| sys::change(context, SslContextBuilder::set_default_verify_paths);
        let _ = context.map(load);
        Ok(())
    }

    /// Keeps a session for the next connection to the same peer.
    fn keep_session(&self, key: &str, session: SslSession) {
        self.state().sessions.keep(key, session);
    }
}

impl Setting {
    /// Applies the setting to a context. ENOENT for a file that is not there, `CQ_ETLS` for one that is no good.
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
    sys::never_ask(&mut builder);
    Ok(builder.build())
}

/// Demands of the server a certificate with a valid chain and the expected name. CQ_ENOTVERIFIED if no name is known.
fn demand_of_server(ssl: &mut Ssl, demands: &Demands) -> Result<()> {
    if demands.verify == Verify::No {
        return Ok(());
    }
    let name = demands.name.as_deref().ok_or(Errno::NOTVERIFIED)?;
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

/// Sets the name that is told to the server (SNI). An address is not told, RFC 6066 §3.
fn announce(ssl: &mut Ssl, demands: &Demands) -> Result<()> {
    let name = demands.name.as_deref().filter(|_| !demands.nameless);
    match name.filter(|name| address_of(name).is_none()) {
        Some(name) => ssl.set_hostname(name.trim_end_matches('.')).map_err(code),
        None => Ok(()),
    }
}

/// The address, without its zone (`%eth0`), if the host is one.
fn address_of(host: &str) -> Option<IpAddr> {
    host.split('%').next().unwrap_or(host).parse().ok()
}

fn code(_: ErrorStack) -> Errno {
    Errno::TLS
}

#[cfg(test)]
mod tests;
