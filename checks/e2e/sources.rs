//! Where a network comes from: flakes in every form, their inputs, and Nix itself.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};

use crate::lab::{Lab, POCKET, Run, flake};

/// Evaluates without systems, which is fast, and gives the tags of the machine `web`.
#[track_caller]
fn tags<const N: usize>(lab: &Lab, arguments: [&str; N]) -> Value {
    let mut command = lab.command(["eval", "--json", "--options-only"]);
    let run = Run::of(command.args(arguments));
    run.exits(0);
    run.json()["machines"]["web"]["tags"].clone()
}

fn tagged(tag: &str) -> String {
    format!("web.deployment.tags = [ {tag} ];")
}

fn commit(lab: &Lab) {
    if !lab.directory.join(".git").exists() {
        lab.run("git", &["init", "--quiet"]);
    }
    lab.run("git", &["add", "--all"]);
    let me = ["-c", "user.name=me", "-c", "user.email=me@example.org"];
    lab.run(
        "git",
        &[&me[..], &["commit", "--quiet", "--message", "x"]].concat(),
    );
}

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
fn a_change_in_a_dirty_git_tree_shows_without_a_commit() {
    let lab = Lab::without_hosts();
    lab.network(&tagged("\"first\""));
    commit(&lab);
    assert_eq!(tags(&lab, []), json!(["first"]));
    lab.network(&tagged("\"second\""));
    assert_eq!(tags(&lab, []), json!(["second"]));
    // What git does not track is not there, and its name says why.
    lab.network("web.imports = [ ./new.nix ];")
        .write("new.nix", "{ }");
    lab.nixops(["eval"])
        .exits(1)
        .says(&lab.path("new.nix"))
        .says(&format!(
            "hint: the file is there, but git does not track it: run `git add {}`",
            lab.path("new.nix")
        ));
    lab.run("git", &["add", "--intent-to-add", "new.nix"]);
    lab.nixops(["eval"]).exits(0);
}

#[test]
fn a_clean_git_tree_knows_its_revision_and_a_dirty_one_has_none() {
    let lab = Lab::without_hosts();
    lab.network(&tagged(
        "(self.rev or \"none\") (toString self.lastModified)",
    ));
    commit(&lab);
    // The first run writes the lock file.
    tags(&lab, []);
    commit(&lab);
    let revision = lab.run("git", &["rev-parse", "HEAD"]);
    let time = lab.run("git", &["log", "-1", "--format=%ct"]);
    assert_eq!(tags(&lab, []), json!([revision.trim(), time.trim()]));
    lab.write("notes", "x").run("git", &["add", "notes"]);
    assert_eq!(tags(&lab, [])[0], "none");
}

#[test]
fn a_flake_that_git_does_not_track_is_told_from_one_that_is_not_there() {
    let lab = Lab::without_hosts();
    lab.write("README", "x");
    commit(&lab);
    lab.network("web = { };");
    lab.nixops(["eval"])
        .exits(1)
        .says("`flake.nix` of . is not tracked by git")
        .says("hint: run `git add flake.nix`");
}

#[test]
fn without_a_flake_the_ways_to_name_one_are_told() {
    let lab = Lab::without_hosts();
    let run = lab.nixops(["eval"]);
    run.exits(1)
        .says("error: no flake in .: there is no `flake.nix`")
        .says("hint: ")
        .says("nix flake init -t")
        .says("--flake REF#NETWORK")
        .says("--file DIRECTORY")
        .does_not_say("/nix/store");
    lab.nixops(["eval", "--flake", "./nowhere"])
        .exits(1)
        .says("./nowhere");
}

#[test]
fn a_flake_of_a_path_is_the_directory_as_it_is() {
    let lab = Lab::without_hosts();
    lab.network(&tagged("\"here\""));
    let path = format!("path:{}", lab.directory.display());
    for reference in [".", "path:.", &path, lab.path("").as_str()] {
        assert_eq!(
            tags(&lab, ["--flake", reference]),
            json!(["here"]),
            "{reference}"
        );
    }
    lab.write("below/README", "x");
    let mut command = lab.command(["eval", "--options-only", "--flake", ".."]);
    Run::of(command.current_dir(lab.directory.join("below"))).exits(0);
}

#[test]
fn a_flake_in_a_subdirectory_of_a_git_tree_sees_the_whole_tree() {
    let lab = Lab::without_hosts();
    let network = "nixopsConfigurations.default = { inherit nixpkgs; web.imports = [ ../shared.nix ]; \
                   bad = { networking.hostName = throw \"no name\"; }; };";
    lab.write("sub/flake.nix", &flake(network));
    lab.write("shared.nix", "{ deployment.tags = [ \"shared\" ]; }");
    lab.write("sub/deep/README", "x");
    commit(&lab);
    let options = ["eval", "--json", "--options-only", "--on", "web"];
    for reference in [
        ".?dir=sub",
        "./sub",
        &format!("git+file://{}?dir=sub", lab.directory.display()),
    ] {
        let mut command = lab.command(options);
        let run = Run::of(command.args(["--flake", reference]));
        run.exits(0);
        assert_eq!(
            run.json()["machines"]["web"]["tags"],
            json!(["shared"]),
            "{reference}"
        );
    }
    let mut command = lab.command(options);
    Run::of(command.current_dir(lab.directory.join("sub/deep"))).exits(0);
    let run = lab.nixops(["eval", "--flake", "./sub", "--json"]);
    run.exits(1).says(&lab.path("sub/flake.nix"));
    assert_eq!(
        run.json()["errors"]["bad"]["position"]["file"],
        lab.path("sub/flake.nix")
    );
}

#[test]
fn a_flake_may_have_several_networks() {
    let lab = Lab::without_hosts();
    lab.outputs(
        "nixopsConfigurations = {
           prod = { inherit nixpkgs; web = { deploymentName, ... }: { deployment.tags = [ deploymentName ]; }; };
           \"test-1\" = { inherit nixpkgs; web.deployment.tags = [ \"one\" ]; };
           broken = throw \"not this one\";
         };",
    );
    assert_eq!(tags(&lab, ["--flake", ".#prod"]), json!(["prod"]));
    assert_eq!(tags(&lab, ["--flake", "#test-1"]), json!(["one"]));
    lab.nixops(["eval"])
        .exits(1)
        .says("no network `nixopsConfigurations.default'")
        .says("it has: broken, prod, test-1")
        .does_not_say("not this one");
    lab.nixops(["eval", "--flake", ".#broken"])
        .exits(1)
        .says("not this one");
}

#[test]
fn a_flake_without_networks_is_told_what_it_lacks() {
    let lab = Lab::without_hosts();
    lab.outputs("packages = { };");
    lab.nixops(["eval"])
        .exits(1)
        .says("the flake has no output `nixopsConfigurations'")
        .says("nixopsConfigurations.default = {");
    lab.outputs("nixopsConfigurations = { };");
    lab.nixops(["eval"]).exits(1).says("it has none at all");
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

#[test]
fn a_flake_cannot_see_the_machine_that_evaluates_it() {
    let lab = Lab::without_hosts();
    lab.network(&tagged(
        "(\"<\" + builtins.getEnv \"HOME\" + \">\") \
         (if builtins ? currentTime || builtins ? currentSystem then \"impure\" else \"pure\")",
    ));
    assert_eq!(tags(&lab, []), json!(["<>", "pure"]));
    for what in [
        "builtins.readFile /etc/passwd",
        "builtins.readFile \"/etc/passwd\"",
        "toString <nixpkgs>",
    ] {
        lab.network(&format!("web.environment.etc.x.text = {what}; db = {{ }};"));
        let run = lab.nixops(["eval", "--json"]);
        run.exits(1)
            .says("cannot evaluate web: ")
            .says("hint: a flake sees its own tree and its inputs only");
        assert_eq!(run.json()["errors"]["web"]["position"]["line"], 4, "{what}");
        assert!(run.json()["machines"]["db"].is_object());
    }
}

#[test]
fn the_same_source_gives_the_same_derivations_in_every_run() {
    let lab = Lab::without_hosts();
    lab.network("web = { environment.etc.self.text = toString self.lastModified; }; db = { };");
    let derivations = || {
        let run = lab.nixops(["eval", "--json"]);
        run.exits(0);
        let machines = run.json()["machines"].clone();
        ["web", "db"].map(|name| machines[name]["derivation"].as_str().unwrap().to_owned())
    };
    // The lock file is a part of the source.
    derivations();
    let first = derivations();
    assert_eq!(derivations(), first);
    commit(&lab);
    assert_eq!(derivations()[1], first[1]);
}

#[test]
fn without_nix_there_is_one_sentence_and_a_way_on() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    let run = lab.nixops(["eval", "--nix-bin", "/nonexistent"]);
    run.exits(1)
        .says("there is no program `nix` at /nonexistent")
        .says("hint: give --nix-bin or NIXOPS_NIX the directory");

    let binary = env!("CARGO_BIN_EXE_nixops");
    let mut command = lab.rig.command("env");
    command
        .args(["PATH=/nonexistent", binary, "eval"])
        .current_dir(&lab.directory);
    Run::of(&mut command)
        .exits(1)
        .says("cannot find the program `nix`, which is a part of Nix")
        .says("hint: install Nix")
        .says("apt install nix-bin");

    let nix = which::which("nix").unwrap();
    let mut command = lab.rig.command("env");
    command.args(["PATH=/nonexistent", binary, "eval", "--options-only"]);
    command
        .env("NIXOPS_NIX", nix.parent().unwrap())
        .current_dir(&lab.directory);
    Run::of(&mut command).exits(0);
}

#[test]
fn a_nix_that_is_too_old_is_refused_by_its_version() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    for program in ["nix", "nix-instantiate", "nix-store", "nix-env"] {
        lab.write(
            format!("old/{program}"),
            "#!/bin/sh\necho 'nix (Nix) 2.3.16'\n",
        );
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(lab.directory.join("old").join(program), mode).unwrap();
    }
    lab.nixops(["eval", "--nix-bin", "old"])
        .exits(1)
        .says("Nix 2.3.16 at ")
        .says("is too old: at least 2.8.0 is needed")
        .says("hint: upgrade Nix");
}
