// SPDX-License-Identifier: MIT
//! Mode flags, in and out.

use super::*;

fn mode_of(letters: &[u8]) -> Mode {
    Mode::default().with(Flags::parse(letters))
}

fn told(flags: &str) -> (String, String) {
    let mode = mode_of(flags.as_bytes());
    let text = |bytes: [u8; 3]| String::from_utf8_lossy(&bytes).into_owned();
    (text(mode.format_input()), text(mode.format_output()))
}

fn assert_mode(flags: &str, input: &str, output: &str) {
    assert_eq!(told(flags), (input.to_owned(), output.to_owned()), "flags {flags:?}");
}

#[test]
fn without_flags_streams_are_text_and_leave_by_the_line() {
    assert_mode("", "t-p", "tla");
    assert_eq!(mode_of(b""), Mode::default());
}

#[test]
fn each_flag_sets_its_group_and_the_others_have_their_defaults() {
    assert_mode("b", "b-p", "bla");
    assert_mode("n", "t-p", "tna");
    assert_mode("f", "t-p", "tfa");
    assert_mode("P", "t-P", "tla");
    assert_mode("A", "t-p", "tlA");
    assert_mode("bfPA", "b-P", "bfA");
}

#[test]
fn the_last_flag_of_a_group_counts() {
    assert_mode("tb", "b-p", "bla");
    assert_mode("bt", "t-p", "tla");
    assert_mode("nlf", "t-p", "tfa");
    assert_mode("fln", "t-p", "tna");
    assert_mode("aApP", "t-P", "tlA");
    assert_mode("AaPp", "t-p", "tla");
}

#[test]
fn unknown_characters_are_ignored() {
    assert_mode("x-b?\0\u{fc}n", "b-p", "bna");
}

#[test]
fn what_is_printed_parses_to_the_same_mode() {
    for flags in ["", "b", "n", "f", "bP", "bfA", "tnPA"] {
        let mode = mode_of(flags.as_bytes());
        let both = [mode.format_input(), mode.format_output()].concat();
        assert_eq!(mode_of(&both), mode, "flags {flags:?}");
    }
}
