// SPDX-License-Identifier: MIT
//! Tasks of the controller's own, which send the held output that the kernel did not take when a turn ended.

use super::turn::Holder;
use super::{Controller, Payload, TaskId};

impl Controller {
    /// Spawns a task of the controller's own that sends what `output` holds back when the kernel takes it.
    pub(super) fn send_later(&self, output: &Holder) {
        // Without memory for the task, what is held leaves with the next send.
        let Ok(place) = self.state.borrow_mut().outputs.insert(output.clone()) else {
            return;
        };
        match self.spawn(Payload::Output(place)) {
            Ok(task) => self.send_on(task, place),
            Err(_) => drop(self.state.borrow_mut().outputs.remove(place)),
        }
    }

    /// One attempt of such a task: sends, then parks the task if the kernel did not take all, and removes it
    /// otherwise.
    pub(super) fn send_on(&self, task: TaskId, place: usize) {
        let output = self.state.borrow().outputs[place].clone();
        let member = output.with(|output| output.go_on()).flatten();
        let parked = member.is_some_and(|member| self.park_on(task, true, [member]).is_ok());
        if !parked {
            let mut state = self.state.borrow_mut();
            state.outputs.remove(place);
            state.remove_task(task.index);
        }
    }
}
