// SPDX-License-Identifier: MIT
//! Child processes: posix_spawn(3), waiting for one child, and signals to it.
//!
//! posix_spawn, and not fork(2): the memory of a large program is not copied, the handlers of pthread_atfork(3) do not
//! run, nothing of ours runs between fork and exec, and errors of exec come back as the call's result.
//!
//! The number of a process is used again once its end was fetched. A pidfd (Linux 5.3) never stands for another
//! process, even if somebody else has fetched the end.

mod missing;

use super::check;
use super::signal::Set;
use std::collections::TryReserveError;
use std::ffi::{c_char, CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// What one of the three standard streams of a child is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The caller's.
    Inherit,
    /// /dev/null.
    Null,
    /// A copy of this descriptor.
    Descriptor(RawFd),
    /// What the child's standard output is.
    Output,
}

/// A change of the environment: the name, and the entry "name=value", or `None` to take it out.
pub type Change = (CString, Option<CString>);

/// What is to be started.
pub struct Order<'a> {
    /// The program and its arguments; there is at least one.
    pub arguments: &'a [CString],
    /// What is different in the environment; each name stands there once.
    pub changes: &'a [Change],
    /// Whether the child has the caller's environment, beside the changes.
    pub keeps_environment: bool,
    /// The working directory; `None`: the caller's.
    pub directory: Option<&'a CStr>,
    /// Standard input, output and error.
    pub streams: [Stream; 3],
    /// Whether a program without a slash is looked for in PATH.
    pub searches: bool,
    /// Whether the child leads a process group of its own.
    pub leads_group: bool,
    /// Whether the child leads a session of its own.
    pub leads_session: bool,
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It exited with this code.
    Exited(i32),
    /// This signal killed it.
    Signaled(i32),
}

/// A child whose end was not fetched yet, or was just now.
pub struct Child {
    /// Its number.
    pub pid: i32,
    /// The pidfd; `None` where the system has none.
    fd: Option<OwnedFd>,
}

/// Starts a process. What posix_spawn says, which includes the errors of execve(2) and chdir(2); EBADF for a descriptor
/// that is not open; ENOSYS for a directory or a session where posix_spawn has none.
pub fn spawn(order: &Order) -> io::Result<Child> {
    let mut copies = Vec::new();
    let actions = Actions::new(order, &mut copies)?;
    let attributes = Attributes::new(order)?;
    let arguments = pointers(order.arguments.iter().map(|text| text.as_ptr()))?;
    let environment = environment(order)?;
    let start = if order.searches { libc::posix_spawnp } else { libc::posix_spawn };
    let mut pid = 0;
    // SAFETY: texts and both lists, which end with NULL, outlive the call, as do the initialised actions and attributes.
    succeed(unsafe {
        start(
            &mut pid,
            arguments[0],
            &actions.0,
            &attributes.0,
            arguments.as_ptr().cast(),
            environment.as_ptr().cast(),
        )
    })?;
    Ok(Child { pid, fd: open(pid) })
}

/// What the child does with its descriptors and directory before exec.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    /// Copies of descriptors that would be overwritten before they are used are put into `copies`.
    fn new(order: &Order, copies: &mut Vec<OwnedFd>) -> io::Result<Actions> {
        let mut place = MaybeUninit::uninit();
        // SAFETY: the object is initialised by the call, and taken for initialised only then.
        let mut actions = unsafe {
            succeed(libc::posix_spawn_file_actions_init(place.as_mut_ptr()))?;
            Actions(place.assume_init())
        };
        for (number, &stream) in (0..).zip(&order.streams) {
            actions.stream(number, stream, copies)?;
        }
        if let Some(directory) = order.directory {
            // SAFETY: the actions are initialised, the text is terminated and copied or outlives them.
            succeed(unsafe { missing::change_directory(&mut actions.0, directory.as_ptr()) })?;
        }
        Ok(actions)
    }

    fn stream(
        &mut self,
        number: RawFd,
        stream: Stream,
        copies: &mut Vec<OwnedFd>,
    ) -> io::Result<()> {
        let from = match stream {
            Stream::Inherit => return Ok(()),
            Stream::Null => return self.open_null(number),
            Stream::Output => libc::STDOUT_FILENO,
            // Another stream of the child may be put there before.
            Stream::Descriptor(fd) if fd <= libc::STDERR_FILENO && fd != number => {
                copies.try_reserve(1).map_err(no_memory)?;
                // SAFETY: no pointers.
                let copy = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) })?;
                // SAFETY: nobody else owns it.
                copies.push(unsafe { OwnedFd::from_raw_fd(copy) });
                copy
            }
            Stream::Descriptor(fd) => fd,
        };
        // A descriptor that is put where it is already loses close-on-exec.
        // SAFETY: the actions are initialised.
        succeed(unsafe { libc::posix_spawn_file_actions_adddup2(&mut self.0, from, number) })
    }

    fn open_null(&mut self, number: RawFd) -> io::Result<()> {
        // SAFETY: the actions are initialised; the path is terminated and lives for ever.
        succeed(unsafe {
            libc::posix_spawn_file_actions_addopen(
                &mut self.0,
                number,
                c"/dev/null".as_ptr(),
                libc::O_RDWR,
                0,
            )
        })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: they are initialised.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

/// The child's signals and its group.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    /// No signal is blocked, and none is ignored, whatever the caller has: a program expects to be started so.
    #[allow(clippy::unnecessary_cast)] // the flags are c_short on some systems
    fn new(order: &Order) -> io::Result<Attributes> {
        let mut place = MaybeUninit::uninit();
        // SAFETY: the object is initialised by the call, and taken for initialised only then.
        let mut attributes = unsafe {
            succeed(libc::posix_spawnattr_init(place.as_mut_ptr()))?;
            Attributes(place.assume_init())
        };
        let mut flags = libc::POSIX_SPAWN_SETSIGMASK as i32 | libc::POSIX_SPAWN_SETSIGDEF as i32;
        if order.leads_group {
            flags |= libc::POSIX_SPAWN_SETPGROUP as i32; // group 0, as initialised: its own
        }
        if order.leads_session {
            flags |= missing::SETSID.ok_or_else(|| io::Error::from_raw_os_error(libc::ENOSYS))?;
        }
        let (none, defaults) = (Set::of(&[])?, Set::full().without(libc::SIGKILL, libc::SIGSTOP));
        // SAFETY: attributes and sets are initialised.
        unsafe {
            succeed(libc::posix_spawnattr_setsigmask(&mut attributes.0, none.as_ptr()))?;
            succeed(libc::posix_spawnattr_setsigdefault(&mut attributes.0, defaults.as_ptr()))?;
            succeed(libc::posix_spawnattr_setflags(&mut attributes.0, flags as _))?;
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: they are initialised.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

/// The child's environment: the entries of ours that are not changed, and the changed ones.
fn environment(order: &Order) -> io::Result<Vec<*const c_char>> {
    let kept = order.keeps_environment.then(|| entries().filter(|entry| !is_changed(entry, order)));
    let changed = order.changes.iter().filter_map(|(_, entry)| entry.as_deref());
    pointers(kept.into_iter().flatten().chain(changed).map(CStr::as_ptr))
}

fn is_changed(entry: &CStr, order: &Order) -> bool {
    let mut changes = order.changes.iter();
    changes.any(|(name, _)| {
        entry.to_bytes().strip_prefix(name.to_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    })
}

/// The entries of the process's environment. As with getenv(3), nobody may change it meanwhile.
fn entries<'a>() -> impl Iterator<Item = &'a CStr> {
    let mut place = missing::environ();
    std::iter::from_fn(move || {
        // SAFETY: the list is NULL or ends with NULL, and its entries are terminated.
        unsafe {
            let entry = *place.as_ref()?;
            (!entry.is_null()).then(|| {
                place = place.add(1);
                CStr::from_ptr(entry)
            })
        }
    })
}

/// A list that ends with NULL.
fn pointers(texts: impl Iterator<Item = *const c_char>) -> io::Result<Vec<*const c_char>> {
    let mut list = Vec::new();
    for text in texts.chain([std::ptr::null()]) {
        list.try_reserve(1).map_err(no_memory)?;
        list.push(text);
    }
    Ok(list)
}

/// The system's code for it, which the standard library's own conversion does not have.
fn no_memory(_: TryReserveError) -> io::Error {
    io::Error::from_raw_os_error(libc::ENOMEM)
}

/// The result of functions that return an error number.
fn succeed(code: libc::c_int) -> io::Result<()> {
    match code {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

impl Child {
    /// The descriptor that is readable when it has ended.
    pub fn fd(&self) -> Option<RawFd> {
        self.fd.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// How it ended; the system forgets it then. `None` while it runs. ECHILD if somebody else has fetched the end, or
    /// SIGCHLD is ignored.
    pub fn fetch(&self) -> io::Result<Option<End>> {
        match self.fd() {
            Some(fd) => fetch_by_descriptor(fd),
            None => fetch_by_number(self.pid),
        }
    }

    /// Sends a signal. ESRCH if there is no such process any more.
    pub fn kill(&self, signal: i32) -> io::Result<()> {
        match self.fd() {
            Some(fd) => kill_by_descriptor(fd, signal),
            // SAFETY: no pointers.
            None => check(unsafe { libc::kill(self.pid, signal) }).map(drop),
        }
    }
}

fn fetch_by_number(pid: i32) -> io::Result<Option<End>> {
    let mut status = 0;
    // SAFETY: `status` is writable.
    Ok(match check(unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) })? {
        0 => None,
        _ if libc::WIFSIGNALED(status) => Some(End::Signaled(libc::WTERMSIG(status))),
        _ => Some(End::Exited(libc::WEXITSTATUS(status))),
    })
}

/// pidfd_open(2), close-on-exec. `None` where it is missing (before Linux 5.3) or forbidden, and without room.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn open(pid: i32) -> Option<OwnedFd> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = RawFd::try_from(fd).ok().filter(|&fd| fd >= 0)?;
    // SAFETY: nobody else owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    // waitid(2) knows pidfds since Linux 5.4.
    let known = fetch_with(fd.as_raw_fd(), libc::WNOWAIT).map_or_else(is_no_child, |_| true);
    known.then_some(fd)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_no_child(error: io::Error) -> bool {
    error.raw_os_error() == Some(libc::ECHILD)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn fetch_by_descriptor(fd: RawFd) -> io::Result<Option<End>> {
    fetch_with(fd, 0)
}

/// waitid(2) of a pidfd.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn fetch_with(fd: RawFd, flags: i32) -> io::Result<Option<End>> {
    let flags = libc::WEXITED | libc::WNOHANG | flags;
    // SAFETY: an all-zero siginfo_t is valid and is filled; of a child its number and status are.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        check(libc::waitid(libc::P_PIDFD, fd as libc::id_t, &mut info, flags))?;
        Ok(match (info.si_pid(), info.si_code) {
            (0, _) => None,
            (_, libc::CLD_EXITED) => Some(End::Exited(info.si_status())),
            _ => Some(End::Signaled(info.si_status())),
        })
    }
}

/// pidfd_send_signal(2).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn kill_by_descriptor(fd: RawFd, signal: i32) -> io::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: no information is given.
    match unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, none, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open(_pid: i32) -> Option<OwnedFd> {
    None
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn fetch_by_descriptor(_fd: RawFd) -> io::Result<Option<End>> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn kill_by_descriptor(_fd: RawFd, _signal: i32) -> io::Result<()> {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}
