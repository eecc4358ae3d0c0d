//! Words for schemas and values.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{attribute_path::quoted, reference::resolve, strict::kinds};

/// How many letters of a text, and words of a choice, are shown.
const TEXT: usize = 60;
const CHOICES: usize = 12;

/// How far references are followed for a description.
const DEPTH: usize = 8;

/// Says what a schema allows, such as `an integer between 1 and 65535`.
pub(super) fn schema(root: &Value, schema: &Value) -> String {
    let mut words = Vec::new();
    alternatives(root, schema, DEPTH, &mut words);
    let choices: BTreeSet<&String> = words.iter().filter_map(Words::choice).collect();
    let mut parts = Vec::new();
    if !choices.is_empty() {
        let in_order: Vec<&str> = unique(words.iter().filter_map(Words::choice));
        parts.push(choice(&in_order));
    }
    parts.extend(
        unique(words.iter().filter_map(Words::kind))
            .into_iter()
            .map(str::to_owned),
    );
    let null = words.iter().any(|words| matches!(words, Words::Null));
    if null {
        parts.push("null".to_owned());
    }
    parts.join(" or ")
}

/// One of the things that a schema allows.
enum Words {
    Choice(String),
    Kind(String),
    Null,
}

impl Words {
    fn choice(&self) -> Option<&String> {
        match self {
            Self::Choice(words) => Some(words),
            _ => None,
        }
    }

    fn kind(&self) -> Option<&String> {
        match self {
            Self::Kind(words) => Some(words),
            _ => None,
        }
    }
}

fn unique<'a>(words: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    words
        .filter(|word| seen.insert(word.as_str()))
        .map(String::as_str)
        .collect()
}

fn choice(words: &[&str]) -> String {
    match words {
        [one] => (*one).to_owned(),
        _ if words.len() > CHOICES => format!(
            "one of {} and {} others",
            words[..CHOICES].join(", "),
            words.len() - CHOICES
        ),
        _ => format!("one of {}", words.join(", ")),
    }
}

fn alternatives(root: &Value, schema: &Value, depth: usize, words: &mut Vec<Words>) {
    let Value::Object(keywords) = schema else {
        let word = if schema == &Value::Bool(false) {
            "nothing at all"
        } else {
            "anything"
        };
        return words.push(Words::Kind(word.to_owned()));
    };
    if let Some(values) = keywords.get("enum").and_then(Value::as_array) {
        words.extend(values.iter().map(one_choice));
    } else if let Some(value) = keywords.get("const") {
        words.push(one_choice(value));
    } else if let Some(inner) = within(root, keywords).filter(|_| depth > 0) {
        for schema in inner {
            alternatives(root, schema, depth - 1, words);
        }
    } else {
        let all = ["anything"];
        let named = keywords.get("type").map(kinds);
        for kind in named.as_deref().unwrap_or(&all) {
            words.push(match *kind {
                "null" => Words::Null,
                kind => Words::Kind(of_kind(root, keywords, kind, depth)),
            });
        }
    }
}

/// The schemas that say more than the keywords themselves do.
fn within<'a>(root: &'a Value, keywords: &'a Map<String, Value>) -> Option<Vec<&'a Value>> {
    for union in ["oneOf", "anyOf"] {
        let is_open = !keywords.contains_key("properties");
        if let Some(schemas) = keywords
            .get(union)
            .and_then(Value::as_array)
            .filter(|_| is_open)
        {
            return Some(schemas.iter().collect());
        }
    }
    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
        return resolve(root, reference).map(|schema| vec![schema]);
    }
    if keywords.contains_key("type") {
        return None;
    }
    let all = keywords.get("allOf").and_then(Value::as_array)?;
    all.first().map(|schema| vec![schema])
}

fn one_choice(value: &Value) -> Words {
    if value.is_null() {
        Words::Null
    } else {
        Words::Choice(plain(value))
    }
}

fn of_kind(root: &Value, keywords: &Map<String, Value>, kind: &str, depth: usize) -> String {
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
    let mut words = noun.to_owned();
    match (keywords.get("minimum"), keywords.get("maximum")) {
        (Some(least), Some(most)) => words += &format!(" between {least} and {most}"),
        (Some(least), None) => words += &format!(" of at least {least}"),
        (None, Some(most)) => words += &format!(" of at most {most}"),
        (None, None) => {}
    }
    for (keyword, phrase) in [
        ("exclusiveMinimum", "greater than"),
        ("exclusiveMaximum", "less than"),
        ("multipleOf", "that is a multiple of"),
    ] {
        if let Some(limit) = keywords.get(keyword) {
            words += &format!(" {phrase} {limit}");
        }
    }
    words
}

fn strings(keywords: &Map<String, Value>) -> String {
    let mut words = "a string".to_owned();
    words += &count(keywords, "minLength", "maxLength", "character");
    if let Some(pattern) = keywords.get("pattern").and_then(Value::as_str) {
        words += &format!(" that matches {pattern}");
    }
    words
}

fn lists(root: &Value, keywords: &Map<String, Value>, depth: usize) -> String {
    let mut words = "a list".to_owned();
    words += &count(keywords, "minItems", "maxItems", "element");
    if keywords.get("uniqueItems") == Some(&Value::Bool(true)) {
        words += " without repetition";
    }
    match keywords.get("items") {
        Some(items) if depth > 1 && items.is_object() => {
            let mut each = Vec::new();
            alternatives(root, items, 1, &mut each);
            match each.as_slice() {
                [Words::Kind(kind)] if kind != "anything" => words += &format!(", each {kind}"),
                _ => {}
            }
        }
        _ => {}
    }
    words
}

fn sets(keywords: &Map<String, Value>) -> String {
    let mut words = "a set".to_owned();
    words += &count(keywords, "minProperties", "maxProperties", "attribute");
    let tags = tags(keywords);
    if !tags.is_empty() {
        words += &format!(" with {}", tags.join(" and "));
    }
    words
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

fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Says what a value is, itself where it is short, or its kind.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Array(elements) => {
            let count = u64::try_from(elements.len()).unwrap_or(u64::MAX);
            format!("a list of {}", counted(count, "element"))
        }
        Value::Object(_) => "a set".to_owned(),
        Value::Number(number) if number.is_f64() => format!("the float {number}"),
        other => plain(other),
    }
}

/// Says only what kind of value it is.
pub(super) fn hidden(value: &Value) -> String {
    let kind = match value {
        Value::Null => return "null".to_owned(),
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a float",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a set",
    };
    format!("{kind} (hidden)")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() > TEXT => {
            let start: String = text.chars().take(TEXT).collect();
            format!("{}…", quoted(&start))
        }
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a set".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn says(given: &Value, words: &str) {
        assert_eq!(schema(given, given), words);
    }

    #[test]
    fn schemas_are_described_in_words() {
        says(
            &json!({ "type": "integer", "minimum": 1, "maximum": 65535 }),
            "an integer between 1 and 65535",
        );
        says(
            &json!({ "type": "number", "exclusiveMinimum": 0 }),
            "a number greater than 0",
        );
        says(&json!({ "type": ["string", "null"] }), "a string or null");
        says(
            &json!({ "type": ["boolean", "null"] }),
            "true or false or null",
        );
        says(
            &json!({ "enum": ["a", "b", null] }),
            r#"one of "a", "b" or null"#,
        );
        says(&json!({ "const": "a" }), r#""a""#);
        says(
            &json!({ "type": "string", "minLength": 1, "pattern": "^a" }),
            "a string of at least 1 character that matches ^a",
        );
        says(
            &json!({ "type": "array", "minItems": 2, "items": { "type": "string" } }),
            "a list of at least 2 elements, each a string",
        );
        says(&json!(true), "anything");
        says(&json!(false), "nothing at all");
    }

    #[test]
    fn unions_are_described_by_what_tells_their_forms_apart() {
        says(
            &json!({ "oneOf": [{ "const": "x" }, { "const": "y" }, { "$ref": "#/$defs/A" }], "$defs": {
                "A": { "type": "object", "properties": { "kind": { "const": "a" } } } } }),
            r#"one of "x", "y" or a set with kind = "a""#,
        );
        says(
            &json!({ "oneOf": [{ "type": "string" }, { "type": "object", "required": ["size"] }, { "type": "null" }] }),
            "a string or a set with size or null",
        );
    }

    #[test]
    fn descriptions_of_recursive_schemas_end() {
        let given = json!({ "$ref": "#/$defs/N", "$defs": { "N": { "anyOf": [{ "type": "string" },
            { "type": "array", "items": { "$ref": "#/$defs/N" } }] } } });
        says(&given, "a string or a list");
    }

    #[test]
    fn long_texts_are_cut_and_controls_never_reach_a_terminal() {
        assert_eq!(
            value(&json!("x".repeat(99))),
            format!("\"{}\"…", "x".repeat(60))
        );
        assert_eq!(value(&json!("\u{1b}[31m")), "\"\u{fffd}[31m\"");
        assert_eq!(value(&json!(1.0)), "the float 1.0");
        assert_eq!(value(&json!([1])), "a list of 1 element");
        assert_eq!(hidden(&json!("secret")), "a string (hidden)");
    }
}
