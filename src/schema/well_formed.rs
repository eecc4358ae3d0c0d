//! What a schema must be beside valid: free of references that lead nowhere, and of keywords of
//! NixOps that nobody understands.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{SchemaError, reference, walk};
use crate::plan::suggestion::nearest;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Keywords that may stand at the top.
const TOP: [&str; 3] = ["x-nixops-kind", "x-nixops-outputs", "x-nixops-version"];

/// Keywords that may stand everywhere, all of them true or false.
const MARKS: [&str; 3] = [
    "x-nixops-replace",
    "x-nixops-sensitive",
    "x-nixops-writeOnly",
];

/// Looks at what the meta-schema does not say.
pub(super) fn check(name: &str, document: &Value) -> Result<(), SchemaError> {
    walk::everywhere("#", document, &mut |at, schema| {
        check_reference(name, document, at, schema)?;
        check_keywords(name, at, schema)
    })?;
    walk::everywhere("#", document, &mut |at, schema| {
        check_cycle(name, document, at, schema)
    })
}

/// Whether the schema is for sets of attributes.
pub(super) fn describes_a_set(document: &Value) -> bool {
    let mut schema = document;
    while let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        match reference::resolve(document, target) {
            Some(target) if schema.get("type").is_none() => schema = target,
            _ => break,
        }
    }
    let parts = schema.get("allOf").and_then(Value::as_array);
    let is_set = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "object");
    is_set(schema) || parts.into_iter().flatten().any(is_set)
}

/// Looks at the version of JSON Schema, which says what all else means.
pub(super) fn check_dialect(name: &str, document: &Value) -> Result<(), SchemaError> {
    match document.get("$schema").and_then(Value::as_str) {
        Some(dialect) if dialect.trim_end_matches('#') != DIALECT => Err(SchemaError::Dialect {
            name: name.to_owned(),
            dialect: dialect.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn check_reference(
    name: &str,
    document: &Value,
    at: &str,
    schema: &Value,
) -> Result<(), SchemaError> {
    let error = |reference: &str, reason| SchemaError::Reference {
        name: name.to_owned(),
        at: at.to_owned(),
        reference: reference.to_owned(),
        reason,
    };
    if let Some(target) = schema.get("$dynamicRef") {
        let target = target.as_str().unwrap_or_default();
        return Err(error(target, "and $dynamicRef has no meaning for options"));
    }
    let Some(target) = schema.get("$ref").and_then(Value::as_str) else {
        return Ok(());
    };
    if target != "#" && !target.starts_with("#/") {
        Err(error(
            target,
            "but only references into the schema itself are followed",
        ))
    } else if reference::resolve(document, target)
        .is_none_or(|to| !to.is_object() && !to.is_boolean())
    {
        Err(error(target, "where no schema is"))
    } else {
        Ok(())
    }
}

fn check_keywords(name: &str, at: &str, schema: &Value) -> Result<(), SchemaError> {
    let own = schema.as_object().into_iter().flatten();
    for (keyword, value) in own.filter(|(keyword, _)| keyword.starts_with("x-nixops-")) {
        if let Err(reason) = check_keyword(keyword, value, at == "#") {
            return Err(SchemaError::Keyword {
                name: name.to_owned(),
                at: at.to_owned(),
                keyword: keyword.clone(),
                reason,
            });
        }
    }
    Ok(())
}

fn check_keyword(keyword: &str, value: &Value, at_the_top: bool) -> Result<(), String> {
    let is = |good: bool, wanted: &str| {
        if good {
            Ok(())
        } else {
            Err(format!("which is to be {wanted}, but is {value}"))
        }
    };
    match keyword {
        _ if MARKS.contains(&keyword) => is(value.is_boolean(), "true or false"),
        _ if TOP.contains(&keyword) && !at_the_top => Err("but it belongs to the top".to_owned()),
        "x-nixops-kind" => is(
            value == "resource" || value == "machine",
            "\"resource\" or \"machine\"",
        ),
        "x-nixops-version" => is(value.is_u64(), "an integer of at least 0"),
        "x-nixops-outputs" => is(value.is_object() || value.is_boolean(), "a schema"),
        _ => Err(match nearest(keyword, TOP.into_iter().chain(MARKS)) {
            Some(meant) => format!("which does not exist; did you mean {meant}?"),
            None => "which does not exist".to_owned(),
        }),
    }
}

/// Looks for a way from a schema back to it on which no step leads into the value.
fn check_cycle(name: &str, document: &Value, at: &str, schema: &Value) -> Result<(), SchemaError> {
    if schema.get("$ref").is_none() {
        return Ok(());
    }
    let mut chain = vec![at.to_owned()];
    if leads_back(document, at, schema, &mut chain, &mut BTreeSet::new()) {
        return Err(SchemaError::Cycle {
            name: name.to_owned(),
            chain,
        });
    }
    Ok(())
}

fn leads_back(
    document: &Value,
    start: &str,
    schema: &Value,
    chain: &mut Vec<String>,
    seen: &mut BTreeSet<String>,
) -> bool {
    let here = chain.last().cloned().unwrap_or_default();
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| {
            let at = format!("#{}", reference::decoded(reference.strip_prefix('#')?));
            Some((at, reference::resolve(document, reference)?))
        });
    let beside = walk::inner(&here, schema)
        .into_iter()
        .filter(|inner| inner.same)
        .map(|inner| (inner.at, inner.schema));
    for (at, schema) in target.into_iter().chain(beside) {
        chain.push(at.clone());
        if at == start || (seen.insert(at) && leads_back(document, start, schema, chain, seen)) {
            return true;
        }
        chain.pop();
    }
    false
}
