//! One build queue for a run.
//!
//! Machines hand in their derivations whenever they are evaluated. What is valid already is answered by one query for all
//! that arrived; the rest goes to one Nix process, since processes that share unbuilt dependencies stall on each other's
//! locks. A machine is told as soon as its own output is valid, not when the process ends. A second process starts only
//! when work has waited behind the first for a while, so that one slow build does not hold everyone; what it shares with
//! the first it finds built within a second.

mod error;
mod failures;
mod queue;
mod realise;
mod teller;
mod there;
mod ticket;
mod verify;
mod watch;

use camino::Utf8PathBuf;

pub use error::{BuildError, FailedDerivation};
pub use queue::BuildQueue;
pub use there::BuildThere;
pub use ticket::Ticket;

/// How Nix is to build, beside its settings, which are those of [`Nix`](super::Nix).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// Builds outputs anew that are valid but damaged (`--repair`).
    pub repair: bool,
}

/// An output that is in the store now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The derivation that was handed in.
    pub drv: Utf8PathBuf,
    /// Its output.
    pub out: Utf8PathBuf,
    /// It was valid before: nothing was built for it.
    pub was_valid: bool,
}

/// Something that happened while building, for who shows progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildEvent {
    /// Nix started to build a derivation.
    Started {
        /// The derivation.
        drv: Utf8PathBuf,
    },
    /// A builder wrote a line.
    Line {
        /// The derivation.
        drv: Utf8PathBuf,
        /// What its builder wrote.
        line: String,
    },
    /// Nix finished with a derivation, well or not.
    Stopped {
        /// The derivation.
        drv: Utf8PathBuf,
    },
    /// Nix started to fetch a path from a substituter.
    Fetching {
        /// The store path.
        path: Utf8PathBuf,
        /// The URL of the substituter.
        from: String,
    },
}
