// SPDX-License-Identifier: MIT
//! Every error number that the system's headers name has its name here, and the other way round.

use cqueues::errno::Errno;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

/// The names and values of <errno.h>, by the system's C compiler.
fn headers() -> Option<BTreeMap<String, i32>> {
    let names = preprocess("-dM", "#include <errno.h>\n")?;
    let is_name = |word: &&str| {
        word.starts_with('E') && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let names: Vec<&str> =
        names.lines().filter_map(|line| line.split(' ').nth(1)).filter(is_name).collect();
    let values: String = names.iter().map(|name| format!("@{name}\n")).collect();
    // A name that stands behind something else than a letter is a macro to the preprocessor.
    let values = preprocess("-P", &format!("#include <errno.h>\n{values}"))?;
    let values = values.lines().filter_map(|line| line.strip_prefix('@')?.trim().parse().ok());
    Some(names.into_iter().map(str::to_owned).zip(values).collect())
}

fn preprocess(flag: &str, text: &str) -> Option<String> {
    let mut child = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".to_owned()))
        .args(["-E", flag, "-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn every_number_of_the_systems_headers_has_its_name() {
    let Some(headers) = headers() else { panic!("no C compiler to ask: name one in CC") };
    assert!(headers.len() > 70, "{headers:?}");
    let ours: BTreeMap<String, i32> = Errno::all()
        .map(|(name, number)| (name.to_str().expect("a name").to_owned(), number))
        .filter(|(_, number)| *number > 0)
        .collect();
    // Counts, not errors, of some systems.
    let wanted: BTreeMap<String, i32> =
        headers.into_iter().filter(|(name, _)| name != "ELAST" && name != "EOF").collect();
    assert_eq!(ours, wanted);
}
