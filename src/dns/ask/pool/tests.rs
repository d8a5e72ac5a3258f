// SPDX-License-Identifier: MIT
//! Pools: a limit, and resolvers that are used again.

use super::*;

fn pool(limit: usize) -> Resolvers {
    let hosts = Some(Arc::default());
    let pool = Resolvers::new(Arc::new(Config::default()), hosts, None);
    pool.set_limit(limit);
    pool
}

#[test]
fn no_more_are_out_than_the_limit_allows() {
    let pool = pool(2);
    let (first, second) =
        (pool.get().unwrap().expect("one"), pool.get().unwrap().expect("another"));
    assert!(pool.get().unwrap().is_none());
    pool.put(first);
    let third = pool.get().unwrap().expect("the first is back");
    assert!(pool.get().unwrap().is_none());
    pool.set_limit(3);
    let fourth = pool.get().unwrap().expect("the limit was raised");
    pool.set_limit(1);
    pool.put(second);
    pool.put(third);
    assert!(pool.get().unwrap().is_none(), "one is still out");
    pool.put(fourth);
    assert!(pool.get().unwrap().is_some());
}

#[test]
fn a_pool_has_at_least_one_and_by_default_thirty_two() {
    assert!(pool(0).get().unwrap().is_some());
    let pool = Resolvers::new(Arc::new(Config::default()), Some(Arc::default()), None);
    let out: Vec<_> = std::iter::from_fn(|| pool.get().unwrap()).collect();
    assert_eq!(out.len(), 32);
}

#[test]
fn who_comes_back_is_used_again_without_his_question_unless_he_is_closed() {
    let pool = pool(1);
    let resolver = pool.get().unwrap().expect("one");
    let identity = Rc::as_ptr(&resolver);
    resolver.submit("localhost", 1, 1).expect("a question");
    pool.put(resolver);
    let again = pool.get().unwrap().expect("the same");
    assert_eq!(Rc::as_ptr(&again), identity);
    assert_eq!(again.fetch().err(), Some(crate::errno::Errno::NOQUERY));
    again.close();
    pool.put(again);
    let other = pool.get().unwrap().expect("a new one");
    assert!(!other.is_closed());
}
