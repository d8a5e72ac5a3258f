// SPDX-License-Identifier: MIT
//! Sockets at names: the resolver is asked, and addresses race. The socket itself knows addresses only.

mod race;

use crate::errno::Result;
use crate::socket::{Connecting, Options, Socket};
use crate::sys::memory::boxed;
use race::Race;

/// A socket that begins to connect to the address or name of the options. ENOMEM.
pub fn connect(options: Options) -> Result<Socket> {
    let name = name_of(&options)?;
    Socket::connect(options, name)
}

/// A socket that listens at the address or name of the options. ENOMEM.
pub fn listen(options: Options) -> Result<Socket> {
    let name = name_of(&options)?;
    Socket::listen(options, name)
}

/// What finds the addresses, if the host of the options is a name.
fn name_of(options: &Options) -> Result<Option<Box<dyn Connecting>>> {
    let Some(name) = options.name() else { return Ok(None) };
    Ok(Some(boxed(Race::new(name, options.port, options.family)?)?))
}
