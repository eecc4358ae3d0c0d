//! What is to be done with a resource of the network.

use std::collections::BTreeSet;

use nixops_plugin::protocol::{Attributes, Difference};

use crate::{
    schema::{Registry, attribute_path},
    state::{Key, Lifecycle, Phase, Record},
};

use super::{
    Action, AttributeChange, Found, PlannedResource, Refusal, Shown,
    difference::{Sides, made},
};

/// What the network wants of a resource.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The resource, by the name that it has now.
    pub key: &'a Key,
    /// What its provider is to bring it to, with tokens for outputs that are secret or not known yet;
    /// nothing, if that cannot be told before other resources are there.
    pub inputs: Option<&'a Attributes>,
    /// What the network says of its beginning and end.
    pub lifecycle: &'a Lifecycle,
    /// What must be there before it.
    pub needs: &'a BTreeSet<Key>,
    /// What its inputs read and is not known yet.
    pub awaits: &'a BTreeSet<Key>,
    /// The name under which the state has it, if that is another one; see [`super::renames`].
    pub renamed_from: Option<&'a Key>,
}

/// Decides what is to be done with a resource of the network.
///
/// `record` is what the state has of it, with its secrets opened or not, and `found` is what its provider
/// says. Nothing but a provider's word makes it a replacement, except `replaceOn`; and nothing makes it a
/// deletion.
pub fn decide(
    wanted: &Wanted<'_>,
    record: Option<&Record>,
    found: &Found,
    schemas: &Registry,
) -> PlannedResource {
    let mut planned = match (wanted.inputs, found, record) {
        (None, ..) => later(wanted),
        (Some(inputs), Found::There { now, difference }, record) => {
            let sides = Sides {
                record,
                outputs: &now.outputs,
                inputs,
                lifecycle: wanted.lifecycle,
                schemas,
                kind: &wanted.key.kind,
            };
            there(wanted, &sides, difference)
        }
        (Some(_), Found::Unfinished(Some(_)), _) => PlannedResource::new(wanted.key, Action::Adopt)
            .because("a run that did not end made it"),
        (Some(inputs), Found::Nothing | Found::Gone | Found::Unfinished(None), _) => {
            let mut planned = PlannedResource::new(wanted.key, Action::Create);
            planned.changes = made(&wanted.key.kind, inputs, schemas);
            planned.reasons = missing(found, record);
            planned
        }
    };
    planned.needs.clone_from(wanted.needs);
    planned.awaits.clone_from(wanted.awaits);
    planned.renamed_from = wanted.renamed_from.cloned();
    if let Some(old) = wanted.renamed_from {
        planned.reasons.push(format!("it was {old} before"));
    }
    planned.retains = wanted.lifecycle.retain && planned.action.destroys();
    planned.may = may(&planned, wanted.lifecycle, record);
    if wanted.lifecycle.protect && planned.action.destroys() {
        let refusal = Refusal::protected(wanted.key, planned.action, &planned.reasons, schemas);
        planned.refusal = Some(refusal);
    }
    planned
}

/// A resource that cannot be evaluated yet.
fn later(wanted: &Wanted<'_>) -> PlannedResource {
    PlannedResource::new(wanted.key, Action::Later).because(awaited(wanted.awaits))
}

fn awaited(awaits: &BTreeSet<Key>) -> String {
    if awaits.is_empty() {
        return "it reads what is known after apply".to_owned();
    }
    let names: Vec<String> = awaits.iter().map(ToString::to_string).collect();
    format!("it reads outputs of {}", names.join(", "))
}

/// Why a resource that is not there is made.
fn missing(found: &Found, record: Option<&Record>) -> Vec<String> {
    let reason = match (found, record.map(|record| record.phase)) {
        (Found::Gone, Some(Phase::Deleting)) => "a run that did not end deleted it",
        (Found::Gone, _) => "it is gone",
        (Found::Unfinished(_), _) | (_, Some(Phase::Creating)) => {
            "a run that did not end was making it, and nothing came of it"
        }
        _ => return Vec::new(),
    };
    vec![reason.to_owned()]
}

/// A resource that is there.
fn there(wanted: &Wanted<'_>, sides: &Sides<'_>, difference: &Difference) -> PlannedResource {
    let changes = sides.changes(difference);
    let phase = sides.record.map(|record| record.phase);
    let (action, reasons) = if phase == Some(Phase::Deleting) {
        let reason = "a run that did not end was deleting it".to_owned();
        (Action::Replace, vec![reason])
    } else if !changes.is_empty() && changes.iter().all(is_unknown) {
        (Action::Later, vec![awaited(wanted.awaits)])
    } else if changes
        .iter()
        .any(|change| change.replaces && !is_unknown(change))
    {
        (replace(wanted.lifecycle), replaced(&changes, difference))
    } else if phase == Some(Phase::Updating) {
        let reason = "a run that did not end was changing it".to_owned();
        (Action::Update, vec![reason])
    } else if changes.is_empty() {
        (Action::Keep, Vec::new())
    } else {
        (Action::Update, Vec::new())
    };
    PlannedResource {
        reasons,
        changes,
        ..PlannedResource::new(wanted.key, action)
    }
}

fn is_unknown(change: &AttributeChange) -> bool {
    change.after == Shown::KnownAfterApply
}

/// How a resource is replaced.
fn replace(lifecycle: &Lifecycle) -> Action {
    if lifecycle.create_first {
        Action::ReplaceCreateFirst
    } else {
        Action::Replace
    }
}

/// Why a resource is replaced, by the attributes that its provider cannot change, and those that
/// `replaceOn` names.
fn replaced(changes: &[AttributeChange], difference: &Difference) -> Vec<String> {
    let replacing = changes.iter().filter(|change| change.replaces);
    let reasons = replacing.map(|change| {
        let path = attribute_path(change.path.iter().map(String::as_str));
        let mut fixed = difference.changes.iter().filter(|one| one.replace);
        if fixed.any(|one| change.path.starts_with(&one.path)) {
            format!("`{path}` cannot be changed in place")
        } else {
            format!("`deployment.lifecycle.replaceOn` names `{path}`")
        }
    });
    reasons.collect()
}

/// What may become of a resource about which not all is known.
fn may(
    planned: &PlannedResource,
    lifecycle: &Lifecycle,
    record: Option<&Record>,
) -> BTreeSet<Action> {
    if planned.awaits.is_empty() && planned.action != Action::Later {
        return BTreeSet::new();
    }
    let mut may = match (planned.action, record.map(|record| record.phase)) {
        (Action::Later, None) | (Action::Create, _) => return BTreeSet::from([Action::Create]),
        (Action::Later, Some(Phase::Creating)) => {
            return BTreeSet::from([Action::Create, Action::Adopt]);
        }
        (action, _) => BTreeSet::from([Action::Keep, Action::Update, action]),
    };
    may.remove(&Action::Later);
    // An attribute that is not known yet, and whose change would replace it.
    if planned.changes.iter().any(|change| change.replaces) {
        may.insert(replace(lifecycle));
    }
    may
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
