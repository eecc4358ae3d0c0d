//! The machines and resources that are meant, and how hosts among them are asked.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::{
    check::Answer,
    deploy::Checked,
    evaluator::Diagnostic,
    fleet::{Roster, made_target},
    host::{self, Target},
    state::{Key, MachineRecord, Records},
};

use super::super::selection::SelectionArguments;

/// Leaves the machines that are selected, and gives the keys of it. What a backend made belongs to its machine.
pub fn select(
    roster: &mut Roster,
    selection: &SelectionArguments,
    recorded: &Records,
) -> Result<BTreeSet<Key>> {
    let deposed = recorded.deposed.iter().map(|(key, _)| key);
    let keys: BTreeSet<Key> = recorded.current.keys().chain(deposed).cloned().collect();
    let others = keys.iter().filter(|key| !roster.has(key));
    let names = roster.names().into_iter();
    let names: Vec<String> = names.chain(others.map(ToString::to_string)).collect();
    let selected = selection.of_state(&names, &roster.tags())?;
    let selected: BTreeSet<String> = selected.into_iter().collect();
    let is_meant = |key: &Key| {
        let resource = key.to_string();
        selected.contains(if roster.has(key) {
            &key.name
        } else {
            &resource
        })
    };
    let keys = keys.into_iter().filter(is_meant).collect();
    roster.retain(&selected);
    Ok(keys)
}

/// What hosts answered, and why others could not be asked.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) answers: BTreeMap<String, Result<Answer, host::Error>>,
    pub(super) problems: BTreeMap<String, Diagnostic>,
}

impl Answers {
    /// Keeps hosts that can be asked, and notes why others cannot.
    pub(super) fn targets<'n>(
        &mut self,
        targets: impl Iterator<Item = (&'n String, Result<Target, Diagnostic>)>,
    ) -> BTreeMap<String, Target> {
        let mut kept = BTreeMap::new();
        for (name, target) in targets {
            match target {
                Ok(target) => drop(kept.insert(name.clone(), target)),
                Err(problem) => drop(self.problems.insert(name.clone(), problem)),
            }
        }
        kept
    }
}

/// How a machine is reached that a backend made; nothing if it is not there, or not switched on.
pub(super) fn found_target(
    name: &str,
    record: &MachineRecord,
    key: &Key,
    checked: &Checked,
) -> Option<Result<Target, Diagnostic>> {
    if checked.power(key) == Some(false) {
        return None;
    }
    if !checked.resources.contains_key(key) {
        let message = format!(
            "nothing is recorded of what its backend `{}` made",
            key.kind
        );
        let hint = Some("deploy it again".to_owned());
        return Some(Err(Diagnostic::new(message, hint)));
    }
    Some(made_target(name, record, key, checked.outputs(key)?))
}
