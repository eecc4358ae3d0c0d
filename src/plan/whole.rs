//! The plan as a whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::state::Key;

use super::{ClosureDifference, ResourcesPlan};

/// What a deploy would do: with resources first, and with machines then.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What is to be done with resources, machines that backends make among them.
    #[serde(flatten)]
    pub resources: ResourcesPlan,
    /// What is to be done with the systems of machines.
    #[serde(default)]
    pub machines: BTreeMap<String, PlannedMachine>,
}

/// What is to be done with the system of a machine.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedMachine {
    /// What is done.
    pub action: MachineAction,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Store path of the derivation of its system, if it could be evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivation: Option<String>,
    /// Store path of the system that it is to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Store path of the system that it runs, or was last made to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// How both differ, if both are here to be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closure: Option<ClosureDifference>,
    /// What would become of its units, if it could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<UnitChanges>,
    /// Resources whose outputs its system reads and that are known only after apply.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub awaits: BTreeSet<Key>,
}

/// What is done with the system of a machine.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum MachineAction {
    /// It runs what it is to run.
    Keep,
    /// It gets its system.
    #[default]
    Deploy,
    /// Its system cannot be evaluated before what it reads is there.
    Later,
    /// Its system fails to evaluate.
    Fail,
    /// The network has it no more, and it is known no more.
    Forget,
}

/// What an activation would do with units of systemd.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UnitChanges {
    /// They are stopped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// They are started.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<String>,
    /// They are stopped and started.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub restart: Vec<String>,
    /// They read their configuration again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reload: Vec<String>,
}

impl Plan {
    /// Whether everything is left as it is.
    pub fn is_empty(&self) -> bool {
        let mut machines = self.machines.values();
        self.resources.is_empty() && machines.all(|machine| machine.action == MachineAction::Keep)
    }

    /// How many machines each action is for.
    pub fn machine_counts(&self) -> BTreeMap<MachineAction, usize> {
        let mut counts = BTreeMap::new();
        for machine in self.machines.values() {
            *counts.entry(machine.action).or_default() += 1;
        }
        counts
    }
}

impl fmt::Display for MachineAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Keep => "to keep",
            Self::Deploy => "to deploy",
            Self::Later => "to deploy later",
            Self::Fail => "that fail to evaluate",
            Self::Forget => "to forget",
        })
    }
}

impl UnitChanges {
    /// Whether nothing would happen to any.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
