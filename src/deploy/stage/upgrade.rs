//! What an older version of a type kept, in the form of today.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::{Key, Record, Records, SecretParts, Secrets, nixops2};

use super::super::trouble::Trouble;
use super::Stage;

/// Everything that is recorded, in the form of today.
pub(super) struct Present {
    /// The records.
    pub(super) records: Records,
    /// What had another form.
    pub(super) upgraded: BTreeSet<Key>,
    /// What NixOps 2 had under another name, and a plugin knows now.
    pub(super) claimed: BTreeMap<Key, Key>,
}

/// Records of one type that are of one version.
type Group = BTreeMap<(String, u32), Vec<Key>>;

impl Stage<'_> {
    /// Everything that is recorded, in the form of today. Nothing is written yet. What is of a newer version
    /// stays as it is, and is refused when it is looked at.
    pub(super) fn records(&self) -> Result<Present, Trouble> {
        let mut records = self.store.records()?;
        let claimed = self.claim(&mut records)?;
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
        Ok(Present {
            records,
            upgraded,
            claimed,
        })
    }

    /// Gives plugins what NixOps 2 left of theirs; gives the new names with the old ones.
    fn claim(&self, records: &mut Records) -> Result<BTreeMap<Key, Key>, Trouble> {
        let untouched = records.current.iter();
        let untouched = untouched.filter(|(_, record)| record.plugin == nixops2::UNTOUCHED);
        let untouched: Vec<Key> = untouched.map(|(key, _)| key.clone()).collect();
        let mut claimed = BTreeMap::new();
        for key in untouched {
            let record = &records.current[&key];
            let state = self.store.reveal(record)?;
            let owner = |kind: &str| self.preview.providers.owner_name(kind);
            let claim = nixops2::claim(&key, record, &state, self.preview.schemas, owner);
            if let Some(claim) = claim {
                records.current.remove(&key);
                records.current.insert(claim.key.clone(), claim.record);
                claimed.insert(claim.key, key);
            }
        }
        Ok(claimed)
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

    fn renew(&self, record: &mut Record, key: &Key, state: nixops_plugin::protocol::ResourceState) {
        let (inputs, secret_inputs) = self
            .preview
            .divide_inputs(key, &state.inputs, &state.inputs);
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
