// SPDX-License-Identifier: MIT
//! The names of the system's error numbers. Where two names share a number the first one is its
//! name.

use std::ffi::CStr;

macro_rules! names {
    ($list:ident: $($name:ident),* $(,)?) => {
        const $list: &[(&CStr, i32)] =
            &[$((name(concat!(stringify!($name), "\0")), libc::$name)),*];
    };
}

const fn name(terminated: &str) -> &CStr {
    match CStr::from_bytes_with_nul(terminated.as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("a name has one NUL, at its end"),
    }
}

/// Every name of this system.
pub fn system() -> impl Iterator<Item = (&'static CStr, i32)> {
    [COMMON, LINUX, ALIASES].into_iter().flatten().copied()
}

names! { COMMON:
    E2BIG, EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, EBADF, EBADMSG,
    EBUSY, ECANCELED, ECHILD, ECONNABORTED, ECONNREFUSED, ECONNRESET, EDEADLK, EDESTADDRREQ,
    EDOM, EDQUOT, EEXIST, EFAULT, EFBIG, EHOSTDOWN, EHOSTUNREACH, EIDRM, EILSEQ, EINPROGRESS,
    EINTR, EINVAL, EIO, EISCONN, EISDIR, ELOOP, EMFILE, EMLINK, EMSGSIZE, EMULTIHOP,
    ENAMETOOLONG, ENETDOWN, ENETRESET, ENETUNREACH, ENFILE, ENOBUFS, ENODEV, ENOENT, ENOEXEC,
    ENOLCK, ENOLINK, ENOMEM, ENOMSG, ENOPROTOOPT, ENOSPC, ENOSYS, ENOTBLK, ENOTCONN, ENOTDIR,
    ENOTEMPTY, ENOTRECOVERABLE, ENOTSOCK, ENOTTY, ENXIO, EOPNOTSUPP, EOVERFLOW, EOWNERDEAD,
    EPERM, EPFNOSUPPORT, EPIPE, EPROTO, EPROTONOSUPPORT, EPROTOTYPE, ERANGE, EREMOTE, EROFS,
    ESHUTDOWN, ESOCKTNOSUPPORT, ESPIPE, ESRCH, ESTALE, ETIMEDOUT, ETOOMANYREFS, ETXTBSY, EUSERS,
    EXDEV,
}

#[cfg(not(target_os = "linux"))]
const LINUX: &[(&CStr, i32)] = &[];
#[cfg(target_os = "linux")]
names! { LINUX:
    EADV, EBADE, EBADFD, EBADR, EBADRQC, EBADSLT, EBFONT, ECHRNG, ECOMM, EDOTDOT, EHWPOISON,
    EISNAM, EKEYEXPIRED, EKEYREJECTED, EKEYREVOKED, EL2HLT, EL2NSYNC, EL3HLT, EL3RST, ELIBACC,
    ELIBBAD, ELIBEXEC, ELIBMAX, ELIBSCN, ELNRNG, EMEDIUMTYPE, ENAVAIL, ENOANO, ENOCSI, ENODATA,
    ENOKEY, ENOMEDIUM, ENONET, ENOPKG, ENOSR, ENOSTR, ENOTNAM, ENOTUNIQ, EREMCHG, EREMOTEIO,
    ERESTART, ERFKILL, ESRMNT, ESTRPIPE, ETIME, EUCLEAN, EUNATCH, EXFULL,
}

#[cfg(not(target_os = "linux"))]
names! { ALIASES: EWOULDBLOCK, ENOTSUP }
#[cfg(target_os = "linux")]
names! { ALIASES: EWOULDBLOCK, ENOTSUP, EDEADLOCK }
