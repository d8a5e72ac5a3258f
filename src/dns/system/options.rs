// SPDX-License-Identifier: MIT
//! The options of a configuration, by the names that they have in resolv.conf(5) and in the guide.

use super::config::{Config, OverTls, Tcp};
use super::server::{format_address, scan_address};
use crate::errno::{Errno, Result};

impl Config {
    /// Sets an option by its name in resolv.conf. What other resolvers know is no error.
    pub(super) fn option(&mut self, name: &str, value: &str) -> std::result::Result<(), String> {
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
            "insecure1",
            "insecure2",
        ];
        let set = match (name, value) {
            ("tcp", "") | ("use-vc", _) => self.set("tcp", "only"),
            ("dns-over-tls", "") => self.set(name, "true"),
            (_, "") if self.get(name).is_some_and(|value| value == "false" || value == "true") => {
                self.set(name, "true")
            }
            ("nocache", "") => self.set("cache", "false"),
            ("nocookies", "") => self.set("cookies", "false"),
            (name, _) if OTHERS.contains(&name) => Ok(()),
            _ => self.set(name, value),
        };
        set.map_err(|error| match error {
            Errno::NOENT => complaint("unknown option", name),
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
            "cookies" => self.cookies = flag()?,
            "use-caps-for-id" => self.random_letters = flag()?,
            "rotate" => self.rotate = flag()?,
            "recurse" => self.recurse = flag()?,
            "smart" => self.smart = flag()?,
            "no-aaaa" => self.no_aaaa = flag()?,
            "trust-ad" => self.trust_ad = flag()?,
            "cache" => self.cache = flag()?,
            "tcp" => {
                self.tcp = match value {
                    "enable" | "0" => Tcp::Enable,
                    "only" | "1" => Tcp::Only,
                    "disable" | "2" => Tcp::Disable,
                    _ => return Err(Errno::BADARG),
                }
            }
            "dns-over-tls" => {
                self.dns_over_tls = match value {
                    "opportunistic" => OverTls::Opportunistic,
                    _ if flag()? => OverTls::Yes,
                    _ => OverTls::No,
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
            "cookies" => self.cookies.to_string(),
            "use-caps-for-id" => self.random_letters.to_string(),
            "rotate" => self.rotate.to_string(),
            "recurse" => self.recurse.to_string(),
            "smart" => self.smart.to_string(),
            "no-aaaa" => self.no_aaaa.to_string(),
            "trust-ad" => self.trust_ad.to_string(),
            "cache" => self.cache.to_string(),
            "tcp" => (self.tcp as u32).to_string(),
            "dns-over-tls" => match self.dns_over_tls {
                OverTls::No => "false".to_owned(),
                OverTls::Opportunistic => "opportunistic".to_owned(),
                OverTls::Yes => "true".to_owned(),
            },
            "interface" => format_address(&self.interface, 0),
            _ => return None,
        })
    }
}

pub(super) fn bad(what: &str, text: &str) -> String {
    complaint(&format!("bad {what}"), text)
}

/// What is wrong, and with which word of a file. Of a long word its beginning is told.
pub(super) fn complaint(what: &str, text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{what} {:?}...", &text[..end]),
        None => format!("{what} {text:?}"),
    }
}

/// The most letters of a word that are told.
const LONGEST: usize = 300;
