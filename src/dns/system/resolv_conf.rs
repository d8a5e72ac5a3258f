// SPDX-License-Identifier: MIT
//! resolv.conf(5) and nsswitch.conf(5) into a configuration, and a configuration as resolv.conf.

use super::config::{Config, OverTls, Source, Syntax, Tcp};
use super::files;
use super::options::{bad, complaint};
use super::server::{format_address, scan_address, NameServer};
use super::switch::{format_ends, Switch};
use crate::dns::message::name::Name;
use crate::errno::Result;
use std::fmt::Write;

impl Config {
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
            let line = String::from_utf8_lossy(line).replace('\0', "\u{fffd}");
            let line = without_comment(&line);
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
                let server = NameServer::scan(address).map_err(|_| bad("address", address))?;
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
            _ => Err(complaint("unknown keyword", key)),
        }
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

    /// In the form of resolv.conf.
    pub fn format(&self) -> String {
        let mut text = String::new();
        for server in &self.nameservers {
            let _ = writeln!(text, "nameserver {}", server.format());
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
            (self.dns_over_tls == OverTls::Yes, " dns-over-tls"),
            (self.dns_over_tls == OverTls::Opportunistic, " dns-over-tls:opportunistic"),
            (!self.cache, " nocache"),
            (!self.cookies, " nocookies"),
            (self.random_letters, " use-caps-for-id"),
            (self.no_aaaa, " no-aaaa"),
            (self.trust_ad, " trust-ad"),
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

/// A line without the comment at its end. In the word for a server over TLS a "#" is what its name begins with.
fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| {
        let word = line[..*at].rsplit(|letter: char| letter.is_ascii_whitespace()).next();
        line[*at..].starts_with(';') || !word.is_some_and(|word| word.starts_with("tls://"))
    };
    let end = line.match_indices(['#', ';']).find(begins);
    end.map_or(line, |(at, _)| &line[..at])
}
