//! What became of a whole deploy.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::state::Key;

use super::{Extent, Outcome, ResourceOutcome, Step};

/// What a deploy did, by machine.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// How far the deploy was to go.
    pub extent: Extent,
    /// Resources that were not left alone, by type and name, such as `neatcloudVolumes.data`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, ResourceOutcome>,
    /// Every selected machine.
    pub machines: BTreeMap<String, MachineSummary>,
    /// Machines by kind of result.
    pub totals: Totals,
    /// Seconds from the beginning of the deploy to its end.
    pub seconds: f64,
    /// The exit code of the program, as [`Summary::exit_code`] computes it.
    pub exit_code: u8,
}

/// What a deploy did on one machine.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineSummary {
    /// What became of it.
    pub outcome: Outcome,
    /// Store path of the system that it was to run, once evaluated.
    pub system: Option<String>,
    /// Seconds that each step took, waiting for its turn not counted; absent where a step did not
    /// happen.
    pub seconds: BTreeMap<Step, f64>,
    /// What was sent to the host; none if nothing was.
    pub copied: Option<Copied>,
}

/// What was sent to a host.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Copied {
    /// Store paths.
    pub paths: u64,
    /// Bytes of their archives.
    pub bytes: u64,
}

/// Machines counted by result.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// All of them.
    pub machines: usize,
    /// Those that were left alone.
    pub unchanged: usize,
    /// Those on which every step that was asked for went well, and those that a dry run found to
    /// need a change.
    pub changed: usize,
    /// Those that are activated with failed units.
    pub units_failed: usize,
    /// Those that need a reboot.
    pub reboot_required: usize,
    /// Those on which a step failed.
    pub failed: usize,
    /// Those whose hosts went back to what ran before.
    #[serde(default)]
    pub rolled_back: usize,
    /// Those that were not tried because something that they need is not there.
    #[serde(default)]
    pub skipped: usize,
    /// Those that gave no sign and were done without.
    #[serde(default)]
    pub unreachable: usize,
    /// Those on which the run was interrupted.
    pub interrupted: usize,
    /// What was sent to all of them.
    pub copied: Copied,
}

impl Totals {
    fn count<'a>(machines: impl Iterator<Item = &'a MachineSummary>) -> Self {
        let mut totals = Self::default();
        for machine in machines {
            totals.machines += 1;
            let copied = machine.copied.unwrap_or_default();
            totals.copied.paths += copied.paths;
            totals.copied.bytes += copied.bytes;
            *match &machine.outcome {
                Outcome::Unchanged => &mut totals.unchanged,
                Outcome::WouldChange { .. }
                | Outcome::KnownAfterApply { .. }
                | Outcome::Built
                | Outcome::Copied
                | Outcome::KeysSent { .. }
                | Outcome::Activated
                | Outcome::DryActivated => &mut totals.changed,
                Outcome::UnitsFailed { .. } => &mut totals.units_failed,
                Outcome::RebootRequired => &mut totals.reboot_required,
                Outcome::Failed { .. } => &mut totals.failed,
                Outcome::RolledBack { .. } => &mut totals.rolled_back,
                Outcome::Skipped { .. } => &mut totals.skipped,
                Outcome::Unreachable { .. } => &mut totals.unreachable,
                Outcome::Interrupted { .. } => &mut totals.interrupted,
            } += 1;
        }
        totals
    }

    /// The exit code for these results: the gravest of them.
    fn exit_code(&self) -> u8 {
        match self {
            Self {
                interrupted: 1.., ..
            } => 130,
            Self { failed: 1.., .. }
            | Self {
                rolled_back: 1.., ..
            }
            | Self { skipped: 1.., .. } => 1,
            Self {
                units_failed: 1.., ..
            } => 4,
            Self {
                reboot_required: 1..,
                ..
            } => 100,
            _ => 0,
        }
    }
}

impl Summary {
    /// Adds up what became of the machines.
    pub fn new(extent: Extent, machines: BTreeMap<String, MachineSummary>, seconds: f64) -> Self {
        let totals = Totals::count(machines.values());
        let exit_code = totals.exit_code();
        Self {
            extent,
            resources: BTreeMap::new(),
            machines,
            totals,
            seconds,
            exit_code,
        }
    }

    /// Adds what became of resources.
    pub fn add_resources(&mut self, outcomes: &BTreeMap<Key, ResourceOutcome>) {
        for (key, outcome) in outcomes {
            let code = match outcome {
                ResourceOutcome::Unchanged => continue,
                ResourceOutcome::Interrupted => 130,
                outcome if !outcome.is_well() => 1,
                _ => 0,
            };
            self.exit_code = match (self.exit_code, code) {
                (130, _) | (_, 130) => 130,
                (_, 1) => 1,
                (before, _) => before,
            };
            self.resources.insert(key.to_string(), outcome.clone());
        }
    }

    /// The exit code of the program: 0 if all went well, 130 if interrupted, 1 if a machine failed,
    /// 4 if at worst units failed, 100 if at worst a reboot is needed.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluator::Diagnostic;
    use crate::plan::Goal;

    fn failed() -> Outcome {
        let message = "disk full".to_owned();
        let diagnostic = Diagnostic {
            message,
            position: None,
            hint: None,
            trace: Vec::new(),
        };
        Outcome::Failed {
            step: Step::Copy,
            diagnostic,
        }
    }

    fn units_failed() -> Outcome {
        let units = vec!["nginx.service".to_owned()];
        Outcome::UnitsFailed { units }
    }

    fn interrupted() -> Outcome {
        Outcome::Interrupted {
            step: Step::Activate,
            may_go_on: true,
            went_back: false,
        }
    }

    fn summary(outcomes: &[Outcome]) -> Summary {
        let machines = outcomes.iter().enumerate().map(|(index, outcome)| {
            let seconds = BTreeMap::from([(Step::Evaluate, 0.5)]);
            let machine = MachineSummary {
                outcome: outcome.clone(),
                system: None,
                seconds,
                copied: Some(Copied {
                    paths: 2,
                    bytes: 10,
                }),
            };
            (format!("m{index}"), machine)
        });
        Summary::new(Extent::Activate(Goal::Switch), machines.collect(), 2.0)
    }

    #[test]
    fn the_exit_code_is_that_of_the_gravest_result() {
        use Outcome::{Activated, RebootRequired, Unchanged};
        let code = |outcomes: &[Outcome]| summary(outcomes).exit_code();
        assert_eq!(code(&[]), 0);
        assert_eq!(code(&[Unchanged, Activated]), 0);
        assert_eq!(code(&[Activated, RebootRequired]), 100);
        assert_eq!(code(&[RebootRequired, units_failed()]), 4);
        assert_eq!(code(&[units_failed(), failed(), RebootRequired]), 1);
        assert_eq!(code(&[failed(), interrupted()]), 130);
    }

    #[test]
    fn a_summary_survives_json() {
        let before = summary(&[failed(), interrupted(), Outcome::Unchanged]);
        let text = serde_json::to_string(&before).unwrap();
        assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), before);
    }

    proptest! {
        #[test]
        fn success_everywhere_and_exit_code_zero_are_the_same(
            chosen in proptest::collection::vec(0_usize..7, 0..6),
        ) {
            let kinds = [
                Outcome::Unchanged,
                Outcome::Activated,
                units_failed(),
                Outcome::RebootRequired,
                failed(),
                interrupted(),
                Outcome::Unreachable {
                    because: "the host does not answer".to_owned(),
                },
            ];
            let outcomes: Vec<Outcome> = chosen.iter().map(|kind| kinds[*kind].clone()).collect();
            let summary = summary(&outcomes);
            prop_assert_eq!(summary.exit_code() == 0, outcomes.iter().all(Outcome::is_success));
            let totals = summary.totals;
            let counted = totals.unchanged + totals.changed + totals.units_failed
                + totals.reboot_required + totals.failed + totals.interrupted
                + totals.unreachable;
            prop_assert_eq!(counted, totals.machines);
        }
    }
}
