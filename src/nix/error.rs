use camino::Utf8PathBuf;

use super::Version;
use crate::process;

/// Result of an operation with Nix.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why Nix could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program of Nix is nowhere on the search path.
    #[error("cannot find the program `{program}`, which is a part of Nix")]
    Missing {
        /// The program's name.
        program: &'static str,
    },

    /// The directory or program that the user named does not hold Nix.
    #[error("there is no program `{program}` at {path}, which was given as the place of Nix")]
    MissingAt {
        /// The program's name.
        program: &'static str,
        /// What the user named.
        path: Utf8PathBuf,
    },

    /// Nix is older than anything that works.
    #[error(
        "Nix {version} at {path} is too old: at least {} is needed",
        super::OLDEST
    )]
    TooOld {
        /// Where it is.
        path: Utf8PathBuf,
        /// What it says of itself.
        version: Version,
    },

    /// `nix --version` wrote something unknown.
    #[error("cannot read a version from what {path} says of itself: `{said}`")]
    UnknownVersion {
        /// Where it is.
        path: Utf8PathBuf,
        /// What it wrote.
        said: String,
    },

    /// The store did not do what was asked.
    #[error("cannot {asked}: {reason}")]
    Refused {
        /// What that was, e.g. `query the store`.
        asked: String,
        /// What it says.
        reason: String,
    },

    /// A path that is to be kept is not in the store.
    #[error("{path} is not in the store")]
    Invalid {
        /// The path.
        path: Utf8PathBuf,
    },

    /// What Nix wrote was not what was expected.
    #[error("cannot understand the answer of `{command}`")]
    Answer {
        /// The command.
        command: &'static str,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },

    /// A file beside the store could not be read or made.
    #[error("cannot access {path}")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// What the operating system answered.
        #[source]
        source: std::io::Error,
    },

    /// A Nix program failed.
    #[error(transparent)]
    Process(#[from] process::Error),
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. } => Some(
                "install Nix (https://nixos.org/download, or `apt install nix-bin` on Debian), or name its \
                 directory with --nix-bin or NIXOPS_NIX",
            ),
            Self::MissingAt { .. } => Some(
                "give --nix-bin or NIXOPS_NIX the directory that holds nix, nix-store, nix-instantiate and nix-daemon",
            ),
            Self::TooOld { .. } => {
                Some("upgrade Nix, or name a newer one with --nix-bin or NIXOPS_NIX")
            }
            _ => None,
        }
    }
}
