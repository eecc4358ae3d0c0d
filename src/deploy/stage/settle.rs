//! Single steps, each with its intent in the journal before and its result after.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nixops_plugin::protocol::{
    Attributes, Create, Created, FailureKind, ResourceState, Update, Updated,
};

use crate::plan::with_ignored;
use crate::plugin::{Provider, WORK};
use crate::preview::Preview;
use crate::state::{
    Change, Entry, Key, Lifecycle, Operation, Phase, Record, Records, SecretParts, Secrets, Stage,
    Store,
};

use super::super::Mutation;
use super::super::token::new_token;
use super::super::trouble::Trouble;

/// What a resource is to be.
#[derive(Clone, Debug)]
pub(super) struct Aim {
    /// The resource.
    pub(super) key: Key,
    /// Its inputs with tokens in the places of secrets.
    pub(super) shown: Attributes,
    /// Its inputs as its provider gets them.
    pub(super) inputs: Attributes,
    /// What had to be there before it.
    pub(super) needs: BTreeSet<Key>,
    /// How it begins and ends.
    pub(super) lifecycle: Lifecycle,
}

/// Takes steps, and keeps what is recorded in step with the store.
pub(super) struct Steps<'a> {
    pub(super) preview: &'a Preview<'a>,
    pub(super) store: &'a dyn Store,
    records: Mutex<Records>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(preview: &'a Preview<'a>, store: &'a dyn Store, records: Records) -> Self {
        Self {
            preview,
            store,
            records: Mutex::new(records),
        }
    }

    /// The record of a resource.
    pub(super) fn record(&self, key: &Key) -> Option<Record> {
        self.records().current.get(key).cloned()
    }

    /// The record of a deposed resource.
    pub(super) fn deposed(&self, key: &Key, token: &str) -> Option<Record> {
        let records = self.records();
        let mut deposed = records.deposed.iter();
        deposed
            .find(|(of, record)| of == key && record.token == token)
            .map(|(_, record)| record.clone())
    }

    /// Has a resource made. The token of a run that did not end is used again: a provider that has
    /// made the resource after all gives that one.
    pub(super) fn create(
        &self,
        _: &Mutation,
        aim: &Aim,
        token: Option<String>,
    ) -> Result<Attributes, Trouble> {
        let token = token.map_or_else(new_token, Ok)?;
        let provider = self.preview.provider(&aim.key)?;
        let intent = self.intent(&provider, aim, token);
        let put = Change::Put(aim.key.clone(), Box::new(intent.clone()));
        self.write(Operation::Create, Stage::Intent, &intent, &aim.key, &[put])?;
        self.ask_for(&provider, aim, intent, None)
    }

    /// Puts a resource aside for a new one, which is made; gives the token of the old one, and the outputs
    /// of the new one.
    pub(super) fn supersede(
        &self,
        _: &Mutation,
        aim: &Aim,
    ) -> Result<(String, Attributes), Trouble> {
        let old = self.expect(&aim.key)?;
        let provider = self.preview.provider(&aim.key)?;
        let intent = self.intent(&provider, aim, new_token()?);
        let changes = [
            Change::Depose(aim.key.clone()),
            Change::Put(aim.key.clone(), Box::new(intent.clone())),
        ];
        self.write(
            Operation::Depose,
            Stage::Intent,
            &intent,
            &aim.key,
            &changes,
        )?;
        let token = old.token.clone();
        let outputs = self.ask_for(&provider, aim, intent, Some(old))?;
        Ok((token, outputs))
    }

    fn intent(&self, provider: &Provider, aim: &Aim, token: String) -> Record {
        let (inputs, secret_inputs) = self
            .preview
            .divide_inputs(&aim.key, &aim.shown, &aim.inputs);
        Record {
            plugin: provider.subject().origin.plugin.clone(),
            version: self.preview.version(&aim.key),
            token,
            phase: Phase::Creating,
            state: ResourceState {
                inputs,
                ..ResourceState::default()
            },
            secrets: Secrets::of(SecretParts {
                inputs: secret_inputs,
                ..SecretParts::default()
            }),
            needs: aim.needs.clone(),
            lifecycle: aim.lifecycle.clone(),
        }
    }

    /// Asks for a resource whose intent is written; `old` is what it replaces.
    fn ask_for(
        &self,
        provider: &Provider,
        aim: &Aim,
        intent: Record,
        old: Option<Record>,
    ) -> Result<Attributes, Trouble> {
        let work = Create {
            resource: aim.key.reference(self.preview.deployment),
            inputs: aim.inputs.clone(),
            token: intent.token.clone(),
        };
        match provider.create(&work, WORK) {
            Ok(created) => {
                let outputs = created.outputs.clone();
                self.made(Operation::Create, aim, intent, created)?;
                self.preview.check_outputs(&aim.key, &outputs)?;
                Ok(outputs)
            }
            Err(error) => {
                // Who refuses inputs has made nothing. Of all others that is not known.
                if error.kind() == Some(FailureKind::Invalid) {
                    let undone = undo(&aim.key, old);
                    self.write(Operation::Create, Stage::Failed, &intent, &aim.key, &undone)?;
                }
                Err(error.into())
            }
        }
    }

    /// Takes over what a run that did not end has had made.
    pub(super) fn adopt(
        &self,
        _: &Mutation,
        aim: &Aim,
        created: Created,
    ) -> Result<Attributes, Trouble> {
        let record = self.expect(&aim.key)?;
        let outputs = created.outputs.clone();
        self.made(Operation::Adopt, aim, record, created)?;
        Ok(outputs)
    }

    /// Writes that a resource is there.
    fn made(
        &self,
        operation: Operation,
        aim: &Aim,
        record: Record,
        created: Created,
    ) -> Result<(), Trouble> {
        let record = self.with_created(&aim.key, record, created)?;
        let put = Change::Put(aim.key.clone(), Box::new(record.clone()));
        self.write(operation, Stage::Done, &record, &aim.key, &[put])
    }

    pub(super) fn with_created(
        &self,
        key: &Key,
        record: Record,
        created: Created,
    ) -> Result<Record, Trouble> {
        let parts = self.parts(&record)?;
        let now = Updated {
            outputs: created.outputs,
            private: created.private,
        };
        let record = Record {
            phase: Phase::Ready,
            state: ResourceState {
                id: created.id,
                ..record.state.clone()
            },
            ..record
        };
        Ok(self.with_outputs(key, record, parts.inputs, now))
    }

    /// Has a resource changed.
    pub(super) fn update(
        &self,
        _: &Mutation,
        aim: &Aim,
        now: Option<&Updated>,
    ) -> Result<Attributes, Trouble> {
        let record = self.expect(&aim.key)?;
        let kept = self.store.reveal(&record)?;
        let ignored = &aim.lifecycle.ignore_changes;
        let aim = &Aim {
            inputs: with_ignored(&aim.inputs, &kept.inputs, ignored),
            shown: with_ignored(&aim.shown, &record.state.inputs, ignored),
            ..aim.clone()
        };
        let prior = match now {
            Some(now) => ResourceState {
                outputs: now.outputs.clone(),
                private: now.private.clone(),
                ..kept
            },
            None => kept,
        };
        let provider = self.preview.provider(&aim.key)?;
        let intent = Record {
            phase: Phase::Updating,
            ..record.clone()
        };
        let put = Change::Put(aim.key.clone(), Box::new(intent.clone()));
        self.write(Operation::Update, Stage::Intent, &intent, &aim.key, &[put])?;
        let work = Update {
            resource: aim.key.reference(self.preview.deployment),
            prior,
            inputs: aim.inputs.clone(),
        };
        let updated = provider.update(&work, WORK)?;
        let outputs = updated.outputs.clone();
        self.write_settled(Operation::Update, aim, record, updated)?;
        self.preview.check_outputs(&aim.key, &outputs)?;
        Ok(outputs)
    }

    /// Writes what is known of a resource that is left alone, if that is news.
    pub(super) fn keep(
        &self,
        _: &Mutation,
        aim: &Aim,
        now: Option<Updated>,
    ) -> Result<Attributes, Trouble> {
        let record = self.expect(&aim.key)?;
        let kept = self.store.reveal(&record)?;
        let now = now.unwrap_or_else(|| Updated {
            outputs: kept.outputs.clone(),
            private: kept.private.clone(),
        });
        let outputs = now.outputs.clone();
        let is_news = record.phase != Phase::Ready
            || record.needs != aim.needs
            || record.lifecycle != aim.lifecycle
            || kept.outputs != now.outputs
            || kept.private != now.private;
        if is_news {
            // Its inputs stay what it was last brought to: differences that are ignored remain.
            let aim = Aim {
                shown: record.state.inputs.clone(),
                inputs: kept.inputs,
                ..aim.clone()
            };
            self.write_settled(Operation::Refresh, &aim, record, now)?;
        }
        Ok(outputs)
    }

    fn write_settled(
        &self,
        operation: Operation,
        aim: &Aim,
        record: Record,
        now: Updated,
    ) -> Result<(), Trouble> {
        let (inputs, secret_inputs) = self
            .preview
            .divide_inputs(&aim.key, &aim.shown, &aim.inputs);
        let record = Record {
            phase: Phase::Ready,
            version: self.preview.version(&aim.key),
            needs: aim.needs.clone(),
            lifecycle: aim.lifecycle.clone(),
            state: ResourceState {
                inputs,
                ..record.state
            },
            ..record
        };
        let record = self.with_outputs(&aim.key, record, secret_inputs, now);
        let put = Change::Put(aim.key.clone(), Box::new(record.clone()));
        self.write(operation, Stage::Done, &record, &aim.key, &[put])
    }

    pub(super) fn expect(&self, key: &Key) -> Result<Record, Trouble> {
        self.record(key).ok_or_else(|| {
            Trouble::new(
                format!("nothing is recorded of {key}; this is a defect"),
                None,
            )
        })
    }

    pub(super) fn write(
        &self,
        operation: Operation,
        stage: Stage,
        record: &Record,
        key: &Key,
        changes: &[Change],
    ) -> Result<(), Trouble> {
        let entry = Entry {
            token: Some(record.token.clone()),
            ..Entry::new(key, operation, stage)
        };
        self.store.write(&entry, changes)?;
        let mut records = self.records();
        for change in changes {
            records.apply(change);
        }
        Ok(())
    }

    /// A record with what a provider told, divided by what may be seen of it.
    pub(super) fn with_outputs(
        &self,
        key: &Key,
        record: Record,
        secret_inputs: Option<Attributes>,
        now: Updated,
    ) -> Record {
        let (plain, secret_outputs) = self.preview.divide_outputs(key, now.outputs);
        let secrets = Secrets::of(SecretParts {
            inputs: secret_inputs,
            outputs: secret_outputs,
            private: now.private,
        });
        Record {
            state: ResourceState {
                outputs: plain,
                private: None,
                ..record.state
            },
            secrets,
            ..record
        }
    }

    pub(super) fn parts(&self, record: &Record) -> Result<SecretParts, Trouble> {
        let whole = self.store.reveal(record)?;
        Ok(SecretParts {
            inputs: (whole.inputs != record.state.inputs).then_some(whole.inputs),
            ..SecretParts::default()
        })
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a refused `create` leaves: nothing, or what it was to replace.
fn undo(key: &Key, old: Option<Record>) -> Vec<Change> {
    match old {
        None => vec![Change::Remove(key.clone())],
        Some(old) => vec![
            Change::RemoveDeposed(key.clone(), old.token.clone()),
            Change::Put(key.clone(), Box::new(old)),
        ],
    }
}
