// SPDX-License-Identifier: MIT
//! Event ports over epoll, as far as the library uses them: PORT_SOURCE_FD, PORT_SOURCE_FILE,
//! PORT_SOURCE_USER.
//!
//! As on the systems: an association ends with its event; what is ready when it is associated puts an
//! event into the port at once, which stays though the descriptor be drained; closing a descriptor takes both
//! out; a descriptor that is none is EBADFD; ETIME and EINTR leave the count as it was; a file is known by the
//! address of its object, and one that has changed since the times given is reported at once.

#![allow(non_camel_case_types)]

use super::super::ports::{self, FileObject};
use super::watch::{watches, Happened, Watches};
use super::*;
use libc::{c_int, c_uint, c_ushort, c_void, timespec, uintptr_t};
use std::collections::VecDeque;
use std::ffi::{CStr, CString};

/// `port_event_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct port_event {
    pub portev_events: c_int,
    pub portev_source: c_ushort,
    pub portev_pad: c_ushort,
    pub portev_object: uintptr_t,
    pub portev_user: *mut c_void,
}

pub(crate) const PORT_SOURCE_USER: c_int = 3;
pub(crate) const PORT_SOURCE_FD: c_int = 4;
pub(crate) const PORT_SOURCE_FILE: c_int = 7;

static PORTS: Table<Port> = Table::new();

struct Port {
    fd: RawFd,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pending: VecDeque<Pending>,
    bell: Option<Bell>,
    watches: Option<Watches>,
    descriptors: HashMap<RawFd, Association>,
    files: HashMap<usize, File>,
}

/// An event in the port; of a descriptor, with the file that it was open on.
struct Pending {
    source: c_int,
    object: usize,
    events: c_int,
    token: usize,
    file: Option<Identity>,
    /// What a descriptor was associated for.
    #[allow(dead_code)] // only tests ask
    wanted: i16,
}

struct Association {
    events: c_int,
    token: usize,
    file: Identity,
}

struct File {
    path: CString,
    open: Own,
    wanted: c_int,
    token: usize,
}

/// port_create(3C).
///
/// # Safety
///
/// None is needed; the systems' is unsafe, here and below.
pub unsafe fn port_create() -> c_int {
    result(create())
}

fn create() -> io::Result<RawFd> {
    let fd = epoll::create()?;
    PORTS.insert(fd, Port { fd, state: Mutex::default() });
    Ok(fd)
}

/// The number is about to be free.
pub fn closed(fd: RawFd) {
    PORTS.remove(fd);
}

/// What is associated, or has an event in the port.
#[cfg(test)]
pub fn registered(port: RawFd) -> Vec<(RawFd, i16)> {
    let port = PORTS.get(port).expect("a port");
    let state = lock(&port.state);
    let waiting = state.descriptors.iter().map(|(&fd, found)| (fd, found.events as i16));
    let there = state.pending.iter().filter(|event| event.source == PORT_SOURCE_FD);
    waiting.chain(there.map(|event| (event.object as RawFd, event.wanted))).collect()
}

/// port_associate(3C).
///
/// # Safety
///
/// The object of a file is readable, and its name a string.
pub unsafe fn port_associate(
    port: c_int,
    source: c_int,
    object: uintptr_t,
    events: c_int,
    token: *mut c_void,
) -> c_int {
    let token = token as usize;
    result(PORTS.get(port).and_then(|port| match source {
        PORT_SOURCE_FD => port.associate(object as RawFd, events, token),
        PORT_SOURCE_FILE => {
            // SAFETY: as documented.
            let (file, name) = unsafe {
                let file = &*(object as *const FileObject);
                (file, CStr::from_ptr(file.name).to_owned())
            };
            port.associate_file(object, file, name, events, token)
        }
        _ => Err(error(libc::EINVAL)),
    }))
}

/// port_dissociate(3C).
///
/// # Safety
///
/// As `port_create`.
pub unsafe fn port_dissociate(port: c_int, source: c_int, object: uintptr_t) -> c_int {
    result(PORTS.get(port).and_then(|port| port.dissociate(source, object)))
}

/// port_send(3C).
///
/// # Safety
///
/// As `port_create`.
pub unsafe fn port_send(port: c_int, events: c_int, token: *mut c_void) -> c_int {
    let (source, token) = (PORT_SOURCE_USER, token as usize);
    result(PORTS.get(port).map(|port| {
        let event =
            Pending { source, object: port.fd as usize, events, token, file: None, wanted: 0 };
        port.push(&mut lock(&port.state), event);
        0
    }))
}

/// port_getn(3C) for at least one event.
///
/// # Safety
///
/// The list is writable for `room` records, the limit NULL or readable.
pub unsafe fn port_getn(
    port: c_int,
    list: *mut port_event,
    room: c_uint,
    count: *mut c_uint,
    limit: *mut timespec,
) -> c_int {
    // SAFETY: as documented.
    let deadline = unsafe { Deadline::new(limit) };
    let found = PORTS.get(port).and_then(|port| port.wait(room as usize, deadline));
    result(found.and_then(|found| match found.len() {
        0 => Err(error(libc::ETIME)),
        number => {
            // SAFETY: room for as many, as documented.
            unsafe {
                std::ptr::copy_nonoverlapping(found.as_ptr(), list, number);
                *count = number as c_uint;
            }
            Ok(0)
        }
    }))
}

impl Port {
    /// For what the kernel does not watch.
    fn push(&self, state: &mut State, event: Pending) {
        state.pending.push_back(event);
        if state.bell.is_none() {
            state.bell = Bell::new(self.fd).ok(); // without descriptors others are in trouble too
        }
        state.bell.iter().for_each(|bell| bell.ring(true));
    }

    fn associate(&self, fd: RawFd, events: c_int, token: usize) -> io::Result<c_int> {
        let file = identity(fd).map_err(|_| error(libc::EBADFD))?;
        let mut state = lock(&self.state);
        state.forget(PORT_SOURCE_FD, fd as usize);
        unregister(self.fd, fd);
        // The kernel's watch on what is ready already makes the port readable.
        register(self.fd, fd, events | libc::EPOLLONESHOT, fd as u64)?;
        match ready(fd, events as i16) {
            0 => drop(state.descriptors.insert(fd, Association { events, token, file })),
            now => {
                let (source, object, wanted) = (PORT_SOURCE_FD, fd as usize, events as i16);
                let (events, file) = (now.into(), Some(file));
                let event = Pending { source, object, events, token, file, wanted };
                state.pending.push_back(event);
            }
        }
        Ok(0)
    }

    fn associate_file(
        &self,
        object: usize,
        times: &FileObject,
        path: CString,
        wanted: c_int,
        token: usize,
    ) -> io::Result<c_int> {
        // SAFETY: a terminated string.
        let open = Own(super::super::check(unsafe {
            libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC)
        })?);
        let mut state = lock(&self.state);
        state.forget(PORT_SOURCE_FILE, object);
        match changed_since(&status(open.0)?, times) & wanted {
            0 => {
                watches(&mut state.watches, self.fd)?.add(object, open.0)?;
                state.files.insert(object, File { path, open, wanted, token });
            }
            events => {
                let source = PORT_SOURCE_FILE;
                self.push(
                    &mut state,
                    Pending { source, object, events, token, file: None, wanted: 0 },
                );
            }
        }
        Ok(0)
    }

    fn dissociate(&self, source: c_int, object: usize) -> io::Result<c_int> {
        if source == PORT_SOURCE_FD {
            unregister(self.fd, object as RawFd);
        }
        match lock(&self.state).forget(source, object) {
            true => Ok(0),
            false => Err(error(libc::ENOENT)),
        }
    }

    fn wait(&self, room: usize, deadline: Deadline) -> io::Result<Vec<port_event>> {
        loop {
            let there = !lock(&self.state).pending.is_empty();
            let until = if there { Deadline::NOW } else { deadline };
            let records = wait(self.fd, room.max(2), until)?;
            let mut state = lock(&self.state);
            for record in &records {
                self.collect(&mut state, record);
            }
            let mut found = Vec::new();
            while let Some(event) =
                (found.len() < room).then(|| state.pending.pop_front()).flatten()
            {
                if event.source == PORT_SOURCE_FD {
                    unregister(self.fd, event.object as RawFd);
                }
                found.extend(event.report());
            }
            let more = state.pending.iter().any(|event| event.source != PORT_SOURCE_FD);
            state.bell.iter().for_each(|bell| bell.ring(more));
            if !found.is_empty() || deadline.is_over() {
                return Ok(found);
            }
        }
    }

    /// Puts what the kernel found into the port.
    fn collect(&self, state: &mut State, record: &epoll::Event) {
        let (token, events) = (record.u64, record.events as c_int);
        if token & SOURCE != 0 {
            state.collect_files();
        } else if token & BELL == 0 {
            let fd = token as RawFd;
            let Some(association) = state.descriptors.remove(&fd) else { return };
            let Association { token, file, events: wanted } = association;
            unregister(self.fd, fd);
            let events = events & (wanted | libc::EPOLLERR | libc::EPOLLHUP);
            let (source, object, wanted) = (PORT_SOURCE_FD, fd as usize, wanted as i16);
            let file = Some(file);
            state.pending.push_back(Pending { source, object, events, token, file, wanted });
        }
    }
}

impl Pending {
    /// Nothing, if the descriptor was closed meanwhile.
    fn report(self) -> Option<port_event> {
        let closed = self.file.is_some() && identity(self.object as RawFd).ok() != self.file;
        (!closed).then_some(port_event {
            portev_events: self.events,
            portev_source: self.source as c_ushort,
            portev_pad: 0,
            portev_object: self.object,
            portev_user: self.token as *mut c_void,
        })
    }
}

impl State {
    /// Whether there was an association, or an event of it.
    fn forget(&mut self, source: c_int, object: usize) -> bool {
        let before = self.pending.len();
        self.pending.retain(|event| (event.source, event.object) != (source, object));
        let was = match source {
            PORT_SOURCE_FD => self.descriptors.remove(&(object as RawFd)).is_some(),
            _ => {
                self.watches.iter_mut().for_each(|watches| watches.remove(object));
                self.files.remove(&object).is_some()
            }
        };
        was || before != self.pending.len()
    }

    fn collect_files(&mut self) {
        let happened = self.watches.iter_mut().flat_map(Watches::look).collect::<Vec<_>>();
        for (object, happened) in happened {
            let Some(file) = self.files.get(&object) else { continue };
            let events = changes(happened, file) & (file.wanted | UNASKED);
            if events != 0 {
                let (source, token) = (PORT_SOURCE_FILE, file.token);
                self.forget(source, object);
                let event = Pending { source, object, events, token, file: None, wanted: 0 };
                self.pending.push_back(event);
            }
        }
    }
}

/// Reported whether asked for or not.
const UNASKED: c_int =
    ports::FILE_DELETE | ports::FILE_RENAME_TO | ports::FILE_RENAME_FROM | ports::UNMOUNTED;

fn changes(happened: Happened, file: &File) -> c_int {
    let replaced = || {
        // SAFETY: a terminated string.
        unsafe { libc::access(file.path.as_ptr(), libc::F_OK) == 0 }
    };
    let gone = happened.unlinked && status(file.open.0).is_ok_and(|status| status.st_nlink == 0);
    [
        (happened.written, ports::FILE_MODIFIED),
        (happened.attributes || happened.linked || happened.written, ports::FILE_ATTRIB),
        (happened.cut, ports::FILE_TRUNC),
        (gone && !replaced(), ports::FILE_DELETE),
        (gone && replaced(), ports::FILE_RENAME_TO),
        (happened.renamed, ports::FILE_RENAME_FROM),
        (happened.unmounted, ports::UNMOUNTED),
    ]
    .into_iter()
    .filter(|(yes, _)| *yes)
    .fold(0, |events, (_, event)| events | event)
}

/// What has changed since those times; one of 0 is not compared.
fn changed_since(now: &libc::stat, then: &FileObject) -> c_int {
    let later = |now: (i64, i64), then: &timespec| {
        let then = (then.tv_sec, then.tv_nsec);
        then != (0, 0) && now > then
    };
    let mut changes = 0;
    if later((now.st_atime, now.st_atime_nsec), &then.accessed) {
        changes |= ports::FILE_ACCESS;
    }
    if later((now.st_mtime, now.st_mtime_nsec), &then.modified) {
        changes |= ports::FILE_MODIFIED;
    }
    if later((now.st_ctime, now.st_ctime_nsec), &then.changed) {
        changes |= ports::FILE_ATTRIB;
    }
    changes
}
