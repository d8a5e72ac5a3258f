// SPDX-License-Identifier: MIT
//! How a resolver asks: resolv.conf(5) and nsswitch.conf(5) in, resolv.conf out.

use super::files::{self, version, Version};
use super::switch::{format_ends, Switch};
use crate::dns::message::name::Name;
use crate::errno::{Errno, Result};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

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

/// A configuration.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// Whom a stub resolver asks.
    pub nameservers: Vec<SocketAddr>,
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
    /// Send EDNS, RFC 6891.
    pub edns0: bool,
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
            nameservers: vec![SocketAddr::new(nowhere, PORT)],
            search: Vec::new(),
            lookup: vec![Source::Bind, Source::File],
            file_ends: 0,
            bind_ends: 0,
            no_aaaa: false,
            edns0: false,
            ndots: 1,
            timeout: 5,
            attempts: 2,
            rotate: false,
            recurse: false,
            smart: false,
            tcp: Tcp::Enable,
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
        // Missing files are as good as empty ones.
        let _ = config.load_path(NSSWITCH_CONF, Syntax::Nsswitch);
        let _ = config.load_path(path, Syntax::Resolv);
        if config.nameservers.is_empty() {
            config.nameservers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
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
        take!(nameservers search lookup file_ends bind_ends no_aaaa edns0 ndots timeout attempts rotate tcp ports cache interface);
        self.warnings.clone_from(&fresh.warnings);
        self.system = fresh.system;
        *self != before
    }

    /// Whether the system's files have changed since they were read.
    pub fn is_stale(&self) -> bool {
        self.system.as_ref().is_some_and(|system| versions(&system.path) != system.changed)
    }

    /// Reads a file. The errno of what kept it from being read.
    pub fn load_path(&mut self, path: &str, syntax: Syntax) -> Result<()> {
        let text = files::read(path)?;
        self.load(&text, syntax, path);
        Ok(())
    }

    /// Reads the text of a file, called `file` where lines are complained about.
    pub fn load(&mut self, text: &[u8], syntax: Syntax, file: &str) {
        let mut fresh = true;
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = String::from_utf8_lossy(line);
            let line = line.split(['#', ';']).next().unwrap_or_default();
            // nsswitch.conf needs no blank after the colon.
            let (key, line) = match syntax {
                Syntax::Resolv => ("", line),
                Syntax::Nsswitch => line.split_once(':').unwrap_or_default(),
            };
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let done = match (syntax, words.split_first()) {
                (Syntax::Resolv, Some((&key, values))) => self.read(key, values, &mut fresh),
                (Syntax::Resolv, None) => Ok(()),
                (Syntax::Nsswitch, _) => self.switch(key.trim(), &words),
            };
            if let Err(why) = done {
                self.warnings.push(format!("{file}:{}: {why}", index + 1));
            }
        }
    }

    /// `fresh`: no name server was read yet, so those there were go.
    fn read(
        &mut self,
        key: &str,
        values: &[&str],
        fresh: &mut bool,
    ) -> std::result::Result<(), String> {
        match (key.to_ascii_lowercase().as_str(), values) {
            ("nameserver", [address, ..]) => {
                let server = scan_address(address, PORT).map_err(|_| bad("address", address))?;
                if std::mem::take(fresh) {
                    self.nameservers.clear();
                }
                self.add_nameserver(server)
            }
            ("domain" | "search", []) => Ok(()),
            ("domain" | "search", domains) => {
                self.search.clear();
                let mut failed = Ok(());
                for domain in domains {
                    let name = Name::scan(domain.as_bytes()).map_err(|_| bad("domain", domain));
                    failed = failed.and(name.map(|name| self.search.push(name.to_string())));
                }
                failed
            }
            ("lookup", words) => {
                let text = words.join(" ");
                if text.contains('[') {
                    self.switch_to(Switch::scan_by(&text, Source::scan));
                } else {
                    self.set_lookup(words.iter().filter_map(|word| Source::scan(word)).collect());
                }
                Ok(())
            }
            ("options", options) => {
                let mut failed = Ok(());
                for option in options.iter().flat_map(|word| word.split(',')) {
                    let option = option.to_ascii_lowercase();
                    let (name, value) = option.split_once(':').unwrap_or((&option, ""));
                    failed = failed.and(self.option(name, value));
                }
                failed
            }
            ("interface", [address, port @ ..]) => {
                let port = port.first().map_or(Ok(0), |port| port.parse());
                let port = port.map_err(|_| bad("port", values[1]))?;
                self.interface =
                    scan_address(address, port).map_err(|_| bad("address", address))?;
                Ok(())
            }
            ("sortlist" | "family", _) => Ok(()),
            ("nameserver" | "interface", []) => Err(format!("{key} without an address")),
            _ => Err(format!("unknown keyword {key:?}")),
        }
    }

    /// Adds a name server, unless there are as many as count.
    pub fn add_nameserver(&mut self, server: SocketAddr) -> std::result::Result<(), String> {
        if self.nameservers.len() >= SERVERS {
            return Err(format!("more than {SERVERS} name servers"));
        }
        self.nameservers.push(server);
        Ok(())
    }

    /// Sets an option by its name in resolv.conf. What other resolvers know is no error.
    fn option(&mut self, name: &str, value: &str) -> std::result::Result<(), String> {
        const OTHERS: &[&str] = &[
            "debug",
            "inet6",
            "ip6-bytestring",
            "ip6-dotint",
            "no-check-names",
            "no-reload",
            "no-tld-query",
            "no_tld_query",
            "single-request",
            "single-request-reopen",
            "trust-ad",
            "insecure1",
            "insecure2",
        ];
        let set = match (name, value) {
            ("tcp", "") | ("use-vc", _) => self.set("tcp", "only"),
            (_, "") if self.get(name).is_some_and(|value| value == "false" || value == "true") => {
                self.set(name, "true")
            }
            ("nocache", "") => self.set("cache", "false"),
            (name, _) if OTHERS.contains(&name) => Ok(()),
            _ => self.set(name, value),
        };
        set.map_err(|error| match error {
            Errno::NOENT => format!("unknown option {name:?}"),
            _ => bad(name, value),
        })
    }

    /// Sets an option of the guide's table. ENOENT for an unknown one, EINVAL for a value that it does
    /// not take.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let number = || value.parse::<u32>().map_err(|_| Errno::BADARG);
        let flag = || match value {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(Errno::BADARG),
        };
        match name {
            "ndots" => self.ndots = number()?,
            "timeout" => self.timeout = number()?,
            "attempts" => self.attempts = number()?,
            "ports" => self.ports = number()?.min(4096),
            "edns0" => self.edns0 = flag()?,
            "rotate" => self.rotate = flag()?,
            "recurse" => self.recurse = flag()?,
            "smart" => self.smart = flag()?,
            "no-aaaa" => self.no_aaaa = flag()?,
            "cache" => self.cache = flag()?,
            "tcp" => {
                self.tcp = match value {
                    "enable" | "0" => Tcp::Enable,
                    "only" | "1" => Tcp::Only,
                    "disable" | "2" => Tcp::Disable,
                    _ => return Err(Errno::BADARG),
                }
            }
            "interface" => self.interface = scan_address(value, 0)?,
            _ => return Err(Errno::NOENT),
        }
        Ok(())
    }

    /// What an option is set to.
    pub fn get(&self, name: &str) -> Option<String> {
        Some(match name {
            "ndots" => self.ndots.to_string(),
            "timeout" => self.timeout.to_string(),
            "attempts" => self.attempts.to_string(),
            "ports" => self.ports.to_string(),
            "edns0" => self.edns0.to_string(),
            "rotate" => self.rotate.to_string(),
            "recurse" => self.recurse.to_string(),
            "smart" => self.smart.to_string(),
            "no-aaaa" => self.no_aaaa.to_string(),
            "cache" => self.cache.to_string(),
            "tcp" => (self.tcp as u32).to_string(),
            "interface" => format_address(&self.interface, 0),
            _ => return None,
        })
    }

    /// `hosts: files dns`.
    fn switch(&mut self, key: &str, values: &[&str]) -> std::result::Result<(), String> {
        if !key.eq_ignore_ascii_case("hosts") {
            return Ok(());
        }
        let switch = Switch::scan(&values.join(" "));
        match switch.sources.is_empty() {
            true => Err("no source of hosts is known here".to_owned()),
            false => {
                self.switch_to(switch);
                Ok(())
            }
        }
    }

    fn switch_to(&mut self, switch: Switch) {
        self.lookup = switch.sources;
        (self.file_ends, self.bind_ends) = (switch.file_ends, switch.bind_ends);
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

    /// Whether name servers are asked.
    pub fn asks(&self) -> bool {
        self.lookup.contains(&Source::Bind)
    }

    /// The names to ask for, one after the other, for a name that a person wrote.
    pub fn candidates(&self, name: &str) -> Vec<String> {
        let (dots, absolute) = dots(name);
        if absolute {
            return vec![name.to_owned()];
        }
        let as_given = format!("{name}.");
        let mut list: Vec<String> = self
            .search
            .iter()
            .filter(|d| !matches!(d.as_str(), "" | "."))
            .map(|domain| format!("{name}.{}.", domain.trim_end_matches('.')))
            .collect();
        match dots >= self.ndots as usize {
            true => list.insert(0, as_given),
            false => list.push(as_given),
        }
        list
    }

    /// In the form of resolv.conf.
    pub fn format(&self) -> String {
        let mut text = String::new();
        for server in &self.nameservers {
            let _ = writeln!(text, "nameserver {}", format_address(server, PORT));
        }
        let list =
            |words: Vec<&str>| words.iter().map(|word| format!(" {word}")).collect::<String>();
        let _ = writeln!(text, "search{}", list(self.search.iter().map(String::as_str).collect()));
        let switch = self.lookup.iter().filter_map(|source| match source {
            Source::File => Some(format!(" files{}", format_ends(self.file_ends))),
            Source::Bind => Some(format!(" dns{}", format_ends(self.bind_ends))),
            Source::Cache => None,
        });
        let _ = writeln!(text, "; hosts:{}", switch.collect::<String>());
        let lookup = self.lookup.iter().map(|source| match source {
            Source::File => format!(" {}{}", source.name(), format_ends(self.file_ends)),
            Source::Bind => format!(" {}{}", source.name(), format_ends(self.bind_ends)),
            Source::Cache => format!(" {}", source.name()),
        });
        let _ = writeln!(text, "lookup{}", lookup.collect::<String>());
        let _ = write!(
            text,
            "options ndots:{} timeout:{} attempts:{}",
            self.ndots, self.timeout, self.attempts
        );
        let flags = [
            (self.edns0, " edns0"),
            (self.rotate, " rotate"),
            (self.recurse, " recurse"),
            (self.smart, " smart"),
            (self.tcp == Tcp::Only, " tcp"),
            (self.tcp == Tcp::Disable, " tcp:disable"),
            (!self.cache, " nocache"),
            (self.no_aaaa, " no-aaaa"),
        ];
        flags.iter().filter(|flag| flag.0).for_each(|flag| text.push_str(flag.1));
        if self.ports > 0 {
            let _ = write!(text, " ports:{}", self.ports);
        }
        let (interface, port) = (&self.interface, self.interface.port());
        let _ = writeln!(text, "\ninterface {} {port}", format_address(interface, port));
        text
    }
}

/// How many dots divide a name that a person wrote, and whether it ends in one. Escaped ones divide nothing.
fn dots(name: &str) -> (usize, bool) {
    let (mut count, mut last, mut escaped) = (0, false, false);
    for byte in name.bytes() {
        last = byte == b'.' && !escaped;
        escaped = byte == b'\\' && !escaped;
        count += usize::from(last);
    }
    (count, last)
}

/// Whether a name that a person wrote is tried as it is, without the search list.
pub fn is_absolute(name: &str) -> bool {
    dots(name).1
}

/// The states of a resolv.conf and of nsswitch.conf.
fn versions(path: &str) -> [Option<Version>; 2] {
    [version(path), version(NSSWITCH_CONF)]
}

fn bad(what: &str, text: &str) -> String {
    format!("bad {what} {text:?}")
}

/// An address: "1.2.3.4", "::1", "fe80::1%2", "[1.2.3.4]:53", "[::1]:5353", "1.2.3.4:53" not (it is no
/// form of the guide's). CQ_EADDRESS for anything else.
pub fn scan_address(text: &str, port: u16) -> Result<SocketAddr> {
    let text = text.trim();
    let (host, port) = match text.strip_prefix('[') {
        None => (text, port),
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(Errno::ADDRESS)?;
            let given = match rest.strip_prefix(':') {
                Some("") | None => 0,
                Some(digits) => digits.parse().map_err(|_| Errno::ADDRESS)?,
            };
            if !rest.is_empty() && !rest.starts_with(':') {
                return Err(Errno::ADDRESS);
            }
            (host, if given == 0 { port } else { given })
        }
    };
    let address = crate::address::internet(host, port).map_err(|_| Errno::ADDRESS)?;
    let v4 = address.as_sockaddr_in().map(|a| SocketAddr::new(a.ip().into(), port));
    let v6 = address.as_sockaddr_in6();
    v4.or_else(|| v6.map(|a| SocketAddrV6::new(a.ip(), port, 0, a.scope_id()).into()))
        .ok_or(Errno::ADDRESS)
}

/// The other way; the port is left out if it is `usual`.
pub fn format_address(address: &SocketAddr, usual: u16) -> String {
    let host = match address {
        SocketAddr::V6(v6) if v6.scope_id() > 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        _ => address.ip().to_string(),
    };
    match address.port() {
        port if port == usual => host,
        port => format!("[{host}]:{port}"),
    }
}

#[cfg(test)]
mod tests;
