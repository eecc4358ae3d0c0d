//! `nixops plugin test` on real providers.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use insta::assert_snapshot;

use crate::{
    lab::{Lab, POCKET, Run},
    plugin_lab::{LEDGER, REPOSITORY, copy_of, neatcloud, neatcloud_flake, plugin, remarks, run},
};

/// Runs `nixops plugin test --mutate` with these inputs and variables.
fn test(lab: &Lab, arguments: &[&str], inputs: &str, variables: &[(&str, &Path)]) -> Run {
    lab.write("../inputs.json", inputs);
    let nixpkgs = format!("path:{POCKET}");
    let mut command = lab.command(["plugin", "test", "--mutate", "--inputs", "../inputs.json"]);
    command.args(["--override-input", "nixpkgs", &nixpkgs]);
    command.args(arguments).envs(variables.iter().copied());
    Run::of(&mut command)
}

const NEATCLOUD: &str = r#"{
  "neatcloud": { "inputs": { "size": "small" }, "changed": { "size": "large" } },
  "neatcloudSshKeys": { "inputs": { "name": "me", "publicKey": "ssh-ed25519 AAAA me" } },
  "neatcloudVolumes": { "inputs": { "name": "data", "size": 3 }, "changed": { "name": "data", "size": 5 } }
}"#;

#[test]
fn neatcloud_conforms_as_records_and_for_real() {
    let lab = Lab::without_hosts();
    let (flake, program) = (neatcloud_flake(), neatcloud());
    let program = program.to_string_lossy().into_owned();
    let arguments = [&flake, "--no-write-lock-file", "--provider", &program];
    let cloud = lab.rig.home().join("cloud");
    let home = ("NEATCLOUD_HOME", cloud.as_path());
    let as_records = ("NEATCLOUD_FAKE", Path::new("1"));
    let records = test(&lab, &arguments, NEATCLOUD, &[home, as_records]);
    assert_snapshot!(remarks(records.exits(0)), @"
    skipped  neatcloudSshKeys: it can be changed
             there are no other inputs to try
    52 passed, 1 skipped
    ");
    let real = test(&lab, &arguments, NEATCLOUD, &[home]);
    assert_snapshot!(remarks(real.exits(0)), @"
    skipped  neatcloudSshKeys: it can be changed
             there are no other inputs to try
    52 passed, 1 skipped
    ");
}

#[test]
fn the_ledger_conforms_and_keeps_nothing_that_was_tried() {
    let lab = copy_of(LEDGER);
    let home = lab.rig.home().join("ledger");
    let inputs =
        r#"{ "ledgerEntries": { "inputs": { "text": "coffee" }, "changed": { "text": "tea" } } }"#;
    let run = test(&lab, &[], inputs, &[("LEDGER_HOME", &home)]);
    assert_snapshot!(run.exits(0).stdout, @"
    ok       it starts and greets
    ok       its schemas are valid
    ok       its schemas agree with its greeting
    ok       its schemas are those that the plugin ships
    ok       it refuses what a newer version kept
    ok       it refuses a method that there is not
    ok       it refuses parameters that do not fit
    ok       it refuses a type that it does not have
    ok       it answers many requests at a time
    ok       it answers a line that is no JSON, and goes on
    ok       it answers what is no request, and goes on
    ok       it answers a request before the greeting, and goes on
    ok       ledgerEntries: the sample fits its schema
    ok       ledgerEntries: the sample is valid
    skipped  ledgerEntries: what does not differ has no changes
             it only compares what is there
    ok       ledgerEntries: it can be made
    ok       ledgerEntries: its outputs fit their schema
    ok       ledgerEntries: a second one with its token is the same
    ok       ledgerEntries: it is found by its token
    ok       ledgerEntries: it can be read
    ok       ledgerEntries: it does not differ from itself
    ok       ledgerEntries: it can be changed
    ok       ledgerEntries: it can be deleted
    ok       ledgerEntries: it is gone then
    ok       ledgerEntries: it can be deleted again
    ok       it ends when its input closes
    ok       it writes nothing but messages

    26 passed, 1 skipped
    ");
    let ledger = std::fs::read_to_string(home.join("ledger.jsonl")).unwrap();
    assert!(
        !ledger.contains("coffee") && !ledger.contains("tea"),
        "{ledger}"
    );
}

#[test]
fn nothing_is_made_unless_it_is_asked_for() {
    let lab = copy_of(LEDGER);
    let home = lab.rig.home().join("ledger");
    lab.write(
        "inputs.json",
        r#"{ "ledgerEntries": { "inputs": { "text": "coffee" } } }"#,
    );
    let nixpkgs = format!("path:{POCKET}");
    let mut command = lab.command(["plugin", "test", "--inputs", "inputs.json"]);
    command.args(["--override-input", "nixpkgs", &nixpkgs]);
    let run = Run::of(command.env("LEDGER_HOME", &home));
    assert_snapshot!(remarks(run.exits(0)), @"
    skipped  ledgerEntries: what does not differ has no changes
             it only compares what is there
    skipped  ledgerEntries: it can be made
             nothing is to be changed
    16 passed, 2 skipped
    ");
    assert!(!home.exists());
}

#[test]
fn inputs_that_are_no_use_are_told() {
    let lab = copy_of(LEDGER);
    let home = lab.rig.home().join("ledger");
    let home = [("LEDGER_HOME", home.as_path())];
    let wrong = test(
        &lab,
        &[],
        r#"{ "ledgerEntries": { "inputs": { "text": 3 } } }"#,
        &home,
    );
    assert_snapshot!(remarks(wrong.exits(1)), @r#"
    FAILED   ledgerEntries: the sample fits its schema
             /text: value is not of type "string"
    FAILED   ledgerEntries: the sample is valid
             `text`: text is not of type string
    skipped  ledgerEntries: what does not differ has no changes
             it only compares what is there
    FAILED   ledgerEntries: it can be made
             `create`: the inputs of the entry are wrong
               text: text is not of type string
    14 passed, 3 failed, 1 skipped
    "#);
    test(&lab, &[], r#"{ "ledgerEntries": { "input": { } } }"#, &home)
        .exits(1)
        .says("../inputs.json cannot be understood: unknown field `input`");
}

/// The provider of the template, built as its author builds it.
fn noteboard(lab: &Lab) -> PathBuf {
    std::os::unix::fs::symlink(REPOSITORY, lab.directory.join("nixops")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("noteboard");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--locked"]);
    cargo
        .current_dir(&lab.directory)
        .env("CARGO_TARGET_DIR", &target);
    let built = cargo.status().unwrap();
    assert!(built.success());
    std::fs::remove_file(lab.directory.join("nixops")).unwrap();
    target.join("debug/nixops-noteboard")
}

#[test]
fn the_template_in_rust_conforms_and_agrees() {
    let lab = copy_of(format!("{REPOSITORY}/templates/plugin-rust"));
    let program = noteboard(&lab);
    let program = program.to_string_lossy().into_owned();
    let source = format!("git+file://{REPOSITORY}");
    let arguments = [
        "--override-input",
        "nixops",
        &source,
        "--provider",
        &program,
    ];
    let board = lab.rig.home().join("board");
    let inputs =
        r#"{ "notes": { "inputs": { "text": "buy milk" }, "changed": { "text": "buy tea" } } }"#;
    let tested = test(&lab, &arguments, inputs, &[("NOTEBOARD", &board)]);
    assert_snapshot!(remarks(tested.exits(0)), @"27 passed");
    let [flag, input, reference, provider, path] = arguments;
    let checked = run(&lab, ["check", flag, input, reference, provider, path]);
    assert_snapshot!(remarks(checked.exits(0)), @"24 passed");
}

#[test]
fn a_plugin_without_a_provider_has_nothing_to_test() {
    let lab = plugin("", []);
    run(&lab, ["test"]).exits(1).says("it has no provider");
}
