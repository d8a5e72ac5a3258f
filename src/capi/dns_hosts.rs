// SPDX-License-Identifier: MIT
//! `cq_dns_hosts_*`: the names and addresses that a resolver knows without asking.

use super::boundary::{borrow, bytes, call, fill, hand_out, take_back, text, utf8};
use crate::dns::system::hosts::Hosts;
use crate::errno::Errno;
use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

/// A table of hosts: names and addresses that are known without asking.
pub struct DnsHosts(pub(super) RefCell<Arc<Hosts>>);

/// Makes an empty table of hosts. Free it with `cq_dns_hosts_free`. A resolver keeps what the table holds when the
/// resolver is made.
///
/// Errors: EINVAL for NULL.
///
/// Source: cqueues User Guide §3.2.10.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hosts_new(hosts: *mut *mut DnsHosts) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out(hosts, DnsHosts(RefCell::default())) })
}

/// Makes a table of the system's hosts, /etc/hosts.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hosts_stub(hosts: *mut *mut DnsHosts) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out(hosts, DnsHosts(RefCell::new(Arc::new(Hosts::stub())))) })
}

/// Frees a table of hosts. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hosts_free(hosts: *mut DnsHosts) {
    // SAFETY: as documented.
    unsafe { take_back(hosts) }
}

/// Reads the text of a file in the syntax of hosts(5). `file` names it in warnings. A line that makes no sense is
/// skipped, see `cq_dns_hosts_warning`.
///
/// Errors: EINVAL for NULL.
///
/// Safety: `data` is readable for `size` bytes; `file` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hosts_load(
    hosts: *const DnsHosts,
    data: *const c_void,
    size: usize,
    file: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (data, file) = unsafe { (bytes(data, size)?, utf8(file)?) };
        Arc::make_mut(&mut unsafe { borrow(hosts) }?.0.borrow_mut()).load(data, file);
        Ok(())
    })
}

/// Reads a file, as `cq_dns_hosts_load` does.
///
/// Errors: EINVAL for NULL; what kept the file from being read.
///
/// Safety: `path` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hosts_loadpath(
    hosts: *const DnsHosts,
    path: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let path = unsafe { utf8(path) }?;
        Arc::make_mut(&mut unsafe { borrow(hosts) }?.0.borrow_mut()).load_path(path)
    })
}

/// Adds a name of an address. `canonical`: whether the name is the answer to a reverse lookup of the address.
///
/// Errors: EINVAL for NULL; `CQ_EADDRESS` for what is no address, `CQ_EILLEGAL` for what is no name.
///
/// Safety: both are strings.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hosts_insert(
    hosts: *const DnsHosts,
    address: *const c_char,
    name: *const c_char,
    canonical: bool,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (address, name) = unsafe { (utf8(address)?, text(name)?.to_bytes()) };
        let mut hosts = unsafe { borrow(hosts) }?.0.borrow_mut();
        Arc::make_mut(&mut hosts).insert(address, name, canonical)
    })
}

/// Writes the warning at `index` (from 0), a line that was skipped, and a NUL: "hosts:3: bad address "x"".
/// `length` (may be NULL) receives its length, also when it does not fit.
///
/// Errors: EINVAL for NULL; ENOENT past the last one; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hosts_warning(
    hosts: *const DnsHosts,
    index: usize,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let hosts = unsafe { borrow(hosts) }?.0.borrow();
        let found = hosts.warnings.get(index).ok_or(Errno::NOENT)?;
        unsafe { fill(found.as_bytes(), buffer, size, length) }
    })
}

/// Writes a table in the syntax of hosts(5), one line for each name, and a NUL. `length` (may be NULL) receives the
/// length of all of it, also when it does not fit.
///
/// Errors: EINVAL for NULL; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_hosts_format(
    hosts: *const DnsHosts,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { fill(borrow(hosts)?.0.borrow().format().as_bytes(), buffer, size, length) })
}
