// SPDX-License-Identifier: MIT
//! Names and texts of errors.

use super::*;
use std::collections::HashSet;

#[test]
fn every_name_leads_to_its_number_and_every_number_to_one_of_its_names() {
    for (name, code) in Errno::all() {
        let first = Errno(code).name().unwrap_or_else(|| panic!("{code} has no name"));
        let (_, back) = Errno::all().find(|entry| entry.0 == first).expect("its name is listed");
        assert_eq!(back, code, "{name:?} and {first:?}");
    }
}

#[test]
fn no_name_is_listed_twice() {
    let mut names = HashSet::new();
    for (name, _) in Errno::all() {
        assert!(names.insert(name), "{name:?}");
    }
}

#[test]
fn numbers_with_two_names_are_called_by_the_usual_one() {
    assert_eq!(Errno(libc::EWOULDBLOCK).name(), Some(c"EAGAIN"));
    assert_eq!(Errno(libc::ENOTSUP).name(), Some(c"EOPNOTSUPP"));
    assert_eq!(Errno(libc::EDEADLK).name(), Some(c"EDEADLK"));
}

#[test]
fn the_librarys_own_codes_are_negative_and_unique_and_each_has_a_text_of_its_own() {
    let (mut codes, mut texts) = (HashSet::new(), HashSet::new());
    for entry in LIBRARY {
        assert!(entry.code.0 < 0, "{:?}", entry.name);
        assert!(codes.insert(entry.code.0), "{:?}", entry.name);
        assert!(texts.insert(entry.code.text()), "{:?}", entry.name);
        assert!(entry.name.to_bytes().starts_with(b"CQ_E"), "{:?}", entry.name);
        assert_eq!(entry.code.name(), Some(entry.name));
    }
}

#[test]
fn the_librarys_codes_count_upwards_from_four_letters() {
    assert_eq!(SOCKET_BASE, -i32::from_be_bytes(*b"sck9"));
    assert_eq!(DNS_BASE, -i32::from_be_bytes(*b"dns@"));
}

#[test]
fn the_systems_codes_have_the_systems_texts() {
    assert_eq!(Errno(libc::ENOENT).text(), "No such file or directory");
    assert_eq!(Errno(99999).text(), "Unknown error 99999");
    assert_eq!(Errno(-1).text(), "Unknown error -1");
    assert_eq!(Errno(99999).name(), None);
    assert_eq!(Errno(0).name(), None);
}

#[test]
fn errors_print_their_text_and_for_developers_their_number() {
    assert_eq!(Errno::PANIC.to_string(), "internal error in libcqueues");
    assert_eq!(format!("{:?}", Errno(libc::EPERM)), "Operation not permitted (1)");
}

#[test]
fn only_what_can_be_repeated_later_counts_as_again() {
    assert!(Errno::AGAIN.is_again() && Errno(libc::EINPROGRESS).is_again());
    assert!(!Errno::PIPE.is_again() && !Errno(libc::EINTR).is_again());
}

#[test]
fn errors_of_other_libraries_keep_their_number() {
    assert_eq!(Errno::from(std::io::Error::from_raw_os_error(libc::EPERM)), Errno(libc::EPERM));
    assert_eq!(Errno::from(std::io::Error::other("no number")), Errno(libc::EIO));
    assert_eq!(Errno::from(nix::errno::Errno::EXDEV), Errno(libc::EXDEV));
}
