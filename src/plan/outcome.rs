//! What became of one machine.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evaluator::Diagnostic;

/// A step of the way from the source to a running system.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Nix evaluates the machine's configuration.
    Evaluate,
    /// SSH connects, and one look finds what the host runs.
    Connect,
    /// Nix builds the system here.
    Build,
    /// The closure of the system goes to the host.
    Copy,
    /// Keys go to the host.
    Keys,
    /// The host takes up the system.
    Activate,
    /// The host is booted anew, for what takes effect only then.
    Reboot,
}

impl Step {
    /// What is being done while the step runs.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluating",
            Self::Connect => "connecting",
            Self::Build => "building",
            Self::Copy => "copying",
            Self::Keys => "sending keys",
            Self::Activate => "activating",
            Self::Reboot => "rebooting",
        }
    }

    /// What has been done once the step is over.
    pub fn done(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluated",
            Self::Connect => "connected",
            Self::Build => "built",
            Self::Copy => "copied",
            Self::Keys => "keys sent",
            Self::Activate => "activated",
            Self::Reboot => "rebooted",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Evaluate => "evaluate",
            Self::Connect => "connect",
            Self::Build => "build",
            Self::Copy => "copy",
            Self::Keys => "send keys",
            Self::Activate => "activate",
            Self::Reboot => "reboot",
        })
    }
}

/// What became of one machine.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(
    tag = "result",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Outcome {
    /// It has the wanted system already, and was left alone.
    Unchanged,
    /// A dry run found something to do.
    WouldChange {
        /// What its backend would do with it: make it, or change it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        machine: Option<String>,
        /// Whether its system is yet to be built or fetched.
        build: bool,
        /// Whether its closure would be copied.
        copy: bool,
        /// Whether it would be activated.
        activate: bool,
    },
    /// A dry run found that its system is known only once something else is made or changed.
    KnownAfterApply {
        /// The output that it reads, such as `resources.neatcloudVolumes.data.id`.
        awaits: String,
    },
    /// Its system is built.
    Built,
    /// Its system is on the host.
    Copied,
    /// Its system is as it was, and keys were sent or removed.
    KeysSent {
        /// Names of keys that were not there before.
        new: Vec<String>,
        /// Names of keys that were others before.
        changed: Vec<String>,
        /// Paths of keys that are wanted no more.
        removed: Vec<String>,
    },
    /// Its system is activated.
    Activated,
    /// The host said what an activation would change.
    DryActivated,
    /// Its system is activated, but some of its units failed (exit code 4 of
    /// `switch-to-configuration`).
    UnitsFailed {
        /// The units, as far as it names them.
        units: Vec<String>,
    },
    /// Its system is in place, but takes effect only after a reboot (exit code 100 of
    /// `switch-to-configuration`).
    RebootRequired,
    /// Its host went back to what ran before.
    RolledBack {
        /// Why.
        #[serde(flatten)]
        diagnostic: Diagnostic,
    },
    /// It was not tried, because something that it needs is not there.
    Skipped {
        /// What that is, such as `neatcloudVolumes.data failed`.
        because: String,
    },
    /// It gives no sign, and the user wants to go on without such machines.
    Unreachable {
        /// What kept us from it.
        because: String,
    },
    /// A step failed; the steps behind it were not tried.
    Failed {
        /// The step.
        step: Step,
        /// What is wrong.
        #[serde(flatten)]
        diagnostic: Diagnostic,
    },
    /// The user interrupted the run.
    Interrupted {
        /// The step that ran, or would have been next.
        step: Step,
        /// Whether the step may still be going on at the host.
        may_go_on: bool,
        /// Whether the host was taking up the system, and went back to what ran before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        went_back: bool,
    },
}

impl Outcome {
    /// That of a machine that was taking up its system when the user interrupted the run.
    pub fn broken_off(went_back: bool) -> Self {
        Self::Interrupted {
            step: Step::Activate,
            may_go_on: false,
            went_back,
        }
    }

    /// Whether an activation may still be going on at the host, which nobody waits for.
    pub fn may_go_on(&self) -> bool {
        matches!(
            self,
            Self::Interrupted {
                may_go_on: true,
                ..
            }
        )
    }

    /// Whether there is nothing left to be done for the machine.
    pub fn is_at_its_end(&self) -> bool {
        !matches!(
            self,
            Self::Unreachable { .. }
                | Self::Skipped { .. }
                | Self::Failed { .. }
                | Self::RolledBack { .. }
                | Self::Interrupted { .. }
        )
    }

    /// Whether the machine is as the user wants it to be, or is done without.
    pub fn is_success(&self) -> bool {
        match self {
            Self::Unchanged
            | Self::WouldChange { .. }
            | Self::KnownAfterApply { .. }
            | Self::Built
            | Self::Copied
            | Self::KeysSent { .. }
            | Self::Activated
            | Self::DryActivated
            | Self::Unreachable { .. } => true,
            Self::UnitsFailed { .. }
            | Self::RebootRequired
            | Self::RolledBack { .. }
            | Self::Skipped { .. }
            | Self::Failed { .. }
            | Self::Interrupted { .. } => false,
        }
    }
}

impl Outcome {
    /// What is wrong with the machine, if it is wrong.
    pub fn diagnostic(&self) -> Option<&Diagnostic> {
        match self {
            Self::Failed { diagnostic, .. } | Self::RolledBack { diagnostic } => Some(diagnostic),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchanged => formatter.write_str("unchanged"),
            Self::WouldChange {
                machine,
                build,
                copy,
                activate,
            } => {
                let steps = [(build, "build"), (copy, "copy"), (activate, "activate")];
                let steps = steps
                    .iter()
                    .filter(|(needed, _)| **needed)
                    .map(|(_, step)| *step);
                let steps: Vec<_> = machine.as_deref().into_iter().chain(steps).collect();
                write!(formatter, "would {}", steps.join(", "))
            }
            Self::KnownAfterApply { awaits } => {
                write!(formatter, "known after apply (reads {awaits})")
            }
            Self::Skipped { because } => write!(formatter, "skipped: {because}"),
            Self::Unreachable { because } => write!(formatter, "left out: {because}"),
            Self::Built => formatter.write_str("built"),
            Self::Copied => formatter.write_str("copied"),
            Self::KeysSent {
                new,
                changed,
                removed,
            } => write_keys(formatter, [new, changed, removed]),
            Self::Activated => formatter.write_str("activated"),
            Self::DryActivated => formatter.write_str("dry-activated"),
            Self::UnitsFailed { units } if units.is_empty() => {
                formatter.write_str("activated, units failed")
            }
            Self::UnitsFailed { units } => {
                write!(formatter, "activated, units failed: {}", units.join(", "))
            }
            Self::RebootRequired => formatter.write_str("activated, reboot required"),
            Self::RolledBack { .. } => formatter.write_str("rolled back"),
            Self::Failed { step, .. } => write!(formatter, "failed to {step}"),
            Self::Interrupted {
                step, went_back, ..
            } => {
                let end = if *went_back { ", went back" } else { "" };
                write!(formatter, "interrupted ({step}){end}")
            }
        }
    }
}

/// Says which keys were sent: their names if they are few.
fn write_keys(formatter: &mut fmt::Formatter<'_>, keys: [&Vec<String>; 3]) -> fmt::Result {
    const NAMED: usize = 4;
    let few = keys.iter().map(|keys| keys.len()).sum::<usize>() <= NAMED;
    let said = |(keys, what): (&Vec<String>, &str)| match keys.as_slice() {
        [] => None,
        keys if few => Some(format!("{what} {}", keys.join(", "))),
        keys => Some(format!("{} {what}", keys.len())),
    };
    let said: Vec<String> = keys
        .into_iter()
        .zip(["new", "changed", "removed"])
        .filter_map(said)
        .collect();
    match said.as_slice() {
        [] => formatter.write_str("keys sent"),
        said => write!(formatter, "keys sent: {}", said.join("; ")),
    }
}
