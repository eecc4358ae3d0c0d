//! Values that nobody may see.
//!
//! A schema marks them with `x-nixops-sensitive` or `x-nixops-writeOnly`. What a mark may bear upon
//! counts as marked: all forms of a union are looked at, whichever of them a value has.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::reference::resolve;

/// What stands in place of a value that nobody may see.
pub const REDACTED: &str = "‹sensitive›";

const MARKS: [&str; 3] = ["x-nixops-sensitive", "x-nixops-writeOnly", "writeOnly"];

/// Schemas that bear upon one value.
pub(super) struct Bearing<'a> {
    root: &'a Value,
    schemas: Vec<&'a Map<String, Value>>,
}

impl<'a> Bearing<'a> {
    /// What bears upon the value that a document describes.
    pub fn of(root: &'a Value) -> Self {
        Self::all(root, [root])
    }

    fn all(root: &'a Value, schemas: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut bearing = Self {
            root,
            schemas: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        for schema in schemas {
            bearing.add(schema, &mut seen);
        }
        bearing
    }

    fn add(&mut self, schema: &'a Value, seen: &mut BTreeSet<*const Value>) {
        let Value::Object(keywords) = schema else {
            return;
        };
        if !seen.insert(std::ptr::from_ref(schema)) {
            return;
        }
        self.schemas.push(keywords);
        let reference = keywords.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|reference| resolve(self.root, reference));
        let lists = ["allOf", "anyOf", "oneOf"].map(|keyword| keywords.get(keyword));
        let listed = lists.into_iter().flatten().filter_map(Value::as_array);
        let single = ["if", "then", "else", "not"].map(|keyword| keywords.get(keyword));
        let dependent = keywords.get("dependentSchemas").and_then(Value::as_object);
        let all = target
            .into_iter()
            .chain(listed.flatten())
            .chain(single.into_iter().flatten())
            .chain(dependent.into_iter().flat_map(Map::values));
        for schema in all {
            self.add(schema, seen);
        }
    }

    /// Whether nobody may see the value.
    pub fn is_marked(&self) -> bool {
        let marked = |schema: &&Map<String, Value>| {
            MARKS
                .iter()
                .any(|mark| schema.get(*mark) == Some(&Value::Bool(true)))
        };
        self.schemas.iter().any(marked)
    }

    /// What bears upon an attribute of the value.
    pub fn attribute(&self, name: &str) -> Self {
        let mut inner = Vec::new();
        for schema in &self.schemas {
            let named = schema.get("properties").and_then(|named| named.get(name));
            if let Some(schema) = named {
                inner.push(schema);
            } else {
                inner.extend(schema.get("additionalProperties"));
                inner.extend(schema.get("unevaluatedProperties"));
            }
            let patterns = schema.get("patternProperties").and_then(Value::as_object);
            inner.extend(patterns.into_iter().flat_map(Map::values));
        }
        Self::all(self.root, inner)
    }

    /// What bears upon an element of the value.
    pub fn element(&self, index: usize) -> Self {
        let mut inner = Vec::new();
        for schema in &self.schemas {
            let first = schema.get("prefixItems").and_then(|first| first.get(index));
            inner.extend(first.or_else(|| schema.get("items")));
            inner.extend(schema.get("contains"));
            inner.extend(schema.get("unevaluatedItems"));
        }
        Self::all(self.root, inner)
    }
}

/// Whether nobody may see what is at a path, or what it stands in.
pub(super) fn is_hidden<'p>(
    root: &Value,
    path: impl IntoIterator<Item = &'p String>,
    value: &Value,
) -> bool {
    let mut bearing = Bearing::of(root);
    let mut value = Some(value);
    for name in path {
        if bearing.is_marked() {
            return true;
        }
        let index = name
            .parse()
            .ok()
            .filter(|_| value.is_some_and(Value::is_array));
        bearing = match index {
            Some(index) => bearing.element(index),
            None => bearing.attribute(name),
        };
        value = match index {
            Some(index) => value.and_then(|value| value.get::<usize>(index)),
            None => value.and_then(|value| value.get(name)),
        };
    }
    bearing.is_marked()
}

/// What becomes of values that nobody may see.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// A marker stands in their place; null, which tells nothing, stays.
    Marker,
    /// They are left out.
    Removal,
}

/// Gives a value without what nobody may see.
pub(super) fn without(bearing: &Bearing<'_>, value: &Value, fate: Fate) -> Option<Value> {
    if bearing.is_marked() {
        return match fate {
            Fate::Marker if value.is_null() => Some(Value::Null),
            Fate::Marker => Some(Value::String(REDACTED.to_owned())),
            Fate::Removal => None,
        };
    }
    if bearing.schemas.is_empty() {
        return Some(value.clone());
    }
    Some(match value {
        Value::Object(attributes) => Value::Object(
            attributes
                .iter()
                .filter_map(|(name, value)| {
                    let kept = without(&bearing.attribute(name), value, fate)?;
                    Some((name.clone(), kept))
                })
                .collect(),
        ),
        Value::Array(elements) => Value::Array(
            elements
                .iter()
                .enumerate()
                .filter_map(|(index, value)| without(&bearing.element(index), value, fate))
                .collect(),
        ),
        other => other.clone(),
    })
}
