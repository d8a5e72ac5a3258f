// SPDX-License-Identifier: MIT
//! Addresses from text, and back.

use super::*;

fn round_trip(host: &str, port: u16) -> Name {
    name(&internet(host, port).expect(host))
}

#[test]
fn numeric_addresses_come_back_as_they_were_written() {
    let v4 = Name::Internet(libc::AF_INET, "127.0.0.1".parse().unwrap(), 80);
    assert_eq!(round_trip("127.0.0.1", 80), v4);
    let v6 = Name::Internet(libc::AF_INET6, "::1".parse().unwrap(), 65535);
    assert_eq!(round_trip("::1", 65535), v6);
    let long = Name::Internet(libc::AF_INET6, "2001:db8::1".parse().unwrap(), 0);
    assert_eq!(round_trip("2001:0db8:0:0:0:0:0:1", 0), long);
}

#[test]
fn the_zone_of_an_address_is_a_number_or_the_name_of_an_interface() {
    let scope_of = |host| {
        let address = internet(host, 1).expect(host);
        address.as_sockaddr_in6().expect("IPv6").scope_id()
    };
    assert_eq!(scope_of("fe80::1%7"), 7);
    assert_eq!(scope_of("fe80::1"), 0);
    if let Ok(index) = nix::net::if_::if_nametoindex("lo") {
        assert_eq!(scope_of("fe80::1%lo"), index);
    }
    assert_eq!(internet("fe80::1%no-such-one", 1).err(), Some(Errno(libc::ENXIO)));
}

#[test]
fn what_is_no_numeric_address_has_no_address() {
    for host in ["", "127.1", "1.2.3.4.5", "256.0.0.1", "::1::", "127.0.0.1 ", "[::1]"] {
        assert_eq!(internet(host, 1).err(), Some(Errno::NONAME), "{host:?}");
    }
}

#[test]
fn a_path_comes_back_as_it_was_written() {
    let path = b"/tmp/a \xff socket";
    assert_eq!(name(&unix(path).unwrap()), Name::Path(path.to_vec()));
}

#[test]
fn a_path_as_long_as_the_system_allows_passes_and_a_longer_one_is_refused() {
    assert_eq!(name(&unix(&[b'x'; 107]).unwrap()), Name::Path(vec![b'x'; 107]));
    assert_eq!(unix(&[b'x'; 109]).err(), Some(Errno(libc::ENAMETOOLONG)));
}

#[test]
fn an_abstract_name_may_contain_anything() {
    for path in [&b"\0name"[..], b"\0a\0b", b"\0\0"] {
        assert_eq!(name(&unix(path).unwrap()), Name::Path(path.to_vec()));
    }
}

#[test]
fn an_empty_path_and_one_with_a_nul_inside_are_refused() {
    assert_eq!(unix(b"").err(), Some(Errno::BADARG));
    assert_eq!(unix(b"/tmp/a\0b").err(), Some(Errno(libc::EINVAL)));
}

#[test]
fn an_unnamed_unix_socket_has_only_its_family() {
    let (a, b) = crate::sys::socket::pair(libc::SOCK_STREAM).unwrap();
    let address = crate::sys::socket::local_name(a).unwrap();
    assert_eq!(name(&address), Name::Unnamed(libc::AF_UNIX));
    assert_eq!(family(&address), libc::AF_UNIX);
    crate::sys::close(a);
    crate::sys::close(b);
}
