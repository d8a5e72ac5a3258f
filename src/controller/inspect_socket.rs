// SPDX-License-Identifier: MIT
//! The UNIX socket of an inspector: nobody but the user of this process, and root, can connect to it. Its path is taken
//! over from dead processes only, and is removed with it.

use super::{Descriptor, Member};
use crate::address;
use crate::errno::Result;
use crate::fork::{births, births_again};
use crate::sys::file::FileId;
use crate::sys::{self, memory, peer, socket};
use nix::sys::socket::SockaddrStorage;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

/// A listening socket at a path.
pub struct PathListener {
    socket: Descriptor,
    path: Vec<u8>,
    /// The file that it made there.
    file: Option<FileId>,
    /// The value of `fork::births` in the process that made it: a child of fork(2) leaves the path alone.
    born: u32,
}

impl PathListener {
    /// Listens. EADDRINUSE if there is anything at the path but a socket of this user that nobody listens at;
    /// ENAMETOOLONG, and what the system says of the path.
    pub fn new(path: &[u8]) -> Result<PathListener> {
        let address = address::unix(path)?;
        let (path, born) = (memory::bytes(path)?, births());
        let socket = Descriptor::new(socket::open(libc::AF_UNIX, libc::SOCK_STREAM)?)?;
        // On Linux the file gets this mode when it is made; other systems may refuse, and `protect` does it.
        let _ = socket::change_mode(socket.fd(), MODE);
        let mut listener = PathListener { socket, path, file: None, born };
        match socket::bind(listener.socket.fd(), &address) {
            Err(error) if is(&error, libc::EADDRINUSE) && listener.is_left_behind(&address) => {
                fs::remove_file(listener.path())?;
                socket::bind(listener.socket.fd(), &address)?;
            }
            other => other?,
        }
        listener.protect()?;
        // Nobody could connect until now.
        socket::listen(listener.socket.fd(), BACKLOG)?;
        Ok(listener)
    }

    fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.path))
    }

    /// Notes which file was made, and sees to its mode.
    fn protect(&mut self) -> io::Result<()> {
        let made = fs::symlink_metadata(self.path())?;
        self.file = Some(FileId::of(&made));
        match made.mode() & 0o777 {
            MODE => Ok(()),
            _ => fs::set_permissions(self.path(), Permissions::from_mode(MODE)),
        }
    }

    /// Whether a process of this user has made the socket at the path, and nobody listens there any more.
    fn is_left_behind(&self, address: &SockaddrStorage) -> bool {
        let found = fs::symlink_metadata(self.path());
        if !found.is_ok_and(|file| file.file_type().is_socket() && file.uid() == sys::user()) {
            return false;
        }
        let Ok(probe) = socket::open(libc::AF_UNIX, libc::SOCK_STREAM) else { return false };
        let answer = socket::connect(probe, address);
        sys::close(probe);
        answer.is_err_and(|error| is(&error, libc::ECONNREFUSED))
    }

    /// Whether this process has made it, and not one that has forked it.
    pub fn is_ours(&self) -> bool {
        self.born == births_again()
    }

    /// What to wait for until somebody connects.
    pub fn member(&self) -> Member {
        self.socket.member(libc::POLLIN)
    }

    /// The next connection, `None` if it was one of another user. EAGAIN.
    pub fn accept(&self) -> Result<Option<Descriptor>> {
        let connection = Descriptor::new(socket::accept(self.socket.fd())?)?;
        Ok(may_read(connection.fd()).then_some(connection))
    }
}

fn may_read(connection: RawFd) -> bool {
    peer::credentials(connection).is_ok_and(|(_, user, _)| user == sys::user() || user == 0)
}

fn is(error: &io::Error, code: i32) -> bool {
    error.raw_os_error() == Some(code)
}

impl Drop for PathListener {
    fn drop(&mut self) {
        if let Some(file) = self.file.filter(|_| self.is_ours()) {
            file.remove(self.path());
        }
    }
}

/// Its owner reads and writes it, which is to connect.
const MODE: u32 = 0o600;

/// How many may wait to be accepted. More are refused, or wait in connect(2): this is looked at by people.
const BACKLOG: i32 = 16;
