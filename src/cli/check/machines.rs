//! The machines and resources that are meant.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::{
    network::MachineOptions,
    state::{Key, MachineRecord, Records},
};

use super::super::selection::SelectionArguments;
use super::targets::options;

/// Machines that are meant, as they are recorded, and those among them that backends made.
pub(super) struct Machines {
    pub(super) records: BTreeMap<String, MachineRecord>,
    pub(super) made: BTreeMap<String, Key>,
}

impl Machines {
    /// All machines that are recorded, and those that backends have made and nothing was deployed to.
    pub(super) fn of(
        mut records: BTreeMap<String, MachineRecord>,
        recorded: &Records,
        backends: &[String],
    ) -> Self {
        for key in recorded.current.keys() {
            // One that was deployed is where it was deployed to; what it was before is a resource.
            if backends.contains(&key.kind) && !records.contains_key(&key.name) {
                let record = MachineRecord {
                    backend: key.kind.clone(),
                    ..MachineRecord::default()
                };
                records.insert(key.name.clone(), record);
            }
        }
        let made = |(name, record): (&String, &MachineRecord)| {
            let is_made = record.backend != MachineOptions::NO_BACKEND;
            is_made.then(|| (name.clone(), Key::new(&record.backend, name)))
        };
        let made = records.iter().filter_map(made).collect();
        Self { records, made }
    }

    /// Leaves what is selected, and gives the keys of it. What a backend made belongs to its machine.
    pub(super) fn select(
        &mut self,
        selection: &SelectionArguments,
        recorded: &Records,
    ) -> Result<BTreeSet<Key>> {
        let deposed = recorded.deposed.iter().map(|(key, _)| key);
        let keys: BTreeSet<Key> = recorded.current.keys().chain(deposed).cloned().collect();
        let others = keys.iter().filter(|key| !self.has(key));
        let names = self.records.keys().cloned();
        let names: Vec<String> = names.chain(others.map(ToString::to_string)).collect();
        let selected = selection.of_state(&names, &self.tags())?;
        let selected: BTreeSet<String> = selected.into_iter().collect();
        let is_meant = |key: &Key| {
            let resource = key.to_string();
            selected.contains(if self.has(key) { &key.name } else { &resource })
        };
        let keys = keys.into_iter().filter(is_meant).collect();
        self.records.retain(|name, _| selected.contains(name));
        self.made.retain(|name, _| selected.contains(name));
        Ok(keys)
    }

    /// Whether a resource is what a backend made for a machine.
    fn has(&self, key: &Key) -> bool {
        self.made.get(&key.name) == Some(key)
    }

    fn tags(&self) -> BTreeMap<String, Vec<String>> {
        let tags = self.records.iter().map(|(name, record)| {
            let tags = options(record).map(|options| options.tags);
            (name.clone(), tags.unwrap_or_default())
        });
        tags.collect()
    }
}

#[cfg(test)]
mod tests {
    use nixops_plugin::protocol::ResourceState;

    use crate::state::{Lifecycle, Phase, Record, Secrets};

    use super::*;

    fn record() -> Record {
        Record {
            plugin: "neatcloud".to_owned(),
            version: 0,
            token: "t".to_owned(),
            phase: Phase::Ready,
            state: ResourceState::default(),
            secrets: Secrets::Nothing,
            needs: BTreeSet::new(),
            lifecycle: Lifecycle::default(),
        }
    }

    #[test]
    fn what_was_made_and_never_deployed_is_a_machine_and_what_a_machine_was_before_is_a_resource() {
        let keys = ["new", "moved"].map(|name| Key::new("neatcloud", name));
        let recorded = Records {
            current: keys.clone().map(|key| (key, record())).into(),
            deposed: Vec::new(),
        };
        let plain = MachineRecord {
            backend: "none".to_owned(),
            ..MachineRecord::default()
        };
        let records = BTreeMap::from([("moved".to_owned(), plain)]);
        let machines = Machines::of(records, &recorded, &["neatcloud".to_owned()]);
        assert!(machines.has(&keys[0]) && !machines.has(&keys[1]));
        assert_eq!(machines.records["moved"].backend, "none");
    }
}
