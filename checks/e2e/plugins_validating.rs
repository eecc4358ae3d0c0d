//! Values that are not as their schemas want them, told all at once before anything is done.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    lab::{Lab, Run},
    plugins_lab::{loose, neatcloud},
};

const WRONG: &str = r#"resources.neatcloudVolumes.data = {
  size = "10";
  region = "west";
};
resources.neatcloudVolumes.none = { };
resources.neatcloudVolumes.logs = { size = true; name = null; };
resources.neatcloudVolumes.half = {
  size = 1.5;
};
resources.neatcloudSshKeys.me.imports = [ ./key.nix ];
defaults.deployment.targetEnv = "neatcloud";
web.deployment.neatcloud = {
  size = null;
  volumes = [ "data" 2 ];
};
db = { imports = [ ./db.nix ]; };"#;

fn wrong() -> Lab {
    let lab = loose(WRONG);
    lab.write("key.nix", "{\n  publicKey = 7;\n}\n");
    lab.write(
        "db.nix",
        "{ ... }:\n{\n  deployment.neatcloud = {\n    size = \"huge\";\n  };\n}\n",
    );
    lab
}

/// What was said of values, with paths as they are in every run.
fn said(lab: &Lab, run: &Run) -> String {
    let lines = run.stderr.lines();
    let lines = lines.filter(|line| !line.ends_with("; keep it with the network"));
    let lines: Vec<&str> = lines.collect();
    lines.join("\n").replace(&lab.path(""), "NET/")
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let lab = wrong();
    let run = lab.deploy(&[]);
    run.exits(1);
    assert_snapshot!(said(&lab, &run), @r#"
    error: resources.neatcloudSshKeys.me.publicKey: expected a string, but found 7
     --> NET/key.nix:2:3
      |
    2 |   publicKey = 7;
      |   ^^^^^^^^^
    error: resources.neatcloudVolumes.data.region: expected one of "north", "south", but found "west"
     --> NET/flake.nix:8:3
      |
    8 |   region = "west";
      |   ^^^^^^
    error: resources.neatcloudVolumes.data.size: expected an integer of at least 1, but found "10"
     --> NET/flake.nix:7:3
      |
    7 |   size = "10";
      |   ^^^^
    error: resources.neatcloudVolumes.half.size: expected an integer of at least 1, but found the float 1.5
      --> NET/flake.nix:13:3
       |
    13 |   size = 1.5;
       |   ^^^^
    error: resources.neatcloudVolumes.logs.size: expected an integer of at least 1, but found true
      --> NET/flake.nix:11:37
       |
    11 | resources.neatcloudVolumes.logs = { size = true; name = null; };
       |                                     ^^^^
    error: resources.neatcloudVolumes.none.size: is required, but not there; expected an integer of at least 1
      --> NET/flake.nix:10:1
       |
    10 | resources.neatcloudVolumes.none = { };
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    error: machines.db.deployment.neatcloud.size: expected one of "small", "medium", "large", but found "huge"
     --> NET/db.nix:4:5
      |
    4 |     size = "huge";
      |     ^^^^
    error: machines.web.deployment.neatcloud.size: expected one of "small", "medium", "large", but found null
      --> NET/flake.nix:18:3
       |
    18 |   size = null;
       |   ^^^^
    error: machines.web.deployment.neatcloud.volumes.1: expected a string, but found 2
      --> NET/flake.nix:19:3
       |
    19 |   volumes = [ "data" 2 ];
       |   ^^^^^^^
    error: 9 values are not as they must be; nothing was done
    "#);
    lab.nothing_was_made();
    let again = lab.deploy(&["--dry-run"]);
    assert_eq!(said(&lab, again.exits(1)), said(&lab, &run));
}

#[test]
fn what_is_wrong_is_told_to_programs_in_fields() {
    let lab = wrong();
    let run = lab.deploy(&["--json"]);
    run.exits(1);
    let events = run.events();
    let invalid: Vec<&Value> = events
        .iter()
        .filter(|event| event["event"] == "invalid")
        .collect();
    let of = |resource: &str, attribute: &str| {
        let mut found = invalid
            .iter()
            .filter(|event| event["resource"] == resource && event["attribute"] == attribute);
        (*found
            .next()
            .unwrap_or_else(|| panic!("nothing of {resource}.{attribute}: {run:#?}")))
        .clone()
    };
    assert_eq!(
        of("resources.neatcloudVolumes.data", "size"),
        json!({
            "event": "invalid",
            "resource": "resources.neatcloudVolumes.data",
            "attribute": "size",
            "message": "expected an integer of at least 1, but found \"10\"",
            "expected": "an integer of at least 1",
            "found": "\"10\"",
            "hint": null,
            "position": { "file": lab.path("flake.nix"), "line": 7, "column": 3 },
            "severity": "error",
        })
    );
    let huge = of("machines.db", "deployment.neatcloud.size");
    assert_eq!(
        huge["position"],
        json!({ "file": lab.path("db.nix"), "line": 4, "column": 5 })
    );
    assert_eq!(
        of("machines.web", "deployment.neatcloud.volumes.1")["found"],
        "2"
    );
    let last = events.last().unwrap();
    assert_eq!(last["event"], "error");
    assert!(
        last["message"]
            .as_str()
            .unwrap()
            .ends_with("nothing was done"),
        "{last}"
    );
}

#[test]
fn a_value_that_fits_is_deployed_and_what_the_schema_does_not_name_passes_through() {
    let lab = loose(
        r#"resources.neatcloudVolumes.data = {
             size = 3; name = null; colour = "red"; nested = { list = [ 1 null "x" ]; };
           };"#,
    );
    let asked = lab.place("asked");
    let tee = lab.script(
        "tee",
        &format!("#!/bin/sh\ntee -a {asked} | {}\n", neatcloud().display()),
    );
    lab.deploy(&["--provider", "neatcloud", &tee])
        .exits(0)
        .says("neatcloudVolumes.data> created");
    let asked = fs::read_to_string(asked).unwrap();
    let mut messages = asked
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let create = messages
        .find(|message| message["method"] == "create")
        .unwrap();
    let inputs = &create["params"]["inputs"];
    assert_eq!(inputs["colour"], "red");
    assert_eq!(inputs["nested"], json!({ "list": [1, null, "x"] }));
    assert_eq!(inputs["name"], Value::Null);
    assert_eq!(lab.cloud_has("volumes")[0]["size"], 3);
    // It is no reason to change anything, since the cloud does not know it.
    lab.deploy(&["--dry-run"]).exits(0).does_not_say("would");
}

#[test]
fn what_no_schema_can_say_comes_from_the_provider_with_its_place() {
    let lab = loose(
        "resources.neatcloudVolumes.data = {\n  size = 4096;\n};\ndefaults.deployment.targetEnv = \"neatcloud\";\n\
         web.deployment.neatcloud = {\n  volumes = [ \"x\" \"x\" ];\n};",
    );
    let run = lab.deploy(&[]);
    run.exits(1);
    assert_snapshot!(said(&lab, &run), @r#"
    error: resources.neatcloudVolumes.data.size: the cloud has no volumes of 4096 GiB
     --> NET/flake.nix:7:3
      |
    7 |   size = 4096;
      |   ^^^^
    hint: at most 1024
    error: machines.web.deployment.neatcloud.volumes.1: `x` stands here twice
      --> NET/flake.nix:11:3
       |
    11 |   volumes = [ "x" "x" ];
       |   ^^^^^^^
    warning: machines.web.deployment.neatcloud.volumes.0: the cloud has no volume `x` yet
      --> NET/flake.nix:11:3
       |
    11 |   volumes = [ "x" "x" ];
       |   ^^^^^^^
    hint: resources.neatcloudVolumes can make it
    warning: machines.web.deployment.neatcloud.volumes.1: the cloud has no volume `x` yet
      --> NET/flake.nix:11:3
       |
    11 |   volumes = [ "x" "x" ];
       |   ^^^^^^^
    hint: resources.neatcloudVolumes can make it
    error: 2 values are not as they must be; nothing was done
    "#);
    lab.nothing_was_made();
}

#[test]
fn only_machines_that_are_selected_are_checked() {
    let lab = wrong();
    let run: Run = lab.deploy(&["--on", "db"]);
    run.exits(1)
        .says("machines.db.")
        .does_not_say("machines.web.");
}

#[test]
fn a_backend_that_nobody_brings_is_told_with_those_that_there_are() {
    let lab = loose("web.deployment.targetEnv = \"neatcluod\";");
    let run = lab.deploy(&[]);
    run.exits(1);
    assert_snapshot!(said(&lab, &run), @r#"
    error: machines.web.deployment.targetEnv: there is no backend `neatcluod` for machines; there are: neatcloud
     --> NET/flake.nix:6:5
      |
    6 |     web.deployment.targetEnv = "neatcluod";
      |     ^^^^^^^^^^^^^^^^^^^^^^^^
    hint: add the plugin that has it to the inputs of the flake; `deployment.targetEnv = "none"` deploys to a host that exists
    error: a value is not as it must be; nothing was done
    "#);
}
