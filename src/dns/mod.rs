// SPDX-License-Identifier: MIT
//! The Domain Name System, in four rooms, each of which knows only those above it: what messages
//! are; what the system's files say; from a question to its answer; asking over the network.

pub mod ask;
pub mod message;
pub mod resolve;
pub mod system;
