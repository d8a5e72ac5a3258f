// SPDX-License-Identifier: MIT
//! The reference as HTML: a page for each group, and the model with the index.

use super::header::{Block, Group, Kind, Manual};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Result;
use std::path::Path;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222;\
background:#fff}code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f4f4f2;padding:.7rem;overflow:auto}\
a{color:#0b5394}h3{margin-top:2.2rem}dt{margin-top:.6rem}table{border-collapse:collapse}td{padding:.1rem .8rem .1rem 0;\
vertical-align:top}nav{font-size:14px}@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}\
pre{background:#242424}a{color:#8ab4f8}}";

/// The page on which a name stands.
type Places<'a> = HashMap<&'a str, &'a str>;

pub fn write(manual: &Manual, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut places = Places::new();
    for group in &manual.groups {
        places.extend(group.items.iter().map(|item| (&item.name[..], &group.page[..])));
    }
    std::fs::write(folder.join("index.html"), model(manual, &places))?;
    for group in &manual.groups {
        std::fs::write(folder.join(format!("{}.html", group.page)), page(manual, group, &places))?;
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text in which every name of the library leads to where it is explained.
fn linked(text: &str, places: &Places) -> String {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_of_a_name) {
        found.push_str(&escaped(&rest[..at]));
        let end = at + rest[at..].find(|c| !is_of_a_name(c)).unwrap_or(rest.len() - at);
        let word = &rest[at..end];
        match places.get(word) {
            Some(page) => {
                write!(found, "<a href=\"{page}.html#{word}\">{word}</a>").expect("a string")
            }
            None => found.push_str(word),
        }
        rest = &rest[end..];
    }
    found + &escaped(rest)
}

fn said(html: &mut String, blocks: &[Block], places: &Places) {
    for block in blocks {
        match block {
            Block::Code(code) => {
                writeln!(html, "<pre>{}</pre>", linked(code, places)).expect("a string")
            }
            Block::Text(text) => {
                html.push_str("<p>");
                for (at, part) in text.split('`').enumerate() {
                    let part = linked(part, places);
                    match at % 2 {
                        1 => write!(html, "<code>{part}</code>").expect("a string"),
                        _ => html.push_str(&part),
                    }
                }
                html.push_str("</p>\n");
            }
        }
    }
}

fn head(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n"
    )
}

fn page(manual: &Manual, group: &Group, places: &Places) -> String {
    let mut html = head(&format!("{} - libcqueues {}", group.title, manual.version));
    let title = escaped(&group.title);
    writeln!(
        html,
        "<nav><a href=\"index.html\">libcqueues {}</a></nav>\n<h1>{title}</h1>",
        manual.version
    )
    .expect("a string");
    said(&mut html, &group.about, places);
    for (kind, heading) in
        [(Kind::Type, "Types"), (Kind::Constant, "Constants"), (Kind::Function, "Functions")]
    {
        let mut heading = Some(heading);
        for item in group.items.iter().filter(|item| item.kind == kind) {
            if let Some(heading) = heading.take() {
                writeln!(html, "<h2>{heading}</h2>").expect("a string");
            }
            writeln!(html, "<h3 id=\"{0}\">{0}</h3>", item.name).expect("a string");
            writeln!(html, "<pre>{}</pre>", linked(&item.code, places)).expect("a string");
            said(&mut html, &item.comment, places);
        }
    }
    html + "</body>\n</html>\n"
}

fn model(manual: &Manual, places: &Places) -> String {
    let mut html = head(&format!("libcqueues {}", manual.version));
    let summary = escaped(&manual.summary);
    writeln!(
        html,
        "<h1>libcqueues {}</h1>\n<p>{summary}</p>\n<h2>Pages</h2>\n<dl>",
        manual.version
    )
    .expect("a string");
    for group in &manual.groups {
        let title = escaped(&group.title);
        writeln!(html, "<dt><a href=\"{0}.html\">{0}</a></dt><dd>{title}</dd>", group.page)
            .expect("a string");
    }
    html.push_str("</dl>\n<h2>Index, by purpose</h2>\n<table>\n");
    for (purpose, what) in &manual.index {
        let (purpose, what) = (escaped(purpose), linked(what, places));
        writeln!(html, "<tr><td>{purpose}</td><td>{what}</td></tr>").expect("a string");
    }
    html.push_str("</table>\n");
    for (title, text) in &manual.parts {
        writeln!(html, "<h2>{}</h2>", escaped(title)).expect("a string");
        said(&mut html, text, places);
    }
    html + "</body>\n</html>\n"
}
