//! Schemas that are refused.

use serde_json::{Value, json};

use crate::schema::Registry;

fn refusal(text: &str) -> String {
    let error = Registry::new().add("volumes", text, "input x").unwrap_err();
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[test]
fn bad_schemas_are_refused_with_the_type_and_the_place() {
    insta::assert_snapshot!(refusal("{ no"), @"the schema of volumes is not JSON: key must be a string at line 1 column 3");
    insta::assert_snapshot!(refusal(r#"{ "type": "objekt" }"#), @r#"the schema of volumes is no JSON Schema: at #/type: "objekt" cannot stand there"#);
    insta::assert_snapshot!(refusal(r#"{ "type": "object", "properties": { "a": { "pattern": "(" } } }"#), @r#"the schema of volumes is no JSON Schema: at #/properties/a/pattern: "(" is not a "regex""#);
    insta::assert_snapshot!(refusal(r#"{ "$schema": "http://json-schema.org/draft-07/schema#" }"#), @"the schema of volumes says that it is written in http://json-schema.org/draft-07/schema#, but 2020-12 is needed");
    insta::assert_snapshot!(refusal(r#"{ "type": "string" }"#), @r#"the schema of volumes describes no set of attributes: at the top it needs "type": "object""#);
    insta::assert_snapshot!(refusal("[]"), @r#"the schema of volumes is no JSON Schema: at #: [] is not of types "boolean", "object""#);
}

#[test]
fn references_that_lead_nowhere_or_outside_are_refused() {
    let of = |reference: &str| {
        refusal(
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
    insta::assert_snapshot!(refusal(&cyclic.to_string()), @"the schema of volumes refers to itself without end: #/$defs/a → #/$defs/b → #/$defs/b/anyOf/1 → #/$defs/a");
    let own = json!({ "type": "object", "allOf": [{ "$ref": "#" }] });
    insta::assert_snapshot!(refusal(&own.to_string()), @"the schema of volumes refers to itself without end: #/allOf/0 → # → #/allOf/0");
    let tree = json!({ "type": "object", "properties": { "children": { "type": "array", "items": { "$ref": "#" } } } });
    Registry::new()
        .add("trees", &tree.to_string(), "x")
        .unwrap();
}

#[test]
fn keywords_of_nixops_are_checked() {
    let top = |keyword: &str, value: Value| {
        refusal(&json!({ "type": "object", keyword: value }).to_string())
    };
    insta::assert_snapshot!(top("x-nixops-kind", json!("server")), @r#"the schema of volumes has x-nixops-kind at #, which is to be "resource" or "machine", but is "server""#);
    insta::assert_snapshot!(top("x-nixops-version", json!("1")), @r#"the schema of volumes has x-nixops-version at #, which is to be an integer of at least 0, but is "1""#);
    insta::assert_snapshot!(top("x-nixops-sensitiv", json!(true)), @"the schema of volumes has x-nixops-sensitiv at #, which does not exist; did you mean x-nixops-sensitive?");
    let inner = json!({ "type": "object", "properties": { "a": { "x-nixops-replace": "yes" } } });
    insta::assert_snapshot!(refusal(&inner.to_string()), @r#"the schema of volumes has x-nixops-replace at #/properties/a, which is to be true or false, but is "yes""#);
    let inner = json!({ "type": "object", "properties": { "a": { "x-nixops-kind": "machine" } } });
    insta::assert_snapshot!(refusal(&inner.to_string()), @"the schema of volumes has x-nixops-kind at #/properties/a, but it belongs to the top");
    let outputs = json!({ "type": "object", "x-nixops-outputs": { "type": "objekt" } });
    insta::assert_snapshot!(refusal(&outputs.to_string()), @r#"the schema of the outputs of volumes is no JSON Schema: at #/type: "objekt" cannot stand there"#);
}
