//! Why a state cannot be exported or imported.

use camino::Utf8PathBuf;

use crate::state::{self, JsonError, Key, nixops2};

/// Why a state cannot be exported or imported. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no JSON, or not of the form of an export.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is a state of NixOps 2, and there is something wrong with it.
    #[error(transparent)]
    Old(#[from] nixops2::Error),
    /// A newer version wrote it.
    #[error("the export {path} has version {found}, and this nixops knows versions up to {known}")]
    Newer {
        /// The file.
        path: Utf8PathBuf,
        /// Its version.
        found: u32,
        /// The newest that we know.
        known: u32,
    },
    /// It is a state of ours.
    #[error("{path} is a state of this nixops, and not an export")]
    OwnState {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A resource is there twice.
    #[error("the export has two resources {key}")]
    Twice {
        /// The resource.
        key: Key,
    },
    /// What is sealed cannot be read.
    #[error("sealed secrets of the export are no hexadecimal digits")]
    Digits,
    /// What was sealed makes no sense.
    #[error("secrets make no sense once they are opened")]
    Senseless,
    /// Secrets cannot be sealed or opened.
    #[error(transparent)]
    State(#[from] state::Error),
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Json(_) => Some(
                "nothing was changed; if the file is cut short, write it again with `nixops export`",
            ),
            Self::Old(error) => error.hint(),
            Self::Newer { .. } => {
                Some("nothing was changed; use the nixops that wrote it, or a newer one")
            }
            Self::OwnState { .. } => {
                Some("`--state FILE` uses it as it is; `nixops export --state FILE` exports it")
            }
            Self::Twice { .. } | Self::Digits | Self::Senseless => {
                Some("nothing was changed; write the file again with `nixops export`")
            }
            Self::State(state::Error::Secrets { .. } | state::Error::Seal(_)) => Some(
                "nothing was changed; who has the key can write it with `nixops export --include-secrets`",
            ),
            Self::State(error) => error.hint(),
        }
    }
}
