// SPDX-License-Identifier: MIT
//! Names the groups of operating systems once; elsewhere `#[cfg(epoll)]` and the like stand.

/// On Linux it has the library built over an imitation of another system's queue, for tests.
const VARIABLE: &str = "CQUEUES_TEST_BACKEND";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    println!("cargo::rustc-check-cfg=cfg(epoll, kqueue, ports, emulated, mmsg, openssl3, tsan)");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let backend = match os.as_str() {
        "linux" | "android" => "epoll",
        "macos" | "ios" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" => "kqueue",
        "solaris" | "illumos" => "ports",
        other => panic!("no backend for {other}"),
    };
    // recvmmsg and sendmmsg.
    if ["linux", "android", "freebsd", "netbsd", "openbsd"].contains(&os.as_str()) {
        println!("cargo::rustc-cfg=mmsg");
    }
    // In hexadecimal, told by openssl-sys.
    let openssl = std::env::var("DEP_OPENSSL_VERSION_NUMBER").unwrap_or_default();
    if u64::from_str_radix(&openssl, 16).is_ok_and(|version| version >= 0x3000_0000) {
        println!("cargo::rustc-cfg=openssl3");
    }
    let asked = std::env::var(VARIABLE).unwrap_or_default();
    match (asked.as_str(), backend) {
        ("", own) => println!("cargo::rustc-cfg={own}"),
        ("kqueue" | "ports", "epoll") => {
            println!("cargo::rustc-cfg={asked}");
            println!("cargo::rustc-cfg=emulated");
            println!("cargo::warning=for tests only: {asked} imitated over epoll");
        }
        (other, _) => panic!("{VARIABLE}={other}: kqueue or ports, and on Linux only"),
    }
}
