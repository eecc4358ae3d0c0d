//! Machines of NixOps 2.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    network::{CopyProtocol, KeyOptions, KeySource, MachineOptions, RollbackOptions},
    state::{Lifecycle, MachineRecord, SecretParts},
};

use super::{Error, OldResource};

/// The backend of hosts that existed.
pub const NONE: &str = MachineOptions::NO_BACKEND;

/// Attributes that have a place of their own here.
const PLACED: [&str; 9] = [
    "toplevel",
    "targetHost",
    "targetPort",
    "targetUser",
    "sshOptions",
    "privilegeEscalationCommand",
    "owners",
    "hasFastConnection",
    "provisionSSHKey",
];

/// Attributes that have none, and are no secrets. All others might be.
const HARMLESS: [&str; 12] = [
    "configsPath",
    "creationTime",
    "index",
    "none.sshPublicKey",
    "none.sshPublicKeyDeployed",
    "obsolete",
    "publicIpv4",
    "publicVpnKey",
    "startTime",
    "state",
    "stateVersion",
    "vmId",
];

/// A machine in the form that it has here.
pub struct Machine {
    /// What everybody may see.
    pub record: MachineRecord,
    /// What NixOps 2 kept besides, as `private`.
    pub secrets: SecretParts,
}

/// Gives a machine the form that it has here.
pub fn bring(old: &OldResource) -> Result<Machine, Error> {
    let none = old.kind == NONE;
    let mut legacy = BTreeMap::new();
    let mut secrets = Map::new();
    // What a plugin kept of a machine is in a record of its own.
    let besides = old
        .attributes
        .iter()
        .filter(|(name, _)| none && !PLACED.contains(&name.as_str()));
    for (name, text) in besides {
        if HARMLESS.contains(&name.as_str()) {
            legacy.insert(name.clone(), text.clone());
        } else {
            secrets.insert(name.clone(), Value::String(text.clone()));
        }
    }
    Ok(Machine {
        record: MachineRecord {
            backend: old.kind.clone(),
            system: old.text("toplevel").map(str::to_owned),
            activated: None,
            settled: false,
            unfinished: None,
            options: serde_json::to_value(options(old)?).ok(),
            legacy,
        },
        secrets: SecretParts {
            private: (!secrets.is_empty()).then_some(Value::Object(secrets)),
            ..SecretParts::default()
        },
    })
}

fn options(old: &OldResource) -> Result<MachineOptions, Error> {
    let address = old.text("publicIpv4");
    let keys: BTreeMap<String, OldKey> = old.json("keys")?.unwrap_or_default();
    let keys = keys
        .into_iter()
        .map(|(name, key)| (name.clone(), key.bring(name)));
    Ok(MachineOptions {
        health_checks: BTreeMap::new(),
        lifecycle: Lifecycle::default(),
        rollback: RollbackOptions::default(),
        target_env: old.kind.clone(),
        target_host: old
            .text("targetHost")
            .or(address)
            .unwrap_or_default()
            .to_owned(),
        target_port: old.number("targetPort")?.unwrap_or(22),
        target_user: old.text("targetUser").unwrap_or("root").to_owned(),
        ssh_options: old.json("sshOptions")?.unwrap_or_default(),
        privilege_escalation_command: old.json("privilegeEscalationCommand")?.unwrap_or_default(),
        always_activate: false,
        host_name: String::new(),
        allow_local_deployment: false,
        owners: old.json("owners")?.unwrap_or_default(),
        keys: keys.collect(),
        has_fast_connection: old.flag("hasFastConnection"),
        provision_ssh_key: old.flag("provisionSSHKey").unwrap_or(true),
        nixos_release: old.text("stateVersion").unwrap_or_default().to_owned(),
        public_ipv4: address.map(str::to_owned),
        tags: Vec::new(),
        build_on_target: false,
        substitute_on_destination: false,
        copy_protocol: CopyProtocol::Ssh,
        exported: BTreeMap::new(),
    })
}

/// A key as NixOps 2 kept it, with its text if it has one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldKey {
    name: Option<String>,
    path: Option<String>,
    dest_dir: Option<String>,
    user: Option<String>,
    group: Option<String>,
    permissions: Option<String>,
    key_file: Option<String>,
    key_command: Option<Vec<String>>,
}

impl OldKey {
    /// The key without its text.
    fn bring(self, attribute: String) -> KeyOptions {
        let root = || "root".to_owned();
        let name = self.name.unwrap_or(attribute);
        let dest_dir = self.dest_dir.unwrap_or_else(|| "/run/keys".to_owned());
        let source = match (self.key_file, self.key_command) {
            (Some(key_file), _) => KeySource::File { key_file },
            (None, Some(key_command)) => KeySource::Command { key_command },
            (None, None) => KeySource::Text { literal: true },
        };
        KeyOptions {
            path: self.path.unwrap_or_else(|| format!("{dest_dir}/{name}")),
            name,
            dest_dir,
            user: self.user.unwrap_or_else(root),
            group: self.group.unwrap_or_else(root),
            permissions: self.permissions.unwrap_or_else(|| "0600".to_owned()),
            persist: false,
            source,
        }
    }
}
