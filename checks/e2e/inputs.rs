//! Inputs of a network flake, and their lock file.

use std::fs;

use serde_json::{Value, json};

use crate::lab::{Lab, POCKET, flake, tagged, tags};

/// A flake with these inputs beside nixpkgs, and a network with these attributes.
fn with_inputs(lab: &Lab, inputs: &str, attributes: &str) {
    let network = format!("nixopsConfigurations.default = {{ inherit nixpkgs; {attributes} }};");
    let text =
        flake(&network).replacen("inputs.nixpkgs", &format!("{inputs}\n  inputs.nixpkgs"), 1);
    lab.write("flake.nix", &text);
}

/// A flake that says a word, with these inputs.
fn saying(word: &str, inputs: &str) -> String {
    format!("{{ {inputs} outputs = inputs: {{ word = {word}; }}; }}")
}

#[test]
fn an_input_may_be_overridden() {
    let lab = Lab::without_hosts();
    lab.write("one/flake.nix", &saying("\"one\"", ""));
    lab.write("two/flake.nix", &saying("\"two\"", ""));
    let path = |name: &str| format!("path:{}/{name}", lab.directory.display());
    with_inputs(
        &lab,
        &format!("inputs.data.url = \"{}\";", path("one")),
        &tagged("inputs.data.word"),
    );
    assert_eq!(tags(&lab, []), json!(["one"]));
    let lock = fs::read_to_string(lab.path("flake.lock")).unwrap();
    assert_eq!(
        tags(&lab, ["--override-input", "data", &path("two")]),
        json!(["two"])
    );
    assert_eq!(fs::read_to_string(lab.path("flake.lock")).unwrap(), lock);
    assert_eq!(tags(&lab, []), json!(["one"]));
    lab.nixops(["eval", "--override-input", "dota", &path("two")])
        .exits(1)
        .says("has no input `dota`")
        .says("hint: its inputs are: data, nixpkgs");
}

#[test]
fn an_input_may_be_overridden_with_a_tree_that_is_being_worked_on() {
    let lab = Lab::without_hosts();
    lab.write("one/flake.nix", &saying("\"one\"", ""));
    lab.write("work/sub/flake.nix", &saying("\"committed\"", ""));
    let work = format!("{}/work", lab.directory.display());
    lab.run("git", &["init", "--quiet", &work]);
    lab.run("git", &["-C", &work, "add", "."]);
    lab.write("work/sub/flake.nix", &saying("\"dirty\"", ""));
    let one = format!(
        "inputs.data.url = \"path:{}/one\";",
        lab.directory.display()
    );
    with_inputs(&lab, &one, &tagged("inputs.data.word"));
    let dirty = format!("git+file://{work}?dir=sub");
    assert_eq!(
        tags(&lab, ["--override-input", "data", &dirty]),
        json!(["dirty"])
    );
}

#[test]
fn an_input_of_an_input_may_be_overridden_and_followers_go_along() {
    let lab = Lab::without_hosts();
    let path = |name: &str| format!("path:{}/{name}", lab.directory.display());
    for word in ["one", "two", "three"] {
        lab.write(
            format!("{word}/flake.nix"),
            &saying(&format!("\"{word}\""), ""),
        );
    }
    let inputs = format!("inputs.leaf.url = \"{}\";", path("one"));
    lab.write("middle/flake.nix", &saying("inputs.leaf.word", &inputs));
    let middle = format!("inputs.middle.url = \"{}\";", path("middle"));
    with_inputs(&lab, &middle, &tagged("inputs.middle.word"));
    assert_eq!(tags(&lab, []), json!(["one"]));
    assert_eq!(
        tags(&lab, ["--override-input", "middle/leaf", &path("two")]),
        json!(["two"])
    );

    let follows = format!(
        "{middle} inputs.leaf.url = \"{}\"; inputs.middle.inputs.leaf.follows = \"leaf\";",
        path("two")
    );
    with_inputs(
        &lab,
        &follows,
        &tagged("inputs.middle.word inputs.leaf.word"),
    );
    assert_eq!(tags(&lab, []), json!(["two", "two"]));
    let overridden = tags(&lab, ["--override-input", "leaf", &path("three")]);
    assert_eq!(overridden, json!(["three", "three"]));
}

#[test]
fn an_input_matters_only_when_it_is_used() {
    let lab = Lab::without_hosts();
    let bad = "{ outputs = _: throw \"an input that is of no use\"; }";
    lab.write("bad/flake.nix", bad).write("data/file", "word");
    let inputs = format!(
        "inputs.bad.url = \"path:{0}/bad\"; inputs.data = {{ url = \"path:{0}/data\"; flake = false; }};",
        lab.directory.display()
    );
    with_inputs(
        &lab,
        &inputs,
        &tagged("(builtins.readFile \"${inputs.data}/file\")"),
    );
    assert_eq!(tags(&lab, []), json!(["word"]));
    with_inputs(
        &lab,
        &inputs,
        &format!("{} db = {{ }};", tagged("inputs.bad.word")),
    );
    let run = lab.nixops(["eval", "--json"]);
    run.exits(1)
        .says("cannot evaluate web: an input that is of no use");
    assert!(run.json()["machines"]["db"].is_object());
}

#[test]
fn an_input_that_is_not_there_is_named() {
    let lab = Lab::without_hosts();
    with_inputs(
        &lab,
        "inputs.gone.url = \"path:/nowhere/at/all\";",
        "web = { };",
    );
    lab.nixops(["eval"])
        .exits(1)
        .says("/nowhere/at/all")
        .does_not_say("@nix");
}

#[test]
fn a_lock_file_is_written_unless_that_is_not_wanted() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    lab.nixops(["eval", "--options-only", "--no-write-lock-file"])
        .exits(0);
    assert!(!lab.directory.join("flake.lock").exists());
    lab.nixops(["eval", "--options-only"]).exits(0);
    let lock: Value =
        serde_json::from_str(&fs::read_to_string(lab.path("flake.lock")).unwrap()).unwrap();
    assert_eq!(lock["nodes"]["nixpkgs"]["locked"]["path"], POCKET);
}
