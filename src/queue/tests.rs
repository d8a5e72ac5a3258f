// SPDX-License-Identifier: MIT
use super::*;

fn item(number: usize) -> Item {
    number as Item
}

#[test]
fn items_come_out_in_the_order_in_which_they_were_put() {
    let queue = ItemQueue::new(3).unwrap();
    for number in 1..=3 {
        assert_eq!(queue.try_put(item(number)), Ok(()));
    }
    assert_eq!(queue.try_put(item(4)), Err(Errno::AGAIN));
    assert_eq!((queue.try_get(), queue.count()), (Ok(item(1)), 2));
    assert_eq!(queue.close(), Ok(()));
    assert_eq!(queue.try_put(item(5)), Err(Errno::PIPE));
    assert_eq!((queue.try_get(), queue.try_get()), (Ok(item(2)), Ok(item(3))));
    assert_eq!(queue.try_get(), Err(Errno::PIPE));
}

#[test]
fn a_controller_is_asked_once_until_it_has_looked() {
    let (queue, controller) = (ItemQueue::new(3).unwrap(), Controller::new().unwrap());
    let mut asked = 0;
    for number in 1..=3 {
        let post = queue.post(item(number), &controller, || {
            asked += 1;
            Ok(())
        });
        assert_eq!(post, Ok(()));
    }
    assert_eq!((asked, queue.count()), (1, 3));
    assert_eq!(queue.post(item(4), &controller, || unreachable!()), Err(Errno::AGAIN));
    assert_eq!(queue.look(&controller), Ok(()));
    assert_eq!(queue.try_get(), Ok(item(1)));
    assert_eq!(queue.post(item(5), &controller, || Err(Errno::NOMEM)), Err(Errno::NOMEM));
    assert_eq!(queue.count(), 2);
}

#[test]
fn a_closed_controller_is_noticed_though_it_was_asked() {
    let (queue, controller) = (ItemQueue::new(0).unwrap(), Controller::new().unwrap());
    assert_eq!(queue.post(item(1), &controller, || Ok(())), Ok(()));
    drop(controller.close().unwrap());
    assert_eq!(queue.post(item(2), &controller, || Ok(())), Err(Errno::BADF));
    assert_eq!(queue.count(), 1);
}
