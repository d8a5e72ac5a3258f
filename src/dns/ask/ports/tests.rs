// SPDX-License-Identifier: MIT
//! Shared ports: few sockets, many queries, and answers that find whom they are for.

use super::*;
use crate::dns::message::name::Name;
use crate::dns::resolve::exchange::Ask;
use std::collections::BTreeSet;
use std::net::UdpSocket;

/// A server that answers what it is told to.
fn server() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).expect("a time limit");
    let address = socket.local_addr().expect("its address");
    (socket, address)
}

fn exchange(server: SocketAddr) -> Exchange {
    let ask = Ask {
        server,
        transport: Default::default(),
        name: Name::root(),
        rtype: 1,
        class: 1,
        recursive: true,
    };
    Exchange::new(ask, random::id(), false)
}

fn sent(server: SocketAddr, count: u32) -> (Slot, AtomicShared<Condition>, u16) {
    let (mut exchange, condition) = (exchange(server), Condition::new(false).unwrap());
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    let slot = send(&mut exchange, count, &any, &condition).expect("it is sent");
    (slot, condition, exchange.id())
}

/// Looks until there is something: datagrams of this machine are there at once.
fn look(slot: &Slot) -> Option<Vec<u8>> {
    slot.look(false);
    slot.take()
}

#[test]
fn many_queries_leave_through_few_ports_with_different_ids() {
    let (socket, address) = server();
    let slots: Vec<_> = (0..200).map(|_| sent(address, 4)).collect();
    let mut from = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for _ in &slots {
        let mut query = [0; 512];
        let (_, port) = socket.recv_from(&mut query).expect("a query");
        from.insert(port.port());
        pairs.insert((port.port(), [query[0], query[1]]));
    }
    assert_eq!((from.len(), pairs.len()), (4, 200));
}

#[test]
fn a_port_is_given_up_after_so_many_queries() {
    let (socket, address) = server();
    let mut from = BTreeSet::new();
    for _ in 0..2 * USES + 1 {
        drop(sent(address, 1));
        let (_, port) = socket.recv_from(&mut [0; 512]).expect("a query");
        from.insert(port.port());
    }
    assert_eq!(from.len(), 3);
}

#[test]
fn the_leader_receives_for_all_and_hands_on_what_is_not_his() {
    let (socket, address) = server();
    let (first, _, _) = sent(address, 1);
    let (second, _, id) = sent(address, 1);
    let (_, port) = socket.recv_from(&mut [0; 512]).expect("a query");
    assert!(first.member().fd >= 0);
    assert_eq!(second.member().fd, -1, "there is one leader");
    socket.send_to(&[&id.to_be_bytes()[..], b"for the second"].concat(), port).expect("an answer");
    assert_eq!(look(&first), None);
    assert_eq!(
        second.take().map(|message| message[2..].to_vec()),
        Some(b"for the second".to_vec())
    );
    assert_eq!(second.take(), None);
}

#[test]
fn when_the_leader_leaves_another_takes_over() {
    let (_socket, address) = server();
    let (first, _, _) = sent(address, 1);
    let (second, _, _) = sent(address, 1);
    assert!(first.member().fd >= 0 && second.member().fd < 0);
    drop(first);
    assert!(second.member().fd >= 0);
    // Or when he does not look for long.
    let (third, _, _) = sent(address, 1);
    assert!(third.member().fd < 0);
    third.look(true);
    assert!(third.member().fd >= 0 && second.member().fd < 0);
}

#[test]
fn messages_from_elsewhere_and_for_nobody_are_dropped() {
    let (socket, address) = server();
    let (slot, _, id) = sent(address, 1);
    let (_, port) = socket.recv_from(&mut [0; 512]).expect("a query");
    let (other, _) = server();
    other.send_to(&[&id.to_be_bytes()[..], b"forged"].concat(), port).expect("a forgery");
    socket.send_to(&(id ^ 1).to_be_bytes(), port).expect("for nobody");
    socket.send_to(&[7], port).expect("less than an id");
    assert_eq!(look(&slot), None);
    socket.send_to(&id.to_be_bytes(), port).expect("an answer");
    assert_eq!(look(&slot), Some(id.to_be_bytes().to_vec()));
}

#[test]
fn whoever_does_not_look_gets_eight_messages_and_no_more() {
    let (socket, address) = server();
    let (leader, _, _) = sent(address, 1);
    let (sleeper, _, id) = sent(address, 1);
    let (_, port) = socket.recv_from(&mut [0; 512]).expect("a query");
    assert!(leader.member().fd >= 0);
    (0..20).for_each(|_| drop(socket.send_to(&id.to_be_bytes(), port)));
    assert_eq!(look(&leader), None);
    assert_eq!(std::iter::from_fn(|| sleeper.take()).count(), INBOX);
}

/// Who sees the ports of one thread must not learn those of another, nor the next one from those before: the kernel
/// chooses each at random.
#[test]
fn threads_have_ports_of_their_own_that_do_not_tell_of_each_other() {
    let (socket, address) = server();
    let threads: Vec<Vec<u16>> = (0..4)
        .map(|_| {
            let asking = std::thread::spawn(move || {
                let slots: Vec<_> = (0..400).map(|_| sent(address, 32)).collect();
                let ids: BTreeSet<u16> = slots.iter().map(|(_, _, id)| *id).collect();
                assert!(ids.len() > 380, "400 random ids, of which few meet");
                slots
                    .iter()
                    .map(|(slot, ..)| sock::local_name(slot.port.descriptor.fd()).expect("bound"))
                    .map(|name| name.as_sockaddr_in().expect("IPv4").port())
                    .collect::<BTreeSet<u16>>()
                    .into_iter()
                    .collect()
            });
            asking.join().expect("no panic")
        })
        .collect();
    drop(socket);
    let all: BTreeSet<u16> = threads.iter().flatten().copied().collect();
    assert!(threads.iter().all(|ports| ports.len() == 32));
    // A port may come again by chance once it is free: of 28,232 very few do.
    assert!(all.len() > 120, "{} ports", all.len());
    let (least, most) = (all.first().expect("some"), all.last().expect("some"));
    assert!(most - least > 10_000, "from {least} to {most}");
    let list: Vec<u16> = all.iter().copied().collect();
    let near = list.windows(2).filter(|pair| pair[1] - pair[0] < 8).count();
    assert!(near < list.len() / 4, "{near} of {} are beside another", list.len());
}
