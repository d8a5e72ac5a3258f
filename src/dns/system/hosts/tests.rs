// SPDX-License-Identifier: MIT
//! Tables of hosts: names to addresses, addresses to names.

use super::*;

fn name(text: &str) -> Name {
    Name::scan(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn table(text: &str) -> Hosts {
    let mut hosts = Hosts::default();
    hosts.load(text.as_bytes(), "hosts");
    hosts
}

fn addresses(hosts: &Hosts, of: &str) -> Vec<String> {
    hosts.addresses(&name(of)).map(|address| address.ip().to_string()).collect()
}

fn names(hosts: &Hosts, of: &str) -> Vec<String> {
    hosts.names(&name(of)).map(Name::to_string).collect()
}

const USUAL: &str = "127.0.0.1 localhost\n\
                     ::1\tlocalhost ip6-localhost # this machine\n\
                     192.0.2.1  www.example.com www\n\
                     192.0.2.2  www.example.com\n";

#[test]
fn every_name_of_a_line_has_its_address() {
    let hosts = table(USUAL);
    assert_eq!(addresses(&hosts, "localhost"), ["127.0.0.1", "::1"]);
    assert_eq!(addresses(&hosts, "WWW"), ["192.0.2.1"]);
    assert_eq!(addresses(&hosts, "www.example.com."), ["192.0.2.1", "192.0.2.2"]);
    assert!(addresses(&hosts, "example.com").is_empty());
    assert!(
        hosts.addresses(&name("ip6-localhost")).next().is_some()
            && hosts.addresses(&name("other")).next().is_none()
    );
    assert!(hosts.warnings.is_empty());
}

#[test]
fn an_address_has_no_port() {
    let mut hosts = table("[192.0.2.7]:99 odd.test\n192.0.2.8:99 odd.test\n");
    hosts.insert("[192.0.2.9]:99", b"odd.test", true).unwrap();
    let ports: Vec<u16> = hosts.addresses(&name("odd.test")).map(|found| found.port()).collect();
    assert!(!ports.is_empty() && ports.iter().all(|&port| port == 0), "{ports:?}");
}

#[test]
fn an_address_has_the_first_name_of_its_line() {
    let hosts = table(USUAL);
    assert_eq!(names(&hosts, "1.2.0.192.in-addr.arpa"), ["www.example.com."]);
    assert_eq!(names(&hosts, "1.0.0.127.IN-ADDR.arpa."), ["localhost."]);
    let loopback = format!("1.{}ip6.arpa", "0.".repeat(31));
    assert_eq!(names(&hosts, &loopback), ["localhost."]);
    for none in [
        "2.0.192.in-addr.arpa",
        "0.1.2.0.192.in-addr.arpa",
        "256.2.0.192.in-addr.arpa",
        "x.2.0.192.in-addr.arpa",
        "in-addr.arpa",
        "1.0.ip6.arpa",
        "www.example.com",
    ] {
        assert!(names(&hosts, none).is_empty(), "{none}");
    }
}

#[test]
fn what_is_no_address_or_no_name_is_told_with_its_line() {
    let hosts = table("\n300.1.1.1 a\n192.0.2.1 a..b good .\n192.0.2.2\n# 1.2.3.4 x\n; y\n");
    assert_eq!(
        hosts.warnings,
        [
            "hosts:2: bad address \"300.1.1.1\"",
            "hosts:3: bad name \"a..b\"",
            "hosts:3: bad name \".\""
        ]
    );
    assert_eq!(addresses(&hosts, "good"), ["192.0.2.1"]);
}

#[test]
fn names_are_inserted_as_aliases_or_as_the_address_s_own() {
    let mut hosts = Hosts::default();
    hosts.insert("192.0.2.1", b"alias.test", false).expect("an alias");
    assert!(names(&hosts, "1.2.0.192.in-addr.arpa").is_empty());
    hosts.insert("192.0.2.1", b"own.test", true).expect("a name");
    assert_eq!(names(&hosts, "1.2.0.192.in-addr.arpa"), ["own.test."]);
    assert_eq!(addresses(&hosts, "alias.test"), ["192.0.2.1"]);
    assert_eq!(hosts.insert("192.0.2", b"a", true), Err(Errno::ADDRESS));
    assert_eq!(hosts.insert("192.0.2.1", b"a..b", true), Err(Errno::ILLEGAL));
    assert_eq!(hosts.insert("192.0.2.1", b".", true), Err(Errno::ILLEGAL));
}

#[test]
fn what_is_written_out_reads_in_the_same() {
    let text = format!("{USUAL}192.0.2.9 odd\\035name a\\059b x\\032y\n");
    let hosts = table(&text);
    let again = table(&hosts.format());
    assert_eq!(again.format(), hosts.format());
    assert!(again.warnings.is_empty());
    assert_eq!(addresses(&again, "odd\\035name"), ["192.0.2.9"]);
    assert_eq!(table("192.0.2.1 www").format(), "192.0.2.1        www.\n");
}

#[test]
fn a_changed_file_is_read_again_unless_the_program_has_added_to_it() {
    let path = std::env::temp_dir().join(format!("cqueues-hosts-{}", std::process::id()));
    let text = path.to_str().expect("a path in ASCII");
    std::fs::write(&path, "192.0.2.1 one\n").expect("a file");
    let mut hosts = Hosts::system(text);
    assert!(hosts.refreshed().is_none());
    std::fs::write(&path, "192.0.2.10 one\n").expect("a file");
    let fresh = hosts.refreshed().expect("its size has changed");
    assert_eq!(addresses(&fresh, "one"), ["192.0.2.10"]);
    hosts.insert("192.0.2.3", b"two", true).expect("a name");
    assert!(hosts.refreshed().is_none());
    let _ = std::fs::remove_file(&path);
    assert!(Hosts::system(text).entries.is_empty(), "a missing file is as good as an empty one");
    assert_eq!(Hosts::default().load_path(text), Err(Errno(libc::ENOENT)));
}

#[test]
fn long_lines_are_read_whole_and_words_with_a_nul_are_no_names() {
    for size in [255, 256, 511, 512, 1023, 1024, 1025, 70_000] {
        let names: Vec<String> = (0..size / 8).map(|n| format!("h{n:06}")).collect();
        let text = format!("192.0.2.1 {}\n192.0.2.2 last\n", names.join(" "));
        let hosts = table(&text);
        assert!(hosts.warnings.is_empty());
        for name in &names {
            assert_eq!(addresses(&hosts, name), ["192.0.2.1"], "{size}");
        }
        assert_eq!(addresses(&hosts, "last"), ["192.0.2.2"], "{size}");
    }
    let mut hosts = Hosts::default();
    hosts.load(b"192.0.2.1 a\0b c\0 d\n192.0.2.2\0 e\n\0\n", "hosts");
    assert_eq!(hosts.warnings.len(), 4, "{:?}", hosts.warnings);
    assert_eq!(addresses(&hosts, "d"), ["192.0.2.1"]);
    assert!(["a", "a\\000b", "c", "c\\000", "e"]
        .iter()
        .all(|name| addresses(&hosts, name).is_empty()));
    let label = "x".repeat(1 << 20);
    hosts.load(format!("{label} a\n192.0.2.1 {label}\n").as_bytes(), "hosts");
    assert!(hosts.warnings.iter().all(|line| line.len() < 400));
}

#[test]
fn the_name_of_an_address_leads_back_to_it() {
    for (address, name) in [
        ("192.0.2.1", "1.2.0.192.in-addr.arpa."),
        (
            "2001:db8::5:1",
            "1.0.0.0.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
        ),
    ] {
        let address: IpAddr = address.parse().expect("an address");
        assert_eq!(reverse(address), name);
        assert_eq!(reversed(&Name::scan(name.as_bytes()).expect("a name")), Some(address));
    }
}
