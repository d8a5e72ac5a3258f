// SPDX-License-Identifier: MIT
//! Sockets at names: the resolver is asked, and addresses race. The socket itself knows addresses only.

mod race;

use crate::socket::{Connecting, Options, Socket};
use race::Race;

/// A socket that begins to connect to the address or name of the options.
pub fn connect(options: Options) -> Socket {
    let name = name_of(&options);
    Socket::connect(options, name)
}

/// A socket that listens at the address or name of the options.
pub fn listen(options: Options) -> Socket {
    let name = name_of(&options);
    Socket::listen(options, name)
}

/// What finds the addresses, if the host of the options is a name.
fn name_of(options: &Options) -> Option<Box<dyn Connecting>> {
    let name = options.name()?;
    Some(Box::new(Race::new(name, options.port, options.family)))
}
