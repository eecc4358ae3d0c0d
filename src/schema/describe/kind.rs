//! Words for what a schema says of one kind of values.

use serde_json::{Map, Value};

use super::{Words, alternatives, value::plain};

/// What a schema allows of a kind.
pub(super) fn of_kind(
    root: &Value,
    keywords: &Map<String, Value>,
    kind: &str,
    depth: usize,
) -> String {
    match kind {
        "boolean" => "true or false".to_owned(),
        "integer" => numbers("an integer", keywords),
        "number" => numbers("a number", keywords),
        "string" => strings(keywords),
        "array" => lists(root, keywords, depth),
        "object" => sets(keywords),
        other => other.to_owned(),
    }
}

fn numbers(noun: &str, keywords: &Map<String, Value>) -> String {
    let limits = match (keywords.get("minimum"), keywords.get("maximum")) {
        (Some(least), Some(most)) => format!(" between {least} and {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        (None, Some(most)) => format!(" of at most {most}"),
        (None, None) => String::new(),
    };
    let others = [
        ("exclusiveMinimum", "greater than"),
        ("exclusiveMaximum", "less than"),
        ("multipleOf", "that is a multiple of"),
    ];
    let others = others.map(|(keyword, phrase)| match keywords.get(keyword) {
        Some(limit) => format!(" {phrase} {limit}"),
        None => String::new(),
    });
    format!("{noun}{limits}{}", others.concat())
}

fn strings(keywords: &Map<String, Value>) -> String {
    let count = count(keywords, "minLength", "maxLength", "character");
    match keywords.get("pattern").and_then(Value::as_str) {
        Some(pattern) => format!("a string{count} that matches {pattern}"),
        None => format!("a string{count}"),
    }
}

fn lists(root: &Value, keywords: &Map<String, Value>, depth: usize) -> String {
    let count = count(keywords, "minItems", "maxItems", "element");
    let unique = match keywords.get("uniqueItems") {
        Some(Value::Bool(true)) => " without repetition",
        _ => "",
    };
    let mut each = Vec::new();
    if let Some(items) = keywords.get("items").filter(|_| depth > 1) {
        alternatives(root, items, 1, &mut each);
    }
    match each.as_slice() {
        [Words::Kind(kind)] if kind != "anything" => {
            format!("a list{count}{unique}, each {kind}")
        }
        _ => format!("a list{count}{unique}"),
    }
}

fn sets(keywords: &Map<String, Value>) -> String {
    let count = count(keywords, "minProperties", "maxProperties", "attribute");
    let tags = tags(keywords);
    if tags.is_empty() {
        format!("a set{count}")
    } else {
        format!("a set{count} with {}", tags.join(" and "))
    }
}

/// The constants that tell a set from others, or else the names of attributes that it must have.
fn tags(keywords: &Map<String, Value>) -> Vec<String> {
    let properties = keywords.get("properties").and_then(Value::as_object);
    let constants = properties
        .into_iter()
        .flatten()
        .filter_map(|(name, schema)| {
            let value = schema.get("const")?;
            Some(format!("{name} = {}", plain(value)))
        });
    let constants: Vec<String> = constants.collect();
    if !constants.is_empty() {
        return constants;
    }
    let required = keywords.get("required").and_then(Value::as_array);
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

fn count(keywords: &Map<String, Value>, least: &str, most: &str, noun: &str) -> String {
    let number = |keyword| keywords.get(keyword).and_then(Value::as_u64);
    match (number(least), number(most)) {
        (Some(least), Some(most)) if least == most => format!(" of {}", counted(least, noun)),
        (Some(least), Some(most)) => format!(" of {least} to {}", counted(most, noun)),
        (Some(least), None) => format!(" of at least {}", counted(least, noun)),
        (None, Some(most)) => format!(" of at most {}", counted(most, noun)),
        (None, None) => String::new(),
    }
}

/// A number of things.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
