// SPDX-License-Identifier: MIT
//! kqueue(2) over epoll, as far as the library uses it: EVFILT_READ, EVFILT_WRITE, EVFILT_EXCEPT,
//! EVFILT_VNODE, EVFILT_SIGNAL, EVFILT_USER with EV_ADD, EV_DELETE, EV_CLEAR.
//!
//! As on the systems: reading and writing are separate, EV_EOF comes with data still to be read,
//! adding again changes the token but not the flags, closing a descriptor takes its registrations out even if its
//! file is open elsewhere, a child of fork(2) has no queue. Not as there: a signal is seen only while it is
//! blocked, and once however often it was sent; data counts are 1.

#![allow(non_camel_case_types, non_upper_case_globals)]

use super::super::{signal, signalfd};
use super::watch::{watches, Happened, Watches};
use super::*;
use libc::{c_int, c_void, timespec};

/// `struct kevent`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct kevent {
    pub ident: usize,
    pub filter: i16,
    pub flags: u16,
    pub fflags: u32,
    pub data: isize,
    pub udata: *mut c_void,
}

pub(crate) const EVFILT_READ: i16 = -1;
pub(crate) const EVFILT_WRITE: i16 = -2;
pub(crate) const EVFILT_VNODE: i16 = -4;
pub(crate) const EVFILT_SIGNAL: i16 = -6;
pub(crate) const EVFILT_EXCEPT: i16 = -9;
pub(crate) const EVFILT_USER: i16 = -10;
pub(crate) const EV_ADD: u16 = 0x1;
pub(crate) const EV_DELETE: u16 = 0x2;
pub(crate) const EV_CLEAR: u16 = 0x20;
pub(crate) const EV_EOF: u16 = 0x8000;
pub(crate) const NOTE_OOB: u32 = 0x4;
pub(crate) const NOTE_DELETE: u32 = 0x1;
pub(crate) const NOTE_WRITE: u32 = 0x2;
pub(crate) const NOTE_EXTEND: u32 = 0x4;
pub(crate) const NOTE_ATTRIB: u32 = 0x8;
pub(crate) const NOTE_LINK: u32 = 0x10;
pub(crate) const NOTE_RENAME: u32 = 0x20;
pub(crate) const NOTE_REVOKE: u32 = 0x40;
pub(crate) const NOTE_TRIGGER: u32 = 0x0100_0000;

static QUEUES: Table<Queue> = Table::new();

struct Queue {
    fd: RawFd,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    notes: HashMap<(usize, i16), Note>,
    /// Which file a descriptor that has been registered was open on.
    files: HashMap<usize, Identity>,
    bell: Option<Bell>,
    watches: Option<Watches>,
}

/// A registration.
struct Note {
    flags: u16,
    wanted: u32,
    token: usize,
    /// What has happened and was not told yet, of filters that have notes.
    pending: u32,
    signal: Option<Signal>,
}

/// An epoll with a signalfd in it, edge-triggered: it tells of each signal once and takes none.
struct Signal {
    edges: Own,
    _signals: Own,
}

// SAFETY: the token is a number that nobody follows.
unsafe impl Send for kevent {}

/// kqueue(2).
///
/// # Safety
///
/// None is needed; the systems' is unsafe.
pub unsafe fn kqueue() -> c_int {
    static FORKS: std::sync::Once = std::sync::Once::new();
    FORKS.call_once(|| {
        // SAFETY: the handler takes nothing and does not unwind.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
    // SAFETY: no pointers. Not close-on-exec, like the original.
    let fd = unsafe { libc::epoll_create1(0) };
    if fd >= 0 {
        QUEUES.insert(fd, Queue { fd, state: Mutex::default() });
    }
    fd
}

/// In the child: queues are not inherited. If another thread was at them, they stay.
unsafe extern "C" fn forked() {
    let Ok(mut table) = QUEUES.0.try_lock() else { return };
    for (fd, _queue) in table.iter_mut().flat_map(|table| table.drain()) {
        // SAFETY: the number is still the queue's.
        unsafe { libc::close(fd) };
    }
}

/// What is registered of the three filters of descriptors.
#[cfg(test)]
pub fn registered(queue: RawFd) -> Vec<(RawFd, i16)> {
    let queue = QUEUES.get(queue).expect("a queue");
    let state = lock(&queue.state);
    let mut found: HashMap<RawFd, i16> = HashMap::new();
    for (&(ident, filter), note) in &state.notes {
        let events = match filter {
            EVFILT_READ if note.flags & EV_CLEAR == 0 => libc::POLLIN,
            EVFILT_WRITE => libc::POLLOUT,
            EVFILT_EXCEPT => libc::POLLPRI,
            _ => continue,
        };
        *found.entry(ident as RawFd).or_default() |= events;
    }
    found.into_iter().collect()
}

/// The number is about to be free.
pub fn closed(fd: RawFd) {
    QUEUES.remove(fd);
}

/// kevent(2). A change that is refused fails the call, as without room for events.
///
/// # Safety
///
/// The lists are readable and writable for their counts, the limit is NULL or readable.
#[allow(clippy::too_many_arguments)]
pub unsafe fn kevent(
    queue: c_int,
    changes: *const kevent,
    change_count: c_int,
    events: *mut kevent,
    room: c_int,
    limit: *const timespec,
) -> c_int {
    // SAFETY: as documented; an empty list may be NULL.
    let changes = match change_count {
        0 => &[][..],
        count => unsafe { std::slice::from_raw_parts(changes, count as usize) },
    };
    // SAFETY: as documented.
    let deadline = unsafe { Deadline::new(limit) };
    result(QUEUES.get(queue).and_then(|queue| {
        changes.iter().try_for_each(|change| lock(&queue.state).apply(queue.fd, change))?;
        if room == 0 {
            return Ok(0);
        }
        let found = queue.wait(room as usize, deadline)?;
        // SAFETY: room for as many, as documented.
        unsafe { std::ptr::copy_nonoverlapping(found.as_ptr(), events, found.len()) };
        Ok(found.len() as c_int)
    }))
}

impl Queue {
    fn wait(&self, room: usize, deadline: Deadline) -> io::Result<Vec<kevent>> {
        loop {
            // Three filters of one descriptor may have something to say.
            let records = wait(self.fd, (room / 3).max(1), deadline)?;
            let mut state = lock(&self.state);
            let mut found = Vec::new();
            for record in &records {
                state.collect(self.fd, record.u64, &mut found);
            }
            state.keep(self.fd, found.split_off(found.len().min(room)))?;
            if !found.is_empty() || deadline.is_over() {
                return Ok(found);
            }
        }
    }
}

impl State {
    fn apply(&mut self, queue: RawFd, change: &kevent) -> io::Result<()> {
        let key = (change.ident, change.filter);
        if is_of_descriptor(change.filter) {
            let file = identity(change.ident as RawFd)?;
            if self.files.insert(change.ident, file).is_some_and(|known| known != file) {
                self.forget(change.ident);
            }
        }
        if change.flags & EV_DELETE != 0 {
            self.notes.remove(&key).ok_or_else(|| error(libc::ENOENT))?;
            if change.filter == EVFILT_VNODE {
                self.watches.iter_mut().for_each(|watches| watches.remove(change.ident));
            }
            return self.arm(queue, change.ident);
        }
        match self.notes.get_mut(&key) {
            Some(note) => {
                note.token = change.udata as usize;
                if change.filter == EVFILT_VNODE {
                    note.wanted = change.fflags;
                }
            }
            None if change.flags & EV_ADD == 0 => return Err(error(libc::ENOENT)),
            None => {
                let note = Note::new(queue, change)?;
                if change.filter == EVFILT_VNODE {
                    watches(&mut self.watches, queue)?.add(change.ident, change.ident as RawFd)?;
                }
                self.notes.insert(key, note);
            }
        }
        if change.filter == EVFILT_USER {
            return self.trigger(queue, key, change.fflags);
        }
        self.arm(queue, change.ident)
    }

    /// What there was no room for is told the next time. Of descriptors it is found again anyway.
    fn keep(&mut self, queue: RawFd, rest: Vec<kevent>) -> io::Result<()> {
        for event in rest {
            let own = event.filter == EVFILT_SIGNAL || event.filter == EVFILT_VNODE;
            if let Some(note) = self.notes.get_mut(&(event.ident, event.filter)).filter(|_| own) {
                note.pending |= event.fflags.max(1);
                self.bell(queue)?.ring(true);
            }
        }
        Ok(())
    }

    fn bell(&mut self, queue: RawFd) -> io::Result<&Bell> {
        if self.bell.is_none() {
            self.bell = Some(Bell::new(queue)?);
        }
        Ok(self.bell.as_ref().expect("made above"))
    }

    fn trigger(&mut self, queue: RawFd, key: (usize, i16), notes: u32) -> io::Result<()> {
        let bell = self.bell(queue)?;
        if notes & NOTE_TRIGGER != 0 {
            bell.ring(true);
            self.notes.entry(key).and_modify(|note| note.pending = 1);
        }
        Ok(())
    }

    /// What was registered for a descriptor is gone: it was closed.
    fn forget(&mut self, ident: usize) {
        self.notes.retain(|key, _| key.0 != ident || !is_of_descriptor(key.1));
        self.watches.iter_mut().for_each(|watches| watches.remove(ident));
    }

    /// Tells the kernel what to look for on a descriptor. One-shot, since an epoll holds on to a file that was
    /// closed and is open elsewhere; what is there by edges only needs no arming.
    fn arm(&mut self, queue: RawFd, ident: usize) -> io::Result<()> {
        let flags = |filter| self.notes.get(&(ident, filter)).map(|note| note.flags);
        let mut events = 0;
        for (filter, mask) in [
            (EVFILT_READ, libc::EPOLLIN | libc::EPOLLRDHUP),
            (EVFILT_WRITE, libc::EPOLLOUT),
            (EVFILT_EXCEPT, libc::EPOLLPRI),
        ] {
            match flags(filter) {
                None => {}
                Some(flags) if flags & EV_CLEAR != 0 => events |= libc::EPOLLRDHUP,
                Some(_) => events |= mask,
            }
        }
        match events {
            0 => unregister(queue, ident as RawFd),
            _ => register(queue, ident as RawFd, events | libc::EPOLLONESHOT, ident as u64)?,
        }
        Ok(())
    }

    fn collect(&mut self, queue: RawFd, token: u64, found: &mut Vec<kevent>) {
        if token & (BELL | SOURCE) == 0 {
            return self.collect_descriptor(queue, token as usize, found);
        }
        self.drop_closed();
        let happened = self.watches.iter_mut().flat_map(Watches::look).collect::<Vec<_>>();
        for (ident, happened) in happened {
            let note = self.notes.entry((ident, EVFILT_VNODE));
            note.and_modify(|note| note.pending |= notes(happened) & note.wanted);
        }
        let own = |filter| [EVFILT_VNODE, EVFILT_SIGNAL, EVFILT_USER].contains(&filter);
        for (&(ident, filter), note) in self.notes.iter_mut().filter(|(key, _)| own(key.1)) {
            note.pending |= note.signal.as_ref().map_or(0, Signal::look);
            if note.pending == 0 {
                continue;
            }
            let fflags = if filter == EVFILT_VNODE { note.pending } else { 0 };
            found.push(kevent { fflags, ..note.event(ident, filter, 0) });
            if note.flags & EV_CLEAR != 0 {
                note.pending = 0;
            }
        }
        let mut notes = self.notes.iter();
        let pending = notes.any(|(key, note)| own(key.1) && note.pending != 0);
        self.bell.iter().for_each(|bell| bell.ring(pending));
    }

    /// Closing a file ends what was to be told of it.
    fn drop_closed(&mut self) {
        let is_open =
            |ident: &usize| identity(*ident as RawFd).ok().as_ref() == self.files.get(ident);
        let files = self.notes.keys().filter(|key| key.1 == EVFILT_VNODE).map(|key| key.0);
        let closed: Vec<usize> = files.filter(|ident| !is_open(ident)).collect();
        closed.into_iter().for_each(|ident| self.forget(ident));
    }

    fn collect_descriptor(&mut self, queue: RawFd, ident: usize, found: &mut Vec<kevent>) {
        let fd = ident as RawFd;
        if identity(fd).ok() != self.files.get(&ident).copied() {
            self.files.remove(&ident);
            return self.forget(ident);
        }
        let now = ready(fd, libc::POLLIN | libc::POLLOUT | libc::POLLPRI | libc::POLLRDHUP);
        let (ended, broken) = (libc::POLLHUP | libc::POLLRDHUP, libc::POLLHUP | libc::POLLERR);
        for (filter, hit, ends) in [
            (EVFILT_READ, libc::POLLIN | libc::POLLERR | ended, ended),
            (EVFILT_WRITE, libc::POLLOUT | broken, broken),
            (EVFILT_EXCEPT, libc::POLLPRI, 0),
        ] {
            let note = self.notes.get_mut(&(ident, filter)).filter(|_| now & hit != 0);
            let Some(note) = note else { continue };
            let eof = if now & ends != 0 { EV_EOF } else { 0 };
            // By edges: told once, and again when it has ended.
            let told = u32::from(eof) | 1;
            if note.flags & EV_CLEAR == 0 || note.pending != told {
                note.pending = told;
                found.push(note.event(ident, filter, eof));
            }
        }
        let spent = now & ended != 0 && self.only_edges(ident);
        if !spent {
            let _ = self.arm(queue, ident); // or it was closed just now
        }
    }

    fn only_edges(&self, ident: usize) -> bool {
        let mut notes =
            self.notes.iter().filter(|(key, _)| key.0 == ident && is_of_descriptor(key.1));
        notes.all(|(_, note)| note.flags & EV_CLEAR != 0)
    }
}

impl Note {
    fn new(queue: RawFd, change: &kevent) -> io::Result<Note> {
        let known = [EVFILT_READ, EVFILT_WRITE, EVFILT_EXCEPT, EVFILT_VNODE, EVFILT_USER];
        let signal = match change.filter {
            EVFILT_SIGNAL => Some(Signal::new(change.ident)?),
            filter if known.contains(&filter) => None,
            _ => return Err(error(libc::EINVAL)),
        };
        if let Some(signal) = &signal {
            register(queue, signal.edges.0, libc::EPOLLIN, SOURCE)?;
        }
        let wanted = if change.filter == EVFILT_VNODE { change.fflags } else { !0 };
        let token = change.udata as usize;
        Ok(Note { flags: change.flags & EV_CLEAR, wanted, token, pending: 0, signal })
    }

    fn event(&self, ident: usize, filter: i16, flags: u16) -> kevent {
        let (flags, udata) = (self.flags | flags, self.token as *mut c_void);
        kevent { ident, filter, flags, fflags: 0, data: 1, udata }
    }
}

impl Signal {
    fn new(number: usize) -> io::Result<Signal> {
        let set = signal::Set::of(&[number as c_int])?;
        let signals = Own(signalfd::create(&set)?);
        let edges = Own(epoll::create()?);
        register(edges.0, signals.0, libc::EPOLLIN | libc::EPOLLET, 0)?;
        let signal = Signal { edges, _signals: signals };
        signal.look(); // what was sent before counts for nothing
        Ok(signal)
    }

    /// 1 if one was sent since the last look.
    fn look(&self) -> u32 {
        let mut found = Vec::with_capacity(1);
        let _ = epoll::wait(self.edges.0, &mut found, 0);
        found.len() as u32
    }
}

fn is_of_descriptor(filter: i16) -> bool {
    [EVFILT_READ, EVFILT_WRITE, EVFILT_EXCEPT, EVFILT_VNODE].contains(&filter)
}

fn notes(happened: Happened) -> u32 {
    let grown = happened.grown || happened.cut;
    [
        (happened.written && !happened.cut, NOTE_WRITE),
        (grown && !happened.cut, NOTE_EXTEND),
        (happened.attributes || happened.cut, NOTE_ATTRIB),
        (happened.linked, NOTE_LINK),
        (happened.unlinked, NOTE_DELETE),
        (happened.renamed, NOTE_RENAME),
        (happened.unmounted, NOTE_REVOKE),
    ]
    .into_iter()
    .filter(|(yes, _)| *yes)
    .fold(0, |notes, (_, note)| notes | note)
}
