// SPDX-License-Identifier: MIT
//! Who joins whom, and who leads when the leader goes. Nothing is answered here: `tests/capi/dns_shared.c` does that.

use super::*;
use crate::dns::message::name::Name;
use crate::dns::message::types::{A, AAAA, IN};
use std::net::UdpSocket;

fn ask(server: SocketAddr, name: &str, rtype: u16) -> Ask {
    let name = Name::scan(name.as_bytes()).expect("a name");
    Ask { server, transport: Default::default(), name, rtype, class: IN, recursive: true }
}

fn start(ask: &Ask, edns: bool, now: Instant, stat: &mut Stat) -> Joint {
    let manner = Manner {
        patience: Span(5_000_000_000),
        tcp: Tcp::Enable,
        interface: SocketAddr::from(([0, 0, 0, 0], 0)),
        ports: 0,
        attempt: 1,
        credentials: None,
        condition: &Condition::new(false).unwrap(),
    };
    let exchange = Exchange::new(ask.clone(), 7, edns);
    Joint::start(exchange, &manner, None, now, stat).expect("it begins")
}

fn server() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = socket.local_addr().expect("its address");
    (socket, address)
}

#[test]
fn equal_questions_are_one_in_any_letters_and_others_are_not() {
    let ((_first, one), (_second, two)) = (server(), server());
    let (now, mut stat) = (Instant::now(), Stat::default());
    let mut all = vec![start(&ask(one, "www.test", A), false, now, &mut stat)];
    for (index, (ask, edns, queries)) in [
        (ask(one, "WWW.Test", A), false, 1),
        (ask(one, "www.test", AAAA), false, 2),
        (ask(one, "www.test", A), true, 3),
        (ask(two, "www.test", A), false, 4),
        (ask(one, "ww.wtest", A), false, 5),
        (Ask { recursive: false, ..ask(one, "www.test", A) }, false, 6),
        (ask(one, "www.TEST", A), true, 6),
    ]
    .into_iter()
    .enumerate()
    {
        all.push(start(&ask, edns, now, &mut stat));
        assert_eq!(stat.queries, queries, "{index}");
    }
}

#[test]
fn when_the_leader_goes_or_does_not_look_another_one_leads() {
    let (_socket, address) = server();
    let (now, mut stat) = (Instant::now(), Stat::default());
    let ask = ask(address, "www.test", A);
    let mut all: Vec<Joint> = (0..3).map(|_| start(&ask, false, now, &mut stat)).collect();
    assert!(matches!(all[0].go_on(now, &mut stat), Progress::Wait));
    let waits = |all: &[Joint]| all.iter().map(|j| j.interest(now).fd >= 0).collect::<Vec<_>>();
    assert_eq!(waits(&all), [true, false, false]);
    all.remove(0);
    assert!(matches!(all[1].go_on(now, &mut stat), Progress::Wait));
    assert_eq!(waits(&all), [false, true]);
    // The leader stands still.
    let later = now.after(GRACE);
    assert!(matches!(all[0].go_on(later, &mut stat), Progress::Wait));
    assert_eq!(waits(&all), [true, false]);
    assert!(all[1].descriptor(now) >= 0, "and this one asks for the descriptor");
    drop(all);
    start(&ask, false, now, &mut stat);
    assert_eq!(stat.queries, 2, "nobody waits any more");
}

#[test]
fn who_was_taken_to_another_thread_asks_again() {
    let (_socket, address) = server();
    let (now, mut stat) = (Instant::now(), Stat::default());
    let mut joint = start(&ask(address, "www.test", A), false, now, &mut stat);
    // As if it had been made elsewhere.
    joint.common.forget();
    Arc::get_mut(&mut joint.common).expect("nobody shares it").thread ^= 1;
    assert!(matches!(joint.go_on(now, &mut stat), Progress::Again));
    assert_eq!(joint.interest(now).timeout, Some(Span::ZERO));
}
