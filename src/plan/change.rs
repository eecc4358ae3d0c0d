//! What a plan says of resources.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::Key;

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
    #[serde(default)]
    pub awaits: BTreeSet<Key>,
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
}

/// Numbers of actions.
pub type ActionCounts = BTreeMap<Action, usize>;
