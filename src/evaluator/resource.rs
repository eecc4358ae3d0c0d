//! Resources as they are evaluated, each by itself.

use serde_json::{Map, Value};

use crate::state::{Key, Lifecycle};

use super::{Diagnostic, OutputRef, Reads, Whereabouts};

/// A resource that has been evaluated.
#[derive(Clone, Debug)]
pub struct EvaluatedResource {
    /// Type of the resource.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its options. Tokens stand where outputs are that are secret or not known yet.
    pub value: Value,
    /// What the network says of its end.
    pub lifecycle: Lifecycle,
    /// What it reads.
    pub reads: Reads,
    /// Where its options are defined.
    pub whereabouts: Whereabouts,
}

/// A resource that could not be evaluated.
#[derive(Clone, Debug)]
pub struct FailedResource {
    /// The resource.
    pub key: Key,
    /// What is wrong.
    pub diagnostic: Diagnostic,
    /// The first output that it read and that is not known yet: with it there is another result.
    pub unknown: Option<OutputRef>,
    /// What it read before it failed.
    pub reads: Reads,
}

/// Attributes of a resource by which modules recognise it. Providers are told who it is beside its
/// inputs, and what the deployment was given is no concern of theirs.
const IDENTITY: [&str; 3] = ["_name", "_type", "deployment"];

impl EvaluatedResource {
    /// The resource.
    pub fn key(&self) -> Key {
        Key::new(&self.kind, &self.name)
    }

    /// What the network says of it, as its provider gets it.
    pub fn inputs(&self) -> Map<String, Value> {
        let mut inputs = self.value.as_object().cloned().unwrap_or_default();
        inputs.retain(|name, _| !IDENTITY.contains(&name.as_str()));
        inputs
    }
}
