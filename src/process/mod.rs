//! Children of ours: every program that a run starts, and its end.
//!
//! Each child leads a process group of its own, but for one that has the terminal, so that Ctrl-C in a terminal reaches us alone and we decide what ends
//! first. One [`Processes`] belongs to a run and knows every child that is alive; [`Processes::interrupt`] ends them all
//! and refuses new ones. A process id is only signalled while its child has not been reaped and under the lock that
//! reaping takes, so that a signal never reaches a stranger that got the same number.
//!
//! Threads and pipes, no reactor: the work is waiting for `nix`, `ssh` and providers. Who waits for a child serves its
//! pipes.

mod call;
mod command_line;
mod error;
mod limit;
mod output;
mod pipes;
mod registry;
mod running;

pub use call::{Call, Lines, Stream};
pub use command_line::command_line;
pub use error::{Error, Result};
pub use limit::{Limit, Place};
pub use output::Output;
pub use registry::{KEY_VARIABLE, Processes};
pub use running::{Killer, Running};
