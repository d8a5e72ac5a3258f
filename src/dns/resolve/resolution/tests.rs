// SPDX-License-Identifier: MIT
//! The way from a question to its answer, among servers that are written down: whom it asks, in which order, how
//! often, and what it makes of what they say.

use super::super::compose::SMART;
use super::*;
use crate::clock::Span;
use crate::dns::message::packet::{flag, ADDITIONAL, AUTHORITY, LARGEST, QUESTION};
use crate::dns::message::types::{A, IN, SOA};
use crate::dns::system::config::Syntax;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

mod world;
use world::*;

#[test]
fn a_question_goes_to_the_first_server() {
    let mut bench = Bench::stub("nameserver 192.0.2.1\nnameserver 192.0.2.2");
    assert_eq!(bench.ask("www.test", "A", &one_name("www.test.")), "0 www.test. A 192.0.2.80");
    assert_eq!(bench.asked, ["192.0.2.1 www.test. A"]);
}

#[test]
fn silent_servers_are_asked_in_turn_as_often_as_attempts_says() {
    let mut bench = Bench::stub("nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions attempts:3");
    assert_eq!(bench.ask("www.test.", "A", &|_, _| "silence".into()), "2");
    let servers: Vec<&str> = bench.asked.iter().map(|ask| &ask[8..9]).collect();
    assert_eq!(servers, ["1", "2", "1", "2", "1", "2"]);
    assert_eq!(bench.story, "www.test.: no answer from 192.0.2.2:53");
}

#[test]
fn a_question_in_the_memory_of_one_that_failed_has_all_its_tries() {
    let text = "nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions attempts:20 nocache";
    let mut bench = Bench::stub(text);
    for owner in ["www.test.", "ftp.test."] {
        assert_eq!(bench.ask(owner, "A", &|_, _| "silence".into()), "2");
        assert_eq!(bench.asked.len(), SENDS as usize, "{owner}");
        assert_eq!(bench.ask(owner, "A", &|_, _| "servfail".into()), "2");
        assert_eq!(bench.ask("www.test.", "A", &one_name("www.test.")), "0 www.test. A 192.0.2.80");
        assert_eq!(bench.asked, ["192.0.2.1 www.test. A"]);
        assert_eq!(bench.ask("www.test.", "AAAA", &one_name("www.test.")), "3");
        assert_eq!(bench.story, "www.test.: no such name, says 192.0.2.1:53");
    }
}

#[test]
fn who_was_silent_is_asked_last_until_he_answers() {
    let mut bench = Bench::stub("nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions nocache");
    let half = |server: &str, _: &str| match server {
        "192.0.2.1" => "silence".to_owned(),
        _ => "an www.test A 192.0.2.80".to_owned(),
    };
    bench.ask("www.test", "A", &half);
    assert_eq!(bench.asked.len(), 2);
    bench.ask("www.test", "A", &half);
    assert_eq!(bench.asked, ["192.0.2.2 www.test. A"]);
    bench.now = bench.now.after(Span(61_000_000_000));
    bench.ask("www.test", "A", &half);
    assert_eq!(bench.asked.len(), 2, "after a minute he has another chance");
}

#[test]
fn a_server_that_fails_is_asked_once_and_the_next_one_instead() {
    for failure in ["servfail", "refused", "refuses"] {
        let mut bench =
            Bench::stub("nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions attempts:3");
        let world = |server: &str, _: &str| match server {
            "192.0.2.1" => failure.to_owned(),
            _ => "an www.test A 192.0.2.80".to_owned(),
        };
        assert_eq!(bench.ask("www.test", "A", &world), "0 www.test. A 192.0.2.80", "{failure}");
        assert_eq!(bench.asked, ["192.0.2.1 www.test. A", "192.0.2.2 www.test. A"], "{failure}");
    }
}

#[test]
fn when_all_fail_the_last_failure_is_the_answer() {
    let mut bench = Bench::stub("nameserver 192.0.2.1\nnameserver 192.0.2.2");
    assert_eq!(bench.ask("www.test", "A", &|_, _| "refused".into()), "5");
    assert_eq!(bench.asked.len(), 2);
    assert_eq!(bench.story, "www.test.: 192.0.2.2:53 answered REFUSED");
    assert_eq!(
        bench.ask("www.test", "A", &|_, _| "refuses".into()),
        Errno(libc::ECONNREFUSED).to_string()
    );
    assert!(bench.story.starts_with("www.test.: 192.0.2."), "{}", bench.story);
}

#[test]
fn with_rotate_every_server_comes_first_at_times() {
    let text = "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\noptions nocache";
    let firsts = |text: &str| {
        let mut bench = Bench::stub(text);
        let mut seen: Vec<String> = (0..60)
            .map(|_| {
                bench.ask("www.test", "A", &one_name("www.test."));
                bench.asked[0][..9].to_owned()
            })
            .collect();
        seen.sort();
        seen.dedup();
        seen
    };
    assert_eq!(firsts(text), ["192.0.2.1"]);
    assert_eq!(firsts(&format!("{text} rotate")), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
}

#[test]
fn the_search_list_is_tried_until_there_is_an_answer() {
    let text = "nameserver 192.0.2.1\nsearch one.test two.test three.test";
    let mut bench = Bench::stub(text);
    let found = bench.ask("www", "A", &one_name("www.two.test."));
    assert_eq!(found, "0 www.two.test. A 192.0.2.80");
    assert_eq!(bench.asked, ["192.0.2.1 www.one.test. A", "192.0.2.1 www.two.test. A"]);
    let mut bench = Bench::stub(text);
    bench.ask("www.", "A", &one_name("www.two.test."));
    assert_eq!(bench.asked, ["192.0.2.1 www. A"]);
}

#[test]
fn of_several_denials_the_first_counts() {
    let mut bench = Bench::stub("nameserver 192.0.2.1\nsearch one.test two.test");
    let world = |_: &str, question: &str| match question {
        "www.one.test. A" => "".to_owned(),
        _ => "nxdomain".to_owned(),
    };
    let packet = bench.resolve("www", "A", &world).expect("a denial");
    assert_eq!(packet.question(), Some((name("www.one.test"), A, IN)));
    assert_eq!(packet.code(), rcode::NOERROR);
    assert_eq!(bench.asked.len(), 3);
}

#[test]
fn when_nobody_answers_no_other_name_is_tried() {
    let mut bench =
        Bench::stub("nameserver 192.0.2.1\nsearch one.test two.test\noptions attempts:1");
    assert_eq!(bench.ask("www", "A", &|_, _| "silence".into()), "2");
    assert_eq!(bench.asked, ["192.0.2.1 www.one.test. A"]);
}

#[test]
fn names_of_the_search_list_that_are_too_long_are_left_out() {
    let long = ["a"; 100].join(".");
    let text = format!("nameserver 192.0.2.1\nsearch {long} b.test");
    let mut bench = Bench::stub(&text);
    bench.ask(&long, "A", &|_, _| "nxdomain".into());
    assert_eq!(bench.asked.len(), 2, "{:?}", bench.asked);
    assert_eq!(bench.resolve("a..b", "A", &|_, _| "silence".into()).err(), Some(Errno::ILLEGAL));
    let endless = "x".repeat(64);
    assert_eq!(bench.resolve(&endless, "A", &|_, _| "".into()).err(), Some(Errno::ILLEGAL));
}

#[test]
fn an_alias_that_the_server_does_not_follow_is_followed() {
    let mut bench = Bench::stub("nameserver 192.0.2.1");
    let world = |_: &str, question: &str| match question {
        "www.test. A" => "an www.test CNAME a.test".to_owned(),
        _ => "an a.test A 192.0.2.80".to_owned(),
    };
    let wanted = "0 www.test. CNAME a.test. a.test. A 192.0.2.80";
    let packet = bench.resolve("www.test", "A", &world).expect("an answer");
    assert_eq!(told(&packet), wanted);
    assert_eq!(packet.question(), Some((name("www.test"), A, IN)));
    assert_eq!(bench.asked, ["192.0.2.1 www.test. A", "192.0.2.1 a.test. A"]);
    // Both names are known from now on.
    assert_eq!(bench.ask("www.test", "A", &world), wanted);
    assert_eq!(bench.ask("a.test", "A", &world), "0 a.test. A 192.0.2.80");
    assert!(bench.asked.is_empty());
}

#[test]
fn aliases_without_end_are_given_up() {
    let mut bench = Bench::stub("nameserver 192.0.2.1");
    let world = |_: &str, question: &str| {
        let count: u32 = question[1..question.find('.').expect("a dot")].parse().unwrap_or(0);
        format!("an n{count}.test CNAME n{}.test", count + 1)
    };
    assert_eq!(bench.ask("n0.test", "A", &world), "2");
    assert_eq!(bench.asked.len(), CHAIN + 1);
    assert_eq!(bench.story, "n0.test.: more than 11 aliases");
    let ring = |_: &str, _: &str| "an a.test CNAME b.test | an b.test CNAME a.test".to_owned();
    assert_eq!(bench.ask("a.test", "A", &ring), "2");
    assert_eq!(bench.asked.len(), 1);
}

#[test]
fn what_was_not_asked_for_is_not_in_the_answer() {
    let mut bench = Bench::stub("nameserver 192.0.2.1");
    let world = |_: &str, _: &str| {
        "an bank.test A 192.0.2.66 | an www.test A 192.0.2.80 | ad bank.test A 192.0.2.66"
            .to_owned()
    };
    assert_eq!(bench.ask("www.test", "A", &world), "0 www.test. A 192.0.2.80");
    bench.ask("bank.test", "A", &|_, _| "nxdomain".into());
    assert_eq!(bench.asked, ["192.0.2.1 bank.test. A"], "it was not kept either");
    // Nor where the server knows nothing of the name.
    assert_eq!(bench.ask("mail.test", "A", &|_, _| "an bank.test A 192.0.2.66".into()), "0");
}

#[test]
fn what_is_known_costs_no_query_unless_that_is_forbidden() {
    for (text, queries) in [("", 0), ("options nocache", 1)] {
        let mut bench = Bench::stub(&format!("nameserver 192.0.2.1\n{text}"));
        bench.ask("www.test", "A", &one_name("www.test."));
        bench.ask("WWW.test", "A", &one_name("www.test."));
        assert_eq!(bench.asked.len(), queries);
    }
    let mut bench = Bench::stub("nameserver 192.0.2.1");
    let denial = |_: &str, _: &str| "nxdomain | au test SOA .".to_owned();
    assert_eq!(bench.ask("no.test", "A", &denial), "3");
    assert_eq!(bench.ask("no.test", "MX", &denial), "3");
    assert!(bench.asked.is_empty());
    bench.now = bench.now.after(Span(61_000_000_000));
    bench.ask("no.test", "A", &denial);
    assert_eq!(bench.asked.len(), 1);
}

#[test]
fn the_hosts_file_comes_first_if_the_configuration_says_so() {
    let hosts = "192.0.2.80 www.test\n::1 www.test\n192.0.2.81 other.test\n";
    let mut bench = Bench::stub("nameserver 192.0.2.1\nlookup file bind").with_hosts(hosts);
    let world = |_: &str, _: &str| "nxdomain".to_owned();
    assert_eq!(bench.ask("www.test", "A", &world), "0 www.test. A 192.0.2.80");
    assert_eq!(bench.ask("www.test", "AAAA", &world), "0 www.test. AAAA ::1");
    let reverse = "80.2.0.192.in-addr.arpa";
    assert_eq!(bench.ask(reverse, "PTR", &world), format!("0 {reverse}. PTR www.test."));
    assert!(bench.asked.is_empty());
    // Of other types it knows nothing.
    bench.ask("www.test", "MX", &world);
    assert_eq!(bench.asked.len(), 1);
    assert_eq!(bench.ask("other.test", "AAAA", &world), "0");
    assert!(bench.asked.is_empty(), "what it has in one family it has in both");
    let mut bench = Bench::stub("nameserver 192.0.2.1\nlookup file").with_hosts(hosts);
    assert_eq!(bench.ask("unknown.test", "A", &world), "2");
    assert_eq!(bench.story, "unknown.test.: no server is known");
    assert!(bench.asked.is_empty());
}

#[test]
fn behind_the_servers_the_hosts_file_has_what_they_do_not_know() {
    let hosts = "192.0.2.80 www.test\n";
    for (refusal, lookup, found) in [
        ("nxdomain", "bind file", "0 www.test. A 192.0.2.80"),
        ("", "bind file", "0 www.test. A 192.0.2.80"),
        ("nxdomain", "bind", "3"),
        ("an www.test A 192.0.2.1", "bind file", "0 www.test. A 192.0.2.1"),
    ] {
        let text = format!("nameserver 192.0.2.1\nlookup {lookup}");
        let mut bench = Bench::stub(&text).with_hosts(hosts);
        assert_eq!(bench.ask("www.test", "A", &|_, _| refusal.into()), found, "{lookup}");
        assert_eq!(bench.asked, ["192.0.2.1 www.test. A"]);
    }
}

#[test]
fn localhost_is_never_asked_for() {
    let mut bench = Bench::stub("nameserver 192.0.2.1");
    let world = |_: &str, _: &str| "an localhost A 192.0.2.66".to_owned();
    assert_eq!(bench.ask("localhost", "A", &world), "0 localhost. A 127.0.0.1");
    assert_eq!(bench.ask("www.LocalHost.", "AAAA", &world), "0 www.LocalHost. AAAA ::1");
    assert_eq!(bench.ask("localhost", "MX", &world), "0");
    assert!(bench.asked.is_empty());
}

#[test]
fn smart_answers_have_the_addresses_of_the_hosts_that_they_name() {
    let world = |_: &str, question: &str| {
        match question {
            "test. MX" => {
                "an test MX a.test | an test MX b.test | an test MX c.test | ad c.test A 192.0.2.3"
            }
            "a.test. A" => "an a.test A 192.0.2.2",
            "b.test. AAAA" => "an b.test AAAA ::2",
            _ => "",
        }
        .to_owned()
    };
    let beside = |text: &str| {
        let mut bench = Bench::stub(&format!("nameserver 192.0.2.1\n{text}"));
        let packet = bench.resolve("test", "MX", &world).expect("an answer");
        let found: Vec<String> = packet.records(ADDITIONAL).map(|record| line(&record)).collect();
        (found.join(" "), bench.asked.join(", "))
    };
    let (found, asked) = beside("options smart");
    assert_eq!(found, "c.test. A 192.0.2.3 a.test. A 192.0.2.2 b.test. AAAA ::2");
    let each =
        ["test. MX", "a.test. A", "b.test. A", "b.test. AAAA"].map(|q| format!("192.0.2.1 {q}"));
    assert_eq!(asked, each.join(", "));
    assert_eq!(beside("").0, "c.test. A 192.0.2.3");
}

#[test]
fn smart_looks_up_sixteen_hosts_and_no_more() {
    let mut bench = Bench::stub("nameserver 192.0.2.1\noptions smart");
    let world = |_: &str, question: &str| match question {
        "test. MX" => (0..40).map(|i| format!("an test MX m{i}.test |")).collect(),
        _ => "nxdomain".to_owned(),
    };
    bench.ask("test", "MX", &world);
    assert_eq!(bench.asked.len(), 1 + SMART);
}

// -- Recursive ----------------------------------------------------------------

/// An internet: the root at 192.0.2.1, com at .2, example.com at .3, net at .4 and example.net at .5, of which the
/// address has to be asked for.
fn internet(server: &str, question: &str) -> String {
    match (server, question) {
        ("192.0.2.1", q) if q.contains("com. ") => "au com NS a.com | ad a.com A 192.0.2.2",
        ("192.0.2.1", q) if q.contains("net. ") => "au net NS a.net | ad a.net A 192.0.2.4",
        ("192.0.2.2", "ns.example.com. A") => {
            "au example.com NS ns.example.com | ad ns.example.com A 192.0.2.3"
        }
        ("192.0.2.2", q) if q.contains("example.com. ") => {
            "au example.com NS ns.example.com | ad ns.example.com A 192.0.2.3"
        }
        ("192.0.2.4", q) if q.contains("example.net. ") => "au example.net NS ns.example.com",
        ("192.0.2.3", "www.example.com. A") => "aa | an www.example.com A 192.0.2.80",
        ("192.0.2.3", "alias.example.com. A") => "aa | an alias.example.com CNAME www.example.net",
        ("192.0.2.3", "ns.example.com. A") => "aa | an ns.example.com A 192.0.2.3",
        ("192.0.2.3", "www.example.net. A") => "aa | an www.example.net A 192.0.2.81",
        ("192.0.2.2", "example.com. DS") => "aa | an example.com DS .",
        _ => "aa | nxdomain | au . SOA .",
    }
    .to_owned()
}

#[test]
fn referrals_are_followed_from_the_root_and_remembered() {
    let mut bench = Bench::recursive("");
    let found = bench.ask("www.example.com", "A", &internet);
    assert_eq!(found, "0 www.example.com. A 192.0.2.80");
    let way: Vec<&str> = bench.asked.iter().map(|ask| &ask[..9]).collect();
    assert_eq!(way, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    bench.ask("mail.example.com", "A", &internet);
    assert_eq!(bench.asked, ["192.0.2.3 mail.example.com. A"]);
}

#[test]
fn the_address_of_a_server_is_asked_for_where_it_is_not_told() {
    let mut bench = Bench::recursive("");
    let found = bench.ask("www.example.net", "A", &internet);
    assert_eq!(found, "0 www.example.net. A 192.0.2.81");
    assert_eq!(bench.asked.last().map(String::as_str), Some("192.0.2.3 www.example.net. A"));
    assert!(bench.asked.contains(&"192.0.2.3 ns.example.com. A".to_owned()), "{:?}", bench.asked);
}

#[test]
fn an_alias_into_another_zone_is_asked_of_its_servers() {
    let mut bench = Bench::recursive("");
    let found = bench.ask("alias.example.com", "A", &internet);
    assert_eq!(found, "0 alias.example.com. CNAME www.example.net. www.example.net. A 192.0.2.81");
}

#[test]
fn what_a_parent_says_of_a_zone_is_asked_of_the_parent() {
    let mut bench = Bench::recursive("");
    bench.ask("www.example.com", "A", &internet);
    let packet = bench.resolve("example.com", "DS", &|server, question| match server {
        "192.0.2.2" => "aa | an example.com DS .".to_owned(),
        _ => internet(server, question),
    });
    assert_eq!(packet.expect("an answer").count(ANSWER), 1);
    assert_eq!(bench.asked, ["192.0.2.2 example.com. DS"]);
}

#[test]
fn a_lame_server_is_passed_over() {
    let world = |server: &str, question: &str| match (server, question) {
        ("192.0.2.1", _) => {
            "au com NS a.com | au com NS b.com | ad a.com A 192.0.2.7 | ad b.com A 192.0.2.2"
                .to_owned()
        }
        // He refers upwards.
        ("192.0.2.7", _) => "au . NS a.root | ad a.root A 192.0.2.66".to_owned(),
        _ => internet(server, question),
    };
    let mut bench = Bench::recursive("");
    assert_eq!(bench.ask("www.example.com", "A", &world), "0 www.example.com. A 192.0.2.80");
    assert!(bench.asked.iter().all(|ask| !ask.starts_with("192.0.2.66")));
}

#[test]
fn a_zone_whose_servers_all_fail_is_asked_for_again_the_next_time() {
    let mut bench = Bench::recursive("options attempts:1");
    let broken = |server: &str, question: &str| match server {
        "192.0.2.3" => "silence".to_owned(),
        _ => internet(server, question),
    };
    assert_eq!(bench.ask("www.example.com", "A", &broken), "2");
    assert_eq!(bench.story, "www.example.com.: no answer from 192.0.2.3:53");
    assert_eq!(bench.ask("www.example.com", "A", &internet), "0 www.example.com. A 192.0.2.80");
    assert_eq!(bench.asked[0], "192.0.2.2 www.example.com. A");
}

#[test]
fn servers_whose_names_lead_nowhere_are_given_up_soon() {
    // Each server's name costs a query of somebody else: NXNSAttack.
    let mut bench = Bench::recursive("");
    let world = |server: &str, question: &str| match (server, question.contains("victim")) {
        ("192.0.2.1", false) => {
            (0..20).map(|i| format!("au test NS n{i}.victim |")).collect::<String>()
        }
        _ => "aa | nxdomain | au . SOA .".to_owned(),
    };
    assert_eq!(bench.ask("www.test", "A", &world), "2");
    let victims = bench.asked.iter().filter(|ask| ask.contains("victim")).count();
    assert_eq!(victims, DEAD_ENDS as usize);
}

#[test]
fn zones_that_need_each_other_for_their_addresses_are_given_up() {
    let world = |_: &str, question: &str| match question.contains("one") {
        true => "au one NS ns.two".to_owned(),
        false => "au two NS ns.one".to_owned(),
    };
    let mut bench = Bench::recursive("");
    assert_eq!(bench.ask("www.one", "A", &world), "2");
    assert!(bench.asked.len() < 20, "{:?}", bench.asked);
    let itself = |_: &str, _: &str| "au test NS ns.test".to_owned();
    let mut bench = Bench::recursive("");
    assert_eq!(bench.ask("www.test", "A", &itself), "2");
    assert!(bench.asked.len() < 10, "{:?}", bench.asked);
}

#[test]
fn one_name_costs_at_most_thirty_two_queries() {
    let mut bench = Bench::stub("nameserver 192.0.2.1\noptions attempts:100");
    assert_eq!(bench.ask("www.test.", "A", &|_, _| "silence".into()), "2");
    assert_eq!(bench.asked.len(), SENDS as usize);
    assert_eq!(bench.story, "www.test.: gave up after 32 queries");
    // Down one label at a time, for ever.
    let mut bench = Bench::recursive("");
    let deep = ["a"; 120].join(".");
    let world = |server: &str, _: &str| {
        let depth: usize = server.rsplit('.').next().and_then(|d| d.parse().ok()).unwrap_or(0);
        let zone = ["a"; 120][..depth].join(".");
        format!("au {zone} NS ns | ad ns A 192.0.2.{}", depth + 1)
    };
    bench.ask(&deep, "A", &world);
    assert!(bench.asked.len() <= SENDS as usize, "{}", bench.asked.len());
}

#[test]
fn a_question_costs_at_most_two_hundred_queries() {
    // Every name is served by hosts of a new zone, of which each has servers that answer with the next.
    let mut bench = Bench::recursive("options attempts:9");
    let world = |server: &str, question: &str| match server {
        "192.0.2.1" => {
            let zone = question.split(' ').next().unwrap_or_default().trim_end_matches('.');
            (0..20).map(|i| format!("au {zone} NS n{i}.{i}{zone}x | ")).collect()
        }
        _ => "silence".to_owned(),
    };
    bench.ask("www", "A", &world);
    assert!(bench.asked.len() <= SENDS_IN_ALL as usize);
    // And with smart, over many hosts.
    let mut bench = Bench::recursive("options attempts:9 smart");
    let world = |_: &str, question: &str| match question {
        "test. MX" => (0..40).map(|i| format!("aa | an test MX m{i}.test |")).collect(),
        _ => "silence".to_owned(),
    };
    bench.ask("test", "MX", &world);
    assert_eq!(bench.asked.len(), 1 + SMART * 9);
}

#[test]
fn glue_of_both_kinds_is_used_ipv4_first() {
    let mut bench = Bench::recursive("options attempts:1");
    let world = |server: &str, _: &str| match server {
        "192.0.2.1" => {
            "au test NS a.test | ad a.test AAAA 2001:db8::1 | ad a.test A 192.0.2.2".to_owned()
        }
        _ => "silence".to_owned(),
    };
    bench.ask("www.test", "A", &world);
    let way: Vec<&str> = bench.asked.iter().filter_map(|ask| ask.split(' ').next()).collect();
    assert_eq!(way, ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
}

#[test]
fn a_server_with_an_ipv6_address_alone_is_found() {
    let mut bench = Bench::recursive("");
    let world = |server: &str, question: &str| match (server, question) {
        ("192.0.2.1", "www.test. A") => "au test NS ns.other".to_owned(),
        ("192.0.2.1", "ns.other. A") => "aa".to_owned(),
        ("192.0.2.1", "ns.other. AAAA") => "aa | an ns.other AAAA 2001:db8::1".to_owned(),
        ("2001:db8::1", _) => "aa | an www.test A 192.0.2.80".to_owned(),
        _ => "silence".to_owned(),
    };
    assert_eq!(bench.ask("www.test", "A", &world), "0 www.test. A 192.0.2.80");
}

#[test]
fn addresses_that_came_beside_a_referral_answer_no_question() {
    let mut bench = Bench::recursive("");
    bench.ask("www.example.com", "A", &internet);
    bench.ask("ns.example.com", "A", &internet);
    assert_eq!(bench.asked, ["192.0.2.3 ns.example.com. A"]);
}

#[test]
fn a_recursive_resolver_does_not_hand_out_what_servers_refuse_with() {
    let mut bench = Bench::recursive("");
    let packet = bench.resolve("www.test", "A", &|_, _| "refused".into()).expect("SERVFAIL");
    assert_eq!((packet.code(), packet.count(ANSWER)), (rcode::SERVFAIL, 0));
    assert_eq!(packet.question(), Some((name("www.test"), A, IN)));
    assert_eq!(bench.story, "www.test.: 192.0.2.1:53 answered REFUSED");
}

#[test]
fn a_type_of_which_a_name_has_none_ends_the_search_of_servers() {
    let mut bench = Bench::recursive("");
    let world = |server: &str, question: &str| match (server, question) {
        ("192.0.2.3", "www.example.com. MX") => "aa | au example.com SOA .".to_owned(),
        _ => internet(server, question),
    };
    let packet = bench.resolve("www.example.com", "MX", &world).expect("no data");
    assert_eq!((packet.code(), packet.count(ANSWER)), (rcode::NOERROR, 0));
    assert_eq!(packet.records(AUTHORITY).next().map(|soa| soa.rtype), Some(SOA));
    assert_eq!(bench.story, "www.example.com.: no such record, says 192.0.2.3:53");
}

/// Names of a company's own, below a domain that the root decidedly does not have (RFC 8020 would cut them off).
#[test]
fn what_a_parent_denies_does_not_hide_a_zone_of_which_servers_are_known() {
    let mut bench = Bench::recursive("");
    bench.set(|setup| {
        let hints = Arc::make_mut(&mut setup.hints);
        hints.insert(b"corp.", "192.0.2.9", 1).expect("a hint");
    });
    let world = |server: &str, question: &str| match (server, question) {
        ("192.0.2.9", "www.corp. A") => "aa | an www.corp A 192.0.2.90".to_owned(),
        ("192.0.2.9", _) => "aa | nxdomain | au corp SOA .".to_owned(),
        _ => "aa | nxdomain | au . SOA .".to_owned(),
    };
    // The root says that there is no corp: of its own type, which is the parent's to know.
    let denied = bench.resolve("corp", "DS", &world).expect("a denial");
    assert_eq!(denied.code(), rcode::NXDOMAIN);
    assert_eq!(bench.ask("www.corp", "A", &world), "0 www.corp. A 192.0.2.90");
    assert_eq!(bench.asked, ["192.0.2.9 www.corp. A"]);
}
