//! What plugins cost: the validation of many resources, the start of a provider, and questions about many
//! resources.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
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
use nixops_plugin::protocol::{Create, Created, Diff, Read, ResourceRef, ResourceState, Validate};
use serde_json::{Map, Value, json};

use crate::{NIXOPS, Sizes, report::Report};

/// Longer than any answer takes.
const LONG: Duration = Duration::from_mins(5);

/// The type that is asked about.
const VOLUMES: &str = "neatcloudVolumes";

/// Attributes of each resource.
const ATTRIBUTES: usize = 20;

/// Measures all.
pub fn measure(sizes: &Sizes, report: &mut Report) -> Result<()> {
    validation(sizes.resources, report)?;
    let program = Path::new(NIXOPS).with_file_name("nixops-neatcloud");
    let program = Utf8Path::from_path(&program).context("the path of a program is UTF-8")?;
    if !program.exists() {
        let how = "cargo build --package nixops-neatcloud, in the same profile";
        report.figure("start of a provider", format!("not measured: {how}"));
        return Ok(());
    }
    handshake(program, sizes.starts, report)?;
    for count in [sizes.resources / 10, sizes.resources] {
        questions(program, count, report)?;
    }
    Ok(())
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
fn handshake(program: &Utf8Path, starts: usize, report: &mut Report) -> Result<()> {
    let mut times = Vec::with_capacity(starts);
    for _ in 0..starts {
        let begun = Instant::now();
        let provider = start(program)?;
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

fn start(program: &Utf8Path) -> Result<Provider> {
    let origin = Origin {
        plugin: "neatcloud".to_owned(),
        input: None,
    };
    Ok(Provider::start(
        &Processes::new(),
        origin,
        program,
        Arc::new(|_| {}),
    )?)
}

/// Asks the provider of a NeatCloud that makes records alone about many volumes.
fn questions(program: &Utf8Path, count: usize, report: &mut Report) -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = Utf8Path::from_path(home.path()).context("a temporary path is UTF-8")?;
    let script = home.join("provider");
    let text = format!("#!/bin/sh\nNEATCLOUD_HOME={home} NEATCLOUD_FAKE=1 exec {program}\n");
    fs::write(&script, text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let provider = start(&script)?;
    let mut lap = Instant::now();
    let mut step = |what: &str| {
        let seconds = lap.elapsed().as_secs_f64();
        lap = Instant::now();
        report.figure(
            format!("{what} {count} resources at a provider"),
            format!("{:.0} ms", seconds * 1e3),
        );
    };

    let inputs = json!({ "size": 10, "region": "north" });
    let inputs = inputs.as_object().cloned().unwrap_or_default();
    let resource = |number: usize| ResourceRef {
        kind: VOLUMES.to_owned(),
        name: format!("volume-{number}"),
        deployment: "00000000-0000-4000-8000-000000000000".to_owned(),
    };
    let create = |number| Create {
        resource: resource(number),
        inputs: inputs.clone(),
        token: format!("token-{number}"),
    };
    let questions: Vec<Create> = (0..count).map(create).collect();
    let made = provider.request_many::<_, Created>("create", &questions, LONG);
    let made: Vec<Created> = made.into_iter().collect::<Result<_, _>>()?;
    step("create");

    let questions = questions.into_iter();
    let questions = questions.map(
        |Create {
             resource, inputs, ..
         }| Validate { resource, inputs },
    );
    let questions: Vec<Validate> = questions.collect();
    for answer in provider.validate_many(&questions, LONG) {
        answer?;
    }
    step("validate");

    let state = |made: Created| ResourceState {
        id: made.id,
        inputs: inputs.clone(),
        outputs: made.outputs,
        private: made.private,
    };
    let states: Vec<ResourceState> = made.into_iter().map(state).collect();
    let groups = states.chunks(200).map(|group| Read {
        kind: VOLUMES.to_owned(),
        resources: group.to_vec(),
    });
    for answer in provider.read_all(&groups.collect::<Vec<_>>(), LONG) {
        answer?;
    }
    step("read");

    let diff = |(number, prior)| Diff {
        resource: resource(number),
        prior,
        inputs: inputs.clone(),
    };
    let questions: Vec<Diff> = states.into_iter().enumerate().map(diff).collect();
    for answer in provider.diff_many(&questions, LONG) {
        answer?;
    }
    step("diff");
    provider.close(Duration::from_secs(5))?;
    Ok(())
}
