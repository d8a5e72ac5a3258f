// SPDX-License-Identifier: MIT
//! resolv.conf and nsswitch.conf: whatever they hold, what is written out reads in the same.

use cqueues::dns::system::config::{Config, Syntax};

fn read(text: &[u8], syntax: Syntax) -> Config {
    let mut config = Config::default();
    config.load(text, syntax, "file");
    config
}

/// Written out and read in, the same configuration, without complaints.
fn goes_round(mut config: Config) {
    config.warnings.clear();
    let text = config.format();
    assert_eq!(read(text.as_bytes(), Syntax::Resolv), config, "{text}");
    for option in [
        "ndots",
        "timeout",
        "attempts",
        "ports",
        "edns0",
        "rotate",
        "smart",
        "cache",
        "tcp",
        "interface",
    ] {
        let (value, mut copy) = (config.get(option).expect("an option"), config.clone());
        assert_eq!(copy.set(option, &value), Ok(()), "{option} {value}");
        assert_eq!(copy, config, "{option} {value}");
    }
}

fn candidates(config: &Config, name: &str) {
    let list = config.candidates(name);
    assert!(!list.is_empty() && list.iter().all(|name| name.ends_with('.')));
}

pub fn check(data: &[u8]) {
    let config = read(data, Syntax::Resolv);
    assert!((1..=3).contains(&config.nameservers.len()));
    assert!(config.warnings.len() <= 2 * data.len());
    for name in ["www", "www.a.b", "www.", ""] {
        candidates(&config, name);
    }
    goes_round(config);
}

pub fn check_switch(data: &[u8]) {
    let config = read(data, Syntax::Nsswitch);
    assert!((1..=3).contains(&config.lookup.len()));
    goes_round(config);
}
