//! The network: machines and resources as typed, immutable values.
//!
//! Everything here comes out of one evaluation and is never changed afterwards. This room starts
//! no process and touches no disk.

mod addresses;
mod health;
mod key;
mod machine;
mod names;
mod resource;

pub use addresses::{Address, Addresses};
pub use health::{HealthCheck, Probe, Viewpoint};
pub use key::{KeyOptions, KeySource, KeyTexts};
pub use machine::{CopyProtocol, Machine, MachineOptions, RollbackOptions};
pub use names::Names;
pub use resource::{CommandOutputOptions, SshKeyPairOptions};
