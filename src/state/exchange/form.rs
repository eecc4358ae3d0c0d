//! The form of an export.

use std::collections::{BTreeMap, BTreeSet};

use nixops_plugin::protocol::ResourceState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::state::{
    Deployment, Key, Lifecycle, MachineRecord, Phase, Record, SecretParts, Secrets,
};

/// Deployments with everything that is kept of them, but for their journals.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(title = "NixOps export")]
pub struct Export {
    /// Version of this form.
    #[serde(rename = "nixopsExport")]
    pub version: u32,
    /// The deployments.
    pub deployments: Vec<ExportedDeployment>,
}

/// A deployment with everything that is kept of it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedDeployment {
    /// The deployment.
    pub deployment: Deployment,
    /// Its resources, and machines that backends made.
    pub resources: Vec<ExportedResource>,
    /// Its machines by name.
    pub machines: BTreeMap<String, ExportedMachine>,
}

/// What is kept of a resource.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedResource {
    /// Type of the resource.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name of the resource.
    pub name: String,
    /// Whether another one has replaced it, and it is still to be deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deposed: bool,
    /// Name of the plugin whose provider made it.
    pub plugin: String,
    /// Version that the schema of its type had then.
    pub version: u32,
    /// The word by which its provider finds it.
    pub token: String,
    /// How far it has come.
    pub phase: Phase,
    /// What its provider told last, without what nobody may see.
    pub state: ResourceState,
    /// What nobody may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<ExportedSecrets>,
    /// What had to be there before it.
    #[serde(default)]
    pub needs: BTreeSet<Key>,
    /// What the network says of its end.
    #[serde(default)]
    pub lifecycle: Lifecycle,
}

/// What is kept of a machine.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedMachine {
    /// What everybody may see.
    pub record: MachineRecord,
    /// What nobody may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<ExportedSecrets>,
}

/// What nobody may see.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ExportedSecrets {
    /// As the state has it: encrypted in the age format, as hexadecimal digits.
    Sealed(String),
    /// In the clear.
    Open(SecretParts),
}

impl ExportedResource {
    pub(super) fn of(
        key: Key,
        record: Record,
        deposed: bool,
        secrets: Option<ExportedSecrets>,
    ) -> Self {
        let Record {
            plugin,
            version,
            token,
            phase,
            state,
            secrets: _,
            needs,
            lifecycle,
        } = record;
        Self {
            kind: key.kind,
            name: key.name,
            deposed,
            plugin,
            version,
            token,
            phase,
            state,
            secrets,
            needs,
            lifecycle,
        }
    }

    /// The resource in the form of the state, its secrets apart.
    pub(super) fn record(self) -> (Key, Option<ExportedSecrets>, Record) {
        let Self {
            kind,
            name,
            deposed: _,
            plugin,
            version,
            token,
            phase,
            state,
            secrets,
            needs,
            lifecycle,
        } = self;
        let record = Record {
            plugin,
            version,
            token,
            phase,
            state,
            secrets: Secrets::Nothing,
            needs,
            lifecycle,
        };
        (Key { kind, name }, secrets, record)
    }
}
