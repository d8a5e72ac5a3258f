// SPDX-License-Identifier: MIT
//! What the library has to tell that no call's result tells: bugs of its own, servers that failed while another one
//! answered, lines of the system's files that it cannot read. Told to one function of the program's, or to nobody.

use crate::sys::program::Listener;
use std::ffi::{c_int, CStr};
use std::fmt::{self, Write};
use std::panic::{set_hook, take_hook, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// A bug of the library's.
    Error = 1,
    /// Something of the system or the network does not work as it should.
    Warning = 2,
}

/// The bytes of a line, the NUL at its end included. What is longer is cut.
const ROOM: usize = 512;

static IS_SET: AtomicBool = AtomicBool::new(false);
static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

/// Replaces the function that is told. Where none is set nothing is told, and panics are printed as usual.
pub fn set(listener: Option<Listener>) {
    static HOOK: Once = Once::new();
    if listener.is_some() {
        HOOK.call_once(|| {
            let usual = take_hook();
            set_hook(Box::new(move |info| match IS_SET.load(Ordering::Acquire) {
                true => panicked(info),
                false => usual(info),
            }));
        });
    }
    let mut place = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    IS_SET.store(listener.is_some(), Ordering::Release);
    *place = listener;
}

/// Tells a warning.
pub fn warn(text: impl fmt::Display) {
    tell(Level::Warning, format_args!("{text}"));
}

/// Where it happened, and what was said.
fn panicked(info: &PanicHookInfo) {
    let said = info.payload();
    let said = said.downcast_ref::<&str>().copied();
    let said = said.or_else(|| info.payload().downcast_ref::<String>().map(String::as_str));
    let said = said.unwrap_or("a panic without words");
    match info.location() {
        Some(place) => tell(Level::Error, format_args!("internal error at {place}: {said}")),
        None => tell(Level::Error, format_args!("internal error: {said}")),
    }
}

/// Tells a line, which takes no memory. The function is not called under the lock, so it may be replaced from within.
fn tell(level: Level, text: fmt::Arguments) {
    if !IS_SET.load(Ordering::Acquire) {
        return;
    }
    let listener = *LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(listener) = listener else { return };
    let mut line = Line { bytes: [0; ROOM], size: 0 };
    let _ = line.write_fmt(text); // what does not fit is cut
    if let Ok(text) = CStr::from_bytes_until_nul(&line.bytes) {
        listener.tell(level as c_int, text);
    }
}

/// A line that is being written. Line feeds and other control characters become spaces, so that it stays one line.
struct Line {
    bytes: [u8; ROOM],
    size: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let character = if character.is_control() { ' ' } else { character };
            let end = self.size + character.len_utf8();
            if end >= ROOM {
                return Err(fmt::Error);
            }
            character.encode_utf8(&mut self.bytes[self.size..end]);
            self.size = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, ROOM};
    use std::fmt::Write;

    #[test]
    fn a_line_is_one_line_and_is_cut_between_characters() {
        let mut line = Line { bytes: [0; ROOM], size: 0 };
        assert!(line.write_str("two\nlines\0").is_ok());
        assert_eq!(&line.bytes[..line.size], b"two lines ");
        let mut line = Line { bytes: [0; ROOM], size: 0 };
        assert!(line.write_str(&"ä".repeat(ROOM)).is_err());
        assert_eq!((line.size, line.bytes[ROOM - 2], line.bytes[ROOM - 1]), (ROOM - 2, 0, 0));
    }
}
