// SPDX-License-Identifier: MIT
//! In which order to use the servers of a service: RFC 2782. Pure.

use crate::dns::message::field::Value;
use crate::dns::message::name::Name;
use crate::dns::message::packet::{Packet, ANSWER};
use crate::dns::message::record::Record;
use crate::dns::message::types::SRV;

/// How many servers of a service are looked up, as `SMART` and for the same: whoever writes a zone must not make others
/// ask for any number of names.
const MOST: usize = 16;

/// A server of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// Lower ones are used first.
    pub priority: u16,
    /// The chance among those of a priority.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its host.
    pub host: Name,
}

/// The servers that an answer names, in the order in which to use them. None for a service that is decidedly not there:
/// the host of its only server is the root. `below` gives a random number below a limit.
pub fn servers(answer: &Packet, below: &mut dyn FnMut(u32) -> u32) -> Vec<Server> {
    let records = answer.records(ANSWER).filter(|record| record.rtype == SRV);
    let mut all: Vec<Server> = records.filter_map(|record| server(&record)).collect();
    // Those without weight come first, so that they have a small chance.
    all.sort_by_key(|server| (server.priority, server.weight > 0));
    let mut sorted = Vec::with_capacity(all.len().min(MOST));
    while sorted.len() < MOST && !all.is_empty() {
        let first = all[0].priority;
        let group = all.iter().take_while(|server| server.priority == first);
        let sum: u32 = group.map(|server| u32::from(server.weight)).sum();
        let mut left = below(sum + 1);
        let chosen = all.iter().position(|server| {
            let weight = u32::from(server.weight);
            let is_it = weight >= left;
            left = left.saturating_sub(weight);
            is_it
        });
        sorted.push(all.remove(chosen.unwrap_or(0)));
    }
    sorted
}

fn server(record: &Record) -> Option<Server> {
    let number = |member| match record.member(member) {
        Ok(Value::Number(number)) => Some(number as u16),
        _ => None,
    };
    let host = record.host().ok().filter(|host| !host.is_root())?;
    let (priority, weight) = (number("priority")?, number("weight")?);
    Some(Server { priority, weight, port: number("port")?, host })
}

#[cfg(test)]
mod tests;
