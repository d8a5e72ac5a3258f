// SPDX-License-Identifier: MIT
//! What of TLS configurations needs no connection; connections are tested through the header.

use super::demands::address_of;
use super::protocols::select_protocol;
use super::*;

#[test]
fn the_server_chooses_what_it_likes_best_of_what_is_offered() {
    let ours = b"\x02h2\x08http/1.1";
    assert_eq!(select_protocol(ours, b"\x08http/1.1\x02h2"), Some(&b"h2"[..]));
    assert_eq!(select_protocol(ours, b"\x03foo\x08http/1.1"), Some(&b"http/1.1"[..]));
    assert_eq!(select_protocol(ours, b"\x03foo"), None);
    assert_eq!(select_protocol(ours, b"\x09h2"), None, "a name that is cut short");
    assert_eq!(select_protocol(ours, b""), None);
}

#[test]
fn protocols_that_cannot_be_named_are_refused() {
    let config = Config::new(None).unwrap();
    assert_eq!(config.set_protocols("h2,http/1.1"), Ok(()));
    for names in ["", ",", "h2,", ",h2"] {
        assert_eq!(config.set_protocols(names), Err(Errno::BADARG), "{names:?}");
    }
    assert_eq!(config.set_protocols(&"x".repeat(255)), Ok(()));
    assert_eq!(config.set_protocols(&"x".repeat(256)), Err(Errno::BADARG));
}

#[test]
fn hosts_that_are_addresses_are_told_from_names() {
    assert!(address_of("127.0.0.1").is_some());
    assert!(address_of("fe80::1%lo").is_some());
    assert_eq!(address_of("127.0.0.1.example"), None);
    assert_eq!(address_of("localhost"), None);
}

#[test]
fn a_client_that_verifies_needs_to_know_whom() {
    let config = Config::new(Some(Role::Client)).unwrap();
    let nobody = config.begin(&Peer::default(), false, false).err();
    assert_eq!(nobody, Some(Errno::NOTVERIFIED));
    config.set_name("server.example").unwrap();
    assert!(config.begin(&Peer::default(), false, false).is_ok());
}

#[test]
fn files_that_are_no_certificates_are_refused_by_name_of_what_is_wrong() {
    let config = Config::new(Some(Role::Server)).unwrap();
    let missing_file = Pem::File("/no/such/file");
    let missing = Err(Errno(libc::ENOENT));
    assert_eq!(config.set_certificate(missing_file, missing_file), missing);
    assert_eq!(config.set_authorities(missing_file), missing);
    assert_eq!(config.set_authorities(Pem::File(file!())), Err(Errno::TLS));
}

#[test]
fn no_more_sessions_are_kept_than_the_limit() {
    let mut sessions = Sessions::default();
    let known = |sessions: &Sessions<u32>| {
        (0..5000).filter(|n| sessions.find(&n.to_string()).is_some()).count()
    };
    for number in 0..5000 {
        sessions.keep(&number.to_string(), number);
        assert_eq!(sessions.find(&number.to_string()), Some(&number));
        sessions.keep("the same peer again", number);
    }
    assert!((1..=1024).contains(&known(&sessions)));
    sessions.forget();
    assert_eq!(known(&sessions), 0);
}
