//! What a resource needs.

use std::fmt;

use nixops_plugin::protocol::{ChangeKind, Created, Difference, Updated};
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

/// What is to be done with a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceAction {
    /// It is made.
    Create,
    /// It was made in an earlier run, and is taken over.
    Adopt(Created),
    /// It is left alone.
    Keep(Updated),
    /// It is changed.
    Update,
    /// It would have to be replaced, which nobody has asked for.
    Refuse {
        /// The attributes that cannot be changed.
        paths: Vec<String>,
    },
}

impl ResourceAction {
    /// Decides what is to be done.
    pub fn decide(found: Found) -> Self {
        match found {
            Found::Nothing | Found::Gone | Found::Unfinished(None) => Self::Create,
            Found::Unfinished(Some(created)) => Self::Adopt(created),
            Found::There { now, difference } => {
                let changes = difference.changes.iter();
                let fixed = changes.clone().filter(|change| change.replace);
                let paths: Vec<_> = fixed.map(|change| change.path.join(".")).collect();
                if difference.changes.is_empty() {
                    Self::Keep(now)
                } else if paths.is_empty() {
                    Self::Update
                } else {
                    Self::Refuse { paths }
                }
            }
        }
    }
}

/// Puts the changes of a resource into words.
pub fn changes(difference: &Difference) -> Vec<String> {
    let word = |kind| match kind {
        ChangeKind::Add => "set",
        ChangeKind::Update => "change",
        ChangeKind::Remove => "unset",
    };
    let changes = difference.changes.iter();
    changes
        .map(|change| format!("{} {}", word(change.kind), change.path.join(".")))
        .collect()
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

#[cfg(test)]
mod tests {
    use nixops_plugin::protocol::{Attributes, Change};

    use super::*;

    fn there(changes: &[(&str, bool)]) -> Found {
        let changes = changes.iter().map(|(path, replace)| Change {
            path: vec![(*path).to_owned()],
            kind: ChangeKind::Update,
            replace: *replace,
        });
        Found::There {
            now: updated(),
            difference: Difference {
                changes: changes.collect(),
                stable: Vec::new(),
            },
        }
    }

    fn updated() -> Updated {
        Updated {
            outputs: Attributes::new(),
            private: None,
        }
    }

    #[test]
    fn what_is_as_it_is_to_be_is_left_alone() {
        let action = ResourceAction::decide(there(&[]));
        assert_eq!(action, ResourceAction::Keep(updated()));
    }

    #[test]
    fn nothing_is_replaced_unasked() {
        let action = ResourceAction::decide(there(&[("size", false), ("region", true)]));
        let paths = vec!["region".to_owned()];
        assert_eq!(action, ResourceAction::Refuse { paths });
        let action = ResourceAction::decide(there(&[("size", false)]));
        assert_eq!(action, ResourceAction::Update);
    }

    #[test]
    fn what_an_earlier_run_made_is_not_made_twice() {
        let created = Created {
            id: "v-1".to_owned(),
            outputs: Attributes::new(),
            private: None,
        };
        let found = Found::Unfinished(Some(created.clone()));
        assert_eq!(
            ResourceAction::decide(found),
            ResourceAction::Adopt(created)
        );
        for found in [Found::Nothing, Found::Gone, Found::Unfinished(None)] {
            assert_eq!(ResourceAction::decide(found), ResourceAction::Create);
        }
    }
}
