//! Words for schemas and values.

mod kind;
mod value;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub(super) use self::value::{hidden, value};
use self::{kind::of_kind, value::plain};
use super::{reference::resolve, strict::kinds};

/// How many words of a choice are shown.
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
