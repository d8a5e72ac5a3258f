// SPDX-License-Identifier: MIT
//! `include/cqueues.h` is what cbindgen makes of the sources, divided as include/groups.txt says, and lists every
//! exported function.
//! `make header` (CQUEUES_UPDATE_HEADER=1) writes it anew.

#[path = "header/groups.rs"]
mod groups;

use std::collections::BTreeSet;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn generate() -> String {
    let mut config =
        cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    config.export.exclude.extend(private_names(&root().join("src")));
    let bindings = cbindgen::generate_with_config(root(), config).expect("the crate parses");
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).expect("a header is text");
    let path = root().join("include/groups.txt");
    groups::arrange(&text, &std::fs::read_to_string(path).expect("include/groups.txt"))
}

/// The constants and functions that are not the header's, whose names begin with CQ_ and cq_. Left to
/// itself cbindgen takes in all constants, and all foreign functions.
fn private_names(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            names.extend(private_names(&path));
            continue;
        }
        let text = std::fs::read_to_string(path).expect("a source file");
        let constants = text.split("const ").skip(1).filter_map(|rest| rest.split_once(':'));
        let functions = text.split("fn ").skip(1).filter_map(|rest| rest.split_once('('));
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let found = constants.chain(functions).map(|(name, _)| name.to_owned());
        names.extend(found.filter(|name| is_name(name)));
    }
    names.retain(|name| !name.starts_with("CQ_") && !name.starts_with("cq_"));
    names
}

/// The comment at the head of the header, and the declarations.
fn parts(header: &str) -> (&str, &str) {
    header.split_once("#ifndef CQUEUES_H").expect("an include guard")
}

#[test]
fn the_committed_header_is_fresh() {
    let path = root().join("include/cqueues.h");
    let made = generate();
    if std::env::var_os("CQUEUES_UPDATE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("include/cqueues.h is writable");
    }
    let committed = std::fs::read_to_string(&path).expect("include/cqueues.h");
    assert!(committed == made, "include/cqueues.h is stale: run `make header` and commit it");
}

#[test]
fn what_the_head_of_the_header_names_is_there() {
    let header = generate();
    let (head, body) = parts(&header);
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = head.split(|c| !is_of_a_name(c)).filter(|word| {
        (word.starts_with("cq_") || word.starts_with("CQ_"))
            && !word.ends_with('_')
            && *word != "CQ_E"
    });
    let names = names.collect::<BTreeSet<_>>();
    assert!(names.len() > 60, "the index was found");
    for name in names {
        assert!(
            body.split(|c| !is_of_a_name(c)).any(|word| word == name),
            "{name} is not declared"
        );
    }
}

#[test]
fn the_header_the_package_and_the_file_name_tell_one_version() {
    let header = generate();
    let told = ["MAJOR", "MINOR", "PATCH"].map(|part| {
        let line = format!("#define CQ_VERSION_{part} ");
        let found = header.lines().find_map(|text| text.strip_prefix(&line));
        found.unwrap_or_else(|| panic!("CQ_VERSION_{part} is missing")).to_owned()
    });
    assert_eq!(told.join("."), env!("CARGO_PKG_VERSION"));
    let makefile = std::fs::read_to_string(root().join("Makefile")).expect("the Makefile");
    assert!(
        makefile.lines().any(|line| {
            let mut words = line.split(':').map(str::trim);
            words.next() == Some("ABI") && words.next() == Some(&format!("= {}", told[0]))
        }),
        "ABI in the Makefile is not {}",
        told[0]
    );
}

#[test]
fn every_type_has_the_prefix() {
    let header = generate();
    let types = header.lines().filter_map(|line| line.strip_prefix("typedef struct "));
    let names: Vec<&str> = types.filter_map(|words| words.split(' ').next()).collect();
    assert!(names.len() > 14, "{names:?}");
    let foreign: Vec<_> = names.iter().filter(|name| !name.starts_with("cq_")).collect();
    assert!(foreign.is_empty(), "without cq_: {foreign:?}; exclude them in cbindgen.toml");
}

/// Functions marked `no_mangle` in the sources; cbindgen leaves out what it does not understand.
fn exported() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("src/capi")).expect("src/capi") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a source file");
        for part in text.split("#[no_mangle]").skip(1) {
            let (_, rest) = part.split_once("fn ").expect("a function behind no_mangle");
            names.insert(rest.split('(').next().unwrap_or_default().to_owned());
        }
    }
    names
}

/// Functions that can wait say so in one of these ways at the beginning of a sentence, or about a timeout.
fn waits(name: &str, comment: &str) -> bool {
    let words = comment.split_whitespace().filter(|word| *word != "*").collect::<Vec<_>>();
    let text = words.join(" ");
    let says = ["Waits ", "waiting at most", "and waits", "but waits", "Steps until"];
    // It blocks its thread, in no fiber.
    name != "cq_controller_wait"
        && says.iter().any(|say| text.contains(say))
        && !text.contains("without waiting")
}

#[test]
fn every_function_that_waits_is_ended_by_scopes_in_a_test() {
    let header = generate();
    let (_, header) = parts(&header);
    let path = root().join("tests/capi/scope_waits.c");
    let test = std::fs::read_to_string(path).expect("tests/capi/scope_waits.c");
    let mut found = 0;
    for name in exported() {
        let at = header.find(&format!("{name}(")).expect("a declaration");
        let comment = header[..at].rsplit("/**").next().unwrap_or_default();
        if waits(&name, comment) {
            found += 1;
            assert!(test.contains(&format!("WAIT({name}, ")), "{name} has no row there");
        }
    }
    assert_eq!(found, test.matches("\nWAIT(").count(), "rows of functions that wait");
}

#[test]
fn every_exported_function_is_declared_documented_and_versioned() {
    let header = generate();
    let (_, header) = parts(&header);
    let map = std::fs::read_to_string(root().join("src/cqueues.map")).expect("src/cqueues.map");
    let names = exported();
    assert!(names.len() > 50, "the exported functions were found");
    for name in names {
        let call = format!("{name}(");
        let mut places = header.match_indices(&call).map(|(at, _)| at);
        let in_comment =
            |at: usize| header[header[..at].rfind('\n').unwrap_or(0)..].starts_with("\n *");
        let at = places.find(|&at| !in_comment(at));
        let at = at.unwrap_or_else(|| panic!("{name} is missing in the header"));
        let before = header[..at].trim_end().rsplit("\n\n").next().unwrap_or_default();
        assert!(before.contains("*/"), "{name} has no documentation");
        assert!(map.contains(&format!("{name};")), "{name} is missing in src/cqueues.map");
    }
}
