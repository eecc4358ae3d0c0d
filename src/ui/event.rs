//! What happens, as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evaluator::Diagnostic;
use crate::network::Names;
use crate::plan::{Copied, Extent, Outcome, Plan, ResourceOutcome, Step, Summary};
use crate::preview::Problem;

/// One piece of news of a run.
///
/// With `--json` each is one line of standard output; the field `event` names its kind.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Event {
    /// The run has begun.
    Started {
        /// Where the network is, as the user named it.
        flake: String,
        /// Name of the network in it.
        network: String,
        /// Version of Nix.
        nix: String,
        /// How far the run goes, if it deploys.
        extent: Option<Extent>,
    },
    /// The names in the network are known.
    Names {
        /// All of them.
        #[serde(flatten)]
        names: Names,
        /// The machines that are selected.
        selected: Vec<String>,
    },
    /// Something that is wrong with a value of the network.
    Invalid {
        /// What is wrong, and where.
        #[serde(flatten)]
        problem: Problem,
    },
    /// What is to be done is known.
    Plan {
        /// All of it.
        plan: Plan,
    },
    /// Something that the user may like to know.
    Note {
        /// What it is, in one sentence.
        message: String,
    },
    /// A resource is being brought to what it is to be.
    ResourceStarted {
        /// Type and name of the resource, such as `neatcloudVolumes.data`.
        resource: String,
    },
    /// A resource is as it is to be, or not.
    ResourceDone {
        /// Type and name of the resource.
        resource: String,
        /// What became of it.
        #[serde(flatten)]
        outcome: ResourceOutcome,
        /// Seconds that it took.
        seconds: f64,
    },
    /// Something that takes a while has begun for a plugin.
    PluginStep {
        /// The plugin.
        plugin: String,
        /// What it is, such as `building its provider`.
        step: String,
    },
    /// A provider said something.
    PluginLog {
        /// The plugin.
        plugin: String,
        /// One line.
        line: String,
    },
    /// The first machine of a batch may be activated.
    BatchStarted {
        /// Number of the batch, counted from 1.
        batch: usize,
    },
    /// A step has begun on a machine.
    StepStarted {
        /// The machine.
        machine: String,
        /// The step.
        step: Step,
    },
    /// A step has ended well on a machine.
    StepFinished {
        /// The machine.
        machine: String,
        /// The step.
        step: Step,
        /// Seconds that it took.
        seconds: f64,
    },
    /// More of a machine's closure has arrived; sent twice a second at most.
    CopyProgress {
        /// The machine.
        machine: String,
        /// Whether the machine fetches it from its binary caches, which it does before the rest is sent.
        fetching: bool,
        /// What has arrived.
        copied: Copied,
        /// What is to arrive, as far as Nix knows.
        expected: Copied,
    },
    /// Nix has begun to build a derivation.
    BuildStarted {
        /// Its store path.
        derivation: String,
    },
    /// A builder wrote a line.
    BuildLog {
        /// Store path of the derivation.
        derivation: String,
        /// The line.
        line: String,
    },
    /// Nix has ended to build a derivation, well or not.
    BuildFinished {
        /// Its store path.
        derivation: String,
    },
    /// Nix has begun to fetch a store path.
    Fetching {
        /// The machine that fetches it; null where that is done here.
        machine: Option<String>,
        /// The path.
        path: String,
        /// The URL of the store that has it.
        from: String,
    },
    /// A program that works for a machine said something.
    Log {
        /// The machine, if it is known.
        machine: Option<String>,
        /// The step in which it said so.
        step: Step,
        /// One line.
        line: String,
    },
    /// Something that the user should know, and that stops nothing.
    Warning {
        /// The machine, if it is about one.
        machine: Option<String>,
        /// What is to be known.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A machine is through, well or not.
    MachineDone {
        /// The machine.
        machine: String,
        /// What became of it.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// The user has interrupted the run, and what it has started is being ended.
    Interrupted {
        /// What is being ended, such as `copy web`.
        running: Vec<String>,
    },
    /// Something that ends the run.
    Error {
        /// What is wrong.
        #[serde(flatten)]
        diagnostic: Diagnostic,
    },
    /// The run is over.
    Finished {
        /// What became of it.
        summary: Summary,
    },
}

impl Event {
    /// The machine that it is about, if it is about one.
    pub fn machine(&self) -> Option<&str> {
        match self {
            Self::StepStarted { machine, .. }
            | Self::StepFinished { machine, .. }
            | Self::CopyProgress { machine, .. }
            | Self::MachineDone { machine, .. } => Some(machine),
            Self::Fetching { machine, .. }
            | Self::Log { machine, .. }
            | Self::Warning { machine, .. } => machine.as_deref(),
            _ => None,
        }
    }
}
