// SPDX-License-Identifier: MIT
//! Whether the kernel has anything to receive, as far as this thread can know without asking. A wrong answer
//! costs a wait that ends at once, since waits look level-triggered. So of the thread's counters that it goes by the lower bits
//! will do; not so of the turn, a wrong one of which would be a wait that never ends.

use crate::controller::turn::{with_now, Now};
use crate::controller::NEVER;

/// What is known of a socket's receive buffer in the kernel.
pub struct KernelBuffer {
    /// The last receive emptied it.
    pub drained: bool,
    /// `drained` is believed while `Now::moment` of the thread has this value.
    moment: u32,
    /// How many sockets of this thread had ended when it was last found empty.
    ends: u16,
    /// The operation under way has found or left it empty.
    pub emptied: bool,
    /// The turn in which a receive last found or left it empty: see `Member::emptied`.
    pub emptied_at: u64,
}

impl KernelBuffer {
    pub fn new() -> KernelBuffer {
        KernelBuffer { drained: false, moment: 0, ends: 0, emptied: false, emptied_at: NEVER }
    }

    /// The kernel's buffer was found empty, or has been emptied by a receive that got less than it asked for. The
    /// latter says nothing of an end of the stream that stands behind the data: it is believed only if no socket of
    /// this thread has ended since the buffer was last found empty.
    #[inline(always)]
    pub fn note_drained(&mut self, now: &Now, found_empty: bool) {
        self.assume_drained(now, found_empty);
        self.emptied_at = now.turn.get().max(NEVER);
    }

    /// A new socket has nothing to receive yet.
    pub fn note_new(&mut self) {
        with_now(|now| self.assume_drained(now, true));
    }

    #[inline]
    fn assume_drained(&mut self, now: &Now, found_empty: bool) {
        if found_empty {
            self.ends = now.ends.get() as u16;
        }
        self.emptied = true;
        self.drained = self.ends == now.ends.get() as u16;
        self.moment = now.moment.get() as u32;
    }

    /// The socket was accepted just now, and data may have come already. It counts as drained all the same, as
    /// waiting first saves a receive. Only a program that has the peer in this same thread could notice: then nothing
    /// is noted.
    pub fn note_accepted(&mut self) {
        if !with_now(|now| now.has_clients.get()) {
            self.note_new();
        }
    }

    /// Whether a receive could only answer EAGAIN, as far as this thread can know: the kernel's buffer was emptied
    /// in this resumption, and no other socket of this thread has sent or ended since.
    #[inline]
    pub fn is_drained(&self) -> bool {
        self.drained && with_now(|now| self.is_believed(now))
    }

    /// Whether `drained` is still believed.
    #[inline(always)]
    pub fn is_believed(&self, now: &Now) -> bool {
        now.moment.get() as u32 == self.moment
    }

    /// Believes what the last receive has found, though others have run since.
    pub fn believe(&mut self) {
        with_now(|now| self.moment = now.moment.get() as u32);
    }

    /// This socket has sent: others of this thread may have something to receive now.
    #[inline(always)]
    pub fn note_sent(&mut self, now: &Now) {
        let moment = now.moment.get();
        now.moment.set(moment + 1);
        if self.moment == moment as u32 {
            self.moment = (moment + 1) as u32; // what this socket sends does not come back to it
        }
    }
}

/// A socket was made that connects, or whose peer may be a socket of this thread.
pub(super) fn note_client() {
    with_now(|now| now.has_clients.set(true));
}

/// A socket was shut down or closed: its peer, perhaps a socket of this thread, may have an end of file to receive.
#[inline(never)]
pub(super) fn note_end() {
    with_now(|now| {
        now.moment.set(now.moment.get() + 1);
        now.ends.set(now.ends.get() + 1);
    });
}
