//! The deploy: takes machines, as they are evaluated, to what they are to run.
//!
//! Each machine has a lane of its own and passes through it alone: evaluate, connect, build, copy,
//! activate. There is no barrier between machines, unless the user wants batches or all or none of them, for
//! which a gate stands before activation: a lane opens its connection as soon as the machine's options are
//! known, while Nix still evaluates its system, and one that fails stops no other. What would overwhelm something has a limit: builds are one queue, copies and activations
//! wait for a place.
//!
//! Whatever changes the world asks for a [`Mutation`], which a dry run cannot make.

mod bringing;
mod conductor;
mod connecting;
mod gate;
mod handing_over;
mod keys;
mod lane;
mod mutation;
mod passage;
mod request;
mod road;
mod rollback;
mod sending;
mod site;
mod stage;
mod taking_up;
mod token;
mod trouble;
mod work;

#[cfg(test)]
mod tests;

use std::sync::mpsc::Receiver;

use crate::evaluator::Evaluated;
use crate::plan::Summary;

pub use keys::Secret;
pub use mutation::Mutation;
pub use request::{Limits, Reboot, Request, Tools};
pub use rollback::take_up;
pub use sending::{SendKeys, SendingTools, send_keys};
pub use stage::{
    Answer, Applied, Checked, Definitions, Guard, Machines, NoNetwork, Origin, RecordedOutputs,
    Scope, Stage, Subject, Survey, Wanted, Wish, reached, recorded,
};
pub use trouble::Trouble;
pub use work::{Provided, Reach};

/// Deploys machines while they are being evaluated, and tells what became of each.
///
/// Returns when the stream has ended and every machine is through, or when the run was interrupted
/// and its programs have ended. Failures are in the summary; there are no others.
pub fn deploy(request: &Request, evaluated: &Receiver<Evaluated>, tools: &Tools) -> Summary {
    let site = site::Site::new(request, tools);
    conductor::conduct(request, evaluated, &site, tools.ui)
}
