// SPDX-License-Identifier: MIT
//! Names, records and messages of the Domain Name System, and the resolver.

pub mod answer;
pub mod cache;
mod candidates;
mod compose;
pub mod config;
pub mod exchange;
pub mod files;
pub mod flight;
mod frame;
pub mod hints;
pub mod hosts;
mod joint;
pub mod lookup;
pub mod name;
pub mod packet;
pub mod pool;
mod ports;
mod random;
pub mod record;
pub mod resolution;
pub mod resolver;
mod servers;
pub mod sources;
pub mod switch;
mod text;
