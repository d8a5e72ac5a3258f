// SPDX-License-Identifier: MIT
//! Numbers that nobody can foretell: at least they are spread out, and within their limits.

use super::*;

#[test]
fn ids_are_spread_over_all_sixteen_bits() {
    let mut seen = vec![false; 65536];
    (0..60_000).for_each(|_| seen[id() as usize] = true);
    let different = seen.iter().filter(|&&seen| seen).count();
    // 60,000 throws among 65,536 leave 26,200 places empty, give or take 100.
    assert!((37_500..41_500).contains(&different), "{different}");
}

#[test]
fn numbers_below_a_limit_are_each_as_likely() {
    for limit in [2, 3, 7, 256, 257, 1000] {
        let mut counts = vec![0u32; limit as usize];
        let each = 200;
        (0..limit * each).for_each(|_| counts[below(limit) as usize] += 1);
        assert!(counts.iter().all(|&count| count > 80 && count < 400), "{limit}: {counts:?}");
    }
}

#[test]
fn below_nothing_and_below_one_there_is_zero() {
    assert_eq!((below(0), below(1)), (0, 0));
    assert!((0..1000).all(|_| below(u32::MAX) < u32::MAX));
}
