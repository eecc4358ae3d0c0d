//! What can be wrong with the source of a network.

use camino::{Utf8Path, Utf8PathBuf};
use nix_compat::flakelock::FlakeLockError;

use crate::{nix, process};

/// Why a source is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no flake where one was looked for.
    #[error("no flake in {reference}: there is no `flake.nix` there or above")]
    NoFlake {
        /// The reference as the user wrote it.
        reference: String,
    },
    /// The flake is not known to git.
    #[error("`flake.nix` of {reference} is not tracked by git, and Nix sees tracked files only")]
    Untracked {
        /// The reference as the user wrote it.
        reference: String,
    },
    /// An input that is to be overridden does not exist.
    #[error("the flake {reference} has no input `{input}`, which is to be overridden")]
    UnknownInput {
        /// The reference as the user wrote it.
        reference: String,
        /// The path of the input.
        input: String,
        /// The flake's own inputs.
        known: Vec<String>,
    },
    /// Nix could not lock the flake.
    #[error("cannot read the flake {reference}: {message}")]
    Unreadable {
        /// The reference as the user wrote it.
        reference: String,
        /// What Nix says.
        message: String,
        /// Where in the user's files, if Nix says that.
        place: Option<Place>,
    },
    /// Nix answered in a form that we do not know.
    #[error("`nix flake metadata` of {reference} gave something unexpected: {reason}")]
    Metadata {
        /// The reference as the user wrote it.
        reference: String,
        /// What is unexpected.
        reason: String,
    },
    /// What Nix locked is no lock file.
    #[error("cannot understand the lock of {reference}")]
    Lock {
        /// The reference as the user wrote it.
        reference: String,
        /// What is wrong with it.
        source: FlakeLockError,
    },
    /// A path does not exist.
    #[error("cannot open {path}")]
    NoFile {
        /// The path.
        path: Utf8PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A plugin brings no nixpkgs, and the one that is to take its place is of no use.
    #[error("the plugin has no input `nixpkgs`, and {reference} cannot be used in its place")]
    NoNixpkgs {
        /// What was to take its place.
        reference: String,
        /// Why it cannot.
        source: Box<Self>,
    },
    /// A directory holds no classic network.
    #[error("no network in {directory}: there is no `nixops.nix`")]
    NoClassicNetwork {
        /// The directory.
        directory: Utf8PathBuf,
    },
    /// A program failed to run.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// Nix is of no use.
    #[error(transparent)]
    Nix(#[from] nix::Error),
}

/// A place in a file of the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The file.
    pub file: Utf8PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Error {
    /// Where in the user's files something is wrong.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Unreadable { place, .. } => place.as_ref(),
            _ => None,
        }
    }

    /// What the user may do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoFlake { reference } if Utf8Path::new(reference).join("nixops.nix").is_file() => {
                Some(format!("there is a classic network: use `--file {reference}`"))
            }
            Self::NoFlake { .. } => Some(
                "start a network with `nix flake init -t <nixops>#network`, name one with \
                 `--flake REF#NETWORK`, or a classic network with `--file DIRECTORY`"
                    .into(),
            ),
            Self::NoNixpkgs { .. } => Some(
                "name one for this run with `--override-input nixpkgs REF`, or give the plugin an \
                 input: `inputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-26.05\";`"
                    .into(),
            ),
            Self::Untracked { .. } => Some("run `git add flake.nix`".into()),
            Self::UnknownInput { known, .. } if known.is_empty() => {
                Some("the flake has no inputs".into())
            }
            Self::UnknownInput { known, .. } => {
                Some(format!("its inputs are: {}", known.join(", ")))
            }
            Self::Unreadable { message, .. } if message.contains("unsupported parameter 'dir'") => {
                Some("this Nix takes no `dir` with `path:`; name the subdirectory itself, as in `path:/net/sub`".into())
            }
            Self::Unreadable { message, .. } if message.contains("NAR hash mismatch") => Some(
                "an input has changed since it was locked: run `nix flake update` if that is right"
                    .into(),
            ),
            Self::NoClassicNetwork { directory } if directory.join("flake.nix").is_file() => {
                Some(format!("there is a flake: use `--flake {directory}`"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classic_network_is_found_where_a_flake_was_looked_for() {
        let directory = tempfile::tempdir().unwrap();
        let reference = directory.path().to_str().unwrap().to_owned();
        let hint = || {
            let reference = reference.clone();
            Error::NoFlake { reference }.hint().unwrap()
        };
        assert!(hint().starts_with("start a network"));
        std::fs::write(directory.path().join("nixops.nix"), "{ }").unwrap();
        let expected = format!("there is a classic network: use `--file {reference}`");
        assert_eq!(hint(), expected);
    }
}
