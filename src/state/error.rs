//! Why a state cannot be used.

use std::io;

use camino::Utf8PathBuf;

/// Why a state cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of it cannot be read or written.
    #[error("cannot {action} the state in {path}")]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// Why it could not.
        source: io::Error,
    },
    /// Another run holds it.
    #[error("another run works on this deployment: {path} is locked")]
    Locked {
        /// The file that is locked.
        path: Utf8PathBuf,
    },
    /// It is not what we wrote.
    #[error("the state in {path} cannot be understood")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A newer version wrote it.
    #[error(
        "the state in {path} has version {found}, and this nixops knows versions up to {known}"
    )]
    Newer {
        /// The file.
        path: Utf8PathBuf,
        /// Its version.
        found: u32,
        /// The newest that we know.
        known: u32,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File { .. } => None,
            Self::Locked { .. } => Some("wait for it to end; the lock goes with the run"),
            Self::Damaged { .. } => Some(
                "nothing was changed; put a copy of the file back, or move it away to begin anew \
                 (what it says of resources that exist is lost then)",
            ),
            Self::Newer { .. } => Some("use the nixops that wrote it, or a newer one"),
        }
    }
}
