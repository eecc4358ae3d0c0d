//! What a run writes before and after each step, and the changes that go with it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Key, MachineRecord, Record};

/// A line of the journal. It is written in one transaction with the changes that it stands for.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The resource or machine.
    #[serde(flatten)]
    pub key: Key,
    /// What is done.
    pub operation: Operation,
    /// How far it is.
    pub stage: Stage,
    /// The word by which a provider finds what it made, if the operation has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Why it failed, or what else there is to say; never a value that is sensitive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// What is done with a resource or machine.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// It is made.
    Create,
    /// It was made by a run that did not end, and is taken over.
    Adopt,
    /// What its provider says of it has changed.
    Refresh,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
    /// It was gone, or is to be left alone, and is known no more.
    Forget,
    /// It is put aside for a new one.
    Depose,
    /// It has a new name.
    Rename,
    /// It was made by somebody else, and is taken over.
    Import,
    /// What is kept of it has a new form.
    Upgrade,
    /// A machine took up a system.
    Activate,
    /// Its provider did something with it that a person asked for.
    Act,
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It is about to be done.
    Intent,
    /// It is done.
    Done,
    /// It failed.
    Failed,
}

/// A change of what is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Writes the record of a resource.
    Put(Key, Box<Record>),
    /// Forgets a resource.
    Remove(Key),
    /// Puts the record of a resource aside as deposed: the network's resource is another one from now
    /// on, and this one is still to be deleted. It is known by its token.
    Depose(Key),
    /// Writes a deposed record, which its token tells from others.
    PutDeposed(Key, Box<Record>),
    /// Forgets the deposed record with this token.
    RemoveDeposed(Key, String),
    /// Gives a resource another name, in the needs of others too.
    Rename(Key, Key),
    /// Writes the record of a machine.
    PutMachine(String, Box<MachineRecord>),
    /// Forgets a machine.
    RemoveMachine(String),
}

/// A line of the journal as it is read.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalLine {
    /// Its number.
    pub number: u64,
    /// When it was written, in seconds since 1970.
    pub time: i64,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
}

impl Change {
    /// What gives the record of a machine the name that its resource gets; nothing if it is no machine, or
    /// another one has the name.
    pub fn rename_machine(
        machines: &BTreeMap<String, MachineRecord>,
        from: &Key,
        to: &Key,
    ) -> Vec<Self> {
        let machine = machines.get(&from.name);
        let machine = machine.filter(|machine| machine.backend == from.kind);
        let Some(machine) = machine.filter(|_| !machines.contains_key(&to.name)) else {
            return Vec::new();
        };
        let machine = MachineRecord {
            backend: to.kind.clone(),
            ..machine.clone()
        };
        vec![
            Self::RemoveMachine(from.name.clone()),
            Self::PutMachine(to.name.clone(), Box::new(machine)),
        ]
    }
}

impl Entry {
    /// An entry without a token and without a remark.
    pub fn new(key: &Key, operation: Operation, stage: Stage) -> Self {
        Self {
            key: key.clone(),
            operation,
            stage,
            token: None,
            remark: None,
        }
    }
}
