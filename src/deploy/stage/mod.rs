//! The first stage of a deploy: its resources, and the machines that backends make.
//!
//! [`Stage::survey`] asks the network what it wants, providers what there is, and plans; it changes
//! nothing. [`Stage::apply`] does what was planned: each resource once what it needs is there, with its
//! intent in the journal before and its result after. What the network wants of a resource may follow
//! from outputs of another one, which are known only once that is made; then it is evaluated anew, and
//! planned anew with them.

mod act;
mod action;
mod apply;
mod board;
mod check;
mod definitions;
mod destroy;
mod ending;
mod examine;
mod import;
mod knowledge;
mod machines;
mod naming;
mod parallel;
mod planning;
mod renew;
mod schedule;
mod settle;
mod survey;
mod tasks;
mod upgrade;
mod wanted;

pub use apply::{Applied, Guard};
pub use check::Checked;
pub use knowledge::{RecordedOutputs, recorded};
pub use machines::{Machines, reached};
pub use survey::Survey;
pub use wanted::{Answer, Definitions, NoNetwork, Origin, Subject, Wanted, Wish};

use crate::network::Names;
use crate::preview::{Judge, Preview};
use crate::process::Processes;
use crate::state::Store;
use crate::ui::Ui;

use super::Limits;

/// The resources of a deployment, and the machines that backends make.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// Asks providers.
    pub preview: &'a Preview<'a>,
    /// Holds values to their schemas; nothing where there is only the state.
    pub judge: Option<Judge<'a>>,
    /// Asks the network.
    pub definitions: &'a dyn Definitions,
    /// Where what is true is kept.
    pub store: &'a dyn Store,
    /// All names in the network.
    pub names: &'a Names,
    /// The programs of this run.
    pub processes: &'a Processes,
    /// Where everything is told.
    pub ui: &'a Ui,
    /// What may happen at once.
    pub limits: Limits,
    /// What the user asked for.
    pub scope: Scope,
}

/// What a run may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope {
    /// Whether what the network has no more is deleted.
    pub kill_obsolete: bool,
    /// Whether what is recorded is taken as true without asking.
    pub trusts_state: bool,
}
