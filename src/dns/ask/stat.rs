// SPDX-License-Identifier: MIT
//! What went over the network, in numbers.

/// What went over the network.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Traffic {
    /// Messages.
    pub count: u64,
    /// Their bytes; over TCP with the length in front of each.
    pub bytes: u64,
}

impl Traffic {
    /// Counts a message of so many bytes.
    pub fn add(&mut self, bytes: usize) {
        self.count += 1;
        self.bytes += bytes as u64;
    }
}

/// What `stat` tells.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Stat {
    /// Exchanges that were begun.
    pub queries: u64,
    /// Datagrams to servers.
    pub udp_sent: Traffic,
    /// Datagrams that came, also those that were no answer.
    pub udp_received: Traffic,
    /// Over connections, to servers.
    pub tcp_sent: Traffic,
    /// Over connections, from servers.
    pub tcp_received: Traffic,
    /// 0. Reserved for later versions.
    pub reserved: [u64; 8],
}
