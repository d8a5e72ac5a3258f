// SPDX-License-Identifier: MIT
//! Descriptors that a service manager hands over to a process that it starts: sd_listen_fds(3). They have the numbers
//! from 3 on; LISTEN_FDS tells how many there are, LISTEN_PID for which process.

use super::socket::{internet, local_name, option};
use nix::sys::socket::{SockaddrLike, SockaddrStorage};
use std::os::fd::RawFd;
use std::sync::{Mutex, PoisonError};

const FIRST: RawFd = 3;

/// Those that a socket has taken: each can be taken once.
static TAKEN: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

fn number(name: &str) -> Option<i32> {
    std::env::var(name).ok()?.parse().ok()
}

/// How many there are for this process.
fn count() -> i32 {
    match number("LISTEN_PID") == Some(std::process::id() as i32) {
        true => number("LISTEN_FDS").unwrap_or(0).clamp(0, 1024),
        false => 0,
    }
}

/// Whether a socket that is bound to `found` serves who wants `wanted`: any address of the host stands for that of either
/// family, and port 0 for any port.
fn serves(found: &SockaddrStorage, wanted: &SockaddrStorage) -> bool {
    let (Some(a), Some(b)) = (internet(found), internet(wanted)) else {
        let same_path = |a: &SockaddrStorage, b: &SockaddrStorage| {
            a.as_unix_addr().and_then(|a| a.path()) == b.as_unix_addr().and_then(|b| b.path())
        };
        return found.family() == wanted.family() && found.len() > 2 && same_path(found, wanted);
    };
    let any = a.ip().is_unspecified() && b.ip().is_unspecified();
    (any || a.ip() == b.ip()) && (b.port() == 0 || a.port() == b.port())
}

/// A descriptor of that type that is bound to that address and that nobody has taken yet. Who gets it owns it.
pub fn take(wanted: &SockaddrStorage, kind: i32) -> Option<RawFd> {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |fd: &RawFd| {
        option(*fd, libc::SOL_SOCKET, libc::SO_TYPE).is_ok_and(|found| found == kind)
            && local_name(*fd).is_ok_and(|found| serves(&found, wanted))
    };
    let found = (FIRST..FIRST + count()).filter(|fd| !taken.contains(fd)).find(fits)?;
    taken.push(found);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::serves;
    use nix::sys::socket::SockaddrStorage;
    use std::net::SocketAddr;

    fn storage(text: &str) -> SockaddrStorage {
        text.parse::<SocketAddr>().unwrap().into()
    }

    #[test]
    fn any_address_and_any_port_stand_for_others() {
        for (found, wanted, does) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:0", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("[::]:80", "0.0.0.0:80", true),
            ("0.0.0.0:80", "127.0.0.1:80", false),
            ("[::1]:80", "[::1]:80", true),
        ] {
            assert_eq!(serves(&storage(found), &storage(wanted)), does, "{found} {wanted}");
        }
    }
}
