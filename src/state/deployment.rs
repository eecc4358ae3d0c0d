//! What is kept of a deployment and of its machines.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A deployment: a network as it was deployed.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Its UUID, which stands in the names that providers give to resources. It never changes.
    pub uuid: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The word that its network has too: only a network that says it is deployed onto it.
    pub lineage: String,
    /// Name of the network in its flake, such as `default`.
    pub network: String,
    /// How often it was changed.
    pub serial: u64,
    /// `network.description`.
    pub description: String,
    /// Where the network was when it was last deployed: for people.
    pub source: String,
    /// Arguments that `set-args` gave the network.
    pub arguments: BTreeMap<String, StoredArgument>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
}

/// An argument of the network, as `--arg` or `--argstr` gives it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "camelCase")]
pub enum StoredArgument {
    /// A Nix expression.
    Expression(String),
    /// A text.
    Text(String),
}

/// What is kept of a machine, whoever made it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MachineRecord {
    /// Its backend: `none` for a host that existed.
    pub backend: String,
    /// Store path of the system that it was last made to run.
    pub system: Option<String>,
    /// When that was, in seconds since 1970.
    pub activated: Option<i64>,
    /// How it is reached: what `deployment.*` said of it, as [`crate::network::MachineOptions`].
    pub options: Option<Value>,
    /// What was known under these names in a state of NixOps 2 and has no place here.
    pub legacy: BTreeMap<String, String>,
}
