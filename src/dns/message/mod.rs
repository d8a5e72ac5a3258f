// SPDX-License-Identifier: MIT
//! Names, records and messages: bytes to values and back. Pure.

mod append;
pub mod field;
pub mod format;
mod location;
pub mod name;
pub mod options;
pub mod packet;
pub mod query;
pub mod record;
pub mod records;
pub mod text;
pub mod types;
