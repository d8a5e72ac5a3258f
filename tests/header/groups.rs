// SPDX-License-Identifier: MIT
//! Puts what cbindgen wrote into the groups of include/groups.txt, each behind a heading.

use std::collections::BTreeSet;
use std::fmt::Write;

/// A section of the header.
struct Group {
    page: String,
    title: String,
    about: Vec<String>,
    names: Vec<String>,
    items: Vec<String>,
}

fn read(groups: &str) -> Vec<Group> {
    let mut found: Vec<Group> = Vec::new();
    for line in groups.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(head) = line.strip_prefix("== ") {
            let (page, title) = head.split_once(" | ").expect("== page | title");
            found.push(Group {
                page: page.to_owned(),
                title: title.to_owned(),
                about: Vec::new(),
                names: Vec::new(),
                items: Vec::new(),
            });
            continue;
        }
        let group = found.last_mut().expect("a group begins with ==");
        match line.strip_prefix(": ") {
            Some(names) => group.names.extend(names.split(' ').map(str::to_owned)),
            None => group.about.push(line.to_owned()),
        }
    }
    found
}

/// How well a name fits a pattern: an exact one best, then the longest beginning.
fn fits(name: &str, pattern: &str) -> Option<usize> {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning).then_some(beginning.len()),
        None => (name == pattern).then_some(usize::MAX),
    }
}

/// The declarations of a header, each with the comment before it.
fn items(body: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut item = String::new();
    let (mut in_comment, mut depth) = (false, 0_i32);
    for line in body.lines() {
        if line.trim().is_empty() && !in_comment {
            continue;
        }
        item.push_str(line);
        item.push('\n');
        if line.trim_start().starts_with("/**") {
            in_comment = true;
        }
        if in_comment {
            in_comment = !line.contains("*/");
            continue;
        }
        depth += line.matches('{').count() as i32 - line.matches('}').count() as i32;
        let is_over = if item.contains("#define") {
            !line.ends_with('\\')
        } else {
            depth == 0 && line.ends_with(';')
        };
        if is_over {
            found.push(std::mem::take(&mut item));
        }
    }
    assert!(item.is_empty(), "not understood: {item}");
    found
}

/// The name that a declaration gives to something.
fn name(item: &str) -> &str {
    let (_, code) = item.split_once("*/\n").unwrap_or(("", item));
    let is_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    let declared = if let Some(defined) = code.strip_prefix("#define ") {
        defined
    } else if let Some((_, tag)) = code.split_once("typedef struct ") {
        tag
    } else if let Some((_, pointer)) = code.split_once("(*") {
        pointer
    } else if code.starts_with("typedef") {
        code.trim_end_matches(";\n").rsplit([' ', '*']).next().unwrap_or_default()
    } else {
        let (head, _) = code.split_once('(').expect("a function");
        head.rsplit([' ', '*']).next().unwrap_or_default()
    };
    declared.split(|c| !is_of_a_name(c)).next().unwrap_or_default()
}

/// Whether this is a type that others need: handles and numbers come before everything that uses them.
fn is_handle(item: &str) -> bool {
    item.contains("\ntypedef ") && !item.contains("{\n") && !item.contains("(*")
}

/// The header, arranged.
///
/// # Panics
///
/// If a name belongs to no group, or a pattern to no name.
pub fn arrange(header: &str, groups: &str) -> String {
    let (head, body) = header.split_once("#include <sys/socket.h>\n").expect("the includes");
    let (open, close) = (
        "#ifdef __cplusplus\nextern \"C\" {\n#endif // __cplusplus\n",
        "#ifdef __cplusplus\n}  // extern",
    );
    let body = body.replace(open, "");
    let (body, _) = body.split_once(close).expect("the end");

    let mut groups = read(groups);
    let (mut handles, mut used) = (Vec::new(), BTreeSet::new());
    for item in items(body) {
        let found = groups
            .iter()
            .enumerate()
            .flat_map(|(at, group)| group.names.iter().map(move |pattern| (at, pattern)))
            .filter_map(|(at, pattern)| Some((fits(name(&item), pattern)?, at, pattern.clone())))
            .max()
            .unwrap_or_else(|| panic!("{} belongs to no group of include/groups.txt", name(&item)));
        used.insert(found.2);
        if is_handle(&item) {
            handles.push(item);
        } else {
            groups[found.1].items.push(item);
        }
    }
    for group in &groups {
        for pattern in &group.names {
            assert!(used.contains(pattern), "include/groups.txt: nothing is called {pattern}");
        }
    }

    let mut text = String::new();
    for line in head.lines() {
        if !(line.is_empty() && text.ends_with("\n\n")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.push_str("#include <sys/socket.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    heading(&mut text, "Handles", &[]);
    handles.iter().for_each(|item| add(&mut text, item));
    for group in &groups {
        heading(&mut text, &format!("{} ({})", group.title, group.page), &group.about);
        group.items.iter().for_each(|item| add(&mut text, item));
    }
    text.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    text
}

fn heading(text: &mut String, title: &str, about: &[String]) {
    let rule = "=".repeat(100_usize.saturating_sub(title.len() + 8));
    writeln!(text, "\n/* ==== {title} {rule}").expect("a string");
    for line in about {
        writeln!(text, " * {line}").expect("a string");
    }
    text.push_str(" */\n");
}

fn add(text: &mut String, item: &str) {
    text.push('\n');
    text.push_str(item);
}
