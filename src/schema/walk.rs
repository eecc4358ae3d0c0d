//! The schemas within a schema.

use serde_json::Value;

use super::reference::join;

/// Keywords whose argument is a schema, and whether it holds for the same value.
const SINGLE: [(&str, bool); 11] = [
    ("additionalProperties", false),
    ("contains", false),
    ("contentSchema", false),
    ("else", true),
    ("if", true),
    ("items", false),
    ("not", true),
    ("propertyNames", false),
    ("then", true),
    ("unevaluatedItems", false),
    ("unevaluatedProperties", false),
];

/// Keywords whose argument is a list of schemas.
const LISTS: [(&str, bool); 4] = [
    ("allOf", true),
    ("anyOf", true),
    ("oneOf", true),
    ("prefixItems", false),
];

/// Keywords whose argument is a set of schemas.
const SETS: [(&str, bool); 5] = [
    ("$defs", false),
    ("definitions", false),
    ("dependentSchemas", true),
    ("patternProperties", false),
    ("properties", false),
];

/// A schema that stands directly within another one.
pub(super) struct Inner<'a> {
    /// JSON pointer into the document.
    pub at: String,
    /// The schema.
    pub schema: &'a Value,
    /// Whether it is applied to the same value as the outer one.
    pub same: bool,
}

/// The schemas directly within the one at a pointer.
pub(super) fn inner<'a>(at: &str, schema: &'a Value) -> Vec<Inner<'a>> {
    let mut all = Vec::new();
    let mut push = |at: String, schema: &'a Value, same: bool| all.push(Inner { at, schema, same });
    for (keyword, same) in SINGLE {
        if let Some(schema) = schema.get(keyword) {
            push(join(at, keyword), schema, same);
        }
    }
    for (keyword, same) in LISTS {
        let schemas = schema.get(keyword).and_then(Value::as_array);
        for (index, schema) in schemas.into_iter().flatten().enumerate() {
            push(join(&join(at, keyword), &index.to_string()), schema, same);
        }
    }
    for (keyword, same) in SETS {
        let schemas = schema.get(keyword).and_then(Value::as_object);
        for (name, schema) in schemas.into_iter().flatten() {
            push(join(&join(at, keyword), name), schema, same);
        }
    }
    all
}

/// Calls a function with every schema of a document and its pointer, from the outside in.
pub(super) fn everywhere<E>(
    at: &str,
    schema: &Value,
    visit: &mut impl FnMut(&str, &Value) -> Result<(), E>,
) -> Result<(), E> {
    visit(at, schema)?;
    for inner in inner(at, schema) {
        everywhere(&inner.at, inner.schema, visit)?;
    }
    Ok(())
}
