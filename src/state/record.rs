//! What is kept of a resource.

use std::fmt;

use nixops_plugin::protocol::{ResourceRef, ResourceState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Type and name of a resource in its deployment. A machine has the type of its backend.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Key {
    /// Type of the resource.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name of the resource.
    pub name: String,
}

/// What is kept of a resource.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// Name of the plugin whose provider made it.
    pub plugin: String,
    /// Version that the schema of its type had then.
    pub version: u32,
    /// The word by which its provider finds it, whatever became of the answer.
    pub token: String,
    /// How far it has come.
    pub phase: Phase,
    /// What its provider told last; of use only once it is there.
    #[serde(default)]
    pub state: ResourceState,
}

/// How far a resource has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Its provider has been asked to make it, and has not answered yet.
    Creating,
    /// It is there.
    Ready,
}

impl Key {
    /// Makes the key of a resource.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
        }
    }

    /// The resource as providers know it.
    pub fn reference(&self, deployment: &str) -> ResourceRef {
        ResourceRef {
            kind: self.kind.clone(),
            name: self.name.clone(),
            deployment: deployment.to_owned(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.kind, self.name)
    }
}
