// SPDX-License-Identifier: MIT
//! What an inspector tells: the tasks, the scopes around them and what the controller has done, as JSON (here) or as
//! text for people (`report_text.rs`).

use super::extras::Name;
use super::listing::{Counts, Doing, Listed};
use super::scope::End;
use super::state::State;
use super::waits::NONE;
use super::Controller;
use crate::clock::Instant;
use std::fmt::{self, Write};

/// How the answer is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One JSON object.
    Json,
    /// For people: the tree of scopes and tasks.
    Tree,
    /// For people: who waits longest, and who has run longest.
    Top,
}

impl Form {
    /// The form that a request names; JSON if it names none.
    pub fn named(request: &[u8]) -> Form {
        let line = request.split(|&byte| byte == b'\n').next().unwrap_or_default();
        match line.trim_ascii() {
            b"tree" => Form::Tree,
            b"top" => Form::Top,
            _ => Form::Json,
        }
    }
}

impl Controller {
    /// What the tasks do now. `None` without memory.
    pub(super) fn report(&self, form: Form) -> Option<Vec<u8>> {
        let state = self.state.borrow();
        let mut report = Report::of(&state)?;
        let mut page = Page::default();
        let written = match form {
            Form::Json => report.json(&mut page),
            Form::Tree => report.tree(&mut page),
            Form::Top => report.top(&mut page),
        };
        written.ok().map(|()| page.0)
    }
}

/// A task that is told.
pub struct Row {
    pub index: u32,
    /// Its present scope.
    pub scope: u32,
    /// The earliest of its deadlines.
    pub deadline: Option<Instant>,
}

/// What is told, before it is written.
pub struct Report<'a> {
    pub state: &'a State,
    pub now: Instant,
    pub rows: Vec<Row>,
    /// How many tasks are left out.
    pub omitted: usize,
}

impl<'a> Report<'a> {
    fn of(state: &'a State) -> Option<Report<'a>> {
        let told = state.counted().min(MOST_TOLD);
        let mut rows = Vec::new();
        rows.try_reserve_exact(told).ok()?;
        rows.extend(state.listable().take(told).map(|(index, _)| {
            let scope = state.scopes.place(index).scope;
            let scope = if state.scopes.get(scope).is_some() { scope } else { NONE };
            Row { index, scope, deadline: None }
        }));
        state.each_deadline(&mut |task, deadline| {
            if let Ok(place) = rows.binary_search_by_key(&task, |row: &Row| row.index) {
                let earliest = &mut rows[place].deadline;
                *earliest = Some(earliest.map_or(deadline, |other| other.min(deadline)));
            }
        });
        Some(Report { state, now: Instant::now(), rows, omitted: state.counted() - told })
    }

    /// The task of a row.
    pub fn listed(&self, row: &Row) -> Listed<'a> {
        self.state.listed(row.index, &self.state.tasks[row.index as usize])
    }

    fn json(&self, to: &mut Page) -> fmt::Result {
        let (process, now) = (std::process::id(), self.now.seconds());
        write!(to, "{{\"version\":1,\"pid\":{process},\"time\":{now:.6},\n\"controller\":{{")?;
        self.json_counts(to)?;
        to.write_str("},\n\"scopes\":[")?;
        let mut comma = "";
        for index in 0..self.state.scopes.room() {
            if self.state.scopes.get(index).is_some() {
                to.write_str(std::mem::replace(&mut comma, ","))?;
                self.json_scope(to, index)?;
            }
        }
        to.write_str("],\n\"tasks\":[")?;
        let mut comma = "";
        for row in &self.rows {
            to.write_str(std::mem::replace(&mut comma, ","))?;
            self.json_task(to, row)?;
        }
        writeln!(to, "],\n\"omitted\":{}}}", self.omitted)
    }

    fn json_counts(&self, to: &mut Page) -> fmt::Result {
        let State { descriptors, timers, .. } = self.state;
        let (tasks, watched, deadlines) =
            (self.state.counted(), descriptors.registered(), timers.count());
        write!(to, "\"tasks\":{tasks},\"descriptors\":{watched},\"deadlines\":{deadlines}")?;
        let nothing = Counts::default();
        let c = self.state.counts.as_deref().unwrap_or(&nothing);
        write!(
            to,
            ",\"steps\":{},\"resumptions\":{},\"events\":{},\"busy\":{:.6},\"idle\":{:.6},\"longest\":{:.6}",
            c.steps,
            c.resumptions,
            c.events,
            c.busy as f64 / 1e9,
            c.idle as f64 / 1e9,
            c.longest as f64 / 1e9
        )?;
        match c.longest_task {
            Some(task) => write!(to, ",\"longest_task\":\"{}\"", task.number())?,
            None => to.write_str(",\"longest_task\":null")?,
        }
        to.write_str(",\"longest_name\":\"")?;
        c.longest_name.write(&mut Quoted(to))?;
        to.write_str("\"")
    }

    fn json_scope(&self, to: &mut Page, index: u32) -> fmt::Result {
        let Some(scope) = self.state.scopes.get(index) else { return Ok(()) };
        write!(to, "\n{{\"scope\":{index},\"parent\":{},\"name\":\"", OrNull(scope.parent))?;
        scope.name.write(&mut Quoted(to))?;
        let end = match scope.end {
            None => "null",
            Some(End::Cancelled) => "\"ECANCELED\"",
            Some(End::Late) => "\"ETIMEDOUT\"",
        };
        write!(to, "\",\"busy\":{},\"end\":{end},\"deadline\":", scope.busy)?;
        write_time(to, scope.deadline)?;
        to.write_str("}")
    }

    fn json_task(&self, to: &mut Page, row: &Row) -> fmt::Result {
        let listed = self.listed(row);
        write!(to, "\n{{\"task\":\"{}\",\"name\":\"", listed.task.number())?;
        listed.name.unwrap_or(&Name::default()).write(&mut Quoted(to))?;
        let (scope, state) = (OrNull(row.scope), state_of(&listed));
        write!(to, "\",\"scope\":{scope},\"state\":\"{state}\",\"wait\":\"")?;
        listed.wait_in_words(&mut Quoted(to))?;
        to.write_str("\",\"place\":\"")?;
        listed.place.map_or(Ok(()), |place| place.write(&mut Quoted(to)))?;
        write!(to, "\",\"others\":{},\"since\":", listed.others)?;
        write_time(to, listed.since)?;
        to.write_str(",\"deadline\":")?;
        write_time(to, row.deadline)?;
        let (busy, resumptions) = (listed.busy as f64 / 1e9, listed.resumptions);
        write!(to, ",\"busy\":{busy:.6},\"resumptions\":{resumptions}}}")
    }
}

/// The word for what a task does.
pub fn state_of(listed: &Listed) -> &'static str {
    match listed.doing {
        Doing::Runs => "running",
        Doing::IsReady => "ready",
        Doing::Waits => "parked",
    }
}

fn write_time(to: &mut Page, time: Option<Instant>) -> fmt::Result {
    match time {
        Some(time) => write!(to, "{:.6}", time.seconds()),
        None => to.write_str("null"),
    }
}

/// The number of a scope.
struct OrNull(u32);

impl fmt::Display for OrNull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NONE => f.write_str("null"),
            number => number.fmt(f),
        }
    }
}

/// An answer that is being written. Without memory writing fails.
#[derive(Default)]
pub struct Page(Vec<u8>);

impl Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.try_reserve(text.len()).map_err(|_| fmt::Error)?;
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// The inside of a string of JSON, RFC 8259 §7.
struct Quoted<'a>(&'a mut Page);

impl Write for Quoted<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive(|c: char| c < ' ' || c == '"' || c == '\\') {
            let plain = piece.trim_end_matches(|c: char| c < ' ' || c == '"' || c == '\\');
            self.0.write_str(plain)?;
            for c in piece[plain.len()..].chars() {
                match c {
                    '"' | '\\' => write!(self.0, "\\{c}")?,
                    _ => write!(self.0, "\\u{:04x}", c as u32)?,
                }
            }
        }
        Ok(())
    }
}

/// How many tasks are told at most: it bounds the memory, and the time for which the loop does nothing else.
const MOST_TOLD: usize = 100_000;
