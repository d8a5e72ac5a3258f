// SPDX-License-Identifier: MIT
//! A file that is not what it was.

use super::*;

#[test]
fn a_file_that_is_written_replaced_or_gone_is_another_one() {
    let folder = std::env::temp_dir().join(format!("cqueues-version-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (path, other) = (folder.join("file"), folder.join("older"));
    std::fs::write(&other, "older").expect("a file");
    std::fs::write(&path, "12345").expect("a file");
    let text = path.to_str().expect("a path in ASCII");
    let first = version(text);
    assert!(first.is_some());
    assert_eq!(version(text), first);
    // Of the same size, and made before.
    std::fs::rename(&other, &path).expect("it takes the place");
    let second = version(text);
    assert_ne!(second, first);
    std::fs::write(&path, "longer text").expect("the file");
    assert_ne!(version(text), second);
    std::fs::remove_dir_all(&folder).expect("the folder");
    assert_eq!(version(text), None);
}
