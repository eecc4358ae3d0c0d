//! From what NixOps 2 kept to what is kept here.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use nixops_plugin::protocol::{Attributes, ResourceState};
use serde_json::{Map, Value};

use crate::state::{
    Deployment, Key, Lifecycle, MachineRecord, Phase, Record, SecretParts, Secrets, StoredArgument,
};

use super::{
    Error, OldDeployment, OldResource,
    machine::{self, Machine},
    old,
};

/// What stands in place of a plugin in the record of a resource whose plugin is not known. No plugin can have
/// such a name.
pub const UNTOUCHED: &str = "NixOps 2";

/// Name of the plugin that the types of NixOps itself have in records.
const CORE: &str = "nixops";

/// Deployment attributes that have a place of their own here.
const PLACED: [&str; 3] = ["name", "description", "args"];

/// A deployment in the form that it has here, still in memory, its secrets in the clear.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brought {
    /// The deployment.
    pub deployment: Deployment,
    /// Its resources; those that no plugin is known of have [`UNTOUCHED`] in place of one.
    pub records: BTreeMap<Key, Record>,
    /// Its machines.
    pub machines: BTreeMap<String, MachineRecord>,
    /// What NixOps 2 kept of machines and what may be secret, by machine.
    pub secrets: BTreeMap<String, SecretParts>,
}

impl OldDeployment {
    /// Gives a deployment the form that it has here.
    pub fn bring(self) -> Result<Brought, Error> {
        let mut brought = Brought {
            deployment: self.deployment()?,
            ..Brought::default()
        };
        for resource in self.resources {
            add(&mut brought, resource)?;
        }
        Ok(brought)
    }

    fn deployment(&self) -> Result<Deployment, Error> {
        let whose = || format!("deployment {}", self.uuid);
        let arguments: Option<BTreeMap<String, String>> =
            old::json(&self.attributes, "args", whose)?;
        let arguments = arguments.unwrap_or_default().into_iter();
        let text = |name: &str| self.attributes.get(name).cloned();
        let placed = |name: &&String| PLACED.contains(&name.as_str());
        let rest = self.attributes.iter().filter(|(name, _)| !placed(name));
        let times = self.resources.iter();
        let times = times.filter_map(|it| it.number("creationTime").ok().flatten());
        Ok(Deployment {
            plugins: Vec::new(),
            uuid: self.uuid.clone(),
            name: text("name"),
            lineage: self.uuid.clone(),
            network: "default".to_owned(),
            serial: 0,
            description: text("description").unwrap_or_default(),
            source: String::new(),
            arguments: arguments
                .map(|(name, value)| (name, StoredArgument::Expression(value)))
                .collect(),
            created: times.min().unwrap_or_default(),
            legacy: rest
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }
}

fn add(brought: &mut Brought, old: OldResource) -> Result<(), Error> {
    if old.is_machine() {
        let Machine { record, secrets } = machine::bring(&old)?;
        let taken = brought.machines.insert(old.name.clone(), record);
        if taken.is_some() {
            return Err(twice(&brought.deployment, old.kind, old.name));
        }
        if old.kind == machine::NONE {
            if !secrets.is_empty() {
                brought.secrets.insert(old.name, secrets);
            }
            return Ok(());
        }
    }
    let (key, record) = match old.kind.as_str() {
        // Without what it was to give, it was never made.
        "ssh-keypair" if old.text("privateKey").is_none() => return Ok(()),
        "command-output" if old.text("value").is_none() => return Ok(()),
        "ssh-keypair" => core(&old, "sshKeyPairs", &[], &["publicKey"], &["privateKey"]),
        "command-output" => core(&old, "commandOutput", &["name", "script"], &[], &["value"]),
        _ => untouched(&old),
    };
    match brought.records.entry(key) {
        Entry::Vacant(place) => drop(place.insert(record)),
        Entry::Occupied(_) => return Err(twice(&brought.deployment, old.kind, old.name)),
    }
    Ok(())
}

fn twice(deployment: &Deployment, kind: String, name: String) -> Error {
    Error::Twice {
        deployment: deployment.uuid.clone(),
        kind,
        name,
    }
}

/// A resource of a type that NixOps itself has. Outputs are kept whole where one of them is secret.
fn core(
    old: &OldResource,
    kind: &str,
    inputs: &[&str],
    outputs: &[&str],
    secret: &[&str],
) -> (Key, Record) {
    let of = |names: &[&str]| -> Attributes {
        let known = names.iter().filter_map(|name| {
            let text = old.text(name)?.to_owned();
            Some(((*name).to_owned(), Value::String(text)))
        });
        known.collect()
    };
    let seen = of(outputs);
    let all: Map<_, _> = seen.clone().into_iter().chain(of(secret)).collect();
    let hidden = all.len() > seen.len();
    let state = ResourceState {
        id: old.name.clone(),
        inputs: of(inputs),
        outputs: seen,
        private: None,
    };
    let parts = SecretParts {
        outputs: hidden.then_some(all),
        ..SecretParts::default()
    };
    let record = Record {
        plugin: CORE.to_owned(),
        ..record(state, parts)
    };
    (Key::new(kind, &old.name), record)
}

/// A resource that nobody knows the plugin of: all of it is sealed, since all of it may be secret.
fn untouched(old: &OldResource) -> (Key, Record) {
    let texts = old.attributes.iter();
    let attributes = texts.map(|(name, text)| (name.clone(), Value::String(text.clone())));
    let state = ResourceState {
        id: old.text("vmId").unwrap_or_default().to_owned(),
        ..ResourceState::default()
    };
    let parts = SecretParts {
        private: Some(Value::Object(attributes.collect())),
        ..SecretParts::default()
    };
    (Key::new(&old.kind, &old.name), record(state, parts))
}

fn record(state: ResourceState, parts: SecretParts) -> Record {
    Record {
        plugin: UNTOUCHED.to_owned(),
        version: 0,
        token: String::new(),
        phase: Phase::Ready,
        state,
        secrets: Secrets::of(parts),
        needs: BTreeSet::new(),
        lifecycle: Lifecycle::default(),
    }
}
