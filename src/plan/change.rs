//! What a plan says of resources.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::Key;

use super::Refusal;

/// What is to be done with the resources of a deployment.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourcesPlan {
    /// Every resource of the network and of the state, machines that backends make among them.
    pub resources: Vec<PlannedResource>,
    /// Resources that others have replaced and that are still to be deleted.
    pub deposed: Vec<PlannedResource>,
}

/// What is to be done with one resource.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedResource {
    /// The resource.
    #[serde(flatten)]
    pub key: Key,
    /// What is done with it.
    pub action: Action,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AttributeChange>,
    /// What must be there before it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<Key>,
    /// Name that it had before, if that changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<Key>,
    /// Whether it reads outputs that are known only after others are made: then what is said of it may
    /// still change.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub awaits: BTreeSet<Key>,
    /// What may become of it once that is known; empty where the action is certain.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub may: BTreeSet<Action>,
    /// Whether what it replaces is left as it is and only forgotten.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retains: bool,
    /// Why it is not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}

/// What is done with a resource.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is left alone.
    Keep,
    /// It is made.
    Create,
    /// It was made by a run that did not end, and is taken over.
    Adopt,
    /// It is changed in place.
    Update,
    /// It is deleted, and a new one is made.
    Replace,
    /// A new one is made, and then it is deleted.
    ReplaceCreateFirst,
    /// It is deleted.
    Delete,
    /// It is known no more, and left as it is.
    Forget,
    /// The network has it no more; it is kept until `--kill-obsolete`.
    Obsolete,
    /// It cannot be evaluated before what it needs is there.
    Later,
}

/// An attribute that differs.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeChange {
    /// The attribute, name by name.
    pub path: Vec<String>,
    /// What it was.
    pub before: Shown,
    /// What it is to be.
    pub after: Shown,
    /// Whether it is because of it that the resource is replaced.
    #[serde(default)]
    pub replaces: bool,
}

/// A value as a plan shows it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "is", content = "value", rename_all = "kebab-case")]
pub enum Shown {
    /// There is none.
    Absent,
    /// This.
    Value(Value),
    /// Nobody may see it.
    Sensitive,
    /// It is known only after another resource is made or changed.
    KnownAfterApply,
    /// Its provider says that it is something else, and not what.
    Different,
}

/// Numbers of actions.
pub type ActionCounts = BTreeMap<Action, usize>;

impl Action {
    /// Whether something goes away by it that may have data.
    pub fn destroys(self) -> bool {
        matches!(
            self,
            Self::Replace | Self::ReplaceCreateFirst | Self::Delete
        )
    }

    /// Whether the resource is there afterwards, as the network wants it.
    pub fn settles(self) -> bool {
        !matches!(self, Self::Delete | Self::Forget | Self::Obsolete)
    }

    /// Whether the resource, or what is kept of it, is another one afterwards.
    pub fn changes(self) -> bool {
        !matches!(self, Self::Keep | Self::Obsolete)
    }
}

impl PlannedResource {
    /// A resource with which something is done.
    pub fn new(key: &Key, action: Action) -> Self {
        Self {
            key: key.clone(),
            action,
            reasons: Vec::new(),
            changes: Vec::new(),
            needs: BTreeSet::new(),
            renamed_from: None,
            awaits: BTreeSet::new(),
            may: BTreeSet::new(),
            retains: false,
            refusal: None,
        }
    }

    /// The same with one more reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reasons.push(reason.into());
        self
    }

    /// Whether something is lost by it that may have data, or may be once more is known.
    pub fn destroys(&self) -> bool {
        let may = self.may.iter().any(|action| action.destroys());
        (self.action.destroys() || may) && !self.retains
    }
}

impl ResourcesPlan {
    /// Everything that is planned.
    pub fn all(&self) -> impl Iterator<Item = &PlannedResource> {
        self.resources.iter().chain(&self.deposed)
    }

    /// How many resources each action is for.
    pub fn counts(&self) -> ActionCounts {
        let mut counts = ActionCounts::new();
        for planned in self.all() {
            *counts.entry(planned.action).or_default() += 1;
        }
        counts
    }

    /// What is not done, and why.
    pub fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        self.all().filter_map(|planned| planned.refusal.as_ref())
    }

    /// Whether everything is left as it is.
    pub fn is_empty(&self) -> bool {
        let mut all = self.all();
        all.all(|planned| !planned.action.changes() && planned.renamed_from.is_none())
    }

    /// Whether something is lost by it that may have data.
    pub fn destroys(&self) -> bool {
        self.all().any(PlannedResource::destroys)
    }
}
