// SPDX-License-Identifier: MIT
//! A house with visitors, in Rust on the library's crate: each client tells its name, and may ask who is there.
//!
//! ```text
//! visitors [ADDRESS [PORT]]      port 0 lets the system choose a free one
//! ```
//!
//! `who` lists the visitors, `fall` makes a session panic, `close` ends the server. What a Rust program must know of fibers:
//!
//! - A fiber whose controller is freed while it waits never goes on, and what lies on its stack is not dropped. So what a
//!   session owns is in a box that belongs to its task, and the task's `release` drops it, however the task ends.
//! - A call that waits lets other fibers run. So no borrow of what they share is held across one.
//! - A panic must not leave a fiber's function, nor a `release`. Here it ends the session alone, and what is dropped does not
//!   panic.

use cqueues::capi::controller::{cq_controller_free, cq_controller_new, cq_running};
use cqueues::capi::library::cq_strerror;
use cqueues::capi::options::{cq_options_free, cq_options_host, cq_options_new};
use cqueues::capi::socket::{
    cq_socket_accept, cq_socket_establish, cq_socket_free, cq_socket_listen,
};
use cqueues::capi::socket_io::{cq_socket_read, CQ_READ_LINE};
use cqueues::capi::socket_output::cq_socket_write;
use cqueues::capi::socket_settings::{cq_name, cq_socket_localname};
use cqueues::capi::spawn::cq_controller_wrap;
use cqueues::capi::step::cq_controller_step;
use cqueues::controller::Controller;
use cqueues::socket::Socket;
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void, CStr, CString};
use std::io::Write;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};
use std::rc::Rc;

/// A code of the library's, or an errno.
type Result<T> = std::result::Result<T, c_int>;

fn done(code: c_int) -> Result<()> {
    match code {
        0 => Ok(()),
        code => Err(code),
    }
}

/// What all sessions share.
#[derive(Default)]
struct House {
    visitors: RefCell<Vec<String>>,
    is_closed: Cell<bool>,
}

impl House {
    /// A name is taken once.
    fn enter(&self, name: &str) -> bool {
        let mut visitors = self.visitors.borrow_mut();
        let is_new = !name.is_empty() && !visitors.iter().any(|other| other == name);
        if is_new {
            visitors.push(name.to_owned());
        }
        is_new
    }

    fn leave(&self, name: &str) {
        self.visitors.borrow_mut().retain(|other| other != name);
        let _ = writeln!(std::io::stdout(), "{name} leaves"); // println! panics if nobody reads
    }
}

/// A client, from when it comes until it leaves.
struct Session {
    socket: *mut Socket,
    house: Rc<House>,
    /// Once it is in the house.
    name: Option<String>,
}

impl Session {
    fn serve(&mut self) -> Result<()> {
        let house = self.house.clone();
        while self.name.is_none() {
            self.say("Your name?")?;
            let name = self.line()?.to_owned();
            self.name = house.enter(&name).then_some(name);
        }
        let name = self.name.clone().unwrap_or_default();
        self.say(&format!("Welcome, {name}."))?;
        loop {
            match self.line()? {
                "who" => {
                    let list = house.visitors.borrow().join(", "); // the borrow ends before the wait
                    self.say(&list)?;
                }
                "fall" => panic!("{name} falls"),
                "close" => {
                    house.is_closed.set(true);
                    self.say("We close.")?;
                }
                _ => self.say("who, fall or close?")?,
            }
        }
    }

    /// Waits for a line, which holds until the next one is asked for. EPIPE at the end.
    fn line(&mut self) -> Result<&str> {
        let (mut data, mut size) = (null(), 0);
        // SAFETY: the socket is ours, and the places are writable. A line is never NULL, and lies in the buffer until the next
        // read, for which this borrow must have ended.
        let bytes: &[u8] = unsafe {
            done(cq_socket_read(self.socket, CQ_READ_LINE, 0, &mut data, &mut size))?;
            std::slice::from_raw_parts(data.cast(), size)
        };
        std::str::from_utf8(bytes).map_err(|_| libc::EILSEQ)
    }

    fn say(&self, text: &str) -> Result<()> {
        let line = format!("{text}\n");
        // SAFETY: the bytes are readable until the call returns. If this fiber ends in it, the line's memory is lost, and no
        // more than that.
        done(unsafe { cq_socket_write(self.socket, line.as_ptr().cast(), line.len()) })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            self.house.leave(name);
        }
        // SAFETY: it is ours.
        unsafe { cq_socket_free(self.socket) };
    }
}

/// Runs a fiber that owns `argument`, which is dropped when the task is over.
///
/// # Safety
///
/// The controller is live.
unsafe fn spawn<T>(
    controller: *mut Controller,
    argument: T,
    function: unsafe extern "C" fn(*mut c_void) -> c_int,
) -> Result<()> {
    unsafe extern "C" fn release<T>(argument: *mut c_void) {
        // SAFETY: it was a box of this type, and is released once.
        drop(unsafe { Box::from_raw(argument.cast::<T>()) });
    }
    let argument = Box::into_raw(Box::new(argument)).cast();
    // SAFETY: as above, here and below.
    let code = unsafe {
        cq_controller_wrap(controller, Some(function), Some(release::<T>), argument, null_mut())
    };
    if code != 0 {
        unsafe { release::<T>(argument) };
    }
    done(code)
}

unsafe extern "C" fn serve(session: *mut c_void) -> c_int {
    // SAFETY: `spawn` was given a session, and nobody else has it.
    let session = unsafe { &mut *session.cast::<Session>() };
    match catch_unwind(AssertUnwindSafe(|| session.serve())) {
        Ok(_) | Err(_) => 0, // a client that has gone, or a panic that was reported: no other task minds
    }
}

/// The listener, and what its sessions share.
struct Door(*mut Socket, Rc<House>);

impl Drop for Door {
    fn drop(&mut self) {
        // SAFETY: it is ours.
        unsafe { cq_socket_free(self.0) };
    }
}

unsafe extern "C" fn welcome(door: *mut c_void) -> c_int {
    // SAFETY: `spawn` was given a door; a fiber runs, so there is a controller; the places are writable.
    unsafe {
        let Door(listener, house) = &*door.cast::<Door>();
        let (mut controller, mut socket) = (null_mut(), null_mut());
        cq_running(&mut controller, null_mut());
        loop {
            let code = cq_socket_accept(*listener, &mut socket);
            if code != 0 {
                return code; // the listener has failed: the step returns this
            }
            let session = Session { socket, house: house.clone(), name: None };
            let _ = spawn(controller, session, serve); // without memory this one client is turned away
        }
    }
}

fn run(address: &str, port: c_int) -> Result<()> {
    let (mut options, mut listener, mut controller) = (null_mut(), null_mut(), null_mut());
    let house = Rc::new(House::default());
    let address = CString::new(address).map_err(|_| libc::EINVAL)?;
    // What fails before the loop ends the program.
    // SAFETY: each object is used between when it is made and when it is freed, and the places are writable.
    unsafe {
        let mut name: cq_name = std::mem::zeroed();
        done(cq_options_new(&mut options))?;
        done(cq_options_host(options, address.as_ptr(), port))?;
        done(cq_socket_listen(options, &mut listener))?;
        cq_options_free(options);
        done(cq_socket_establish(listener))?;
        done(cq_socket_localname(listener, &mut name))?;
        println!(
            "listening on {} {}",
            CStr::from_ptr(name.text.as_ptr()).to_string_lossy(),
            name.port
        );
        done(cq_controller_new(&mut controller))?;
        let mut result = spawn(controller, Door(listener, house.clone()), welcome);
        while result.is_ok() && !house.is_closed.get() {
            result = done(cq_controller_step(controller, -1.0));
        }
        cq_controller_free(controller); // the sessions wait still, and are dropped
        result?;
    }
    println!("{} are left", house.visitors.borrow().len());
    Ok(())
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1".into());
    let port = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(8000);
    if let Err(code) = run(&address, port) {
        // SAFETY: it takes every number and returns a text.
        eprintln!("visitors: {}", unsafe { CStr::from_ptr(cq_strerror(code)) }.to_string_lossy());
        std::process::exit(1);
    }
}
