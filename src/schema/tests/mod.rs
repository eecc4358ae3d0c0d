mod findings;
mod refusals;
mod registry;
mod samples;
mod secrets;

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

fn agreements() -> Vec<Agreement> {
    let text = include_str!("../../../checks/nix/lib/schema/agreement.json");
    serde_json::from_str(text).unwrap()
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
fn values_are_taken_and_refused_as_option_types_in_nix_do() {
    for case in agreements() {
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
