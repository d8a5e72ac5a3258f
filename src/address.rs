// SPDX-License-Identifier: MIT
//! Socket addresses: from text and numbers, and back.

use crate::errno::{Errno, Result};
use nix::sys::socket::{SockaddrLike, SockaddrStorage, UnixAddr};
use std::ffi::OsStr;
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;

/// Who is at the other (or this) end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Name {
    /// Not connected, or an address without a name: only the family.
    Unnamed(i32),
    /// IPv4 or IPv6: family, address, port.
    Internet(i32, IpAddr, u16),
    /// A UNIX path; begins with NUL in Linux's abstract namespace.
    Path(Vec<u8>),
}

/// An IPv4 or IPv6 address in text, possibly with a zone ("fe80::1%eth0").
pub fn internet(host: &str, port: u16) -> Result<SockaddrStorage> {
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (host, None),
    };
    match (address.parse::<IpAddr>().map_err(|_| Errno::NONAME)?, zone) {
        (IpAddr::V4(ip), None) => Ok(SocketAddrV4::new(ip, port).into()),
        (IpAddr::V4(_), Some(_)) => Err(Errno::NONAME),
        (IpAddr::V6(ip), zone) => {
            let zone = zone.map_or(Ok(0), scope)?;
            Ok(SocketAddrV6::new(ip, port, 0, zone).into())
        }
    }
}

/// The index of a network interface, by number or name.
fn scope(zone: &str) -> Result<u32> {
    match zone.parse() {
        Ok(index) if zone.starts_with(|c: char| c.is_ascii_digit()) => Ok(index),
        _ => nix::net::if_::if_nametoindex(zone).map_err(|_| Errno(libc::ENXIO)),
    }
}

/// A UNIX path; a leading NUL means Linux's abstract namespace.
pub fn unix(path: &[u8]) -> Result<SockaddrStorage> {
    let address = match path.split_first() {
        None => return Err(Errno::BADARG),
        #[cfg(target_os = "linux")]
        Some((0, name)) => UnixAddr::new_abstract(name)?,
        Some(_) => UnixAddr::new(OsStr::from_bytes(path))?,
    };
    crate::sys::socket::address_storage(&address).ok_or(Errno(libc::EAFNOSUPPORT))
}

/// The family of an address.
pub fn family(address: &SockaddrStorage) -> i32 {
    address.family().map_or(libc::AF_UNSPEC, |family| family as i32)
}

/// What an address says to people.
pub fn name(address: &SockaddrStorage) -> Name {
    let family = family(address);
    if let Some(v4) = address.as_sockaddr_in() {
        return Name::Internet(family, v4.ip().into(), v4.port());
    }
    if let Some(v6) = address.as_sockaddr_in6() {
        return Name::Internet(family, v6.ip().into(), v6.port());
    }
    match address.as_unix_addr().map(unix_path) {
        Some(path) if !path.is_empty() => Name::Path(path),
        _ => Name::Unnamed(family),
    }
}

/// The same in one string: "127.0.0.1:443", "[::1]:443", a path; empty for none.
pub fn describe(address: &SockaddrStorage) -> String {
    match name(address) {
        Name::Internet(libc::AF_INET6, host, port) => format!("[{host}]:{port}"),
        Name::Internet(_, host, port) => format!("{host}:{port}"),
        Name::Path(path) => String::from_utf8_lossy(&path).replace('\0', "@"),
        Name::Unnamed(_) => String::new(),
    }
}

fn unix_path(address: &UnixAddr) -> Vec<u8> {
    #[cfg(target_os = "linux")]
    if let Some(name) = address.as_abstract() {
        return [b"\0", name].concat();
    }
    address.path().map_or_else(Vec::new, |path| path.as_os_str().as_bytes().to_vec())
}

#[cfg(test)]
mod tests;
