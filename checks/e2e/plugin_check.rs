//! `nixops plugin check` on plugins that are right, and on plugins whose two sides do not agree.

use insta::assert_snapshot;
use serde_json::Value;

use crate::{
    lab::Lab,
    plugin_lab::{
        LEDGER, REPOSITORY, boxes, check, copy_of, neatcloud, neatcloud_flake, plugin, remarks, run,
    },
};

/// Options of boxes that agree with their schema.
const SIZE: &str = r#"size = mkOption { type = types.enum [ "small" "medium" "large" ]; description = "Size."; };"#;
const COUNT: &str =
    r#"count = mkOption { type = types.int; default = 1; description = "Count."; };"#;

#[test]
fn the_template_is_right_and_needs_no_nixpkgs_of_its_own() {
    let lab = copy_of(format!("{REPOSITORY}/templates/plugin"));
    let right = run(&lab, ["check"]);
    assert_snapshot!(right.exits(0).stdout, @"
    ok       it is a flake whose `nixopsPlugin` evaluates
    ok       its manifest is sound
    ok       its schemas can be read
    ok       the schema of greetings can be used
    ok       its options evaluate
    ok       every option has a description
    ok       every option of greetings is in its schema
    ok       values can be tried on the options of greetings
    ok       options and schema of greetings agree
    skipped  its provider speaks the protocol
             it has none

    9 passed, 1 skipped
    ");
    lab.nixops(["plugin", "check"])
        .exits(1)
        .says("the plugin has no input `nixpkgs`, and `nixpkgs` cannot be used in its place")
        .says("hint: name one for this run with `--override-input nixpkgs REF`");
}

#[test]
fn the_ledger_and_its_provider_in_python_are_right() {
    let lab = copy_of(LEDGER);
    let json = run(&lab, ["check", "--json"]);
    let report: Value = json.exits(0).json();
    let checks = report["checks"].as_array().unwrap();
    let current = "its schemas are those that the plugin ships";
    assert!(checks.iter().any(|check| check["name"] == current));
    let is_passed = |check: &Value| check["outcome"] == "passed";
    assert!(checks.iter().all(is_passed), "{report:#}");
}

#[test]
fn neatcloud_is_right_with_its_provider() {
    let lab = Lab::without_hosts();
    let program = neatcloud();
    let flake = neatcloud_flake();
    let provider = program.to_string_lossy();
    let arguments = [
        "check",
        &flake,
        "--no-write-lock-file",
        "--provider",
        &provider,
    ];
    let right = run(&lab, arguments);
    assert_snapshot!(remarks(right.exits(0)), @"37 passed");
}

#[test]
fn a_directory_is_one_though_its_name_could_be_of_the_registry() {
    let lab = boxes(&format!("{SIZE} {COUNT}"));
    lab.run("mkdir", &["inner"]);
    lab.run("mv", &["flake.nix", "nix", "schemas", "inner"]);
    run(&lab, ["check", "inner"]).exits(0);
}

#[test]
fn options_that_take_less_than_the_schema_are_told_with_a_value() {
    let narrow =
        r#"size = mkOption { type = types.enum [ "small" "large" ]; description = "Size."; };"#;
    assert_snapshot!(check(&boxes(&format!("{narrow} {COUNT}")), 1), @r#"
    FAILED   options and schema of boxes agree
             the options in Nix refuse what the schema takes:
             {"size":"medium"}
             {"count":-5,"size":"medium"}
             {"count":717,"size":"medium"}
             and 5 more
    skipped  its provider speaks the protocol
             it has none
    8 passed, 1 failed, 1 skipped
    "#);
}

#[test]
fn an_option_of_another_type_is_told_by_the_smallest_value_that_shows_it() {
    let text = r#"count = mkOption { type = types.nullOr types.str; default = null; description = "Count."; };"#;
    assert_snapshot!(check(&boxes(&format!("{SIZE} {text}")), 1), @r#"
    FAILED   options and schema of boxes agree
             the options in Nix refuse what the schema takes:
             {"count":-5,"size":"large"}
             {"count":-5,"size":"small"}
             {"count":98,"size":"large"}
             and 16 more
             the schema refuses what Nix makes of:
             {"size":"large"}
               the schema says: count: expected an integer, but found null
    skipped  its provider speaks the protocol
             it has none
    8 passed, 1 failed, 1 skipped
    "#);
}

#[test]
fn words_that_only_the_options_have_are_told() {
    let wide = SIZE.replace("\"large\"", "\"large\" \"huge\"");
    assert_snapshot!(check(&boxes(&format!("{wide} {COUNT}")), 1), @r#"
    FAILED   options and schema of boxes agree
             the options in Nix offer words that the schema refuses:
             size = "huge"
               the schema says: size: expected one of "small", "medium", "large", but found "huge"
    skipped  its provider speaks the protocol
             it has none
    8 passed, 1 failed, 1 skipped
    "#);
}

#[test]
fn wider_options_are_worth_advice_and_so_are_those_that_nothing_describes() {
    let options = r#"
      size = mkOption { type = types.str; description = "Size."; };
      more = mkOption { type = types.str; default = ""; };"#;
    assert_snapshot!(check(&boxes(&format!("{options} {COUNT}")), 0), @r#"
    advice   every option has a description
             these have none: resources.boxes.<name>.more
    advice   every option of boxes is in its schema
             values of these are not checked: more
    advice   options and schema of boxes agree
             the options in Nix take what the schema refuses:
             {"size":"LARGE"}
               the schema says: size: expected one of "small", "medium", "large", but found "LARGE"
             {"size":" large"}
               the schema says: size: expected one of "small", "medium", "large", but found " large"
             {"size":" small"}
               the schema says: size: expected one of "small", "medium", "large", but found " small"
             and 3 more
    skipped  its provider speaks the protocol
             it has none
    6 passed, 3 with advice, 1 skipped
    "#);
}

#[test]
fn an_attribute_that_is_null_may_be_left_out_in_nix_and_unnamed_ones_too() {
    let lab = boxes(&format!("{SIZE} {COUNT}"));
    let nullable = r#"{
      "type": "object",
      "properties": { "size": { "enum": ["small", "medium", "large"] }, "count": { "type": ["integer", "null"] } },
      "required": ["size"]
    }"#;
    lab.write("schemas/boxes.json", nullable);
    let report = run(&lab, ["check"]);
    report.exits(0);
    assert!(
        report
            .stdout
            .contains("ok       options and schema of boxes agree")
    );
}

/// A backend whose machines tell what `exported` gives of `config`.
fn backend(exported: &str) -> Lab {
    let nix = format!(
        r#"{{
          options = [ ({{ lib, ... }}: {{
            options.deployment.boxes.size = lib.mkOption {{
              type = lib.types.enum [ "small" "medium" "large" ];
              description = "Size.";
            }};
          }}) ];
          resources = {{ ... }}: {{ }};
          config_exporters = {{ optionalAttrs, ... }}: [
            (config: {{ boxes = optionalAttrs (config.deployment.targetEnv == "boxes") ({exported}); }})
          ];
        }}"#
    );
    let schema = r#"{
      "type": "object",
      "properties": { "size": { "enum": ["small", "medium", "large"] } },
      "required": ["size"],
      "x-nixops-kind": "machine"
    }"#;
    plugin(
        "nixexprs = [ ./nix ]; schemas = ./schemas;",
        [("nix/default.nix", &nix), ("schemas/boxes.json", schema)],
    )
}

#[test]
fn what_an_exporter_makes_of_a_machine_is_held_to_the_schema() {
    let right = backend("config.deployment.boxes");
    let right = run(&right, ["check"]);
    assert_snapshot!(remarks(right.exits(0)), @"
    skipped  its provider speaks the protocol
             it has none
    10 passed, 1 skipped
    ");
    let wrong = backend("{ size = 3; }");
    assert_snapshot!(check(&wrong, 1), @r#"
    FAILED   options and schema of boxes agree
             the schema refuses what Nix makes of:
             {"size":"small"}
               the schema says: size: expected one of "small", "medium", "large", but found 3
    skipped  its provider speaks the protocol
             it has none
    9 passed, 1 failed, 1 skipped
    "#);
}

#[test]
fn an_exporter_that_needs_a_whole_machine_is_left_out() {
    let lab = backend("config.deployment.boxes // { host = config.networking.hostName; }");
    let report = remarks(run(&lab, ["check"]).exits(0));
    let report = report.replace(&lab.directory.to_string_lossy().into_owned(), "…");
    assert_snapshot!(report, @"
    skipped  values can be tried on the exporters of boxes
             an exporter looks at more of a machine: attribute 'networking' missing
             at …/nix/default.nix:10:124
    skipped  its provider speaks the protocol
             it has none
    10 passed, 2 skipped
    ");
}
