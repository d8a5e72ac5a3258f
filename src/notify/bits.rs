// SPDX-License-Identifier: MIT
//! What is told of files, as bits, and how the system tells it.

/// A file or directory came: it was made, or renamed to this name.
pub const CREATE: u32 = 1;
/// Its metadata changed: permissions, owner, times.
pub const ATTRIB: u32 = 2;
/// Its contents changed.
pub const MODIFY: u32 = 4;
/// It can be reached no more: its file system was unmounted.
pub const REVOKE: u32 = 8;
/// It went: removed, or renamed to another name.
pub const DELETE: u32 = 16;
/// All of these.
pub const ALL: u32 = 31;
/// More happened than the system kept: look for yourself. Told of ".", whatever was asked for.
pub const OVERFLOW: u32 = 32;
/// With `CREATE` or `DELETE`: by a rename. Told where it was asked for, and inotify is what tells.
pub const RENAMED: u32 = 64;
/// It was there already. Told of what is wanted, if that was asked for, before all else.
pub const PRESENT: u32 = 128;

/// How the system tells of changes, as bits.
pub const FEATURES: u32 = super::backend::FEATURES;
/// The names of all bits, those of `FEATURES` among them.
pub const FLAGS: &[(u32, &std::ffi::CStr)] = &[
    (CREATE, c"CREATE"),
    (ATTRIB, c"ATTRIB"),
    (MODIFY, c"MODIFY"),
    (REVOKE, c"REVOKE"),
    (DELETE, c"DELETE"),
    (OVERFLOW, c"OVERFLOW"),
    (RENAMED, c"RENAMED"),
    (PRESENT, c"PRESENT"),
    (INOTIFY, c"INOTIFY"),
    (FEN, c"FEN"),
    (KQUEUE, c"KQUEUE"),
    (KQUEUE1, c"KQUEUE1"),
    (OPENAT, c"OPENAT"),
    (FDOPENDIR, c"FDOPENDIR"),
    (O_CLOEXEC, c"O_CLOEXEC"),
    (IN_CLOEXEC, c"IN_CLOEXEC"),
];

/// inotify(7).
pub const INOTIFY: u32 = 1 << 16;
/// File events of Solaris and illumos, port_associate(3C).
pub const FEN: u32 = 1 << 17;
/// kqueue(2) with EVFILT_VNODE.
pub const KQUEUE: u32 = 1 << 18;
/// kqueue1(2).
pub const KQUEUE1: u32 = 1 << 19;
/// openat(2).
pub const OPENAT: u32 = 1 << 20;
/// fdopendir(3).
pub const FDOPENDIR: u32 = 1 << 21;
/// Descriptors are close-on-exec from birth.
pub const O_CLOEXEC: u32 = 1 << 22;
/// inotify_init1(2).
pub const IN_CLOEXEC: u32 = 1 << 23;
