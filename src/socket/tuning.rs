// SPDX-License-Identifier: MIT
//! Options of the system's sockets that few programs set, and what is in effect.

use crate::errno::{Errno, Result};
use crate::sys::socket as sock;
use crate::sys::tuning as names;
use std::os::fd::RawFd;

/// What a program wants of the kernel, where it wants anything.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Tuning {
    /// How many connections may wait to be accepted; 0: as many as the system allows.
    pub backlog: i32,
    /// SO_SNDBUF in bytes; 0: as the system says.
    pub send_buffer: i32,
    /// SO_RCVBUF in bytes; 0: as the system says.
    pub receive_buffer: i32,
    /// TCP_USER_TIMEOUT in milliseconds; 0: as the system says.
    pub user_timeout: i32,
    /// IP_TOS or IPV6_TCLASS.
    pub traffic_class: Option<i32>,
    /// IP_MULTICAST_TTL or IPV6_MULTICAST_HOPS.
    pub multicast_ttl: Option<i32>,
    /// IP_MULTICAST_LOOP or IPV6_MULTICAST_LOOP.
    pub multicast_loop: Option<bool>,
    /// Tell with datagrams where they were sent to.
    pub packet_info: bool,
    /// Tell with datagrams how the network marked them.
    pub ecn: bool,
    /// Take several datagrams of one sender as one: UDP_GRO.
    pub segments: bool,
    /// Of a listener: take a descriptor that a service manager has handed over, if one is bound to the address.
    pub activated: bool,
}

impl Tuning {
    /// The backlog for listen(2).
    pub fn backlog(&self) -> i32 {
        if self.backlog > 0 {
            self.backlog
        } else {
            sock::BACKLOG
        }
    }

    /// Sets what is wanted, as far as it applies to the family and type.
    pub fn apply(&self, fd: RawFd, family: i32, kind: i32) -> Result<()> {
        if *self == Tuning::default() {
            return Ok(());
        }
        let is_v6 = family == libc::AF_INET6;
        let internet = is_v6 || family == libc::AF_INET;
        let (stream, datagram) = (kind == libc::SOCK_STREAM, kind == libc::SOCK_DGRAM);
        let set = |wanted: bool, (level, name): names::Name, value: i32| match wanted {
            true => sock::set_option(fd, level, name, value).map_err(Errno::from),
            false => Ok(()),
        };
        set(self.send_buffer > 0, (libc::SOL_SOCKET, libc::SO_SNDBUF), self.send_buffer)?;
        set(self.receive_buffer > 0, (libc::SOL_SOCKET, libc::SO_RCVBUF), self.receive_buffer)?;
        set(internet && stream && self.user_timeout > 0, names::USER_TIMEOUT, self.user_timeout)?;
        if let (true, Some(class)) = (internet, self.traffic_class) {
            set(true, names::traffic_class(is_v6), class)?;
        }
        if !(internet && datagram) {
            return Ok(());
        }
        if let Some(hops) = self.multicast_ttl {
            set(true, names::multicast_ttl(is_v6), hops)?;
        }
        if let Some(on) = self.multicast_loop {
            set(true, names::multicast_loop(is_v6), on.into())?;
        }
        set(self.packet_info, names::packet_info(is_v6), 1)?;
        set(self.ecn, names::receive_traffic_class(is_v6), 1)?;
        set(self.segments, names::SEGMENTS, 1)
    }
}
