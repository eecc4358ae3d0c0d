//! Resources as both sides speak of them.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Attributes by name, with plain JSON values.
pub type Attributes = Map<String, Value>;

/// What a type describes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Something that stands in a network as `resources.<type>.<name>`.
    #[default]
    Resource,
    /// A backend of machines: its name is what `deployment.targetEnv` says, and its options are
    /// `deployment.<type>`.
    Machine,
}

/// A resource of a deployment.
#[derive(
    Clone, Debug, Default, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceRef {
    /// Type of the resource.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name of the resource in the network.
    pub name: String,
    /// UUID of the deployment that it belongs to.
    pub deployment: String,
}

/// What is kept of a resource between runs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceState {
    /// How the provider calls it.
    pub id: String,
    /// The inputs that it was last brought to. What the schema marks sensitive is kept encrypted.
    #[serde(default)]
    pub inputs: Attributes,
    /// What the provider told of it last. What the schema marks sensitive is kept encrypted.
    #[serde(default)]
    pub outputs: Attributes,
    /// What the provider wants to remember; nobody else looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Value>,
}

/// The schemas of a type.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TypeSchema {
    /// What the type describes.
    #[serde(default)]
    pub kind: Kind,
    /// Version of what is kept of a resource; see the method `upgrade`.
    #[serde(default)]
    pub version: u32,
    /// One sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema (2020-12) of the options.
    pub options: Value,
    /// JSON Schema (2020-12) of the outputs.
    pub outputs: Value,
}

/// All schemas of a provider by type.
pub type TypeSchemas = BTreeMap<String, TypeSchema>;

/// How a machine is reached: what the outputs of a machine backend say under `ssh` or `command`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineOutputs {
    /// Over SSH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<Ssh>,
    /// By a command of the deployer, before which stand these words: the command that is run on
    /// the machine follows them, one word each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Address at which the other machines of the network reach it.
    #[serde(
        default,
        rename = "privateIPv4",
        skip_serializing_if = "Option::is_none"
    )]
    pub private_ipv4: Option<String>,
    /// Address at which everybody reaches it.
    #[serde(
        default,
        rename = "publicIPv4",
        skip_serializing_if = "Option::is_none"
    )]
    pub public_ipv4: Option<String>,
}

/// How SSH reaches a machine.
#[derive(Clone, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ssh {
    /// Name or address.
    pub host: String,
    /// Port; 22 if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// User as whom to log in; `deployment.targetUser` if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Private key that lets the deployer in; the user's own if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-nixops-sensitive" = true))]
    pub private_key: Option<String>,
    /// Public keys of the host, each as algorithm and key. Where there are any, no other is
    /// trusted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_keys: Vec<String>,
}

impl fmt::Debug for Ssh {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let private_key = self.private_key.as_ref().map(|_| "(hidden)");
        formatter
            .debug_struct("Ssh")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("private_key", &private_key)
            .field("host_keys", &self.host_keys)
            .finish()
    }
}
