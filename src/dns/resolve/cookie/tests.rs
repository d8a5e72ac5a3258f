// SPDX-License-Identifier: MIT
//! Which cookies are made, kept and recognised.

use super::*;
use crate::dns::message::name::Name;
use std::collections::BTreeSet;

const HOUR: Span = Span(3_600_000_000_000);

fn server(text: &str) -> SocketAddr {
    SocketAddr::new(text.parse().expect("an address"), 53)
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A reply with these options in its OPT record.
fn reply(list: &[(u16, &[u8])]) -> Packet {
    let mut packet = Packet::new(4096);
    let mut data = Vec::new();
    for (code, value) in list {
        data.extend(code.to_be_bytes());
        data.extend((value.len() as u16).to_be_bytes());
        data.extend(*value);
    }
    packet.push(ADDITIONAL, &Name::root(), OPT, 1232, 0, &data).expect("an OPT");
    packet
}

#[test]
fn a_client_cookie_is_of_a_server_an_address_of_ours_and_a_day() {
    let (mut cookies, now) = (Cookies::default(), Instant(1));
    let mut seen = BTreeSet::new();
    for at in [now, now.after(Span(25 * HOUR.0))] {
        for to in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
            for own in ["198.51.100.1", "198.51.100.2"] {
                let offer = cookies.offer(1, server(to), at);
                let cookie = offer.cookie(address(own));
                assert_eq!(cookie.data().len(), CLIENT);
                assert_eq!(offer.cookie(address(own)), cookie, "it stays the same");
                seen.insert(cookie.data().to_vec());
            }
        }
    }
    assert_eq!(seen.len(), 12);
    let other = Cookies::default().offer(1, server("192.0.2.1"), now).cookie(address("::"));
    assert_ne!(other, cookies.offer(1, server("192.0.2.1"), now).cookie(address("::")));
}

#[test]
fn what_a_server_gave_is_sent_back_to_it_from_the_same_address_for_an_hour() {
    let (mut cookies, now) = (Cookies::default(), Instant(1));
    let (here, there) = (server("192.0.2.1"), server("192.0.2.2"));
    let own = address("198.51.100.1");
    let fresh = cookies.offer(1, here, now).cookie(own);
    let whole = [fresh.data(), &[7; 16]].concat();
    let Told::Ours(given) = told(&reply(&[(OPTION, &whole)]), &fresh) else { panic!("ours") };
    cookies.keep(1, here, given, now);
    assert_eq!(cookies.offer(1, here, now).cookie(own).data(), whole);
    let elsewhere = cookies.offer(1, here, now).cookie(address("198.51.100.2"));
    assert_eq!(elsewhere.data().len(), CLIENT, "it was given to another address");
    assert!(!cookies.offer(1, there, now).is_known());
    assert!(!cookies.offer(2, here, now).is_known(), "another view");
    assert!(cookies.offer(1, here, now).is_known());
    assert!(!cookies.offer(1, here, now.after(HOUR)).is_known(), "it is over");
    cookies.forget(1, here);
    assert!(!cookies.offer(1, here, now).is_known());
}

#[test]
fn a_cookie_of_a_wrong_size_or_of_another_client_is_wrong() {
    let sent = Cookies::default().offer(1, server("192.0.2.1"), Instant(1)).cookie(address("::"));
    let with = |rest: &[u8]| [sent.data(), rest].concat();
    for size in 0..=50usize {
        let whole = with(&vec![9; size]);
        let heard = told(&reply(&[(OPTION, &whole)]), &sent);
        assert_eq!(matches!(heard, Told::Ours(_)), (8..=32).contains(&size), "{size}");
        assert_eq!(heard == Told::Echo, size == 0, "{size}");
        let cut = told(&reply(&[(OPTION, &whole[..size.min(7)])]), &sent);
        assert_eq!(cut, Told::Wrong, "{size}");
    }
    for bit in 0..64 {
        let mut whole = with(&[9; 16]);
        whole[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(told(&reply(&[(OPTION, &whole)]), &sent), Told::Wrong, "{bit}");
    }
    assert_eq!(told(&Packet::new(512), &sent), Told::Nothing);
    assert_eq!(told(&reply(&[(3, b"nsid")]), &sent), Told::Nothing);
}

#[test]
fn of_several_options_the_first_counts() {
    let sent = Cookies::default().offer(1, server("192.0.2.1"), Instant(1)).cookie(address("::"));
    let whole = [sent.data(), &[9; 16]].concat();
    let other = [&[0; 8][..], &[9; 16]].concat();
    let both = [(3, &b"nsid"[..]), (OPTION, &whole), (OPTION, &other)];
    assert!(matches!(told(&reply(&both), &sent), Told::Ours(_)));
    let both = [(OPTION, &other[..]), (OPTION, &whole)];
    assert_eq!(told(&reply(&both), &sent), Told::Wrong);
}

#[test]
fn no_more_servers_are_remembered_than_the_limit() {
    let (mut cookies, now) = (Cookies::default(), Instant(1));
    let cookie = Cookie::scan(&[1; 16]).expect("a cookie");
    let servers: Vec<SocketAddr> =
        (0..=SERVERS).map(|n| SocketAddr::from(([10, 0, (n / 256) as u8, n as u8], 53))).collect();
    servers.iter().for_each(|&server| cookies.keep(1, server, cookie, now));
    let known = servers.iter().filter(|&&server| cookies.offer(1, server, now).is_known()).count();
    assert_eq!(known, SERVERS);
}
