// SPDX-License-Identifier: MIT
//! `cq_dns_config_*`: how a resolver asks.

use super::boundary::{borrow, bytes, call, fill, hand_out, take_back, utf8};
use crate::dns::message::name::Name;
use crate::dns::system::config::{Config, Credentials, Source, Syntax};
use crate::dns::system::server::NameServer;
use crate::errno::{Errno, Result};
use crate::tls;
use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

/// A configuration: how a resolver asks. Resolvers keep a copy of it.
pub struct DnsConfig(pub(super) RefCell<Arc<Config>>);

/// For `syntax`: that of resolv.conf(5).
pub const CQ_DNS_RESOLV_CONF: c_int = 0;
/// For `syntax`: that of nsswitch.conf(5), of which only the line `hosts:` counts.
pub const CQ_DNS_NSSWITCH_CONF: c_int = 1;

/// A list of a configuration: the addresses of name servers, "127.0.0.1" or "[127.0.0.1]:5353". A server that is asked
/// over TLS alone (RFC 7858) is "tls://127.0.0.1#dns.example" or "tls://[::1]:8853#dns.example": its certificate must be for
/// the name, or for the address if no name is given. The usual port is 853.
pub const CQ_DNS_NAMESERVERS: c_int = 0;
/// A list of a configuration: the domains that are appended to names.
pub const CQ_DNS_SEARCH: c_int = 1;
/// A list of a configuration: the sources of answers in the order in which they are tried: "file" (the hosts file),
/// "bind" (name servers), "cache" (kept, without effect).
pub const CQ_DNS_LOOKUP: c_int = 2;
/// A list of a configuration: lines of files that were skipped: "/etc/resolv.conf:3: bad address "x"". It cannot be
/// added to.
pub const CQ_DNS_WARNINGS: c_int = 3;

/// Makes a configuration with the defaults of cqueues: name server 0.0.0.0, lookup "bind file", ndots 1, timeout 5,
/// attempts 2. Free it with `cq_dns_config_free`.
///
/// Errors: EINVAL for NULL.
///
/// Source: cqueues User Guide §3.2.9.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_new(config: *mut *mut DnsConfig) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out(config, DnsConfig(RefCell::default())) })
}

/// Makes a configuration of the system's files, /etc/resolv.conf and /etc/nsswitch.conf. Resolvers follow changes of
/// these files.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_stub(config: *mut *mut DnsConfig) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out(config, DnsConfig(RefCell::new(Arc::new(Config::stub())))) })
}

/// Makes a configuration for a recursive resolver: that of the system's files, with the option "recurse" on.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_root(config: *mut *mut DnsConfig) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out(config, DnsConfig(RefCell::new(Arc::new(Config::root())))) })
}

/// Frees a configuration. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_free(config: *mut DnsConfig) {
    // SAFETY: as documented.
    unsafe { take_back(config) }
}

fn syntax(number: c_int) -> Result<Syntax> {
    match number {
        CQ_DNS_RESOLV_CONF => Ok(Syntax::Resolv),
        CQ_DNS_NSSWITCH_CONF => Ok(Syntax::Nsswitch),
        _ => Err(Errno::BADARG),
    }
}

/// Changes a configuration. Resolvers may keep its former state.
unsafe fn change(
    config: *const DnsConfig,
    f: impl FnOnce(&mut Config) -> Result<()>,
) -> Result<()> {
    // SAFETY: as the functions below document.
    f(Arc::make_mut(&mut unsafe { borrow(config) }?.0.borrow_mut()))
}

/// Reads a file's text into a configuration. `file` names it in warnings. A line that makes no sense is skipped,
/// and listed under `CQ_DNS_WARNINGS` with its number.
///
/// Errors: EINVAL for NULL or an unknown syntax.
///
/// Safety: `data` is readable for `size` bytes; `file` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_load(
    config: *const DnsConfig,
    data: *const c_void,
    size: usize,
    syntax: c_int,
    file: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (data, file) = unsafe { (bytes(data, size)?, utf8(file)?) };
        let syntax = self::syntax(syntax)?;
        unsafe {
            change(config, |config| {
                config.load(data, syntax, file);
                Ok(())
            })
        }
    })
}

/// Reads a file into a configuration, as `cq_dns_config_load` does.
///
/// Errors: EINVAL for NULL or an unknown syntax; what kept the file from being read.
///
/// Safety: `path` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_loadpath(
    config: *const DnsConfig,
    path: *const c_char,
    syntax: c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let path = unsafe { utf8(path) }?;
        let syntax = self::syntax(syntax)?;
        unsafe { change(config, |config| config.load_path(path, syntax)) }
    })
}

/// Sets an option by its name: "ndots", "timeout" (seconds until a server is given up), "attempts", "edns0",
/// "rotate", "recurse", "smart", "cache", "cookies", "use-caps-for-id", "no-aaaa", "trust-ad" ("true" or "false"), "tcp"
/// ("enable", "only", "disable"), "dns-over-tls" ("false", "opportunistic", "true"),
/// "interface" ("192.168.1.1" or "[192.168.1.1]:1234"), "ports" ("0": a socket for each query; otherwise that many
/// sockets for all queries of the thread). docs/dns.md says what each option does.
///
/// Errors: EINVAL for NULL or a value that the option does not take; ENOENT for an unknown option;
/// `CQ_EADDRESS`.
///
/// Safety: both are strings.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_set(
    config: *const DnsConfig,
    option: *const c_char,
    setting: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (option, setting) = unsafe { (utf8(option)?, utf8(setting)?) };
        unsafe { change(config, |config| config.set(option, setting)) }
    })
}

/// Sets what connections to name servers over TLS are made with: the authorities that are trusted, and the certificate that
/// is shown. NULL: the system's authorities, or those that the environment variables SSL_CERT_FILE and SSL_CERT_DIR name, and
/// no certificate. Certificates of servers are verified whatever it says, but for those of servers that the option
/// "dns-over-tls" tries without ("opportunistic"), for which it does not count. The configuration keeps a reference of
/// its own.
///
/// Errors: EINVAL for a NULL configuration.
///
/// Safety: `tls` is NULL or a configuration.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_set_tls(
    config: *const DnsConfig,
    tls: *const tls::Config,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let credentials = unsafe { tls.as_ref() }.map(|tls| Credentials(tls.clone()));
        unsafe {
            change(config, |config| {
                config.credentials = credentials;
                Ok(())
            })
        }
    })
}

/// Writes what an option is set to, and a NUL: numbers in digits ("tcp": 0 enable, 1 only, 2 disable),
/// switches as "true" or "false". 80 bytes are enough.
///
/// Errors: EINVAL for NULL; ENOENT for an unknown option; `CQ_ENOBUFS`.
///
/// Safety: `option` is a string; `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_get(
    config: *const DnsConfig,
    option: *const c_char,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let found = unsafe { borrow(config)?.0.borrow().get(utf8(option)?) };
        let found = found.ok_or(Errno::NOENT)?;
        unsafe { fill(found.as_bytes(), buffer, size, std::ptr::null_mut()) }
    })
}

/// Writes the entry at `index` (from 0) of a list, `CQ_DNS_NAMESERVERS` and so on, and a NUL. `length` (may be
/// NULL) receives its length, also when it does not fit.
///
/// Errors: EINVAL for NULL or an unknown list; ENOENT past its end; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_list(
    config: *const DnsConfig,
    list: c_int,
    index: usize,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let config = unsafe { borrow(config) }?.0.borrow();
        let found = match list {
            CQ_DNS_NAMESERVERS => config.nameservers.get(index).map(NameServer::format),
            CQ_DNS_SEARCH => config.search.get(index).cloned(),
            CQ_DNS_LOOKUP => config.lookup.get(index).map(|source| source.name().to_owned()),
            CQ_DNS_WARNINGS => config.warnings.get(index).cloned(),
            _ => return Err(Errno::BADARG),
        };
        let found = found.ok_or(Errno::NOENT)?;
        unsafe { fill(found.as_bytes(), buffer, size, length) }
    })
}

/// Empties a list, `CQ_DNS_NAMESERVERS` and so on.
///
/// Errors: EINVAL for NULL or an unknown list.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_clear(config: *const DnsConfig, list: c_int) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe {
        change(config, |config| {
            match list {
                CQ_DNS_NAMESERVERS => config.nameservers.clear(),
                CQ_DNS_SEARCH => config.search.clear(),
                CQ_DNS_LOOKUP => config.set_lookup(Vec::new()),
                CQ_DNS_WARNINGS => config.warnings.clear(),
                _ => return Err(Errno::BADARG),
            }
            Ok(())
        })
    })
}

/// Appends an entry to a list, `CQ_DNS_NAMESERVERS` and so on.
///
/// Errors: EINVAL for NULL or an unknown list; `CQ_EADDRESS` for what is no address, `CQ_EILLEGAL` for what is no
/// domain, ENOENT for an unknown source; ENOSPC: three name servers are the most.
///
/// Safety: `entry` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_add(
    config: *const DnsConfig,
    list: c_int,
    entry: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let entry = unsafe { utf8(entry) }?;
        let full = |_| Errno(libc::ENOSPC);
        unsafe {
            change(config, |config| match list {
                CQ_DNS_NAMESERVERS => config.add_nameserver(NameServer::scan(entry)?).map_err(full),
                CQ_DNS_SEARCH => {
                    Name::scan(entry.as_bytes())?;
                    config.search.push(entry.to_owned());
                    Ok(())
                }
                CQ_DNS_LOOKUP => {
                    config.lookup.push(Source::scan(entry).ok_or(Errno::NOENT)?);
                    Ok(())
                }
                _ => Err(Errno::BADARG),
            })
        }
    })
}

/// Writes one of the full names that are asked for when a person has written `name`, and a NUL. They are asked for
/// one after the other, in the order that "ndots" and the search list give; `index` (from 0) says which one. 1,300
/// bytes are enough.
///
/// Errors: EINVAL for NULL; ENOENT past the last one; `CQ_ENOBUFS`.
///
/// Safety: `name` is a string; `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_candidate(
    config: *const DnsConfig,
    name: *const c_char,
    index: usize,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let list = unsafe { borrow(config)?.0.borrow().candidates(utf8(name)?) };
        let found = list.get(index).ok_or(Errno::NOENT)?;
        unsafe { fill(found.as_bytes(), buffer, size, std::ptr::null_mut()) }
    })
}

/// Writes a configuration in the syntax of resolv.conf, and a NUL. `length` (may be NULL) receives the
/// length of all of it, also when it does not fit.
///
/// Errors: EINVAL for NULL; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_config_format(
    config: *const DnsConfig,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { fill(borrow(config)?.0.borrow().format().as_bytes(), buffer, size, length) })
}
