//! What has been seen to go wrong between Nix and a program that reads its output.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    evaluators::Evaluator,
    lab::{Lab, tags},
};

/// A machine that says `at it` and then takes some seconds.
const SLOW: &str = r#"slow = {
    environment.etc.sum.text =
      let
        numbers = builtins.genList (n: n) 10000;
        sum = builtins.foldl' (a: b: a + b) 0;
        often = builtins.genList (n: n) 400;
      in
      builtins.trace "at it" (toString (builtins.foldl' (a: n: a + n + sum numbers) 0 often));
  };"#;

/// The one process that evaluates at this moment.
fn only(lab: &Lab) -> Evaluator {
    let mut evaluators = lab.evaluators();
    assert_eq!(evaluators.len(), 1, "{evaluators:?}");
    evaluators.remove(0)
}

/// Writes machines `m0`… with this value, as Nix that may use the number `n`.
fn fleet(lab: &Lab, count: usize, value: &str) {
    lab.outputs(&format!(
        "nixopsConfigurations.default = {{ inherit nixpkgs; }} // builtins.listToAttrs (builtins.genList \
         (n: {{ name = \"m${{toString n}}\"; value = {value}; }}) {count});"
    ));
}

#[test]
fn what_is_no_data_leaves_a_network_in_one_piece() {
    let lab = Lab::without_hosts();
    lab.write("data/big-file", "much");
    lab.network(
        r#"network = {
             description = "odd";
             function = x: x;
             callable = { __functor = self: x: x; };
             directory = ./data;
             list = [ 1 (x: x) ./data/big-file { deep = x: x; kept = true; } ];
             package = nixpkgs.legacyPackages.${"x86_64-linux"}.hello or { type = "derivation"; drvPath = "/d"; outPath = "/o"; };
             path = { outPath = "/some/where"; name = "lost"; };
             context = "${./data/big-file}";
             nothing = null; number = 1.5; yes = true;
           };
           resources.commandOutput.odd = { lib, ... }: {
             options.odd = lib.mkOption { };
             config.odd = {
               function = x: x;
               file = ./data/big-file;
               place = { outPath = "/some/where"; };
             };
           };
           web = { };"#,
    );
    let run = lab.nixops(["eval", "--json", "--options-only"]);
    run.exits(0);
    let odd = &run.json()["resources"]["commandOutput"]["odd"]["odd"];
    assert_eq!(odd.get("function"), None);
    assert_eq!(odd["place"], json!({ "out": "/some/where" }));
    assert!(
        odd["file"].as_str().unwrap().ends_with("/data/big-file"),
        "{odd}"
    );
    let network = &run.json()["network"];
    assert_eq!(network["description"], "odd");
    assert_eq!(network.get("function"), None);
    assert_eq!(network.get("callable"), None);
    let directory = network["directory"].as_str().unwrap();
    assert!(directory.ends_with("/data"), "{directory}");
    assert_eq!(network["list"][0], 1);
    assert_eq!(network["list"][2], json!({ "kept": true }));
    assert_eq!(network["path"], json!({ "out": "/some/where" }));
    assert!(network["package"]["drv"].is_string() && network["package"]["out"].is_string());
    assert_eq!(network["nothing"], json!(null));
    assert_eq!(network["number"], json!(1.5));
}

#[test]
fn a_text_that_is_not_utf_8_costs_no_other_machine() {
    let lab = Lab::without_hosts();
    fs::write(lab.path("latin"), b"caf\xe9").unwrap();
    lab.network(
        "web.deployment.owners = [ (builtins.readFile ./latin) ];
         db.deployment.owners = [ \"ada\" ];",
    );
    let run = lab.nixops(["eval", "--json", "--eval-workers", "1"]);
    let network = run.json();
    assert_eq!(network["machines"]["db"]["owners"], json!(["ada"]));
    // Nix 2.8 passes the byte on, newer versions refuse it.
    if run.code == Some(0) {
        let owners = &network["machines"]["web"]["owners"];
        assert_eq!(*owners, json!(["caf\u{fffd}"]));
    } else {
        let message = network["errors"]["web"]["message"].as_str().unwrap();
        assert!(message.contains("UTF-8"), "{message}");
    }
}

#[test]
fn what_nix_says_before_it_comes_to_a_machine_is_told_once() {
    let lab = Lab::without_hosts();
    lab.outputs(
        "nixopsConfigurations.default = builtins.trace \"reading\" (nixpkgs.lib.warn \"moved\" {
           inherit nixpkgs; web = nixpkgs.lib.warn \"renamed\" { }; db = { };
         });",
    );
    for verb in [["eval", "--options-only"], ["deploy", "--build-only"]] {
        let run = lab.nixops(verb);
        run.exits(0);
        let told = |words: &str| run.stderr.matches(words).count();
        let words = ["warning: moved\n", "warning: web: renamed\n", "reading\n"];
        assert_eq!(words.map(told), [1, 1, 1], "{}", run.stderr);
    }
}

#[test]
fn a_path_in_a_record_is_not_copied_to_the_store() {
    let lab = Lab::without_hosts();
    lab.write("private/tls-secret.key", "private");
    lab.network(
        "network.file = ./private/tls-secret.key;
         web.deployment.keys.tls.keyFile = ./private/tls-secret.key;",
    );
    let run = lab.nixops(["eval", "--json"]);
    run.exits(0);
    let store = lab.run("ls", &["/nix/store"]);
    assert!(store.contains("-source"), "{store}");
    assert!(!store.contains("tls-secret"), "{store}");
    let key = run.json()["machines"]["web"]["keys"]["tls"].clone();
    assert_eq!(key["source"], "file");
    assert!(
        key["keyFile"]
            .as_str()
            .unwrap()
            .ends_with("/private/tls-secret.key"),
        "{key}"
    );
}

#[test]
fn no_machine_is_lost_when_others_throw() {
    let lab = Lab::without_hosts();
    fleet(
        &lab,
        24,
        "if builtins.elem n [ 0 7 8 15 23 ] then throw \"bad ${toString n}\" else { }",
    );
    for workers in ["1", "3"] {
        let run = lab.nixops(["eval", "--json", "--eval-workers", workers]);
        run.exits(1);
        let network = run.json();
        for number in 0..24 {
            let name = format!("m{number}");
            if [0, 7, 8, 15, 23].contains(&number) {
                let message = &network["errors"][&name]["message"];
                assert_eq!(*message, format!("bad {number}"), "{workers} workers");
            } else {
                let system = &network["machines"][&name]["system"];
                assert!(system.is_string(), "{name} with {workers} workers: {run:?}");
            }
        }
    }
}

#[test]
fn no_machine_is_lost_when_others_overflow_the_stack() {
    let lab = Lab::without_hosts();
    fleet(
        &lab,
        9,
        "if n == 4 then { networking.hostName = let f = n: 1 + f n; in toString (f 0); } else { }",
    );
    for workers in ["1", "3"] {
        let run = lab.nixops(["eval", "--json", "--eval-workers", workers]);
        run.exits(1);
        assert_eq!(
            run.json()["errors"].as_object().unwrap().len(),
            1,
            "{run:?}"
        );
        assert!(run.json()["errors"]["m4"].is_object(), "{run:?}");
        assert_eq!(
            run.json()["machines"].as_object().unwrap().len(),
            8,
            "{run:?}"
        );
    }
}

#[test]
fn a_machine_whose_process_is_killed_is_evaluated_again() {
    let lab = Lab::without_hosts();
    lab.network(&format!("a = {{ }}; {SLOW} z = {{ }};"));
    let mut run = lab.watch(["eval", "--json", "--eval-workers", "1"]);
    run.until_said("at it");
    only(&lab).kill();
    let run = run.end();
    run.exits(0);
    assert_eq!(
        run.json()["machines"].as_object().unwrap().len(),
        3,
        "{run:?}"
    );
}

#[test]
fn a_machine_whose_process_is_killed_twice_is_to_blame_and_no_other() {
    let lab = Lab::without_hosts();
    lab.network(&format!("a = {{ }}; {SLOW} z = {{ }};"));
    let mut run = lab.watch(["eval", "--json", "--eval-workers", "1"]);
    run.until_said("at it");
    only(&lab).kill();
    lab.evaluator_of("slow", true).kill();
    let run = run.end();
    run.exits(1)
        .says("cannot evaluate slow: the Nix process that evaluated it ended")
        .says("SIGKILL")
        .says("--eval-workers 1");
    let network = run.json();
    assert_eq!(network["machines"].as_object().unwrap().len(), 2, "{run:?}");
    assert!(network["errors"]["slow"].is_object(), "{run:?}");
}

#[test]
fn arguments_are_not_seen_in_the_list_of_processes() {
    let lab = Lab::without_hosts();
    lab.outputs(&format!(
        "nixopsConfigurations.default = {{ password }}: {{ inherit nixpkgs; {SLOW} }};"
    ));
    let mut run = lab.watch(["eval", "--argstr", "password", "hunter2"]);
    run.until_said("at it");
    let evaluator = only(&lab);
    assert!(!evaluator.command_line.contains("hunter2"), "{evaluator:?}");
    assert!(!evaluator.environment.contains("hunter2"), "{evaluator:?}");
    run.end().exits(0);
}

#[test]
fn names_may_have_dots_and_dashes() {
    let lab = Lab::without_hosts();
    lab.network(
        r#""web-1.example.org" = { networking.hostName = "web-1"; };
           db_2 = { nodes, ... }: {
             deployment.tags = [ nodes."web-1.example.org".config.networking.hostName ];
           };
           resources.commandOutput."a.b-c" = { script = "echo"; };"#,
    );
    let run = lab.nixops(["eval", "--json"]);
    run.exits(0);
    let network = run.json();
    assert_eq!(
        network["machines"]["web-1.example.org"]["targetHost"],
        "web-1.example.org"
    );
    assert_eq!(network["machines"]["db_2"]["tags"], json!(["web-1"]));
    assert_eq!(
        network["resources"]["commandOutput"]["a.b-c"]["_name"],
        "a.b-c"
    );

    let run = lab.nixops(["eval", "--json", "--on", "web-1.example.org"]);
    run.exits(0);
    assert_eq!(run.json()["machines"].as_object().unwrap().len(), 1);
}

#[test]
fn the_names_of_a_large_network_need_no_machine_to_be_evaluated() {
    let lab = Lab::without_hosts();
    fleet(
        &lab,
        300,
        "if n == 250 then { } else abort \"evaluated ${toString n}\"",
    );
    let before = Instant::now();
    let run = lab.nixops(["eval", "--json", "--on", "m250"]);
    let taken = before.elapsed();
    run.exits(0).does_not_say("evaluated");
    assert_eq!(run.json()["machines"].as_object().unwrap().len(), 1);
    // All of them would take ten times as long.
    assert!(taken < Duration::from_secs(10), "{taken:?}");

    let run = lab.nixops(["eval", "--on", "n*"]);
    run.exits(1).says("n*").does_not_say("evaluated");
}

#[test]
fn a_process_that_is_killed_before_it_comes_to_a_machine_costs_none_of_them() {
    let lab = Lab::without_hosts();
    lab.outputs(
        "nixopsConfigurations.default =
           let
             numbers = builtins.genList (n: n) 10000;
             sum = builtins.foldl' (a: b: a + b) 0 numbers;
             often = builtins.foldl' (a: n: a + n + builtins.foldl' (a: b: a + b) 0 numbers) sum;
           in
           builtins.seq (often (builtins.genList (n: n) 300)) { inherit nixpkgs; a = { }; b = { }; c = { }; };",
    );
    let run = lab.watch(["eval", "--json", "--eval-workers", "1"]);
    lab.evaluator_of("a", false).kill();
    let run = run.end();
    run.exits(0);
    assert_eq!(
        run.json()["machines"].as_object().unwrap().len(),
        3,
        "{run:?}"
    );
}

#[test]
fn a_machine_may_read_what_is_built_for_it() {
    let lab = Lab::without_hosts();
    lab.network(
        r#"web = { pkgs, ... }: {
             deployment.tags = [ (builtins.readFile (pkgs.writeText "tag" "built")) ];
           };"#,
    );
    assert_eq!(tags(&lab, []), json!(["built"]));
}
