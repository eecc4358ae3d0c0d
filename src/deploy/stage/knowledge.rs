//! What is known of the outputs of resources, and what evaluation may know of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nixops_plugin::protocol::Attributes;
use serde_json::{Map, Value};

use crate::evaluator::{Known, Output, OutputRef, Token, substitute};
use crate::network::{Addresses, MachineOptions, Names};
use crate::schema::Registry;
use crate::state::{Error, Key, Phase, Records, Secrets, Store};

use super::super::trouble::Trouble;
use super::super::work::Reach;
use super::machines::{Machines, reached};

/// Outputs of all resources of a run. They change while resources are made.
pub(super) struct Knowledge<'a> {
    schemas: &'a Registry,
    told: Mutex<BTreeMap<Key, Told>>,
}

/// What is known of the outputs of one resource.
#[derive(Clone, Debug, Default)]
struct Told {
    values: Attributes,
    /// Whether it is there, so that what has no value has none.
    is_there: bool,
}

impl<'a> Knowledge<'a> {
    pub(super) fn new(schemas: &'a Registry) -> Self {
        let told = Mutex::default();
        Self { schemas, told }
    }

    /// Notes a resource of which nothing is known yet.
    pub(super) fn expect(&self, key: Key) {
        self.lock().entry(key).or_default();
    }

    /// Notes what a provider told, and gives the names of outputs that are new or different.
    pub(super) fn tell(&self, key: &Key, outputs: &Attributes) -> BTreeSet<String> {
        let mut told = self.lock();
        let before = told.insert(
            key.clone(),
            Told {
                values: outputs.clone(),
                is_there: true,
            },
        );
        let before = before.unwrap_or_default();
        let names = before.values.keys().chain(outputs.keys());
        let differs = |name: &&String| before.values.get(*name) != outputs.get(*name);
        names.filter(differs).cloned().collect()
    }

    /// Forgets all outputs but those that stay as they are; gives the names of those forgotten.
    pub(super) fn forget(&self, key: &Key, stable: &[String]) -> BTreeSet<String> {
        let mut told = self.lock();
        let one = told.entry(key.clone()).or_default();
        one.is_there = false;
        let names: Vec<String> = one.values.keys().cloned().collect();
        let gone = names.into_iter().filter(|name| !stable.contains(name));
        let gone: BTreeSet<String> = gone.collect();
        one.values.retain(|name, _| !gone.contains(name));
        gone
    }

    /// The value of an output, if it is known.
    pub(super) fn value(&self, output: &OutputRef) -> Option<Value> {
        let told = self.lock();
        told.get(&output.key)?
            .values
            .get(&output.attribute)
            .cloned()
    }

    /// All outputs of a resource that is there.
    pub(super) fn outputs(&self, key: &Key) -> Option<Attributes> {
        let told = self.lock();
        let told = told.get(key).filter(|told| told.is_there)?;
        Some(told.values.clone())
    }

    /// Puts secrets in the place of their tokens.
    pub(super) fn fill(&self, shown: &Attributes) -> Attributes {
        let shown = Value::Object(shown.clone());
        match substitute(Token::Secret, &shown, &|output| self.value(output)) {
            Value::Object(filled) => filled,
            _ => Attributes::new(),
        }
    }

    /// What evaluation may know of all this.
    pub(super) fn known(&self) -> Known {
        let told = self.lock();
        let outputs = told.iter().map(|(key, told)| {
            let mut outputs: BTreeMap<String, Output> = BTreeMap::new();
            if !told.is_there {
                let names = output_names(self.schemas, &key.kind).into_iter();
                outputs.extend(names.map(|name| (name, Output::Unknown)));
            }
            let values = told.values.iter();
            outputs.extend(values.map(|(name, value)| {
                let output = if self.is_secret(&key.kind, name, value) {
                    Output::Secret
                } else {
                    Output::Value(value.clone())
                };
                (name.clone(), output)
            }));
            (key.clone(), outputs)
        });
        Known {
            outputs: outputs.collect(),
        }
    }

    /// Whether a schema hides an output as a whole.
    fn hides(&self, kind: &str, name: &str) -> bool {
        self.is_secret(kind, name, &Value::Null)
    }

    fn is_secret(&self, kind: &str, name: &str, value: &Value) -> bool {
        let Some(schema) = self.schemas.outputs(kind) else {
            return false;
        };
        let alone = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
        schema.without_sensitive(&alone) != alone
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What evaluation may know of outputs by what is recorded alone: for a run that asks no provider.
///
/// `names` are those of the network, and `backends` those that its machines may have.
pub fn recorded(
    store: &dyn Store,
    schemas: &Registry,
    names: &Names,
    backends: &[String],
) -> Result<Known, Error> {
    let knowledge = Knowledge::new(schemas);
    for key in names.keys().into_iter().chain(of_backends(names, backends)) {
        knowledge.expect(key);
    }
    for (key, record) in store.records()?.current {
        if record.phase != Phase::Creating {
            let mut told = record.state.outputs.clone();
            if let Secrets::Sealed(_) | Secrets::Open(_) = record.secrets {
                // What is sealed is not opened for this: that there is a secret is all that is told of it.
                let hidden = output_names(schemas, &key.kind).into_iter();
                let hidden = hidden.filter(|name| knowledge.hides(&key.kind, name));
                told.extend(hidden.map(|name| (name, Value::Null)));
            }
            knowledge.tell(&key, &told);
        }
    }
    Ok(knowledge.known())
}

/// Outputs as they are recorded, with those that nobody may see.
pub struct RecordedOutputs<'a> {
    store: &'a dyn Store,
    records: Records,
}

impl<'a> RecordedOutputs<'a> {
    /// Reads what is recorded; what is sealed is opened only where it is asked for.
    pub fn read(store: &'a dyn Store) -> Result<Self, Error> {
        let records = store.records()?;
        Ok(Self { store, records })
    }

    /// The value of an output.
    pub fn value(&self, output: &OutputRef) -> Result<Option<Value>, Error> {
        let Some(mut outputs) = self.outputs(&output.key)? else {
            return Ok(None);
        };
        Ok(outputs.remove(&output.attribute))
    }

    /// How a machine is reached: as its options say, or as what is recorded of what its backend made.
    pub fn reach(&self, machine: &str, options: &MachineOptions) -> Result<Reach, Trouble> {
        if !options.has_backend() {
            return Ok(Reach::Options);
        }
        let made = self.made(&Key::new(&options.target_env, machine))?;
        made.ok_or_else(|| Trouble::not_made(&options.target_env, Some("`nixops deploy` makes it")))
    }

    /// What machines are to know of those that backends made.
    pub fn addresses(&self, names: &Names, backends: &[String]) -> Result<Addresses, Trouble> {
        let mut machines = Machines::default();
        for key in of_backends(names, backends) {
            if let Some(reach) = self.made(&key)? {
                machines.note(&key.name, &reach);
            }
        }
        Ok(machines.addresses)
    }

    /// How a machine is reached that a backend made, if it did.
    fn made(&self, key: &Key) -> Result<Option<Reach>, Trouble> {
        let Some(outputs) = self.outputs(key)? else {
            return Ok(None);
        };
        Ok(Some(Reach::Backend(Box::new(reached(key, outputs)?))))
    }

    fn outputs(&self, key: &Key) -> Result<Option<Attributes>, Error> {
        let record = self.records.current.get(key);
        let made = record.filter(|record| record.phase != Phase::Creating);
        let revealed = made.map(|record| self.store.reveal(record)).transpose()?;
        Ok(revealed.map(|state| state.outputs))
    }
}

/// Machines as the resources that each backend could make of them.
fn of_backends<'a>(names: &'a Names, backends: &'a [String]) -> impl Iterator<Item = Key> + 'a {
    backends.iter().flat_map(|backend| {
        let names = names.machines.iter();
        names.map(move |name| Key::new(backend, name))
    })
}

/// Names of the outputs of a type, as its schema has them.
fn output_names(schemas: &Registry, kind: &str) -> Vec<String> {
    let schema = schemas.outputs(kind);
    let properties = schema.and_then(|schema| schema.document().get("properties"));
    let properties = properties.and_then(Value::as_object);
    properties.map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
}
