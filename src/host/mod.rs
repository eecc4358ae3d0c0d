//! Hosts: how machines are reached, and what is done on them.
//!
//! A [`Target`] says how a machine is reached: as its options say, or as its provider does. [`Connections::connect`] goes
//! there and asks in the same round trip what runs there ([`Look`]).
//!
//! Over ssh that opens one connection, an ssh control master. Everything after it, `nix copy` included, goes through that
//! one connection: each machine has a generated ssh configuration that says how it is reached and then includes the
//! user's own. A connection is a child of ours and ends with us, even when we are killed: its remote end waits for our
//! end of a pipe to close. Keys of a provider stand beside the configuration as long as the connection is open.
//!
//! By a command prefix (`docker exec web`, say) each command is a child of ours, and closures go through
//! a `nix-daemon --stdio` as well. The deployer itself is a machine with a prefix of no words.

mod activation;
mod boot;
mod check;
mod closure;
mod config;
mod connect;
mod elevation;
mod error;
mod failure;
mod generations;
mod health;
mod health_checks;
mod keys;
mod look;
mod master;
mod options;
mod passwords;
mod prefix;
mod probe;
mod rates;
mod remote;
mod secret;
mod share;
mod ssh;
mod target;
mod turns;
mod way;

pub use activation::{ActivationStatus, Begun, End, Ended, Order, Reason, Trial};
pub use connect::{Connections, Options};
pub use elevation::{ElevationFailure, Elevator};
pub use error::{Error, Result};
pub use failure::Failure;
pub use generations::Generation;
pub use health::{FileSystem, Health, Units};
pub use health_checks::Unhealthy;
pub use look::Look;
pub use passwords::Passwords;
pub use remote::{Host, Remote};
pub use secret::Secret;
pub use target::{Keys, Ssh, Target, Transport};
pub use turns::{AtWork, Priority, Turns};
pub use way::Way;
