// SPDX-License-Identifier: MIT
//! Who is at either end of a socket: addresses, family, the user and the process of a peer.

use super::Socket;
use crate::address::{self, Name};
use crate::errno::{Errno, Result};
use crate::sys::{peer, socket as sock};

impl Socket {
    /// Its address family.
    pub fn family(&self) -> Result<i32> {
        self.open_fd()?;
        self.with(|inner| inner.handle.known_family())
    }

    /// The peer's name.
    pub fn peer_name(&self) -> Result<Name> {
        let fd = self.open_fd()?;
        if fd < 0 {
            return Ok(Name::Unnamed(libc::AF_UNSPEC)); // its addresses are still being looked for
        }
        match sock::peer_name(fd) {
            Ok(found) => Ok(address::name(&found)),
            Err(e) if matches!(e.raw_os_error(), Some(libc::ENOTCONN | libc::ENOTSOCK)) => {
                Ok(Name::Unnamed(libc::AF_UNSPEC))
            }
            Err(e) => Err(e.into()),
        }
    }

    /// This end's name.
    pub fn local_name(&self) -> Result<Name> {
        let fd = self.open_fd()?;
        if fd < 0 {
            return Ok(Name::Unnamed(libc::AF_UNSPEC));
        }
        match sock::local_name(fd) {
            Ok(found) => Ok(address::name(&found)),
            Err(e) if e.raw_os_error() == Some(libc::ENOTSOCK) => {
                Ok(Name::Unnamed(libc::AF_UNSPEC))
            }
            Err(e) => Err(e.into()),
        }
    }

    /// The user and group of a UNIX peer as of its connect. EOPNOTSUPP for other families.
    pub fn peer_user(&self) -> Result<(u32, u32)> {
        let fd = self.open_fd()?;
        match sock::local_name(fd).map(|name| address::family(&name))? {
            libc::AF_UNIX => {
                peer::credentials(fd).map(|(_, uid, gid)| (uid, gid)).map_err(Errno::from)
            }
            _ => Err(Errno(libc::EOPNOTSUPP)),
        }
    }

    /// The process of a UNIX peer as of its connect, 0 if it is not known.
    pub fn peer_process(&self) -> Result<i32> {
        Ok(peer::credentials(self.open_fd()?)?.0)
    }
}
