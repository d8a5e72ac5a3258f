// SPDX-License-Identifier: MIT
//! What a program asks of a socket before it exists.

use super::address;
use crate::errno::{Errno, Result};
use nix::sys::socket::SockaddrStorage;

/// Where to connect or listen, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// AF_UNSPEC, AF_INET, AF_INET6 or AF_UNIX.
    pub family: i32,
    /// SOCK_STREAM.
    pub kind: i32,
    /// The host, a numeric address.
    pub host: Option<String>,
    /// The port.
    pub port: u16,
    /// The path of a UNIX socket.
    pub path: Option<Vec<u8>>,
    /// The local address of a connecting socket.
    pub bind: Option<SockaddrStorage>,
    /// Permissions of a bound UNIX socket.
    pub mode: Option<u32>,
    /// The umask while binding a UNIX socket.
    pub mask: Option<u32>,
    /// Remove the path before binding.
    pub unlink: bool,
    /// SO_REUSEADDR; only listeners set it.
    pub reuse_address: bool,
    /// SO_REUSEPORT.
    pub reuse_port: bool,
    /// TCP_NODELAY.
    pub no_delay: bool,
    /// TCP_CORK or TCP_NOPUSH.
    pub no_push: bool,
    /// IPV6_V6ONLY, where given.
    pub v6_only: Option<bool>,
    /// Track times for `stat`.
    pub time: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            family: libc::AF_UNSPEC,
            kind: libc::SOCK_STREAM,
            host: None,
            port: 0,
            path: None,
            bind: None,
            mode: None,
            mask: None,
            unlink: false,
            reuse_address: true,
            reuse_port: false,
            no_delay: false,
            no_push: false,
            v6_only: None,
            time: true,
        }
    }
}

impl Options {
    /// EINVAL if they name no address at all.
    pub fn check(&self) -> Result<()> {
        match self.path.is_some() || self.host.is_some() {
            true => Ok(()),
            false => Err(Errno::BADARG),
        }
    }

    /// The address that they name.
    pub fn address(&self) -> Result<SockaddrStorage> {
        let found = match (&self.path, &self.host) {
            (Some(path), _) => address::unix(path)?,
            (None, Some(host)) => address::internet(host, self.port)?,
            (None, None) => return Err(Errno::BADARG),
        };
        match self.family {
            libc::AF_UNSPEC => Ok(found),
            family if family == address::family(&found) => Ok(found),
            _ => Err(Errno(libc::EAFNOSUPPORT)),
        }
    }
}
