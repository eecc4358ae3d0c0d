//! What ends an evaluation as a whole.

use crate::{nix, process};

use super::{Diagnostic, library};

/// Why a network could not be evaluated.
///
/// Errors of a single machine are not here: see [`super::Evaluated::Failed`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The network is wrong.
    #[error("cannot evaluate the network: {}", .0.message)]
    Network(Box<Diagnostic>),
    /// Nix and we do not understand each other.
    #[error("Nix gave something unexpected: {reason}; this is a defect of NixOps")]
    Unexpected {
        /// What is unexpected.
        reason: String,
    },
    /// The Nix library is not there.
    #[error(transparent)]
    Library(#[from] library::Error),
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] nix::Error),
    /// Nix could not be run.
    #[error(transparent)]
    Process(#[from] process::Error),
}

impl Error {
    pub(super) fn unexpected(reason: &str) -> Self {
        Self::Unexpected {
            reason: reason.to_owned(),
        }
    }
}
