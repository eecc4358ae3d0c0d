//! What there is of what is recorded, without a network.

use std::collections::BTreeMap;

use nixops_plugin::protocol::{Attributes, ResourceState, Updated};
use serde_json::Value;

use crate::check::{Condition, ResourceReport};
use crate::plan;
use crate::preview::Seen;
use crate::state::{Key, Phase, Record, Records};

use super::super::Mutation;
use super::super::trouble::Trouble;
use super::Stage;
use super::parallel;
use super::settle::{Aim, Steps};

/// What was found of everything that is recorded and meant.
#[derive(Debug, Default)]
pub struct Checked {
    /// What was found of each.
    pub resources: BTreeMap<Key, ResourceReport>,
    /// What others have replaced, and is still to be deleted.
    pub replaced: Vec<ResourceReport>,
    /// Outputs as they are now, or as they were recorded where nobody could tell.
    outputs: BTreeMap<Key, Attributes>,
    news: BTreeMap<Key, Updated>,
    records: Records,
}

impl Stage<'_> {
    /// Asks providers what there is of what is recorded and meant, and whether it is what it was last
    /// brought to. Changes nothing.
    pub fn check(&self, is_meant: impl Fn(&Key) -> bool) -> Result<Checked, Trouble> {
        let mut records = self.records()?.records;
        records.current.retain(|key, _| is_meant(key));
        records.deposed.retain(|(key, _)| is_meant(key));
        let mut checked = Checked {
            replaced: self.check_replaced(&records)?,
            ..Checked::default()
        };
        let reveal = |record: &Record| self.store.reveal(record);
        let seen = self.preview.look_all(&records.current, reveal)?;
        let asked: Vec<(&Key, &Record, &Seen)> = seen
            .iter()
            .filter_map(|(key, seen)| Some((key, records.current.get(key)?, seen)))
            .collect();
        let found = parallel::map(&asked, |(key, record, seen)| {
            self.check_one(key, record, seen)
        });
        for ((key, record, seen), report) in asked.into_iter().zip(found) {
            let outputs = match seen {
                Seen::There(now) => Some(now.outputs.clone()),
                Seen::Unfinished(Some(created)) => Some(created.outputs.clone()),
                Seen::Unasked | Seen::Unanswered(_) => Some(self.store.reveal(record)?.outputs),
                Seen::Gone | Seen::Unfinished(None) => None,
            };
            checked
                .outputs
                .extend(outputs.map(|outputs| (key.clone(), outputs)));
            if let Seen::There(now) = seen
                && record.phase == Phase::Ready
            {
                checked.news.insert(key.clone(), now.clone());
            }
            checked.resources.insert(key.clone(), report?);
        }
        checked.records = records;
        Ok(checked)
    }

    /// Keeps what providers said of outputs. What has drifted stays so: its inputs are not touched.
    pub fn refresh(&self, mutation: &Mutation, checked: &mut Checked) -> Result<(), Trouble> {
        let records = std::mem::take(&mut checked.records);
        let steps = Steps::new(self.preview, self.store, records);
        for (key, now) in std::mem::take(&mut checked.news) {
            let Some(record) = steps.record(&key) else {
                continue;
            };
            let aim = Aim {
                key,
                shown: Attributes::new(),
                inputs: Attributes::new(),
                needs: record.needs,
                lifecycle: record.lifecycle,
            };
            steps.keep(mutation, &aim, Some(now))?;
        }
        Ok(())
    }

    fn check_one(
        &self,
        key: &Key,
        record: &Record,
        seen: &Seen,
    ) -> Result<ResourceReport, Trouble> {
        let mut report = ResourceReport {
            key: key.clone(),
            exists: exists(seen),
            condition: Condition::Well,
            outputs: Vec::new(),
        };
        report.condition = match seen {
            Seen::Unasked => unknown(Trouble::new(
                format!("no plugin that is there has the type `{}`", key.kind),
                Some("add the plugin that made it to the network, and deploy".to_owned()),
            ))?,
            Seen::Unanswered(error) => unknown(error.into())?,
            _ if record.phase != Phase::Ready => Condition::Unfinished {
                phase: record.phase,
            },
            Seen::Gone => Condition::Gone,
            Seen::There(now) => {
                let kept = self.store.reveal(record)?;
                let (before, after) = (&kept.outputs, &now.outputs);
                report.outputs = plan::news(&key.kind, before, after, self.preview.schemas);
                self.compare(key, record, &kept, now)?
            }
            Seen::Unfinished(_) => Condition::Unfinished {
                phase: Phase::Creating,
            },
        };
        Ok(report)
    }

    /// Whether a resource is what it was last brought to, as its provider says.
    fn compare(
        &self,
        key: &Key,
        record: &Record,
        kept: &ResourceState,
        now: &Updated,
    ) -> Result<Condition, Trouble> {
        let difference = match self.preview.diff(key, kept, now, &kept.inputs) {
            Ok(difference) => difference,
            Err(error) => return unknown(error.into()),
        };
        let (outputs, schemas) = (&now.outputs, self.preview.schemas);
        let changes = plan::drift(key, record, outputs, &kept.inputs, &difference, schemas);
        Ok(match changes {
            none if none.is_empty() => Condition::Well,
            changes => Condition::Drifted { changes },
        })
    }

    /// What others have replaced: several may have one name, so each is asked about by itself.
    fn check_replaced(&self, records: &Records) -> Result<Vec<ResourceReport>, Trouble> {
        let reveal = |record: &Record| self.store.reveal(record);
        let asked = parallel::map(&records.deposed, |(key, record)| {
            let seen = self.preview.look_all([(key, record)], reveal)?;
            let exists = seen.get(key).and_then(exists);
            Ok::<_, Trouble>(ResourceReport {
                key: key.clone(),
                exists,
                condition: Condition::Replaced,
                outputs: Vec::new(),
            })
        });
        asked.into_iter().collect()
    }
}

impl Checked {
    /// What a backend says of a machine, if what it made is there.
    pub fn outputs(&self, key: &Key) -> Option<Attributes> {
        self.outputs.get(key).cloned()
    }

    /// Whether a machine is switched on, if its backend says so: by an output `state`.
    pub fn power(&self, key: &Key) -> Option<bool> {
        let report = self.resources.get(key)?;
        let is_told = !matches!(report.condition, Condition::Unknown { .. });
        let state = self.outputs.get(key).filter(|_| is_told)?.get("state");
        power(state?)
    }
}

fn power(state: &Value) -> Option<bool> {
    match state.as_str()? {
        "running" => Some(true),
        "stopped" | "stopping" | "off" | "suspended" => Some(false),
        _ => None,
    }
}

fn exists(seen: &Seen) -> Option<bool> {
    match seen {
        Seen::There(_) | Seen::Unfinished(Some(_)) => Some(true),
        Seen::Gone | Seen::Unfinished(None) => Some(false),
        Seen::Unasked | Seen::Unanswered(_) => None,
    }
}

/// What could not be found out; an interrupt ends all.
fn unknown(trouble: Trouble) -> Result<Condition, Trouble> {
    match trouble {
        Trouble::Failed(reason) | Trouble::Unreachable(reason) => Ok(Condition::Unknown { reason }),
        Trouble::Interrupted => Err(Trouble::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_backend_says_of_power_is_understood_or_left_open() {
        assert_eq!(power(&json!("running")), Some(true));
        assert_eq!(power(&json!("stopped")), Some(false));
        assert_eq!(power(&json!("rebooting")), None);
        assert_eq!(power(&json!(3)), None);
    }
}
