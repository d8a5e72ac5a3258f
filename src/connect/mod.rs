// SPDX-License-Identifier: MIT
//! Sockets at names: the resolver is asked, and addresses race. The socket itself knows addresses only.

mod lane;
mod race;
mod steer;

use crate::errno::Result;
use crate::socket::{Connecting, Options, Socket};
use crate::sys::memory::boxed;
use race::Race;

/// A socket that begins to connect to the address or name of the options. ENOMEM.
pub fn connect(options: Options) -> Result<Socket> {
    let Some(race) = race(&options)? else { return Socket::connect(options, None) };
    // The records of a service are of its streams.
    let steered = match options.service.clone().filter(|_| options.kind == libc::SOCK_STREAM) {
        Some(service) => race.steer(service)?,
        None => race,
    };
    Socket::connect(options, Some(boxed(steered)?))
}

/// A socket that listens at the address or name of the options. ENOMEM.
pub fn listen(options: Options) -> Result<Socket> {
    let name: Option<Box<dyn Connecting>> = match race(&options)? {
        Some(race) => Some(boxed(race)?),
        None => None,
    };
    Socket::listen(options, name)
}

/// What finds the addresses, if the host of the options is a name.
fn race(options: &Options) -> Result<Option<Race>> {
    options.name().map(|name| Race::new(name, options.port, options.family)).transpose()
}
