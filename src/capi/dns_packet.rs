// SPDX-License-Identifier: MIT
//! `cq_dns_packet_*`: DNS messages.

use super::boundary::{borrow, bytes, call, fill, hand_out, put, take_back, text, value};
use super::dns_record::cq_dns_record;
use crate::dns::message::name::Name;
use crate::dns::message::packet::Packet;
use crate::dns::message::records::Cursor;
use crate::errno::{Errno, Result};
use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_uint, c_void};

/// A DNS message, used by one thread at a time. Records point into it.
pub struct Message(pub(super) RefCell<Packet>);

/// A section of a message: the question. Sections are joined by `|`.
pub const CQ_DNS_QUESTION: u32 = 1;
/// A section of a message: the records that answer.
pub const CQ_DNS_ANSWER: u32 = 2;
/// A section of a message: the servers that know the answer, or the zone that says that there is none.
pub const CQ_DNS_AUTHORITY: u32 = 4;
/// A section of a message: records that help with those of the other sections, such as the addresses of servers.
pub const CQ_DNS_ADDITIONAL: u32 = 8;

/// What `cq_dns_packet_grep` looks for. Set `size` first; a member that is 0 or NULL matches every record.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct cq_dns_selector {
    /// `sizeof (cq_dns_selector)`.
    pub size: usize,
    /// Sections (`CQ_DNS_ANSWER` and so on), joined by `|`.
    pub sections: u32,
    /// The type of the record; 255 for all.
    pub rtype: u16,
    /// The class of the record; 255 for all.
    pub rclass: u16,
    /// The owner's name, or NULL.
    pub name: *const c_char,
}

/// # Safety
///
/// `place` is NULL or writable.
pub(super) unsafe fn hand_out_packet(place: *mut *mut Message, packet: Packet) -> Result<()> {
    // SAFETY: as above.
    unsafe { hand_out(place, Message(RefCell::new(packet))) }
}

/// Makes a message without records, with room for `size` bytes at most, the 12 of its header included. Free it with
/// `cq_dns_packet_free`.
///
/// Errors: EINVAL for NULL.
///
/// Source: RFC 1035 §4, cqueues User Guide §3.2.8.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_new(size: usize, packet: *mut *mut Message) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out_packet(packet, Packet::new(size)) })
}

/// Makes a message of bytes in wire form, which are copied.
///
/// Errors: EINVAL for NULL; `CQ_EILLEGAL` if a record that the header announces is missing (unless the message
/// says that it was cut), or a name leads nowhere, in circles or beyond 255 bytes.
///
/// Safety: `data` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_parse(
    data: *const c_void,
    size: usize,
    packet: *mut *mut Message,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out_packet(packet, Packet::parse(bytes(data, size)?)?) })
}

/// Frees a message. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_free(packet: *mut Message) {
    // SAFETY: as documented.
    unsafe { take_back(packet) }
}

/// Replaces what a message holds by bytes in wire form.
///
/// Errors: EINVAL for NULL; `CQ_EILLEGAL` as for `cq_dns_packet_parse`; `CQ_ENOBUFS` if there are more than the
/// message has room for. It is unchanged then.
///
/// Safety: `data` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_load(
    packet: *const Message,
    data: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(packet)?.0.borrow_mut().load(bytes(data, size)?) })
}

/// Tells the wire form of a message, which holds until the message is changed or freed.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_dump(
    packet: *const Message,
    data: *mut *const c_void,
    size: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let packet = unsafe { borrow(packet) }?.0.borrow();
        unsafe { put(size, packet.wire().len()) }?;
        unsafe { put(data, packet.wire().as_ptr().cast()) }
    })
}

/// Tells the id of a message, a number that the answer to it repeats. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_qid(packet: *const Message) -> c_uint {
    // SAFETY: as documented.
    value(0, || Ok(c_uint::from(unsafe { borrow(packet) }?.0.borrow().id())))
}

/// Sets the id of a message, a number that the answer to it repeats; the lower 16 bits of `qid` count.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_set_qid(packet: *const Message, qid: c_uint) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(packet) }?.0.borrow_mut().set_id(qid as u16);
        Ok(())
    })
}

/// Tells the flags of the header, 16 bits: QR 0x8000, opcode 0x7800, AA 0x0400, TC 0x0200, RD 0x0100, RA 0x0080,
/// Z 0x0070, rcode 0x000f. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_flags(packet: *const Message) -> c_uint {
    // SAFETY: as documented.
    value(0, || Ok(c_uint::from(unsafe { borrow(packet) }?.0.borrow().flags())))
}

/// Sets the flags of the header; the lower 16 bits count.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_set_flags(packet: *const Message, flags: c_uint) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(packet) }?.0.borrow_mut().set_flags(flags as u16);
        Ok(())
    })
}

/// Tells the outcome: the rcode of the header, with the bits that an OPT record adds to it. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_rcode(packet: *const Message) -> c_uint {
    // SAFETY: as documented.
    value(0, || Ok(c_uint::from(unsafe { borrow(packet) }?.0.borrow().rcode())))
}

/// Counts the records of the sections, which are joined by `|`, as the header announces them. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_count(packet: *const Message, sections: c_uint) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(packet) }?.0.borrow().count(sections as u8)))
}

/// Appends a record. Sections are filled in the order question, answer, authority, additional. `rdata` is the data in
/// wire form, with names uncompressed; names in data of the types of RFC 1035 are compressed, as the owner's name is.
/// A question has neither `ttl` nor data.
///
/// Errors: EINVAL for NULL; `CQ_ESECTION` if `section` is no single one; `CQ_EORDER` if a later one has
/// records; `CQ_EILLEGAL` for a bad name, or data that is not of the type; `CQ_ENOBUFS` if it does not
/// fit. The message is unchanged then.
///
/// Safety: `name` is a string; `rdata` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_push(
    packet: *const Message,
    section: c_uint,
    name: *const c_char,
    rtype: c_uint,
    rclass: c_uint,
    ttl: u32,
    rdata: *const c_void,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (packet, rdata) = unsafe { (borrow(packet)?, bytes(rdata, size)?) };
        let name = Name::scan(unsafe { text(name) }?.to_bytes())?;
        let section = u8::try_from(section).map_err(|_| Errno::SECTION)?;
        let (rtype, rclass) = (number(rtype)?, number(rclass)?);
        packet.0.borrow_mut().push(section, &name, rtype, rclass, ttl, rdata)
    })
}

pub(super) fn number(value: c_uint) -> Result<u16> {
    u16::try_from(value).map_err(|_| Errno::BADARG)
}

/// Finds the next record that matches a selector (NULL: all). Set `cursor` to 0 before the first call and leave it as
/// it is between calls.
///
/// Errors: EINVAL for NULL or a selector of another size; `CQ_EILLEGAL` if the selector's name is none; ENOENT
/// after the last one.
///
/// Safety: the selector's name is NULL or a string. The record holds until the message is changed or freed.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_grep(
    packet: *const Message,
    selector: *const cq_dns_selector,
    cursor: *mut u64,
    record: *mut cq_dns_record,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (packet, selector) = unsafe { (borrow(packet)?.0.borrow(), selector.as_ref()) };
        if selector.is_some_and(|selector| selector.size != size_of::<cq_dns_selector>()) {
            return Err(Errno::BADARG);
        }
        let at = unsafe { *borrow(cursor)? };
        let from = Cursor { at: (at >> 32) as u32, index: at as u32 };
        let mut records = packet.cursor((at > 0).then_some(from));
        let name = match selector.map(|selector| selector.name).filter(|name| !name.is_null()) {
            Some(name) => Some(Name::scan(unsafe { text(name) }?.to_bytes())?),
            None => None,
        };
        let found = records.find(|record| {
            let fits = |wanted: u16, is: u16| wanted == 0 || wanted == 255 || wanted == is;
            selector.is_none_or(|s| {
                (s.sections == 0 || s.sections & u32::from(record.section) != 0)
                    && fits(s.rtype, record.rtype)
                    && fits(s.rclass, record.class)
            }) && name.as_ref().is_none_or(|n| n.is_at(record.message, record.name as usize))
        });
        unsafe {
            put(cursor, u64::from(records.cursor.at) << 32 | u64::from(records.cursor.index))
        }?;
        unsafe { put(record, cq_dns_record::new(&found.ok_or(Errno::NOENT)?)) }
    })
}

/// Writes a message as text, much as dig(1) prints it, and a NUL. `length` (may be NULL) receives the
/// length of all of it, also when it does not fit.
///
/// Errors: EINVAL for NULL; `CQ_ENOBUFS` if `size` is too small.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_packet_format(
    packet: *const Message,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { fill(&borrow(packet)?.0.borrow().format(), buffer, size, length) })
}
