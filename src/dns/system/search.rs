// SPDX-License-Identifier: MIT
//! The search list: which names are asked for when a person has written one. Pure.

use super::config::Config;

impl Config {
    /// The names to ask for, one after the other, for a name that a person wrote.
    pub fn candidates(&self, name: &str) -> Vec<String> {
        let (dots, absolute) = dots(name);
        if absolute {
            return vec![name.to_owned()];
        }
        let as_given = format!("{name}.");
        let mut list: Vec<String> = self
            .search
            .iter()
            .filter(|d| !matches!(d.as_str(), "" | "."))
            .map(|domain| format!("{name}.{}.", domain.trim_end_matches('.')))
            .collect();
        match dots >= self.ndots as usize {
            true => list.insert(0, as_given),
            false => list.push(as_given),
        }
        list
    }
}

/// How many dots divide a name that a person wrote, and whether it ends in one. Escaped ones divide nothing.
fn dots(name: &str) -> (usize, bool) {
    let (mut count, mut last, mut escaped) = (0, false, false);
    for byte in name.bytes() {
        last = byte == b'.' && !escaped;
        escaped = byte == b'\\' && !escaped;
        count += usize::from(last);
    }
    (count, last)
}

/// Whether a name that a person wrote is tried as it is, without the search list.
pub fn is_absolute(name: &str) -> bool {
    dots(name).1
}
