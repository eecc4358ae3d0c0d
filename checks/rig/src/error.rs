//! What can go wrong with a rig.

use std::{io, path::PathBuf, process::ExitStatus};

/// Says why a rig or one of its hosts cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// Namespaces and mounts need root.
    #[error(
        "the rig needs root to make namespaces and mounts, and this process runs as user {user}"
    )]
    NotRoot {
        /// Number of the user, as `/proc` says it.
        user: u32,
    },
    /// A program of the machine that the rig is made of is not there.
    #[error(
        "the rig needs the program `{program}` and it is not in PATH (Debian package {package})"
    )]
    MissingProgram {
        /// Name of the program.
        program: &'static str,
        /// Debian package that brings it.
        package: &'static str,
    },
    /// A program lies where a host has its own files, so it would not be there for the host.
    #[error("the rig needs `{program}` under /usr, and it is {path}: a host has a /nix of its own")]
    ProgramInStore {
        /// Name of the program.
        program: &'static str,
        /// Where it was found.
        path: PathBuf,
    },
    /// A file of the rig cannot be read or written.
    #[error("cannot {what} {path}")]
    File {
        /// What was tried, as a verb: `read`, `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program cannot be started.
    #[error("cannot start {program}")]
    Start {
        /// Name of the program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A program of the rig failed.
    #[error("{what} failed ({status}): {message}")]
    Failed {
        /// What was being done.
        what: String,
        /// How the program ended.
        status: ExitStatus,
        /// What it said on standard error.
        message: String,
    },
    /// A host did not come up.
    #[error("host {host} did not start: {message}")]
    HostDidNotStart {
        /// Name of the host.
        host: String,
        /// What its first process said, or that it said nothing in time.
        message: String,
    },
    /// A name cannot be a host name.
    #[error("`{name}` cannot be the name of a host: use 1 to 63 letters, digits and hyphens")]
    BadName {
        /// The name that was given.
        name: String,
    },
    /// There is a host of that name already.
    #[error("there is a host `{name}` in this rig already")]
    NameTaken {
        /// The name that was given.
        name: String,
    },
    /// No loopback address can be bound.
    #[error("cannot bind a loopback address for host {host}")]
    Address {
        /// Name of the host.
        host: String,
        /// Why not.
        source: io::Error,
    },
    /// A record of a host is not as its format says.
    #[error("{path} has a line that is no {what}: `{line}`")]
    BadRecord {
        /// The file.
        path: PathBuf,
        /// What each line should be.
        what: &'static str,
        /// The line.
        line: String,
    },
}

/// Attaches what was tried and on which path to an input or output error.
pub(crate) fn file<P: Into<PathBuf>>(
    what: &'static str,
    path: P,
) -> impl FnOnce(io::Error) -> RigError {
    let path = path.into();
    move |source| RigError::File { what, path, source }
}
