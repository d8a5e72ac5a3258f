// SPDX-License-Identifier: MIT
//! How a call waits for its turn among other tasks.

use super::boundary::{borrow, limit};
use super::task::{give_back, lend};
use crate::controller::Member;
use crate::errno::Result;
use crate::fiber;
use crate::waiters::{Place, Want};

/// Waits until it is the calling task's turn, at most `timeout` seconds: ETIMEDOUT; EDEADLK in a callback. Whatever
/// ends the wait before that, nothing stays set aside for the task.
pub(super) fn wait<W: Want + 'static>(want: W, timeout: f64) -> Result<W::Thing> {
    let place = lend(Place::new(want))?;
    // SAFETY: the place is lent until it is given back.
    let thing = unsafe { wait_at(place, timeout) };
    unsafe { give_back(place) };
    thing
}

/// Waits at a place. No reference is held meanwhile.
///
/// # Safety
///
/// The place is lent.
unsafe fn wait_at<W: Want>(place: *const Place<W>, timeout: f64) -> Result<W::Thing> {
    // SAFETY: as above, here and below.
    let turn = unsafe { borrow(place) }?.member();
    let timer = Member::timeout(limit(timeout));
    let mut woken = false;
    fiber::poll([turn, timer], &mut |fired| woken |= fired.member == 0)?;
    unsafe { borrow(place) }?.leave(woken)
}
