// SPDX-License-Identifier: MIT
//! Options that few programs set, and what is in effect on a socket.

use super::boundary::{borrow, bytes, call, put, slice_mut};
use super::options::*;
use crate::errno::{Errno, Result};
use crate::socket::{Socket, Tuning};
use crate::sys::socket as sock;
use crate::sys::tuning as names;
use std::ffi::{c_int, c_void};

/// For `cq_options_set`: how many connections may wait for being accepted; 0 (default): as many as the system allows.
pub const CQ_OPTION_BACKLOG: u32 = 24;
/// For `cq_options_set`: SO_SNDBUF in bytes; 0 (default): as the system says.
pub const CQ_OPTION_SEND_BUFFER: u32 = 25;
/// For `cq_options_set`: SO_RCVBUF in bytes; 0 (default): as the system says.
pub const CQ_OPTION_RECEIVE_BUFFER: u32 = 26;
/// For `cq_options_set`: TCP_USER_TIMEOUT in milliseconds: how long sent data may stay unacknowledged before the
/// connection fails; 0 (default): as the system says. Linux only.
pub const CQ_OPTION_USER_TIMEOUT: u32 = 27;
/// For `cq_options_set`: IP_TOS or IPV6_TCLASS, 0 to 255; by default as the system says.
pub const CQ_OPTION_TOS: u32 = 28;
/// For `cq_options_set`: how many hops multicast datagrams may take, 0 to 255; by default as the system says, 1.
pub const CQ_OPTION_MULTICAST_TTL: u32 = 29;
/// For `cq_options_set`: whether multicast datagrams also go to members on this host; by default as the system says,
/// which is yes.
pub const CQ_OPTION_MULTICAST_LOOP: u32 = 30;
/// For `cq_options_set`: whether `cq_socket_try_recv_batch` tells where datagrams were sent to, and by which interface
/// they came; off by default. Linux only.
pub const CQ_OPTION_PACKET_INFO: u32 = 31;
/// For `cq_options_set`: whether `cq_socket_try_recv_batch` tells how the network marked datagrams (ECN); off by
/// default. Linux only.
pub const CQ_OPTION_ECN: u32 = 32;
/// For `cq_options_set`: whether datagrams of one sender may be received as one, with their size in `segment`
/// (UDP_GRO); off by default. Then each element of a batch needs room for 65,535 bytes. Linux only.
pub const CQ_OPTION_SEGMENTS: u32 = 33;

/// For `cq_options_set`: whether a listener takes a descriptor that the service manager has handed over (LISTEN_FDS of
/// systemd), if one is bound to its address; otherwise it is bound as ever. Port 0 takes one of any port, and each can be
/// taken once; off by default.
///
/// Source: sd_listen_fds(3).
pub const CQ_OPTION_ACTIVATED: u32 = 34;

pub(super) fn set_tuning(tuning: &mut Tuning, option: u32, value: c_int) -> Result<()> {
    let switch = || switch(value);
    let within = |most: c_int| match (0..=most).contains(&value) {
        true => Ok(value),
        false => Err(Errno::BADARG),
    };
    match option {
        CQ_OPTION_BACKLOG => tuning.backlog = within(c_int::MAX)?,
        CQ_OPTION_SEND_BUFFER => tuning.send_buffer = within(c_int::MAX)?,
        CQ_OPTION_RECEIVE_BUFFER => tuning.receive_buffer = within(c_int::MAX)?,
        CQ_OPTION_USER_TIMEOUT => tuning.user_timeout = within(c_int::MAX)?,
        CQ_OPTION_TOS => tuning.traffic_class = Some(within(255)?),
        CQ_OPTION_MULTICAST_TTL => tuning.multicast_ttl = Some(within(255)?),
        CQ_OPTION_MULTICAST_LOOP => tuning.multicast_loop = Some(switch()?),
        CQ_OPTION_PACKET_INFO => tuning.packet_info = switch()?,
        CQ_OPTION_ECN => tuning.ecn = switch()?,
        CQ_OPTION_SEGMENTS => tuning.segments = switch()?,
        CQ_OPTION_ACTIVATED => tuning.activated = switch()?,
        _ => return Err(Errno::BADARG),
    }
    Ok(())
}

/// Tells what is in effect on a socket for one of `CQ_OPTION_...` that the system keeps: `value` receives what
/// `cq_options_set` would take, with sizes of buffers as the system counts them.
///
/// Errors: EINVAL for NULL, an unknown option, and those that the system does not keep: CQ_OPTION_PERMISSIONS,
/// CQ_OPTION_UMASK, CQ_OPTION_UNLINK, CQ_OPTION_BACKLOG, CQ_OPTION_ACTIVATED, CQ_OPTION_VERIFY, CQ_OPTION_SENDNAME; ENOTCONN while the
/// socket has no descriptor; EBADF after close; what the system says: EOPNOTSUPP, ENOPROTOOPT for one of another family.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_option(
    socket: *const Socket,
    option: u32,
    value: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        let found = in_effect(socket, option)?;
        unsafe { put(value, found) }
    })
}

fn in_effect(socket: &Socket, option: u32) -> Result<c_int> {
    let general = libc::SOL_SOCKET;
    let fd = socket.option_fd()?;
    let is_v6 = socket.family()? == libc::AF_INET6;
    let ask = |(level, name): names::Name| Ok(sock::option(fd, level, name)?);
    let switch = |name| Ok(c_int::from(ask(name)? != 0));
    let tcp = |name| (libc::IPPROTO_TCP, name);
    match option {
        CQ_OPTION_FAMILY => socket.family(),
        CQ_OPTION_TYPE => ask((general, libc::SO_TYPE)),
        CQ_OPTION_REUSEADDR => switch((general, libc::SO_REUSEADDR)),
        CQ_OPTION_REUSEPORT => switch((general, sock::REUSE_PORT)),
        CQ_OPTION_NODELAY => switch(tcp(libc::TCP_NODELAY)),
        CQ_OPTION_NOPUSH => switch(tcp(sock::CORK)),
        CQ_OPTION_V6ONLY => switch((libc::IPPROTO_IPV6, libc::IPV6_V6ONLY)),
        CQ_OPTION_BROADCAST => switch((general, libc::SO_BROADCAST)),
        CQ_OPTION_OOBINLINE => switch((general, libc::SO_OOBINLINE)),
        CQ_OPTION_NONBLOCK => Ok(sock::flags(fd)?.0.into()),
        CQ_OPTION_CLOEXEC => Ok(sock::flags(fd)?.1.into()),
        CQ_OPTION_TIME => Ok(socket.notes_time().into()),
        CQ_OPTION_NOSIGPIPE => Ok(socket.avoids_sigpipe().into()),
        CQ_OPTION_STRICT => Ok(socket.strict().into()),
        CQ_OPTION_KEEPALIVE => switch((general, libc::SO_KEEPALIVE)),
        CQ_OPTION_KEEPALIVE_IDLE => ask(tcp(sock::KEEP_ALIVE[0])),
        CQ_OPTION_KEEPALIVE_INTERVAL => ask(tcp(sock::KEEP_ALIVE[1])),
        CQ_OPTION_KEEPALIVE_COUNT => ask(tcp(sock::KEEP_ALIVE[2])),
        CQ_OPTION_SEND_BUFFER => ask((general, libc::SO_SNDBUF)),
        CQ_OPTION_RECEIVE_BUFFER => ask((general, libc::SO_RCVBUF)),
        CQ_OPTION_USER_TIMEOUT => ask(names::USER_TIMEOUT),
        CQ_OPTION_TOS => ask(names::traffic_class(is_v6)),
        CQ_OPTION_MULTICAST_TTL => ask(names::multicast_ttl(is_v6)),
        CQ_OPTION_MULTICAST_LOOP => switch(names::multicast_loop(is_v6)),
        CQ_OPTION_PACKET_INFO => switch(names::packet_info(is_v6)),
        CQ_OPTION_ECN => switch(names::receive_traffic_class(is_v6)),
        CQ_OPTION_SEGMENTS => switch(names::SEGMENTS),
        _ => Err(Errno::BADARG),
    }
}

/// Sets an option of the system's on a socket's descriptor: setsockopt(2). What the library has a name for is better set
/// by `cq_options_set` before the socket is made, and by `cq_socket_configure` afterwards.
///
/// Errors: EINVAL for NULL; ENOTCONN while the socket has no descriptor; EBADF after close; what the system says.
///
/// Safety: `value` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_setsockopt(
    socket: *const Socket,
    level: c_int,
    name: c_int,
    value: *const c_void,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (socket, value) = unsafe { (borrow(socket)?, bytes(value, size)?) };
        socket.set_raw_option(level, name, value)
    })
}

/// Reads an option of the system's from a socket's descriptor: getsockopt(2). `size` holds how many bytes `value` has
/// room for, and receives how many there are. TCP_INFO is one: `struct tcp_info` of <netinet/tcp.h>.
///
/// Errors: EINVAL for NULL; ENOTCONN while the socket has no descriptor; EBADF after close; what the system says.
///
/// Safety: `value` is writable for `*size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_socket_getsockopt(
    socket: *const Socket,
    level: c_int,
    name: c_int,
    value: *mut c_void,
    size: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let socket = unsafe { borrow(socket) }?;
        let length = *unsafe { borrow(size) }?;
        let room: &mut [u8] = unsafe { slice_mut(value.cast(), length) }?;
        let filled = sock::raw_option(socket.option_fd()?, level, name, room)?;
        unsafe { put(size, filled) }
    })
}
