// SPDX-License-Identifier: MIT
//! How much memory a socket takes. A program may have very many that are idle.

use super::interest::Retry;
use super::*;
use crate::sys::memory::Counted;
use std::cell::Cell;
use std::mem::size_of;

#[test]
#[cfg(target_pointer_width = "64")]
fn an_idle_socket_takes_one_small_block() {
    assert!(size_of::<Counted<Body, Cell<u32>>>() <= 264, "{}", size_of::<Inner>());
}

#[test]
fn a_queue_without_bytes_is_a_pointer() {
    assert_eq!(size_of::<crate::bytes::Queue>(), size_of::<usize>());
}

#[test]
fn a_handle_lies_in_the_memory_of_its_socket() {
    let (socket, _peer) = Socket::pair(libc::SOCK_STREAM).unwrap();
    let (block, place) = (&raw const *socket.inner, socket.place());
    let offset = place as usize - block as usize;
    assert!(offset + size_of::<Socket>() <= size_of::<Body>());
}

#[test]
fn an_optional_limit_is_as_large_as_a_limit() {
    assert_eq!(size_of::<Limit>(), size_of::<crate::clock::Span>());
    assert_eq!(Limit::NONE.get(), None);
    assert_eq!(Limit::from(Some(crate::clock::Span(7))).get(), Some(crate::clock::Span(7)));
}

#[test]
fn an_error_of_0_is_none() {
    let (socket, _peer) = Socket::pair(libc::SOCK_STREAM).unwrap();
    assert_eq!(socket.set_error(Direction::Input, Some(Errno::PIPE)), None);
    assert_eq!(socket.error(Direction::Input), Some(Errno::PIPE));
    assert_eq!(socket.set_error(Direction::Input, None), Some(Errno::PIPE));
    assert_eq!(socket.error(Direction::Input), None);
}

#[test]
fn a_retry_is_not_earlier_than_it_was_asked_for_unless_that_is_more_than_an_hour() {
    use crate::clock::Span;
    assert_eq!(Retry::from(None).get(), None);
    assert_eq!(Retry::from(Span::ZERO).get(), Some(Span::ZERO));
    assert_eq!(Retry::from(Span(1)).get(), Some(Span(1000)));
    assert_eq!(Retry::from(Some(Span(50_000_000))).get(), Some(Span(50_000_000)));
    let (hour, most) = (Span(3_600_000_000_000), Retry::from(Span(u64::MAX)).get());
    assert!(most.is_some_and(|most| most > hour), "{most:?}");
}
