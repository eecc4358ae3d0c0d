//! The cache of evaluations: what is known is not evaluated again, and what has changed is.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::{
    lab::{Lab, Run, files_with},
    resources_lab::of_resources,
};

const NOTHING: [&str; 0] = [];

/// Outputs of two resources, of which each machine reads one, and one reads both of another machine.
fn outputs(one: &str, other: &str) -> String {
    json!({ "commandOutput": {
        "one": { "value": { "value": one } },
        "other": { "value": { "value": other } },
    } })
    .to_string()
}

const READERS: &str = "
    resources.commandOutput = { one.script = \"\"; other.script = \"\"; };
    a = { resources, ... }: { environment.etc.x.text = resources.commandOutput.one.value; };
    b = { resources, ... }: { environment.etc.x.text = resources.commandOutput.other.value; };
    c = { nodes, ... }: { environment.etc.x.text = nodes.a.config.environment.etc.x.text; };
    d = { };";

#[test]
fn an_unchanged_network_is_evaluated_once() {
    let lab = Lab::without_hosts();
    lab.network(&format!(
        "{READERS} e = builtins.trace \"seen again\" {{ }};
         f = {{ lib, ... }}: {{ warnings = [ \"look out\" ]; }};"
    ))
    .write("../outputs.json", &outputs("1", "2"));
    let eval = || lab.counted_eval(&["--outputs", "../outputs.json"]);
    // The first run locks the inputs.
    eval();
    let first = lab.uncached_eval(&["--outputs", "../outputs.json"]);
    eval();
    let again = eval();
    assert_eq!(again.evaluated(), [].into(), "{:#?}", again.programs);
    assert_eq!(again.run.json(), first.json());
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&again.run.stderr), sorted(&first.stderr));
    again.run.says("seen again").says("look out");

    let whole = lab.counted_eval(&["--outputs", "../outputs.json", "--no-eval-cache"]);
    assert_eq!(whole.machines(), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn who_reads_an_output_is_evaluated_when_it_changes_and_nobody_else() {
    let lab = Lab::without_hosts();
    lab.network(READERS);
    let eval = |one, other| {
        lab.write("../outputs.json", &outputs(one, other));
        lab.counted_eval(&["--outputs", "../outputs.json"])
    };
    eval("1", "2");
    eval("1", "2");
    let text = |counted: &Value, machine: &str| counted["machines"][machine]["system"].clone();
    let before = eval("1", "2").run.json();
    let changed = eval("other", "2");
    assert_eq!(changed.machines(), ["a", "c"]);
    let after = changed.run.json();
    assert_ne!(text(&before, "a"), text(&after, "a"));
    assert_ne!(text(&before, "c"), text(&after, "c"));
    assert_eq!(text(&before, "b"), text(&after, "b"));
    // What was so before is known still.
    assert_eq!(eval("1", "2").machines(), NOTHING);
    assert_eq!(eval("1", "3").machines(), ["b"]);
    assert_eq!(eval("other", "3").machines(), NOTHING);
}

#[test]
fn an_output_that_comes_to_be_is_seen_by_who_would_have_read_it() {
    let lab = Lab::without_hosts();
    lab.network(
        "resources.commandOutput.one.script = \"\";
         made.deployment.targetEnv = \"cloud\";
         a = { resources, ... }: { environment.etc.x.text = toString resources.commandOutput.one.value; };
         b = { nodes, ... }: {
           environment.etc.x.text =
             if (builtins.tryEval nodes.made.config.networking.privateIPv4).success then \"there\" else \"none\";
         };
         c = { };",
    );
    let eval = |one: Value, made: Value| {
        let known = json!({ "commandOutput": { "one": one }, "cloud": { "made": made } });
        lab.write("../outputs.json", &known.to_string());
        let counted = lab.counted_eval(&["--outputs", "../outputs.json"]);
        assert_eq!(
            counted.run.json(),
            lab.uncached_eval(&["--outputs", "../outputs.json"]).json()
        );
        counted.machines()
    };
    let (none, some) = (json!({}), json!({ "value": { "value": "1" } }));
    let (gone, made) = (json!({}), json!({ "privateIPv4": { "value": "10.0.0.1" } }));
    eval(none.clone(), gone.clone());
    eval(none.clone(), gone.clone());
    assert_eq!(eval(none.clone(), gone.clone()), NOTHING);
    assert_eq!(eval(some.clone(), gone.clone()), ["a"]);
    assert_eq!(eval(some.clone(), made.clone()), ["b", "made"]);
    assert_eq!(eval(none.clone(), made), NOTHING);
    let null = json!({ "privateIPv4": { "value": null } });
    assert_eq!(eval(none, null), ["b", "made"]);
    assert_eq!(eval(some, gone), NOTHING);
}

#[test]
fn what_an_evaluation_depends_on_beside_outputs_makes_it_another_one() {
    let lab = Lab::without_hosts();
    let network = |more: &str| {
        lab.outputs(&format!(
            "nixopsConfigurations.default = {{ word ? \"a\" }}: {{ inherit nixpkgs;
               web.environment.etc.x.text = word; {more} }};"
        ));
    };
    network("");
    lab.run("git", &["init", "--quiet"]);
    lab.run("git", &["add", "flake.nix"]);
    // The inputs are locked, which makes another tree.
    lab.uncached_eval(&[]);
    let evaluated = |arguments: &[&str]| lab.counted_eval(arguments).machines();
    let twice = |arguments: &[&str]| [evaluated(arguments), evaluated(arguments)];
    let [known, evaluated_once] = [NOTHING.to_vec(), vec!["web"]];
    assert_eq!(twice(&[]), [evaluated_once.clone(), known.clone()]);
    assert_eq!(
        twice(&["--argstr", "word", "b"]),
        [evaluated_once.clone(), known.clone()]
    );
    assert_eq!(
        twice(&["--arg", "word", "\"b\""]),
        [evaluated_once.clone(), known.clone()]
    );
    assert_eq!(
        twice(&["--option", "log-lines", "11"]),
        [evaluated_once, known.clone()]
    );
    assert_eq!(evaluated(&[]), NOTHING);
    // A dirty tree is what is in it.
    network("db = { };");
    assert_eq!(twice(&[]), [vec!["db", "web"], known.clone()]);
    network("");
    assert_eq!(evaluated(&[]), NOTHING);
}

#[test]
fn a_derivation_that_was_collected_is_evaluated_again() {
    let lab = Lab::without_hosts();
    lab.network("web = { }; db = { };");
    lab.counted_eval(&[]);
    let network = lab.counted_eval(&[]).run.json();
    lab.run("nix-store", &["--gc"]);
    let again = lab.counted_eval(&[]);
    assert_eq!(again.machines(), ["db", "web"]);
    assert_eq!(again.run.json(), network);
    let derivation = network["machines"]["web"]["derivation"].as_str().unwrap();
    lab.run("nix-store", &["--check-validity", derivation]);
    assert_eq!(lab.counted_eval(&[]).machines(), NOTHING);
}

#[test]
fn what_fails_and_what_is_impure_is_evaluated_each_time() {
    let lab = Lab::without_hosts();
    lab.network("web = { }; broken = throw \"no\";");
    let eval = || {
        let counted = lab.count(&["eval", "--json"]);
        counted.run.exits(1).says("no");
        counted.machines()
    };
    eval();
    eval();
    assert_eq!(eval(), ["broken"]);

    let other = Lab::without_hosts();
    other.write(
        "nixops.nix",
        &format!(
            "{{ network.nixpkgs = import {} {{ }}; web = {{ }}; }}",
            crate::lab::POCKET
        ),
    );
    let eval = || other.counted_eval(&["--file", "."]).machines();
    assert_eq!([eval(), eval()], [["web"], ["web"]]);
    assert!(!other.cache().exists());
}

#[test]
fn the_deploy_after_the_first_evaluates_nothing() {
    let lab = Lab::with_hosts(["web"]);
    lab.network(&format!(
        "web = {{ name, ... }}: {{ {} environment.etc.x.text = builtins.toJSON (builtins.readDir ./.); }};",
        lab.reach("web")
    ));
    // It locks the inputs, and writes `nixops.json`.
    let first = lab.count(&["deploy"]);
    first.run.exits(0);
    assert_eq!(first.machines(), ["web"], "{:#?}", first.programs);
    assert!(lab.directory.join("nixops.json").exists());
    let again = lab.count(&["deploy", "--json"]);
    again.run.exits(0);
    assert_eq!(again.evaluated(), [].into(), "{:#?}", again.programs);
    assert_eq!(again.run.result("web"), "unchanged");
}

#[test]
fn a_second_deploy_evaluates_nothing_and_builds_nothing() {
    let lab = Lab::with_hosts(["web", "db"]);
    let network = |text: &str| {
        lab.network(&format!(
            "network.uuid = \"d0e1f2a3-0000-4000-8000-000000000001\";
             web = {{ {} deployment.keys.word.text = \"{text}\"; }};
             db = {{ {} }};",
            lab.reach("web"),
            lab.reach("db")
        ));
    };
    let deploy = || lab.count(&["deploy", "--json"]);
    network("planted-text-of-a-key-1");
    // The first run locks the inputs.
    lab.nixops(["eval"]).exits(0);
    deploy().run.exits(0);
    let again = deploy();
    again.run.exits(0);
    for machine in ["web", "db"] {
        assert_eq!(again.run.result(machine), "unchanged");
    }
    // Texts of keys are kept nowhere, and are all that is evaluated.
    assert_eq!(again.evaluated(), ["sending.targets.web".to_owned()].into());
    assert_eq!(again.builds(), 0, "{:#?}", again.programs);
    assert_eq!(lab.read("web", "/run/keys/word"), "planted-text-of-a-key-1");

    network("planted-text-of-a-key-2");
    deploy().run.exits(0);
    assert_eq!(lab.read("web", "/run/keys/word"), "planted-text-of-a-key-2");
    let dry = lab.count(&["deploy", "--dry-run"]);
    assert_eq!(dry.evaluated(), [].into());
    // Its version, its settings, the lock of the network, and whether what is known is there.
    assert_eq!(dry.programs.len(), 4, "{:#?}", dry.programs);
    // A host that lost its system gets it again without an evaluation.
    let found = files_with("planted-text-of-a-key", lab.cache().parent().unwrap());
    assert_eq!(found, NOTHING);
    let mode = fs::metadata(lab.cache()).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777,
        0o600
    );
}

#[test]
fn keys_are_sent_again_without_an_evaluation_of_those_that_are_files() {
    let lab = Lab::with_hosts(["web", "db"]);
    let secret = lab.rig.home().join("secret");
    let path = secret.display();
    lab.network(&format!(
        "web = {{ {} deployment.keys.word.keyFile = \"{path}\"; }};
         db = {{ {} deployment.keys.word.text = \"planted-text-of-a-key\"; }};",
        lab.reach("web"),
        lab.reach("db")
    ));
    let send = |content: &str| {
        fs::write(&secret, content).unwrap();
        let sent = lab.count(&["send-keys", "--json"]);
        sent.run.exits(0);
        (sent.run.result("web"), sent.evaluated())
    };
    send("one");
    send("one");
    let texts: BTreeSet<String> = ["sending.targets.db".to_owned()].into();
    assert_eq!(send("one"), ("unchanged".to_owned(), texts.clone()));
    assert_eq!(send("two"), ("keys-sent".to_owned(), texts));
    assert_eq!(lab.read("web", "/run/keys/word"), "two");
    let found = files_with("planted-text-of-a-key", lab.cache().parent().unwrap());
    assert_eq!(found, NOTHING);
}

#[test]
fn resources_that_are_as_they_were_are_not_evaluated() {
    let lab = of_resources(
        "resources.neatcloudVolumes.data.size = 1;
         resources.neatcloudVolumes.more.size = 2;
         resources.neatcloudTokens.plain.scope = \"read\";
         resources.neatcloudTokens.reader = { resources, ... }: {
           scope = \"read\"; note = resources.neatcloudVolumes.data.id;
         };",
    );
    lab.settle().exits(0);
    let plan = || {
        let counted = lab.count(&["plan", "--accept-plugins", "--json"]);
        counted.run.exits(0);
        counted
    };
    plan();
    let again = plan();
    assert_eq!(again.evaluated(), [].into());
    // Other volumes of the same names have other ids, and one is read.
    lab.cloud(&["down"]);
    lab.settle().exits(0);
    let changed = plan();
    assert_eq!(
        changed.evaluated(),
        ["attempts.neatcloudTokens.reader".to_owned()].into()
    );
    assert_eq!(plan().evaluated(), [].into());
}

#[test]
fn the_last_two_systems_of_a_machine_are_kept_from_collection() {
    let lab = Lab::without_hosts();
    let build = |text: &str| {
        lab.network(&format!("web.environment.etc.x.text = \"{text}\";"));
        let built = lab.nixops(["build"]);
        built.exits(0).stdout.trim().to_owned()
    };
    let systems = ["one", "two", "three"].map(build);
    assert_eq!(build("three"), systems[2]);
    lab.run("nix-store", &["--gc"]);
    let there = |system: &String| Run::of(lab.rig.command("test").args(["-e", system])).code;
    assert_eq!(systems.each_ref().map(there), [Some(1), Some(0), Some(0)]);
    // One that is taken up again has been there all the time.
    build("two");
    lab.run("nix-store", &["--gc"]);
    assert_eq!(systems.each_ref().map(there), [Some(1), Some(0), Some(0)]);
}
