// SPDX-License-Identifier: MIT
//! Names and addresses that a file tells: hosts(5).

use super::files::{self, complain, version, Version};
use super::options::bad;
use super::server::{format_address, scan_address};
use crate::dns::message::name::Name;
use crate::errno::{Errno, Result};
use std::collections::HashMap;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// Where the system keeps its own.
pub const HOSTS: &str = "/etc/hosts";

/// One name of an address.
#[derive(Clone)]
struct Entry {
    /// Its port is 0; an IPv6 address may have a zone, RFC 4007 §11.
    address: SocketAddr,
    name: Name,
    /// The address's own name, the answer to a reverse lookup; others are aliases.
    canonical: bool,
}

/// A table of names and addresses, in the order of insertion.
#[derive(Clone, Default)]
pub struct Hosts {
    entries: Vec<Entry>,
    by_name: HashMap<Name, Vec<usize>>,
    by_address: HashMap<IpAddr, Vec<usize>>,
    /// Lines of files that were skipped: "FILE:LINE: why".
    pub warnings: Vec<String>,
    /// The system's file, if it came from there: its path, and when it was changed.
    system: Option<(String, Option<Version>)>,
}

impl Hosts {
    /// From the system's file; empty where there is none.
    pub fn stub() -> Hosts {
        Hosts::system(HOSTS)
    }

    fn system(path: &str) -> Hosts {
        let mut hosts =
            Hosts { system: Some((path.to_owned(), version(path))), ..Hosts::default() };
        complain(path, hosts.load_path(path), &hosts.warnings);
        hosts
    }

    /// The system's file anew if it has changed since it was read, and nothing was inserted otherwise.
    pub fn refreshed(&self) -> Option<Hosts> {
        let (path, changed) = self.system.as_ref()?;
        (version(path) != *changed).then(|| Hosts::system(path))
    }

    /// Reads a file. The errno of what kept it from being read.
    pub fn load_path(&mut self, path: &str) -> Result<()> {
        let text = files::read(path)?;
        self.load(&text, path);
        Ok(())
    }

    /// Reads the text of a file, called `file` where lines are complained about.
    pub fn load(&mut self, text: &[u8], file: &str) {
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = line.split(|&byte| byte == b'#' || byte == b';').next().unwrap_or_default();
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let Some(address) = words.next() else { continue };
            let found =
                std::str::from_utf8(address).ok().and_then(|text| scan_address(text, 0).ok());
            let Some(found) = found else {
                let text = String::from_utf8_lossy(address);
                self.warnings.push(format!("{file}:{}: {}", index + 1, bad("address", &text)));
                continue;
            };
            for (place, word) in words.enumerate() {
                match Name::scan(word) {
                    Ok(name) if !name.is_root() && !word.contains(&0) => {
                        self.add(found, name, place == 0)
                    }
                    _ => {
                        let text = String::from_utf8_lossy(word);
                        self.warnings.push(format!("{file}:{}: {}", index + 1, bad("name", &text)));
                    }
                }
            }
        }
    }

    /// Adds a name for an address. CQ_EADDRESS, CQ_EILLEGAL for what is none.
    pub fn insert(&mut self, address: &str, name: &[u8], canonical: bool) -> Result<()> {
        let address = scan_address(address, 0)?;
        let name = Name::scan(name)?;
        if name.is_root() {
            return Err(Errno::ILLEGAL);
        }
        // What the program has put in must not go when the file changes.
        self.system = None;
        self.add(address, name, canonical);
        Ok(())
    }

    fn add(&mut self, mut address: SocketAddr, name: Name, canonical: bool) {
        address.set_port(0);
        let place = self.entries.len();
        self.by_name.entry(name.clone()).or_default().push(place);
        self.by_address.entry(address.ip()).or_default().push(place);
        self.entries.push(Entry { address, name, canonical });
    }

    /// The addresses of a name, their ports 0.
    pub fn addresses<'a>(&'a self, name: &Name) -> impl Iterator<Item = SocketAddr> + use<'a> {
        let places = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        places.iter().map(|&place| self.entries[place].address)
    }

    /// The names of the address whose reverse name (RFC 1035 §3.5, RFC 3596 §2.5) this is.
    pub fn names<'a>(&'a self, reverse: &Name) -> impl Iterator<Item = &'a Name> + use<'a> {
        let places = reversed(reverse).and_then(|address| self.by_address.get(&address));
        let entries = places.into_iter().flatten().map(|&place| &self.entries[place]);
        entries.filter(|entry| entry.canonical).map(|entry| &entry.name)
    }

    /// In the form of hosts(5), a line for each name.
    pub fn format(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            let _ = writeln!(text, "{:<16} {}", format_address(&entry.address, 0), entry.name);
        }
        text
    }
}

/// The name under which the names of an address stand, RFC 1035 §3.5, RFC 3596 §2.5.
pub fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(v6) => {
            let digits = v6.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            digits.map(|digit| format!("{digit:x}.")).collect::<String>() + "ip6.arpa."
        }
    }
}

/// The address that a name under in-addr.arpa or ip6.arpa stands for.
fn reversed(name: &Name) -> Option<IpAddr> {
    let text = name.to_string().to_ascii_lowercase();
    if let Some(text) = text.strip_suffix(".in-addr.arpa.") {
        let parts: Vec<u8> =
            text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let [d, c, b, a] = parts[..] else { return None };
        return Some(IpAddr::from([a, b, c, d]));
    }
    let text = text.strip_suffix(".ip6.arpa.")?;
    let digit = |part: &str| u128::from_str_radix(part, 16).ok().filter(|_| part.len() == 1);
    let parts: Vec<u128> = text.split('.').rev().map(digit).collect::<Option<_>>()?;
    (parts.len() == 32)
        .then(|| IpAddr::from(parts.iter().fold(0, |sum, d| sum << 4 | d).to_be_bytes()))
}

#[cfg(test)]
mod tests;
