//! What a machine may say of itself, and what `nixops eval` tells of it.

use serde_json::{Value, json};

use crate::lab::{Lab, eval};

#[test]
fn all_options_of_a_machine_are_told_with_their_defaults() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    let web = &eval(&lab, ["--options-only"])["machines"]["web"];
    assert_eq!(
        *web,
        json!({
            "allowLocalDeployment": false,
            "alwaysActivate": false,
            "buildOnTarget": false,
            "copyProtocol": "ssh",
            "hasFastConnection": null,
            "hostName": "web",
            "keys": {},
            "nixosRelease": "26.05",
            "owners": [],
            "privilegeEscalationCommand": ["sudo", "-H", "--"],
            "provisionSSHKey": true,
            "publicIPv4": null,
            "rollback": {
                "activationTimeout": 600, "enable": true, "onFailedUnits": false, "timeout": 60,
            },
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
    let machines = &eval(&lab, ["--options-only"])["machines"];
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
    let network = eval(&lab, ["--options-only"]);
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
fn special_arguments_are_those_of_the_network_and_of_the_node() {
    let lab = Lab::without_hosts();
    lab.network(
        r#"network.specialArgs = { colour = "red"; size = "big"; module = ./module.nix; };
           network.nodeSpecialArgs.db = { colour = "blue"; };
           web = { colour, size, module, ... }: { imports = [ module ]; deployment.tags = [ colour size ]; };
           db = { colour, size, module, ... }: { imports = [ module ]; deployment.tags = [ colour size ]; };"#,
    );
    lab.write("module.nix", "{ deployment.owners = [ \"module\" ]; }");
    let network = eval(&lab, ["--options-only"]);
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
    let machines = &eval(&lab, ["--options-only"])["machines"];
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
    let machines = &eval(&lab, ["--options-only"])["machines"];
    let here = format!("{}-linux", std::env::consts::ARCH);
    assert_eq!(machines["web"]["tags"], json!([here]));
    assert_eq!(machines["arm"]["tags"], json!(["aarch64-linux"]));
}
