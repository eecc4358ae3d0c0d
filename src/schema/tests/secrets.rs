//! Values that nobody may see.

use serde_json::{Value, json};

use super::{findings, schema};
use crate::schema::REDACTED;

pub(super) fn secrets() -> Value {
    json!({
        "type": "object",
        "properties": {
            "token": { "$ref": "#/$defs/Secret" },
            "users": { "type": "object", "additionalProperties": {
                "type": "object", "properties": { "name": { "type": "string" }, "password": { "$ref": "#/$defs/Secret" } } } },
            "keys": { "type": "array", "items": { "oneOf": [
                { "type": "object", "properties": { "kind": { "const": "a" }, "pin": { "type": "integer", "x-nixops-writeOnly": true } } },
                { "type": "object", "properties": { "kind": { "const": "b" } } },
            ] } },
            "all": { "type": "object", "x-nixops-sensitive": true, "properties": { "inner": { "type": "integer" } } },
            "tree": { "$ref": "#" },
        },
        "$defs": { "Secret": { "type": "string", "x-nixops-sensitive": true } },
    })
}

fn with_secrets() -> Value {
    json!({
        "token": "s3cret",
        "users": { "root": { "name": "r", "password": "s3cret" } },
        "keys": [{ "kind": "a", "pin": 7331 }, { "kind": "b" }],
        "all": { "inner": 7331 },
        "tree": { "token": "s3cret", "tree": { "token": null, "plain": 1 } },
        "unnamed": { "token": "visible" },
    })
}

#[test]
fn nobody_sees_what_is_marked() {
    let redacted = schema(secrets()).redact(&with_secrets());
    let text = redacted.to_string();
    assert!(!text.contains("s3cret") && !text.contains("7331"), "{text}");
    assert_eq!(redacted["users"]["root"]["name"], "r");
    assert_eq!(redacted["users"]["root"]["password"], REDACTED);
    assert_eq!(
        redacted["tree"]["tree"],
        json!({ "token": null, "plain": 1 })
    );
    assert_eq!(redacted["unnamed"]["token"], "visible");
}

#[test]
fn what_is_marked_is_not_stored() {
    let stored = schema(secrets()).without_sensitive(&with_secrets());
    assert_eq!(
        stored,
        json!({
            "users": { "root": { "name": "r" } },
            "keys": [{ "kind": "a" }, { "kind": "b" }],
            "tree": { "tree": { "plain": 1 } },
            "unnamed": { "token": "visible" },
        })
    );
}

#[test]
fn findings_do_not_show_what_is_marked() {
    let value = json!({
        "token": 7331,
        "users": { "root": { "password": ["s3cret"] } },
        "keys": [{ "kind": "a", "pin": "s3cret" }],
        "all": { "inner": "s3cret" },
        "tree": { "token": 7331 },
    });
    let text = findings(secrets(), &value);
    assert!(!text.contains("s3cret") && !text.contains("7331"), "{text}");
    insta::assert_snapshot!(text, @r#"
    all.inner: expected an integer, but found a string (hidden)
    keys.0.pin: expected an integer, but found a string (hidden)
    token: expected a string, but found an integer (hidden)
    tree.token: expected a string, but found an integer (hidden)
    users.root.password: expected a string, but found a list (hidden)
    "#);
}
