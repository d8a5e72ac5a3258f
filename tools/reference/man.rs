// SPDX-License-Identifier: MIT
//! Manual pages: one a group in section 3, a link to it for each function, and the model in section 7.

use super::header::{Block, Group, Kind, Manual};
use std::fmt::Write as _;
use std::io::Result;
use std::path::Path;

pub fn write(manual: &Manual, folder: &Path) -> Result<()> {
    let (third, seventh) = (folder.join("man3"), folder.join("man7"));
    std::fs::create_dir_all(&third)?;
    std::fs::create_dir_all(&seventh)?;
    std::fs::write(seventh.join("cqueues.7"), model(manual))?;
    for group in &manual.groups {
        std::fs::write(third.join(format!("{}.3", group.page)), page(manual, group))?;
        for name in functions(group).filter(|name| *name != group.page) {
            std::fs::write(
                third.join(format!("{name}.3")),
                format!(".so man3/{}.3\n", group.page),
            )?;
        }
    }
    Ok(())
}

fn functions(group: &Group) -> impl Iterator<Item = &str> {
    group.items.iter().filter(|item| item.kind == Kind::Function).map(|item| &item.name[..])
}

/// Text as troff takes it.
fn plain(text: &str) -> String {
    let mut escaped =
        text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('^', "\\(ha");
    if escaped.starts_with('.') {
        escaped.insert_str(0, "\\&");
    }
    escaped.replace('~', "\\(ti").replace('§', "\\(sc")
}

/// Text in which what stands in backticks, and names of the library, are bold.
fn text(text: &str) -> String {
    let mut found = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            write!(found, "\\fB{}\\fP", plain(part)).expect("a string");
            continue;
        }
        for (at, word) in part.split(' ').enumerate() {
            found.push_str(if at > 0 { " " } else { "" });
            let end =
                word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(word.len());
            match word.starts_with("cq_") || word.starts_with("CQ_") {
                true => write!(found, "\\fB{}\\fP{}", &word[..end], plain(&word[end..]))
                    .expect("a string"),
                false => found.push_str(&plain(word)),
            }
        }
    }
    if found.starts_with('.') {
        found.insert_str(0, "\\&");
    }
    found
}

/// Paragraphs, the first without a space before it if a heading is there.
fn blocks(page: &mut String, blocks: &[Block], mut is_below_heading: bool) {
    for block in blocks {
        if !std::mem::take(&mut is_below_heading) {
            page.push_str(".PP\n");
        }
        match block {
            Block::Text(said) => {
                let labels = ["Errors: ", "Safety: ", "Source: ", "Platforms: "];
                match labels.iter().find_map(|label| Some((label, said.strip_prefix(label)?))) {
                    Some((label, rest)) => {
                        writeln!(page, "\\fI{}\\fP:\n{}", label.trim_end_matches(": "), text(rest))
                            .expect("a string");
                    }
                    None => writeln!(page, "{}", text(said)).expect("a string"),
                }
            }
            Block::Code(code) => code_lines(page, code),
        }
    }
}

fn code_lines(page: &mut String, code: &str) {
    page.push_str(".nf\n");
    for line in code.lines() {
        writeln!(page, "{}", plain(line)).expect("a string");
    }
    page.push_str(".fi\n");
}

fn head(page: &str, section: u32, version: &str) -> String {
    let name = page.to_uppercase();
    format!(
        "'\\\" t\n.TH {name} {section} \"\" \"libcqueues {version}\" \"libcqueues\"\n.nh\n.ad l\n"
    )
}

fn page(manual: &Manual, group: &Group) -> String {
    let mut page = head(&group.page, 3, &manual.version);
    let names: Vec<_> = std::iter::once(&group.page[..])
        .chain(functions(group).filter(|name| *name != group.page))
        .collect();
    writeln!(page, ".SH NAME\n{} \\- {}", names.join(", "), plain(&group.title)).expect("a string");
    page.push_str(".SH SYNOPSIS\n.nf\n\\fB#include <cqueues.h>\\fP\n.PP\n");
    for item in group.items.iter().filter(|item| item.kind == Kind::Function) {
        writeln!(page, "{}", plain(&item.code)).expect("a string");
    }
    page.push_str(".fi\n.PP\nLink with \\fIpkg\\-config \\-\\-cflags \\-\\-libs cqueues\\fP.\n.SH DESCRIPTION\n");
    blocks(&mut page, &group.about, true);
    for (kind, heading) in
        [(Kind::Type, "TYPES"), (Kind::Constant, "CONSTANTS"), (Kind::Function, "FUNCTIONS")]
    {
        let mut heading = Some(heading);
        for item in group.items.iter().filter(|item| item.kind == kind) {
            if let Some(heading) = heading.take() {
                writeln!(page, ".SH {heading}").expect("a string");
            }
            writeln!(page, ".SS {}", item.name).expect("a string");
            code_lines(&mut page, &short(&item.code));
            blocks(&mut page, &item.comment, false);
        }
    }
    page.push_str(".SH SEE ALSO\n\\fBcqueues\\fP(7)");
    for other in manual.groups.iter().filter(|other| other.page != group.page) {
        write!(page, ",\n\\fB{}\\fP(3)", other.page).expect("a string");
    }
    page.push('\n');
    page
}

/// The comments of a structure's members as C has them on one line, for readers.
fn short(code: &str) -> String {
    let mut lines = Vec::new();
    for line in code.lines() {
        match line.trim_start() {
            "/**" | "*/" => {}
            trimmed => match trimmed.strip_prefix("* ") {
                Some(said) => lines.push(format!("    // {}", said.replace('`', ""))),
                None => lines.push(line.to_owned()),
            },
        }
    }
    lines.join("\n")
}

fn model(manual: &Manual) -> String {
    let mut page = head("cqueues", 7, &manual.version);
    writeln!(page, ".SH NAME\ncqueues \\- tasks, sockets, names and TLS for every language")
        .expect("a string");
    writeln!(page, ".SH DESCRIPTION\n{}", text(&manual.summary)).expect("a string");
    for (title, said) in &manual.parts {
        writeln!(page, ".SS {title}").expect("a string");
        blocks(&mut page, said, true);
    }
    page.push_str(".SH INDEX\n");
    for (purpose, what) in &manual.index {
        writeln!(page, ".TP\n{}\n{}", plain(purpose), text(what)).expect("a string");
    }
    page.push_str(".SH PAGES\n");
    for group in &manual.groups {
        writeln!(page, ".TP\n\\fB{}\\fP(3)\n{}", group.page, plain(&group.title))
            .expect("a string");
    }
    page
}
