//! Where a network comes from: flakes in every form.

use serde_json::json;

use crate::lab::{Lab, Run, flake, tagged, tags};

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
fn an_option_of_nix_is_one_for_the_source_too() {
    let lab = Lab::without_hosts();
    lab.network(&tagged("\"first\""));
    commit(&lab);
    assert_eq!(tags(&lab, []), json!(["first"]));
    lab.network(&tagged("\"second\""));
    lab.nixops(["eval", "--option", "allow-dirty", "false"])
        .exits(1)
        .says("dirty");
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
