//! A deployment, its machines and its resources, as they are shown.

use serde::Serialize;
use serde_json::Value;

use crate::state::{Key, MachineRecord, Phase, Record, Whole, nixops2::UNTOUCHED};

/// What is shown of a machine or resource.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// Its type; that of a machine is its backend.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is a machine.
    pub machine: bool,
    /// How far it has come.
    pub status: &'static str,
    /// How its provider calls it.
    pub id: Option<String>,
    /// Its public address.
    pub public_ipv4: Option<String>,
    /// Its address among its like.
    pub private_ipv4: Option<String>,
    /// How it is reached.
    pub host: Option<String>,
    /// The plugin that it belongs to.
    pub plugin: Option<String>,
    /// The system that it was last made to run.
    pub system: Option<String>,
    /// When that was, in seconds since 1970.
    pub activated: Option<i64>,
}

impl Outline {
    /// Machines and resources of a deployment: machines first.
    pub fn of(whole: &Whole) -> Vec<Self> {
        let records = &whole.records;
        let machines = whole.machines.iter().map(|(name, machine)| {
            let made = records.current.get(&Key::new(&machine.backend, name));
            Self::machine(name, machine, made)
        });
        let is_machine = |key: &Key| {
            let machine = whole.machines.get(&key.name);
            machine.is_some_and(|machine| machine.backend == key.kind)
        };
        let current = records.current.iter().filter(|(key, _)| !is_machine(key));
        let current = current.map(|(key, record)| Self::resource(key, record, false));
        let deposed = records.deposed.iter();
        let deposed = deposed.map(|(key, record)| Self::resource(key, record, true));
        machines.chain(current).chain(deposed).collect()
    }

    /// The address that people want to see.
    pub fn address(&self) -> Option<&str> {
        let all = [&self.public_ipv4, &self.host, &self.private_ipv4];
        all.into_iter().find_map(Option::as_deref)
    }

    fn machine(name: &str, machine: &MachineRecord, made: Option<&Record>) -> Self {
        let said = |name: &str| text(machine.options.as_ref()?.get(name));
        let output = |name: &str| text(made?.state.outputs.get(name));
        let status = match made {
            Some(record) if record.phase != Phase::Ready => status(record, false),
            _ if machine.system.is_some() => "deployed",
            _ => "not deployed",
        };
        Self {
            name: name.to_owned(),
            kind: machine.backend.clone(),
            machine: true,
            status,
            id: made.and_then(id),
            public_ipv4: output("publicIPv4").or_else(|| said("publicIPv4")),
            private_ipv4: output("privateIPv4"),
            host: said("targetHost"),
            plugin: made.map(|record| record.plugin.clone()),
            system: machine.system.clone(),
            activated: machine.activated,
        }
    }

    fn resource(key: &Key, record: &Record, deposed: bool) -> Self {
        Self {
            name: key.name.clone(),
            kind: key.kind.clone(),
            machine: false,
            status: status(record, deposed),
            id: id(record),
            public_ipv4: text(record.state.outputs.get("publicIPv4")),
            private_ipv4: text(record.state.outputs.get("privateIPv4")),
            host: None,
            plugin: Some(record.plugin.clone()),
            system: None,
            activated: None,
        }
    }
}

fn status(record: &Record, deposed: bool) -> &'static str {
    match record.phase {
        Phase::Creating => "being created",
        Phase::Updating => "being changed",
        Phase::Deleting => "being deleted",
        Phase::Ready if deposed => "replaced",
        Phase::Ready if record.plugin == UNTOUCHED => "kept",
        Phase::Ready => "up",
    }
}

fn id(record: &Record) -> Option<String> {
    let id = &record.state.id;
    (!id.is_empty()).then(|| id.clone())
}

fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}
