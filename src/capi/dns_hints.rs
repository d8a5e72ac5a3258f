// SPDX-License-Identifier: MIT
//! `cq_dns_hints_*`: the servers that a resolver asks first.

use super::boundary::{borrow, call, fill, hand_out, put_optional, take_back, text, utf8};
use super::dns_config::DnsConfig;
use crate::dns::message::name::Name;
use crate::dns::system::config::Config;
use crate::dns::system::hints::Hints;
use crate::errno::Errno;
use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::sync::Arc;

/// Hints: the servers that a resolver asks first, for each zone.
pub struct DnsHints(pub(super) RefCell<Arc<Hints>>);

/// Makes an empty table of hints. Free it with `cq_dns_hints_free`. A resolver keeps what the table holds when the
/// resolver is made.
///
/// Errors: EINVAL for NULL.
///
/// Source: cqueues User Guide §3.2.11.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hints_new(hints: *mut *mut DnsHints) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out(hints, DnsHints(RefCell::default())) })
}

/// Makes a table of the name servers of a configuration (NULL: the system's), for all names.
///
/// Errors: EINVAL for NULL hints.
///
/// Safety: `config` is NULL or a configuration.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hints_stub(
    config: *const DnsConfig,
    hints: *mut *mut DnsHints,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let config = match unsafe { config.as_ref() } {
            Some(config) => Arc::clone(&config.0.borrow()),
            None => Arc::new(Config::stub()),
        };
        unsafe { hand_out(hints, DnsHints(RefCell::new(Arc::new(Hints::stub(&config))))) }
    })
}

/// Makes a table of the root servers, as IANA listed them on 2024-04-18.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hints_root(hints: *mut *mut DnsHints) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out(hints, DnsHints(RefCell::new(Arc::new(Hints::root())))) })
}

/// Frees a table of hints. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hints_free(hints: *mut DnsHints) {
    // SAFETY: as documented.
    unsafe { take_back(hints) }
}

/// Adds a server of a zone: "127.0.0.1", "[::1]:5353" or "tls://127.0.0.1#dns.example". Servers with lower priorities are asked first.
///
/// Errors: EINVAL for NULL; `CQ_EADDRESS` for what is no address, `CQ_EILLEGAL` for what is no zone.
///
/// Safety: both are strings.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hints_insert(
    hints: *const DnsHints,
    zone: *const c_char,
    address: *const c_char,
    priority: c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (zone, address) = unsafe { (text(zone)?.to_bytes(), utf8(address)?) };
        let mut hints = unsafe { borrow(hints) }?.0.borrow_mut();
        Arc::make_mut(&mut hints).insert(zone, address, i64::from(priority))
    })
}

/// Adds the name servers of a configuration as servers of a zone, the first with priority 1, the next with 2.
///
/// Errors: EINVAL for NULL; `CQ_EILLEGAL` for what is no zone.
///
/// Safety: `zone` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hints_insert_config(
    hints: *const DnsHints,
    zone: *const c_char,
    config: *const DnsConfig,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let zone = Name::scan(unsafe { text(zone) }?.to_bytes())?;
        let config = Arc::clone(&unsafe { borrow(config) }?.0.borrow());
        let mut hints = unsafe { borrow(hints) }?.0.borrow_mut();
        Arc::make_mut(&mut hints).insert_servers(zone, &config);
        Ok(())
    })
}

/// Writes the address at `index` (from 0) of a zone's servers, in the order of their priorities, and a NUL.
/// `priority` (may be NULL) receives the server's priority. 80 bytes are enough, and 340 for one over TLS.
///
/// Errors: EINVAL for NULL; `CQ_EILLEGAL` for what is no zone; ENOENT past the last one; `CQ_ENOBUFS`.
///
/// Safety: `zone` is a string; `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hints_grep(
    hints: *const DnsHints,
    zone: *const c_char,
    index: usize,
    buffer: *mut c_char,
    size: usize,
    priority: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let zone = Name::scan(unsafe { text(zone) }?.to_bytes())?;
        let servers = unsafe { borrow(hints) }?.0.borrow().servers(&zone);
        let found = servers.get(index).ok_or(Errno::NOENT)?;
        unsafe { put_optional(priority, found.priority as c_int) };
        let address = found.server.format();
        unsafe { fill(address.as_bytes(), buffer, size, std::ptr::null_mut()) }
    })
}

/// Writes a table of hints, zones and their servers, and a NUL. `length` (may be NULL) receives the
/// length of all of it, also when it does not fit.
///
/// Errors: EINVAL for NULL; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hints_format(
    hints: *const DnsHints,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { fill(borrow(hints)?.0.borrow().format().as_bytes(), buffer, size, length) })
}
