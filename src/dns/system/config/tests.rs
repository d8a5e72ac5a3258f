// SPDX-License-Identifier: MIT
//! Configurations: what the files say, what is complained about, and which names are asked for.

use super::super::server::{format_address, scan_address};
use super::*;
use crate::errno::Errno;

fn fresh() -> Config {
    Config::default()
}

/// A configuration from the text of a resolv.conf, without complaints.
fn read(text: &str) -> Config {
    let mut config = fresh();
    config.load(text.as_bytes(), Syntax::Resolv, "resolv.conf");
    assert_eq!(config.warnings, Vec::<String>::new(), "{text}");
    config
}

/// The complaints about a text.
fn complaints(text: &str) -> Vec<String> {
    let mut config = fresh();
    config.load(text.as_bytes(), Syntax::Resolv, "file");
    config.warnings
}

fn servers(config: &Config) -> Vec<String> {
    config.nameservers.iter().map(|server| server.address.to_string()).collect()
}

fn switched(text: &str) -> Config {
    let mut config = fresh();
    config.load(text.as_bytes(), Syntax::Nsswitch, "nsswitch.conf");
    config
}

/// A file that is gone with the test.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str, text: &str) -> File {
        let name = format!("cqueues-{name}-{}", std::process::id());
        let file = File(std::env::temp_dir().join(name));
        file.write(text);
        file
    }

    /// Another file takes the place of the old one, as editors do it: its identity differs, too.
    fn write(&self, text: &str) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, text).expect("a file below the folder for temporary ones");
        std::fs::rename(&new, &self.0).expect("the file takes its place");
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path in ASCII")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_new_configuration_has_the_guide_s_defaults() {
    let config = fresh();
    assert_eq!(servers(&config), ["0.0.0.0:53"]);
    let told = ["ndots", "timeout", "attempts", "ports", "tcp"].map(|o| config.get(o));
    assert_eq!(told, ["1", "5", "2", "0", "0"].map(|value| Some(value.to_owned())));
    let flags = ["edns0", "rotate", "recurse", "smart", "cache"].map(|o| config.get(o));
    assert_eq!(flags.map(|f| f.as_deref() == Some("true")), [false, false, false, false, true]);
    assert_eq!(config.lookup, [Source::Bind, Source::File]);
    assert_eq!(config.get("colour"), None);
}

#[test]
fn name_servers_replace_those_there_were_and_have_their_ports() {
    let config = read("nameserver 192.0.2.1\nnameserver [192.0.2.2]:5300\nnameserver [::1]:54\n");
    assert_eq!(servers(&config), ["192.0.2.1:53", "192.0.2.2:5300", "[::1]:54"]);
    assert_eq!(servers(&read("nameserver ::1")), ["[::1]:53"]);
    assert_eq!(servers(&read("nameserver [::1]:0")), ["[::1]:53"]);
    assert_eq!(servers(&read("search example.com")), ["0.0.0.0:53"]);
}

#[test]
fn a_second_file_begins_anew_with_its_name_servers() {
    let mut config = read("nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
    config.load(b"nameserver 192.0.2.3", Syntax::Resolv, "second");
    assert_eq!(servers(&config), ["192.0.2.3:53"]);
}

#[test]
fn the_last_of_domain_and_search_counts() {
    assert_eq!(
        read("domain one.test\nsearch two.test three.test").search,
        ["two.test.", "three.test."]
    );
    assert_eq!(read("search two.test three.test\ndomain one.test").search, ["one.test."]);
    assert_eq!(read("search one.test\nsearch").search, ["one.test."]);
}

#[test]
fn options_are_words_with_or_without_a_value() {
    let config =
        read("options ndots:3 timeout:7,attempts:4\nOPTIONS EDNS0 rotate\noptions ports:8");
    assert_eq!((config.ndots, config.timeout, config.attempts, config.ports), (3, 7, 4, 8));
    assert!(config.edns0 && config.rotate && !config.recurse && !config.smart && config.cache);
    let config = read("options recurse smart nocache tcp:disable");
    assert!(config.recurse && config.smart && !config.cache);
    assert_eq!(config.tcp, Tcp::Disable);
    for (text, tcp) in [
        ("options tcp", Tcp::Only),
        ("options tcp:only", Tcp::Only),
        ("options use-vc", Tcp::Only),
        ("options tcp tcp:enable", Tcp::Enable),
    ] {
        assert_eq!(read(text).tcp, tcp, "{text}");
    }
    assert!(!read("options cache:false").cache);
    assert!(!read("options edns0 edns0:false").edns0);
}

#[test]
fn what_other_resolvers_know_is_no_mistake() {
    read("options debug inet6 no-aaaa single-request-reopen no-reload\nsortlist 192.0.2.0\nfamily inet4");
}

#[test]
fn sources_are_known_by_their_first_letters() {
    assert_eq!(read("lookup file bind").lookup, [Source::File, Source::Bind]);
    assert_eq!(read("lookup cache BIND").lookup, [Source::Cache, Source::Bind]);
    assert_eq!(read("lookup yp file").lookup, [Source::File]);
}

#[test]
fn the_interface_has_an_address_and_perhaps_a_port() {
    assert_eq!(read("interface 192.0.2.9").interface.to_string(), "192.0.2.9:0");
    assert_eq!(read("interface ::1 5353").interface.to_string(), "[::1]:5353");
}

#[test]
fn comments_blank_lines_and_line_ends_of_other_systems_do_not_matter() {
    let text = "# a comment\n\n  ; another\r\nnameserver\t192.0.2.1 # mine\r\n  options ndots:2;rotate\r\n";
    let config = read(text);
    assert_eq!(servers(&config), ["192.0.2.1:53"]);
    assert!(config.ndots == 2 && !config.rotate);
}

#[test]
fn what_is_not_understood_is_told_with_its_line_and_the_rest_counts() {
    let text = "nameserver 192.0.2.300\nnameserver 192.0.2.1\n\nnamserver 192.0.2.2\noptions ndots:x edns0\n\
                search a..b example.com\noptions colour:red\nnameserver\ninterface 192.0.2.1 70000\n\
                options edns0:maybe\n";
    let found = complaints(text);
    let wanted = [
        "file:1: bad address \"192.0.2.300\"",
        "file:4: unknown keyword \"namserver\"",
        "file:5: bad ndots \"x\"",
        "file:6: bad domain \"a..b\"",
        "file:7: unknown option \"colour\"",
        "file:8: nameserver without an address",
        "file:9: bad port \"70000\"",
        "file:10: bad edns0 \"maybe\"",
    ];
    assert_eq!(found, wanted);
    let mut config = fresh();
    config.load(text.as_bytes(), Syntax::Resolv, "file");
    assert_eq!(servers(&config), ["192.0.2.1:53"]);
    assert!(config.edns0);
    assert_eq!(config.search, ["example.com."]);
}

#[test]
fn three_servers_count_as_in_every_libc_and_any_number_of_domains() {
    let text =
        "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n\
                search a b c d e\n";
    assert_eq!(complaints(text), ["file:4: more than 3 name servers"]);
    let list: Vec<String> = (0..100).map(|index| format!("d{index}.test")).collect();
    let mut config = Config::default();
    config.load(format!("search {}", list.join(" ")).as_bytes(), Syntax::Resolv, "file");
    assert_eq!(config.candidates("a").len(), 101);
    assert_eq!(config.candidates("a")[99], "a.d99.test.");
}

#[test]
fn an_escaped_dot_neither_divides_nor_ends_a_name() {
    let config = Config { search: vec!["b.test".to_owned()], ndots: 1, ..Config::default() };
    for (written, first, count) in [
        (r"a.", r"a.", 1),
        (r"a\\.", r"a\\.", 1),
        (r"a\.", r"a\..b.test.", 2),
        (r"a\.c", r"a\.c.b.test.", 2),
        (r"a.c", r"a.c.", 2),
    ] {
        let list = config.candidates(written);
        assert_eq!((list[0].as_str(), list.len()), (first, count), "{written}");
    }
}

#[test]
fn bytes_that_are_no_text_are_a_mistake_of_their_line_alone() {
    let mut config = fresh();
    config.load(b"nameserver \xff\xfe\n\x80\0\nnameserver 192.0.2.1\n", Syntax::Resolv, "file");
    assert_eq!(config.warnings.len(), 2);
    assert_eq!(servers(&config), ["192.0.2.1:53"]);
}

#[test]
fn nsswitch_tells_the_sources_of_hosts() {
    assert_eq!(switched("passwd: files\nhosts: files dns\n").lookup, [Source::File, Source::Bind]);
    assert_eq!(switched("hosts:dns files").lookup, [Source::Bind, Source::File]);
    let text = "hosts: files mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns files";
    assert_eq!(switched(text).lookup, [Source::File, Source::Bind]);
    assert_eq!(switched("networks: dns").lookup, fresh().lookup);
    let odd = switched("#\nhosts: nis ldap\n");
    assert_eq!(odd.lookup, fresh().lookup);
    assert_eq!(odd.warnings, ["nsswitch.conf:2: no source of hosts is known here"]);
}

#[test]
fn a_missing_file_is_an_error_of_the_system() {
    let missing = fresh().load_path("/nowhere/resolv.conf", Syntax::Resolv);
    assert_eq!(missing, Err(Errno(libc::ENOENT)));
}

#[test]
fn without_a_file_the_server_of_this_machine_is_asked() {
    let config = Config::system("/nowhere/resolv.conf");
    assert_eq!(servers(&config), ["127.0.0.1:53"]);
    let file = File::new("empty", "search example.com\n");
    assert_eq!(servers(&Config::system(file.path())), ["127.0.0.1:53"]);
}

#[test]
fn a_name_with_few_dots_is_tried_with_the_search_list_first() {
    let config = read("search one.test two.test.\noptions ndots:2");
    assert_eq!(config.candidates("www"), ["www.one.test.", "www.two.test.", "www."]);
    assert_eq!(config.candidates("www.a"), ["www.a.one.test.", "www.a.two.test.", "www.a."]);
    assert_eq!(
        config.candidates("www.a.b"),
        ["www.a.b.", "www.a.b.one.test.", "www.a.b.two.test."]
    );
    assert_eq!(config.candidates("www."), ["www."]);
    assert_eq!(read("search .").candidates("www"), ["www."]);
    assert_eq!(read("options ndots:0\nsearch a.test").candidates("www"), ["www.", "www.a.test."]);
}

#[test]
fn options_are_set_by_name_and_only_to_what_they_take() {
    let mut config = fresh();
    for (option, value) in [
        ("ndots", "5"),
        ("timeout", "9"),
        ("attempts", "1"),
        ("ports", "8"),
        ("edns0", "true"),
        ("rotate", "1"),
        ("recurse", "true"),
        ("smart", "true"),
        ("cache", "0"),
        ("tcp", "only"),
        ("interface", "[192.0.2.1]:53"),
    ] {
        assert_eq!(config.set(option, value), Ok(()), "{option}");
        assert_ne!(config.get(option), fresh().get(option), "{option}");
    }
    assert_eq!(config.set("colour", "red"), Err(Errno::NOENT));
    for (option, value) in
        [("ndots", "-1"), ("ndots", ""), ("edns0", "yes"), ("tcp", "3"), ("timeout", "1.5")]
    {
        assert_eq!(config.set(option, value), Err(Errno::BADARG), "{option} {value}");
    }
    assert_eq!(config.set("interface", "eth0"), Err(Errno::ADDRESS));
    assert_eq!(config.set("ports", "1000000"), Ok(()));
    assert_eq!(config.ports, 4096);
}

#[test]
fn what_is_written_out_reads_in_the_same() {
    let texts = [
        "",
        "nameserver 192.0.2.1\nnameserver [::1]:54\nsearch a.test b.test\nlookup file\n",
        "options ndots:4 timeout:1 attempts:9 edns0 rotate recurse smart tcp nocache ports:3\n",
        "options tcp:disable\ninterface ::1 99\nlookup cache bind file\nsearch c\\035.test d\\059.test\n",
        "options no-aaaa\nlookup bind [NOTFOUND=return UNAVAIL=return] file [TRYAGAIN=return]\n",
        "nameserver fe80::1%1\ninterface fe80::1%1 5\n",
        "options trust-ad nocookies use-caps-for-id\n",
    ];
    for text in texts {
        let config = read(text);
        assert_eq!(read(&config.format()), config, "{}", config.format());
    }
}

#[test]
fn a_changed_file_is_read_again() {
    let file = File::new("changed", "nameserver 192.0.2.1\nsearch one.test\n");
    let mut config = Config::system(file.path());
    assert!(!config.refresh());
    file.write("nameserver 192.0.2.2\n");
    assert!(config.refresh());
    assert_eq!(servers(&config), ["192.0.2.2:53"]);
    assert!(config.search.is_empty());
    assert!(!config.refresh(), "nothing has changed since");
    drop(file);
    assert!(config.refresh(), "no file is another state");
    assert_eq!(servers(&config), ["127.0.0.1:53"]);
}

#[test]
fn what_the_program_has_set_stays_when_the_file_changes() {
    let file = File::new("kept", "nameserver 192.0.2.1\noptions timeout:3 ndots:2\n");
    let mut config = Config::system(file.path());
    config.set("timeout", "1").expect("an option");
    config.set("recurse", "true").expect("an option");
    file.write("nameserver 192.0.2.2\noptions timeout:9 ndots:4\nsearch b.test\n");
    assert!(config.refresh());
    assert_eq!((config.timeout, config.ndots, config.recurse), (1, 4, true));
    assert_eq!(servers(&config), ["192.0.2.2:53"]);
    // And again: a setting that stayed once is still the program's.
    file.write("nameserver 192.0.2.3\noptions timeout:9\n");
    assert!(config.refresh());
    assert_eq!((config.timeout, config.ndots), (1, 1));
    assert_eq!(servers(&config), ["192.0.2.3:53"]);
}

#[test]
fn a_file_that_says_the_same_is_no_change() {
    let file = File::new("same", "nameserver 192.0.2.1\n");
    let mut config = Config::system(file.path());
    let before = config.clone();
    file.write("nameserver 192.0.2.1 # for a while\n");
    config.refresh();
    assert_eq!((&config.nameservers, &config.search), (&before.nameservers, &before.search));
    assert!(!config.refresh());
}

#[test]
fn one_that_came_from_no_file_follows_none() {
    assert!(!fresh().refresh());
    assert!(!read("nameserver 192.0.2.1").refresh());
}

#[test]
fn addresses_are_plain_or_bracketed_with_a_port() {
    for (text, wanted) in [
        ("192.0.2.1", "192.0.2.1:53"),
        (" ::1 ", "[::1]:53"),
        ("[192.0.2.1]:5353", "192.0.2.1:5353"),
        ("[::1]", "[::1]:53"),
        ("[::1]:", "[::1]:53"),
        ("::ffff:192.0.2.1", "[::ffff:192.0.2.1]:53"),
    ] {
        let address = scan_address(text, PORT).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(address.to_string(), wanted);
    }
    for text in [
        "",
        "localhost",
        "192.0.2",
        "192.0.2.1:53",
        "[::1",
        "[::1]53",
        "[::1]:65536",
        "::1]",
        "[]:1",
        "1 2",
    ] {
        assert_eq!(scan_address(text, PORT).err(), Some(Errno::ADDRESS), "{text}");
    }
    assert_eq!(format_address(&"[::1]:53".parse().expect("an address"), PORT), "::1");
    assert_eq!(
        format_address(&"192.0.2.1:54".parse().expect("an address"), PORT),
        "[192.0.2.1]:54"
    );
}

#[test]
fn lines_of_any_length_cost_no_more_than_their_bytes() {
    let begun = std::time::Instant::now();
    let long = "x".repeat(1 << 20);
    let texts = [
        format!("nameserver {long}"),
        format!("nameserver [{}", "1".repeat(300)),
        format!("nameserver [{}]:53", "1".repeat(300)),
        format!("search {long} b.test"),
        format!("options {long} ndots:{long} ndots:3"),
        format!("{long} 192.0.2.1"),
        format!("interface {long}"),
        "nameserver fe80::1%\nnameserver fe80::1%99999999999\nnameserver 192.0.2.1%1".to_owned(),
        "nameserver 192.0.2.1\0\nsearch a\0b.test\noptions ndots:1\0".to_owned(),
    ];
    for text in &texts {
        let mut config = Config::default();
        config.load(format!("nameserver 192.0.2.7\n{text}\n").as_bytes(), Syntax::Resolv, "f");
        assert_eq!(servers(&config), ["192.0.2.7:53"]);
        let warnings = &config.warnings;
        assert!(
            !warnings.is_empty() && warnings.iter().all(|line| line.len() < 400),
            "{warnings:?}"
        );
        assert!(!config.search.iter().any(|domain| domain.contains("\\000")));
    }
    let many = format!("search{}\n", " a.test".repeat(150_000));
    let mut config = Config::default();
    config.load(many.as_bytes(), Syntax::Resolv, "f");
    assert_eq!(config.search.len(), 150_000);
    let mut config = Config::default();
    config.load(format!("hosts: {long} files dns\n").as_bytes(), Syntax::Nsswitch, "f");
    config.load(format!("hosts: [{long}\n").as_bytes(), Syntax::Nsswitch, "f");
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn what_stands_in_the_place_of_a_file_is_never_waited_for() {
    let folder = std::env::temp_dir().join(format!("cqueues-places-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let fifo = folder.join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    let fifo = fifo.to_str().expect("a path in ASCII");
    for (path, error) in [
        (fifo, None),
        ("/dev/null", None),
        ("/dev/zero", Some(Errno(libc::EFBIG))),
        (folder.to_str().expect("a path in ASCII"), Some(Errno(libc::EISDIR))),
    ] {
        for syntax in [Syntax::Resolv, Syntax::Nsswitch] {
            let read = fresh().load_path(path, syntax);
            assert_eq!(read.err(), error, "{path}");
        }
        let read = crate::dns::system::hosts::Hosts::default().load_path(path);
        assert_eq!(read.err(), error, "{path}");
        assert_eq!(servers(&Config::system(path)), ["127.0.0.1:53"], "{path}");
        assert!(!Config::system(path).is_stale(), "{path}");
    }
    std::fs::remove_dir_all(&folder).expect("the folder");
}
