//! What lets commands into a server, and no other place.
//!
//! A command enters the namespaces of a process by its number, which another process may have one day. So it starts
//! in the directory `/etc/neatcloud/ID`, a link to root's home that only this server has, and only while it is on.

use std::{fs, io, os::unix::fs::symlink};

use rig::Host;

use crate::cloud::{CloudError, error::file};

/// Where a server knows itself from, below its root.
pub const ABOUT: &str = "etc/neatcloud";

/// Lets commands in.
pub fn open(id: &str, host: &Host) -> Result<(), CloudError> {
    let link = host.disk().join(ABOUT).join(id);
    match symlink("/root", &link) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(file("make", link)(error))
        }
        _ => Ok(()),
    }
}

/// Lets no more commands in.
pub fn shut(id: &str, host: &Host) -> Result<(), CloudError> {
    let link = host.disk().join(ABOUT).join(id);
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file("remove", link)(error)),
        _ => Ok(()),
    }
}
