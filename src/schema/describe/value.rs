//! Words for values.

use serde_json::Value;

use super::kind::counted;
use crate::schema::attribute_path::quoted;

/// How many letters of a text are shown.
const TEXT: usize = 60;

/// Says what a value is, itself where it is short, or its kind.
pub fn value(value: &Value) -> String {
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
pub fn hidden(value: &Value) -> String {
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

/// A value where it is short, or its kind.
pub(super) fn plain(value: &Value) -> String {
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
