//! JSON Schemas, and the options that `lib/schema` makes of them.

use nixops::schema::{Registry, Schema, samples};
use serde_json::{Value, json};

use crate::lab::Lab;

const SAMPLES: usize = 40;

/// The schemas of the core, and those on which both sides have unit tests.
fn documents() -> Vec<Value> {
    let text = include_str!("../nix/lib/schema/agreement.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    let registry = Registry::new();
    let core = registry.iter().map(|(_, schema)| schema.options.document());
    let shared = cases.iter().map(|case| &case["schema"]);
    core.chain(shared).cloned().collect()
}

#[test]
fn options_in_nix_take_the_same_values_as_the_binary() {
    let lab = Lab::without_hosts();
    let cases = documents().into_iter().map(|document| {
        let schema = Schema::new("sampled", document.clone()).unwrap();
        json!({ "schema": document, "samples": samples(&schema, 1, SAMPLES) })
    });
    let cases: Vec<Value> = cases.collect();
    lab.write("cases.json", &Value::from(cases).to_string());
    let differing = lab.run(
        "nix-instantiate",
        &["--eval", "--strict", "--json", "--expr", &program(&lab)],
    );
    assert_eq!(differing.trim(), "[]");
}

/// Gives the samples of which options think otherwise than the binary.
fn program(lab: &Lab) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let cases = lab.path("cases.json");
    format!(
        "let
           lib = import {root}/checks/pocket/lib;
           inherit (import {root}/lib/schema {{ inherit lib; }}) accepts isValid;
           differs = schema: sample:
             accepts schema sample.value != sample.valid || isValid schema sample.value != sample.valid;
           differing = case: lib.filter (differs case.schema) case.samples;
         in lib.concatMap differing (lib.importJSON {cases})"
    )
}
