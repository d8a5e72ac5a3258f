// SPDX-License-Identifier: MIT
//! Connections without queries: how many are kept, and for how long.

use super::*;
use crate::controller::Condition;
use crate::dns::ask::seat::{send, Seat};
use crate::dns::message::name::Name;
use crate::dns::resolve::exchange::{Ask, Exchange};
use crate::random;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};

/// Sends a query and has it answered. `None` for `peer`: by a new connection, which is given back.
fn asked(listener: &TcpListener, host: u8, peer: Option<TcpStream>) -> (Seat, TcpStream) {
    let port = listener.local_addr().expect("its address").port();
    let server = SocketAddr::new(Ipv4Addr::new(127, 0, 0, host).into(), port);
    let transport = Default::default();
    let ask = Ask { server, transport, name: Name::root(), rtype: 1, class: 1, recursive: true };
    let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let route = Route::new(&ask, nowhere, None).expect("a route");
    let mut exchange = Exchange::new(ask, random::id(), false);
    let condition = Condition::new(false).expect("a condition");
    let seat = send(&mut exchange, &route, &condition, false, Instant::now()).expect("it is sent");
    let mut peer = peer.unwrap_or_else(|| listener.accept().expect("a connection").0);
    let mut query = [0; 19];
    while seat.take().is_none() {
        seat.look(true);
        peer.set_nonblocking(true).expect("a mode");
        if let Ok(19) = peer.read(&mut query) {
            query[4] |= 0x80;
            peer.write_all(&query).expect("an answer");
        }
    }
    (seat, peer)
}

fn open() -> usize {
    STREAMS.with(|streams| {
        let streams = streams.borrow();
        streams.iter().filter_map(Weak::upgrade).filter(|stream| stream.open.get()).count()
    })
}

#[test]
fn a_connection_without_queries_is_kept_for_eight_seconds() {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a listener");
    let mut kept = Kept::default();
    let (seat, peer) = asked(&listener, 1, None);
    kept.keep(seat.keep().expect("it goes on"), Instant::now());
    drop(seat);
    let later = |seconds: f64| Instant::now().after(Span((seconds * 1e9) as u64));
    kept.tend(later(7.5));
    assert_eq!((open(), kept.0.len()), (1, 1));
    let (seat, mut peer) = asked(&listener, 1, Some(peer));
    kept.keep(seat.keep().expect("it is the same"), Instant::now());
    assert_eq!((open(), kept.0.len()), (1, 1));
    drop(seat);
    kept.tend(later(8.5));
    assert_eq!((open(), kept.0.len()), (0, 0));
    peer.set_nonblocking(false).expect("a mode");
    assert_eq!(peer.read(&mut [0; 1]).expect("the end"), 0);
}

#[test]
fn a_resolver_keeps_four_connections_and_a_thread_sixteen() {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a listener");
    let mut all: Vec<Kept> = (0..6).map(|_| Kept::default()).collect();
    let mut peers = Vec::new();
    for host in 1..=30 {
        let (seat, peer) = asked(&listener, host, None);
        let kept = &mut all[usize::from(host - 1) / 5];
        kept.keep(seat.keep().expect("it goes on"), Instant::now());
        assert!(kept.0.len() <= KEPT);
        drop(seat);
        peers.push(peer);
    }
    tend(Instant::now());
    assert_eq!(open(), IDLE_MOST);
    drop(all);
    assert_eq!(open(), 0);
}
