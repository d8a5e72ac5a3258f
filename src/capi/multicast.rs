// SPDX-License-Identifier: MIT
//! `cq_socket_*`: groups of multicast datagrams.

use super::boundary::{borrow, call, text};
use crate::errno::{Errno, Result};
use crate::socket::{Address, Socket};
use crate::sys::multicast::{self, Change};
use std::ffi::{c_char, c_int};

/// The number of an interface, 0 for NULL.
unsafe fn interface_of(name: *const c_char) -> Result<u32> {
    if name.is_null() {
        return Ok(0);
    }
    // SAFETY: a string, as the functions below document.
    Ok(multicast::interface(unsafe { text(name) }?)?)
}

unsafe fn change(
    socket: *const Socket,
    group: *const Address,
    interface: *const c_char,
    change: Change,
) -> c_int {
    call(|| {
        // SAFETY: as the functions below document.
        let (socket, group, interface) =
            unsafe { (borrow(socket)?, borrow(group)?, interface_of(interface)?) };
        let group = group.storage().ok_or(Errno::BADARG)?;
        Ok(multicast::change(socket.option_fd()?, &group, interface, change)?)
    })
}

/// Has a datagram socket receive what is sent to a multicast group, at the port that it is bound to. `group` is the
/// group's address, whose port does not matter; `interface` is the name of the network interface, "eth0", or NULL for
/// the one that the system chooses. A socket may be in many groups, as many as the system allows (20 on Linux,
/// igmp_max_memberships).
///
/// Errors: EINVAL for NULL, and for what is no multicast address; ENODEV if there is no such interface; EADDRINUSE if the
/// socket is in the group; ENOBUFS with too many; EOPNOTSUPP for an interface where the system names them by their
/// addresses (IPv4 on NetBSD, OpenBSD, Solaris); ENOTCONN while the socket has no descriptor; EBADF after close; what the
/// system says.
///
/// Source: RFC 3493, RFC 3678, ip(7).
#[no_mangle]
pub unsafe extern "C" fn cq_socket_join(
    socket: *const Socket,
    group: *const Address,
    interface: *const c_char,
) -> c_int {
    // SAFETY: as documented.
    unsafe { change(socket, group, interface, Change::Join) }
}

/// Leaves a multicast group. The arguments are those of `cq_socket_join`.
///
/// Errors: as for `cq_socket_join`; EADDRNOTAVAIL if the socket is not in the group.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_leave(
    socket: *const Socket,
    group: *const Address,
    interface: *const c_char,
) -> c_int {
    // SAFETY: as documented.
    unsafe { change(socket, group, interface, Change::Leave) }
}

/// Sends a socket's multicast datagrams by the network interface of that name, or with NULL by the one that the system
/// chooses. Hops and whether they come back to this host are options: CQ_OPTION_MULTICAST_TTL, CQ_OPTION_MULTICAST_LOOP.
///
/// Errors: as for `cq_socket_join`.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_set_multicast_interface(
    socket: *const Socket,
    interface: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (socket, interface) = unsafe { (borrow(socket)?, interface_of(interface)?) };
        Ok(multicast::send_by(socket.option_fd()?, socket.family()?, interface)?)
    })
}
