//! Questions about a network: options of machines, expressions, and the paths that it is made of.

use serde_json::json;

use crate::lab::{Lab, Run};

fn shop(lab: &Lab) {
    lab.network(
        "network.description = \"a shop\";
         resources.commandOutput.count.script = \"echo 3\";
         db.deployment.tags = [ \"eu\" ];
         web = { nodes, ... }: {
           environment.etc.\"motd.txt\".text = \"by ${nodes.db.config.networking.hostName}\";
           networking.extraHosts = builtins.trace \"looking at hosts\" \"127.0.0.2 x\";
           deployment.keys.token.text = \"s3cret\";
         };",
    );
}

fn option(lab: &Lab, machine: &str, option: &str) -> Run {
    lab.nixops(["show-option", machine, option, "--json"])
}

#[test]
fn any_option_of_a_machine_is_shown() {
    let lab = Lab::without_hosts();
    shop(&lab);
    let run = lab.nixops(["show-option", "web", "networking.hostName"]);
    run.exits(0);
    assert_eq!(run.stdout, "\"web\"\n");

    let run = option(&lab, "db", "deployment.tags");
    assert_eq!(run.exits(0).json(), json!(["eu"]));
    // In many lines for people, two blanks deeper each, as NixOps 2 has it.
    let run = lab.nixops(["show-option", "db", "deployment.tags", "--include-physical"]);
    assert_eq!(run.exits(0).stdout, "[\n  \"eu\"\n]\n");

    let run = option(&lab, "web", "environment.etc.\"motd.txt\".text");
    assert_eq!(run.exits(0).json(), "by db");
    let run = option(&lab, "web", "networking.extraHosts");
    run.exits(0).says("web: looking at hosts").does_not_say("@");
}

#[test]
fn of_a_name_with_options_below_it_those_with_a_value_are_shown() {
    let lab = Lab::without_hosts();
    shop(&lab);
    let run = option(&lab, "web", "networking");
    let networking = run.exits(0).json();
    assert_eq!(networking["hostName"], "web");
    assert!(networking.get("privateIPv4").is_none(), "{networking}");
}

#[test]
fn the_content_of_a_key_is_not_shown_wherever_it_is_looked_at() {
    let lab = Lab::without_hosts();
    shop(&lab);
    for path in [
        "deployment.keys.token.text",
        "deployment.keys",
        "deployment",
    ] {
        let run = option(&lab, "web", path);
        run.exits(0);
        assert!(run.stdout.contains("‹sensitive›"), "{path}: {run:?}");
        assert!(!run.stdout.contains("s3cret"), "{path}: {run:?}");
    }
}

#[test]
fn an_option_that_does_not_exist_is_an_error_with_the_nearest_that_does() {
    let lab = Lab::without_hosts();
    shop(&lab);
    option(&lab, "web", "networking.hostNmae")
        .exits(1)
        .says("web has no option networking.hostNmae")
        .says("hint: did you mean networking.hostName?");
    option(&lab, "web", "networking.hostName.first.second")
        .exits(1)
        .says("web has no option networking.hostName.first")
        .says("networking.hostName is a value with no names in it");
    option(&lab, "web", "networking..hostName")
        .exits(1)
        .says("is no name of an option");
    option(&lab, "web", "networking.privateIPv4")
        .exits(1)
        .says("networking.privateIPv4")
        .says("hint: define the option");
    option(&lab, "wbe", "networking.hostName")
        .exits(1)
        .says("no machine matches 'wbe'")
        .says("did you mean 'web'?");
    option(&lab, "*", "networking.hostName")
        .exits(1)
        .says("* means db, web, and an option is that of one machine");
    lab.nixops(["show-option", "web"]).exits(2).says("<OPTION>");
}

#[test]
fn an_option_that_reads_what_is_not_made_yet_says_so() {
    let lab = Lab::without_hosts();
    lab.network(
        "resources.commandOutput.count.script = \"echo 3\";
         web = { resources, ... }: { networking.extraHosts = resources.commandOutput.count.value; };",
    );
    option(&lab, "web", "networking.extraHosts")
        .exits(1)
        .says("resources.commandOutput.count.value")
        .says("known after apply");
}

#[test]
fn what_was_made_is_part_of_an_option_and_of_an_expression() {
    let lab = Lab::with_hosts(["web"]);
    lab.network(&format!(
        "resources.commandOutput.count.script = \"echo 3\";
         web = {{ resources, ... }}: {{ {} networking.extraHosts = resources.commandOutput.count.value; }};",
        lab.reach("web")
    ));
    lab.nixops(["deploy", "--yes"]).exits(0);
    let run = option(&lab, "web", "networking.extraHosts");
    assert_eq!(run.exits(0).json(), "3\n");
    let expression = "{ resources, ... }: resources.commandOutput.count.value";
    let run = lab.nixops(["eval", "--json", "--expr", expression]);
    assert_eq!(run.exits(0).json(), "3\n");
}

#[test]
fn an_expression_is_given_the_network() {
    let lab = Lab::without_hosts();
    shop(&lab);
    let eval = |expression: &str| lab.nixops(["eval", "--json", "-E", expression]);
    let run = eval(
        "{ nodes, network, lib, pkgs, resources, uuid, ... }: {
           tags = lib.mapAttrs (_: node: node.config.deployment.tags) nodes;
           inherit (network) description;
           types = lib.attrNames resources;
           known = lib.isString uuid && pkgs ? stdenv;
         } # a comment that ends with the line",
    );
    assert_eq!(
        run.exits(0).json(),
        json!({
            "tags": { "db": ["eu"], "web": [] }, "description": "a shop",
            "types": ["commandOutput", "machines", "sshKeyPairs"], "known": true,
        })
    );
    assert_eq!(eval("1 + 2").exits(0).json(), 3);
    let run = lab.nixops([
        "eval",
        "-E",
        "{ nodes, ... }: nodes.db.config.deployment.tags",
    ]);
    assert_eq!(run.exits(0).stdout, "[\n  \"eu\"\n]\n");
}

#[test]
fn an_expression_that_fails_is_told_as_what_it_is() {
    let lab = Lab::without_hosts();
    shop(&lab);
    let eval = |expression: &str| lab.nixops(["eval", "--expr", expression]);
    eval("{ nodes, ... }: nodes.")
        .exits(1)
        .says("the argument `--expr`: syntax error");
    eval("{ nodes, ... }: throw \"not like this\"")
        .exits(1)
        .says("not like this")
        .does_not_say("/nix/store/");
    eval("{ noodles }: noodles").exits(1).says("noodles");
    let run = lab.nixops(["eval", "--expr", "1", "--on", "web"]);
    run.exits(2).says("cannot be used with");
}

#[test]
fn the_paths_of_a_network_are_its_sources_and_what_is_deployed() {
    let lab = Lab::with_hosts(["web", "db"]);
    lab.network(&format!(
        "web = {{ {} }}; db = {{ {} }};",
        lab.reach("web"),
        lab.reach("db")
    ));
    let run = lab.nixops(["dump-nix-paths", "--json"]);
    let before = run.exits(0).json();
    assert_eq!(before["systems"], json!({}));
    let sources = before["sources"].as_array().unwrap();
    // The flake, and the pocket that is its nixpkgs.
    assert_eq!(sources.len(), 2, "{before}");

    lab.nixops(["deploy"]).exits(0);
    let run = lab.nixops(["dump-nix-paths", "--on", "web"]);
    let paths: Vec<&str> = run.exits(0).stdout.lines().collect();
    assert_eq!(paths.len(), 3, "{run:?}");
    for path in &paths {
        lab.run("nix-store", &["--check-validity", path]);
    }
    let link = "/nix/var/nix/profiles/system";
    let runs = lab.host("web").run(["readlink", "-f", link]).unwrap();
    assert_eq!(paths[2], String::from_utf8_lossy(&runs.stdout).trim());
    lab.nixops(["dump-nix-paths", "--on", "wbe"])
        .exits(1)
        .says("did you mean 'web'?");
}
