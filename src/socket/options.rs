// SPDX-License-Identifier: MIT
//! What a program asks of a socket before it exists.

use super::tuning::Tuning;
use crate::address;
use crate::errno::{Errno, Result};
use crate::sys::memory::{bytes, text, AtomicShared};
use crate::sys::socket as sock;
use crate::tls::{protocols_on_wire, Peer};
use nix::sys::socket::SockaddrStorage;
use std::os::fd::RawFd;

/// The name that a TLS client tells the server.
#[derive(Clone)]
pub enum SendName {
    /// The host, unless it is an address.
    Host,
    /// None.
    No,
    /// This one.
    Given(AtomicShared<String>),
}

/// SO_KEEPALIVE and its numbers; where one is 0, the system's applies.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct KeepAlive {
    /// Whether to probe at all.
    pub on: bool,
    /// Seconds without traffic before the first probe.
    pub idle: i32,
    /// Seconds between probes.
    pub interval: i32,
    /// Probes before the connection is given up.
    pub count: i32,
}

/// A service that a client wants of a host.
pub struct Service {
    /// Its scheme, such as "https".
    pub scheme: String,
    /// The application protocols that the client speaks, each after its length.
    pub protocols: Vec<u8>,
}

/// Where to connect or listen, and how. A copy takes no memory, since texts are counted.
#[derive(Clone)]
pub struct Options {
    /// AF_UNSPEC, AF_INET or AF_INET6; others match no host.
    pub family: i32,
    /// SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, or what socket(2) refuses.
    pub kind: i32,
    /// The host, a numeric address or a name.
    pub host: Option<AtomicShared<String>>,
    /// The port.
    pub port: u16,
    /// The service whose records say where to connect.
    pub service: Option<AtomicShared<Service>>,
    /// The path of a UNIX socket.
    pub path: Option<AtomicShared<Vec<u8>>>,
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
    /// SO_BROADCAST.
    pub broadcast: bool,
    /// SO_OOBINLINE.
    pub oob_inline: bool,
    /// SO_KEEPALIVE and its figures.
    pub keep_alive: KeepAlive,
    /// O_NONBLOCK stays set on the descriptor. The library itself never blocks, with or without it.
    pub non_block: bool,
    /// FD_CLOEXEC stays set.
    pub close_on_exec: bool,
    /// A send to a peer that is gone raises no SIGPIPE.
    pub no_sigpipe: bool,
    /// TLS: demand a certificate that is valid and names the host.
    pub verify: bool,
    /// TLS: the name that a client tells the server (SNI).
    pub send_name: SendName,
    /// TLS: an end of the stream that the peer did not announce is a failure, where given.
    pub strict: Option<bool>,
    /// Whether the time of each operation is noted for `stat`.
    pub time: bool,
    /// What few programs set.
    pub tuning: Tuning,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            family: libc::AF_UNSPEC,
            kind: libc::SOCK_STREAM,
            host: None,
            port: 0,
            service: None,
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
            broadcast: false,
            oob_inline: false,
            keep_alive: KeepAlive::default(),
            non_block: true,
            close_on_exec: true,
            no_sigpipe: true,
            verify: false,
            send_name: SendName::Host,
            strict: None,
            time: true,
            tuning: Tuning::default(),
        }
    }
}

impl Options {
    /// Sets the host. ENOMEM.
    pub fn set_host(&mut self, host: &str) -> Result<()> {
        self.host = Some(AtomicShared::new(text(host)?)?);
        Ok(())
    }

    /// Sets the service, and the protocols that the client speaks: "h2,http/1.1". EINVAL.
    pub fn set_service(&mut self, scheme: &str, protocols: &str) -> Result<()> {
        let is_label = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        if !(1..=62).contains(&scheme.len()) || !scheme.bytes().all(is_label) {
            return Err(Errno::BADARG);
        }
        let protocols = match protocols {
            "" => Vec::new(),
            list => protocols_on_wire(list).map_err(|failure| failure.code)?,
        };
        let scheme = scheme.to_ascii_lowercase();
        self.service = Some(AtomicShared::new(Service { scheme, protocols })?);
        Ok(())
    }

    /// Sets the path. ENOMEM.
    pub fn set_path(&mut self, path: &[u8]) -> Result<()> {
        self.path = Some(AtomicShared::new(bytes(path)?)?);
        Ok(())
    }

    /// Sets the name that a TLS client tells the server. ENOMEM.
    pub fn set_send_name(&mut self, name: &str) -> Result<()> {
        self.send_name = SendName::Given(AtomicShared::new(text(name)?)?);
        Ok(())
    }

    /// EINVAL if the options name neither a host nor a path.
    pub fn check(&self) -> Result<()> {
        match self.path.is_some() || self.host.is_some() {
            true => Ok(()),
            false => Err(Errno::BADARG),
        }
    }

    /// The address that they name.
    pub fn address(&self) -> Result<SockaddrStorage> {
        let found = match (&self.path, &self.host) {
            (Some(path), _) => return address::unix(path),
            (None, Some(host)) => address::internet(host, self.port)?,
            (None, None) => return Err(Errno::BADARG),
        };
        match self.family {
            libc::AF_UNSPEC => Ok(found),
            family if family == address::family(&found) => Ok(found),
            _ => Err(Errno::FAIL), // the error of a name that has no address of the family
        }
    }

    /// The name whose addresses have to be looked for, if that is what the host is.
    pub fn name(&self) -> Option<&str> {
        let host = self.host.as_deref().map(String::as_str).filter(|_| self.path.is_none())?;
        address::internet(host, self.port)
            .is_err_and(|error| error == Errno::NONAME)
            .then_some(host)
    }

    /// Sets what differs from the kernel's defaults, as far as it applies to the family and type.
    pub fn apply(&self, fd: RawFd, family: i32, kind: i32, listens: bool) -> Result<()> {
        self.tuning.apply(fd, family, kind)?;
        let internet = matches!(family, libc::AF_INET | libc::AF_INET6);
        let (stream, datagram) = (kind == libc::SOCK_STREAM, kind == libc::SOCK_DGRAM);
        let set = |wanted: bool, level, name, value| match wanted {
            true => sock::set_option(fd, level, name, value).map_err(Errno::from),
            false => Ok(()),
        };
        let on = |wanted: bool, level, name| set(wanted, level, name, 1);
        let (general, tcp) = (libc::SOL_SOCKET, libc::IPPROTO_TCP);
        on(internet && listens && self.reuse_address, general, libc::SO_REUSEADDR)?;
        on(internet && self.reuse_port, general, sock::REUSE_PORT)?;
        on(internet && datagram && self.broadcast, general, libc::SO_BROADCAST)?;
        on(internet && stream && self.no_delay, tcp, libc::TCP_NODELAY)?;
        on(internet && stream && self.no_push, tcp, sock::CORK)?;
        on(self.oob_inline, general, libc::SO_OOBINLINE)?;
        if let (libc::AF_INET6, Some(only)) = (family, self.v6_only) {
            set(true, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, only.into())?;
        }
        let alive = self.keep_alive;
        if alive.on {
            on(true, general, libc::SO_KEEPALIVE)?;
            let tcp_figure = |name, value| set(internet && stream && value > 0, tcp, name, value);
            let [idle, interval, count] = sock::KEEP_ALIVE;
            tcp_figure(idle, alive.idle)?;
            tcp_figure(interval, alive.interval)?;
            tcp_figure(count, alive.count)?;
        }
        Ok(())
    }

    /// What TLS has to know about the peer, if there is anything.
    pub fn peer(&self) -> Option<Peer> {
        let peer = Peer {
            host: self.host.clone(),
            port: self.port,
            name: match &self.send_name {
                SendName::Given(name) => Some(name.clone()),
                _ => None,
            },
            nameless: matches!(self.send_name, SendName::No),
            verify: self.verify,
        };
        let tells = peer.host.is_some() || peer.name.is_some() || peer.nameless || peer.verify;
        tells.then_some(peer)
    }

    /// Removes O_NONBLOCK and FD_CLOEXEC, with which every descriptor is made, where the options say so. A listener
    /// stays non-blocking: a connection that the poller has reported may be gone when it is accepted.
    pub fn relax(&self, fd: RawFd, listens: bool) -> Result<()> {
        Ok(sock::relax(fd, !self.non_block && !listens, !self.close_on_exec)?)
    }
}
