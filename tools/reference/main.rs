// SPDX-License-Identifier: MIT
//! Writes the reference of the C library, as manual pages and as HTML, from the comments of include/cqueues.h.
//!
//!     reference HEADER FOLDER
//!
//! makes FOLDER/man/man3, FOLDER/man/man7 and FOLDER/html. `make reference` calls it. It needs nothing but the
//! standard library, so that rustc alone builds it.

mod header;
mod html;
mod man;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [source, folder] = &arguments[..] else {
        eprintln!("usage: reference HEADER FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(source), Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reference: {source}, {folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(source: &Path, folder: &Path) -> std::io::Result<()> {
    let manual = header::read(&std::fs::read_to_string(source)?);
    man::write(&manual, &folder.join("man"))?;
    html::write(&manual, &folder.join("html"))
}
