//! An attribute that differs, in a line.

use serde_json::Value;

use crate::{
    plan::{AttributeChange, Shown},
    schema::attribute_path,
};

use super::color::{ERROR, FAINT, paint};
use super::sanitise::sanitise;

/// Letters of a value beyond these are left out.
const LETTERS: usize = 72;

/// Writes an attribute with what it was and what it is to be; of a new resource only the latter, if there
/// is something to say.
pub(super) fn attribute(change: &AttributeChange, is_new: bool) -> Option<String> {
    let path = attribute_path(change.path.iter().map(String::as_str));
    let after = shown(&change.after);
    let values = match &change.after {
        Shown::Absent if is_new => return None,
        Shown::Value(value) if is_new && is_blank(value) => return None,
        _ if is_new => after,
        _ if change.before == change.after => after,
        _ => format!("{} → {after}", shown(&change.before)),
    };
    let mark = if change.replaces {
        paint(ERROR, "  # forces replacement")
    } else {
        String::new()
    };
    Some(format!("    {}: {values}{mark}", sanitise(&path)))
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.is_empty(),
        _ => false,
    }
}

fn shown(shown: &Shown) -> String {
    let word = match shown {
        Shown::Value(value) => return brief(&value.to_string()),
        Shown::Absent => "(none)",
        Shown::Sensitive => "(sensitive)",
        Shown::KnownAfterApply => "(known after apply)",
        Shown::Different => "(something else)",
    };
    paint(FAINT, word)
}

fn brief(text: &str) -> String {
    let text = sanitise(text);
    let mut letters = text.char_indices();
    match letters.nth(LETTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
