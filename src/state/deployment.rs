//! What is kept of a deployment and of its machines.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Records, clock};

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
    /// What its plugins said of themselves when it was last deployed, for a run that has only the state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<Value>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// What was known under these names in a state of NixOps 2 and has no place here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub legacy: BTreeMap<String, String>,
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
    /// Whether the last run saw it run that system, and made it the one of the next boot: neither is another one on
    /// trial, nor does this one wait for a boot.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub settled: bool,
    /// How its last deploy ended, if it did not come to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
    /// How it is reached: what `deployment.*` said of it, as [`crate::network::MachineOptions`].
    pub options: Option<Value>,
    /// What was known under these names in a state of NixOps 2 and has no place here.
    pub legacy: BTreeMap<String, String>,
}

/// A deploy that did not come to its end on a machine.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unfinished {
    /// What became of it, such as `failed to copy`.
    pub result: String,
    /// When that was, in seconds since 1970.
    pub time: i64,
}

/// A deployment with everything that is kept of it, but for the journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Whole {
    /// The deployment.
    pub deployment: Deployment,
    /// What is kept of resources.
    pub records: Records,
    /// What is kept of machines by name.
    pub machines: BTreeMap<String, MachineRecord>,
}

impl Deployment {
    /// A new deployment of a network, whose UUID is its lineage too.
    pub fn new(uuid: impl Into<String>, name: Option<&str>, network: &str) -> Self {
        let uuid = uuid.into();
        Self {
            lineage: uuid.clone(),
            uuid,
            name: name.map(str::to_owned),
            network: network.to_owned(),
            created: clock::now(),
            ..Self::default()
        }
    }

    /// How people call it: by its name, or else its UUID.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.uuid)
    }
}

/// A UUID that nothing else has: of version 4, random (RFC 9562).
pub fn new_uuid() -> String {
    let mut bytes = [0; 16];
    let mut rest = &mut bytes[..];
    while !rest.is_empty() {
        // Only a signal stops it, before it has given anything.
        let given = rustix::rand::getrandom(&mut *rest, rustix::rand::GetRandomFlags::empty());
        rest = &mut rest[given.unwrap_or(0)..];
    }
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| &digits[part]).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_uuid_is_random_and_says_its_version() {
        let uuid = new_uuid();
        assert_ne!(uuid, new_uuid());
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
    }
}
