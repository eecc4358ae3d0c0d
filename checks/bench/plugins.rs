//! What plugins cost: the validation of many resources, and the start of a provider.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use camino::Utf8Path;
use nixops::{
    plugin::{Origin, Provider},
    process::Processes,
    schema::Registry,
};
use serde_json::{Map, Value, json};

use crate::{NIXOPS, Sizes, report::Report};

/// Attributes of each resource.
const ATTRIBUTES: usize = 20;

/// Measures both.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    validation(sizes.resources, report)?;
    handshake(sizes.starts, report)
}

/// Validates resources of a type, all of them right.
fn validation(count: usize, report: &mut Report) -> Result<()> {
    let mut registry = Registry::new();
    registry
        .add("things", &schema().to_string(), "the bench")
        .context("while adding a schema")?;
    let resources: Vec<Value> = (0..count).map(resource).collect();
    let begun = Instant::now();
    let findings: usize = resources
        .iter()
        .map(|resource| registry.validate("things", resource).len())
        .sum();
    let seconds = begun.elapsed().as_secs_f64();
    report.expect(findings == 0, "right values are right");
    report.figure(
        format!("validation of {count} resources with {ATTRIBUTES} attributes each"),
        format!("{:.1} ms", seconds * 1e3),
    );
    Ok(())
}

/// A schema with strings, bounded numbers, words, lists and maps.
fn schema() -> Value {
    let properties: Map<String, Value> = (0..ATTRIBUTES)
        .map(|number| {
            let schema = match number % 5 {
                0 => json!({ "type": "string" }),
                1 => json!({ "type": "integer", "minimum": 0, "maximum": 65535 }),
                2 => json!({ "enum": ["small", "medium", "large"] }),
                3 => json!({ "type": "array", "items": { "type": "string" } }),
                _ => json!({ "type": ["object", "null"], "additionalProperties": { "type": "string" } }),
            };
            (format!("a{number}"), schema)
        })
        .collect();
    json!({ "type": "object", "properties": properties, "required": ["a0", "a1"] })
}

fn resource(index: usize) -> Value {
    let attributes: Map<String, Value> = (0..ATTRIBUTES)
        .map(|number| {
            let value = match number % 5 {
                0 => json!(format!("text {index}")),
                1 => json!(index % 65536),
                2 => json!("medium"),
                3 => json!(["a", "b", "c"]),
                _ => json!({ "one": "1", "two": "2" }),
            };
            (format!("a{number}"), value)
        })
        .collect();
    Value::Object(attributes)
}

/// Starts the provider of NeatCloud and greets it.
fn handshake(starts: usize, report: &mut Report) -> Result<()> {
    let program = Path::new(NIXOPS).with_file_name("nixops-neatcloud");
    let program = Utf8Path::from_path(&program).context("the path of a program is UTF-8")?;
    if !program.exists() {
        let how = "cargo build --package nixops-neatcloud, in the same profile";
        report.figure("start of a provider", format!("not measured: {how}"));
        return Ok(());
    }
    let processes = Processes::new();
    let origin = Origin {
        plugin: "neatcloud".to_owned(),
        input: None,
    };
    let mut times = Vec::with_capacity(starts);
    for _ in 0..starts {
        let begun = Instant::now();
        let provider = Provider::start(&processes, origin.clone(), program, Arc::new(|_| {}))?;
        times.push(begun.elapsed().as_secs_f64());
        provider.close(Duration::from_secs(5))?;
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2] * 1e3;
    report.figure(
        format!("start of a provider and its handshake, median of {starts}"),
        format!("{median:.1} ms"),
    );
    Ok(())
}
