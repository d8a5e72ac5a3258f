// SPDX-License-Identifier: MIT
//! From a question to its answer: what to ask next, what answers mean, what is known already. Pure: messages and the
//! time come in, questions and answers go out.

pub mod answer;
pub mod cache;
pub mod candidates;
pub mod compose;
pub mod cookie;
pub mod endpoints;
pub mod exchange;
mod frame;
pub mod order;
pub mod outcome;
pub mod resolution;
mod rewrite;
mod servers;
pub mod services;
pub mod setup;
