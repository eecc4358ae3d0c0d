//! What an older version of a type kept, in the form of today.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::{Key, Record, Records, SecretParts, Secrets};

use super::super::trouble::Trouble;
use super::Stage;

/// Records of one type that are of one version.
type Group = BTreeMap<(String, u32), Vec<Key>>;

impl Stage<'_> {
    /// Everything that is recorded, in the form of today, and what had another one. Nothing is written
    /// yet. What is of a newer version stays as it is, and is refused when it is looked at.
    pub(super) fn records(&self) -> Result<(Records, BTreeSet<Key>), Trouble> {
        let mut records = self.store.records()?;
        let mut upgraded = BTreeSet::new();
        for ((kind, version), keys) in self.outdated(&records) {
            let mut states = Vec::new();
            for key in &keys {
                states.push(self.store.reveal(&records.current[key])?);
            }
            let new = self.preview.providers.upgrade(&kind, version, states)?;
            for (key, state) in keys.into_iter().zip(new) {
                if let Some(record) = records.current.get_mut(&key) {
                    self.renew(record, &key, state);
                    upgraded.insert(key);
                }
            }
        }
        Ok((records, upgraded))
    }

    fn outdated(&self, records: &Records) -> Group {
        let mut outdated = Group::new();
        for (key, record) in &records.current {
            let is_older = record.version < self.preview.version(key);
            if is_older && self.preview.providers.has(&key.kind) {
                let group = outdated.entry((key.kind.clone(), record.version));
                group.or_default().push(key.clone());
            }
        }
        outdated
    }

    fn renew(
        &self,
        record: &mut Record,
        key: &Key,
        state: nixops_plugin::protocol::ResourceState,
    ) {
        let (inputs, secret_inputs) = self.preview.divide_inputs(key, &state.inputs, &state.inputs);
        let (outputs, secret_outputs) = self.preview.divide_outputs(key, state.outputs);
        record.version = self.preview.version(key);
        record.secrets = Secrets::of(SecretParts {
            inputs: secret_inputs,
            outputs: secret_outputs,
            private: state.private,
        });
        record.state.id = state.id;
        record.state.inputs = inputs;
        record.state.outputs = outputs;
        record.state.private = None;
    }
}
