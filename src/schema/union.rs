//! Findings about unions: what is wrong with the form that was meant.
//!
//! "Not valid under any of the schemas" helps nobody. Forms that cannot have been meant are put
//! aside: those of another kind, those with another constant in a tag, those whose name is not
//! there. If one form is left, its errors are the findings; if none, the tags are.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use super::{
    Finding, describe,
    explain::{Case, path},
    reference::resolve,
    strict::{is_of_kind, kinds},
};

type Form = Vec<ValidationError<'static>>;

pub(super) fn explain(
    case: Case<'_>,
    error: &ValidationError<'_>,
    forms: &[Form],
    findings: &mut Vec<Finding>,
) {
    let at = path(error.instance_path());
    let depth = at.len();
    let kind: Vec<&Form> = forms
        .iter()
        .filter(|form| !is_of_other_kind(form, depth))
        .collect();
    let tagged: Vec<&Form> = kind
        .iter()
        .copied()
        .filter(|form| !has_other_tag(form, depth))
        .collect();
    let named: Vec<&Form> = tagged
        .iter()
        .copied()
        .filter(|form| !lacks_a_name(form, depth))
        .collect();
    let meant = [&kind, &tagged, &named]
        .into_iter()
        .find_map(|forms| match forms.as_slice() {
            [one] => Some(*one),
            _ => None,
        });
    if let Some(form) = meant {
        for error in form {
            case.explain(error, findings);
        }
    } else {
        findings.push(undecided(case, error, at));
    }
}

/// Whether the value is of a kind that the form is not for, or none of its constants.
fn is_of_other_kind(form: &Form, depth: usize) -> bool {
    form.iter().any(|error| {
        let here = path(error.instance_path()).len() == depth;
        here && match error.kind() {
            ValidationErrorKind::Constant { .. }
            | ValidationErrorKind::Enum { .. }
            | ValidationErrorKind::FalseSchema => true,
            ValidationErrorKind::Custom { keyword, .. } => keyword == "type",
            _ => false,
        }
    })
}

fn has_other_tag(form: &Form, depth: usize) -> bool {
    form.iter().any(|error| {
        let below = path(error.instance_path()).len() == depth + 1;
        below && matches!(error.kind(), ValidationErrorKind::Constant { .. })
    })
}

fn lacks_a_name(form: &Form, depth: usize) -> bool {
    form.iter().any(|error| {
        let here = path(error.instance_path()).len() == depth;
        here && matches!(error.kind(), ValidationErrorKind::Required { .. })
    })
}

/// The finding about a value of which nothing tells what it was meant to be.
fn undecided(case: Case<'_>, error: &ValidationError<'_>, at: Vec<String>) -> Finding {
    let Some(schema) = case.schema_of(error) else {
        return case.mismatch(at, "another value".to_owned());
    };
    let forms = ["oneOf", "anyOf"]
        .into_iter()
        .find_map(|keyword| schema.get(keyword)?.as_array());
    let forms: Vec<&Value> = forms
        .into_iter()
        .flatten()
        .map(|form| followed(case.root, form))
        .collect();
    let value = at.iter().try_fold(case.value, |value, name| match value {
        Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    });
    match tag(&forms).filter(|_| value.is_some_and(Value::is_object)) {
        Some((name, choices)) => {
            let choices = describe::schema(case.root, &serde_json::json!({ "enum": choices }));
            let inner: Vec<String> = at.into_iter().chain([name.to_owned()]).collect();
            if value.is_some_and(|value| value.get(name).is_some()) {
                case.mismatch(inner, choices)
            } else {
                Finding::missing(inner, choices)
            }
        }
        None => case.mismatch(at, of_forms(case.root, schema, &forms, value)),
    }
}

fn followed<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    reference
        .and_then(|reference| resolve(root, reference))
        .unwrap_or(schema)
}

/// The attribute that is a constant in every form that is a set, and the constants.
fn tag<'a>(forms: &[&'a Value]) -> Option<(&'a str, Vec<&'a Value>)> {
    let sets = forms
        .iter()
        .filter_map(|form| form.get("properties")?.as_object());
    let sets: Vec<_> = sets.collect();
    let constants = |name: &str| {
        let constant = |set: &&'a serde_json::Map<String, Value>| set.get(name)?.get("const");
        sets.iter().map(constant).collect::<Option<Vec<_>>>()
    };
    let mut names = sets.first()?.keys();
    names.find_map(|name| Some((name.as_str(), constants(name)?)))
}

/// Words for the forms of the kind that the value has, or for all.
fn of_forms(root: &Value, schema: &Value, forms: &[&Value], value: Option<&Value>) -> String {
    let fits = |form: &&&Value| {
        let named = form.get("type").map(kinds);
        named.is_none_or(|named| {
            named
                .iter()
                .any(|kind| value.is_some_and(|value| is_of_kind(value, kind)))
        })
    };
    let alike: Vec<&&Value> = forms.iter().filter(fits).collect();
    if alike.is_empty() || alike.len() == forms.len() {
        let mut plain = schema.clone();
        if let Value::Object(keywords) = &mut plain {
            keywords.remove("properties");
        }
        return describe::schema(root, &plain);
    }
    describe::schema(root, &serde_json::json!({ "anyOf": alike }))
}
