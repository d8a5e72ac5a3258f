// SPDX-License-Identifier: MIT
//! Lines `hosts:` as distributions write them.

use super::*;
use Source::{Bind, Cache, File};

#[test]
fn sources_keep_their_order_and_their_ends() {
    let cases: &[(&str, &[Source], u8, u8)] = &[
        ("files dns", &[File, Bind], 0, 0),
        ("dns [NOTFOUND=return] files", &[Bind, File], 0, ending::NOT_FOUND),
        ("dns[notfound=RETURN]files", &[Bind, File], 0, ending::NOT_FOUND),
        // What belongs to a source that is not known here says nothing about the next one.
        ("files mdns4_minimal [NOTFOUND=return] dns", &[File, Bind], 0, 0),
        ("files [NOTFOUND=return] dns", &[File, Bind], ending::NOT_FOUND, 0),
        (
            "mymachines resolve [!UNAVAIL=return] files myhostname dns",
            &[Bind, File],
            0,
            ending::NOT_FOUND | ending::TRY_AGAIN,
        ),
        ("dns [ !SUCCESS=return NOTFOUND=continue ] files", &[Bind, File], 0, 6),
        ("cache files [SUCCESS=continue] dns", &[Cache, File, Bind], 0, 0),
        ("files dns [NOTFOUND", &[File, Bind], 0, 0),
        ("nis", &[], 0, 0),
        ("", &[], 0, 0),
    ];
    for &(line, sources, file_ends, bind_ends) in cases {
        let expected = Switch { sources: sources.to_vec(), file_ends, bind_ends };
        assert_eq!(Switch::scan(line), expected, "{line}");
    }
}

#[test]
fn ends_are_written_as_they_are_read() {
    for ends in 0..=ending::ALL {
        let line = format!("dns{}", format_ends(ends));
        assert_eq!(Switch::scan(&line).bind_ends, ends, "{line}");
    }
}
