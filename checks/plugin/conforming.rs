//! The tester of providers, on one that is right and on one that is not; and how quick a start is.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use camino::Utf8PathBuf;
use insta::assert_snapshot;
use nixops::plugin::{
    conformance::{self, Options, Outcome, Report, Sample, Target},
    provider::Patience,
};
use nixops_plugin::protocol::Attributes;
use serde_json::{Value, json};

use super::world::{LONG, PATIENT, World, notebook, notebook_in, origin};

fn attributes(value: Value) -> Attributes {
    serde_json::from_value(value).unwrap()
}

fn sample(of_type: &str, inputs: Value, changed: Option<Value>) -> BTreeMap<String, Sample> {
    let sample = Sample {
        inputs: attributes(inputs),
        changed: changed.map(attributes),
    };
    BTreeMap::from([(of_type.to_owned(), sample)])
}

fn run(world: &World, program: Utf8PathBuf, options: &Options) -> Report {
    let target = Target {
        processes: world.processes.clone(),
        origin: origin(),
        program,
        listener: world.listener(),
    };
    let report = conformance::run(&target, options);
    assert!(world.processes.wait_all(LONG), "a provider runs");
    report
}

fn text(report: &Report) -> String {
    let lines = report.checks.iter().map(|check| match &check.outcome {
        Outcome::Passed => format!("passed   {}\n", check.name),
        Outcome::Failed { reason } => format!("FAILED   {}: {reason}\n", check.name),
        Outcome::Advice { reason } => format!("advice   {}: {reason}\n", check.name),
        Outcome::Skipped { reason } => format!("skipped  {}: {reason}\n", check.name),
    });
    lines.collect()
}

#[test]
fn a_provider_on_the_crate_conforms() {
    let world = World::new();
    let program = notebook_in(&world);
    let inputs = json!({ "book": "novel", "text": "once upon a time" });
    let changed = json!({ "book": "novel", "text": "the end", "tags": ["sad"] });
    let options = Options {
        samples: sample("note", inputs, Some(changed)),
        mutate: true,
        ..Options::default()
    };
    let report = run(&world, program, &options);
    assert_snapshot!(text(&report), @r#"
    passed   it starts and greets
    passed   its schemas are valid
    passed   its schemas agree with its greeting
    skipped  its schemas are those that the plugin ships: no schemas were given
    passed   it refuses what a newer version kept
    passed   it refuses a method that there is not
    passed   it refuses parameters that do not fit
    passed   it refuses a type that it does not have
    passed   it answers many requests at a time
    passed   it answers a line that is no JSON, and goes on
    passed   it answers what is no request, and goes on
    passed   it answers a request before the greeting, and goes on
    passed   note: the sample fits its schema
    passed   note: the sample is valid
    passed   note: what does not differ has no changes
    passed   note: it can be made
    passed   note: its outputs fit their schema
    passed   note: a second one with its token is the same
    passed   note: it is found by its token
    passed   note: it can be read
    passed   note: it does not differ from itself
    passed   note: it can be changed
    passed   note: it can be deleted
    passed   note: it is gone then
    passed   note: it can be deleted again
    passed   it ends when its input closes
    passed   it writes nothing but messages
    "#);
    assert!(report.passed());
    let left = fs::read_dir(world.path("desk/novel")).unwrap();
    assert_eq!(left.count(), 0, "what was made is deleted");
}

#[test]
fn nothing_is_made_unless_the_caller_says_so() {
    let world = World::new();
    let program = notebook_in(&world);
    let inputs = json!({ "title": "novel of the year" });
    let options = Options {
        samples: sample("book", inputs, None),
        ..Options::default()
    };
    let report = run(&world, program, &options);
    assert_snapshot!(text(&report), @r#"
    passed   it starts and greets
    passed   its schemas are valid
    passed   its schemas agree with its greeting
    skipped  its schemas are those that the plugin ships: no schemas were given
    passed   it refuses what a newer version kept
    passed   it refuses a method that there is not
    passed   it refuses parameters that do not fit
    passed   it refuses a type that it does not have
    passed   it answers many requests at a time
    passed   it answers a line that is no JSON, and goes on
    passed   it answers what is no request, and goes on
    passed   it answers a request before the greeting, and goes on
    passed   book: the sample fits its schema
    passed   book: the sample is valid
    passed   book: what does not differ has no changes
    skipped  book: it can be made: nothing is to be changed
    passed   it ends when its input closes
    passed   it writes nothing but messages
    "#);
    assert!(!world.path("desk/novel of the year").exists());
}

#[test]
fn schemas_that_the_plugin_ships_are_compared() {
    let world = World::new();
    let program = notebook_in(&world);
    let types = world
        .start(&program, PATIENT)
        .unwrap()
        .schema(LONG)
        .unwrap();
    let shipped = types.iter().map(|(of_type, schema)| {
        let file = nixops_plugin::schema_file(schema);
        (of_type.clone(), serde_json::from_str(&file).unwrap())
    });
    let mut options = Options {
        schemas: shipped.collect(),
        ..Options::default()
    };
    assert!(run(&world, program.clone(), &options).passed());
    options.schemas.get_mut("note").unwrap()["x-nixops-version"] = json!(7);
    let report = run(&world, program.clone(), &options);
    let failed = text(&report);
    let failed: Vec<_> = failed
        .lines()
        .filter(|line| line.starts_with("FAILED"))
        .collect();
    assert_snapshot!(failed.join("\n"), @r"FAILED   its schemas are those that the plugin ships: the file note.json is out of date: the provider's verb `schema` writes it");
}

#[test]
fn a_rude_provider_is_told_what_it_does_wrong() {
    let world = World::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/checks/plugin/misbehaving.sh");
    let program = world.path("is-rude");
    symlink(script, &program).unwrap();
    let options = Options {
        samples: sample("server", json!({ "size": 1 }), Some(json!({ "size": 2 }))),
        mutate: true,
        limit: Duration::from_secs(1),
        ..Options::default()
    };
    let report = run(&world, program, &options);
    assert!(!report.passed());
    let text = text(&report).replace(world.path("").as_str(), "/");
    assert_snapshot!(text, @r#"
    passed   it starts and greets
    FAILED   its schemas are valid: the options of `server` are no JSON Schema: /type: "objekt" is not valid under any of the schemas listed in the 'anyOf' keyword
    FAILED   its schemas agree with its greeting: it greets with the types `server`, `volume`, and has schemas of `server`
    skipped  its schemas are those that the plugin ships: no schemas were given
    FAILED   it refuses what a newer version kept: the provider /is-rude answered `upgrade` with a result that does not fit: missing field `state`
    FAILED   it refuses a method that there is not: it answered `no-such-method`
    FAILED   it refuses parameters that do not fit: it answered `validate`
    FAILED   it refuses a type that it does not have: it answered `find`
    passed   it answers many requests at a time
    FAILED   it answers a line that is no JSON, and goes on: it wrote a line that is not JSON: expected value at line 1 column 23
    FAILED   it answers what is no request, and goes on: it answered, but with no error
    FAILED   it answers a request before the greeting, and goes on: it answered, but with no error
    FAILED   server: the sample fits its schema: the schema cannot be used: "objekt" is not valid under any of the schemas listed in the 'anyOf' keyword
    passed   server: the sample is valid
    FAILED   server: what does not differ has no changes: it finds changes between equal inputs
    passed   server: it can be made
    passed   server: its outputs fit their schema
    FAILED   server: a second one with its token is the same: there are two now: `2` and `3`
    FAILED   server: it is found by its token: it found none
    passed   server: it can be read
    FAILED   server: it does not differ from itself: it finds a change of `size`
    FAILED   server: it can be changed: the provider /is-rude answered `update` with a result that does not fit: `size`: unknown field `size`, expected `outputs` or `private`
    passed   server: it can be deleted
    FAILED   server: it is gone then: it says that it is there
    passed   server: it can be deleted again
    passed   it ends when its input closes
    FAILED   it writes nothing but messages: it wrote a line that is not JSON: `Good bye`: expected value at line 1 column 1
    "#);
    world.expect_silence();
}

#[test]
fn start_and_greeting_are_quick() {
    let world = World::new();
    let program = notebook();
    let start = || {
        let begin = Instant::now();
        let provider = world.start(&program, Patience::default()).unwrap();
        let took = begin.elapsed();
        provider.close(LONG).unwrap();
        took
    };
    // The machine may have other things to do, so the quickest counts.
    let quickest = (0..20).map(|_| start()).min().unwrap();
    println!("start and greeting: {quickest:?}");
    assert!(quickest < Duration::from_millis(20), "{quickest:?}");
}
