//! The fleet: machines as the state knows them, and what a person does with many of them at once.
//!
//! A [`Roster`] is made from the state alone; a machine that was never deployed comes into it by the
//! evaluation of its options. [`Roster::select`] takes the selection, and [`Roster::members`] says of each
//! how it is reached, by its options or by what its backend told. Work on members goes through [`each`]:
//! so many at a time, with results in the order of the names.

mod ask;
mod backups;
mod booting;
mod closures;
mod each;
mod error;
mod execution;
mod generations;
mod reach;
mod rollback;
mod roster;
mod status;
pub mod transfer;

pub use ask::{AskLimits, Question, ask};
pub use backups::{Backup, Kept, backup, backups};
pub use booting::{Booted, power_off};
pub use closures::{Closures, Differences, MachineDifference, store_path};
pub use each::each;
pub use error::Error;
pub use execution::{Command, Executed, Execution};
pub use generations::{Doomed, Generations};
pub use reach::{checks, made_target, plain_target};
pub use rollback::{GoingBack, WentBack};
pub use roster::{Member, Roster};
pub use status::MachineStatus;
