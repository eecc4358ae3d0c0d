//! Why a state cannot be used.

use std::{error, io};

use camino::Utf8PathBuf;

use super::{Holder, Key};

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
    /// What runs said cannot be kept or read.
    #[error("cannot {action} {directory}, where it is kept what runs said")]
    Runs {
        /// What was to be done.
        action: &'static str,
        /// Where they are.
        directory: Utf8PathBuf,
        /// Why it could not.
        source: io::Error,
    },
    /// There is no such run.
    #[error("no run `{name}` is kept")]
    NoRun {
        /// What was asked for.
        name: String,
    },
    /// The database refuses something.
    #[error("cannot {action} the state in {path}: {reason}")]
    Database {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// Another run holds it.
    #[error("another run works on this deployment: {holder}; {path} is locked")]
    Locked {
        /// The file that is locked.
        path: Utf8PathBuf,
        /// Who holds it.
        holder: Box<Holder>,
    },
    /// It is not what we wrote.
    #[error("the state in {path} cannot be understood")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        source: Box<dyn error::Error + Send + Sync>,
    },
    /// It is a database, but another program's.
    #[error("{path} is a database of another program")]
    Foreign {
        /// The file.
        path: Utf8PathBuf,
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
    /// There is no place for more.
    #[error("cannot write the state in {path}: the disk is full")]
    Full {
        /// The file.
        path: Utf8PathBuf,
    },
    /// It may not be changed.
    #[error("cannot write the state in {path}: it may only be read")]
    ReadOnly {
        /// The file.
        path: Utf8PathBuf,
    },
    /// It went away while it was in use.
    #[error("the state in {path} was deleted or replaced while this run used it")]
    Gone {
        /// The file.
        path: Utf8PathBuf,
    },
    /// It lies where several computers write, and cannot.
    #[error("the state cannot be kept in {path}: {kind} is a network file system")]
    Remote {
        /// The file.
        path: Utf8PathBuf,
        /// What kind of file system it is.
        kind: String,
    },
    /// It has no such deployment.
    #[error("there is no deployment {name:?} in {path}")]
    NoDeployment {
        /// The name or UUID.
        name: String,
        /// The file.
        path: Utf8PathBuf,
    },
    /// Several deployments have the name.
    #[error("{name:?} means several deployments: {}", uuids.join(", "))]
    Ambiguous {
        /// The name, or the beginning of a UUID.
        name: String,
        /// Their UUIDs.
        uuids: Vec<String>,
    },
    /// It has no record of what is to be changed.
    #[error("{key} is not recorded in {path}")]
    NoRecord {
        /// The resource.
        key: Key,
        /// The file.
        path: Utf8PathBuf,
    },
    /// What nobody may see cannot be sealed or opened.
    #[error("cannot {action} the secrets in the state")]
    Secrets {
        /// What was to be done.
        action: &'static str,
        /// Why it could not.
        source: Box<dyn error::Error + Send + Sync>,
    },
    /// A secret of it cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] super::seal::Error),
    /// A state that several share cannot be used.
    #[error(transparent)]
    Shared(#[from] super::shared::Error),
    /// The network does not say rightly where the state is.
    #[error("network.storage {0}")]
    Storage(String),
    /// The file beside a network makes no sense.
    #[error("cannot tell from {path} which deployment the network has: {reason}")]
    Identity {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another network is deployed there.
    #[error("the deployment {deployment} belongs to another network: {theirs}, and this is {ours}")]
    OtherNetwork {
        /// Name or UUID of the deployment.
        deployment: String,
        /// The network that it was deployed from.
        theirs: String,
        /// The network that is here.
        ours: String,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Locked { .. } => Some(
                "wait for it to end (`--wait-lock` does); the lock goes with the run and its providers",
            ),
            Self::Runs { .. } => {
                Some("see that the directory is yours, and that the disk has room")
            }
            Self::NoRun { .. } => Some("`nixops logs --list` shows those that are kept"),
            Self::Damaged { .. } => Some(
                "nothing was changed; put a copy of the file back, or move it away to begin anew \
                 (what it says of resources that exist is lost then)",
            ),
            Self::Foreign { .. } => {
                Some("nothing was changed; `nixops import` reads states of NixOps 2")
            }
            Self::Newer { .. } => Some("use the nixops that wrote it, or a newer one"),
            Self::Full { .. } => Some(
                "what was written before is safe; make room and run again, so that what was made \
                 since is found and recorded",
            ),
            Self::ReadOnly { .. } => {
                Some("give yourself the right to write the file and its directory")
            }
            Self::Gone { .. } => Some(
                "nothing more is recorded; put the file back, or what this run made is found only by \
                 its providers",
            ),
            Self::Remote { .. } => Some(
                "its locks do not keep two computers apart; share a state as an encrypted file \
                 instead: network.storage.file.location, or put it on a disk of this computer",
            ),
            Self::NoDeployment { .. } => Some("`nixops list` shows the deployments"),
            Self::Ambiguous { .. } => Some("name one by its UUID, as `--deployment UUID`"),
            Self::Storage(_) => Some(
                "as in network.storage.sqlite.path = \"/var/lib/nixops/state.db\"; without \
                 network.storage the state is in $XDG_STATE_HOME/nixops/state.db",
            ),
            Self::Identity { .. } => Some(
                "take it from the network's repository again; without it the next deploy makes \
                 another deployment, and what this one has made stays",
            ),
            Self::OtherNetwork { .. } => Some(
                "if it was moved or renamed, `nixops modify --rebind` gives the deployment this \
                 network; if not, `nixops create` makes another deployment",
            ),
            Self::File { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("give yourself the right to read and write the file and its directory")
            }
            Self::Seal(error) => error.hint(),
            Self::Shared(error) => error.hint(),
            Self::File { .. }
            | Self::Database { .. }
            | Self::NoRecord { .. }
            | Self::Secrets { .. } => None,
        }
    }
}
