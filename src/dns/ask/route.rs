// SPDX-License-Identifier: MIT
//! Where a connection leads, from where, and how it is secured. Queries with equal routes share connections.

use crate::dns::resolve::exchange::Ask;
use crate::dns::system::server::{format_host, over_tls, Transport};
use crate::errno::Result;
use crate::socket::Options;
use crate::tls::{Config, Role, Verify};
use nix::sys::socket::SockaddrStorage;
use std::cell::RefCell;
use std::net::SocketAddr;

thread_local! {
    /// The configuration of connections whose certificates nobody looks at.
    static LAX: RefCell<Option<Config>> = const { RefCell::new(None) };
}

/// See the module.
#[derive(Clone)]
pub struct Route {
    /// The server.
    server: SocketAddr,
    /// The local address to connect from.
    interface: SocketAddr,
    /// How the server is asked.
    transport: Transport,
    /// What TLS is begun with; `None` for plain text.
    tls: Option<Config>,
}

impl PartialEq for Route {
    fn eq(&self, other: &Route) -> bool {
        let of = |route: &Route| route.tls.as_ref().map(Config::identity);
        self.server == other.server
            && self.interface == other.interface
            && self.transport == other.transport
            && of(self) == of(other)
    }
}

impl Route {
    /// The route of a question. `credentials`: what the program says of connections over TLS.
    pub fn new(ask: &Ask, interface: SocketAddr, credentials: Option<&Config>) -> Result<Route> {
        let (server, tls) = match ask.transport {
            Transport::Plain => (ask.server, None),
            Transport::Unverified => (over_tls(ask.server), Some(lax()?)),
            Transport::Tls(_) => {
                (ask.server, Some(credentials.cloned().map_or_else(Config::usual, Ok)?))
            }
        };
        Ok(Route { server, interface, transport: ask.transport.clone(), tls })
    }

    /// What TLS is begun with; `None` for plain text.
    pub fn tls(&self) -> Option<&Config> {
        self.tls.as_ref()
    }

    /// The name that the server's certificate must have, in words.
    pub fn expected(&self) -> Option<String> {
        match &self.transport {
            Transport::Tls(Some(name)) => Some(name.to_string()),
            Transport::Tls(None) => Some(format_host(&self.server)),
            _ => None,
        }
    }

    /// The options of a socket. ENOMEM.
    pub fn options(&self) -> Result<Options> {
        let mut options = Options { no_delay: true, time: false, ..Options::default() };
        options.port = self.server.port();
        options.set_host(&format_host(&self.server))?;
        let local = self.interface.ip();
        if !local.is_unspecified() && local.is_ipv4() == self.server.is_ipv4() {
            // Only one connection to a server can have a given local port, so each gets another one.
            options.bind = Some(SockaddrStorage::from(SocketAddr::new(local, 0)));
        }
        if let Transport::Tls(name) = &self.transport {
            options.verify = true;
            if let Some(name) = name {
                options.set_send_name(name)?;
            }
        }
        Ok(options)
    }
}

/// A configuration for connections whose certificates nobody looks at.
fn lax() -> Result<Config> {
    LAX.with(|lax| {
        if let Some(made) = &*lax.borrow() {
            return Ok(made.clone());
        }
        let made = Config::new(Some(Role::Client))?;
        made.set_verify(Verify::No)?;
        Ok(lax.borrow_mut().insert(made).clone())
    })
}
