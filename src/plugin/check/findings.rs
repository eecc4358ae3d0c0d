//! What was found, one after the other.

use serde_json::Value;

use crate::{
    evaluator::PluginFacts,
    plugin::{
        Plugin,
        conformance::{Check, Outcome, Report},
    },
    schema::{Kind, Registry, TypeSchema},
};

use super::Agreement;

/// Collects what is found of a plugin, and tells of it at once.
pub struct Findings<'a> {
    checks: Vec<Check>,
    told: &'a mut dyn FnMut(&Check),
}

impl<'a> Findings<'a> {
    /// Nothing found yet. `told` hears of everything that will be.
    pub fn new(told: &'a mut dyn FnMut(&Check)) -> Self {
        Self {
            checks: Vec::new(),
            told,
        }
    }

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

    /// Takes in what another one has found.
    pub fn take(&mut self, check: &Check) {
        (self.told)(check);
        self.checks.push(check.clone());
    }

    /// Notes whether options and schema of a type agree.
    pub fn agreement(&mut self, of_type: &str, agreement: Agreement) {
        let title = format!("options and schema of {of_type} agree");
        match (agreement.failure, agreement.advice) {
            (Some(reason), _) => self.fail(&title, reason),
            (None, Some(reason)) => self.advise(&title, reason),
            (None, None) => self.add(&title, Outcome::Passed),
        }
    }

    /// Looks at what users rely on although nothing enforces it.
    pub fn conventions(&mut self, plugin: &Plugin, registry: &Registry, facts: &PluginFacts) {
        self.descriptions(facts);
        for of_type in &facts.untyped {
            let title = format!("resources of {of_type} say what they are");
            let reason = "set config._type, by which the options of others recognise them";
            self.advise(&title, reason.to_owned());
        }
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
        for name in plugin
            .manifest
            .types
            .iter()
            .chain(&plugin.manifest.backends)
        {
            let title = format!("every option of {name} is in its schema");
            match registry.get(name) {
                // What is wrong with its schema has been told.
                None if has_file(plugin, name) => {}
                None => {
                    let reason = format!("without schemas/{name}.json its values are not checked");
                    self.advise(&format!("{name} has a schema"), reason);
                }
                Some(schema) => match unnamed(name, schema, facts).as_slice() {
                    [] => self.add(&title, Outcome::Passed),
                    options => {
                        let options = options.join(", ");
                        self.advise(
                            &title,
                            format!("values of these are not checked: {options}"),
                        );
                    }
                },
            }
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
        self.take(&Check {
            name: title.to_owned(),
            outcome,
        });
    }
}

fn has_file(plugin: &Plugin, name: &str) -> bool {
    let texts = plugin.schema_texts().unwrap_or_default();
    texts.iter().any(|text| text.of_type == name)
}

/// Keywords by which a schema names attributes elsewhere than in `properties`.
const ELSEWHERE: [&str; 5] = ["$ref", "allOf", "anyOf", "oneOf", "patternProperties"];

/// Options in Nix that a schema does not name.
fn unnamed(of_type: &str, schema: &TypeSchema, facts: &PluginFacts) -> Vec<String> {
    let document = schema.options.document();
    let properties = document.get("properties").and_then(Value::as_object);
    let is_elsewhere = ELSEWHERE
        .iter()
        .any(|keyword| document.get(keyword).is_some());
    let Some(properties) = properties.filter(|_| !is_elsewhere) else {
        return Vec::new();
    };
    let options: Vec<&str> = if schema.kind == Kind::Machine {
        let prefix = format!("deployment.{of_type}.");
        let below = |name| str::strip_prefix(name, &prefix);
        let options = facts.machine.iter().map(String::as_str);
        options.filter_map(below).collect()
    } else {
        let options = facts.resources.get(of_type).into_iter().flatten();
        options.map(String::as_str).collect()
    };
    let first = |option: &&str| option.split('.').next().unwrap_or_default().to_owned();
    let mut unnamed: Vec<String> = options.iter().map(first).collect();
    unnamed.retain(|name| !properties.contains_key(name.trim_matches('"')));
    unnamed.sort();
    unnamed.dedup();
    unnamed
}
