//! What is kept of a resource.

use std::{collections::BTreeSet, fmt};

use nixops_plugin::protocol::{Attributes, ResourceRef, ResourceState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// Name of the plugin whose provider made it.
    pub plugin: String,
    /// Version that the schema of its type had then.
    pub version: u32,
    /// The word by which its provider finds it, whatever became of the answer.
    pub token: String,
    /// How far it has come.
    pub phase: Phase,
    /// What its provider told last, without what nobody may see; of use only once it is there.
    pub state: ResourceState,
    /// What nobody may see.
    #[serde(skip)]
    pub secrets: Secrets,
    /// What had to be there before it.
    pub needs: BTreeSet<Key>,
    /// What the network says of its end, for a run that has only the state.
    pub lifecycle: Lifecycle,
}

/// How far a resource has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Its provider has been asked to make it, and has not answered yet.
    Creating,
    /// It is there.
    Ready,
    /// Its provider has been asked to change it, and has not answered yet.
    Updating,
    /// Its provider has been asked to delete it, and has not answered yet.
    Deleting,
}

/// What nobody may see of a resource: whole where a part of it is sensitive.
#[derive(Clone, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretParts {
    /// All inputs, if one of them is sensitive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Attributes>,
    /// All outputs, if one of them is sensitive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Attributes>,
    /// What the provider wants to remember, which may be anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Value>,
}

/// What nobody may see of a resource, as a record has it.
#[derive(Clone, Default, PartialEq)]
pub enum Secrets {
    /// There is nothing of that kind.
    #[default]
    Nothing,
    /// As it was read: encrypted (see `seal`), and opened only when somebody needs it.
    Sealed(Vec<u8>),
    /// In the clear, in memory alone; a store seals it before it writes it.
    Open(Box<SecretParts>),
}

/// What the network says of how a resource begins and ends: the options `deployment.lifecycle`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// Whether it is an error to delete or replace it.
    pub protect: bool,
    /// Whether it is only forgotten where it would be deleted.
    pub retain: bool,
    /// Whether a new one is made before the old one is deleted where it is replaced.
    pub create_first: bool,
    /// Attributes, such as `size` or `tags.owner`, whose changes are ignored.
    pub ignore_changes: Vec<String>,
    /// Attributes whose changes replace it, whatever its provider says.
    pub replace_on: Vec<String>,
    /// Names that it had before: `NAME`, or `TYPE.NAME`.
    pub aliases: Vec<String>,
}

impl Key {
    /// Makes the key of a resource.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
        }
    }

    /// Reads `TYPE.NAME`. No type has a dot in its name.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('.')?;
        (!kind.is_empty() && !name.is_empty()).then(|| Self::new(kind, name))
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

impl Lifecycle {
    /// Whether the network says nothing of it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl SecretParts {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_none() && self.outputs.is_none() && self.private.is_none()
    }

    /// Puts what is secret back into what is not.
    pub fn complete(self, state: &ResourceState) -> ResourceState {
        ResourceState {
            id: state.id.clone(),
            inputs: self.inputs.unwrap_or_else(|| state.inputs.clone()),
            outputs: self.outputs.unwrap_or_else(|| state.outputs.clone()),
            private: self.private.or_else(|| state.private.clone()),
        }
    }
}

impl Secrets {
    /// Holds parts, if there are any.
    pub fn of(parts: SecretParts) -> Self {
        if parts.is_empty() {
            Self::Nothing
        } else {
            Self::Open(Box::new(parts))
        }
    }
}

impl fmt::Debug for SecretParts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nothing => "(none)",
            Self::Sealed(_) => "(sealed)",
            Self::Open(_) => "(hidden)",
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.kind, self.name)
    }
}
