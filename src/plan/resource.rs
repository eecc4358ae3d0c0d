//! What was found of a resource, and what became of it.

use std::fmt;

use nixops_plugin::protocol::{Created, Difference, Updated};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evaluator::Diagnostic;

/// What was found of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing is known of it.
    Nothing,
    /// A run ended while it was being made; this is what became of it.
    Unfinished(Option<Created>),
    /// It was there, and is no more.
    Gone,
    /// It is there.
    There {
        /// What it is.
        now: Updated,
        /// How what it is to be differs.
        difference: Difference,
    },
}

/// What became of a resource.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(
    tag = "result",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum ResourceOutcome {
    /// It is as it is to be, and was left alone.
    Unchanged,
    /// It was made.
    Created,
    /// It had been made by a run that did not come to its end, and is taken over.
    Adopted,
    /// It was changed.
    Updated,
    /// It was deleted, and another one was made in its place.
    Replaced,
    /// It was deleted.
    Deleted,
    /// It is known no more, and was left as it is.
    Forgotten,
    /// It was not tried, because of another one that failed or was not tried.
    Skipped {
        /// The other one.
        because: String,
    },
    /// The run was interrupted before it was done.
    Interrupted,
    /// It is not as it is to be.
    Failed {
        /// What is wrong.
        #[serde(flatten)]
        diagnostic: Diagnostic,
    },
}

impl ResourceOutcome {
    /// Whether it is as it is to be.
    pub fn is_well(&self) -> bool {
        !matches!(
            self,
            Self::Failed { .. } | Self::Skipped { .. } | Self::Interrupted
        )
    }
}

impl fmt::Display for ResourceOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchanged => formatter.write_str("unchanged"),
            Self::Created => formatter.write_str("created"),
            Self::Adopted => formatter.write_str("adopted from a run that did not end"),
            Self::Updated => formatter.write_str("updated"),
            Self::Replaced => formatter.write_str("replaced"),
            Self::Deleted => formatter.write_str("deleted"),
            Self::Forgotten => formatter.write_str("forgotten, and left as it is"),
            Self::Skipped { because } => write!(formatter, "skipped because of {because}"),
            Self::Interrupted => formatter.write_str("interrupted"),
            Self::Failed { diagnostic } => write!(formatter, "failed: {}", diagnostic.message),
        }
    }
}
