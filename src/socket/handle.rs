// SPDX-License-Identifier: MIT
//! The descriptor of a socket, what the kernel says of it, and who may have copies of it.

use super::{kernel_buffer, NO_SOCKET};
use crate::address;
use crate::controller::Owner;
use crate::errno::Result;
use crate::fork::forks;
use crate::sys::{self, socket as sock};
use std::os::fd::RawFd;

/// A descriptor that is closed when the handle is dropped.
pub struct Handle {
    /// -1 while there is none.
    pub fd: RawFd,
    /// Takes the descriptor out of controllers before it is closed.
    pub owner: Owner,
    /// SOCK_STREAM and so on.
    pub kind: i32,
    /// AF_UNSPEC while not known. No system has a larger one.
    family: u8,
    /// A connection of TCP that the library has made or accepted: a receive that gets less than it asks for has emptied the
    /// kernel's buffer. (SCTP and sockets of UNIX, which descriptors of the program may be, also keep boundaries in streams.)
    pub empties: bool,
    /// The program knows the number of the descriptor, so that it may have made copies.
    pub exposed: bool,
    /// It came from a listener, so that this is the server of a TLS handshake.
    pub accepted: bool,
    /// The value of `fork::forks` when it was made: a child that was forked since has a copy.
    born: u32,
}

impl Handle {
    pub fn new(fd: RawFd, kind: i32, owner: Owner) -> Handle {
        let (born, family) = (forks(), libc::AF_UNSPEC as u8);
        Handle { fd, owner, kind, family, empties: false, exposed: false, accepted: false, born }
    }

    /// Takes over a descriptor that the library has just opened.
    pub fn own(&mut self, fd: RawFd, family: i32, kind: i32) {
        (self.fd, self.kind) = (fd, kind);
        self.set_family(family);
        self.empties =
            kind == libc::SOCK_STREAM && matches!(family, libc::AF_INET | libc::AF_INET6);
    }

    /// Whether the kernel keeps the boundaries of messages.
    pub fn has_messages(&self) -> bool {
        !matches!(self.kind, libc::SOCK_STREAM | NO_SOCKET)
    }

    /// The address family, asked for once.
    pub fn known_family(&mut self) -> Result<i32> {
        if self.family() == libc::AF_UNSPEC {
            self.set_family(address::family(&sock::local_name(self.fd)?));
        }
        Ok(self.family())
    }

    /// The address family as far as it is known.
    pub fn family(&self) -> i32 {
        self.family.into()
    }

    /// Notes the address family.
    pub fn set_family(&mut self, family: i32) {
        self.family = family as u8;
    }

    /// Hands over the descriptor and its owner to the caller, who closes it. Returns also whether no copy of it is
    /// left.
    pub fn give_up(&mut self) -> (RawFd, Owner, bool) {
        let last = !self.exposed && self.born == forks();
        (std::mem::replace(&mut self.fd, -1), self.owner.clone(), last)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let (fd, owner, last) = self.give_up();
        if fd >= 0 {
            owner.leave(last);
            sys::close(fd);
            kernel_buffer::note_end();
        }
    }
}
