//! Values against their schemas, and where in the user's source they stand.

use nixops_plugin::protocol::{self, Severity};
use serde_json::Value;

use crate::{
    evaluator::{EvaluatedResource, Position, Whereabouts},
    flake::Source,
    network::MachineOptions,
    schema::{Finding, Registry, attribute_path},
};

use super::Problem;

/// Holds values to their schemas. Asks nobody.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The schemas.
    pub schemas: &'a Registry,
    /// Where the network is defined.
    pub source: &'a Source,
}

/// A machine whose options are known.
#[derive(Clone, Copy, Debug)]
pub struct CheckedMachine<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its options.
    pub options: &'a MachineOptions,
    /// Where they are defined.
    pub whereabouts: &'a Whereabouts,
}

/// What a problem is about.
pub(super) struct Subject<'a> {
    name: String,
    /// The attributes above the values that are checked.
    below: Vec<&'a str>,
    whereabouts: &'a Whereabouts,
    source: &'a Source,
    /// Whether some of its values may not be seen.
    is_sensitive: bool,
}

impl<'a> Judge<'a> {
    /// What is wrong with a resource.
    pub fn resource(&self, resource: &EvaluatedResource) -> Vec<Problem> {
        let findings = self.schemas.validate(&resource.kind, &resource.value);
        self.of_resource(resource).of_schema(findings)
    }

    /// What is wrong with what `deployment.*` says of a machine, its backend's options included.
    pub fn machine(&self, machine: CheckedMachine<'a>) -> Vec<Problem> {
        let options = serde_json::to_value(machine.options).unwrap_or_default();
        let core = self.of_machine(machine, vec!["deployment"]);
        let mut problems = core.of_schema(self.schemas.validate("machine", &options));
        if machine.options.has_backend() {
            let backend = &machine.options.target_env;
            let inputs = Value::Object(machine.options.backend_inputs());
            let findings = self.schemas.validate(backend, &inputs);
            problems.extend(self.of_backend(machine).of_schema(findings));
        }
        problems
    }

    /// Findings in the inputs of a resource, in the user's words.
    pub fn found_in_resource(
        &self,
        resource: &'a EvaluatedResource,
        findings: Vec<Finding>,
    ) -> Vec<Problem> {
        self.of_resource(resource).of_schema(findings)
    }

    /// What a provider says of the inputs of a resource, in the user's words.
    pub fn told_of_resource(
        &self,
        resource: &'a EvaluatedResource,
        said: Vec<protocol::Diagnostic>,
    ) -> Vec<Problem> {
        self.of_resource(resource).of_provider(said)
    }

    /// Findings in the options of a machine's backend, in the user's words.
    pub fn found_in_machine(
        &self,
        machine: CheckedMachine<'a>,
        findings: Vec<Finding>,
    ) -> Vec<Problem> {
        self.of_backend(machine).of_schema(findings)
    }

    /// What a provider says of the options of a machine's backend, in the user's words.
    pub fn told_of_machine(
        &self,
        machine: CheckedMachine<'a>,
        said: Vec<protocol::Diagnostic>,
    ) -> Vec<Problem> {
        self.of_backend(machine).of_provider(said)
    }

    /// What is wrong with what `deployment.*` says of a machine, its backend's options aside.
    pub fn options(&self, machine: CheckedMachine<'a>) -> Vec<Problem> {
        let options = serde_json::to_value(machine.options).unwrap_or_default();
        let core = self.of_machine(machine, vec!["deployment"]);
        core.of_schema(self.schemas.validate("machine", &options))
    }

    /// A machine whose backend nobody has.
    pub fn no_backend(
        &self,
        machine: CheckedMachine<'a>,
        message: String,
        hint: String,
    ) -> Problem {
        let subject = self.of_machine(machine, vec!["deployment"]);
        subject.of_attribute("targetEnv", message, hint)
    }

    pub(super) fn of_resource(&self, resource: &'a EvaluatedResource) -> Subject<'a> {
        let path = attribute_path([resource.kind.as_str(), &resource.name]);
        Subject {
            name: format!("resources.{path}"),
            below: Vec::new(),
            whereabouts: &resource.whereabouts,
            source: self.source,
            is_sensitive: self.hides(&resource.kind, &resource.value),
        }
    }

    pub(super) fn of_backend(&self, machine: CheckedMachine<'a>) -> Subject<'a> {
        self.of_machine(machine, vec!["deployment", &machine.options.target_env])
    }

    pub(super) fn of_machine(
        &self,
        machine: CheckedMachine<'a>,
        below: Vec<&'a str>,
    ) -> Subject<'a> {
        Subject {
            name: format!("machines.{}", attribute_path([machine.name])),
            below,
            whereabouts: machine.whereabouts,
            source: self.source,
            is_sensitive: self.hides(
                &machine.options.target_env,
                &Value::Object(machine.options.backend_inputs()),
            ),
        }
    }

    /// Whether something in a value may not be seen.
    fn hides(&self, kind: &str, value: &Value) -> bool {
        self.schemas.redact(kind, value) != *value
    }
}

impl Subject<'_> {
    pub(super) fn of_schema(&self, findings: Vec<Finding>) -> Vec<Problem> {
        let problem = |finding: Finding| Problem {
            attribute: self.attribute(&finding.path),
            position: self.position(&finding.path),
            expected: Some(finding.expected),
            found: Some(finding.found),
            ..self.problem(finding.message, None)
        };
        findings.into_iter().map(problem).collect()
    }

    pub(super) fn of_provider(&self, said: Vec<protocol::Diagnostic>) -> Vec<Problem> {
        let problem = |said: protocol::Diagnostic| Problem {
            attribute: self.attribute(&said.path),
            position: self.position(&said.path),
            severity: said.severity,
            ..self.problem(said.message, said.hint)
        };
        said.into_iter().map(problem).collect()
    }

    /// A problem of one attribute that no schema knows of.
    pub(super) fn of_attribute(&self, name: &str, message: String, hint: String) -> Problem {
        let path = [name.to_owned()];
        Problem {
            attribute: self.attribute(&path),
            position: self.position(&path),
            ..self.problem(message, Some(hint))
        }
    }

    fn problem(&self, message: String, hint: Option<String>) -> Problem {
        Problem {
            resource: self.name.clone(),
            attribute: String::new(),
            message,
            expected: None,
            found: None,
            hint,
            position: None,
            severity: Severity::Error,
            hides_source: self.is_sensitive,
        }
    }

    fn attribute(&self, path: &[String]) -> String {
        let path = path.iter().map(String::as_str);
        attribute_path(self.below.iter().copied().chain(path))
    }

    fn position(&self, path: &[String]) -> Option<Position> {
        let below = self.below.iter().map(ToString::to_string);
        let path: Vec<String> = below.chain(path.iter().cloned()).collect();
        self.whereabouts.locate(self.source, &path)
    }
}
