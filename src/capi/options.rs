// SPDX-License-Identifier: MIT
//! `cq_options_*`: the options with which a socket is made or configured.

use super::boundary::{bytes, call, change, hand_out, take_back, text};
use super::tuning::set_tuning;
use crate::address::{internet, unix};
use crate::errno::{Errno, Result};
use crate::socket::{Options, SendName};
use std::ffi::{c_char, c_int, c_void};

/// Makes options with the defaults of cqueues: a stream socket, SO_REUSEADDR for listeners. Free
/// them with `cq_options_free`; sockets keep no reference to them.
///
/// Errors: EINVAL for NULL; ENOMEM.
///
/// Source: cqueues User Guide §3.2.2.
#[no_mangle]
pub unsafe extern "C" fn cq_options_new(options: *mut *mut Options) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out(options, Options::default()) })
}

/// Frees options. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_options_free(options: *mut Options) {
    // SAFETY: as documented.
    unsafe { take_back(options) }
}

/// Sets the host to connect to or to listen on, a name or a numeric IPv4 or IPv6 address ("::1", "fe80::1%eth0"), and
/// the port.
///
/// Errors: EINVAL for NULL, a port outside 0 to 65535, or text that is not UTF-8; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_options_host(
    options: *mut Options,
    host: *const c_char,
    port: c_int,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            let host = text(host)?.to_str().map_err(|_| Errno::BADARG)?;
            options.port = u16::try_from(port).map_err(|_| Errno::BADARG)?;
            options.set_host(host)
        })
    }
}

/// Sets the service that a connecting stream socket wants of its host, "https" for one, so that the records of the
/// service say where to connect: HTTPS for "https", SVCB for others. `protocols` are the application protocols that the
/// program speaks, as for `cq_tls_alpn`; NULL: the default of the service. With port 0 the port of the service is taken.
///
/// The records are asked for together with the addresses of the host, and waited for 50 ms after an address is known.
/// Endpoints are tried by priority, each at its port and first at the addresses that its record hints at; those that
/// demand what the library does not know, or speak none of the protocols, are passed over. Aliases are followed. When
/// none is reached, or there are no records, the host itself is tried. TLS keeps to the name of the host: certificates
/// need not have the names of endpoints. A numeric host, and one that the hosts file knows, has no records.
///
/// A service whose records say that it is not there fails with `CQ_ENONAME`.
///
/// Errors: EINVAL for NULL, a service that is no label of letters, digits and hyphens, or a bad list; ENOMEM.
///
/// Source: RFC 9460.
#[no_mangle]
pub unsafe extern "C" fn cq_options_service(
    options: *mut Options,
    service: *const c_char,
    protocols: *const c_char,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            let service = text(service)?.to_str().map_err(|_| Errno::BADARG)?;
            let protocols = if protocols.is_null() { c"" } else { text(protocols)? };
            options.set_service(service, protocols.to_str().map_err(|_| Errno::BADARG)?)
        })
    }
}

/// Sets the path of a UNIX socket, `size` bytes. On Linux a path that begins with NUL is in the
/// abstract namespace.
///
/// Errors: EINVAL for NULL or an empty path; ENAMETOOLONG; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_options_path(
    options: *mut Options,
    path: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            let path = bytes(path, size)?;
            unix(path)?;
            options.set_path(path)
        })
    }
}

/// Sets the local address of a connecting socket: a numeric host, and a port or 0 for any.
///
/// Errors: EINVAL for NULL or a bad port; `CQ_ENONAME` if it is not numeric.
#[no_mangle]
pub unsafe extern "C" fn cq_options_bind(
    options: *mut Options,
    host: *const c_char,
    port: c_int,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            let host = text(host)?.to_str().map_err(|_| Errno::BADARG)?;
            let port = u16::try_from(port).map_err(|_| Errno::BADARG)?;
            options.bind = Some(internet(host, port)?);
            Ok(())
        })
    }
}

/// TLS: sets the name of the server for a client, instead of the host's: the client tells it to the server, whose
/// certificate must have it, unless `cq_tls_name` sets another name.
///
/// With an empty name the handshake fails.
///
/// Errors: EINVAL for NULL, or text that is not UTF-8; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_options_sendname(options: *mut Options, name: *const c_char) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            let name = text(name)?.to_str().map_err(|_| Errno::BADARG)?;
            options.set_send_name(name)
        })
    }
}

/// Sets the local path of a connecting UNIX socket, `size` bytes.
///
/// Errors: EINVAL for NULL or an empty path; ENAMETOOLONG.
#[no_mangle]
pub unsafe extern "C" fn cq_options_bind_path(
    options: *mut Options,
    path: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            options.bind = Some(unix(bytes(path, size)?)?);
            Ok(())
        })
    }
}

/// For `cq_options_set`: the address family: AF_UNSPEC (default), AF_INET, AF_INET6. A path is of AF_UNIX, whatever
/// the family. With a family that the host's addresses do not have, connecting and listening fail with `CQ_EFAIL` or
/// `CQ_ENONAME`.
pub const CQ_OPTION_FAMILY: u32 = 1;
/// For `cq_options_set`: the type: SOCK_STREAM (default), SOCK_DGRAM, SOCK_SEQPACKET. With another type the socket
/// fails as socket(2) does.
pub const CQ_OPTION_TYPE: u32 = 2;
/// For `cq_options_set`: the permissions of a bound UNIX socket; -1 (default): as the umask says.
pub const CQ_OPTION_PERMISSIONS: u32 = 3;
/// For `cq_options_set`: the umask while a UNIX socket is bound; -1 (default): unchanged.
pub const CQ_OPTION_UMASK: u32 = 4;
/// For `cq_options_set`: whether to remove a UNIX path before binding; off by default.
pub const CQ_OPTION_UNLINK: u32 = 5;
/// For `cq_options_set`: SO_REUSEADDR for listeners; on by default.
pub const CQ_OPTION_REUSEADDR: u32 = 6;
/// For `cq_options_set`: SO_REUSEPORT; off by default.
pub const CQ_OPTION_REUSEPORT: u32 = 7;
/// For `cq_options_set`: TCP_NODELAY; off by default.
pub const CQ_OPTION_NODELAY: u32 = 8;
/// For `cq_options_set`: TCP_CORK or TCP_NOPUSH; off by default.
pub const CQ_OPTION_NOPUSH: u32 = 9;
/// For `cq_options_set`: IPV6_V6ONLY; by default as the system says.
pub const CQ_OPTION_V6ONLY: u32 = 10;
/// For `cq_options_set`: whether to track times for `cq_socket_stat`; on by default.
pub const CQ_OPTION_TIME: u32 = 11;

/// For `cq_options_set`: SO_BROADCAST, for internet datagrams; off by default.
pub const CQ_OPTION_BROADCAST: u32 = 12;
/// For `cq_options_set`: SO_OOBINLINE; off by default.
pub const CQ_OPTION_OOBINLINE: u32 = 13;
/// For `cq_options_set`: whether O_NONBLOCK stays set once the socket is connected; on by default. The library never
/// blocks in either case: the option is for programs that use the descriptor elsewhere.
pub const CQ_OPTION_NONBLOCK: u32 = 14;
/// For `cq_options_set`: FD_CLOEXEC; on by default.
pub const CQ_OPTION_CLOEXEC: u32 = 15;
/// For `cq_options_set`: whether sending to a peer that is gone fails with EPIPE without SIGPIPE; on by default.
pub const CQ_OPTION_NOSIGPIPE: u32 = 16;
/// For `cq_options_set`, TLS: whether `cq_socket_starttls` demands a valid certificate that names the host, whatever
/// the TLS configuration says; off by default.
pub const CQ_OPTION_VERIFY: u32 = 17;
/// For `cq_options_set`, TLS: whether a client tells the server the name of the server that it wants; on by default.
/// See `cq_options_sendname`.
pub const CQ_OPTION_SENDNAME: u32 = 18;
/// For `cq_options_set`: SO_KEEPALIVE; off by default.
pub const CQ_OPTION_KEEPALIVE: u32 = 19;
/// For `cq_options_set`: seconds without traffic before SO_KEEPALIVE's first probe; 0 (default): as the system says.
pub const CQ_OPTION_KEEPALIVE_IDLE: u32 = 20;
/// For `cq_options_set`: seconds between SO_KEEPALIVE's probes; 0 (default): as the system says.
pub const CQ_OPTION_KEEPALIVE_INTERVAL: u32 = 21;
/// For `cq_options_set`: the number of SO_KEEPALIVE's probes before the connection is given up; 0 (default): as the
/// system says.
pub const CQ_OPTION_KEEPALIVE_COUNT: u32 = 22;
/// For `cq_options_set`, TLS: whether an end of the stream without close_notify is a failure (`CQ_ETRUNCATED`) rather
/// than end of file; on by default. Connections of a listener inherit it.
pub const CQ_OPTION_STRICT: u32 = 23;

/// Sets one of `CQ_OPTION_...` to a number, or to 0 or 1 where it says whether something is on. Options that do not
/// apply to a family or type are ignored.
///
/// Errors: EINVAL for NULL, an unknown option, or a value that it cannot have.
#[no_mangle]
pub unsafe extern "C" fn cq_options_set(options: *mut Options, option: u32, value: c_int) -> c_int {
    // SAFETY: as documented.
    unsafe { change(options, |options| set(options, option, value)) }
}

/// 0 or 1.
pub(super) fn switch(value: c_int) -> Result<bool> {
    match value {
        0 | 1 => Ok(value == 1),
        _ => Err(Errno::BADARG),
    }
}

fn set(options: &mut Options, option: u32, value: c_int) -> Result<()> {
    let switch = || switch(value);
    let permissions = || match value {
        -1 => Ok(None),
        0..=0o7777 => Ok(Some(value as u32)),
        _ => Err(Errno::BADARG),
    };
    // The kernel's limit of the TCP_KEEP... options, tcp(7).
    let figure = || match value {
        0..=32767 => Ok(value),
        _ => Err(Errno::BADARG),
    };
    match option {
        CQ_OPTION_FAMILY => options.family = value,
        CQ_OPTION_TYPE => options.kind = value,
        CQ_OPTION_PERMISSIONS => options.mode = permissions()?,
        CQ_OPTION_UMASK => options.mask = permissions()?,
        CQ_OPTION_UNLINK => options.unlink = switch()?,
        CQ_OPTION_REUSEADDR => options.reuse_address = switch()?,
        CQ_OPTION_REUSEPORT => options.reuse_port = switch()?,
        CQ_OPTION_NODELAY => options.no_delay = switch()?,
        CQ_OPTION_NOPUSH => options.no_push = switch()?,
        CQ_OPTION_V6ONLY => options.v6_only = Some(switch()?),
        CQ_OPTION_TIME => options.time = switch()?,
        CQ_OPTION_BROADCAST => options.broadcast = switch()?,
        CQ_OPTION_OOBINLINE => options.oob_inline = switch()?,
        CQ_OPTION_NONBLOCK => options.non_block = switch()?,
        CQ_OPTION_CLOEXEC => options.close_on_exec = switch()?,
        CQ_OPTION_NOSIGPIPE => options.no_sigpipe = switch()?,
        CQ_OPTION_VERIFY => options.verify = switch()?,
        CQ_OPTION_STRICT => options.strict = Some(switch()?),
        CQ_OPTION_SENDNAME if switch()? => options.send_name = SendName::Host,
        CQ_OPTION_SENDNAME => options.send_name = SendName::No,
        CQ_OPTION_KEEPALIVE => options.keep_alive.on = switch()?,
        CQ_OPTION_KEEPALIVE_IDLE => options.keep_alive.idle = figure()?,
        CQ_OPTION_KEEPALIVE_INTERVAL => options.keep_alive.interval = figure()?,
        CQ_OPTION_KEEPALIVE_COUNT if value < 128 => options.keep_alive.count = figure()?,
        _ => return set_tuning(&mut options.tuning, option, value),
    }
    Ok(())
}
