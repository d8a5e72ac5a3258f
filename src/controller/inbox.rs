// SPDX-License-Identifier: MIT
//! Messages from other threads to a controller. The controller's own thread reads them in its next `wait`.

use crate::errno::{Errno, Result};
use crate::poller::Token;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A message.
#[derive(Clone, Copy)]
pub enum Message {
    /// The owner of a registered descriptor has closed it.
    Forget(Token),
    /// What is known of a registered descriptor holds no longer.
    Renew(Token),
    /// Something is to be run: a task with `Payload::Posted` and this number, which only the poster understands.
    Post(usize),
}

/// The messages that have come.
#[derive(Default)]
pub struct Inbox {
    /// Whether there are messages. Each step looks at this flag, and takes the lock only if it is set.
    full: AtomicBool,
    messages: Mutex<Vec<Message>>,
}

impl Inbox {
    /// Adds a message, from any thread. ENOMEM.
    pub fn push(&self, message: Message) -> Result<()> {
        let mut messages = self.lock();
        messages.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        messages.push(message);
        self.full.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether there are no messages.
    #[inline]
    pub fn is_empty(&self) -> bool {
        !self.full.load(Ordering::Acquire)
    }

    /// How many of the messages are posts.
    pub fn posts(&self) -> usize {
        posts(&self.lock())
    }

    /// Takes all messages, in the order in which they came, after `prepare` has made room for the posts among them,
    /// whose number it is given. If `prepare` fails the messages stay.
    pub fn take_with(&self, prepare: impl FnOnce(usize) -> Result<()>) -> Result<Vec<Message>> {
        let mut messages = self.lock();
        prepare(posts(&messages))?;
        self.full.store(false, Ordering::Release);
        Ok(std::mem::take(&mut *messages))
    }

    /// Takes all messages.
    pub fn take(&self) -> Vec<Message> {
        self.take_with(|_| Ok(())).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn posts(messages: &[Message]) -> usize {
    messages.iter().filter(|message| matches!(message, Message::Post(_))).count()
}
