//! Keys on their way to hosts: in two moments around an activation, or in one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::evaluator::OutputRef;
use crate::host::{self, Host};
use crate::keys::{self, Difference, Parcel, Sources};
use crate::network::{KeyOptions, KeyTexts};
use crate::plan::Outcome;
use crate::process::Processes;

use super::Mutation;
use super::site::own;
use super::trouble::Trouble;

/// Gives the value of a secret output.
pub type Secret<'a> = dyn Fn(&OutputRef) -> Option<Value> + Sync + 'a;

/// Brings keys to hosts. It has the texts of those that stand in the network, as long as the run lasts.
pub(super) struct Courier<'a> {
    processes: &'a Processes,
    secret: &'a Secret<'a>,
    force: bool,
    texts: Mutex<BTreeMap<String, KeyTexts>>,
    /// What is yet to be settled, by machine.
    open: Mutex<BTreeMap<String, Difference>>,
}

impl<'a> Courier<'a> {
    /// One that sends what is different, or all if `force` says so.
    pub(super) fn new(processes: &'a Processes, secret: &'a Secret<'a>, force: bool) -> Self {
        Self {
            processes,
            secret,
            force,
            texts: Mutex::default(),
            open: Mutex::default(),
        }
    }

    /// Takes note of the texts of a machine's keys.
    pub(super) fn learn(&self, machine: String, texts: KeyTexts) {
        lock(&self.texts).insert(machine, texts);
    }

    /// Puts keys in place that are not there yet, and stages those that are others now.
    pub(super) fn put(
        &self,
        _: &Mutation,
        host: &Host,
        options: &BTreeMap<String, KeyOptions>,
    ) -> Result<(), Trouble> {
        let difference = self.compare(host, options)?;
        bring(host, difference.put())?;
        lock(&self.open).insert(host.machine().to_owned(), difference);
        Ok(())
    }

    /// Replaces keys by those that were staged, and removes what is wanted no more.
    ///
    /// Not twice: where it is not known how it ended, [`send`](Self::send) finds out what is left to be done.
    pub(super) fn settle(&self, _: &Mutation, host: &Host) -> host::Result<()> {
        let difference = lock(&self.open).remove(host.machine());
        match difference.and_then(|difference| difference.settle()) {
            Some(parcel) => host.bring_keys(&parcel),
            None => Ok(()),
        }
    }

    /// Drops what was staged, since the old system runs again.
    pub(super) fn withdraw(&self, _: &Mutation, host: &Host) -> Result<(), Trouble> {
        match lock(&self.open).remove(host.machine()) {
            Some(difference) => bring(host, difference.drop_staged()),
            None => Ok(()),
        }
    }

    /// Brings keys to a machine whose system stays as it is, and tells what became of them.
    pub(super) fn send(
        &self,
        _: &Mutation,
        host: &Host,
        options: &BTreeMap<String, KeyOptions>,
    ) -> Result<Outcome, Trouble> {
        let difference = self.compare(host, options)?;
        if difference.is_nothing() {
            return Ok(Outcome::Unchanged);
        }
        bring(host, difference.both())?;
        let names = |names: std::collections::BTreeSet<&str>| -> Vec<String> {
            names.into_iter().map(str::to_owned).collect()
        };
        Ok(Outcome::KeysSent {
            new: names(difference.new_keys()),
            changed: names(difference.changed_keys()),
            removed: difference.removed().map(ToString::to_string).collect(),
        })
    }

    /// Finds what a host is to have, and what it has. One that never had keys is not asked.
    fn compare(
        &self,
        host: &Host,
        options: &BTreeMap<String, KeyOptions>,
    ) -> Result<Difference, Trouble> {
        let machine = host.machine();
        let trouble = |trouble: Trouble| trouble.without_prefix(&format!("{machine}: "));
        let texts = lock(&self.texts).remove(machine).unwrap_or_default();
        let sources = Sources {
            processes: self.processes,
            texts: &texts,
            secret: &|output| (self.secret)(output),
        };
        let wanted = keys::load(machine, options, sources);
        let wanted = wanted.map_err(|error| trouble(error.into()))?;
        lock(&self.texts).insert(machine.to_owned(), texts);
        let found = if wanted.is_empty() && !host.look().keys {
            keys::Found::default()
        } else {
            let paths = wanted.iter().map(|file| file.path.as_path());
            host.find_keys(paths)
                .map_err(|error| trouble(error.into()))?
        };
        let difference = Difference::of(machine, wanted, &found, self.force);
        difference.map_err(|error| trouble(error.into()))
    }
}

fn bring(host: &Host, parcel: Option<Parcel>) -> Result<(), Trouble> {
    let Some(parcel) = parcel else {
        return Ok(());
    };
    host.bring_keys(&parcel)
        .map_err(|error| own(host.machine(), error))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
