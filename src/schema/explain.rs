//! What the validator found, in words that name attributes.

use std::collections::BTreeSet;

use jsonschema::{
    ValidationError,
    error::ValidationErrorKind,
    paths::{Location, LocationSegment},
};
use serde_json::Value;

use super::{Finding, describe, sensitive::is_hidden, union};
use crate::plan::suggestion::nearest;

/// A document and the value that does not fit it.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub root: &'a Value,
    pub value: &'a Value,
}

/// Turns all errors into findings, each once, in the order of paths.
pub(super) fn findings<'e>(
    root: &Value,
    value: &Value,
    errors: impl Iterator<Item = ValidationError<'e>>,
) -> Vec<Finding> {
    let case = Case { root, value };
    let mut findings: Vec<Finding> = Vec::new();
    for error in errors {
        case.explain(&error, &mut findings);
    }
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert((finding.path.clone(), finding.expected.clone())));
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    findings
}

/// Numbers sort as numbers.
fn order(finding: &Finding) -> Vec<(Option<usize>, &str)> {
    let names = finding.path.iter();
    names
        .map(|name| (name.parse().ok(), name.as_str()))
        .collect()
}

/// The names and numbers of a location.
pub(super) fn path(location: &Location) -> Vec<String> {
    let segment = |segment: LocationSegment<'_>| segment.to_string();
    location.segments().map(segment).collect()
}

impl<'a> Case<'a> {
    pub fn explain(self, error: &ValidationError<'_>, findings: &mut Vec<Finding>) {
        let at = path(error.instance_path());
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                findings.push(self.missing(error, at, name));
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                findings.extend(unexpected.iter().map(|name| self.unknown(error, &at, name)));
            }
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context } => {
                union::explain(self, error, context, findings);
            }
            ValidationErrorKind::PropertyNames { error } => {
                let expected = self.schema_of(error).map_or_else(
                    || "another name".to_owned(),
                    |schema| describe::schema(self.root, schema),
                );
                let found = format!("the name {}", describe::value(error.instance()));
                findings.push(Finding::mismatch(
                    at,
                    format!("a name that is {expected}"),
                    found,
                ));
            }
            ValidationErrorKind::FalseSchema => {
                let found = self.found(&at);
                findings.push(Finding::unknown(at, found, None));
            }
            kind => {
                let expected = self.expected(error, kind);
                findings.push(self.mismatch(at, expected));
            }
        }
    }

    fn expected(self, error: &ValidationError<'_>, kind: &ValidationErrorKind) -> String {
        let described = self
            .schema_of(error)
            .map(|schema| describe::schema(self.root, schema));
        match (kind, described) {
            (ValidationErrorKind::Not { schema }, _) => {
                format!("anything but {}", describe::schema(self.root, schema))
            }
            (ValidationErrorKind::OneOfMultipleValid { .. }, Some(words)) => {
                format!("only one of these at once: {words}")
            }
            (ValidationErrorKind::Contains, _) => "a list with another element".to_owned(),
            (_, Some(words)) => words,
            (_, None) => "another value".to_owned(),
        }
    }

    /// A finding about what is at a path.
    pub fn mismatch(self, path: Vec<String>, expected: String) -> Finding {
        let found = self.found(&path);
        Finding::mismatch(path, expected, found)
    }

    /// What is at a path, or only its kind.
    pub fn found(self, path: &[String]) -> String {
        let value = path.iter().try_fold(self.value, |value, name| match value {
            Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
            other => other.get(name),
        });
        match value {
            None => "nothing".to_owned(),
            Some(value) if is_hidden(self.root, path, self.value) => describe::hidden(value),
            Some(value) => describe::value(value),
        }
    }

    /// The schema whose keyword was not kept.
    pub fn schema_of(self, error: &ValidationError<'_>) -> Option<&'a Value> {
        let pointer = error.schema_path().as_str();
        let (schema, _) = pointer.rsplit_once('/')?;
        self.root.pointer(schema)
    }

    fn missing(self, error: &ValidationError<'_>, mut path: Vec<String>, name: &str) -> Finding {
        let schema = self.schema_of(error);
        let property = schema.and_then(|schema| schema.get("properties")?.get(name));
        let expected = property.map_or_else(
            || "a value".to_owned(),
            |schema| describe::schema(self.root, schema),
        );
        path.push(name.to_owned());
        Finding::missing(path, expected)
    }

    fn unknown(self, error: &ValidationError<'_>, path: &[String], name: &str) -> Finding {
        let schema = self.schema_of(error);
        let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
        let known = properties
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str());
        let suggestion = nearest(name, known).map(str::to_owned);
        let path: Vec<String> = path.iter().cloned().chain([name.to_owned()]).collect();
        let found = self.found(&path);
        Finding::unknown(path, found, suggestion)
    }
}
