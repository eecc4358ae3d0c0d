//! What can go wrong in the cloud.

use std::{io, path::PathBuf};

use rig::RigError;

/// Says why the cloud cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// There is no place for the cloud.
    #[error("there is no home directory for the cloud; set NEATCLOUD_HOME")]
    NoHome,
    /// A file of the cloud cannot be read or written.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was tried, as a verb: `read`, `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of the cloud does not say what it should.
    #[error("{} cannot be understood", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: serde_json::Error,
    },
    /// A server did not come up.
    #[error("server {id} did not start: {message}")]
    DidNotStart {
        /// The server.
        id: String,
        /// What its keeper said.
        message: String,
    },
    /// A server did not go away.
    #[error("server {id} is still there after {seconds} seconds")]
    DidNotEnd {
        /// The server.
        id: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A server has a keeper already.
    #[error("the server in {} is kept by another process", path.display())]
    Kept {
        /// Directory of the server.
        path: PathBuf,
    },
    /// A server is not there, or runs no more.
    #[error("there is no server {id}")]
    NoServer {
        /// The server.
        id: String,
    },
    /// Directory of a volume that should be there.
    #[error("the data of volume {id} are gone")]
    NoData {
        /// The volume.
        id: String,
    },
    /// There is no such backup.
    #[error("there is no backup `{id}` of the server")]
    NoBackup {
        /// The backup.
        id: String,
    },
    /// A backup could not be made, or not be restored.
    #[error("the backup of server {id} failed: {message}")]
    Backup {
        /// The server.
        id: String,
        /// What was said.
        message: String,
    },
    /// The host that a server is cannot do it.
    #[error(transparent)]
    Host(#[from] RigError),
}

/// Attaches what was tried and on which path to an input or output error.
pub(super) fn file<P: Into<PathBuf>>(
    what: &'static str,
    path: P,
) -> impl FnOnce(io::Error) -> CloudError {
    let path = path.into();
    move |source| CloudError::File { what, path, source }
}
