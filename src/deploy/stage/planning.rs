//! What is to be done with each resource, once it is known what is wanted and what there is.

use std::collections::{BTreeMap, BTreeSet};

use nixops_plugin::protocol::{Attributes, Change as Changed, ChangeKind, Difference, Updated};
use serde_json::Value;

use crate::evaluator::{Token, tokens};
use crate::plan::{self, Action, Found, PlannedResource};
use crate::preview::Seen;
use crate::state::{Key, Record};

use super::super::trouble::Trouble;
use super::settle::{Aim, Steps};
use super::survey::Survey;
use super::wanted::{Subject, Wanted};
use super::Stage;

impl Stage<'_> {
    /// Everything whose definition is asked for.
    pub(super) fn subjects(&self) -> BTreeSet<Subject> {
        let resources = self.names.resources.iter().flat_map(|(kind, names)| {
            names.iter().map(|name| Subject::Resource(Key::new(kind, name)))
        });
        let machines = self.names.machines.iter().cloned().map(Subject::Machine);
        if self.preview.providers.backends().is_empty() {
            return resources.collect();
        }
        resources.chain(machines).collect()
    }

    /// Resources that the network has, and machines as any backend may have them.
    pub(super) fn possible_keys(&self) -> Vec<Key> {
        let resources = self
            .names
            .resources
            .iter()
            .flat_map(|(kind, names)| names.iter().map(move |name| Key::new(kind, name)));
        let backends = self.preview.providers.backends();
        let machines = backends.iter().flat_map(|backend| {
            let names = self.names.machines.iter();
            names.map(move |name| Key::new(backend, name))
        });
        resources.chain(machines).collect()
    }

    /// Plans one thing that is wanted, and gives the names of outputs that stay as they are with it.
    pub(super) fn plan_one(
        &self,
        wanted: &Wanted,
        inputs: &Attributes,
        needs: BTreeSet<Key>,
        record: Option<&Record>,
        seen: Option<&Seen>,
    ) -> Result<(PlannedResource, Vec<String>), Trouble> {
        let unknown = wanted.unknown();
        let awaits: BTreeSet<Key> = unknown.into_iter().map(|output| output.key).collect();
        let needs: BTreeSet<Key> = needs.into_iter().chain(awaits.iter().cloned()).collect();
        if let Some(Seen::Unanswered(error)) = seen {
            let mut planned = PlannedResource::new(&wanted.key, Action::Keep)
                .because(format!("its provider gave no answer: {error}"));
            planned.needs = needs;
            return Ok((planned, Vec::new()));
        }
        let found = self.found(wanted, inputs, record, seen)?;
        let stable = match &found {
            Found::There { difference, .. } => difference.stable.clone(),
            _ => Vec::new(),
        };
        let case = plan::Wanted {
            key: &wanted.key,
            inputs: Some(&wanted.shown),
            lifecycle: &wanted.lifecycle,
            needs: &needs,
            awaits: &awaits,
            renamed_from: None,
        };
        let planned = plan::decide(&case, record, &found, self.preview.schemas);
        Ok((planned, stable))
    }

    fn found(
        &self,
        wanted: &Wanted,
        inputs: &Attributes,
        record: Option<&Record>,
        seen: Option<&Seen>,
    ) -> Result<Found, Trouble> {
        let Some(record) = record else {
            return Ok(Found::Nothing);
        };
        let now = match seen {
            Some(Seen::Gone) => return Ok(Found::Gone),
            Some(Seen::Unfinished(created)) => return Ok(Found::Unfinished(created.clone())),
            Some(Seen::There(now)) => now.clone(),
            Some(Seen::Unasked | Seen::Unanswered(_)) | None => {
                let kept = self.store.reveal(record)?;
                Updated {
                    outputs: kept.outputs,
                    private: kept.private,
                }
            }
        };
        let kept = self.store.reveal(record)?;
        let lacking = lacking(&wanted.shown);
        let asked = with_prior(inputs, &kept.inputs, &lacking);
        let mut difference = self.preview.diff(&wanted.key, &kept, &now, &asked)?;
        difference.changes.extend(lacking.into_iter().map(|path| Changed {
            path: vec![path],
            kind: ChangeKind::Update,
            replace: false,
        }));
        Ok(Found::There { now, difference })
    }

    /// Plans what is not wanted any more, and what cannot be evaluated yet.
    pub(super) fn plan_rest(&self, survey: &mut Survey<'_>) -> Result<(), Trouble> {
        let _ = (survey, BTreeMap::<Key, Difference>::new());
        Ok(())
    }
}

/// Names of inputs that have in them what is not known yet.
fn lacking(shown: &Attributes) -> Vec<String> {
    let lacking = shown
        .iter()
        .filter(|(_, value)| !tokens(Token::Unknown, value).is_empty());
    lacking.map(|(name, _)| name.clone()).collect()
}

/// Inputs with what was there before in the place of what is not known yet.
fn with_prior(inputs: &Attributes, prior: &Attributes, lacking: &[String]) -> Attributes {
    let mut inputs = inputs.clone();
    for name in lacking {
        match prior.get(name) {
            Some(before) => drop(inputs.insert(name.clone(), Value::clone(before))),
            None => drop(inputs.remove(name)),
        }
    }
    inputs
}
