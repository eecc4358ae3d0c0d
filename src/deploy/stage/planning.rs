//! What is to be done with each resource, once it is known what is wanted and what there is.

use std::collections::BTreeSet;

use nixops_plugin::protocol::{Attributes, Change as Changed, ChangeKind, Updated};
use serde_json::Value;

use crate::evaluator::{OutputRef, Token, tokens};
use crate::network::MachineOptions;
use crate::plan::{self, Action, Circumstances, Found, PlannedResource};
use crate::preview::Seen;
use crate::state::{Key, Lifecycle, Record, nixops2};

use super::super::trouble::Trouble;
use super::Stage;
use super::survey::Survey;
use super::wanted::{Subject, Wanted};

impl Stage<'_> {
    /// Everything whose definition is asked for.
    pub(super) fn subjects(&self) -> BTreeSet<Subject> {
        let resources = self.names.resources.iter().flat_map(|(kind, names)| {
            names
                .iter()
                .map(move |name| Subject::Resource(Key::new(kind, name)))
        });
        let machines = self.names.machines.iter().cloned().map(Subject::Machine);
        if self.preview.providers.backends().is_empty() {
            return resources.collect();
        }
        resources.chain(machines).collect()
    }

    /// Resources that the network has, and machines as any backend may have them.
    pub(super) fn possible_keys(&self) -> Vec<Key> {
        let machines = self.possible_machines().into_iter();
        self.names.keys().into_iter().chain(machines).collect()
    }

    /// Machines of the network as any backend may have them.
    fn possible_machines(&self) -> Vec<Key> {
        let backends = self.preview.providers.backends();
        let of = |backend: &String| {
            let names = self.names.machines.iter();
            names
                .map(|name| Key::new(backend, name))
                .collect::<Vec<_>>()
        };
        backends.iter().flat_map(of).collect()
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
        let ignored = &wanted.lifecycle.ignore_changes;
        let inputs = plan::with_ignored(inputs, &kept.inputs, ignored);
        let asked = with_prior(&inputs, &kept.inputs, &lacking);
        let mut difference = self.preview.diff(&wanted.key, &kept, &now, &asked)?;
        difference
            .changes
            .extend(lacking.into_iter().map(|path| Changed {
                path: vec![path],
                kind: ChangeKind::Update,
                replace: false,
            }));
        Ok(Found::There { now, difference })
    }

    /// Plans what cannot be evaluated yet, and what the network does not have any more.
    pub(super) fn plan_rest(&self, survey: &mut Survey<'_>) {
        let awaits: Vec<(Subject, OutputRef)> = survey
            .wishes
            .awaits
            .iter()
            .map(|(subject, output)| (subject.clone(), output.clone()))
            .collect();
        for (subject, output) in awaits {
            let planned = self.plan_later(survey, &subject, &output);
            survey.plan.resources.push(planned);
        }
        let named = self.named(survey);
        let renamed = survey.renames.values().cloned().collect();
        let circumstances = Circumstances {
            kill: self.scope.kill_obsolete,
            failed: survey
                .wishes
                .failed
                .keys()
                .map(Subject::to_string)
                .collect(),
            selected: false,
            plugins: self.preview.providers.plugin_names(),
        };
        let schemas = self.preview.schemas;
        // What NixOps 2 left and no plugin knows is nobody's, and stays.
        let mut current = survey.records.current.clone();
        current.retain(|_, record| record.plugin != nixops2::UNTOUCHED);
        let left = plan::obsolete(&current, &named, &renamed, &circumstances, schemas);
        survey.plan.resources.extend(left);
        survey.plan.deposed = plan::deposed(&survey.records.deposed);
        survey
            .plan
            .resources
            .sort_by(|one, other| one.key.cmp(&other.key));
    }

    /// Plans something whose definition waits for an output.
    fn plan_later(
        &self,
        survey: &Survey<'_>,
        subject: &Subject,
        output: &OutputRef,
    ) -> PlannedResource {
        let key = self.key(survey, subject);
        let needs = BTreeSet::from([output.key.clone()]);
        let lifecycle = Lifecycle::default();
        let case = plan::Wanted {
            key: &key,
            inputs: None,
            lifecycle: &lifecycle,
            needs: &needs,
            awaits: &needs,
            renamed_from: None,
        };
        let record = survey.records.current.get(&key);
        plan::decide(&case, record, &Found::Nothing, self.preview.schemas)
    }

    /// The key of what waits for an output.
    pub(super) fn key(&self, survey: &Survey<'_>, subject: &Subject) -> Key {
        match subject {
            Subject::Resource(key) => key.clone(),
            Subject::Machine(name) => self.key_of(survey, name),
        }
    }

    /// The key of a machine whose backend its definition does not tell yet: the one that it had, or one
    /// that only this plan has.
    fn key_of(&self, survey: &Survey<'_>, name: &str) -> Key {
        let mut backends = self.preview.providers.backends().into_iter();
        let keys = backends.by_ref().map(|backend| Key::new(backend, name));
        let mut known = keys.filter(|key| survey.records.current.contains_key(key));
        known
            .next()
            .unwrap_or_else(|| Key::new(MachineOptions::NO_BACKEND, name))
    }

    /// Everything that the network names. A machine that cannot be evaluated may have any backend.
    pub(super) fn named(&self, survey: &Survey<'_>) -> BTreeSet<Key> {
        let wishes = &survey.wishes;
        let is_named = |key: &Key| match wishes.made.get(&key.name) {
            Some(made) => made == key,
            None => !wishes.plain.contains_key(&key.name),
        };
        let machines = self.possible_machines().into_iter().filter(is_named);
        self.names.keys().into_iter().chain(machines).collect()
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
