// SPDX-License-Identifier: MIT
//! A controller seen from outside its steps: the descriptor that others poll, alerts, and messages from other
//! threads.

use super::run_queue::Order;
use super::state::State;
use super::{Controller, Member, Message, Payload, Polled, LEVEL};
use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::poller::{Poller, Token};
use crate::sys::describe::Words;
use std::os::fd::RawFd;

impl Controller {
    /// The descriptor that is readable when a step would have something to do. Asking for it makes
    /// waking from outside a step raise the alert.
    pub fn pollfd(&self) -> Result<RawFd> {
        self.prepare_to_be_polled()?;
        self.state.borrow().poller.as_ref().map_or(Err(Errno::BADF), Poller::pollable)
    }

    /// From now on waking from outside a step raises the alert.
    pub(super) fn prepare_to_be_polled(&self) -> Result<()> {
        let state = self.state.borrow();
        state.check_open()?;
        self.alert.enable()?;
        match state.ready.order {
            // Ready tasks make `timeout` 0, so the descriptor need only tell of events from outside.
            Order::NewestFirst => self.alert.catch_up(),
            Order::OldestFirst if state.ready.is_empty() || self.is_running() => {}
            Order::OldestFirst => self.alert.raise_if_enabled(),
        }
        Ok(())
    }

    /// Newest first: makes the descriptor readable once more if the last step has found descriptors ready, and from
    /// now on at the end of each step that has found some. The original Lua library cqueues does so: whoever polls
    /// the controller is woken once more without need, and programs know the order in which tasks then run.
    pub fn recall(&self) {
        let mut state = self.state.borrow_mut();
        state.polled = true;
        if !self.is_running() && std::mem::take(&mut state.news) {
            self.alert.raise_if_enabled();
        }
    }

    /// What another controller waits for to step this one when it has something to do, at most `limit`. That is the
    /// queue itself and not `pollfd`: of epolls that poll each other Linux allows five.
    pub fn interest(&self, limit: Option<Span>) -> Result<Member> {
        self.prepare_to_be_polled()?;
        let fd = self.state.borrow().poller.as_ref().map_or(-1, Poller::fd);
        let polled = Member::owned(fd, libc::POLLIN, &self.owner);
        Ok(Member { lasting: false, ..polled }.within(limit))
    }

    /// As `interest`, for a caller that parks at once: hands over what is waited for if that is the queue alone. `None`: tasks
    /// are ready, there are timers, or `interest` would fail.
    pub fn with_plain_wait<R>(&self, park: impl FnOnce(Polled<'_>) -> R) -> Option<R> {
        let state = self.state.borrow();
        if !state.ready.is_empty() || !state.timers.is_empty() {
            return None;
        }
        drop(state);
        self.prepare_to_be_polled().ok()?;
        let fd = self.state.borrow().poller.as_ref().map_or(-1, Poller::fd);
        let owner = Some(&self.owner);
        Some(park(Polled { fd, events: libc::POLLIN, owner, lasting: false, emptied: LEVEL }))
    }

    /// Makes the descriptor readable; from any thread.
    pub fn alert(&self) -> Result<()> {
        self.alert.raise()
    }

    /// Suspends the thread until the controller has something to do or a signal comes; the signals `unblock` are
    /// unblocked meanwhile.
    pub fn pause(&self, unblock: &[i32]) -> Result<()> {
        let fd = self.pollfd()?;
        let limit = self.timeout().and_then(Span::real).map(|span| span.0);
        match crate::sys::signal::poll(fd, libc::POLLIN, limit, unblock) {
            Err(e) if e.raw_os_error() != Some(libc::EINTR) => Err(e.into()),
            _ => Ok(()),
        }
    }

    /// Makes a task with `Payload::Posted(number)`, which this controller's thread runs in its next step. May be
    /// called from any thread. EBADF after close; ENOMEM.
    pub fn post(&self, number: usize) -> Result<()> {
        self.alert.enable()?;
        self.inbox.push(Message::Post(number))?;
        self.alert.raise()
    }

    /// Carries out the messages of other threads. Returns whether there were any. On ENOMEM they stay in the inbox.
    #[inline]
    pub(super) fn read_inbox(&self) -> Result<bool> {
        match self.inbox.is_empty() {
            true => Ok(false), // nearly always
            false => self.read_messages().map(|()| true),
        }
    }

    #[cold]
    fn read_messages(&self) -> Result<()> {
        let room = |posts| self.state.borrow_mut().make_room(posts);
        for message in self.inbox.take_with(room)? {
            match message {
                Message::Forget(token) => self.forget(token, false),
                Message::Renew(token) => self.renew(token),
                Message::Post(number) => drop(self.spawn(Payload::Posted(number))?),
            }
        }
        Ok(())
    }

    /// The owner of a registered descriptor closes it: see `Owner::leave`.
    pub(super) fn forget(&self, token: Token, last: bool) {
        let mut state = self.state.borrow_mut();
        let woken = state.forget(token, last);
        drop(state);
        if woken {
            self.announce();
        }
    }

    /// The owner of a descriptor says what waits for it are for: see `Owner::describe`.
    pub(super) fn describe(&self, token: Token, words: Words) {
        let descriptors = &mut self.state.borrow_mut().descriptors;
        if let Some(row) = descriptors.row_named(token) {
            descriptors.set_words(row, words);
        }
    }

    /// What is known of a registered descriptor holds no longer: see `Owner::renew`.
    pub(super) fn renew(&self, token: Token) {
        let mut state = self.state.borrow_mut();
        let State { descriptors, poller, .. } = &mut *state;
        if let (Some(row), Some(poller)) = (descriptors.row_named(token), poller) {
            descriptors.renew(poller, row);
        }
    }

    /// Leaves a message, from another thread. Without memory it is lost: the old registration is then noticed when
    /// the next owner of the descriptor's number registers.
    pub(super) fn tell(&self, message: Message) {
        let _ = self.inbox.push(message);
        self.alert.raise_if_enabled();
    }

    /// Lets whoever polls this controller know that there is something to do.
    pub(super) fn announce(&self) {
        if !self.is_running() {
            self.alert.raise_if_enabled();
        }
    }
}
