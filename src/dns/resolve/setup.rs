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
    /// What files tell.
    pub hosts: Arc<Hosts>,
    /// Whom to ask first.
    pub hints: Arc<Hints>,
    /// What answers depend on beside the question.
    pub view: u64,
    /// Whether servers of this host are among the hints.
    pub local: bool,
}

impl Setup {
    /// Whether a server may be asked because a zone names its address: never that which questions leave from.
    pub fn may_ask(&self, address: &SocketAddr) -> bool {
        may_ask(address.ip(), self.local) && address.ip() != self.config.interface.ip()
    }
}
