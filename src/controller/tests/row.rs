// SPDX-License-Identifier: MIT
//! What is told to the kernel again, and what not.

use super::*;
use crate::controller::row::Row;
use crate::controller::{Polled, NEVER};

/// As of epoll, also where the system has none.
const EDGES: Events = 0x0800;

/// A wait for input, after a receive that emptied the kernel's buffer in this turn, or none that did.
fn input(emptied: bool) -> Polled<'static> {
    let emptied = NEVER + u64::from(emptied);
    Polled { fd: 0, events: IN, owner: None, lasting: true, emptied }
}

#[test]
fn a_level_triggered_registration_tells_again() {
    let mut row = Row { registered: IN, armed: IN, ..Row::new() };
    row.note_told(IN);
    assert!(row.will_tell(input(false)));
    assert!(!row.will_tell(Polled { events: IN | OUT, ..input(true) }));
}

#[test]
fn an_edge_triggered_registration_tells_of_input_behind_what_was_received() {
    let mut row = Row { registered: IN, armed: IN, edges: EDGES, ..Row::new() };
    assert!(row.will_tell(input(false)));
    for _ in 0..2 {
        row.note_told(IN);
        assert!(!row.will_tell(input(false)));
        assert!(row.will_tell(input(true)));
    }
    row.note_told(IN | libc::POLLHUP);
    assert_eq!((row.edges, row.will_tell(input(true))), (0, false));
}
