// SPDX-License-Identifier: MIT
//! The line `hosts:` of nsswitch.conf(5): where names are looked for, and after which outcomes no further.

use super::config::Source;

/// How a source's search for a name can end without an answer: bits of a set.
pub mod ending {
    /// It says that there is no such name, or no such record.
    pub const NOT_FOUND: u8 = 1;
    /// It cannot be reached.
    pub const UNAVAILABLE: u8 = 2;
    /// It cannot tell now.
    pub const TRY_AGAIN: u8 = 4;
    /// Any of them.
    pub const ALL: u8 = 7;
}

/// The sources in their order, and the endings after which the next one is not looked at.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Switch {
    /// As they stand there, each once.
    pub sources: Vec<Source>,
    /// After the files.
    pub file_ends: u8,
    /// After the name servers.
    pub bind_ends: u8,
}

impl Switch {
    /// From what follows `hosts:`. Sources that are not known here are left out, with what stands in brackets
    /// after them.
    pub fn scan(text: &str) -> Switch {
        Switch::scan_by(text, |word| match word.to_ascii_lowercase().as_str() {
            "files" => Some(Source::File),
            "dns" | "resolve" => Some(Source::Bind),
            "cache" => Some(Source::Cache),
            _ => None,
        })
    }

    /// The same with other words for the sources.
    pub fn scan_by(text: &str, source: impl Fn(&str) -> Option<Source>) -> Switch {
        let (mut switch, mut last) = (Switch::default(), None);
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (actions, after) = inside.split_once(']').unwrap_or((inside, ""));
                switch.act(last, actions);
                rest = after.trim_start();
                continue;
            }
            let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '[');
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            last = source(word);
            match last {
                Some(source) if !switch.sources.contains(&source) => switch.sources.push(source),
                // The first place counts, and its actions.
                _ => last = None,
            }
            rest = after.trim_start();
        }
        switch
    }

    /// `NOTFOUND=return`, `!UNAVAIL=return` and the like. Whether a success ends the search is not asked: it does.
    fn act(&mut self, source: Option<Source>, actions: &str) {
        let ends = match source {
            Some(Source::File) => &mut self.file_ends,
            Some(Source::Bind) => &mut self.bind_ends,
            _ => return,
        };
        for word in actions.split_ascii_whitespace() {
            let Some((status, action)) = word.split_once('=') else { continue };
            let (not, status) = match status.strip_prefix('!') {
                Some(status) => (true, status),
                None => (false, status),
            };
            let set = match status.to_ascii_lowercase().as_str() {
                "success" => 0,
                "notfound" => ending::NOT_FOUND,
                "unavail" => ending::UNAVAILABLE,
                "tryagain" => ending::TRY_AGAIN,
                _ => continue,
            };
            let set = if not { ending::ALL & !set } else { set };
            match action.to_ascii_lowercase().as_str() {
                "return" => *ends |= set,
                "continue" => *ends &= !set,
                _ => {}
            }
        }
    }
}

/// In the form of nsswitch.conf, with a blank in front.
pub fn format_ends(ends: u8) -> String {
    let names = [
        (ending::NOT_FOUND, "NOTFOUND=return"),
        (ending::UNAVAILABLE, "UNAVAIL=return"),
        (ending::TRY_AGAIN, "TRYAGAIN=return"),
    ];
    let words: Vec<&str> =
        names.iter().filter(|name| ends & name.0 != 0).map(|name| name.1).collect();
    match words.is_empty() {
        true => String::new(),
        false => format!(" [{}]", words.join(" ")),
    }
}

#[cfg(test)]
mod tests;
