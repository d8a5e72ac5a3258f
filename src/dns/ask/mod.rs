// SPDX-License-Identifier: MIT
//! Asking: exchanges over the network, resolvers, pools of them, and from a name to its addresses.

pub mod flight;
mod joint;
mod kept;
mod link;
pub mod lookup;
pub mod order;
pub mod pool;
mod ports;
pub mod question;
pub mod resolver;
mod route;
mod seat;
pub mod sources;
pub mod stat;
mod stream;
mod words;
