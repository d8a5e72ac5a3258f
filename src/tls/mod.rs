// SPDX-License-Identifier: MIT
//! TLS configurations: what a connection shall prove and demand. libssl does the cryptography;
//! [`engine`] turns its calls into bytes in and bytes out.

mod authorities;
mod demands;
mod engine;
mod facts;
mod failure;
mod greeting;
mod names;
mod protocols;
mod sessions;
mod settings;
mod staple;

pub use crate::sys::tls::Role;
pub use engine::{Engine, Read, Written, OVERHEAD, RECORD};
pub use facts::Fact;
pub use failure::Failure;
pub use greeting::Greeter;
pub use protocols::protocols_on_wire;
pub use settings::{Pem, Version};
pub use staple::Staples;

use crate::errno::{Errno, Result};
use crate::sys::memory::AtomicShared;
use crate::sys::tls as sys;
use demands::{announce, demand_of_client, demand_of_server, Demands};
use names::Names;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions};
use openssl::ssl::{SslRef, SslSession, SslVersion, StatusType};
use sessions::Sessions;
use settings::Setting;
use staple::Staple;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

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
    /// See `identity`.
    number: u64,
    /// The end that the configuration is for; `None`: whichever end the socket is.
    role: Option<Role>,
    source: Source,
    state: Mutex<State>,
    asked: Arc<Asked>,
}

/// What libssl asks for in the middle of a handshake. The contexts that the library makes hold on to it.
#[derive(Default)]
struct Asked {
    cookies: greeting::Cookies,
    names: Names,
    staple: Staple,
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
    /// A digest of the authorities and revocation lists that were given.
    trusted: [u8; 32],
    /// The password of encrypted keys. `None`: as the program has told libssl.
    password: Option<String>,
    /// Why the last setting failed, in words.
    reason: String,
    sessions: Sessions,
}

impl Config {
    /// A configuration with a context that the library makes: at least TLS 1.2; a client verifies chain and host.
    pub fn new(role: Option<Role>) -> Result<Config> {
        let _aside = sys::set_errors_aside();
        let asked = Arc::default();
        let context = own_context(SslMethod::tls(), SslVersion::TLS1_2, &asked).map_err(code)?;
        Ok(Config::from_source(role, Source::Own(context), None, asked))
    }

    /// A configuration from an `SSL_CTX` of the program's: what that demands stays in force.
    pub fn from_context(context: SslContext, role: Option<Role>) -> Config {
        Config::from_source(role, Source::Foreign(context), Some(Verify::No), Arc::default())
    }

    /// A configuration from an `SSL` of the program's, for one connection.
    pub fn from_ssl(ssl: Ssl, role: Option<Role>) -> Config {
        Config::from_source(role, Source::Single(ssl), Some(Verify::No), Arc::default())
    }

    /// The configuration that programs have which give none: a client that verifies. It is made once for all, unless that
    /// fails.
    pub fn usual() -> Result<Config> {
        static USUAL: OnceLock<Config> = OnceLock::new();
        if let Some(made) = USUAL.get() {
            return Ok(made.clone());
        }
        let made = Config::new(Some(Role::Client))?;
        Ok(USUAL.get_or_init(|| made).clone())
    }

    /// A number that copies share, and no other configuration ever has.
    pub fn identity(&self) -> u64 {
        self.shared.number
    }

    fn from_source(
        role: Option<Role>,
        source: Source,
        verify: Option<Verify>,
        asked: Arc<Asked>,
    ) -> Config {
        let state = State {
            verify,
            name: None,
            settings: Vec::new(),
            datagrams: None,
            has_authorities: [false; 2],
            trusted: [0; 32],
            password: None,
            reason: String::new(),
            sessions: Sessions::default(),
        };
        static CONFIGURATIONS: AtomicU64 = AtomicU64::new(0);
        let number = CONFIGURATIONS.fetch_add(1, Ordering::Relaxed);
        Config {
            shared: Arc::new(Shared { number, role, source, state: Mutex::new(state), asked }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
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
                if verifies && self.shared.asked.staple.wanted() != Staples::No {
                    ssl.set_status_type(StatusType::OCSP).map_err(code)?;
                }
                key = self.resume(&mut ssl, &demands, peer, datagrams);
            }
            Role::Server => {
                ssl.set_accept_state();
                demand_of_client(&mut ssl, demands.verify);
                self.limit_resuming(&mut ssl, demands.verify, "");
                if peer.verify {
                    names::keep_demand(&mut ssl)?;
                }
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
    /// `name` is that by which the configuration was chosen.
    fn limit_resuming(&self, ssl: &mut SslRef, verify: Verify, name: &str) {
        let foreign = match &self.shared.source {
            Source::Own(_) => std::ptr::null_mut(),
            _ if verify == Verify::No => return,
            _ => sys::context_of(ssl),
        };
        let context = sessions::demanded(ssl, verify, name, self.state().trusted, foreign);
        sys::set_session_context(ssl, &context);
    }

    /// Has a server's connection demand a certificate, as its socket does.
    fn demand_more(&self, ssl: &mut SslRef) -> Result<()> {
        self.load_authorities(true)?;
        demand_of_client(ssl, Verify::Require);
        self.limit_resuming(ssl, Verify::Require, "");
        names::keep_demand(ssl)
    }

    fn connection(&self, datagrams: bool) -> Result<Ssl> {
        let context = match &self.shared.source {
            Source::Single(ssl) if sys::is_in_use(ssl) => return Err(Errno::BUSY),
            Source::Single(ssl) => return Ok(sys::share(ssl)),
            Source::Foreign(context) => context,
            Source::Own(context) if datagrams => &self.for_datagrams(context)?,
            Source::Own(context) => context,
        };
        Ssl::new(context).map_err(code)
    }

    /// The context for datagrams beside that for streams.
    fn for_datagrams(&self, streams: &SslContext) -> Result<SslContext> {
        let mut state = self.state();
        if let Some(made) = &state.datagrams {
            return Ok(made.clone());
        }
        let asked = &self.shared.asked;
        let made = own_context(SslMethod::dtls(), SslVersion::DTLS1_2, asked).map_err(code)?;
        sys::copy_pass_phrase(streams, &made);
        let failed = state.settings.iter().find_map(|setting| setting.apply(&made, true).err());
        if let Some(failure) = failed {
            state.reason = failure.reason;
            return Err(failure.code);
        }
        Ok(state.datagrams.insert(made).clone())
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
        match std::fs::File::open(authorities::file()).map_err(Errno::from) {
            Err(error @ Errno(libc::EMFILE | libc::ENFILE | libc::ENOMEM)) => return Err(error),
            _ => state.has_authorities[usize::from(datagrams)] = true,
        }
        let context = if datagrams { state.datagrams.as_ref() } else { Some(context) };
        // A failure shows when the first certificate is refused because its authority is not known.
        let load = |context| sys::change(context, authorities::load);
        let _ = context.map(load);
        Ok(())
    }

    /// Keeps a session for the next connection to the same peer.
    fn keep_session(&self, key: &str, session: SslSession) {
        self.state().sessions.keep(key, session);
    }
}

fn own_context(
    method: SslMethod,
    least: SslVersion,
    asked: &Arc<Asked>,
) -> std::result::Result<SslContext, ErrorStack> {
    let mut builder = SslContextBuilder::new(method)?;
    builder.set_min_proto_version(Some(least))?;
    // Nobody needs another handshake: TLS 1.3 has none, RFC 8446 §4.1.2, and a peer could ask for any number.
    builder.set_options(SslOptions::NO_RENEGOTIATION);
    sys::never_ask(&mut builder);
    greeting::use_cookies(&mut builder, asked);
    let for_names = Arc::clone(asked);
    builder
        .set_client_hello_callback(move |ssl, alert| names::choose(&for_names.names, ssl, alert));
    let for_staples = Arc::clone(asked);
    builder.set_status_callback(move |ssl| for_staples.staple.answer(ssl))?;
    Ok(builder.build())
}

fn code(_: ErrorStack) -> Errno {
    Errno::TLS
}

/// The place of a value of ours in each `Ssl`, which is made once.
fn place<T>(place: &'static OnceLock<Index<Ssl, T>>) -> Result<Index<Ssl, T>>
where
    T: 'static + Send + Sync,
{
    match place.get() {
        Some(made) => Ok(*made),
        None => {
            let made = Ssl::new_ex_index().map_err(code)?;
            Ok(*place.get_or_init(|| made))
        }
    }
}

#[cfg(test)]
mod tests;
