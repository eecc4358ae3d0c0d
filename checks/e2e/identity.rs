//! Which deployment a network is.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    lab::{Lab, POCKET},
    plans_lab::same,
};

/// A resource that is made at once, and that needs no plugin.
const NETWORK: &str = "resources.sshKeyPairs.pair = { };";

fn lab() -> Lab {
    let lab = Lab::without_hosts();
    lab.network(NETWORK);
    lab
}

fn recorded(directory: &Path) -> Value {
    let text = fs::read_to_string(directory.join("nixops.json")).expect("nixops.json");
    serde_json::from_str(&text).expect("JSON")
}

fn public_key(lab: &Lab) -> Value {
    let physical = lab.told(&["show-physical"]);
    let key = &physical["resources"]["sshKeyPairs"]["pair"]["publicKey"];
    assert!(key.is_string(), "{physical:#}");
    key.clone()
}

#[test]
fn the_first_deploy_says_beside_the_network_which_deployment_it_is() {
    let lab = lab();
    let run = lab.deploy(&[]);
    let file = lab.path("nixops.json");
    run.exits(0).says(&format!(
        "{file} says from now on that this network is the deployment default"
    ));
    let info = lab.told(&["info"]);
    let uuid = &info["deployment"]["uuid"];
    assert_eq!(
        recorded(&lab.directory),
        json!({ "version": 1, "deployments": { "default": { "name": "default", "lineage": uuid } } })
    );
    let key = public_key(&lab);
    lab.deploy(&[]).exits(0).does_not_say("from now on");
    assert_eq!(public_key(&lab), key);

    // A second checkout has the file, and is the same deployment.
    let second = lab.checkout("second");
    lab.call_in(&second, &["deploy"])
        .exits(0)
        .does_not_say("created");
    let listed = lab.told(&["list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed:#}");
    assert_eq!(public_key(&lab), key);
    // One that has it not is another one.
    fs::remove_file(second.join("nixops.json")).unwrap();
    lab.call_in(&second, &["deploy"])
        .exits(0)
        .says("sshKeyPairs.pair> created");
    assert_eq!(lab.told(&["list"]).as_array().map(Vec::len), Some(2));
    assert_eq!(public_key(&lab), key);
}

#[test]
fn another_network_is_deployed_onto_a_deployment_only_on_purpose() {
    let lab = lab();
    lab.deploy(&[]).exits(0);
    let key = public_key(&lab);
    let other = lab.other_directory("other");
    fs::copy(lab.directory.join("flake.nix"), other.join("flake.nix")).unwrap();
    let before = lab.state_files();
    for verb in [&["deploy", "-d", "default"][..], &["plan", "-d", "default"]] {
        lab.call_in(&other, verb)
            .exits(1)
            .says("the deployment default belongs to another network: default (")
            .says("last deployed from ")
            .says("hint: ")
            .says("nixops modify --rebind");
    }
    same(&before, &lab.state_files());
    assert!(!other.join("nixops.json").exists());
    lab.call(&["deploy", "-d", "defualt"])
        .exits(1)
        .says("there is no deployment `defualt` in ")
        .says("hint: did you mean `default`?");
    lab.call_in(&other, &["modify", "-d", "default", "--rebind"])
        .exits(0);
    assert_eq!(recorded(&other), recorded(&lab.directory));
    lab.call_in(&other, &["deploy"])
        .exits(0)
        .does_not_say("created");
    assert_eq!(public_key(&lab), key);
}

#[test]
fn a_network_of_another_name_in_the_same_flake_is_another_deployment() {
    let lab = lab();
    lab.network(&format!(
        "{NETWORK} }}; nixopsConfigurations.other = {{ inherit nixpkgs; {NETWORK}"
    ));
    lab.deploy(&[]).exits(0);
    lab.deploy(&["--flake", ".#other", "-d", "default"])
        .exits(1)
        .says("the deployment default belongs to another network: default (")
        .says("and this is other (");
    lab.deploy(&["--flake", ".#other"]).exits(0).says("created");
    let file = recorded(&lab.directory);
    let lineage = |name: &str| file["deployments"][name]["lineage"].clone();
    assert!(lineage("other").is_string(), "{file}");
    assert_ne!(lineage("other"), lineage("default"));

    lab.call(&["modify", "-d", "default", "--rebind", "--flake", ".#other"])
        .exits(0);
    lab.deploy(&["--flake", ".#other"])
        .exits(0)
        .does_not_say("created");
}

#[test]
fn a_network_may_say_itself_which_deployment_it_is() {
    let lab = lab();
    let uuid = "5f1f5b60-0b2b-4f6e-9c0e-0c54ad3ff3f0";
    lab.network(&format!("{NETWORK} network.uuid = \"{uuid}\";"));
    lab.deploy(&[]).exits(0).does_not_say("nixops.json");
    assert!(!lab.directory.join("nixops.json").exists());
    assert_eq!(lab.told(&["info"])["deployment"]["uuid"], uuid);
    let key = public_key(&lab);
    let second = lab.checkout("second");
    lab.call_in(&second, &["deploy"])
        .exits(0)
        .does_not_say("created");
    assert_eq!(public_key(&lab), key);
    lab.call(&["plan"]).exits(0);
    let destroyed = lab.call(&["destroy", "--yes"]);
    destroyed.exits(0).says("sshKeyPairs.pair> deleted");
}

#[test]
fn the_file_lies_beside_a_flake_in_a_subdirectory_and_beside_a_classic_network() {
    let lab = lab();
    lab.run("git", &["init", "--quiet"]);
    let below = lab.directory.join("sub");
    fs::create_dir(&below).unwrap();
    fs::rename(lab.directory.join("flake.nix"), below.join("flake.nix")).unwrap();
    lab.run("git", &["add", "--all"]);
    lab.call(&["deploy", "--flake", ".?dir=sub"])
        .exits(0)
        .says("created");
    let file = recorded(&below);
    assert!(!lab.directory.join("nixops.json").exists());
    lab.call_in(&below, &["deploy"])
        .exits(0)
        .does_not_say("created");
    assert_eq!(recorded(&below), file);
    assert_eq!(lab.told(&["list"]).as_array().map(Vec::len), Some(1));

    let classic = lab.other_directory("classic");
    fs::write(classic.join("nixops.nix"), format!("{{ {NETWORK} }}")).unwrap();
    let path = format!("nixpkgs={POCKET}");
    let place = classic.to_string_lossy();
    let deploy = ["deploy", "--file", &place, "-I", &path];
    lab.call(&deploy).exits(0).says("created");
    assert!(recorded(&classic)["deployments"]["default"]["lineage"].is_string());
    lab.call(&deploy).exits(0).does_not_say("created");
    lab.call(&[
        "plan",
        "--file",
        &place,
        "-I",
        &path,
        "--out",
        &lab.place("the.plan"),
    ])
    .exits(1)
    .says("a plan can be saved of a flake alone");
}

#[test]
fn arguments_that_are_kept_reach_the_next_run() {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    lab.network_of(&input, "SIZED");
    let flake = fs::read_to_string(lab.path("flake.nix")).unwrap();
    let sized = flake
        .replace("default = {", "default = { size ? 1 }: {")
        .replace(
            "SIZED",
            "resources.neatcloudVolumes.data = { inherit size; };",
        );
    lab.write("flake.nix", &sized);
    let size = || lab.cloud_has("volumes")[0]["size"].clone();
    lab.deploy(&[]).exits(0);
    assert_eq!(size(), 1);
    lab.call(&["set-args", "--arg", "size", "2"]).exits(0);
    lab.deploy(&[]).exits(0);
    assert_eq!(size(), 2);
    lab.deploy(&["--arg", "size", "3"]).exits(0);
    assert_eq!(size(), 3);
    assert_eq!(lab.told(&["show-arguments"])["size"]["value"], "2");
    let saved = lab.place("the.plan");
    lab.call(&["plan", "--arg", "size", "4", "--out", &saved])
        .exits(0);
    lab.deploy(&["--plan", &saved])
        .exits(1)
        .says("the arguments of the network are others now");
    lab.deploy(&["--plan", &saved, "--arg", "size", "4"])
        .exits(0);
    assert_eq!(size(), 4);
}

#[test]
fn what_is_destroyed_and_deleted_is_gone_and_may_begin_anew() {
    let lab = lab();
    lab.deploy(&[]).exits(0);
    let key = public_key(&lab);
    lab.call(&["delete"])
        .exits(1)
        .says("the deployment default still has sshKeyPairs.pair");
    lab.call(&["destroy", "--yes"]).exits(0);
    assert_eq!(lab.told(&["info"])["things"], json!([]));
    lab.call(&["destroy", "--yes"])
        .exits(0)
        .says("there is nothing to destroy");
    lab.call(&["delete"])
        .exits(0)
        .says("the next deploy makes it anew");
    assert_eq!(lab.told(&["list"]), json!([]));
    let lineage = recorded(&lab.directory)["deployments"]["default"]["lineage"].clone();
    lab.deploy(&[]).exits(0);
    assert_eq!(lab.told(&["info"])["deployment"]["uuid"], lineage);
    assert_ne!(public_key(&lab), key);
}

#[test]
fn a_file_that_cannot_be_understood_makes_no_other_deployment() {
    let lab = lab();
    lab.call(&["eval"]).exits(0);
    let cases = [
        ("{ \"version\": 1, ", "EOF while parsing"),
        (
            "{ \"version\": 2 }",
            "it has version 2, and this nixops knows 1",
        ),
        (
            "{ \"version\": 1, \"deployments\": { \"default\": { \"name\": \"x\" } } }",
            "lineage",
        ),
    ];
    for (text, said) in cases {
        lab.write("nixops.json", text);
        let before = lab.everything();
        for verb in ["deploy", "plan", "destroy", "info"] {
            lab.call(&[verb])
                .exits(1)
                .says("cannot tell from ")
                .says("nixops.json which deployment the network has: ")
                .says(said);
        }
        same(&before, &lab.everything());
    }
}
