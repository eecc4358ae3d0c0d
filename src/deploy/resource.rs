//! One resource, brought to what it is to be.

use nixops_plugin::protocol::{
    Attributes, Create, Created, FailureKind, ResourceState, Update, Updated,
};
use serde_json::Value;

use crate::plan::{Found, ResourceAction, ResourceOutcome, changes};
use crate::plugin::WORK;
use crate::preview::Preview;
use crate::state::{Change, Entry, Key, Operation, Phase, Record, Stage, Store};

use super::Mutation;
use super::trouble::Trouble;

/// What became of a resource, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    /// What became of it.
    pub(super) outcome: ResourceOutcome,
    /// What its provider says of it; nothing if it is not there.
    pub(super) outputs: Option<Attributes>,
}

/// What resources are settled with.
pub(super) struct Settling<'a> {
    /// Asks what there is.
    pub(super) preview: &'a Preview<'a>,
    /// Where what is true is kept.
    pub(super) store: &'a dyn Store,
}

impl Settling<'_> {
    /// Brings a resource to what it is to be; without the capability only says what would be done.
    pub(super) fn settle(
        &self,
        mutation: Option<&Mutation>,
        key: &Key,
        inputs: &Attributes,
    ) -> Result<Settled, Trouble> {
        let record = self.store.records()?.current.remove(key);
        let found = self.preview.look(key, record.as_ref(), inputs)?;
        match mutation {
            Some(mutation) => self.act(mutation, key, inputs, record, found),
            None => foretell(key, found),
        }
    }

    fn act(
        &self,
        mutation: &Mutation,
        key: &Key,
        inputs: &Attributes,
        record: Option<Record>,
        found: Found,
    ) -> Result<Settled, Trouble> {
        let is_unfinished = matches!(found, Found::Unfinished(_));
        match (ResourceAction::decide(found), record) {
            (ResourceAction::Keep(now), Some(record)) => {
                self.keep(key, record, &now)?;
                Ok(settled(ResourceOutcome::Unchanged, now.outputs))
            }
            (ResourceAction::Update, Some(record)) => self.update(mutation, key, inputs, record),
            (ResourceAction::Adopt(created), Some(record)) => {
                self.adopt(key, record, created)?;
                let settled = self.settle(Some(mutation), key, inputs)?;
                let outcome = match settled.outcome {
                    ResourceOutcome::Unchanged => ResourceOutcome::Adopted,
                    other => other,
                };
                Ok(Settled { outcome, ..settled })
            }
            (ResourceAction::Refuse { paths }, _) => Err(replacement(key, &paths)),
            // The token of a run that did not end is used again: a provider that has made the
            // resource after all gives that one.
            (_, record) => {
                let token = record.filter(|_| is_unfinished).map(|record| record.token);
                self.create(mutation, key, inputs, token)
            }
        }
    }

    fn create(
        &self,
        _: &Mutation,
        key: &Key,
        inputs: &Attributes,
        token: Option<String>,
    ) -> Result<Settled, Trouble> {
        let token = token.map_or_else(new_token, Ok)?;
        let provider = self.preview.provider(key)?;
        let intent = Record {
            plugin: provider.subject().origin.plugin.clone(),
            version: self.preview.version(key),
            token: token.clone(),
            phase: Phase::Creating,
            state: ResourceState {
                inputs: self.storable(key, inputs),
                ..ResourceState::default()
            },
            secrets: crate::state::Secrets::Nothing,
            needs: Default::default(),
            lifecycle: Default::default(),
        };
        self.put(key, intent.clone())?;
        let work = Create {
            resource: key.reference(self.preview.deployment),
            inputs: inputs.clone(),
            token,
        };
        let created = provider.create(&work, WORK);
        let created = match created {
            Ok(created) => created,
            Err(error) => {
                // Who refuses inputs has made nothing. Of all others that is not known.
                if error.kind() == Some(FailureKind::Invalid) {
                    let entry = Entry::new(key, Operation::Create, Stage::Failed);
                    self.store.write(&entry, &[Change::Remove(key.clone())])?;
                }
                return Err(error.into());
            }
        };
        let outputs = created.outputs.clone();
        self.adopt(key, intent, created)?;
        self.preview.check_outputs(key, &outputs)?;
        Ok(settled(ResourceOutcome::Created, outputs))
    }

    fn update(
        &self,
        _: &Mutation,
        key: &Key,
        inputs: &Attributes,
        record: Record,
    ) -> Result<Settled, Trouble> {
        let work = Update {
            resource: key.reference(self.preview.deployment),
            prior: record.state.clone(),
            inputs: inputs.clone(),
        };
        let updated = self.preview.provider(key)?.update(&work, WORK)?;
        let state = ResourceState {
            inputs: self.storable(key, inputs),
            ..record.state
        };
        self.keep(key, Record { state, ..record }, &updated)?;
        self.preview.check_outputs(key, &updated.outputs)?;
        Ok(settled(ResourceOutcome::Updated, updated.outputs))
    }

    /// Writes that a resource is there.
    fn adopt(&self, key: &Key, record: Record, created: Created) -> Result<(), Trouble> {
        let state = ResourceState {
            id: created.id,
            inputs: record.state.inputs,
            outputs: self.storable_outputs(key, &created.outputs),
            private: created.private,
        };
        let record = Record {
            phase: Phase::Ready,
            state,
            ..record
        };
        self.put(key, record)
    }

    /// Writes what a provider told last, if it is news.
    fn keep(&self, key: &Key, record: Record, now: &Updated) -> Result<(), Trouble> {
        let state = ResourceState {
            outputs: self.storable_outputs(key, &now.outputs),
            private: now.private.clone(),
            ..record.state.clone()
        };
        let new = Record { state, ..record };
        if self.store.records()?.current.get(key) != Some(&new) {
            self.put(key, new)?;
        }
        Ok(())
    }

    fn put(&self, key: &Key, record: Record) -> Result<(), Trouble> {
        let entry = Entry::new(key, Operation::Refresh, Stage::Done);
        Ok(self
            .store
            .write(&entry, &[Change::Put(key.clone(), Box::new(record))])?)
    }

    /// Inputs without what must not be kept.
    fn storable(&self, key: &Key, inputs: &Attributes) -> Attributes {
        let schemas = self.preview.schemas;
        attributes(schemas.without_sensitive(&key.kind, &Value::Object(inputs.clone())))
    }

    fn storable_outputs(&self, key: &Key, outputs: &Attributes) -> Attributes {
        let schemas = self.preview.schemas;
        let outputs = Value::Object(outputs.clone());
        attributes(match schemas.outputs(&key.kind) {
            Some(schema) => schema.without_sensitive(&outputs),
            None => outputs,
        })
    }
}

fn foretell(key: &Key, found: Found) -> Result<Settled, Trouble> {
    let changes = match &found {
        Found::There { difference, .. } => changes(difference),
        _ => Vec::new(),
    };
    let outputs = match &found {
        Found::There { now, .. } => Some(now.outputs.clone()),
        Found::Unfinished(Some(created)) => Some(created.outputs.clone()),
        _ => None,
    };
    let outcome = match ResourceAction::decide(found) {
        ResourceAction::Create => ResourceOutcome::WouldCreate,
        ResourceAction::Keep(_) => ResourceOutcome::Unchanged,
        ResourceAction::Update | ResourceAction::Adopt(_) => {
            ResourceOutcome::WouldUpdate { changes }
        }
        ResourceAction::Refuse { paths } => return Err(replacement(key, &paths)),
    };
    Ok(Settled { outcome, outputs })
}

fn replacement(key: &Key, paths: &[String]) -> Trouble {
    let message = format!(
        "{key} would have to be replaced: {} cannot be changed",
        paths.join(", ")
    );
    let hint = "this version replaces nothing; set it back, or give the new resource another name";
    Trouble::new(message, Some(hint.to_owned()))
}

fn settled(outcome: ResourceOutcome, outputs: Attributes) -> Settled {
    Settled {
        outcome,
        outputs: Some(outputs),
    }
}

fn attributes(value: Value) -> Attributes {
    match value {
        Value::Object(attributes) => attributes,
        _ => Attributes::new(),
    }
}

/// A word that no other resource has.
fn new_token() -> Result<String, Trouble> {
    let mut bytes = [0; 16];
    let read = std::fs::File::open("/dev/urandom")
        .and_then(|mut random| std::io::Read::read_exact(&mut random, &mut bytes));
    read.map_err(|error| Trouble::new(format!("cannot read /dev/urandom: {error}"), None))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
