//! What is written of resources that are not touched: new names, and new forms of what is kept.

use crate::state::{Change, Entry, Key, Operation, Stage};

use super::super::Mutation;
use super::super::trouble::Trouble;
use super::settle::Steps;

impl Steps<'_> {
    /// Writes what a plugin made of a record that NixOps 2 left.
    pub(super) fn claimed(&self, _: &Mutation, from: &Key, to: &Key) -> Result<(), Trouble> {
        let record = self.expect(to)?;
        let changes = [
            Change::Remove(from.clone()),
            Change::Put(to.clone(), Box::new(record.clone())),
        ];
        self.write(Operation::Upgrade, Stage::Done, &record, to, &changes)
    }

    /// Writes the record of a resource in the form of today.
    pub(super) fn upgraded(&self, _: &Mutation, key: &Key) -> Result<(), Trouble> {
        let record = self.expect(key)?;
        let put = [Change::Put(key.clone(), Box::new(record.clone()))];
        self.write(Operation::Upgrade, Stage::Done, &record, key, &put)
    }

    /// Gives a resource the name that the network has for it now.
    pub(super) fn rename(&self, _: &Mutation, from: &Key, to: &Key) -> Result<(), Trouble> {
        let entry = Entry {
            remark: Some(format!("was {from}")),
            ..Entry::new(to, Operation::Rename, Stage::Done)
        };
        let mut changes = vec![Change::Rename(from.clone(), to.clone())];
        let machines = self.store.machines()?;
        changes.extend(Change::rename_machine(&machines, from, to));
        Ok(self.store.write(&entry, &changes)?)
    }
}
