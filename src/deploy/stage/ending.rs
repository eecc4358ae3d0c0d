//! The steps by which resources end, each with its intent in the journal before and its result after.

use nixops_plugin::protocol::Delete;

use crate::plugin::WORK;
use crate::state::{Change, Key, Operation, Phase, Record, Stage};

use super::super::Mutation;
use super::super::trouble::Trouble;
use super::settle::Steps;

impl Steps<'_> {
    /// Has a resource deleted, and forgets it.
    pub(super) fn delete(&self, _: &Mutation, key: &Key) -> Result<(), Trouble> {
        let record = self.expect(key)?;
        let put = |record: &Record| Change::Put(key.clone(), Box::new(record.clone()));
        self.remove(key, &record, &put, Change::Remove(key.clone()))
    }

    /// Has a resource deleted that another one has replaced.
    pub(super) fn clear(&self, _: &Mutation, key: &Key, token: &str) -> Result<(), Trouble> {
        let Some(record) = self.deposed(key, token) else {
            return Ok(());
        };
        let put = |record: &Record| Change::PutDeposed(key.clone(), Box::new(record.clone()));
        let gone = Change::RemoveDeposed(key.clone(), token.to_owned());
        self.remove(key, &record, &put, gone)
    }

    fn remove(
        &self,
        key: &Key,
        record: &Record,
        put: &dyn Fn(&Record) -> Change,
        gone: Change,
    ) -> Result<(), Trouble> {
        let operation = Operation::Delete;
        let Some(made) = self.finished(key, record)? else {
            return self.write(operation, Stage::Done, record, key, &[gone]);
        };
        let prior = self.store.reveal(&made)?;
        let intent = Record {
            phase: Phase::Deleting,
            ..made
        };
        self.write(operation, Stage::Intent, &intent, key, &[put(&intent)])?;
        let work = Delete {
            resource: key.reference(self.preview.deployment),
            prior,
        };
        if let Err(error) = self.preview.provider(key)?.delete(&work, WORK) {
            // Who says that it failed has it still; of all others that is not known.
            if error.kind().is_some() {
                self.write(operation, Stage::Failed, record, key, &[put(record)])?;
            }
            return Err(error.into());
        }
        self.write(operation, Stage::Done, record, key, &[gone])
    }

    /// The record of a resource that is to be deleted, with what became of it where a run ended while it
    /// was being made: whoever goes on with the deletion has to know it too. Nothing if it was never made.
    fn finished(&self, key: &Key, record: &Record) -> Result<Option<Record>, Trouble> {
        if record.phase != Phase::Creating {
            return Ok(Some(record.clone()));
        }
        let Some(created) = self.preview.find(key, &record.token)? else {
            return Ok(None);
        };
        Ok(Some(self.with_created(key, record.clone(), created)?))
    }

    /// Forgets a resource and leaves it as it is.
    pub(super) fn forget(&self, _: &Mutation, key: &Key) -> Result<(), Trouble> {
        let record = self.expect(key)?;
        let gone = [Change::Remove(key.clone())];
        self.write(Operation::Forget, Stage::Done, &record, key, &gone)
    }

    /// Forgets a resource that another one has replaced, and leaves it as it is.
    pub(super) fn release(&self, _: &Mutation, key: &Key, token: &str) -> Result<(), Trouble> {
        let Some(record) = self.deposed(key, token) else {
            return Ok(());
        };
        let gone = [Change::RemoveDeposed(key.clone(), token.to_owned())];
        self.write(Operation::Forget, Stage::Done, &record, key, &gone)
    }
}
