// SPDX-License-Identifier: MIT
//! The forms of a report for people: the tree of scopes and tasks, and who waits and runs longest.

use super::extras::Name;
use super::listing::{Doing, Listed};
use super::report::{Page, Report, Row};
use super::scope::End;
use super::waits::NONE;
use crate::clock::Instant;
use std::cmp::Reverse;
use std::fmt::{self, Write};
use std::ops::Range;

impl Report<'_> {
    /// Writes the tree.
    pub fn tree(&mut self, to: &mut Page) -> fmt::Result {
        self.heading(to)?;
        self.rows.sort_unstable_by_key(|row| (row.scope, row.index));
        let mut scopes = Vec::new(); // the scope around each, and its number
        for index in 0..self.state.scopes.room() {
            if let Some(scope) = self.state.scopes.get(index) {
                push(&mut scopes, (scope.parent, index))?;
            }
        }
        scopes.sort_unstable();
        // The scopes that are still to be written at each level.
        let mut levels = Vec::new();
        self.tasks_in(to, NONE, 0)?;
        push(&mut levels, inside(&scopes, |&(parent, _)| parent, NONE))?;
        while let Some(level) = levels.last_mut() {
            let Some(place) = level.next() else {
                levels.pop();
                continue;
            };
            let (_, index) = scopes[place];
            self.scope(to, index, levels.len() - 1)?;
            self.tasks_in(to, index, levels.len())?;
            push(&mut levels, inside(&scopes, |&(parent, _)| parent, index))?;
        }
        self.ending(to)
    }

    /// Writes the longest waits, then the tasks that have run longest.
    pub fn top(&mut self, to: &mut Page) -> fmt::Result {
        self.heading(to)?;
        to.write_str("\nlongest waits\n")?;
        let mut rows = std::mem::take(&mut self.rows);
        let waits = |row: &Row| {
            let listed = self.listed(row);
            (listed.doing != Doing::Waits, listed.since.unwrap_or(Instant(u64::MAX)))
        };
        rows.sort_by_cached_key(waits);
        for row in rows.iter().filter(|row| !waits(row).0).take(MOST_SHOWN) {
            self.task(to, row, 1)?;
        }
        to.write_str("\nbusiest\n")?;
        rows.sort_by_cached_key(|row| Reverse(self.listed(row).busy));
        for row in rows.iter().take(MOST_SHOWN) {
            let listed = self.listed(row);
            let (busy, resumptions) = (listed.busy as f64 / 1e9, listed.resumptions);
            write!(to, "  {busy:12.6} s in {resumptions} turns: ")?;
            title(to, &listed)?;
            to.write_str("\n")?;
        }
        self.ending(to)
    }

    fn heading(&self, to: &mut Page) -> fmt::Result {
        let (tasks, process) = (self.state.counted(), std::process::id());
        let (watched, deadlines) = (self.state.descriptors.registered(), self.state.timers.count());
        writeln!(
            to,
            "controller of process {process}: {tasks} tasks, {watched} descriptors, {deadlines} deadlines"
        )?;
        let Some(counts) = self.state.counts.as_deref() else { return Ok(()) };
        let (steps, resumptions, events) = (counts.steps, counts.resumptions, counts.events);
        let (busy, idle) = (counts.busy as f64 / 1e9, counts.idle as f64 / 1e9);
        writeln!(to, "{steps} steps, {resumptions} turns, {events} events; {busy:.3} s busy, {idle:.3} s idle")?;
        if let Some(task) = counts.longest_task {
            let span = counts.longest as f64 / 1e9;
            write!(to, "longest turn {span:.6} s, by task {}", task.number())?;
            quoted(to, &counts.longest_name)?;
            to.write_str("\n")?;
        }
        Ok(())
    }

    fn ending(&self, to: &mut Page) -> fmt::Result {
        match self.omitted {
            0 => Ok(()),
            omitted => writeln!(to, "{omitted} more tasks are not shown"),
        }
    }

    fn scope(&self, to: &mut Page, index: u32, depth: usize) -> fmt::Result {
        let Some(scope) = self.state.scopes.get(index) else { return Ok(()) };
        indent(to, depth)?;
        write!(to, "scope {index}")?;
        quoted(to, &scope.name)?;
        match scope.end {
            None => {}
            Some(End::Cancelled) => to.write_str(", cancelled")?,
            Some(End::Late) => to.write_str(", its time is over")?,
        }
        self.deadline(to, scope.deadline.filter(|_| scope.end.is_none()))?;
        to.write_str("\n")
    }

    fn tasks_in(&self, to: &mut Page, scope: u32, depth: usize) -> fmt::Result {
        for place in inside(&self.rows, |row| row.scope, scope) {
            self.task(to, &self.rows[place], depth)?;
        }
        Ok(())
    }

    fn task(&self, to: &mut Page, row: &Row, depth: usize) -> fmt::Result {
        let listed = self.listed(row);
        indent(to, depth)?;
        title(to, &listed)?;
        match listed.doing {
            Doing::Runs => to.write_str(", running")?,
            Doing::IsReady => to.write_str(", ready")?,
            Doing::Waits => to.write_str(", waits")?,
        }
        if let Some(since) = listed.since {
            write!(to, " for {:.3} s", self.now.since(since).seconds())?;
        }
        if listed.doing == Doing::Waits {
            to.write_str(": ")?;
            listed.wait_in_words(&mut Plain(to))?;
        }
        if listed.others > 0 {
            write!(to, " and {} more", listed.others)?;
        }
        self.deadline(to, row.deadline)?;
        if let Some(place) = listed.place {
            to.write_str(", at ")?;
            place.write(&mut Plain(to))?;
        }
        to.write_str("\n")
    }

    fn deadline(&self, to: &mut Page, deadline: Option<Instant>) -> fmt::Result {
        match deadline {
            Some(at) => write!(to, ", until {:.3} s from now", at.since(self.now).seconds()),
            None => Ok(()),
        }
    }
}

/// The elements with that key, in a list that is sorted by it.
fn inside<T>(list: &[T], key: impl Fn(&T) -> u32, wanted: u32) -> Range<usize> {
    let begin = list.partition_point(|element| key(element) < wanted);
    begin..list.partition_point(|element| key(element) <= wanted)
}

fn push<T>(list: &mut Vec<T>, element: T) -> fmt::Result {
    list.try_reserve(1).map_err(|_| fmt::Error)?;
    list.push(element);
    Ok(())
}

fn indent(to: &mut Page, depth: usize) -> fmt::Result {
    (0..depth.min(DEEPEST)).try_for_each(|_| to.write_str("  "))
}

fn title(to: &mut Page, listed: &Listed) -> fmt::Result {
    write!(to, "task {}", listed.task.number())?;
    listed.name.map_or(Ok(()), |name| quoted(to, name))
}

fn quoted(to: &mut Page, name: &Name) -> fmt::Result {
    if name.is_empty() {
        return Ok(());
    }
    to.write_str(" \"")?;
    name.write(&mut Plain(to))?;
    to.write_str("\"")
}

/// Text for a terminal, which is given no control characters.
struct Plain<'a>(&'a mut Page);

impl Write for Plain<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| self.0.write_char(if c.is_control() { '?' } else { c }))
    }
}

/// How many tasks each table of `top` shows: both fit a terminal of 50 lines.
const MOST_SHOWN: usize = 20;

/// How many levels are indented; what lies deeper stands below them.
const DEEPEST: usize = 20;
