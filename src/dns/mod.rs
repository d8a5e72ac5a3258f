// SPDX-License-Identifier: MIT
//! Names, records and messages of the Domain Name System, and the resolver.

pub mod answer;
pub mod cache;
pub mod config;
pub mod exchange;
pub mod flight;
pub mod hints;
pub mod hosts;
pub mod lookup;
pub mod name;
pub mod packet;
pub mod pool;
mod ports;
mod random;
pub mod record;
pub mod resolution;
pub mod resolver;
mod text;
mod version;
