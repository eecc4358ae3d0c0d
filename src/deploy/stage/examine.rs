//! What is wrong with what is wanted, and what it needs.

use std::collections::BTreeSet;

use nixops_plugin::protocol::{Attributes, Dependency, Severity};
use serde_json::Value;

use crate::plan::{Names, references};
use crate::preview::{CheckedMachine, Problem};
use crate::state::Key;

use super::super::trouble::Trouble;
use super::Stage;
use super::wanted::{Origin, Wanted};

/// Everything that can be needed.
pub(super) struct All {
    /// By key.
    pub(super) keys: BTreeSet<Key>,
    /// By the names that values may have for it.
    pub(super) names: Names,
}

/// What was found of something that is wanted.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// What is wrong, and what is only worth a word.
    pub(super) problems: Vec<Problem>,
    /// What must be there before it.
    pub(super) needs: BTreeSet<Key>,
}

impl Examined {
    /// Whether nothing may be done with it.
    pub(super) fn is_refused(&self) -> bool {
        let mut problems = self.problems.iter();
        problems.any(|problem| problem.severity == Severity::Error)
    }
}

impl Stage<'_> {
    /// Holds something to its schema and, where that finds nothing, asks its provider. What is not known
    /// yet is looked at again when it is.
    pub(super) fn examine(
        &self,
        wanted: &Wanted,
        inputs: &Attributes,
        all: &All,
    ) -> Result<Examined, Trouble> {
        let mut examined = Examined {
            problems: self.judged(wanted, inputs),
            needs: self.mentioned(wanted, all),
        };
        let is_known = wanted.unknown().is_empty();
        if examined.problems.is_empty() && is_known && self.preview.providers.has(&wanted.key.kind)
        {
            let validated = self.preview.validate(&wanted.key, inputs)?;
            let after = validated.after.iter().flat_map(|one| meant(one, &all.keys));
            examined.needs.extend(after);
            examined.problems = self.told(wanted, validated.diagnostics);
        }
        examined.needs.remove(&wanted.key);
        Ok(examined)
    }

    /// Resources that something mentions in its values or has read.
    fn mentioned(&self, wanted: &Wanted, all: &All) -> BTreeSet<Key> {
        let shown = Value::Object(wanted.shown.clone());
        let mut needs = references(&wanted.key, &shown, self.preview.deployment, &all.names);
        let read = wanted.reads.iter().map(|output| &output.key);
        needs.extend(read.filter(|key| all.keys.contains(key)).cloned());
        needs
    }

    fn judged(&self, wanted: &Wanted, inputs: &Attributes) -> Vec<Problem> {
        let Some(judge) = &self.judge else {
            return Vec::new();
        };
        let values = Value::Object(inputs.clone());
        let findings = self.preview.schemas.validate(&wanted.key.kind, &values);
        let known = |path: &[String]| !wanted.is_unknown_at(path);
        let findings: Vec<_> = findings
            .into_iter()
            .filter(|finding| known(&finding.path))
            .collect();
        match &wanted.origin {
            Origin::Resource(resource) => judge.found_in_resource(resource, findings),
            Origin::Machine {
                options,
                whereabouts,
            } => {
                let machine = CheckedMachine {
                    name: &wanted.key.name,
                    options,
                    whereabouts,
                };
                let mut problems = judge.options(machine);
                if !self.preview.providers.has(&wanted.key.kind) {
                    let (message, hint) = self.preview.no_backend(&wanted.key.kind);
                    problems.push(judge.no_backend(machine, message, hint));
                }
                problems.extend(judge.found_in_machine(machine, findings));
                problems
            }
        }
    }

    fn told(
        &self,
        wanted: &Wanted,
        said: Vec<nixops_plugin::protocol::Diagnostic>,
    ) -> Vec<Problem> {
        let Some(judge) = &self.judge else {
            return Vec::new();
        };
        match &wanted.origin {
            Origin::Resource(resource) => judge.told_of_resource(resource, said),
            Origin::Machine {
                options,
                whereabouts,
            } => judge.told_of_machine(
                CheckedMachine {
                    name: &wanted.key.name,
                    options,
                    whereabouts,
                },
                said,
            ),
        }
    }
}

/// The resources that a dependency means, among those that there are.
fn meant(dependency: &Dependency, all: &BTreeSet<Key>) -> BTreeSet<Key> {
    if let Some(name) = &dependency.name {
        let key = Key::new(&dependency.kind, name);
        return all.get(&key).into_iter().cloned().collect();
    }
    let of_kind = |key: &&Key| key.kind == dependency.kind;
    all.iter().filter(of_kind).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_on_a_type_means_all_of_it_and_strangers_are_none() {
        let keys = ["a", "b"].map(|name| Key::new("volumes", name));
        let keys: BTreeSet<Key> = keys.into_iter().chain([Key::new("keys", "a")]).collect();
        assert_eq!(meant(&Dependency::on_all("volumes"), &keys).len(), 2);
        let one = |name: &str| meant(&Dependency::on("volumes", name), &keys);
        assert_eq!(one("b"), BTreeSet::from([Key::new("volumes", "b")]));
        assert!(one("c").is_empty());
    }
}
