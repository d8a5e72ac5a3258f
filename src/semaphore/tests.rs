// SPDX-License-Identifier: MIT
use super::*;

#[test]
fn permits_are_counted() {
    let semaphore = Semaphore::new(1).unwrap();
    assert_eq!((semaphore.try_acquire(), semaphore.try_acquire()), (Ok(()), Err(Errno::AGAIN)));
    assert_eq!((semaphore.release(2), semaphore.count()), (Ok(()), 2));
    assert_eq!(semaphore.release(usize::MAX), Err(Errno(libc::EOVERFLOW)));
    assert_eq!(semaphore.count(), 2);
}
