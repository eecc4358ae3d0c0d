//! Which source a network comes from.
//!
//! A flake is locked by `nix flake metadata`, which also gives the whole graph of its inputs with
//! overrides applied. From there on nothing depends on how it was named: its tree is a store path
//! with a known NAR hash, so that evaluation is pure and the same tomorrow.

mod error;
mod identity;
mod installable;
mod lock;
mod metadata;
mod refusal;
mod tree;
mod unlocked;

pub use error::{Error, Place};
pub use identity::Identity;
pub use installable::{DEFAULT_NETWORK, Installable};
pub use lock::{LockOptions, lock};
pub use tree::{InputOrigin, LockedFlake, Tree};

use camino::Utf8PathBuf;

/// Where the definitions of a network are.
#[derive(Clone, Debug)]
pub enum Source {
    /// An output `nixopsConfigurations.<network>` of a flake.
    Flake {
        /// The flake, locked.
        flake: Box<LockedFlake>,
        /// Name of the network in it.
        network: String,
    },
    /// A plugin, looked at by itself.
    Plugin {
        /// The flake, locked.
        flake: Box<LockedFlake>,
        /// The nixpkgs that its modules are evaluated with, if the flake has no input of that name.
        nixpkgs: Option<Box<LockedFlake>>,
    },
    /// A classic network: a Nix file, which may reach outside of its directory.
    File {
        /// Absolute path of the file.
        file: Utf8PathBuf,
    },
}

impl Source {
    /// What the user calls the source.
    pub fn reference(&self) -> String {
        match self {
            Self::Flake { flake, network } => format!("{}#{network}", flake.reference),
            Self::Plugin { flake, .. } => flake.reference.clone(),
            Self::File { file } => file.to_string(),
        }
    }

    /// Name of the network.
    pub fn network(&self) -> &str {
        match self {
            Self::Flake { network, .. } => network,
            Self::Plugin { .. } | Self::File { .. } => installable::DEFAULT_NETWORK,
        }
    }

    /// The flake, if it is one.
    pub fn flake(&self) -> Option<&LockedFlake> {
        match self {
            Self::Flake { flake, .. } | Self::Plugin { flake, .. } => Some(flake),
            Self::File { .. } => None,
        }
    }
}

/// Finds the file of a classic network: the path itself, or `nixops.nix` in it.
pub fn classic(path: &camino::Utf8Path) -> Result<Source, Error> {
    let absolute = path.canonicalize_utf8().map_err(|source| Error::NoFile {
        path: path.to_owned(),
        source,
    })?;
    let file = if absolute.is_dir() {
        absolute.join("nixops.nix")
    } else {
        absolute
    };
    if file.is_file() {
        Ok(Source::File { file })
    } else {
        Err(Error::NoClassicNetwork {
            directory: path.to_owned(),
        })
    }
}
