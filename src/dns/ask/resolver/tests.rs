// SPDX-License-Identifier: MIT
//! Resolvers: what fetch tells when, and answers over real datagrams and connections of this machine.

use super::*;
use crate::dns::message::packet::{flag, rcode};
use crate::dns::message::types::{A, IN};
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::RawFd;

fn config(text: &str) -> Arc<Config> {
    let mut config = Config::default();
    config.load(text.as_bytes(), crate::dns::system::config::Syntax::Resolv, "resolv.conf");
    assert_eq!(config.warnings, Vec::<String>::new());
    Arc::new(config)
}

fn resolver(text: &str) -> Resolver {
    Resolver::new(config(text), Some(Arc::default()), None).unwrap()
}

/// Waits for a descriptor as a controller would.
fn wait(fd: RawFd, events: i16, timeout: Span) {
    let timeout = Some(timeout.min(Span(5_000_000_000)));
    let member = Member { fd, events, timeout, ..Member::NOTHING };
    crate::fiber::poll_one(member).expect("outside a controller the thread waits");
}

fn finish(resolver: &Resolver) -> Result<Packet> {
    loop {
        match resolver.fetch() {
            Err(Errno::AGAIN) => {
                let member = resolver.interest();
                wait(member.fd, member.events, member.timeout.unwrap_or(Span(5_000_000_000)));
            }
            result => return result,
        }
    }
}

/// The answer to a query: one address.
fn answered(query: &[u8], flags: u16) -> Packet {
    let query = Packet::parse(query).expect("a query");
    let (name, rtype, class) = query.question().expect("a question");
    let mut packet = Packet::query(query.id(), flag::QR | flag::RA | flags, &name, rtype, class);
    packet.push(ANSWER, &name, A, IN, 60, &[192, 0, 2, 80]).expect("an address");
    packet
}

/// A name server in a thread of its own that answers so many queries; each as `say` says.
fn serve(
    count: usize,
    say: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
) -> (u16, std::thread::JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = socket.local_addr().expect("its address").port();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).expect("a time limit");
    let server = std::thread::spawn(move || {
        for _ in 0..count {
            let mut query = [0; 512];
            let (size, from) = socket.recv_from(&mut query).expect("a query");
            for message in say(&query[..size]) {
                socket.send_to(&message, from).expect("an answer");
            }
        }
    });
    (port, server)
}

#[test]
fn fetch_tells_what_there_is_to_fetch() {
    let resolver = resolver("");
    assert_eq!(resolver.fetch().err(), Some(Errno::NOQUERY));
    resolver.submit("localhost", A, IN).expect("a question");
    assert_eq!(resolver.interest().timeout, Some(Span::ZERO), "it can go on at once");
    assert_eq!(resolver.fetch().expect("an answer").count(ANSWER), 1);
    assert_eq!(resolver.fetch().err(), Some(Errno::FETCHED));
    resolver.submit("localhost", A, IN).expect("another question");
    resolver.cancel();
    assert_eq!(resolver.fetch().err(), Some(Errno::NOQUERY));
    assert_eq!(resolver.submit("a..b", A, IN), Err(Errno::ILLEGAL));
    resolver.close();
    resolver.close();
    assert!(resolver.is_closed());
    assert_eq!(resolver.fetch().err(), Some(Errno::BADF));
    assert_eq!(resolver.submit("localhost", A, IN), Err(Errno::BADF));
}

#[test]
fn an_answer_comes_by_datagram() {
    for ports in [0, 2] {
        let (port, server) = serve(1, |query| vec![answered(query, 0).wire().to_vec()]);
        let resolver =
            resolver(&format!("nameserver [127.0.0.1]:{port}\noptions nocache ports:{ports}"));
        resolver.submit("www.test", A, IN).expect("a question");
        assert_eq!(resolver.fetch().err(), Some(Errno::AGAIN));
        assert!(
            resolver.progress().contains("www.test.: waiting for 127.0.0.1"),
            "{}",
            resolver.progress()
        );
        let packet = finish(&resolver).expect("an answer");
        assert_eq!(packet.count(ANSWER), 1);
        assert_eq!(resolver.reason(), "");
        let stat = resolver.stat();
        assert_eq!((stat.queries, stat.udp_sent.count, stat.udp_received.count), (1, 1, 1));
        server.join().expect("the server is content");
    }
}

#[test]
fn what_is_no_answer_is_passed_over() {
    for ports in [0, 1] {
        let (port, server) = serve(1, |query| {
            let answer = answered(query, 0).wire().to_vec();
            let mut forged = answer.clone();
            forged[0] ^= 1;
            let mut other = answer.clone();
            other[13] ^= 1;
            vec![vec![], vec![1, 2, 3], forged, query.to_vec(), other, answer]
        });
        let resolver =
            resolver(&format!("nameserver [127.0.0.1]:{port}\noptions nocache ports:{ports}"));
        resolver.submit("www.test", A, IN).expect("a question");
        let packet = finish(&resolver).expect("an answer");
        assert_eq!(
            packet.question().map(|question| question.0.to_string()),
            Some("www.test.".into())
        );
        server.join().expect("the server is content");
    }
}

#[test]
fn a_server_without_edns_is_asked_without_and_remembered() {
    let (port, server) = serve(3, |query| {
        let query_packet = Packet::parse(query).expect("a query");
        match query_packet.count(crate::dns::message::packet::ADDITIONAL) {
            0 => vec![answered(query, 0).wire().to_vec()],
            _ => {
                let mut refusal = query.to_vec();
                refusal[2..4].copy_from_slice(&[0x80, 1]);
                vec![refusal]
            }
        }
    });
    let resolver = resolver(&format!("nameserver [127.0.0.1]:{port}\noptions edns0"));
    for (name, queries) in [("one.test", 2), ("two.test", 3)] {
        resolver.submit(name, A, IN).expect("a question");
        assert_eq!(finish(&resolver).expect("an answer").count(ANSWER), 1);
        assert_eq!(resolver.stat().queries, queries);
    }
    server.join().expect("the server is content");
}

#[test]
fn a_cut_answer_is_fetched_over_a_connection() {
    let stream = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = stream.local_addr().expect("its address");
    let datagrams = UdpSocket::bind(address).expect("the same port");
    let server = std::thread::spawn(move || {
        let mut query = [0; 512];
        let (size, from) = datagrams.recv_from(&mut query).expect("a query");
        datagrams.send_to(answered(&query[..size], flag::TC).wire(), from).expect("a cut answer");
        let (mut connection, _) = stream.accept().expect("a connection");
        let mut length = [0; 2];
        connection.read_exact(&mut length).expect("a length");
        let mut query = vec![0; u16::from_be_bytes(length) as usize];
        connection.read_exact(&mut query).expect("a query");
        let answer = answered(&query, 0);
        // Byte by byte, as a bad network may.
        for byte in (answer.wire().len() as u16).to_be_bytes().iter().chain(answer.wire()) {
            connection.write_all(&[*byte]).expect("a byte");
        }
    });
    let resolver = resolver(&format!("nameserver [127.0.0.1]:{}\noptions nocache", address.port()));
    resolver.submit("www.test", A, IN).expect("a question");
    let packet = finish(&resolver).expect("an answer");
    assert_eq!((packet.count(ANSWER), packet.flags() & flag::TC), (1, 0));
    let stat = resolver.stat();
    assert_eq!((stat.udp_sent.count, stat.tcp_sent.count, stat.tcp_received.count), (1, 1, 1));
    assert_eq!(stat.tcp_received.bytes, packet.wire().len() as u64 + 2);
    server.join().expect("the server is content");
}

#[test]
fn a_server_that_is_not_there_is_told_as_the_system_tells_it() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = socket.local_addr().expect("its address").port();
    drop(socket);
    let resolver = resolver(&format!("nameserver [127.0.0.1]:{port}\noptions nocache"));
    resolver.submit("www.test.", A, IN).expect("a question");
    assert_eq!(finish(&resolver).err(), Some(Errno(libc::ECONNREFUSED)));
    let reason = resolver.reason();
    assert!(reason.starts_with(&format!("www.test.: 127.0.0.1:{port}: ")), "{reason}");
}

#[test]
fn an_answer_that_says_no_comes_with_its_reason() {
    let (port, server) = serve(1, |query| {
        let (mut bytes, denial) = (query.to_vec(), flag::QR | rcode::NXDOMAIN);
        bytes[2..4].copy_from_slice(&denial.to_be_bytes());
        vec![bytes]
    });
    let resolver = resolver(&format!("nameserver [127.0.0.1]:{port}\noptions nocache"));
    resolver.submit("www.test.", A, IN).expect("a question");
    assert_eq!(finish(&resolver).expect("a denial").code(), rcode::NXDOMAIN);
    assert_eq!(resolver.reason(), format!("www.test.: no such name, says 127.0.0.1:{port}"));
    server.join().expect("the server is content");
}
