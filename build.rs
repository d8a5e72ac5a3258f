// SPDX-License-Identifier: MIT
//! Names the groups of operating systems once; elsewhere `#[cfg(epoll)]` and the like stand.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(epoll, kqueue, ports, emulated)");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match os.as_str() {
        "linux" | "android" => println!("cargo::rustc-cfg=epoll"),
        other => println!("cargo::warning=no poller for {other} yet"),
    }
}
