// SPDX-License-Identifier: MIT
//! Queues: items on their way from some tasks to others, first in, first out. The items lie behind a lock, so that any
//! thread can post; those who wait are tasks of one thread, which alone wakes them.

use crate::controller::Controller;
use crate::errno::{Errno, Result};
use crate::sys::memory::{AtomicShared, AtomicWeak};
use crate::waiters::{Waiters, Want};
use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a queue holds: a pointer of the program's, which nobody here follows.
pub type Item = *mut c_void;

/// A queue of pointers, from some tasks to others.
pub struct ItemQueue {
    /// How many items there may be.
    limit: usize,
    content: Mutex<Content>,
    /// Those who wait for items. Their numbers change, and are read, while `content` is locked.
    getters: Waiters,
    /// Those who wait for room. As above.
    putters: Waiters,
}

struct Content {
    items: VecDeque<Item>,
    closed: bool,
    /// The controllers that were asked to call `look` and have not yet done so. AtomicWeak references, so that no other
    /// controllers can have their addresses.
    asked: Vec<AtomicWeak<Controller>>,
}

impl ItemQueue {
    /// An empty queue for at most `limit` items; 0: any number. ENOMEM.
    pub fn new(limit: usize) -> Result<AtomicShared<ItemQueue>> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let content = Content { items: VecDeque::new(), closed: false, asked: Vec::new() };
        let (getters, putters) =
            (Waiters::new("item of a queue")?, Waiters::new("room in a queue")?);
        let content = Mutex::new(content);
        Ok(AtomicShared::new(ItemQueue { limit, content, getters, putters })?)
    }

    /// Puts an item at the end. EAGAIN without room, EPIPE once closed, ENOMEM, EPERM if tasks of another thread wait.
    pub fn try_put(&self, item: Item) -> Result<()> {
        self.check_thread()?;
        let mut content = self.lock();
        self.check_room(&content)?;
        content.push(item)?;
        self.settle(&content);
        Ok(())
    }

    /// Takes the first item. EAGAIN without one, EPIPE once closed; EPERM if tasks of another thread wait.
    pub fn try_get(&self) -> Result<Item> {
        self.check_thread()?;
        let mut content = self.lock();
        match self.getters.free(content.items.len()) {
            0 if content.closed => Err(Errno::PIPE),
            0 => Err(Errno::AGAIN),
            _ => {
                let item = content.items.pop_front().ok_or(Errno::AGAIN);
                self.settle(&content);
                item
            }
        }
    }

    /// Puts an item, from any thread. `ask` has `look` called by the thread of `controller`; it is not called while
    /// such a call is still to come. Errors are those of `try_put` and of `ask`, and EBADF for a closed controller.
    pub fn post(
        &self,
        item: Item,
        controller: &Controller,
        ask: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let mut content = self.lock();
        self.check_room(&content)?;
        content.items.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        content.asked.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        let weak = AtomicShared::downgrade(&controller.share());
        match content.asked.iter().any(|asked| AtomicWeak::is_same(asked, &weak)) {
            true => controller.alert()?, // EBADF, if it will never look
            false => {
                ask()?;
                content.asked.push(weak);
            }
        }
        content.push(item)
    }

    /// Wakes those for whom other threads have posted something; `controller` was asked to. EPERM if they are tasks of
    /// another thread.
    pub fn look(&self, controller: &Controller) -> Result<()> {
        let mut content = self.lock();
        let weak = AtomicShared::downgrade(&controller.share());
        content.asked.retain(|asked| !AtomicWeak::is_same(asked, &weak));
        self.check_thread()?;
        self.settle(&content);
        Ok(())
    }

    /// Ends all waiting, and lets nothing more in. EPERM if tasks of another thread wait.
    pub fn close(&self) -> Result<()> {
        self.check_thread()?;
        let mut content = self.lock();
        content.closed = true;
        self.getters.dismiss();
        self.putters.dismiss();
        Ok(())
    }

    /// How many items there are, those included that are set aside for a task that was woken.
    pub fn count(&self) -> usize {
        self.lock().items.len()
    }

    fn check_thread(&self) -> Result<()> {
        self.getters.check_thread()?;
        self.putters.check_thread()
    }

    fn check_room(&self, content: &Content) -> Result<()> {
        match self.putters.free(self.room(content)) {
            _ if content.closed => Err(Errno::PIPE),
            0 => Err(Errno::AGAIN),
            _ => Ok(()),
        }
    }

    fn room(&self, content: &Content) -> usize {
        self.limit.saturating_sub(content.items.len())
    }

    fn settle(&self, content: &Content) {
        self.getters.settle(content.items.len());
        self.putters.settle(self.room(content));
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn push(&mut self, item: Item) -> Result<()> {
        self.items.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        self.items.push_back(item);
        Ok(())
    }
}

/// Waiting for an item.
pub struct Get(pub AtomicShared<ItemQueue>);

/// Waiting for room for an item.
pub struct Put(pub AtomicShared<ItemQueue>, pub Item);

impl Want for Get {
    type Thing = Item;

    fn with_waiters<R>(&self, f: impl FnOnce(&Waiters) -> R) -> R {
        let _content = self.0.lock();
        f(&self.0.getters)
    }

    /// EPIPE if it was woken because the queue is closed and empty.
    fn leave(&self, woken: bool) -> Result<Item> {
        let queue = &self.0;
        let mut content = queue.lock();
        queue.getters.leave(woken);
        let item = match woken {
            true => content.items.pop_front().ok_or(Errno::PIPE),
            false => Err(Errno::TIMEDOUT),
        };
        queue.settle(&content);
        item
    }
}

impl Want for Put {
    type Thing = ();

    fn with_waiters<R>(&self, f: impl FnOnce(&Waiters) -> R) -> R {
        let _content = self.0.lock();
        f(&self.0.putters)
    }

    /// EPIPE if it was woken because the queue is closed.
    fn leave(&self, woken: bool) -> Result<()> {
        let queue = &self.0;
        let mut content = queue.lock();
        queue.putters.leave(woken);
        let put = match woken {
            true if content.closed => Err(Errno::PIPE),
            true => content.push(self.1),
            false => Err(Errno::TIMEDOUT),
        };
        queue.settle(&content);
        put
    }
}

#[cfg(test)]
mod tests;
