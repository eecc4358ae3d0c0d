//! Nix: the only code that starts `nix*` programs.
//!
//! [`Nix::locate`] finds the programs once and checks their version; what differs between versions stays in this room.
//! Features are asked for with `NIX_CONFIG`, no file is ever edited.
//!
//! [`BuildQueue`] is the one queue of a run: machines hand in derivations from many threads, few Nix processes build all
//! that is ready. [`Nix::copy`] brings closures to hosts, [`Nix::closure`] tells their paths and sizes, and
//! [`Nix::root`] keeps them from the garbage collector. What is asked often is asked of daemons that live as long as the run.

mod build;
mod closure;
mod commands;
mod copy;
mod daemon;
mod error;
mod locate;
mod roots;
mod settings;
mod store;
mod validity;
mod version;

pub use build::{BuildError, BuildEvent, BuildOptions, BuildQueue, BuildThere, Built, Ticket};
pub use closure::StorePathSize;
pub use commands::Commands;
pub use copy::{
    Carried, Copy, CopyError, CopyEvent, CopyFailure, CopyProgress, Destination, RemoteStore,
};
pub use error::{Error, Result};
pub use locate::{Nix, Program};
pub use settings::Settings;
pub use version::{OLDEST, Version};
