// SPDX-License-Identifier: MIT
//! What a resolver works with: its configuration, hosts and hints.

use super::answer::may_ask;
use crate::dns::system::config::Config;
use crate::dns::system::hints::Hints;
use crate::dns::system::hosts::Hosts;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a resolver works with.
pub struct Setup {
    /// How to ask.
    pub config: Arc<Config>,
    /// The names and addresses of a hosts file.
    pub hosts: Arc<Hosts>,
    /// The servers to ask first.
    pub hints: Arc<Hints>,
    /// A number for what answers depend on beside the question, see `Cache::view`.
    pub view: u64,
    /// Whether servers of this host are among the hints.
    pub local: bool,
}

impl Setup {
    /// Whether a server may be asked because a zone names its address: never the one from which questions are sent.
    pub fn may_ask(&self, address: &SocketAddr) -> bool {
        may_ask(address.ip(), self.local) && address.ip() != self.config.interface.ip()
    }
}
