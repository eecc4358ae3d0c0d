//! Hosts: how machines are reached, and what is done on them.
//!
//! [`Connections::connect`] opens one connection to a machine, an ssh control master, and asks in the same round trip what
//! runs there ([`Look`]). Everything after it, `nix copy` included, goes through that one connection: each machine has a
//! generated ssh configuration that says how it is reached and then includes the user's own.
//!
//! A connection is a child of ours and ends with us, even when we are killed: its remote end waits for our end of a pipe
//! to close. Further transports (this machine itself, a command prefix) become variants of the transport inside [`Host`].

mod activation;
mod config;
mod connect;
mod error;
mod failure;
mod look;
mod master;
mod options;
mod remote;
mod target;

pub use activation::ActivationStatus;
pub use connect::{Connections, Options};
pub use error::{Error, Result};
pub use failure::Failure;
pub use look::Look;
pub use remote::{Host, Remote};
pub use target::Target;
