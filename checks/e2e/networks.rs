//! What a network may be made of, and what `nixops eval` tells of it.

use serde_json::{Value, json};

use crate::lab::{Lab, POCKET, Run};

/// Evaluates without systems, which is fast, and expects success.
fn options<const N: usize>(lab: &Lab, arguments: [&str; N]) -> Value {
    let mut command = lab.command(["eval", "--json", "--options-only"]);
    let run = Run::of(command.args(arguments));
    run.exits(0);
    run.json()
}

#[test]
fn all_options_of_a_machine_are_told_with_their_defaults() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    let web = &options(&lab, [])["machines"]["web"];
    assert_eq!(
        *web,
        json!({
            "alwaysActivate": false,
            "buildOnTarget": false,
            "copyProtocol": "ssh",
            "hasFastConnection": false,
            "keys": {},
            "nixosRelease": "26.05",
            "owners": [],
            "privilegeEscalationCommand": ["sudo", "-H", "--"],
            "provisionSSHKey": true,
            "publicIPv4": null,
            "sshOptions": [],
            "substituteOnDestination": true,
            "tags": [],
            "targetEnv": "none",
            "targetHost": "web",
            "targetPort": 22,
            "targetUser": "root",
        })
    );
}

#[test]
fn all_options_of_a_machine_are_told_as_it_defines_them() {
    let lab = Lab::without_hosts();
    lab.network(
        r#"web = { pkgs, ... }: {
             deployment = {
               alwaysActivate = true; buildOnTarget = true; copyProtocol = "ssh-ng";
               hasFastConnection = true; owners = [ "a@example.org" ];
               privilegeEscalationCommand = [ "doas" ]; provisionSSHKey = false;
               sshOptions = [ "-o" "ProxyCommand=a b" ]; tags = [ "eu" ];
               targetHost = "10.0.0.1"; targetUser = "deployer";
               keys.text.text = "very secret";
               keys.file = { keyFile = ./tls.key; destDir = "/var/keys"; user = "http"; permissions = "0640"; };
               keys.command.keyCommand = [ "pass" "show" "x" ];
             };
             services.openssh.ports = [ 2222 ];
             networking.publicIPv4 = "198.51.100.1";
           };"#,
    );
    lab.write("tls.key", "private");
    let run = lab.nixops(["eval", "--json"]);
    run.exits(0);
    let web = &run.json()["machines"]["web"];
    let expected = json!({
        "alwaysActivate": true, "buildOnTarget": true, "copyProtocol": "ssh-ng",
        "hasFastConnection": true, "substituteOnDestination": false, "owners": ["a@example.org"],
        "privilegeEscalationCommand": ["doas"], "provisionSSHKey": false,
        "sshOptions": ["-o", "ProxyCommand=a b"], "tags": ["eu"], "targetHost": "10.0.0.1",
        "targetUser": "deployer", "targetPort": 2222, "publicIPv4": "198.51.100.1",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(web[name], *value, "{name}");
    }
    assert_eq!(web["keys"]["text"]["source"], "text");
    assert_eq!(web["keys"]["text"]["path"], "/run/keys/text");
    assert_eq!(web["keys"]["text"]["permissions"], "0600");
    assert_eq!(web["keys"]["file"]["source"], "file");
    assert_eq!(web["keys"]["file"]["path"], "/var/keys/file");
    assert_eq!(web["keys"]["file"]["user"], "http");
    assert_eq!(web["keys"]["file"]["permissions"], "0640");
    assert_eq!(
        web["keys"]["command"]["keyCommand"],
        json!(["pass", "show", "x"])
    );
    assert!(!run.stdout.contains("very secret"), "{run:?}");
    for (path, end) in [
        ("derivation", ".drv"),
        ("system", "nixos-system-web-26.05pre-pocket"),
    ] {
        let path = web[path].as_str().unwrap();
        assert!(
            path.starts_with("/nix/store/") && path.ends_with(end),
            "{path}"
        );
    }
}

#[test]
fn a_key_with_two_contents_is_an_error_that_names_it() {
    let lab = Lab::without_hosts();
    lab.network(
        "web.deployment.keys.tls = { text = \"very secret\"; keyCommand = [ \"b\" ]; }; db = { };",
    );
    let run = lab.nixops(["eval", "--json", "--options-only"]);
    run.exits(1)
        .says("deployment.keys.tls of machine web")
        .says("keyCommand and text");
    assert!(run.json()["machines"]["db"].is_object());
}

#[test]
fn defaults_are_for_every_machine_and_weaker_than_none_of_its_own() {
    let lab = Lab::without_hosts();
    lab.network(
        "defaults = { lib, ... }: { deployment.tags = [ \"all\" ]; deployment.targetUser = lib.mkDefault \"me\"; };
         web = { deployment.tags = [ \"web\" ]; deployment.targetUser = \"you\"; };
         db = { };",
    );
    let machines = &options(&lab, [])["machines"];
    assert_eq!(machines["db"]["tags"], json!(["all"]));
    assert_eq!(machines["db"]["targetUser"], "me");
    assert_eq!(machines["web"]["targetUser"], "you");
    let mut tags: Vec<_> = machines["web"]["tags"].as_array().unwrap().clone();
    tags.sort_by_key(Value::to_string);
    assert_eq!(tags, [json!("all"), json!("web")]);
}

#[test]
fn modules_know_their_machine_the_deployment_the_nodes_and_the_resources() {
    let lab = Lab::without_hosts();
    lab.network(
        r#"network = { description = "a net"; uuid = "d1a2"; };
           resources.commandOutput.token = { name, uuid, ... }: { script = "echo ${name} ${uuid}"; };
           web = { name, uuid, deploymentName, nodes, resources, ... }: {
             deployment.owners = [
               name uuid deploymentName nodes.db.config.networking.hostName
               resources.commandOutput.token.script
               resources.machines.db.deployment.targetHost
             ];
           };
           db = { config, ... }: {
             deployment.targetHost = "10.0.0.2";
             deployment.owners = [ config._type config._name config.deployment.uuid config.deployment.name ];
           };"#,
    );
    let network = options(&lab, []);
    assert_eq!(
        network["network"],
        json!({ "description": "a net", "uuid": "d1a2" })
    );
    assert_eq!(
        network["machines"]["web"]["owners"],
        json!([
            "web",
            "d1a2",
            "default",
            "db",
            "echo token d1a2",
            "10.0.0.2"
        ])
    );
    assert_eq!(
        network["machines"]["db"]["owners"],
        json!(["machine", "db", "d1a2", "default"])
    );
}

#[test]
fn a_deployment_without_a_uuid_has_the_same_one_in_every_run() {
    let lab = Lab::without_hosts();
    lab.network("web = { uuid, ... }: { deployment.owners = [ uuid ]; };");
    let uuid = || options(&lab, [])["machines"]["web"]["owners"][0].clone();
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
        "--argstr",
        "host",
        "a \"quoted\" ${host}\n",
        "--arg",
        "port",
        "2000 + 22 # fine",
    ];
    let web = &options(&lab, given)["machines"]["web"];
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
    let network = options(&lab, []);
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
    let resources = &options(&lab, [])["resources"];
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
fn special_arguments_are_those_of_the_network_and_of_the_node() {
    let lab = Lab::without_hosts();
    lab.network(
        r#"network.specialArgs = { colour = "red"; size = "big"; module = ./module.nix; };
           network.nodeSpecialArgs.db = { colour = "blue"; };
           web = { colour, size, module, ... }: { imports = [ module ]; deployment.tags = [ colour size ]; };
           db = { colour, size, module, ... }: { imports = [ module ]; deployment.tags = [ colour size ]; };"#,
    );
    lab.write("module.nix", "{ deployment.owners = [ \"module\" ]; }");
    let network = options(&lab, []);
    assert_eq!(network["machines"]["web"]["tags"], json!(["red", "big"]));
    assert_eq!(network["machines"]["db"]["tags"], json!(["blue", "big"]));
    assert_eq!(network["machines"]["db"]["owners"], json!(["module"]));
    assert_eq!(network["network"], json!({}));
}

#[test]
fn a_node_may_have_a_nixpkgs_of_its_own() {
    let lab = Lab::without_hosts();
    lab.network(
        r#"network.nodeNixpkgs.db = nixpkgs // {
             lib = nixpkgs.lib // {
               nixosSystem = arguments: nixpkgs.lib.nixosSystem (arguments // {
                 modules = arguments.modules ++ [ { deployment.tags = [ "other" ]; } ];
               });
             };
           };
           web = { }; db = { };"#,
    );
    let machines = &options(&lab, [])["machines"];
    assert_eq!(machines["web"]["tags"], json!([]));
    assert_eq!(machines["db"]["tags"], json!(["other"]));
}

#[test]
fn a_finished_configuration_may_be_a_machine() {
    let lab = Lab::without_hosts();
    lab.outputs(
        r#"nixosConfigurations.web = nixpkgs.lib.nixosSystem {
             system = "x86_64-linux";
             modules = [ { networking.hostName = "other"; environment.etc.motto.text = "as it is"; } ];
           };
           nixopsConfigurations.default = {
             inherit nixpkgs;
             defaults.deployment.tags = [ "all" ];
             web = self.nixosConfigurations.web;
             db = { nodes, ... }: {
               deployment.owners = [ nodes.web.config.networking.hostName nodes.web.config.environment.etc.motto.text ];
             };
           };"#,
    );
    let run = lab.nixops(["eval", "--json"]);
    run.exits(0);
    let machines = &run.json()["machines"];
    assert_eq!(machines["web"]["tags"], json!(["all"]));
    assert_eq!(machines["web"]["targetHost"], "web");
    let system = machines["web"]["system"].as_str().unwrap();
    assert!(system.contains("nixos-system-other"), "{system}");
    assert_eq!(machines["db"]["owners"], json!(["other", "as it is"]));
}

#[test]
fn a_machine_has_the_platform_of_the_deployer_unless_it_says_another() {
    let lab = Lab::without_hosts();
    lab.network(
        r#"web = { pkgs, ... }: { deployment.tags = [ pkgs.stdenv.hostPlatform.system ]; };
           arm = { lib, pkgs, ... }: {
             nixpkgs.hostPlatform = lib.mkDefault "aarch64-linux";
             deployment.tags = [ pkgs.stdenv.hostPlatform.system ];
           };"#,
    );
    let machines = &options(&lab, [])["machines"];
    let here = format!("{}-linux", std::env::consts::ARCH);
    assert_eq!(machines["web"]["tags"], json!([here]));
    assert_eq!(machines["arm"]["tags"], json!(["aarch64-linux"]));
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
    let network = options(&lab, ["--file", "."]);
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
