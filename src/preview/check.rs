//! All values of a network against their types, before anything is done.

use std::collections::{BTreeMap, BTreeSet};

use nixops_plugin::protocol::{Attributes, Validated};
use serde_json::Value;

use crate::{
    evaluator::{EvaluatedResource, Whereabouts},
    flake::Source,
    network::MachineOptions,
    plan::{Cycle, order},
    schema::{Finding, attribute_path},
    state::Key,
};

use super::{Error, Preview, Problem, meant};

/// What was found while checking.
#[derive(Debug, Default)]
pub struct Checked {
    /// Everything that is wrong, and everything that is only worth a word.
    pub problems: Vec<Problem>,
    /// What each resource needs to be there before it.
    pub needs: BTreeMap<Key, BTreeSet<Key>>,
}

/// A machine whose options are known.
#[derive(Clone, Debug)]
pub struct CheckedMachine<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its options.
    pub options: &'a MachineOptions,
    /// Where they are defined.
    pub whereabouts: &'a Whereabouts,
}

impl Checked {
    /// Whether nothing may be done.
    pub fn is_refused(&self) -> bool {
        self.errors() > 0
    }

    /// How many values are wrong; what is only worth a word does not count.
    pub fn errors(&self) -> usize {
        let problems = self.problems.iter();
        problems
            .filter(|problem| problem.severity == nixops_plugin::protocol::Severity::Error)
            .count()
    }

    /// Groups of resources, each of which needs only those of earlier groups.
    pub fn order(&self) -> Result<Vec<Vec<Key>>, Cycle> {
        order(&self.needs)
    }
}

impl Preview<'_> {
    /// Holds resources and machines to their schemas and, where those find nothing, asks their
    /// providers.
    pub fn check(
        &self,
        source: &Source,
        resources: &[EvaluatedResource],
        machines: &[CheckedMachine<'_>],
    ) -> Result<Checked, Error> {
        let mut checked = Checked::default();
        let keys: BTreeSet<Key> = resources
            .iter()
            .map(|resource| Key::new(&resource.kind, &resource.name))
            .collect();
        for resource in resources {
            let key = Key::new(&resource.kind, &resource.name);
            let subject = Subject {
                name: format!(
                    "resources.{}",
                    attribute_path([key.kind.as_str(), &key.name])
                ),
                below: Vec::new(),
                whereabouts: &resource.whereabouts,
                source,
            };
            let problems = self.problems(&subject, &key, &resource.value, &mut checked, &keys)?;
            checked.problems.extend(problems);
        }
        for machine in machines {
            let problems = self.machine(source, machine)?;
            checked.problems.extend(problems);
        }
        Ok(checked)
    }

    fn problems(
        &self,
        subject: &Subject<'_>,
        key: &Key,
        value: &Value,
        checked: &mut Checked,
        keys: &BTreeSet<Key>,
    ) -> Result<Vec<Problem>, Error> {
        let findings = self.schemas.validate(&key.kind, value);
        if !findings.is_empty() {
            return Ok(subject.of_schema(findings));
        }
        let mut needs = BTreeSet::new();
        let mut problems = Vec::new();
        if self.providers.has(&key.kind) {
            let Validated { diagnostics, after } = self.validate(key, &attributes(value))?;
            needs.extend(after.iter().flat_map(|dependency| meant(dependency, keys)));
            problems = subject.of_provider(diagnostics);
        }
        checked.needs.insert(key.clone(), needs);
        Ok(problems)
    }

    fn machine(
        &self,
        source: &Source,
        machine: &CheckedMachine<'_>,
    ) -> Result<Vec<Problem>, Error> {
        let subject = |below| Subject {
            name: format!("machines.{}", attribute_path([machine.name])),
            below,
            whereabouts: machine.whereabouts,
            source,
        };
        let options = serde_json::to_value(machine.options).unwrap_or_default();
        let core = subject(vec!["deployment"]);
        let mut problems = core.of_schema(self.schemas.validate("machine", &options));
        if !machine.options.has_backend() {
            return Ok(problems);
        }
        let backend = machine.options.target_env.as_str();
        let subject = subject(vec!["deployment", backend]);
        if !self.providers.has(backend) {
            problems.push(self.without_backend(&subject, backend));
            return Ok(problems);
        }
        let inputs = machine.options.backend_inputs();
        let findings = self
            .schemas
            .validate(backend, &Value::Object(inputs.clone()));
        if findings.is_empty() {
            let key = Key::new(backend, machine.name);
            let validated = self.validate(&key, &inputs)?;
            problems.extend(subject.of_provider(validated.diagnostics));
        } else {
            problems.extend(subject.of_schema(findings));
        }
        Ok(problems)
    }

    fn without_backend(&self, subject: &Subject<'_>, backend: &str) -> Problem {
        let known = self.providers.backends();
        let known = match known.as_slice() {
            [] => "no plugin of the network brings one".to_owned(),
            known => format!("the backends that there are: {}", known.join(", ")),
        };
        let path = vec!["deployment".to_owned(), "targetEnv".to_owned()];
        Problem {
            resource: subject.name.clone(),
            attribute: attribute_path(path.iter().map(String::as_str)),
            message: format!("there is no backend `{backend}` for machines; {known}"),
            expected: None,
            found: None,
            hint: Some(
                "add the plugin that has it to the inputs of the flake; \
                 `deployment.targetEnv = \"none\"` deploys to a host that exists"
                    .to_owned(),
            ),
            position: subject.whereabouts.locate(subject.source, &path),
            severity: nixops_plugin::protocol::Severity::Error,
        }
    }
}

/// What a problem is about.
struct Subject<'a> {
    name: String,
    /// The attributes above the values that are checked.
    below: Vec<&'a str>,
    whereabouts: &'a Whereabouts,
    source: &'a Source,
}

impl Subject<'_> {
    fn of_schema(&self, findings: Vec<Finding>) -> Vec<Problem> {
        let problem = |finding: Finding| {
            let position = self.position(&finding.path);
            Problem {
                position,
                ..Problem::of_schema(&self.name, &self.below, finding)
            }
        };
        findings.into_iter().map(problem).collect()
    }

    fn of_provider(&self, said: Vec<nixops_plugin::protocol::Diagnostic>) -> Vec<Problem> {
        let problem = |said: nixops_plugin::protocol::Diagnostic| {
            let position = self.position(&said.path);
            Problem {
                position,
                ..Problem::of_provider(&self.name, &self.below, said)
            }
        };
        said.into_iter().map(problem).collect()
    }

    fn position(&self, path: &[String]) -> Option<crate::evaluator::Position> {
        let below = self.below.iter().map(ToString::to_string);
        let path: Vec<String> = below.chain(path.iter().cloned()).collect();
        self.whereabouts.locate(self.source, &path)
    }
}

fn attributes(value: &Value) -> Attributes {
    value.as_object().cloned().unwrap_or_default()
}
