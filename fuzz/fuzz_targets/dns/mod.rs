// SPDX-License-Identifier: MIT
//! What holds of the parts of DNS whatever bytes they are given. The fuzz targets make up the bytes; a test
//! of the crate (`tests/fuzz_seeds.rs`) replays their seeds.

pub mod exchange;
pub mod hosts;
pub mod name;
pub mod packet;
pub mod resolv_conf;
