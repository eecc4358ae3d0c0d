use insta::assert_snapshot;
use nixops_plugin::protocol::{Change, ChangeKind, Created, ResourceState, Updated};
use serde_json::{Value, json};

use super::super::attribute::with_ignored;
use super::*;
use crate::{
    evaluator::{OutputRef, Token},
    state::{SecretParts, Secrets},
};

const SCHEMA: &str = r#"{
    "type": "object",
    "x-nixops-kind": "resource",
    "properties": {
        "size": { "type": "integer" },
        "password": { "type": "string", "x-nixops-sensitive": true },
        "tls": {
            "type": "object",
            "properties": { "key": { "type": "string", "x-nixops-sensitive": true } }
        }
    }
}"#;

fn attributes(value: Value) -> Attributes {
    serde_json::from_value(value).unwrap()
}

fn token(token: Token) -> String {
    token.text(&OutputRef {
        key: Key::new("keys", "k"),
        attribute: "value".to_owned(),
    })
}

/// What a test knows of a volume.
#[derive(Debug)]
struct Case {
    kept: Value,
    secrets: Secrets,
    phase: Phase,
    outputs: Value,
    inputs: Option<Value>,
    lifecycle: Lifecycle,
    changes: Vec<Change>,
    awaits: BTreeSet<Key>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            kept: json!({}),
            secrets: Secrets::Nothing,
            phase: Phase::Ready,
            outputs: json!({}),
            inputs: Some(json!({})),
            lifecycle: Lifecycle::default(),
            changes: Vec::new(),
            awaits: BTreeSet::new(),
        }
    }
}

fn change(path: &str, replace: bool) -> Change {
    Change {
        path: path.split('.').map(str::to_owned).collect(),
        kind: ChangeKind::Update,
        replace,
    }
}

impl Case {
    fn record(&self) -> Record {
        Record {
            plugin: "cloud".to_owned(),
            version: 1,
            token: "t".to_owned(),
            phase: self.phase,
            state: ResourceState {
                id: "v-1".to_owned(),
                inputs: attributes(self.kept.clone()),
                ..ResourceState::default()
            },
            secrets: self.secrets.clone(),
            needs: BTreeSet::new(),
            lifecycle: Lifecycle::default(),
        }
    }

    fn there(&self) -> Found {
        Found::There {
            now: Updated {
                outputs: attributes(self.outputs.clone()),
                private: None,
            },
            difference: Difference {
                changes: self.changes.clone(),
                stable: Vec::new(),
            },
        }
    }

    fn planned(&self) -> PlannedResource {
        self.found(&self.there(), true)
    }

    fn found(&self, found: &Found, is_kept: bool) -> PlannedResource {
        let mut schemas = Registry::new();
        schemas.add("volumes", SCHEMA, "cloud").unwrap();
        let key = Key::new("volumes", "data");
        let inputs = self.inputs.clone().map(attributes);
        let wanted = Wanted {
            key: &key,
            inputs: inputs.as_ref(),
            lifecycle: &self.lifecycle,
            needs: &BTreeSet::new(),
            awaits: &self.awaits,
            renamed_from: None,
        };
        let record = is_kept.then(|| self.record());
        decide(&wanted, record.as_ref(), found, &schemas)
    }
}

/// A plan in few words.
fn told(planned: &PlannedResource) -> String {
    let reasons = planned.reasons.join("; ");
    let mut lines = vec![
        format!("{:?}: {reasons}", planned.action)
            .trim_end()
            .to_owned(),
    ];
    for change in &planned.changes {
        let shown = |shown: &Shown| match shown {
            Shown::Value(value) => value.to_string(),
            other => format!("{other:?}"),
        };
        let (before, after) = (shown(&change.before), shown(&change.after));
        let replaces = if change.replaces { " !" } else { "" };
        lines.push(format!(
            "{}: {before} → {after}{replaces}",
            change.path.join(".")
        ));
    }
    lines.extend(planned.refusal.iter().map(ToString::to_string));
    lines.join("\n")
}

#[test]
fn what_is_as_it_is_to_be_is_kept() {
    assert_snapshot!(told(&Case::default().planned()), @"Keep:");
}

#[test]
fn a_change_is_shown_down_to_the_attributes_that_differ() {
    let case = Case {
        kept: json!({ "size": 10, "tags": { "a": 1, "b": [1, 2], "c": 1 } }),
        inputs: Some(json!({ "size": 20, "tags": { "a": 2, "b": [1, 3], "d": [] } })),
        changes: vec![change("size", false), change("tags", false)],
        ..Case::default()
    };
    assert_snapshot!(told(&case.planned()), @r"
    Update:
    size: 10 → 20
    tags.a: 1 → 2
    tags.b.1: 2 → 3
    tags.c: 1 → Absent
    tags.d: Absent → []
    ");
}

#[test]
fn what_cannot_be_changed_is_replaced_in_the_wanted_order() {
    let mut case = Case {
        kept: json!({ "size": 10, "region": "eu" }),
        inputs: Some(json!({ "size": 20, "region": "us" })),
        changes: vec![change("size", false), change("region", true)],
        ..Case::default()
    };
    assert_snapshot!(told(&case.planned()), @r#"
    Replace: `region` cannot be changed in place
    size: 10 → 20
    region: "eu" → "us" !
    "#);
    case.lifecycle.create_first = true;
    assert_eq!(case.planned().action, Action::ReplaceCreateFirst);
    case.lifecycle.retain = true;
    assert!(case.planned().retains && !case.planned().destroys());
}

#[test]
fn ignored_changes_are_none() {
    let mut case = Case {
        kept: json!({ "size": 10, "tags": { "owner": "a", "x": 1 } }),
        inputs: Some(json!({ "size": 20, "tags": { "owner": "b", "x": 1 } })),
        changes: vec![change("size", true), change("tags", false)],
        ..Case::default()
    };
    case.lifecycle.ignore_changes = vec!["size".to_owned(), "tags.owner".to_owned()];
    assert_snapshot!(told(&case.planned()), @"Keep:");
    case.lifecycle.ignore_changes.pop();
    assert_snapshot!(told(&case.planned()), @r#"
    Update:
    tags.owner: "a" → "b"
    "#);
}

#[test]
fn the_network_may_ask_for_a_replacement() {
    let mut case = Case {
        kept: json!({ "image": { "name": "a" } }),
        inputs: Some(json!({ "image": { "name": "b" } })),
        changes: vec![change("image", false)],
        ..Case::default()
    };
    case.lifecycle.replace_on = vec!["image.name".to_owned()];
    assert_snapshot!(told(&case.planned()), @r#"
    Replace: `deployment.lifecycle.replaceOn` names `image.name`
    image.name: "a" → "b" !
    "#);
    case.lifecycle.replace_on = vec!["image".to_owned()];
    assert_eq!(case.planned().action, Action::Replace);
}

#[test]
fn what_is_protected_is_not_replaced() {
    let mut case = Case {
        kept: json!({ "region": "eu" }),
        inputs: Some(json!({ "region": "us" })),
        changes: vec![change("region", true)],
        ..Case::default()
    };
    case.lifecycle.protect = true;
    assert_snapshot!(told(&case.planned()), @r#"
    Replace: `region` cannot be changed in place
    region: "eu" → "us" !
    volumes.data would be replaced, and is protected: `resources.volumes.data.deployment.lifecycle.protect` is true (`region` cannot be changed in place)
    "#);
    case.changes = vec![change("region", false)];
    assert_eq!(case.planned().refusal, None);
}

#[test]
fn nobody_sees_what_a_schema_hides() {
    let mut case = Case {
        kept: json!({ "tls": { "certificate": "old" } }),
        secrets: Secrets::Sealed(vec![1]),
        inputs: Some(json!({ "password": "hunter2", "tls": { "certificate": "old", "key": "k" } })),
        changes: vec![change("password", false), change("tls", false)],
        ..Case::default()
    };
    assert_snapshot!(told(&case.planned()), @r"
    Update:
    password: Sensitive → Sensitive
    tls.key: Sensitive → Sensitive
    ");
    // The certificate has changed, and of the key nobody can tell.
    case.inputs = Some(json!({ "tls": { "certificate": "new", "key": "k" } }));
    case.changes = vec![change("tls", false)];
    assert_snapshot!(told(&case.planned()), @r#"
    Update:
    tls.certificate: "old" → "new"
    "#);
    let created = case.found(&Found::Nothing, false);
    assert!(!format!("{created:?}").contains("\"k\""));
}

#[test]
fn an_opened_secret_is_compared_and_not_shown() {
    let all = json!({ "note": "hunter2", "tls": { "key": "hunter3" } });
    let case = Case {
        kept: json!({ "tls": {} }),
        secrets: Secrets::of(SecretParts {
            inputs: Some(attributes(all)),
            ..SecretParts::default()
        }),
        inputs: Some(json!({ "note": "public", "tls": { "key": "hunter3", "x": 1 } })),
        changes: vec![change("note", false), change("tls", false)],
        ..Case::default()
    };
    assert_snapshot!(told(&case.planned()), @r#"
    Update:
    note: Sensitive → "public"
    tls.x: Absent → 1
    "#);
}

#[test]
fn tokens_are_not_shown_either() {
    let secret = token(Token::Secret);
    let case = Case {
        kept: json!({ "a": "x", "b": ["x"] }),
        inputs: Some(json!({ "a": format!("key={secret}"), "b": ["y", secret] })),
        changes: vec![change("a", false), change("b", false)],
        ..Case::default()
    };
    assert_snapshot!(told(&case.planned()), @r#"
    Update:
    a: "x" → Sensitive
    b: ["x"] → ["y","‹sensitive›"]
    "#);
}

#[test]
fn what_is_known_after_apply_is_decided_later() {
    let mut case = Case {
        kept: json!({ "address": "1.2.3.4", "size": 1 }),
        inputs: Some(json!({ "address": token(Token::Unknown), "size": 1 })),
        changes: vec![change("address", true)],
        awaits: BTreeSet::from([Key::new("keys", "k")]),
        ..Case::default()
    };
    assert_snapshot!(told(&case.planned()), @r#"
    Later: it reads outputs of keys.k
    address: "1.2.3.4" → KnownAfterApply !
    "#);
    let may = BTreeSet::from([Action::Keep, Action::Update, Action::Replace]);
    assert_eq!(case.planned().may, may);
    case.inputs = Some(json!({ "address": token(Token::Unknown), "size": 2 }));
    case.changes.push(change("size", false));
    assert_eq!(case.planned().action, Action::Update);
    assert_eq!(case.planned().may, may);
    case.inputs = Some(json!({ "address": ["a", token(Token::Unknown)], "size": 1 }));
    case.changes.pop();
    assert_eq!(case.planned().action, Action::Later);
    case.inputs = None;
    assert_snapshot!(told(&case.planned()), @"Later: it reads outputs of keys.k");
    assert_eq!(
        case.planned().may,
        BTreeSet::from([Action::Keep, Action::Update])
    );
    let created = case.found(&Found::Nothing, false);
    assert_eq!(
        (created.action, created.may),
        (Action::Later, BTreeSet::from([Action::Create]))
    );
}

#[test]
fn what_somebody_else_changed_is_told_as_far_as_it_is_known() {
    let case = Case {
        kept: json!({ "size": 10, "mode": "x" }),
        outputs: json!({ "size": 12 }),
        inputs: Some(json!({ "size": 10, "mode": "x" })),
        changes: vec![change("size", false), change("mode", false)],
        ..Case::default()
    };
    assert_snapshot!(told(&case.planned()), @r#"
    Update:
    size: 12 → 10
    mode: Different → "x"
    "#);
}

#[test]
fn a_run_that_did_not_end_is_brought_to_its_end() {
    let in_phase = |phase| Case {
        phase,
        inputs: Some(json!({ "size": 1, "password": "p", "note": null })),
        ..Case::default()
    };
    let made = Found::Unfinished(Some(Created {
        id: "v".to_owned(),
        outputs: Attributes::new(),
        private: None,
    }));
    let all = [
        in_phase(Phase::Creating).found(&made, true),
        in_phase(Phase::Creating).found(&Found::Unfinished(None), true),
        in_phase(Phase::Updating).planned(),
        in_phase(Phase::Deleting).planned(),
        in_phase(Phase::Deleting).found(&Found::Gone, true),
        in_phase(Phase::Ready).found(&Found::Gone, true),
        in_phase(Phase::Ready).found(&Found::Nothing, false),
    ];
    let told: Vec<_> = all.iter().map(told).collect();
    assert_snapshot!(told.join("\n"), @r"
    Adopt: a run that did not end made it
    Create: a run that did not end was making it, and nothing came of it
    password: Absent → Sensitive
    size: Absent → 1
    Update: a run that did not end was changing it
    Replace: a run that did not end was deleting it
    Create: a run that did not end deleted it
    password: Absent → Sensitive
    size: Absent → 1
    Create: it is gone
    password: Absent → Sensitive
    size: Absent → 1
    Create:
    password: Absent → Sensitive
    size: Absent → 1
    ");
}

#[test]
fn what_is_held_back_for_the_provider_is_what_is_not_shown() {
    let kept = attributes(json!({ "size": 1, "tags": { "owner": "a" } }));
    let wanted = attributes(json!({ "size": 2, "tags": { "owner": "b" } }));
    let held = with_ignored(&wanted, &kept, &["tags.owner".to_owned()]);
    assert_eq!(
        Value::Object(held),
        json!({ "size": 2, "tags": { "owner": "a" } })
    );
}

#[path = "decide_properties.rs"]
mod properties;
