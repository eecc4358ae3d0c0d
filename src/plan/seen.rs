//! Values side by side, as they are and as they may be shown.

use serde_json::Value;

use crate::{
    evaluator::{Token, tokens},
    schema::REDACTED,
};

use super::{AttributeChange, Shown};

/// What stands in a value for what is known only after apply.
const UNKNOWN: &str = "(known after apply)";

/// A value in two forms: as it is, and as it may be shown.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub plain: Option<&'a Value>,
    pub shown: Option<&'a Value>,
}

impl<'a> Seen<'a> {
    pub fn at(self, name: &str) -> Self {
        let plain = self.plain.and_then(|value| inner(value, name));
        let shown = self.shown.filter(|shown| !self.is_cut(shown));
        Self {
            plain,
            shown: shown.and_then(|value| match value {
                // What hides the whole, or makes it unknown, does so for each part.
                Value::String(text) if stands_for_all(text) => Some(value),
                value => inner(value, name),
            }),
        }
    }

    /// Whether elements were taken out of a list, so that their numbers mean others.
    fn is_cut(self, shown: &Value) -> bool {
        let lengths = (self.plain.and_then(Value::as_array), shown.as_array());
        matches!(lengths, (Some(plain), Some(shown)) if plain.len() != shown.len())
    }

    /// The value, unless nobody may see it or a part of it.
    fn whole(self) -> Option<&'a Value> {
        match self.show() {
            Shown::Value(_) => self.plain,
            _ => None,
        }
    }

    /// What is to stand there. Where a part of a list is not known yet, nobody knows whether it differs.
    pub fn decided(self) -> Shown {
        match self.show() {
            Shown::Value(_) if self.is_open() => Shown::KnownAfterApply,
            shown => shown,
        }
    }

    fn is_open(self) -> bool {
        self.shown
            .is_some_and(|value| !tokens(Token::Unknown, value).is_empty())
    }

    fn show(self) -> Shown {
        match (self.plain, self.shown) {
            (Some(plain), None) if !plain.is_null() => Shown::Sensitive,
            (_, Some(value)) if self.is_cut(value) => Shown::Sensitive,
            (_, value) => shown(value),
        }
    }
}

fn inner<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Array(values) => values.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    }
}

fn stands_for_all(text: &str) -> bool {
    text == REDACTED || has(Token::Secret, text) || has(Token::Unknown, text)
}

fn has(token: Token, text: &str) -> bool {
    !token.find(text).is_empty()
}

/// The parts of a change.
#[derive(Default)]
pub(super) struct Parts {
    /// Those that are seen to differ.
    pub open: Vec<AttributeChange>,
    /// Those that nobody may see, and that may be the same.
    pub hidden: Vec<AttributeChange>,
}

impl Parts {
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.hidden.is_empty()
    }

    /// Goes down as far as both sides have the same form.
    pub fn split(&mut self, path: &[String], before: Seen<'_>, after: Seen<'_>, sealed: bool) {
        if before.plain.unwrap_or(&Value::Null) == after.plain.unwrap_or(&Value::Null) {
            return;
        }
        let names: Vec<String> = match (before.whole(), after.whole()) {
            (Some(Value::Object(one)), Some(Value::Object(other))) => {
                let added = other.keys().filter(|name| !one.contains_key(*name));
                one.keys().chain(added).cloned().collect()
            }
            (Some(Value::Array(one)), Some(Value::Array(other))) if one.len() == other.len() => {
                (0..one.len()).map(|index| index.to_string()).collect()
            }
            _ => return self.leaf(path, before, after, sealed),
        };
        for name in names {
            let path: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
            self.split(&path, before.at(&name), after.at(&name), sealed);
        }
    }

    fn leaf(&mut self, path: &[String], before: Seen<'_>, after: Seen<'_>, sealed: bool) {
        let after = after.decided();
        let unknown = sealed && before.plain.is_none() && after == Shown::Sensitive;
        let change = AttributeChange {
            path: path.to_vec(),
            before: if unknown {
                Shown::Sensitive
            } else {
                before.show()
            },
            after,
            replaces: false,
        };
        if unknown {
            self.hidden.push(change);
        } else {
            self.open.push(change);
        }
    }
}

/// A value as a plan shows it; what a schema hides in it is hidden already.
pub(super) fn shown(value: Option<&Value>) -> Shown {
    match value {
        None | Some(Value::Null) => Shown::Absent,
        Some(Value::String(text)) if text == REDACTED || has(Token::Secret, text) => {
            Shown::Sensitive
        }
        Some(Value::String(text)) if has(Token::Unknown, text) => Shown::KnownAfterApply,
        Some(value) => Shown::Value(without_tokens(value)),
    }
}

fn without_tokens(value: &Value) -> Value {
    match value {
        Value::String(text) if has(Token::Secret, text) => Value::String(REDACTED.to_owned()),
        Value::String(text) if has(Token::Unknown, text) => Value::String(UNKNOWN.to_owned()),
        Value::Array(values) => values.iter().map(without_tokens).collect(),
        Value::Object(values) => values
            .iter()
            .map(|(name, value)| (name.clone(), without_tokens(value)))
            .collect(),
        other => other.clone(),
    }
}
