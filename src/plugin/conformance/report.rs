use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plugin::provider;

/// What was found.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Report {
    /// One after the other, in the order in which they were made.
    pub checks: Vec<Check>,
}

/// One thing that a provider has to do right.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Check {
    /// What it is, as a sentence.
    pub name: String,
    /// Whether it does.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a check.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// It is right.
    Passed,
    /// It is wrong.
    Failed {
        /// What is wrong.
        reason: String,
    },
    /// It is right, and could be better.
    Advice {
        /// How.
        reason: String,
    },
    /// It could not be tried.
    Skipped {
        /// Why.
        reason: String,
    },
}

impl Report {
    /// Whether nothing is wrong.
    pub fn passed(&self) -> bool {
        let mut checks = self.checks.iter();
        !checks.any(|check| matches!(check.outcome, Outcome::Failed { .. }))
    }
}

/// A report that is being written, which tells of each check as soon as it is made.
pub(super) struct Recorder<'a> {
    pub report: Report,
    pub told: &'a mut dyn FnMut(&Check),
}

impl Recorder<'_> {
    pub fn add(&mut self, name: impl Into<String>, verdict: Verdict) {
        let check = Check {
            name: name.into(),
            outcome: match verdict {
                Ok(()) => Outcome::Passed,
                Err(Trouble::Failed(reason)) => Outcome::Failed { reason },
                Err(Trouble::Skipped(reason)) => Outcome::Skipped { reason },
            },
        };
        (self.told)(&check);
        self.report.checks.push(check);
    }
}

/// What a check gives.
pub(super) type Verdict<T = ()> = Result<T, Trouble>;

/// Why a check did not pass.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    Failed(String),
    Skipped(String),
}

impl From<provider::Error> for Trouble {
    fn from(error: provider::Error) -> Self {
        // A report is about one provider: what is wrong need not say whose it is.
        let whose = format!("{}: ", error.subject().origin);
        let text = error.to_string();
        Self::Failed(text.strip_prefix(&whose).unwrap_or(&text).to_owned())
    }
}

/// Fails a check with this reason unless it holds.
pub(super) fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(Trouble::Failed(reason()))
    }
}
