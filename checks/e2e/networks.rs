//! What a network may be made of, and what `nixops eval` tells of it.

use serde_json::json;

use crate::lab::{Lab, POCKET, eval};

#[test]
fn a_deployment_without_a_uuid_has_the_same_one_in_every_run() {
    let lab = Lab::without_hosts();
    lab.network("web = { uuid, ... }: { deployment.owners = [ uuid ]; };");
    let uuid = || eval(&lab, ["--options-only"])["machines"]["web"]["owners"][0].clone();
    let first = uuid();
    assert_eq!(first.as_str().unwrap().len(), 36);
    assert_eq!(uuid(), first);
}

#[test]
fn a_network_may_be_a_function_of_arguments() {
    let lab = Lab::without_hosts();
    lab.outputs(
        "nixopsConfigurations.default = { host, port ? 22, extra ? [ ] }: {
           inherit nixpkgs;
           web = { config, ... }: {
             deployment = { targetHost = host; targetPort = port; tags = extra; };
             deployment.owners = builtins.attrNames config.deployment.arguments;
           };
         };",
    );
    let given = [
        "--options-only",
        "--argstr",
        "host",
        "a \"quoted\" ${host}\n",
        "--arg",
        "port",
        "2000 + 22 # fine",
    ];
    let web = &eval(&lab, given)["machines"]["web"];
    assert_eq!(web["targetHost"], "a \"quoted\" ${host}\n");
    assert_eq!(web["targetPort"], 2022);
    assert_eq!(web["tags"], json!([]));
    assert_eq!(web["owners"], json!(["host", "port"]));

    let missing = lab.nixops(["eval", "--arg", "port", "1"]);
    missing
        .exits(1)
        .says("needs the argument `host'")
        .says("--argstr NAME TEXT")
        .says(lab.path("flake.nix").as_str());

    let unknown = lab.nixops(["eval", "--argstr", "host", "h", "--arg", "prot", "1"]);
    unknown
        .exits(1)
        .says("unexpected argument 'prot'")
        .says("hint: ");

    let broken = lab.nixops(["eval", "--argstr", "host", "h\n\n", "--arg", "port", "3 +"]);
    broken
        .exits(1)
        .says("the argument `--arg port`: syntax error");

    let undefined = lab.nixops(["eval", "--argstr", "host", "h", "--arg", "port", "prot"]);
    undefined
        .exits(1)
        .says("the argument `--arg port`: undefined variable 'prot'");
}

#[test]
fn a_network_without_arguments_refuses_them() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    let run = lab.nixops(["eval", "--argstr", "host", "h"]);
    run.exits(1)
        .says("the network takes no arguments, but `host' was given");
}

#[test]
fn required_files_of_a_flake_are_merged_and_may_require_more() {
    let lab = Lab::without_hosts();
    lab.network(
        "require = [ ./one.nix ./two.nix ]; network.description = \"first\";
         web.deployment.tags = [ \"flake\" ];",
    );
    lab.write(
        "one.nix",
        "{ require = [ ./two.nix ./deep/three.nix ]; network = { description = \"second\"; extra = 1; };
           web.deployment.targetHost = \"one\"; resources.sshKeyPairs.k = { }; }",
    );
    lab.write("two.nix", "{ defaults.deployment.owners = [ \"two\" ]; }");
    lab.write("deep/three.nix", "{ db = { }; }");
    let network = eval(&lab, ["--options-only"]);
    assert_eq!(
        network["network"],
        json!({ "description": "second", "extra": 1 })
    );
    let machines = &network["machines"];
    assert_eq!(machines["web"]["tags"], json!(["flake"]));
    assert_eq!(machines["web"]["targetHost"], "one");
    // Required twice, defined once.
    assert_eq!(machines["db"]["owners"], json!(["two"]));
    assert!(network["resources"]["sshKeyPairs"]["k"].is_object());
}

#[test]
fn resources_are_evaluated() {
    let lab = Lab::without_hosts();
    lab.network(
        r#"resources.commandOutput.a = { script = "echo hi"; };
           resources.commandOutput.b = { resources, ... }: { script = "${resources.commandOutput.a.script} there"; };
           resources.sshKeyPairs.k = { };"#,
    );
    let resources = &eval(&lab, ["--options-only"])["resources"];
    assert_eq!(resources["commandOutput"]["b"]["script"], "echo hi there");
    assert_eq!(resources["commandOutput"]["b"]["_type"], "commandOutput");
    assert_eq!(resources["commandOutput"]["b"]["_name"], "b");
    assert_eq!(resources["sshKeyPairs"]["k"]["publicKey"], "");
}

#[test]
fn a_resource_of_an_unknown_type_is_an_error_that_lists_the_known_ones() {
    let lab = Lab::without_hosts();
    lab.network("resources.ec2Instances.x = { }; web = { };");
    lab.nixops(["eval"])
        .exits(1)
        .says("unknown resource type `resources.ec2Instances'")
        .says("known types: commandOutput, sshKeyPairs");
}

#[test]
fn an_error_in_a_resource_names_the_option_and_its_place() {
    let lab = Lab::without_hosts();
    lab.network("resources.commandOutput.x = {\n script = [ 3 ];\n }; web = { };");
    lab.nixops(["eval"])
        .exits(1)
        .says("option `script' is not of type")
        .says(&format!("{}:5:2", lab.path("flake.nix")));
}

#[test]
fn a_classic_network_is_a_directory_or_a_file_and_may_reach_outside() {
    let lab = Lab::without_hosts();
    lab.write(
        "classic/nixops.nix",
        "{ user ? \"root\" }: {
           network.description = \"classic\"; require = [ ../shared/more.nix ];
           web = { deployment.targetUser = user; };
         }",
    );
    lab.write(
        "shared/more.nix",
        "{ db = { pkgs, ... }: { environment.etc.p.text = toString <nixpkgs>; }; }",
    );
    let path = format!("nixpkgs={POCKET}");
    for place in ["classic", "classic/nixops.nix"] {
        let run = lab.nixops([
            "eval", "--json", "--file", place, "-I", &path, "--argstr", "user", "me",
        ]);
        run.exits(0);
        let network = run.json();
        assert_eq!(network["network"]["description"], "classic");
        assert_eq!(network["machines"]["web"]["targetUser"], "me");
        assert!(network["machines"]["db"]["derivation"].is_string());
    }
    let run = lab.nixops(["eval", "--file", "classic"]);
    run.exits(1)
        .says("'nixpkgs' was not found")
        .says("hint: ")
        .says("-I NAME=PATH");
}

#[test]
fn the_nixpkgs_of_a_classic_network_may_be_its_own_attribute() {
    let lab = Lab::without_hosts();
    lab.write(
        "nixops.nix",
        &format!("{{ network.nixpkgs = {POCKET}; web = {{ }}; }}"),
    );
    let network = eval(&lab, ["--options-only", "--file", "."]);
    assert_eq!(network["machines"]["web"]["targetHost"], "web");
    assert_eq!(network["network"], json!({}));
}

#[test]
fn a_classic_network_that_is_not_there_is_an_error_with_a_way_on() {
    let lab = Lab::without_hosts();
    lab.nixops(["eval", "--file", "nowhere"])
        .exits(1)
        .says("cannot open nowhere: No such file or directory")
        .does_not_say("(os error 2): No");
    lab.nixops(["eval", "--file", "."])
        .exits(1)
        .says("there is no `nixops.nix`");
    lab.network("web = { };");
    lab.nixops(["eval", "--file", "."])
        .exits(1)
        .says("hint: there is a flake: use `--flake .`");
}

#[test]
fn a_network_that_is_no_network_is_refused_in_words() {
    let lab = Lab::without_hosts();
    lab.outputs("nixopsConfigurations.default = [ 3 ];");
    lab.nixops(["eval"])
        .exits(1)
        .says("must be an attribute set or a function that gives one, but it is a list");
    lab.outputs("nixopsConfigurations.default = { web = { }; };");
    lab.nixops(["eval"])
        .exits(1)
        .says("the network has no nixpkgs")
        .says("nixpkgs = inputs.nixpkgs;");
    lab.network("\"a b\" = { };");
    lab.nixops(["eval"])
        .exits(1)
        .says("invalid name of a machine or resource: `a b'");
}
