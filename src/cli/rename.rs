//! `nixops rename`

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::{
    plan::suggestion::nearest,
    state::{Change, DeploymentStore, Entry, Key, MachineRecord, Operation, Stage, Store as _},
};

use super::{
    Context,
    state::{HereArguments, StateArguments, WaitArguments},
};

/// Give a machine or resource another name in the state
///
/// Rename it in the network too: the next deploy finds it under its new name then and leaves it
/// alone. `deployment.lifecycle.aliases` in the network does the same without this verb.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops rename web www
  nixops rename sshKeyPairs.key deploy-key     where several are called `key`")]
pub struct Rename {
    /// Its name, or `TYPE.NAME`
    #[arg(value_name = "FROM")]
    from: String,

    /// Its new name
    #[arg(value_name = "TO")]
    to: String,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    here: HereArguments,
}

/// Why something cannot be renamed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenameError {
    /// There is no such thing.
    #[error("there is no machine or resource `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// All that there are.
        known: Vec<String>,
    },
    /// Several have the name.
    #[error("`{name}` are {}", all.join(" and "))]
    Several {
        /// The name.
        name: String,
        /// Those that have it.
        all: Vec<String>,
    },
    /// Another one has the new name.
    #[error("there is a {key} already")]
    Taken {
        /// The other one.
        key: Key,
    },
    /// It cannot be a name.
    #[error("`{name}` is no name for a machine or resource")]
    NoName {
        /// What was to be the name.
        name: String,
    },
}

impl RenameError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { name, known } => {
                let meant = nearest(name, known.iter().map(String::as_str));
                let all = || format!("there are {}", known.join(", "));
                Some(meant.map_or_else(all, |name| format!("did you mean `{name}`?")))
            }
            Self::Several { .. } => Some("say which one: TYPE.NAME".to_owned()),
            Self::Taken { .. } => None,
            Self::NoName { .. } => {
                Some("a name is made of letters, digits, `-`, `_` and `.`".to_owned())
            }
        }
    }
}

impl Rename {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let letters = |one: char| one.is_ascii_alphanumeric() || "-_.".contains(one);
        if self.to.is_empty() || self.to.starts_with('.') || !self.to.chars().all(letters) {
            return Err(RenameError::NoName { name: self.to }.into());
        }
        let here = self.here.here()?;
        let changing = self
            .state
            .choose(context, &here)?
            .hold(context, "rename", &self.wait)?;
        let store = changing.store();
        let machines = store.machines()?;
        let things = things(&store, &machines)?;
        let key = find(&things, &self.from)?;
        let new = Key::new(&key.kind, &self.to);
        refuse_taken(&things, &machines, &key, &new)?;
        let entry = Entry {
            remark: Some(format!("was {}", key.name)),
            ..Entry::new(&new, Operation::Rename, Stage::Done)
        };
        store.write(&entry, &changes(&store, &machines, &key, &new)?)?;
        changing.finish()?;
        if context.global.json {
            context
                .ui
                .data(json!({ "from": key, "to": new }).to_string());
        }
        Ok(0)
    }
}

/// Machines and resources; a machine has the type of its backend.
fn things(store: &DeploymentStore, machines: &BTreeMap<String, MachineRecord>) -> Result<Vec<Key>> {
    let mut all: Vec<_> = machines
        .iter()
        .map(|(name, machine)| Key::new(&machine.backend, name))
        .chain(store.records()?.current.into_keys())
        .collect();
    all.sort();
    all.dedup();
    Ok(all)
}

fn find(things: &[Key], name: &str) -> Result<Key, RenameError> {
    let whole = Key::parse(name);
    let whole = things.iter().filter(|key| whole.as_ref() == Some(key));
    let short = things.iter().filter(|key| key.name == name);
    let found: Vec<_> = whole.chain(short).collect();
    match found[..] {
        [one] => Ok(one.clone()),
        [] => Err(RenameError::Unknown {
            name: name.to_owned(),
            known: things.iter().map(|key| key.name.clone()).collect(),
        }),
        _ => Err(RenameError::Several {
            name: name.to_owned(),
            all: found.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// Refuses a name that is taken. No two machines have the same one, whatever their backends.
fn refuse_taken(
    things: &[Key],
    machines: &BTreeMap<String, MachineRecord>,
    old: &Key,
    new: &Key,
) -> Result<(), RenameError> {
    let machine = |name: &str| machines.get(name).map(|it| Key::new(&it.backend, name));
    let is_machine = machine(&old.name).as_ref() == Some(old);
    let other = machine(&new.name).filter(|_| is_machine);
    let same = things.contains(new).then(|| new.clone());
    match same.or(other) {
        Some(key) => Err(RenameError::Taken { key }),
        None => Ok(()),
    }
}

fn changes(
    store: &DeploymentStore,
    machines: &BTreeMap<String, MachineRecord>,
    old: &Key,
    new: &Key,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    if store.records()?.current.contains_key(old) {
        changes.push(Change::Rename(old.clone(), new.clone()));
    }
    changes.extend(Change::rename_machine(machines, old, new));
    Ok(changes)
}
