use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Deserialize)]
struct Agreement {
    name: String,
    schema: Value,
    accepted: Vec<Value>,
    refused: Vec<Value>,
}

fn schema(document: Value) -> Schema {
    Schema::new("test", document).unwrap()
}

/// All findings, one a line.
fn findings(document: Value, value: &Value) -> String {
    let findings = schema(document).validate(value);
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn error(text: &str) -> String {
    let error = Registry::new().add("volumes", text, "input x").unwrap_err();
    let mut message = error.to_string();
    if let Some(source) = std::error::Error::source(&error) {
        message += &format!(": {source}");
    }
    message
}

#[test]
fn values_are_taken_and_refused_as_option_types_in_nix_do() {
    let text = include_str!("../../checks/nix/lib/schema/agreement.json");
    let cases: Vec<Agreement> = serde_json::from_str(text).unwrap();
    for case in cases {
        let schema = schema(case.schema);
        for value in case.accepted {
            assert!(schema.is_valid(&value), "{}: {value}", case.name);
            assert_eq!(schema.validate(&value), [], "{}: {value}", case.name);
        }
        for value in case.refused {
            assert!(!schema.is_valid(&value), "{}: {value}", case.name);
            assert_ne!(schema.validate(&value), [], "{}: {value}", case.name);
        }
    }
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let document = json!({
        "type": "object",
        "required": ["size", "region"],
        "properties": {
            "size": { "type": "integer", "minimum": 1 },
            "region": { "enum": ["eu", "us"] },
            "label": { "type": ["string", "null"] },
            "zones": { "type": "array", "items": { "type": "string" } },
            "tags": { "type": "object", "additionalProperties": { "type": "string" } },
            "backup": { "type": "object", "properties": { "keep": { "type": "integer" } }, "additionalProperties": false },
        },
    });
    let value = json!({
        "size": 1.0,
        "label": true,
        "zones": ["a", 1, "b", null],
        "tags": { "a b": 1, "c": "d", "e.f": null },
        "backup": { "kepe": 1, "other": 2 },
        "unnamed": [null, { "a": 1 }],
    });
    insta::assert_snapshot!(findings(document, &value), @r#"
    backup.kepe: does not exist; did you mean keep?
    backup.other: does not exist
    label: expected a string or null, but found true
    region: is required, but not there; expected one of "eu", "us"
    size: expected an integer of at least 1, but found the float 1.0
    tags."a b": expected a string, but found 1
    tags."e.f": expected a string, but found null
    zones.1: expected a string, but found 1
    zones.3: expected a string, but found null
    "#);
}

#[test]
fn elements_come_in_their_order() {
    let document = json!({ "type": "array", "items": { "type": "null" } });
    let value: Value = (0..12).collect();
    let findings = schema(document).validate(&value);
    let order: Vec<usize> = findings
        .iter()
        .map(|finding| finding.path[0].parse().unwrap())
        .collect();
    assert_eq!(order, (0..12).collect::<Vec<_>>());
}

fn tagged() -> Value {
    json!({
        "type": "object",
        "properties": { "source": { "oneOf": [
            { "type": "object", "properties": { "kind": { "const": "text" }, "text": { "type": "string" } }, "required": ["kind", "text"] },
            { "$ref": "#/$defs/File" },
        ] } },
        "$defs": { "File": { "type": "object",
            "properties": { "kind": { "const": "file" }, "file": { "type": "string" }, "mode": { "type": "integer" } },
            "required": ["kind", "file"], "additionalProperties": false } },
    })
}

#[test]
fn unions_tell_what_is_wrong_with_the_form_that_was_meant() {
    let of = |source: Value| findings(tagged(), &json!({ "source": source }));
    insta::assert_snapshot!(of(json!({ "kind": "text" })), @"source.text: is required, but not there; expected a string");
    insta::assert_snapshot!(of(json!({ "kind": "file", "file": 1, "mod": 2 })), @r#"
    source.file: expected a string, but found 1
    source.mod: does not exist; did you mean mode?
    "#);
    insta::assert_snapshot!(of(json!({ "kind": "tape" })), @r#"source.kind: expected one of "text", "file", but found "tape""#);
    insta::assert_snapshot!(of(json!({})), @r#"source.kind: is required, but not there; expected one of "text", "file""#);
    insta::assert_snapshot!(of(json!("text")), @r#"source: expected a set with kind = "text" or a set with kind = "file", but found "text""#);
}

#[test]
fn unions_by_name_and_by_kind_are_told_apart() {
    let document = json!({ "oneOf": [
        { "type": "string", "enum": ["none", "all"] },
        { "type": "object", "properties": { "size": { "type": "integer" } }, "required": ["size"], "additionalProperties": false },
        { "type": "object", "properties": { "label": { "type": "string" } }, "required": ["label"], "additionalProperties": false },
        { "type": "null" },
    ] });
    let of = |value: Value| findings(document.clone(), &value);
    insta::assert_snapshot!(of(json!({ "size": "a" })), @r#"size: expected an integer, but found "a""#);
    insta::assert_snapshot!(of(json!({ "label": 3 })), @"label: expected a string, but found 3");
    insta::assert_snapshot!(of(json!({ "sise": 3 })), @"expected a set with size or a set with label, but found a set");
    insta::assert_snapshot!(of(json!("some")), @r#"expected one of "none", "all", but found "some""#);
    insta::assert_snapshot!(of(json!(1)), @r#"expected one of "none", "all" or a set with size or a set with label or null, but found 1"#);
}

#[test]
fn null_is_only_taken_where_it_is_named() {
    let document = json!({ "type": "object", "properties": {
        "a": { "anyOf": [{ "$ref": "#/$defs/A" }, { "type": "null" }] }, "b": { "$ref": "#/$defs/A" } },
        "$defs": { "A": { "type": "object", "properties": { "n": { "type": "integer" } } } } });
    let value = json!({ "a": null, "b": null });
    insta::assert_snapshot!(findings(document.clone(), &value), @"b: expected a set, but found null");
    insta::assert_snapshot!(findings(document, &json!({ "a": { "n": true } })), @"a.n: expected an integer, but found true");
}

fn secrets() -> Value {
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

#[test]
fn bad_schemas_are_refused_with_the_type_and_the_place() {
    insta::assert_snapshot!(error("{ no"), @"the schema of volumes is not JSON: key must be a string at line 1 column 3");
    insta::assert_snapshot!(error(r#"{ "type": "objekt" }"#), @r#"the schema of volumes is no JSON Schema: at #/type: "objekt" cannot stand there"#);
    insta::assert_snapshot!(error(r#"{ "type": "object", "properties": { "a": { "pattern": "(" } } }"#), @r#"the schema of volumes is no JSON Schema: at #/properties/a/pattern: "(" is not a "regex""#);
    insta::assert_snapshot!(error(r#"{ "$schema": "http://json-schema.org/draft-07/schema#" }"#), @"the schema of volumes says that it is written in http://json-schema.org/draft-07/schema#, but 2020-12 is needed");
    insta::assert_snapshot!(error(r#"{ "type": "string" }"#), @r#"the schema of volumes describes no set of attributes: at the top it needs "type": "object""#);
    insta::assert_snapshot!(error("[]"), @r#"the schema of volumes is no JSON Schema: at #: [] is not of types "boolean", "object""#);
}

#[test]
fn references_that_lead_nowhere_or_outside_are_refused() {
    let of = |reference: &str| {
        error(
            &json!({ "type": "object", "properties": { "a": { "$ref": reference } } }).to_string(),
        )
    };
    insta::assert_snapshot!(of("https://example.org/s.json"), @"the schema of volumes has a $ref to https://example.org/s.json at #/properties/a, but only references into the schema itself are followed");
    insta::assert_snapshot!(of("file:///etc/passwd"), @"the schema of volumes has a $ref to file:///etc/passwd at #/properties/a, but only references into the schema itself are followed");
    insta::assert_snapshot!(of("#/$defs/A"), @"the schema of volumes has a $ref to #/$defs/A at #/properties/a, where no schema is");
}

#[test]
fn references_in_circles_are_refused_and_trees_are_not() {
    let cyclic = json!({ "type": "object", "properties": { "p": { "$ref": "#/$defs/a" } },
        "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/a" }] } } });
    insta::assert_snapshot!(error(&cyclic.to_string()), @"the schema of volumes refers to itself without end: #/$defs/a → #/$defs/b → #/$defs/b/anyOf/1 → #/$defs/a");
    let own = json!({ "type": "object", "allOf": [{ "$ref": "#" }] });
    insta::assert_snapshot!(error(&own.to_string()), @"the schema of volumes refers to itself without end: #/allOf/0 → # → #/allOf/0");
    let tree = json!({ "type": "object", "properties": { "children": { "type": "array", "items": { "$ref": "#" } } } });
    Registry::new()
        .add("trees", &tree.to_string(), "x")
        .unwrap();
}

#[test]
fn keywords_of_nixops_are_checked() {
    let top = |keyword: &str, value: Value| {
        error(&json!({ "type": "object", keyword: value }).to_string())
    };
    insta::assert_snapshot!(top("x-nixops-kind", json!("server")), @r#"the schema of volumes has x-nixops-kind at #, which is to be "resource" or "machine", but is "server""#);
    insta::assert_snapshot!(top("x-nixops-version", json!("1")), @r#"the schema of volumes has x-nixops-version at #, which is to be an integer of at least 0, but is "1""#);
    insta::assert_snapshot!(top("x-nixops-sensitiv", json!(true)), @"the schema of volumes has x-nixops-sensitiv at #, which does not exist; did you mean x-nixops-sensitive?");
    let inner = json!({ "type": "object", "properties": { "a": { "x-nixops-replace": "yes" } } });
    insta::assert_snapshot!(error(&inner.to_string()), @r#"the schema of volumes has x-nixops-replace at #/properties/a, which is to be true or false, but is "yes""#);
    let inner = json!({ "type": "object", "properties": { "a": { "x-nixops-kind": "machine" } } });
    insta::assert_snapshot!(error(&inner.to_string()), @"the schema of volumes has x-nixops-kind at #/properties/a, but it belongs to the top");
    let outputs = json!({ "type": "object", "x-nixops-outputs": { "type": "objekt" } });
    insta::assert_snapshot!(error(&outputs.to_string()), @r#"the schema of the outputs of volumes is no JSON Schema: at #/type: "objekt" cannot stand there"#);
}

#[test]
fn a_type_has_one_schema_unless_it_is_overridden() {
    let mut registry = Registry::new();
    let text = r#"{ "type": "object", "x-nixops-kind": "machine", "x-nixops-version": 3 }"#;
    assert_eq!(
        registry.add("cloud", text, "plugin a").unwrap(),
        Kind::Machine
    );
    assert_eq!(registry.get("cloud").unwrap().version, Some(3));
    let error = registry
        .add("cloud", text, "plugin b")
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the type cloud of plugin b is already taken by plugin a"
    );
    registry.replace("cloud", text, "plugin b").unwrap();
    assert_eq!(registry.get("cloud").unwrap().origin, "plugin b");
}

#[test]
fn outputs_are_checked_by_their_own_schema() {
    let mut registry = Registry::new();
    let text = json!({ "type": "object", "x-nixops-outputs": {
        "type": "object", "properties": { "address": { "$ref": "#/$defs/Address" } }, "required": ["address"] },
        "$defs": { "Address": { "type": "string" } } });
    registry.add("servers", &text.to_string(), "x").unwrap();
    assert_eq!(
        registry.validate_outputs("servers", &json!({ "address": "::1" })),
        []
    );
    let findings = registry.validate_outputs("servers", &json!({ "address": null }));
    assert_eq!(
        findings[0].to_string(),
        "address: expected a string, but found null"
    );
}

#[test]
fn the_core_brings_schemas_of_its_own() {
    let registry = Registry::new();
    let names: Vec<&str> = registry.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["commandOutput", "key", "machine", "sshKeyPairs"]);
    let pair = json!({ "publicKey": "ssh-ed25519 x", "privateKey": "s3cret" });
    assert_eq!(registry.validate("sshKeyPairs", &pair), []);
    assert_eq!(
        registry.without_sensitive("sshKeyPairs", &pair),
        json!({ "publicKey": "ssh-ed25519 x" })
    );
    assert_eq!(
        registry.redact("sshKeyPairs", &pair)["privateKey"],
        REDACTED
    );
}

#[test]
fn a_machine_is_checked_with_its_keys() {
    let key = |source: Value| {
        let mut key = json!({ "name": "tls.key", "path": "/run/keys/tls.key", "destDir": "/run/keys",
            "user": "root", "group": "root", "permissions": "0600" });
        key.as_object_mut()
            .unwrap()
            .extend(source.as_object().unwrap().clone());
        key
    };
    let mut machine = json!({
        "targetEnv": "none", "targetHost": "web", "targetPort": 22, "targetUser": "root", "sshOptions": [],
        "privilegeEscalationCommand": ["sudo"], "alwaysActivate": false, "owners": [], "hasFastConnection": false,
        "provisionSSHKey": true, "nixosRelease": "26.05", "publicIPv4": null, "tags": [], "buildOnTarget": false,
        "substituteOnDestination": true, "copyProtocol": "ssh", "neatcloud": { "size": 1 },
        "keys": { "tls.key": key(json!({ "source": "file", "keyFile": "/k" })) },
    });
    let registry = Registry::new();
    assert_eq!(registry.validate("machine", &machine), []);
    machine["targetPort"] = json!(70000);
    machine["publicIPv4"] = json!(4);
    machine["copyProtocol"] = json!("rsync");
    machine["keys"]["tls.key"] = key(json!({ "source": "command" }));
    machine["keys"]["b"] = key(json!({ "source": "tape" }));
    let findings: Vec<String> = registry
        .validate("machine", &machine)
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(findings.join("\n"), @r#"
    copyProtocol: expected one of "ssh", "ssh-ng", but found "rsync"
    keys.b.source: expected one of "text", "file", "command", but found "tape"
    keys."tls.key".keyCommand: is required, but not there; expected a list, each a string
    publicIPv4: expected a string or null, but found 4
    targetPort: expected an integer between 1 and 65535, but found 70000
    "#);
}

#[test]
fn samples_are_the_same_each_time_and_of_both_kinds() {
    for document in [tagged(), secrets()] {
        let schema = schema(document);
        let all = samples(&schema, 7, 60);
        assert_eq!(all, samples(&schema, 7, 60));
        assert_ne!(all, samples(&schema, 8, 60));
        for sample in &all {
            assert_eq!(schema.is_valid(&sample.value), sample.valid);
            assert!(sample.value.to_string().len() < 10_000);
        }
        let valid = all.iter().filter(|sample| sample.valid).count();
        assert!((15..=45).contains(&valid), "{valid} of 60 are valid");
    }
}

#[test]
fn samples_are_found_for_every_kind_of_schema() {
    let text = include_str!("../../checks/nix/lib/schema/agreement.json");
    let cases: Vec<Agreement> = serde_json::from_str(text).unwrap();
    for case in cases {
        let has_invalid = !case.refused.is_empty();
        let all = samples(&schema(case.schema), 1, 40);
        assert!(
            all.iter().any(|sample| sample.valid),
            "{}: no valid one",
            case.name
        );
        assert!(
            !has_invalid || all.iter().any(|sample| !sample.valid),
            "{}: no invalid one",
            case.name
        );
    }
}
