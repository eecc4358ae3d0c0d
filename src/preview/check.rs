//! All values of a network against their types, before anything is done.

use std::collections::{BTreeMap, BTreeSet};

use nixops_plugin::protocol::{Attributes, Dependency, Severity};

use crate::{
    evaluator::EvaluatedResource,
    plan::{Cycle, Graph},
    state::Key,
};

use super::{CheckedMachine, Error, Judge, Preview, Problem};

/// What was found while checking.
#[derive(Debug, Default)]
pub struct Checked {
    /// Everything that is wrong, and everything that is only worth a word.
    pub problems: Vec<Problem>,
    /// What each resource needs to be there before it.
    pub needs: BTreeMap<Key, BTreeSet<Key>>,
}

impl Checked {
    /// How many problems there are because of which nothing may be done.
    pub fn refusals(&self) -> usize {
        let problems = self.problems.iter();
        problems
            .filter(|problem| problem.severity == Severity::Error)
            .count()
    }

    /// Groups of resources, each of which needs only those of earlier groups.
    pub fn order(&self) -> Result<Vec<Vec<Key>>, Cycle> {
        Graph::of(&self.needs).groups()
    }
}

impl Preview<'_> {
    /// Holds resources and machines to their schemas and, where those find nothing, asks their
    /// providers.
    pub fn check(
        &self,
        judge: Judge<'_>,
        resources: &[EvaluatedResource],
        machines: &[CheckedMachine<'_>],
    ) -> Result<Checked, Error> {
        let mut checked = Checked::default();
        let keys: BTreeSet<Key> = resources.iter().map(key_of).collect();
        for resource in resources {
            let mut problems = judge.resource(resource);
            let mut needs = BTreeSet::new();
            if problems.is_empty() && self.providers.has(&resource.kind) {
                let validated = self.validate(&key_of(resource), &resource.inputs())?;
                needs.extend(validated.after.iter().flat_map(|one| meant(one, &keys)));
                problems = judge
                    .of_resource(resource)
                    .of_provider(validated.diagnostics);
            }
            checked.problems.extend(problems);
            checked.needs.insert(key_of(resource), needs);
        }
        for machine in machines {
            checked.problems.extend(self.machine(judge, *machine)?);
        }
        Ok(checked)
    }

    fn machine(
        &self,
        judge: Judge<'_>,
        machine: CheckedMachine<'_>,
    ) -> Result<Vec<Problem>, Error> {
        let mut problems = judge.machine(machine);
        if !machine.options.has_backend() {
            return Ok(problems);
        }
        let backend = &machine.options.target_env;
        if !self.providers.has(backend) {
            let (message, hint) = self.no_backend(backend);
            let subject = judge.of_machine(machine, vec!["deployment"]);
            problems.push(subject.of_attribute("targetEnv", message, hint));
        } else if problems.is_empty() {
            let inputs: Attributes = machine.options.backend_inputs();
            let validated = self.validate(&Key::new(backend, machine.name), &inputs)?;
            problems = judge.of_backend(machine).of_provider(validated.diagnostics);
        }
        Ok(problems)
    }

    /// What there is to say of a backend that nobody has, and what to do.
    pub fn no_backend(&self, backend: &str) -> (String, String) {
        let known = self.providers.backends();
        let known = match known.as_slice() {
            [] => "no plugin of the network brings one".to_owned(),
            known => format!("there are: {}", known.join(", ")),
        };
        let hint = "add the plugin that has it to the inputs of the flake; \
                    `deployment.targetEnv = \"none\"` deploys to a host that exists";
        (
            format!("there is no backend `{backend}` for machines; {known}"),
            hint.to_owned(),
        )
    }
}

fn key_of(resource: &EvaluatedResource) -> Key {
    Key::new(&resource.kind, &resource.name)
}

/// The resources that a dependency means, among those that there are.
fn meant(dependency: &Dependency, keys: &BTreeSet<Key>) -> BTreeSet<Key> {
    let is_meant = |key: &&Key| {
        let named = dependency.name.as_ref();
        key.kind == dependency.kind && named.is_none_or(|name| *name == key.name)
    };
    keys.iter().filter(is_meant).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_on_a_type_means_all_of_it_and_strangers_are_none() {
        let keys = ["a", "b"].map(|name| Key::new("volumes", name));
        let keys: BTreeSet<Key> = keys.into_iter().chain([Key::new("keys", "a")]).collect();
        let all = Dependency {
            kind: "volumes".to_owned(),
            name: None,
        };
        assert_eq!(meant(&all, &keys).len(), 2);
        let one = |name: &str| Dependency {
            kind: "volumes".to_owned(),
            name: Some(name.to_owned()),
        };
        assert_eq!(
            meant(&one("b"), &keys),
            BTreeSet::from([Key::new("volumes", "b")])
        );
        assert!(meant(&one("c"), &keys).is_empty());
    }
}
