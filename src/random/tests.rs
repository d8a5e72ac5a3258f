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

/// The chi-square statistic of counts that should be equal.
fn chi_square(counts: &[u32]) -> f64 {
    let mean = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    counts.iter().map(|&count| (f64::from(count) - mean).powi(2) / mean).sum()
}

/// How often each byte stands high, low, and how often each pair of high nibbles of two successive ids.
fn histograms(ids: &[u16]) -> [Vec<u32>; 3] {
    let mut found = [vec![0; 256], vec![0; 256], vec![0; 256]];
    for pair in ids.windows(2) {
        found[0][usize::from(pair[0] >> 8)] += 1;
        found[1][usize::from(pair[0] & 255)] += 1;
        found[2][usize::from(pair[0] >> 12 << 4 | pair[1] >> 12)] += 1;
    }
    found
}

/// Lesson: ids that count, or that repeat after fork(2) or in each thread (CVE-2008-1447 and its kin). A generator with a seed
/// in each thread, or with state that a child shares with its parent, fails here.
#[test]
fn ids_pass_a_test_of_chance_in_threads_and_in_a_child_and_differ_there() {
    let draw = || (0..40_000).map(|_| id()).collect::<Vec<u16>>();
    let mut all = vec![draw()];
    let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(draw)).collect();
    all.extend(threads.into_iter().map(|thread| thread.join().expect("it drew")));
    for ids in &all {
        for counts in histograms(ids) {
            // 255 degrees of freedom: mean 255, deviation 22.6; beyond 400 is chance in one of a billion.
            let found = chi_square(&counts);
            assert!((130.0..400.0).contains(&found), "{found}");
        }
    }
    all.push(
        crate::sys::testing::in_child(|| {
            (0..64).flat_map(|_| id().to_ne_bytes()).collect::<Vec<u8>>()
        })
        .chunks(2)
        .map(|pair| u16::from_ne_bytes([pair[0], pair[1]]))
        .collect(),
    );
    all.push((0..64).map(|_| id()).collect());
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            let same = one.iter().zip(other).take(64).filter(|(a, b)| a == b).count();
            assert!(same < 4, "two streams are the same");
        }
    }
}
