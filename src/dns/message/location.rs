// SPDX-License-Identifier: MIT
//! Places on Earth as text, RFC 1876 §3: "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m".

use super::text::generic;

/// The size of the data in version 0.
pub const SIZE: usize = 16;

/// The equator and the meridian: where angles, in thousandths of a second, count from.
const ZERO: u32 = 1 << 31;

/// Altitudes, in centimetres, count from 100 km below the WGS 84 spheroid.
const BELOW: i64 = 10_000_000;

/// Latitude, longitude, altitude, size, horizontal and vertical precision. What makes no sense is written as data of an
/// unknown type.
pub fn format(data: &[u8], out: &mut Vec<u8>) {
    let parts: Option<(&[u8; 4], [u32; 3])> = data.split_first_chunk().and_then(|(head, rest)| {
        let word = |at: usize| Some(u32::from_be_bytes(*rest.get(at..)?.first_chunk()?));
        Some((head, [word(0)?, word(4)?, word(8)?]))
    });
    let digits = |byte: &u8| byte >> 4 <= 9 && byte & 15 <= 9;
    let Some((&[0, size, horizontal, vertical], [latitude, longitude, altitude])) =
        parts.filter(|(head, _)| data.len() == SIZE && head[1..].iter().all(digits))
    else {
        return generic(data, out);
    };
    let metres = i64::from(altitude) - BELOW;
    let sign = if metres < 0 { "-" } else { "" };
    let text = format!(
        "{} {} {sign}{}.{:02}m {} {} {}",
        angle(latitude, 'N', 'S'),
        angle(longitude, 'E', 'W'),
        metres.abs() / 100,
        metres.abs() % 100,
        length(size),
        length(horizontal),
        length(vertical)
    );
    out.extend(text.bytes());
}

/// Degrees, minutes, seconds, hemisphere.
fn angle(value: u32, positive: char, negative: char) -> String {
    let side = if value >= ZERO { positive } else { negative };
    let value = value.abs_diff(ZERO);
    let (degrees, minutes) = (value / 3_600_000, value / 60_000 % 60);
    format!("{degrees} {minutes} {}.{:03} {side}", value / 1000 % 60, value % 1000)
}

/// A digit and a power of ten in centimetres, as metres.
fn length(byte: u8) -> String {
    let (digit, power) = (u64::from(byte >> 4), u32::from(byte & 15));
    match power {
        0 | 1 => {
            let centimetres = digit * 10u64.pow(power);
            format!("{}.{:02}m", centimetres / 100, centimetres % 100)
        }
        _ => format!("{}m", digit * 10u64.pow(power - 2)),
    }
}
