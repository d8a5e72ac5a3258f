// SPDX-License-Identifier: MIT
//! Hosts and paths, beside what the C library says of the same text, and through the options that
//! programs set.

#![no_main]

use cqueues::capi::datagram::{cq_address_name, cq_address_parse, cq_address_path};
use cqueues::address::{internet, unix};
use cqueues::connect;
use cqueues::socket::Options;
use libfuzzer_sys::fuzz_target;
use std::ffi::{c_char, c_int, c_void, CString};
use std::mem::{offset_of, size_of, MaybeUninit};
use std::net::{Ipv4Addr, Ipv6Addr};

extern "C" {
    #[link_name = "inet_pton"]
    fn system_inet_pton(family: c_int, text: *const c_char, address: *mut c_void) -> c_int;
}

fn inet_pton<const SIZE: usize>(family: i32, text: &str) -> Option<[u8; SIZE]> {
    let text = CString::new(text).ok()?;
    let mut address = [0u8; SIZE];
    // SAFETY: the text is terminated, the address has the size of its family.
    let result = unsafe { system_inet_pton(family, text.as_ptr(), address.as_mut_ptr().cast()) };
    (result == 1).then_some(address)
}

fn check_host(host: &str, port: u16) {
    let (address, zone) = host.split_once('%').map_or((host, None), |(a, z)| (a, Some(z)));
    let v4 = inet_pton::<4>(libc::AF_INET, address).map(Ipv4Addr::from);
    let v6 = inet_pton::<16>(libc::AF_INET6, address).map(Ipv6Addr::from);
    match internet(host, port) {
        Ok(found) => {
            let four = found.as_sockaddr_in().map(|a| (a.ip(), a.port()));
            let six = found.as_sockaddr_in6().map(|a| (a.ip(), a.port()));
            assert_eq!(four, v4.map(|ip| (ip, port)), "{host:?}");
            assert_eq!(six, v6.map(|ip| (ip, port)), "{host:?}");
            let scope = found.as_sockaddr_in6().map_or(0, |a| a.scope_id());
            if let (Some(_), Some(Ok(number))) = (v6, zone.map(str::parse::<u32>)) {
                assert_eq!(scope, number, "{host:?}");
            }
        }
        // An address is refused only if it is none, or for its zone.
        Err(_) => assert!(v4.is_none() && v6.is_none() || zone.is_some(), "{host:?}"),
    }
}

fn check_path(path: &[u8]) {
    let room = size_of::<libc::sockaddr_un>() - offset_of!(libc::sockaddr_un, sun_path);
    // The system terminates a path; a name in the abstract namespace may fill the room.
    let is_abstract = path.first() == Some(&0);
    let fits = path.len() < room || (is_abstract && path.len() <= room);
    let has_nul = !is_abstract && path.contains(&0);
    match unix(path) {
        Ok(address) => {
            assert!(!path.is_empty() && fits && !has_nul, "{path:?}");
            let found = address.as_unix_addr().expect("a UNIX address");
            match is_abstract {
                true => assert_eq!(found.as_abstract(), Some(&path[1..])),
                false => {
                    assert_eq!(found.path().map(|p| p.as_os_str().as_encoded_bytes()), Some(path))
                }
            }
        }
        Err(_) => assert!(path.is_empty() || !fits || has_nul, "{path:?}"),
    }
}

/// What an address says about itself makes the same address.
fn check_names(text: &[u8], port: u16) {
    let mut address = MaybeUninit::uninit();
    let mut again = MaybeUninit::uninit();
    let mut name = MaybeUninit::uninit();
    let Ok(host) = CString::new(text) else { return };
    // SAFETY: the text is terminated; what a call fills is read only when it returned 0.
    unsafe {
        if cq_address_parse(host.as_ptr(), port.into(), address.as_mut_ptr()) == 0 {
            assert_eq!(cq_address_name(address.as_ptr(), name.as_mut_ptr()), 0);
            let (told, first) = (name.assume_init_ref(), address.assume_init_ref());
            assert_eq!(told.port, port.into());
            assert_eq!(cq_address_parse(told.text.as_ptr(), told.port, again.as_mut_ptr()), 0);
            let second: &cqueues::socket::Address = again.assume_init_ref();
            assert_eq!(first.size, second.size);
            // A zone is no part of what an address says.
            assert!(first.storage == second.storage || text.contains(&b'%'), "{host:?}");
        }
        if cq_address_path(text.as_ptr().cast(), text.len(), address.as_mut_ptr()) == 0 {
            assert_eq!(cq_address_name(address.as_ptr(), name.as_mut_ptr()), 0);
            let told = name.assume_init_ref();
            assert_eq!(told.text.map(|c| c as u8)[..told.size], *text);
        }
    }
}

/// A socket with such an address fails by an error, at once or when it is first used. It listens only,
/// on whatever port is free, so that nothing is sent anywhere.
fn check_options(host: &str) {
    let is_local =
        internet(host, 0).is_ok_and(|a| match (a.as_sockaddr_in(), a.as_sockaddr_in6()) {
            (Some(v4), _) => v4.ip().is_loopback(),
            (_, Some(v6)) => v6.ip().is_loopback(),
            _ => false,
        });
    let mut options = Options::default();
    options.set_host(host).expect("memory");
    match options.address() {
        Ok(_) if is_local => {
            let _ = connect::listen(options).and_then(|socket| socket.establish());
        }
        found => assert_eq!(found.is_ok(), internet(host, 0).is_ok(), "{host:?}"),
    }
}

fuzz_target!(|data: &[u8]| {
    check_path(data);
    check_names(data, data.len() as u16);
    if let Ok(host) = std::str::from_utf8(data) {
        check_host(host, data.len() as u16);
        check_options(host);
    }
});
