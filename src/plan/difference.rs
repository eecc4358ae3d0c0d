//! How a resource differs from what it is to be, attribute by attribute.
//!
//! Which attributes differ is the provider's word: it alone knows that `10G` and `10GiB` are one size.
//! What stood there and what is to stand there comes from the record and from the network. Nothing is
//! shown that a schema hides, nor what a secret of another resource went into: what is secret of a
//! record takes part in the comparison, if somebody has opened it, and in nothing else.

use nixops_plugin::protocol::{Attributes, Change, ChangeKind, Difference};
use serde_json::Value;

use crate::{
    evaluator::Token,
    schema::{REDACTED, Registry},
    state::{Lifecycle, Record, Secrets},
};

use super::{
    AttributeChange, Shown,
    attribute::{is_within, parse},
};

/// What stands in a value for what is known only after apply.
const UNKNOWN: &str = "(known after apply)";

/// Both sides of a comparison.
pub(super) struct Sides<'a> {
    /// What was kept of it, if anything was.
    pub record: Option<&'a Record>,
    /// What its provider says of it now.
    pub outputs: &'a Attributes,
    /// What it is to be.
    pub inputs: &'a Attributes,
    /// What the network says of its life cycle.
    pub lifecycle: &'a Lifecycle,
    /// The schema of its type.
    pub schemas: &'a Registry,
    /// Its type.
    pub kind: &'a str,
}

/// Attributes of a resource that is made.
pub(super) fn made(kind: &str, inputs: &Attributes, schemas: &Registry) -> Vec<AttributeChange> {
    let shown = schemas.redact(kind, &Value::Object(inputs.clone()));
    let attributes = shown.as_object().into_iter().flatten();
    let attributes = attributes.filter(|(_, value)| !value.is_null());
    attributes
        .map(|(name, value)| AttributeChange {
            path: vec![name.clone()],
            before: Shown::Absent,
            after: self::shown(Some(value)),
            replaces: false,
        })
        .collect()
}

/// A value in two forms: as it is, and as it may be shown.
#[derive(Clone, Copy)]
struct Seen<'a> {
    plain: Option<&'a Value>,
    shown: Option<&'a Value>,
}

impl<'a> Seen<'a> {
    fn at(self, name: &str) -> Self {
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

impl Sides<'_> {
    /// What differs and is not ignored.
    pub fn changes(&self, difference: &Difference) -> Vec<AttributeChange> {
        if difference.changes.is_empty() {
            return Vec::new();
        }
        let object = |attributes: &Attributes| Value::Object(attributes.clone());
        let (kept, plain) = (self.kept().map(object), self.opened().map(object));
        let after = object(self.inputs);
        let shown_before = kept
            .as_ref()
            .map(|kept| self.schemas.redact(self.kind, kept));
        let shown_after = self.schemas.redact(self.kind, &after);
        let before = Seen {
            plain: plain.as_ref().or(kept.as_ref()),
            shown: shown_before.as_ref(),
        };
        let after = Seen {
            plain: Some(&after),
            shown: Some(&shown_after),
        };
        let changes = difference.changes.iter();
        changes
            .flat_map(|change| self.change(change, before, after))
            .collect()
    }

    /// The inputs that were kept, without what is secret of them.
    fn kept(&self) -> Option<&Attributes> {
        self.record.map(|record| &record.state.inputs)
    }

    /// All inputs that were kept, if somebody has opened what is secret of them.
    fn opened(&self) -> Option<&Attributes> {
        match &self.record?.secrets {
            Secrets::Open(parts) => parts.inputs.as_ref(),
            _ => None,
        }
    }

    /// Whether something was kept that cannot be seen here.
    fn has_sealed(&self) -> bool {
        let secrets = self.record.map(|record| &record.secrets);
        matches!(secrets, Some(Secrets::Sealed(_)))
    }

    /// Attributes in which a change of the provider consists.
    fn change(&self, change: &Change, before: Seen<'_>, after: Seen<'_>) -> Vec<AttributeChange> {
        let (before, after) = change
            .path
            .iter()
            .fold((before, after), |(before, after), name| {
                (before.at(name), after.at(name))
            });
        let mut parts = Parts::default();
        parts.split(&change.path, before, after, self.has_sealed());
        if parts.is_empty() {
            parts.open = vec![self.unseen(change, after)];
        }
        let mut changes = parts.open;
        changes.retain(|change| !self.is_ignored(&change.path));
        if changes.is_empty() {
            changes = parts.hidden;
            changes.retain(|change| !self.is_ignored(&change.path));
        }
        for part in &mut changes {
            part.replaces = change.replace || self.is_replacing(&part.path);
        }
        changes
    }

    /// A difference that cannot be seen in the inputs: something that nobody may see, or what somebody
    /// else has changed.
    fn unseen(&self, change: &Change, after: Seen<'_>) -> AttributeChange {
        let after = match change.kind {
            ChangeKind::Remove => Shown::Absent,
            ChangeKind::Add | ChangeKind::Update => after.show(),
        };
        let is_secret = after == Shown::Sensitive || (after == Shown::Absent && self.has_sealed());
        let before = if is_secret {
            Shown::Sensitive
        } else {
            self.drifted(&change.path, &after)
        };
        AttributeChange {
            path: change.path.clone(),
            before,
            after,
            replaces: false,
        }
    }

    /// What an attribute has become in the meantime, if an output of the same name says so.
    fn drifted(&self, path: &[String], after: &Shown) -> Shown {
        let outputs = Value::Object(self.outputs.clone());
        let outputs = match self.schemas.outputs(self.kind) {
            Some(schema) => schema.redact(&outputs),
            None => outputs,
        };
        let start = Seen {
            plain: None,
            shown: Some(&outputs),
        };
        let found = path.iter().fold(start, |seen, name| seen.at(name));
        match shown(found.shown) {
            Shown::Absent => Shown::Different,
            found if found == *after => Shown::Different,
            found => found,
        }
    }

    fn is_ignored(&self, path: &[String]) -> bool {
        let ignored = self.lifecycle.ignore_changes.iter();
        ignored
            .map(|named| parse(named))
            .any(|named| is_within(path, &named))
    }

    /// Whether `replaceOn` names the attribute, something that it is a part of, or a part of it.
    fn is_replacing(&self, path: &[String]) -> bool {
        let named = self.lifecycle.replace_on.iter();
        let mut named = named.map(|named| parse(named));
        named.any(|named| is_within(path, &named) || is_within(&named, path))
    }
}

/// The parts of a change.
#[derive(Default)]
struct Parts {
    /// Those that are seen to differ.
    open: Vec<AttributeChange>,
    /// Those that nobody may see, and that may be the same.
    hidden: Vec<AttributeChange>,
}

impl Parts {
    fn is_empty(&self) -> bool {
        self.open.is_empty() && self.hidden.is_empty()
    }

    /// Goes down as far as both sides have the same form.
    fn split(&mut self, path: &[String], before: Seen<'_>, after: Seen<'_>, sealed: bool) {
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
        let after = after.show();
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
fn shown(value: Option<&Value>) -> Shown {
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
