// SPDX-License-Identifier: MIT
//! The header, taken apart.

/// What the header says.
pub struct Manual {
    /// The major, minor and patch number.
    pub version: String,
    /// What the library is, in a line or two.
    pub summary: String,
    /// The parts of the comment at its head: a title, and what is said.
    pub parts: Vec<(String, Vec<Block>)>,
    /// The index at its head: what for, and what to look up.
    pub index: Vec<(String, String)>,
    pub groups: Vec<Group>,
}

/// A section of the header, which is a page of the manual.
pub struct Group {
    pub page: String,
    pub title: String,
    pub about: Vec<Block>,
    pub items: Vec<Item>,
}

/// A declaration.
pub struct Item {
    pub name: String,
    pub kind: Kind,
    pub comment: Vec<Block>,
    pub code: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Constant,
    Type,
    Function,
}

/// A part of a comment.
#[derive(Clone)]
pub enum Block {
    Text(String),
    Code(String),
}

/// A comment without its marks.
fn unmarked(comment: &str) -> String {
    let mut lines = Vec::new();
    for line in comment.lines() {
        let line = line.trim_start().trim_start_matches("/**").trim_end_matches("*/");
        let line = line.strip_prefix('*').unwrap_or(line);
        lines.push(line.strip_prefix(' ').unwrap_or(line).trim_end());
    }
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Paragraphs, and lines of code, which are indented.
fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut words = Vec::new();
        for line in paragraph.lines() {
            if line.starts_with("    ") {
                if !words.is_empty() {
                    found.push(Block::Text(std::mem::take(&mut words).join(" ")));
                }
                match found.last_mut() {
                    Some(Block::Code(code)) => *code = format!("{code}\n{}", line.trim()),
                    _ => found.push(Block::Code(line.trim().to_owned())),
                }
            } else {
                words.push(line.trim());
            }
        }
        if !words.is_empty() {
            found.push(Block::Text(words.join(" ")));
        }
    }
    found
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What a declaration declares.
fn name_and_kind(code: &str) -> (String, Kind) {
    let (text, kind) = if let Some(text) = code.strip_prefix("#define ") {
        (text, Kind::Constant)
    } else if let Some(text) = code.strip_prefix("typedef struct ") {
        (text, Kind::Type)
    } else if code.starts_with("typedef ") {
        let text = match code.split_once("(*") {
            Some((_, text)) => text,
            None => code.trim_end_matches(';').rsplit(' ').next().unwrap_or_default(),
        };
        (text, Kind::Type)
    } else {
        let head = code.split('(').next().unwrap_or_default();
        (head.rsplit([' ', '*']).next().unwrap_or_default(), Kind::Function)
    };
    (text.split(|c| !is_of_a_name(c)).next().unwrap_or_default().to_owned(), kind)
}

/// The declarations of a text, each with the comment before it.
fn items(text: &str) -> Vec<Item> {
    let mut found = Vec::new();
    for part in format!("\n{text}").split("\n/**").skip(1) {
        let (comment, code) = part.split_once("*/\n").expect("a comment has an end");
        let code = code.trim().to_owned();
        let code = code.split("\n\n#ifdef").next().unwrap_or_default().to_owned();
        let (name, kind) = name_and_kind(&code);
        found.push(Item { name, kind, comment: blocks(&unmarked(comment)), code });
    }
    found
}

/// Takes the text of the header apart.
pub fn read(text: &str) -> Manual {
    let (head, rest) = text
        .split_once("*/\n#ifndef")
        .or_else(|| text.split_once("*/\n\n#ifndef"))
        .expect("a head");
    let head = unmarked(head.split_once("/*\n").expect("a comment").1);
    let (head, index) = head.split_once("Index, by purpose:\n").expect("an index");

    let mut manual = Manual {
        version: ["MAJOR", "MINOR", "PATCH"]
            .map(|part| number(rest, &format!("CQ_VERSION_{part}")))
            .join("."),
        summary: String::new(),
        parts: Vec::new(),
        index: Vec::new(),
        groups: Vec::new(),
    };
    for paragraph in head.trim().split("\n\n") {
        let title = paragraph.split_once(".  ").filter(|(title, _)| title.len() < 20);
        match (title, manual.parts.last_mut()) {
            (Some((title, text)), _) => manual.parts.push((title.to_owned(), blocks(text))),
            (None, None) => manual.summary = paragraph.replace('\n', " "),
            (None, Some((_, said))) => said.extend(blocks(paragraph)),
        }
    }
    for line in index.lines().filter(|line| !line.is_empty()) {
        let (purpose, what) = line.split_at(36.min(line.len()));
        manual.index.push((purpose.trim().to_owned(), what.trim().to_owned()));
    }

    let mut sections = rest.split("\n/* ==== ");
    let first = items(sections.next().unwrap_or_default());
    let mut shared = Vec::new();
    for section in sections {
        let (heading, body) = section.split_once("*/\n").expect("a heading has an end");
        let (title, about) = heading.split_once(" ====").expect("a rule behind the title");
        let about = about.trim_start_matches('=');
        let Some((title, page)) = title.trim_end_matches(')').rsplit_once(" (") else {
            shared = items(body); // the handles, which go where their functions are
            continue;
        };
        manual.groups.push(Group {
            page: page.to_owned(),
            title: title.to_owned(),
            about: blocks(&unmarked(about)),
            items: items(body),
        });
    }
    for item in first.into_iter().chain(shared) {
        let home = home(&manual.groups, &item.name);
        manual.groups[home].items.insert(0, item);
    }
    manual
}

/// The value of a constant that is a number.
fn number(text: &str, name: &str) -> String {
    let (_, behind) = text.split_once(&format!("#define {name} ")).expect("a constant");
    behind.lines().next().unwrap_or_default().to_owned()
}

/// The group that a handle belongs to: that of its name, or whose functions have the most of its name.
fn home(groups: &[Group], name: &str) -> usize {
    let known = |group: &Group| {
        let functions = group.items.iter().filter(|item| item.kind == Kind::Function);
        let first = name.to_lowercase();
        (
            group.page == first,
            functions.filter(|item| item.code.contains(&format!("{name} "))).count(),
        )
    };
    (0..groups.len()).max_by_key(|&at| (known(&groups[at]), groups.len() - at)).unwrap_or_default()
}
