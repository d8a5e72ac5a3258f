// SPDX-License-Identifier: MIT
//! Names, records and messages: bytes to values and back. Pure.

pub mod name;
pub mod packet;
pub mod record;
mod text;
