//! The state: what is true now of the resources of a deployment.
//!
//! [`Store`] is what the other rooms know of it. The intent of a step is written before its provider is
//! asked, with the token by which the provider finds again what it made, and the result after, so that
//! a run that ends anywhere leaves enough for the next one to adopt what is there.

mod backend;
mod clock;
mod database;
mod deployment;
mod error;
pub mod exchange;
mod identity;
mod journal;
mod json_file;
mod lock;
pub mod nixops2;
mod place;
mod record;
mod remembered;
mod rows;
mod runs;
pub mod seal;
mod sealer;
pub mod shared;
mod store;
mod trouble;

#[cfg(test)]
mod tests;

pub use backend::{Backend, Held, Purpose};
pub use clock::{now, utc};
pub use database::Database;
pub use deployment::{Deployment, MachineRecord, StoredArgument, Unfinished, Whole, new_uuid};
pub use error::Error;
pub use identity::{Identity, Recorded, check_binding};
pub use journal::{Change, Entry, JournalLine, Operation, Stage};
pub use json_file::JsonError;
pub use lock::{Holder, RunLock, holder, unlock};
pub use place::{Place, SharedPlace};
pub use record::{Key, Lifecycle, Phase, Record, SecretParts, Secrets};
pub use remembered::{Remembered, cache};
pub use runs::{Run, Runs};
pub use sealer::{NoKey, Sealer};
pub use store::DeploymentStore;

use std::collections::BTreeMap;

use nixops_plugin::protocol::ResourceState;

/// A name as that of a file: the names of deployments and machines are any text.
pub fn file_name(name: &str) -> String {
    let name = name.replace('%', "%25").replace('/', "%2f");
    match name.strip_prefix('.') {
        Some(rest) => format!("%2e{rest}"),
        None => name,
    }
}

/// Everything that is kept of resources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// The resources of the network as it was deployed, and machines that backends made.
    pub current: BTreeMap<Key, Record>,
    /// Resources that others have replaced and that are still to be deleted.
    pub deposed: Vec<(Key, Record)>,
}

impl Records {
    /// Makes a change here too, as a store has made it.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Put(key, record) => drop(self.current.insert(key.clone(), *record.clone())),
            Change::Remove(key) => drop(self.current.remove(key)),
            Change::Depose(key) => {
                let record = self.current.remove(key);
                self.deposed
                    .extend(record.map(|record| (key.clone(), record)));
            }
            Change::PutDeposed(key, record) => {
                self.remove_deposed(key, &record.token);
                self.deposed.push((key.clone(), *record.clone()));
            }
            Change::RemoveDeposed(key, token) => self.remove_deposed(key, token),
            Change::Rename(from, to) => self.rename(from, to),
            Change::PutMachine(..) | Change::RemoveMachine(_) => {}
        }
    }

    fn remove_deposed(&mut self, key: &Key, token: &str) {
        self.deposed
            .retain(|(of, record)| of != key || record.token != token);
    }

    fn rename(&mut self, from: &Key, to: &Key) {
        if let Some(record) = self.current.remove(from) {
            self.current.insert(to.clone(), record);
        }
        for (key, _) in self.deposed.iter_mut().filter(|(key, _)| key == from) {
            *key = to.clone();
        }
        let deposed = self.deposed.iter_mut().map(|(_, record)| record);
        for record in self.current.values_mut().chain(deposed) {
            if record.needs.remove(from) {
                record.needs.insert(to.clone());
            }
        }
    }
}

/// What is kept of one deployment. Who writes holds the deployment's lock.
pub trait Store: Send + Sync {
    /// The deployment.
    fn deployment(&self) -> Result<Deployment, Error>;

    /// Everything that is kept of resources, with secrets as they are kept.
    fn records(&self) -> Result<Records, Error>;

    /// What is kept of machines by name.
    fn machines(&self) -> Result<BTreeMap<String, MachineRecord>, Error>;

    /// The last lines of the journal, oldest first.
    fn journal(&self, most: usize) -> Result<Vec<JournalLine>, Error>;

    /// Writes a line of the journal and the changes that go with it: all of it or nothing, on the disk
    /// when this returns. Secrets are sealed on the way.
    fn write(&self, entry: &Entry, changes: &[Change]) -> Result<(), Error>;

    /// The whole state of a resource, its secrets opened.
    fn reveal(&self, record: &Record) -> Result<ResourceState, Error>;
}
