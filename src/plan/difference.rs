//! How a resource differs from what it is to be, attribute by attribute.
//!
//! Which attributes differ is the provider's word: it alone knows that `10G` and `10GiB` are one size.
//! What stood there and what is to stand there comes from the record and from the network. Nothing is
//! shown that a schema hides, nor what a secret of another resource went into: what is secret of a
//! record takes part in the comparison, if somebody has opened it, and in nothing else.

use nixops_plugin::protocol::{Attributes, Change, ChangeKind, Difference};
use serde_json::Value;

use crate::{
    schema::Registry,
    state::{Key, Lifecycle, Record, Secrets},
};

use super::{
    AttributeChange, Shown,
    attribute::{is_within, parse},
    seen::{Parts, Seen, shown},
};

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
    let redacted = schemas.redact(kind, &Value::Object(inputs.clone()));
    let attributes = redacted.as_object().into_iter().flatten();
    let attributes = attributes.filter(|(_, value)| !value.is_null());
    attributes
        .map(|(name, value)| AttributeChange {
            path: vec![name.clone()],
            before: Shown::Absent,
            after: shown(Some(value)),
            replaces: false,
        })
        .collect()
}

/// In what a resource is not what it was last brought to, as its provider says in `difference`: what it has
/// become, and what it was to be. What is ignored is left out.
pub fn drift(
    key: &Key,
    record: &Record,
    outputs: &Attributes,
    inputs: &Attributes,
    difference: &Difference,
    schemas: &Registry,
) -> Vec<AttributeChange> {
    let sides = Sides {
        record: Some(record),
        outputs,
        inputs,
        lifecycle: &record.lifecycle,
        schemas,
        kind: &key.kind,
    };
    sides.changes(difference)
}

/// Outputs of a resource that are not what they were, without what nobody may see.
pub fn news(
    kind: &str,
    before: &Attributes,
    after: &Attributes,
    schemas: &Registry,
) -> Vec<AttributeChange> {
    if before == after {
        return Vec::new();
    }
    let plain = [before, after].map(|outputs| Value::Object(outputs.clone()));
    let shown = plain
        .clone()
        .map(|outputs| redacted(kind, outputs, schemas));
    let [before, after] = [0, 1].map(|side: usize| Seen {
        plain: Some(&plain[side]),
        shown: Some(&shown[side]),
    });
    let mut parts = Parts::default();
    parts.split(&[], before, after, false);
    parts.open
}

/// Outputs as they may be shown.
fn redacted(kind: &str, outputs: Value, schemas: &Registry) -> Value {
    match schemas.outputs(kind) {
        Some(schema) => schema.redact(&outputs),
        None => outputs,
    }
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
            ChangeKind::Add | ChangeKind::Update => after.decided(),
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
        let outputs = redacted(self.kind, outputs, self.schemas);
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
