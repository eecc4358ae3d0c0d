//! What is wrong with the values of a network.

use nixops_plugin::protocol::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evaluator::{Diagnostic, Position};

/// A value that is not as its type, or its provider, wants it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The machine or resource, such as `resources.neatcloudVolumes.data`.
    pub resource: String,
    /// The attribute, as Nix writes it below the machine or resource; empty for it as a whole.
    pub attribute: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What was expected, if a schema says so.
    pub expected: Option<String>,
    /// What was found; never a value that is sensitive.
    pub found: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where it is defined.
    pub position: Option<Position>,
    /// Whether nothing may be done with it.
    pub severity: Severity,
    /// Whether the source around it has values that nobody may see, so that its lines are not shown.
    #[serde(skip)]
    pub hides_source: bool,
}

impl Problem {
    /// The same for people.
    pub fn diagnostic(&self) -> Diagnostic {
        let dot = if self.attribute.is_empty() { "" } else { "." };
        let mut message = format!("{}{dot}{}: {}", self.resource, self.attribute, self.message);
        let mut position = self.position.clone();
        if self.hides_source
            && let Some(place) = position.take()
        {
            message = format!("{message}\n --> {place}");
        }
        Diagnostic {
            message,
            position,
            hint: self.hint.clone(),
            trace: Vec::new(),
        }
    }
}
