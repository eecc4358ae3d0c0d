//! What is found wrong with values.

use serde_json::{Value, json};

use super::{findings, schema, tagged};

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
