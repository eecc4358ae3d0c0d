use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    evaluator::Diagnostic,
    plan::AttributeChange,
    state::{Key, Phase},
};

use super::Findings;

/// What was found of a resource.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReport {
    /// The resource.
    #[serde(flatten)]
    pub key: Key,
    /// Whether it exists; null where nobody can tell.
    pub exists: Option<bool>,
    /// How it fares.
    #[serde(flatten)]
    pub condition: Condition,
    /// Outputs that are not as they were recorded; values that nobody may see are left out. That alone is
    /// no drift: a volume that was attached has an output more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<AttributeChange>,
}

/// How a resource fares.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(
    tag = "condition",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Condition {
    /// It is what it was last brought to.
    Well,
    /// It is there, and something else than what it was brought to: `nixops deploy` would bring it back.
    Drifted {
        /// What differs: what it has become, and what it was to be.
        changes: Vec<AttributeChange>,
    },
    /// It was there, and is no more.
    Gone,
    /// A run ended while it was made, changed or deleted.
    Unfinished {
        /// What was being done.
        phase: Phase,
    },
    /// Another one has replaced it, and it is still to be deleted.
    Replaced,
    /// Nobody could tell.
    Unknown {
        /// Why.
        reason: Diagnostic,
    },
}

impl ResourceReport {
    /// What is not well with it.
    pub fn findings(&self) -> Findings {
        let missing = Findings::MISSING.when(self.exists == Some(false) && !self.is_leftover());
        let other = match self.condition {
            Condition::Well | Condition::Gone => Findings::default(),
            Condition::Drifted { .. } | Condition::Unfinished { .. } | Condition::Replaced => {
                Findings::DRIFT
            }
            Condition::Unknown { .. } => Findings::UNKNOWN,
        };
        missing | other
    }

    /// Whether it was to go, so that nobody misses it.
    fn is_leftover(&self) -> bool {
        matches!(
            self.condition,
            Condition::Replaced
                | Condition::Unfinished {
                    phase: Phase::Deleting
                }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(exists: Option<bool>, condition: Condition) -> u8 {
        let report = ResourceReport {
            key: Key::new("volumes", "data"),
            exists,
            condition,
            outputs: Vec::new(),
        };
        report.findings().exit_code()
    }

    #[test]
    fn each_condition_has_its_bits() {
        let unfinished = |phase| Condition::Unfinished { phase };
        assert_eq!(findings(Some(true), Condition::Well), 0);
        assert_eq!(findings(Some(false), Condition::Gone), 1);
        assert_eq!(
            findings(Some(true), Condition::Drifted { changes: vec![] }),
            32
        );
        assert_eq!(findings(Some(false), unfinished(Phase::Creating)), 33);
        assert_eq!(findings(Some(true), unfinished(Phase::Updating)), 32);
        assert_eq!(findings(Some(false), unfinished(Phase::Deleting)), 32);
        assert_eq!(findings(Some(true), Condition::Replaced), 32);
    }

    #[test]
    fn what_nobody_could_tell_is_not_well() {
        let reason = Diagnostic {
            message: "no answer".to_owned(),
            position: None,
            hint: None,
            trace: Vec::new(),
        };
        assert_eq!(findings(None, Condition::Unknown { reason }), 64);
    }
}
