// SPDX-License-Identifier: MIT
//! The names of the system's error numbers. Where two names share a number the first one is its
//! name.

use std::ffi::CStr;

/// Lists constants of libc by their names: `names! { LIST: EPERM, ENOENT }`.
macro_rules! names {
    ($list:ident: $($name:ident),* $(,)?) => {
        const $list: &[(&std::ffi::CStr, i32)] =
            &[$(($crate::errno::names::name(concat!(stringify!($name), "\0")), libc::$name)),*];
    };
}
pub(crate) use names;

/// A name that ends with NUL.
pub const fn name(terminated: &str) -> &CStr {
    match CStr::from_bytes_with_nul(terminated.as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("a name has one NUL, at its end"),
    }
}

/// Every name of this system.
pub fn system() -> impl Iterator<Item = (&'static CStr, i32)> {
    [COMMON, BSD, OWN, ALIASES].into_iter().flatten().copied()
}

names! { COMMON:
    E2BIG, EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, EBADF, EBADMSG,
    EBUSY, ECANCELED, ECHILD, ECONNABORTED, ECONNREFUSED, ECONNRESET, EDEADLK, EDESTADDRREQ,
    EDOM, EDQUOT, EEXIST, EFAULT, EFBIG, EHOSTDOWN, EHOSTUNREACH, EIDRM, EILSEQ, EINPROGRESS,
    EINTR, EINVAL, EIO, EISCONN, EISDIR, ELOOP, EMFILE, EMLINK, EMSGSIZE, ENAMETOOLONG,
    ENETDOWN, ENETRESET, ENETUNREACH, ENFILE, ENOBUFS, ENODEV, ENOENT, ENOEXEC, ENOLCK, ENOMEM,
    ENOMSG, ENOPROTOOPT, ENOSPC, ENOSYS, ENOTBLK, ENOTCONN, ENOTDIR, ENOTEMPTY, ENOTRECOVERABLE,
    ENOTSOCK, ENOTTY, ENXIO, EOPNOTSUPP, EOVERFLOW, EOWNERDEAD, EPERM, EPFNOSUPPORT, EPIPE,
    EPROTO, EPROTONOSUPPORT, EPROTOTYPE, ERANGE, EREMOTE, EROFS, ESHUTDOWN, ESOCKTNOSUPPORT,
    ESPIPE, ESRCH, ESTALE, ETIMEDOUT, ETOOMANYREFS, ETXTBSY, EUSERS, EXDEV,
}

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "illumos",
    target_os = "solaris"
))]
const BSD: &[(&CStr, i32)] = &[];
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "illumos",
    target_os = "solaris"
)))]
names! { BSD:
    EAUTH, EBADRPC, EFTYPE, ENEEDAUTH, ENOATTR, EPROCLIM, EPROCUNAVAIL, EPROGMISMATCH,
    EPROGUNAVAIL, ERPCMISMATCH,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
names! { OWN:
    EADV, EBADE, EBADFD, EBADR, EBADRQC, EBADSLT, EBFONT, ECHRNG, ECOMM, EDOTDOT, EHWPOISON,
    EISNAM, EKEYEXPIRED, EKEYREJECTED, EKEYREVOKED, EL2HLT, EL2NSYNC, EL3HLT, EL3RST, ELIBACC,
    ELIBBAD, ELIBEXEC, ELIBMAX, ELIBSCN, ELNRNG, EMEDIUMTYPE, EMULTIHOP, ENAVAIL, ENOANO,
    ENOCSI, ENODATA, ENOKEY, ENOLINK, ENOMEDIUM, ENONET, ENOPKG, ENOSR, ENOSTR, ENOTNAM,
    ENOTUNIQ, EREMCHG, EREMOTEIO, ERESTART, ERFKILL, ESRMNT, ESTRPIPE, ETIME, EUCLEAN, EUNATCH,
    EXFULL,
}
#[cfg(target_vendor = "apple")]
names! { OWN:
    EBADARCH, EBADEXEC, EBADMACHO, EDEVERR, EMULTIHOP, ENODATA, ENOLINK, ENOPOLICY, ENOSR,
    ENOSTR, EPWROFF, EQFULL, ESHLIBVERS, ETIME,
}
#[cfg(target_os = "freebsd")]
names! { OWN:
    ECAPMODE, EDOOFUS, EINTEGRITY, EMULTIHOP, ENOLINK, ENOTCAPABLE,
}
#[cfg(target_os = "dragonfly")]
names! { OWN:
    EASYNC, EDOOFUS, EMULTIHOP, ENOLINK, ENOMEDIUM,
}
#[cfg(target_os = "netbsd")]
names! { OWN:
    EMULTIHOP, ENODATA, ENOLINK, ENOSR, ENOSTR, ETIME,
}
#[cfg(target_os = "openbsd")]
names! { OWN:
    EIPSEC, EMEDIUMTYPE, ENOMEDIUM,
}
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
names! { OWN:
    EADI, EADV, EBADE, EBADFD, EBADR, EBADRQC, EBADSLT, EBFONT, ECHRNG, ECOMM, EL2HLT, EL2NSYNC,
    EL3HLT, EL3RST, ELIBACC, ELIBBAD, ELIBEXEC, ELIBMAX, ELIBSCN, ELNRNG, ELOCKUNMAPPED,
    EMULTIHOP, ENOANO, ENOCSI, ENODATA, ENOLINK, ENONET, ENOPKG, ENOSR, ENOSTR, ENOTACTIVE,
    ENOTUNIQ, EREMCHG, ERESTART, ESRMNT, ESTRPIPE, ETIME, EUNATCH, EXFULL,
}

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "illumos",
    target_os = "solaris"
))]
names! { ALIASES: EWOULDBLOCK, ENOTSUP, EDEADLOCK }
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "illumos",
    target_os = "solaris"
)))]
names! { ALIASES: EWOULDBLOCK, ENOTSUP }
