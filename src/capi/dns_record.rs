// SPDX-License-Identifier: MIT
//! `cq_dns_record_*`, and the tables of numbers and names.

use super::boundary::{borrow, bytes, call, fill, put, put_optional, text};
use super::dns_packet::number;
use crate::dns::message::field::Value;
use crate::dns::message::format::{named, OPCODES, RCODES, SECTIONS};
use crate::dns::message::name::{expand, format, LONGEST};
use crate::dns::message::record::Record;
use crate::dns::message::types;
use crate::errno::{Errno, Result};
use std::ffi::{c_char, c_int, c_uint, c_void};

/// A record inside a message. It holds as long as the bytes that it points into: until the message that it came from
/// is changed or freed.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct cq_dns_record {
    /// The bytes that `name` and `rdata` are offsets into.
    pub message: *const u8,
    /// How many bytes `message` has.
    pub message_length: usize,
    /// How many seconds the record may be kept; 0 in the question section.
    pub ttl: u32,
    /// The section, one of `CQ_DNS_QUESTION` and so on.
    pub section: u16,
    /// The type: 1 is A, 28 AAAA; see `cq_dns_type_name`.
    pub rtype: u16,
    /// The class: 1 is IN; see `cq_dns_list`.
    pub rclass: u16,
    /// The offset in `message` at which the owner's name begins.
    pub name: u16,
    /// The offset in `message` at which the data begins.
    pub rdata: u16,
    /// How many bytes the data has.
    pub rdata_length: u16,
}

impl cq_dns_record {
    /// Makes a record for C of the core's form.
    pub(super) fn new(record: &Record) -> cq_dns_record {
        cq_dns_record {
            message: record.message.as_ptr(),
            message_length: record.message.len(),
            ttl: record.ttl,
            section: u16::from(record.section),
            rtype: record.rtype,
            rclass: record.class,
            name: record.name,
            rdata: record.rdata,
            rdata_length: record.length,
        }
    }
}

/// Turns a record from C into the core's form. EINVAL for NULL.
///
/// # Safety
///
/// `record` is NULL or points into bytes that are still there.
unsafe fn record<'a>(record: *const cq_dns_record) -> Result<Record<'a>> {
    // SAFETY: as above, here and below.
    let record = unsafe { borrow(record) }?;
    Ok(Record {
        message: unsafe { bytes(record.message.cast(), record.message_length) }?,
        name: record.name,
        rdata: record.rdata,
        length: record.rdata_length,
        section: record.section as u8,
        rtype: record.rtype,
        class: record.rclass,
        ttl: record.ttl,
    })
}

/// Writes the owner's name of a record, with its final dot, and a NUL. 1,025 bytes are enough for any name.
///
/// Errors: EINVAL for NULL; `CQ_EILLEGAL` for a name that leads nowhere; `CQ_ENOBUFS`, as for
/// `cq_dns_packet_format`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_record_name(
    record: *const cq_dns_record,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let record = unsafe { self::record(record) }?;
        let mut wire = [0; LONGEST];
        let (used, _) = expand(record.message, record.name as usize, &mut wire)?;
        let mut text = Vec::with_capacity(used + 1);
        format(&wire[..used], &mut text);
        unsafe { fill(&text, buffer, size, length) }
    })
}

/// Writes the data of a record as text, in the form of zone files, and a NUL: "10 mx.example.com.".
///
/// Errors: EINVAL for NULL; `CQ_ENOBUFS`, as for `cq_dns_packet_format`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_record_format(
    record: *const cq_dns_record,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    call(|| {
        let mut text = Vec::new();
        // SAFETY: as documented, here and below.
        unsafe { self::record(record) }?.format(&mut text);
        unsafe { fill(&text, buffer, size, length) }
    })
}

/// Tells a member of a record's data that is a number. `member` is its name in the type's RFC: "preference" of an MX.
/// `cq_dns_type_member` lists the names.
///
/// Errors: EINVAL for NULL or a member that is no number; ENOENT if the type has no such member;
/// `CQ_EILLEGAL` if the data is not of the type.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_record_number(
    record: *const cq_dns_record,
    member: *const c_char,
    number: *mut u32,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let member = unsafe { text(member) }?.to_str().map_err(|_| Errno::NOENT)?;
        match unsafe { self::record(record) }?.member(member)? {
            Value::Number(found) => unsafe { put(number, found) },
            _ => Err(Errno::BADARG),
        }
    })
}

/// Writes a member of a record's data that is a name, an address or bytes, and a NUL: "host" of an MX, "addr" of an
/// A, "data" of a TXT. Bytes are written as they are, and may hold NULs.
///
/// Errors: EINVAL for NULL or a member that is a number; ENOENT if the type has no such member;
/// `CQ_EILLEGAL` if the data is not of the type; `CQ_ENOBUFS`, as for `cq_dns_packet_format`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_record_text(
    record: *const cq_dns_record,
    member: *const c_char,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let member = unsafe { text(member) }?.to_str().map_err(|_| Errno::NOENT)?;
        match unsafe { self::record(record) }?.member(member)? {
            Value::Text(found) => unsafe { fill(found.as_bytes(), buffer, size, length) },
            Value::Bytes(found) => unsafe { fill(&found, buffer, size, length) },
            Value::Number(_) => Err(Errno::BADARG),
        }
    })
}

/// Tells the address of an A or AAAA record in network byte order: 4 or 16 bytes, which hold as long as
/// the record does.
///
/// Errors: EINVAL for NULL; ENOENT for another type; `CQ_EILLEGAL` if the data is not of the type.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_record_address(
    record: *const cq_dns_record,
    address: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let record = unsafe { self::record(record) }?;
        if !matches!(record.rtype, types::A | types::AAAA) {
            return Err(Errno::NOENT);
        }
        record.address().ok_or(Errno::ILLEGAL)?;
        unsafe { put(size, record.data().len()) }?;
        unsafe { put(address, record.data().as_ptr().cast()) }
    })
}

/// Copies a record with its name and data, names uncompressed, into a buffer that the copy then points into, so
/// that it outlives the packet. `length` (may be NULL) receives how many bytes that takes, also when they do
/// not fit.
///
/// Errors: EINVAL for NULL; `CQ_EILLEGAL` for a name that leads nowhere or data that is not of the type;
/// `CQ_ENOBUFS` if `size` is too small.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_record_copy(
    record: *const cq_dns_record,
    buffer: *mut c_void,
    size: usize,
    length: *mut usize,
    copy: *mut cq_dns_record,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let source = unsafe { self::record(record) }?;
        if buffer.is_null() && size > 0 {
            return Err(Errno::BADARG);
        }
        let mut wire = [0; LONGEST];
        source.check()?;
        let (name, _) = expand(source.message, source.name as usize, &mut wire)?;
        let mut expanded = Vec::new();
        let data = match source.may_point() {
            true => {
                source.expand(&mut expanded)?;
                &expanded[..]
            }
            false => source.data(),
        };
        unsafe { put_optional(length, name + data.len()) };
        if name + data.len() > size || buffer.is_null() {
            return Err(Errno::NOBUFS);
        }
        unsafe {
            std::ptr::copy_nonoverlapping(wire.as_ptr(), buffer.cast::<u8>(), name);
            let behind = buffer.cast::<u8>().add(name);
            std::ptr::copy_nonoverlapping(data.as_ptr(), behind, data.len());
        }
        let place = cq_dns_record {
            message: buffer.cast(),
            message_length: name + data.len(),
            name: 0,
            rdata: name as u16,
            rdata_length: u16::try_from(data.len()).map_err(|_| Errno::ILLEGAL)?,
            ..unsafe { *borrow(record)? }
        };
        unsafe { put(copy, place) }
    })
}

/// Finds the number of a type by its name, in upper or lower case: "AAAA", "TYPE65280", "ANY".
///
/// Errors: EINVAL for NULL; ENOENT for an unknown name.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_type_number(name: *const c_char, number: *mut c_uint) -> c_int {
    // SAFETY: as documented.
    unsafe { look_up(name, number, types::type_number) }
}

/// Finds the number of a class by its name, in upper or lower case: "IN", "CLASS32", "ANY". As for
/// `cq_dns_type_number`.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_class_number(name: *const c_char, number: *mut c_uint) -> c_int {
    // SAFETY: as documented.
    unsafe { look_up(name, number, types::class_number) }
}

unsafe fn look_up(
    name: *const c_char,
    number: *mut c_uint,
    find: fn(&str) -> Option<u16>,
) -> c_int {
    call(|| {
        // SAFETY: as the functions above document, here and below.
        let name = unsafe { text(name) }?.to_str().map_err(|_| Errno::NOENT)?;
        let found = find(name).ok_or(Errno::NOENT)?;
        unsafe { put(number, c_uint::from(found)) }
    })
}

/// Writes the name of a type and a NUL: "AAAA", "TYPE65280". 16 bytes are enough.
///
/// Errors: EINVAL for NULL or a number beyond 65535; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_type_name(
    rtype: c_uint,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    call(|| {
        let name = types::type_name(number(rtype)?);
        // SAFETY: as documented.
        unsafe { fill(name.as_bytes(), buffer, size, std::ptr::null_mut()) }
    })
}

/// Writes the name of an rcode and a NUL: "NXDOMAIN", or the number if it has none. 16 bytes are enough.
///
/// Errors: EINVAL for NULL; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_rcode_name(
    rcode: c_uint,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    call(|| {
        let name = named(RCODES, number(rcode)?);
        // SAFETY: as documented.
        unsafe { fill(name.as_bytes(), buffer, size, std::ptr::null_mut()) }
    })
}

/// For `cq_dns_list`: the table of types.
pub const CQ_DNS_TYPES: u32 = 0;
/// For `cq_dns_list`: the table of classes.
pub const CQ_DNS_CLASSES: u32 = 1;
/// For `cq_dns_list`: the table of sections, `CQ_DNS_QUESTION` and so on.
pub const CQ_DNS_SECTIONS: u32 = 2;
/// For `cq_dns_list`: the table of opcodes.
pub const CQ_DNS_OPCODES: u32 = 3;
/// For `cq_dns_list`: the table of rcodes.
pub const CQ_DNS_RCODES: u32 = 4;

/// Lists the names and numbers of a table, `CQ_DNS_TYPES` and so on: writes the name at `index` (from 0) and a NUL,
/// and tells its number. 16 bytes are enough.
///
/// Errors: EINVAL for NULL or an unknown table; ENOENT past its end; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_list(
    table: c_uint,
    index: usize,
    buffer: *mut c_char,
    size: usize,
    number: *mut c_uint,
) -> c_int {
    call(|| {
        let found = match table {
            CQ_DNS_TYPES => types::TYPES.get(index).map(|row| (row.name, row.number)),
            CQ_DNS_CLASSES => types::CLASSES.get(index).copied(),
            CQ_DNS_SECTIONS => SECTIONS.get(index).map(|entry| (entry.0, u16::from(entry.1))),
            CQ_DNS_OPCODES => OPCODES.get(index).copied(),
            CQ_DNS_RCODES => RCODES.get(index).copied(),
            _ => return Err(Errno::BADARG),
        };
        let (name, code) = found.ok_or(Errno::NOENT)?;
        // SAFETY: as documented, here and below.
        unsafe { fill(name.as_bytes(), buffer, size, std::ptr::null_mut()) }?;
        unsafe { put(number, c_uint::from(code)) }
    })
}

/// Writes the name of the member at `index` (from 0) of a type's data and a NUL: "preference", "host" for MX. 32
/// bytes are enough. `is_number` (may be NULL) receives whether `cq_dns_record_number` tells the member.
///
/// Errors: EINVAL for NULL or a number beyond 65535; ENOENT past the last member, or for a type without
/// names; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_type_member(
    rtype: c_uint,
    index: usize,
    buffer: *mut c_char,
    size: usize,
    is_number: *mut bool,
) -> c_int {
    call(|| {
        let (name, counts) = types::member(number(rtype)?, index).ok_or(Errno::NOENT)?;
        // SAFETY: as documented, here and below.
        unsafe { put_optional(is_number, counts) };
        unsafe { fill(name.as_bytes(), buffer, size, std::ptr::null_mut()) }
    })
}
