//! What was found, one after the other.

use crate::{
    evaluator::PluginFacts,
    plugin::{
        Plugin,
        conformance::{Check, Outcome, Report},
    },
    schema::Registry,
};

/// Collects what is found of a plugin.
#[derive(Debug, Default)]
pub struct Findings {
    checks: Vec<Check>,
}

impl Findings {
    /// Notes a result, and gives it where it is one.
    pub fn note<T>(&mut self, title: &str, result: Result<T, String>) -> Option<T> {
        match result {
            Ok(value) => {
                self.add(title, Outcome::Passed);
                Some(value)
            }
            Err(reason) => {
                self.fail(title, reason);
                None
            }
        }
    }

    /// Notes that something is wrong.
    pub fn fail(&mut self, title: &str, reason: String) {
        self.add(title, Outcome::Failed { reason });
    }

    /// Notes that something was not tried.
    pub fn skip(&mut self, title: &str, reason: String) {
        self.add(title, Outcome::Skipped { reason });
    }

    /// Notes that something works, and could be better.
    pub fn advise(&mut self, title: &str, reason: String) {
        self.add(title, Outcome::Advice { reason });
    }

    /// Takes in what another report says.
    pub fn extend(&mut self, report: Report) {
        self.checks.extend(report.checks);
    }

    /// Looks at what users rely on although nothing enforces it.
    pub fn conventions(&mut self, plugin: &Plugin, registry: &Registry, facts: &PluginFacts) {
        self.descriptions(facts);
        for backend in &plugin.manifest.backends {
            let title = format!("the options of its machines are deployment.{backend}");
            let prefix = format!("deployment.{backend}");
            let is_there = facts.machine.iter().any(|name| {
                let rest = name.strip_prefix(&prefix);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            if is_there {
                self.add(&title, Outcome::Passed);
            } else {
                self.advise(&title, format!("machines get no option {prefix}"));
            }
        }
        let brought = plugin
            .manifest
            .types
            .iter()
            .chain(&plugin.manifest.backends);
        for name in brought.filter(|name| registry.get(name).is_none()) {
            let reason = format!("without schemas/{name}.json its values are not checked");
            self.advise(&format!("{name} has a schema"), reason);
        }
    }

    fn descriptions(&mut self, facts: &PluginFacts) {
        let title = "every option has a description";
        match facts.undocumented.as_slice() {
            [] => self.add(title, Outcome::Passed),
            options => self.advise(title, format!("these have none: {}", options.join(", "))),
        }
    }

    /// Everything that was found.
    pub fn report(self) -> Report {
        Report {
            checks: self.checks,
        }
    }

    fn add(&mut self, title: &str, outcome: Outcome) {
        self.checks.push(Check {
            name: title.to_owned(),
            outcome,
        });
    }
}
