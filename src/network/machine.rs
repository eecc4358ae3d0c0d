//! Machines: what `deployment.*` says of them, and the system that they are to run.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::state::Lifecycle;

use super::{HealthCheck, KeyOptions};

/// Options of a machine, as its NixOS configuration defines them.
///
/// The names are those of the record `info.machines.<name>` of NixOps 2, so that a provider finds
/// what it knows. Attributes that are not named here, such as those which a plugin exports, pass
/// through untouched.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct MachineOptions {
    /// Backend of the machine; `none` for a host that exists already.
    pub target_env: String,
    /// Host name or address to which SSH connects.
    pub target_host: String,
    /// Port to which SSH connects.
    #[schemars(range(min = 1))]
    pub target_port: u16,
    /// User as whom SSH logs in.
    pub target_user: String,
    /// Arguments for the OpenSSH client, one word each.
    pub ssh_options: Vec<String>,
    /// Command that makes a user other than root into root.
    pub privilege_escalation_command: Vec<String>,
    /// Whether an unchanged system is activated again.
    pub always_activate: bool,
    /// Host name of its system, `networking.hostName`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host_name: String,
    /// Whether the computer that is the machine may deploy itself.
    #[serde(default)]
    pub allow_local_deployment: bool,
    /// Mail addresses of the owners.
    pub owners: Vec<String>,
    /// Secrets of the machine by name.
    pub keys: BTreeMap<String, KeyOptions>,
    /// Whether copying from here beats substitution and compression; null leaves compression to what was measured.
    pub has_fast_connection: Option<bool>,
    /// Whether a client key is generated for the machine.
    #[serde(rename = "provisionSSHKey")]
    pub provision_ssh_key: bool,
    /// Release of NixOS, such as `26.05`.
    pub nixos_release: String,
    /// Address that is reachable from everywhere, if there is one.
    #[serde(rename = "publicIPv4")]
    pub public_ipv4: Option<String>,
    /// Words that select the machine as `@tag`.
    pub tags: Vec<String>,
    /// Whether the machine builds its own system.
    pub build_on_target: bool,
    /// Whether the machine asks its own binary caches before we send.
    pub substitute_on_destination: bool,
    /// Protocol of Nix in which the closure is sent.
    pub copy_protocol: CopyProtocol,
    /// When the host goes back to what ran before.
    #[serde(default)]
    pub rollback: RollbackOptions,
    /// What must hold of the machine before a new system is there to stay, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub health_checks: BTreeMap<String, HealthCheck>,
    /// How it begins and ends where a backend makes it.
    #[serde(default, skip_serializing_if = "Lifecycle::is_default")]
    pub lifecycle: Lifecycle,
    /// What plugins export, untouched.
    #[serde(flatten)]
    pub exported: BTreeMap<String, Value>,
}

/// When a host goes back to what ran before a deploy.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RollbackOptions {
    /// Whether it goes back where the new system fails or is not confirmed.
    pub enable: bool,
    /// Seconds within which the new system is to be confirmed over a new connection.
    #[schemars(range(min = 1))]
    pub timeout: u64,
    /// Seconds that `switch-to-configuration` may take.
    #[schemars(range(min = 1))]
    pub activation_timeout: u64,
    /// Whether it goes back where units fail.
    pub on_failed_units: bool,
}

impl Default for RollbackOptions {
    fn default() -> Self {
        Self {
            enable: true,
            timeout: 60,
            activation_timeout: 600,
            on_failed_units: false,
        }
    }
}

/// Protocol of Nix over SSH.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum CopyProtocol {
    /// One stream of all paths, and the serve protocol for large ones.
    #[default]
    #[serde(rename = "ssh")]
    Ssh,
    /// The daemon protocol over SSH.
    #[serde(rename = "ssh-ng")]
    SshNg,
}

impl fmt::Display for CopyProtocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ssh => "ssh",
            Self::SshNg => "ssh-ng",
        })
    }
}

impl MachineOptions {
    /// What `deployment.targetEnv` says of a host that exists.
    pub const NO_BACKEND: &str = "none";

    /// What the options of the machine's backend say, as its plugin exports them.
    pub fn backend_inputs(&self) -> Map<String, Value> {
        let exported = self.exported.get(&self.target_env);
        exported
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    }

    /// Whether a backend makes the machine.
    pub fn has_backend(&self) -> bool {
        self.target_env != Self::NO_BACKEND
    }
}

/// A machine whose system has been evaluated.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Machine {
    /// Attribute name of the machine in the network.
    pub name: String,
    /// Its options.
    pub options: MachineOptions,
    /// Store path of the derivation of its system.
    pub derivation: String,
    /// Store path of its system once it is built.
    pub system: String,
}
