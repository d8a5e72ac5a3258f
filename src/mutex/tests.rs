// SPDX-License-Identifier: MIT
use super::*;
use crate::controller::Payload;

#[test]
fn only_its_holder_unlocks_it() {
    let controller = Controller::new().unwrap();
    let holder = |task| Holder::Task(AtomicShared::downgrade(&controller), task);
    let (first, second) = (Payload::Foreign(1), Payload::Foreign(2));
    let (first, second) = (controller.spawn(first).unwrap(), controller.spawn(second).unwrap());
    let mutex = Mutex::new().unwrap();
    assert_eq!(mutex.unlock(&holder(first)), Err(Errno(libc::EPERM)));
    assert_eq!(mutex.try_lock(holder(first)), Ok(()));
    assert_eq!(mutex.try_lock(holder(first)), Err(Errno::BUSY));
    assert_eq!(mutex.unlock(&holder(second)), Err(Errno(libc::EPERM)));
    assert_eq!(mutex.unlock(&Holder::Thread(1)), Err(Errno(libc::EPERM)));
    assert_eq!(mutex.unlock(&holder(first)), Ok(()));
    assert_eq!(mutex.try_lock(Holder::Thread(1)), Ok(()));
    assert_eq!(mutex.unlock(&Holder::Thread(2)), Err(Errno(libc::EPERM)));
}

#[test]
fn a_mutex_is_in_use_while_its_holder_can_unlock_it() {
    let controller = Controller::new().unwrap();
    let task = controller.spawn(Payload::Foreign(1)).unwrap();
    let mutex = Mutex::new().unwrap();
    assert_eq!(mutex.check_unused(), Ok(()));
    assert_eq!(mutex.try_lock(Holder::Task(AtomicShared::downgrade(&controller), task)), Ok(()));
    assert_eq!(mutex.check_unused(), Err(Errno::BUSY));
    controller.finish(task).unwrap();
    assert_eq!(mutex.check_unused(), Ok(()));
}
