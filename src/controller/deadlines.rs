// SPDX-License-Identifier: MIT
//! The times of scopes: deadlines, shields, and the time of grace of a controller that shuts down.

use super::scope::{End, Scope, ScopeId};
use super::state::State;
use super::timers::TimerKey;
use super::waits::{On, NONE};
use super::Controller;
use crate::clock::{Instant, Span};
use crate::errno::Result;

impl State {
    /// A timer of a scope is due: its deadline, or that of its shield; or the time of grace is over.
    pub fn scope_due(&mut self, key: u32) {
        if key == self.grace {
            self.grace = NONE;
            self.waits.remove(key);
            return self.end_all();
        }
        let Some(scope) = self.waits.get(key).map(|wait| wait.task) else { return };
        let Some(found) = self.scopes.get_mut(scope) else { return };
        if found.shield_timer == key {
            found.shield_timer = NONE;
            self.waits.remove(key);
            self.interrupt_scope(scope);
        } else {
            found.timer = NONE;
            self.waits.remove(key);
            self.end_scope(scope, End::Late, None);
        }
    }

    /// Sets a timer for a scope. ENOMEM.
    fn set_timer(&mut self, scope: u32, deadline: Instant) -> Result<u32> {
        self.sweep_timers();
        let serial = self.next_serial();
        let wait = self.waits.insert(scope, 0, NONE, On::Scope(serial))?;
        match self.timers.set(deadline, TimerKey { serial, wait }) {
            Ok(()) => Ok(wait),
            Err(error) => {
                self.waits.remove(wait);
                Err(error)
            }
        }
    }

    pub fn sweep_timers(&mut self) {
        let waits = &self.waits;
        self.timers.sweep(|key| waits.is_timer(key.wait, key.serial));
    }

    /// Begins to shut down, with so much time for what is left. ENOMEM.
    pub fn set_grace(&mut self, grace: Option<Span>) -> Result<()> {
        self.scopes.ended += u32::from(!self.shuts_down); // each wait looks from now on
        self.shuts_down = true;
        let old = std::mem::replace(&mut self.grace, NONE);
        self.drop_timer(old);
        match grace {
            None => {}
            Some(Span::ZERO) => self.end_all(),
            Some(span) => self.grace = self.set_timer(NONE, Instant::now().after(span))?,
        }
        Ok(())
    }

    fn drop_timer(&mut self, key: u32) {
        if key != NONE {
            self.waits.remove(key);
            self.timers.forget();
        }
    }

    /// A scope has ended, or goes: its deadline needs no timer any more. `keep_shield`: its shield does.
    pub fn stop_timers(&mut self, scope: u32, keep_shield: bool) {
        let Some(found) = self.scopes.get_mut(scope) else { return };
        found.deadline = None;
        let timer = std::mem::replace(&mut found.timer, NONE);
        let shield = match keep_shield {
            true => NONE,
            false => std::mem::replace(&mut found.shield_timer, NONE),
        };
        self.drop_timer(timer);
        self.drop_timer(shield);
    }
}

impl Controller {
    /// Sets when a scope ends by itself; `None`: not. A scope that has ended stays so.
    pub fn set_deadline(&self, scope: ScopeId, span: Option<Span>) -> Result<()> {
        let mut state = self.state.borrow_mut();
        let index = state.scopes.check(scope)?;
        if state.scopes.get(index).is_none_or(|scope| scope.end.is_some()) {
            return Ok(());
        }
        state.stop_timers(index, true);
        match span {
            None => {}
            Some(Span::ZERO) => state.end_scope(index, End::Late, None),
            Some(span) => {
                let deadline = Instant::now().after(span);
                let timer = state.set_timer(index, deadline)?;
                if let Some(found) = state.scopes.get_mut(index) {
                    (found.timer, found.deadline) = (timer, Some(deadline));
                }
            }
        }
        self.settle(state);
        Ok(())
    }

    /// For that long, what ends the scopes around this one does not reach it; `None`: no longer.
    pub fn set_shield(&self, scope: ScopeId, span: Option<Span>) -> Result<()> {
        let mut state = self.state.borrow_mut();
        let index = state.scopes.check(scope)?;
        let timer_of = |found: &mut Scope| std::mem::replace(&mut found.shield_timer, NONE);
        let old = state.scopes.get_mut(index).map_or(NONE, timer_of);
        state.drop_timer(old);
        match span {
            None | Some(Span::ZERO) => state.interrupt_scope(index),
            Some(span) => {
                let timer = state.set_timer(index, Instant::now().after(span))?;
                if let Some(found) = state.scopes.get_mut(index) {
                    found.shield_timer = timer;
                }
            }
        }
        self.settle(state);
        Ok(())
    }
}
