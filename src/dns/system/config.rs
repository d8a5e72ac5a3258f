// SPDX-License-Identifier: MIT
//! How a resolver asks: resolv.conf(5) and nsswitch.conf(5) in, resolv.conf out.

use super::files::{complain, version, Version};
use super::server::{over_tls, NameServer, Transport};
use crate::tls;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The system's name servers.
pub const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The system's order of sources.
pub const NSSWITCH_CONF: &str = "/etc/nsswitch.conf";

/// The port of name servers.
pub const PORT: u16 = 53;

/// How many name servers count, as in every libc.
const SERVERS: usize = 3;

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Syntax {
    /// resolv.conf(5).
    Resolv,
    /// nsswitch.conf(5), of which the line `hosts:` counts.
    Nsswitch,
}

/// Where answers are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// Name servers.
    Bind,
    /// The hosts file.
    File,
    /// A cache: it is asked anyway, and the word is only kept.
    Cache,
}

impl Source {
    /// By the first letter, in either case.
    pub fn scan(word: &str) -> Option<Source> {
        match word.as_bytes().first()?.to_ascii_lowercase() {
            b'b' => Some(Source::Bind),
            b'f' => Some(Source::File),
            b'c' => Some(Source::Cache),
            _ => None,
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Source::Bind => "bind",
            Source::File => "file",
            Source::Cache => "cache",
        }
    }
}

/// When TCP is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tcp {
    /// Where an answer does not fit a datagram.
    Enable,
    /// Always.
    Only,
    /// Never: answers stay cut.
    Disable,
}

/// When servers that are named by an address alone are asked over TLS.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OverTls {
    /// Never.
    No,
    /// Where they can be, without looking at their certificates; otherwise in plain text.
    Opportunistic,
    /// Always, and their certificates must be for their addresses.
    Yes,
}

/// What the program says of connections over TLS: which authorities are trusted, which certificate is shown.
#[derive(Clone)]
pub struct Credentials(pub tls::Config);

impl PartialEq for Credentials {
    fn eq(&self, other: &Credentials) -> bool {
        self.0.identity() == other.0.identity()
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Credentials")
    }
}

/// A configuration.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// Whom a stub resolver asks.
    pub nameservers: Vec<NameServer>,
    /// What is appended to names, as it was written.
    pub search: Vec<String>,
    /// Where answers are looked for, in this order.
    pub lookup: Vec<Source>,
    /// After which endings ([`ending`](super::switch::ending)) of the files it ends there.
    pub file_ends: u8,
    /// The same of the name servers.
    pub bind_ends: u8,
    /// Ask no name server for AAAA.
    pub no_aaaa: bool,
    /// The servers and the way to them are trusted to tell whether records are authentic.
    pub trust_ad: bool,
    /// Send EDNS, RFC 6891.
    pub edns0: bool,
    /// Send cookies where EDNS is sent, RFC 7873.
    pub cookies: bool,
    /// Send names in random letter case, which the answer must repeat.
    pub random_letters: bool,
    /// A name with fewer dots is tried with the search list first.
    pub ndots: u32,
    /// Seconds until a server is given up for now.
    pub timeout: u32,
    /// How often each server is asked.
    pub attempts: u32,
    /// Begin with a random server.
    pub rotate: bool,
    /// Follow referrals from the root instead of having a server do so.
    pub recurse: bool,
    /// Look up the addresses of the hosts that answers name.
    pub smart: bool,
    /// When TCP is used.
    pub tcp: Tcp,
    /// When servers that are named by an address alone are asked over TLS.
    pub dns_over_tls: OverTls,
    /// What connections over TLS are made with, if not with the usual configuration.
    pub credentials: Option<Credentials>,
    /// Answer from the thread's cache, and keep answers there.
    pub cache: bool,
    /// 0: a socket, hence a random port, for each query. Otherwise that many sockets for all queries of
    /// the thread, each used a bounded number of times.
    pub ports: u32,
    /// What queries are sent from.
    pub interface: SocketAddr,
    /// Lines of files that were skipped: "FILE:LINE: why".
    pub warnings: Vec<String>,
    /// The system's files, if it came from there.
    pub system: Option<Box<System>>,
}

/// What the system's files said, so that a change of them can be told from a change by the program.
#[derive(Clone, PartialEq, Debug)]
pub struct System {
    loaded: Config,
    path: String,
    /// The states of that file and of nsswitch.conf.
    changed: [Option<Version>; 2],
}

impl Default for Config {
    fn default() -> Config {
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Config {
            nameservers: vec![SocketAddr::new(nowhere, PORT).into()],
            search: Vec::new(),
            lookup: vec![Source::Bind, Source::File],
            file_ends: 0,
            bind_ends: 0,
            no_aaaa: false,
            trust_ad: false,
            edns0: false,
            cookies: true,
            random_letters: false,
            ndots: 1,
            timeout: 5,
            attempts: 2,
            rotate: false,
            recurse: false,
            smart: false,
            tcp: Tcp::Enable,
            dns_over_tls: OverTls::No,
            credentials: None,
            cache: true,
            ports: 0,
            interface: SocketAddr::new(nowhere, 0),
            warnings: Vec::new(),
            system: None,
        }
    }
}

impl Config {
    /// From the system's files. Where there are none, a server at 127.0.0.1 is asked, as every libc does.
    pub fn stub() -> Config {
        Config::system(RESOLV_CONF)
    }

    /// The same from another resolv.conf.
    fn system(path: &str) -> Config {
        let changed = versions(path);
        let mut config = Config { nameservers: Vec::new(), ..Config::default() };
        config.lookup = vec![Source::File, Source::Bind];
        for (path, syntax) in [(NSSWITCH_CONF, Syntax::Nsswitch), (path, Syntax::Resolv)] {
            let known = config.warnings.len();
            complain(path, config.load_path(path, syntax), &config.warnings[known..]);
        }
        if config.nameservers.is_empty() {
            config.nameservers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT).into());
        }
        let loaded = config.clone();
        config.system = Some(Box::new(System { loaded, path: path.to_owned(), changed }));
        config
    }

    /// For following referrals.
    pub fn root() -> Config {
        Config { recurse: true, ..Config::stub() }
    }

    /// Takes over what the system's files say now, if they have changed since they were read; settings
    /// that the program has changed meanwhile stay. Tells whether anything is different.
    pub fn refresh(&mut self) -> bool {
        let Some(system) = self.system.as_ref().filter(|_| self.is_stale()) else { return false };
        let (fresh, old) = (Config::system(&system.path), system.loaded.clone());
        let before = self.clone();
        macro_rules! take {
            ($($field:ident)*) => {
                $(if self.$field == old.$field { self.$field.clone_from(&fresh.$field) })*
            };
        }
        take!(nameservers search lookup file_ends bind_ends no_aaaa trust_ad edns0 cookies random_letters ndots timeout attempts rotate tcp dns_over_tls ports cache interface);
        self.warnings.clone_from(&fresh.warnings);
        self.system = fresh.system;
        *self != before
    }

    /// Whether the system's files have changed since they were read.
    pub fn is_stale(&self) -> bool {
        self.system.as_ref().is_some_and(|system| versions(&system.path) != system.changed)
    }

    /// Adds a name server, unless there are as many as count.
    pub fn add_nameserver(&mut self, server: NameServer) -> std::result::Result<(), String> {
        if self.nameservers.len() >= SERVERS {
            return Err(format!("more than {SERVERS} name servers"));
        }
        self.nameservers.push(server);
        Ok(())
    }

    /// Sets where answers are looked for: in one source after the other until one has it.
    pub fn set_lookup(&mut self, lookup: Vec<Source>) {
        self.lookup = lookup;
        (self.file_ends, self.bind_ends) = (0, 0);
    }

    /// Whether the files are looked at before the name servers.
    pub fn files_first(&self) -> bool {
        let place = |wanted| self.lookup.iter().position(|&source| source == wanted);
        place(Source::File).is_some_and(|file| place(Source::Bind).is_none_or(|bind| file < bind))
    }

    /// Whether IPv6 addresses are not asked for: the option `no-aaaa`, which is about a stub resolver.
    pub fn leaves_out_aaaa(&self) -> bool {
        self.no_aaaa && !self.recurse
    }

    /// Whether the flag AD of answers counts: the option `trust-ad`. A recursive resolver has nobody to trust.
    pub fn trusts_ad(&self) -> bool {
        self.trust_ad && !self.recurse
    }

    /// How a server is asked that a configuration or a program names. The option `dns-over-tls` is about stub resolvers:
    /// servers of zones have no TLS as a rule.
    pub fn approach(&self, server: &NameServer) -> NameServer {
        match (self.dns_over_tls, &server.transport) {
            (OverTls::Yes, Transport::Plain) if !self.recurse => {
                NameServer { address: over_tls(server.address), transport: Transport::Tls(None) }
            }
            _ => server.clone(),
        }
    }

    /// Whether a server that is asked in plain text is asked over TLS first.
    pub fn tries_tls(&self) -> bool {
        self.dns_over_tls == OverTls::Opportunistic && !self.recurse
    }

    /// Whether name servers are asked.
    pub fn asks(&self) -> bool {
        self.lookup.contains(&Source::Bind)
    }
}

/// The states of a resolv.conf and of nsswitch.conf.
fn versions(path: &str) -> [Option<Version>; 2] {
    [version(path), version(NSSWITCH_CONF)]
}

#[cfg(test)]
mod tests;
