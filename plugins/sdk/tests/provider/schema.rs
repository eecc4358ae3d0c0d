//! The schemas: that of the protocol, and those of types.

use std::process::Command;
use std::{env, fs};

use nixops_plugin::protocol;
use serde_json::{Value, json};

use crate::driver::{Driver, program};

#[test]
fn the_published_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/protocol.schema.json");
    let current = format!("{:#}\n", protocol::schema());
    if env::var_os("NIXOPS_REGENERATE").is_some() {
        fs::write(path, &current).unwrap();
    }
    let published = fs::read_to_string(path).unwrap_or_default();
    assert!(
        published == current,
        "protocol.schema.json is stale; run NIXOPS_REGENERATE=1 cargo test -p nixops-plugin published"
    );
}

#[test]
fn the_published_schema_is_a_schema() {
    let schema = protocol::schema();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let methods = schema["x-nixops-methods"].as_object().unwrap();
    assert_eq!(methods.len(), 12);
    let parts = methods
        .values()
        .flat_map(|method| [&method["params"], &method["result"]]);
    for part in parts {
        let reference = part["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
        let message = schema.pointer(reference).unwrap();
        assert!(
            message["description"].is_string(),
            "{reference} is not described"
        );
    }
}

#[test]
fn the_published_schema_refuses_what_is_no_message() {
    let schema = jsonschema::draft202012::new(&protocol::schema()).unwrap();
    let wrong = [
        json!({ "jsonrpc": "1.0", "id": 1, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": 1 }),
        json!({ "jsonrpc": "2.0", "result": {} }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "find", "params": [] }),
        json!({ "jsonrpc": "2.0", "id": 1, "result": {}, "error": { "code": 1, "message": "no" } }),
    ];
    for message in wrong {
        assert!(!schema.is_valid(&message), "{message}");
    }
    assert!(schema.is_valid(&json!({ "jsonrpc": "2.0", "id": 1, "result": {} })));
}

#[test]
fn the_schemas_of_a_provider_are_schemas() {
    let mut provider = Driver::start(&mut Command::new(program("notebook")));
    let schemas = provider.result("schema", json!({}));
    let types = schemas["types"].as_object().unwrap();
    assert_eq!(types.keys().collect::<Vec<_>>(), ["book", "note"]);
    for of_type in types.values() {
        jsonschema::draft202012::meta::validate(&of_type["options"]).unwrap();
        jsonschema::draft202012::meta::validate(&of_type["outputs"]).unwrap();
    }
    let options = &types["note"]["options"];
    assert_eq!(types["note"]["description"], "A note in a book.");
    assert_eq!(options["properties"]["lock"]["x-nixops-sensitive"], true);
    assert_eq!(options["required"], json!(["book", "text"]));
    assert_ne!(options["additionalProperties"], Value::Bool(false));
}
