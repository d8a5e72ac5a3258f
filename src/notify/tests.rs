// SPDX-License-Identifier: MIT
//! These hold on every backend. Where one cannot tell all that another does (what came and went between two looks),
//! they ask for what all tell.

use super::*;
use crate::clock::Instant;
use crate::fiber;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of the test's own.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("cq-notify-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn watch(&self) -> Notifier {
        Notifier::open(&self.0, ALL, false).unwrap()
    }

    fn watch_tree(&self) -> Notifier {
        Notifier::open(&self.0, ALL, true).unwrap()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The next thing that is told, if any is within the time.
fn get(notifier: &Notifier, seconds: f64) -> Result<(String, u32)> {
    let limit = Span::from_seconds(seconds);
    let changes = fiber::wait_for(limit, false, || Ok(notifier.interest()), || notifier.fetch())?;
    let name = notifier.inner.borrow().fetched.clone();
    Ok((String::from_utf8(name).unwrap().trim_end_matches('\0').to_owned(), changes))
}

/// Waits until a name is told with those changes, whatever else is.
fn expect(notifier: &Notifier, name: &str, changes: u32) {
    let until = Instant::now().after(Span::from_seconds(20.0).unwrap());
    let mut left = changes;
    let mut told = Vec::new();
    while left != 0 && Instant::now() < until {
        match get(notifier, 20.0) {
            Ok((other, changes)) if other == name => left &= !changes,
            Ok(other) => told.push(other),
            Err(error) => panic!("{name}: {error:?} after {told:?}"),
        }
    }
    assert_eq!(left, 0, "{name} is not told, but {told:?}");
}

fn silent(notifier: &Notifier) {
    assert_eq!(get(notifier, 0.05), Err(Errno::TIMEDOUT));
}

#[test]
fn a_name_is_told_of_its_whole_life() {
    let folder = Folder::new();
    let notifier = folder.watch();
    notifier.add(b"a", ALL).unwrap();
    silent(&notifier);
    folder.write("a", "one");
    expect(&notifier, "a", CREATE);
    expect(&notifier, ".", CREATE);
    // What is told late of its making is behind.
    while get(&notifier, 0.05).is_ok() {}
    folder.write("a", "two and more");
    expect(&notifier, "a", MODIFY);
    let mut permissions = fs::metadata(folder.at("a")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.at("a"), permissions).unwrap();
    expect(&notifier, "a", ATTRIB);
    fs::remove_file(folder.at("a")).unwrap();
    expect(&notifier, "a", DELETE);
    expect(&notifier, ".", DELETE);
}

#[test]
fn a_name_that_was_not_added_shows_in_the_directory_only() {
    let folder = Folder::new();
    let notifier = folder.watch();
    folder.write("other", "text");
    assert_eq!(get(&notifier, 20.0), Ok((".".to_owned(), CREATE)));
    folder.write("other", "more text");
    silent(&notifier);
    fs::remove_file(folder.at("other")).unwrap();
    assert_eq!(get(&notifier, 20.0), Ok((".".to_owned(), DELETE)));
    silent(&notifier);
}

#[test]
fn the_directory_is_told_only_of_what_was_asked_for() {
    let folder = Folder::new();
    let notifier = Notifier::open(&folder.0, DELETE, false).unwrap();
    folder.write("other", "text");
    silent(&notifier);
    fs::remove_file(folder.at("other")).unwrap();
    assert_eq!(get(&notifier, 20.0), Ok((".".to_owned(), DELETE)));
}

#[test]
fn a_file_that_takes_anothers_name_is_told_and_followed() {
    let folder = Folder::new();
    folder.write("a", "old");
    let notifier = folder.watch();
    notifier.add(b"a", CREATE | MODIFY).unwrap();
    folder.write("new", "new");
    fs::rename(folder.at("new"), folder.at("a")).unwrap();
    expect(&notifier, "a", CREATE);
    while get(&notifier, 0.05).is_ok() {}
    folder.write("a", "newer");
    expect(&notifier, "a", MODIFY);
}

#[test]
fn adding_twice_adds_up() {
    let folder = Folder::new();
    let notifier = folder.watch();
    notifier.add(b"a", CREATE).unwrap();
    notifier.add(b"a", DELETE).unwrap();
    folder.write("a", "text");
    expect(&notifier, "a", CREATE);
    fs::remove_file(folder.at("a")).unwrap();
    expect(&notifier, "a", DELETE);
}

#[test]
fn the_end_of_the_directory_is_told_last() {
    let folder = Folder::new();
    folder.write("a", "text");
    let notifier = folder.watch();
    notifier.add(b"a", DELETE).unwrap();
    fs::remove_dir_all(&folder.0).unwrap();
    expect(&notifier, "a", DELETE);
    expect(&notifier, ".", DELETE);
    assert_eq!(get(&notifier, 20.0), Err(Errno::NOENT));
    assert_eq!(get(&notifier, 20.0), Err(Errno::NOENT), "it stays so");
}

#[test]
fn a_directory_that_moves_is_told_and_watched_on() {
    let (folder, other) = (Folder::new(), Folder::new());
    let within = folder.at("within");
    fs::create_dir(&within).unwrap();
    let notifier = Notifier::open(&within, ALL, false).unwrap();
    fs::rename(&within, other.at("elsewhere")).unwrap();
    assert_eq!(get(&notifier, 20.0), Ok((".".to_owned(), DELETE)));
    silent(&notifier);
}

#[test]
fn a_tree_is_told_by_paths_and_grows() {
    let folder = Folder::new();
    fs::create_dir(folder.at("old")).unwrap();
    let notifier = folder.watch_tree();
    folder.write("old/a", "text");
    expect(&notifier, "old/a", CREATE);
    fs::create_dir_all(folder.at("new/deep/deeper")).unwrap();
    folder.write("new/deep/deeper/b", "text");
    expect(&notifier, "new", CREATE);
    expect(&notifier, "new/deep/deeper/b", CREATE);
    while get(&notifier, 0.05).is_ok() {}
    folder.write("new/deep/deeper/b", "more text");
    expect(&notifier, "new/deep/deeper/b", MODIFY);
}

#[test]
fn what_a_directory_brings_along_is_told_under_its_new_name() {
    let (folder, other) = (Folder::new(), Folder::new());
    fs::create_dir(other.at("sub")).unwrap();
    other.write("sub/file", "text");
    let notifier = folder.watch_tree();
    fs::rename(other.at("sub"), folder.at("came")).unwrap();
    expect(&notifier, "came", CREATE);
    expect(&notifier, "came/file", CREATE);
    fs::rename(folder.at("came"), folder.at("moved")).unwrap();
    expect(&notifier, "came", DELETE);
    expect(&notifier, "moved/file", CREATE);
    while get(&notifier, 0.05).is_ok() {}
    folder.write("moved/file", "more text");
    expect(&notifier, "moved/file", MODIFY);
    fs::rename(folder.at("moved"), other.at("gone")).unwrap();
    expect(&notifier, "moved", DELETE);
    while get(&notifier, 0.05).is_ok() {}
    other.write("gone/file", "even more text");
    silent(&notifier);
}

#[test]
fn a_directory_that_takes_anothers_name_is_watched() {
    let folder = Folder::new();
    fs::create_dir(folder.at("a")).unwrap();
    fs::create_dir(folder.at("b")).unwrap();
    folder.write("b/file", "text");
    let notifier = folder.watch_tree();
    fs::rename(folder.at("b"), folder.at("a")).unwrap(); // "a" is empty, and goes
    expect(&notifier, "a/file", CREATE);
    while get(&notifier, 0.05).is_ok() {}
    folder.write("a/file", "more text");
    expect(&notifier, "a/file", MODIFY);
}

#[test]
fn patterns_choose_names() {
    let folder = Folder::new();
    fs::create_dir(folder.at("sub")).unwrap();
    folder.write("sub/early.c", "text");
    let notifier = folder.watch_tree();
    notifier.add_pattern(b"*.c", ALL).unwrap();
    notifier.add_pattern(b"sub/*.h", ALL).unwrap();
    folder.write("sub/a.txt", "no");
    folder.write("a.h", "no");
    folder.write(".hidden.c", "no");
    folder.write("sub/a.h", "yes");
    expect(&notifier, "sub/a.h", CREATE);
    folder.write("sub/early.c", "more text");
    expect(&notifier, "sub/early.c", MODIFY);
    while get(&notifier, 0.05).map(|told| assert!(told.0.ends_with(".h"), "{told:?}")).is_ok() {}
}

#[test]
fn thousands_of_files_are_all_told() {
    let folder = Folder::new();
    let notifier = folder.watch();
    notifier.add_pattern(b"f*", CREATE).unwrap();
    let count = if backend::TRACKS { 50 } else { 5000 }; // each takes a descriptor on some systems
    for number in 0..count {
        folder.write(&format!("f{number}"), "");
    }
    let mut told = std::collections::HashSet::new();
    while told.len() < count {
        let (name, changes) = get(&notifier, 20.0).unwrap();
        if name != "." {
            assert_eq!(changes, CREATE);
            assert!(told.insert(name));
        }
    }
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let folder = Folder::new();
    folder.write("file", "text");
    let code = |path: &Path| Notifier::open(path, ALL, false).err().map(|error| error.0);
    assert_eq!(code(&folder.at("file")), Some(libc::ENOTDIR));
    assert_eq!(code(&folder.at("missing")), Some(libc::ENOENT));
    assert_eq!(code(Path::new("")), Some(libc::ENOENT));
    let notifier = folder.watch();
    assert_eq!(notifier.add(b"sub/file", ALL), Err(Errno(libc::EISDIR)));
    assert_eq!(notifier.add(&[b'a'; 256], ALL), Err(Errno(libc::ENAMETOOLONG)));
    assert_eq!(notifier.add(&[b'a'; 255], ALL), Ok(()));
    assert_eq!(notifier.add_pattern(b"a\0b", ALL), Err(Errno::BADARG));
    assert_eq!(folder.watch_tree().add(b"sub/file", ALL), Ok(()));
}

#[test]
fn waiting_changes_add_up_and_keep_their_turn() {
    let mut pending = Pending::default();
    pending.begin();
    [b"b", b"a", b"b"].iter().for_each(|name| pending.note(*name, CREATE));
    pending.begin();
    pending.note(b"c", MODIFY);
    pending.note(b"a", MODIFY); // came with the step before, and stays in front
    let all = std::iter::from_fn(|| pending.take().map(|(name, changes)| (name.to_vec(), changes)));
    let all: Vec<_> = all.collect();
    let expected = [(&b"a"[..], CREATE | MODIFY), (b"b", CREATE), (b"c", MODIFY)];
    assert_eq!(all, expected.map(|(name, changes)| (name.to_vec(), changes)));
}

#[cfg(epoll)]
#[test]
fn records_of_the_kernel_are_read_one_by_one() {
    use crate::sys::inotify::records;
    let mut bytes = Vec::new();
    let names: [(&str, usize); 3] = [("", 0), ("a", 16), ("fifteen-letters", 16)];
    for (number, (name, length)) in names.iter().enumerate() {
        let header = [number as u32 + 1, 7, 0, *length as u32];
        bytes.extend(header.iter().flat_map(|field| field.to_ne_bytes()));
        bytes.extend(name.as_bytes());
        bytes.extend(vec![0; length - name.len()]);
    }
    let whole: Vec<_> = records(&bytes).map(|r| (r.watch, r.mask, r.name.to_owned())).collect();
    let expected = names.iter().zip(1..).map(|((name, _), watch)| (watch, 7, OsString::from(name)));
    assert_eq!(whole, expected.collect::<Vec<_>>());
    // What is not whole is none, wherever it is cut.
    for cut in 0..bytes.len() {
        assert!(records(&bytes[..cut]).count() < 3);
    }
}
