// SPDX-License-Identifier: MIT
//! Mode strings, and numbers that claim to be modes.

#![no_main]

use cqueues::capi::socket_settings::{cq_mode_format, cq_mode_parse, CQ_INPUT, CQ_OUTPUT};
use cqueues::socket::{Flags, Mode};
use libfuzzer_sys::fuzz_target;
use std::ffi::c_char;

/// The last of a group's flags, or its default.
fn last(flags: &[u8], group: &[u8], default: u8) -> u8 {
    flags.iter().rev().copied().find(|flag| group.contains(flag)).unwrap_or(default)
}

fn format(mode: u32, which: u32) -> Result<[u8; 3], i32> {
    let mut text = [b'?' as c_char; 5];
    // SAFETY: the text has room for four characters.
    match unsafe { cq_mode_format(mode, which, text.as_mut_ptr()) } {
        0 => {
            assert_eq!((text[3], text[4]), (0, b'?' as c_char));
            Ok([text[0] as u8, text[1] as u8, text[2] as u8])
        }
        code => {
            assert_eq!(text, [b'?' as c_char; 5], "written on error");
            Err(code)
        }
    }
}

fn parse(flags: &[u8]) -> u32 {
    // SAFETY: the flags are readable for their length.
    unsafe { cq_mode_parse(flags.as_ptr().cast(), flags.len()) }
}

fn check_flags(flags: &[u8]) {
    let text = last(flags, b"tb", b't');
    let input = [text, b'-', last(flags, b"pP", b'p')];
    let output = [text, last(flags, b"nlf", b'l'), last(flags, b"aA", b'a')];
    let mode = Mode::default().with(Flags::parse(flags));
    assert_eq!((mode.format_input(), mode.format_output()), (input, output), "{flags:?}");
    let number = parse(flags);
    assert_ne!(number, 0);
    assert_eq!((format(number, CQ_INPUT), format(number, CQ_OUTPUT)), (Ok(input), Ok(output)));
    // What is said of a mode makes the mode.
    assert_eq!(Mode::default().with(Flags::parse(&[&input[..], &output].concat())), mode);
}

fn check_number(number: u32) {
    match (format(number, CQ_INPUT), format(number, CQ_OUTPUT)) {
        (Ok(input), Ok(output)) => {
            // What is said of a mode names all groups, and says the same again.
            let whole = parse(&[input, output].concat());
            let again = (format(whole, CQ_INPUT), format(whole, CQ_OUTPUT));
            assert_eq!(again, (Ok(input), Ok(output)));
        }
        (Err(first), Err(second)) => assert_eq!((first, second), (libc::EINVAL, libc::EINVAL)),
        both => panic!("{number} is and is not a mode: {both:?}"),
    }
    assert_eq!(format(number, 2), Err(libc::EINVAL));
}

fuzz_target!(|data: &[u8]| {
    check_flags(data);
    if let Some(bytes) = data.first_chunk() {
        check_number(u32::from_le_bytes(*bytes));
        check_number(u32::from(bytes[0]));
    }
});
