// SPDX-License-Identifier: MIT
//! Lists of numbered values: the options in the data of an OPT record, RFC 6891 §6.1.2, and the parameters of a service,
//! RFC 9460 §2.2, which look the same.

/// Numbers and values, up to the first that does not fit.
pub fn options(mut data: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (&[c, d, l, n], rest) = data.split_first_chunk()?;
        let (value, rest) = rest.split_at_checked(u16::from_be_bytes([l, n]) as usize)?;
        data = rest;
        Some((u16::from_be_bytes([c, d]), value))
    })
}
