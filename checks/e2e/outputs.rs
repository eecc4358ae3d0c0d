//! Outputs of resources in evaluation: who reads them, who waits for them, and where secrets may not come.

use serde_json::{Value, json};

use crate::lab::{Lab, Run};

/// Everything is there.
const KNOWN: &str = r#"{
    "sshKeyPairs": { "k": { "publicKey": { "value": "ssh-ed25519 AAAA" }, "privateKey": "secret" } },
    "commandOutput": { "count": { "value": { "value": "3" } } },
    "cloud": { "web": { "privateIPv4": { "value": "10.0.0.1" }, "publicIPv4": { "value": null } } }
}"#;

/// Nothing is there yet.
const UNKNOWN: &str = r#"{
    "sshKeyPairs": { "k": { "publicKey": "unknown", "privateKey": "unknown" } },
    "commandOutput": { "count": { "value": "unknown" } },
    "cloud": { "web": { "privateIPv4": "unknown", "publicIPv4": "unknown" } }
}"#;

const RESOURCES: &str =
    "resources.sshKeyPairs.k = { }; resources.commandOutput.count.script = \"echo 3\";";

/// Evaluates a network that has these attributes beside the resources above.
fn eval(lab: &Lab, attributes: &str, known: &str, more: &[&str]) -> (Run, Value) {
    lab.network(&format!("{RESOURCES}\n{attributes}"))
        .write("outputs.json", known);
    let mut command = lab.command(["eval", "--json", "--outputs", "outputs.json"]);
    let run = Run::of(command.args(more));
    let network = run.json();
    (run, network)
}

fn output(kind: &str, name: &str, attribute: &str) -> Value {
    json!({ "type": kind, "name": name, "attribute": attribute })
}

fn public_key() -> Value {
    output("sshKeyPairs", "k", "publicKey")
}

fn private_key() -> Value {
    output("sshKeyPairs", "k", "privateKey")
}

/// A machine with a file in which the private key stands.
const LEAKY: &str = "leaky = { resources, ... }: {
      environment.etc.secret.text = \"it is ${resources.sshKeyPairs.k.privateKey}\";
    };";

#[test]
fn resources_read_outputs_of_each_other_and_tell_it() {
    let lab = Lab::without_hosts();
    let (run, network) = eval(
        &lab,
        "resources.commandOutput.first = { resources, ... }: { value = resources.sshKeyPairs.k.publicKey; };
         resources.commandOutput.second = { resources, ... }: { value = resources.commandOutput.first.value; };
         resources.commandOutput.\"odd.name_-1\" = { resources, ... }: { value = resources.commandOutput.count.value; };",
        KNOWN,
        &[],
    );
    run.exits(0);
    let values = &network["resources"]["commandOutput"];
    assert_eq!(values["second"]["value"], "ssh-ed25519 AAAA");
    assert_eq!(values["odd.name_-1"]["value"], "3");
    let reads = &network["reads"];
    for name in ["first", "second"] {
        let reads = &reads[format!("resources.commandOutput.{name}")];
        assert_eq!(reads["outputs"], json!([public_key()]), "{name}");
    }
    assert_eq!(
        reads["resources.commandOutput.second"]["resources"],
        json!([{ "type": "commandOutput", "name": "first" }])
    );
    let odd = &reads["resources.commandOutput.odd.name_-1"]["outputs"];
    assert_eq!(*odd, json!([output("commandOutput", "count", "value")]));
}

#[test]
fn a_resource_waits_for_what_it_cannot_be_evaluated_without() {
    let lab = Lab::without_hosts();
    let (run, network) = eval(
        &lab,
        "resources.commandOutput.shows = { resources, ... }: { value = \"n: ${resources.commandOutput.count.value}\"; };
         resources.commandOutput.counts = { resources, ... }: {
           value = toString (builtins.fromJSON resources.commandOutput.count.value + 1);
         };
         resources.commandOutput.refuses = { resources, ... }: {
           value = if resources.commandOutput.count.value == \"3\" then \"\" else throw \"not three\";
         };",
        UNKNOWN,
        &[],
    );
    run.exits(1);
    let values = &network["resources"]["commandOutput"];
    assert_eq!(
        values["shows"]["value"],
        "n: <nixops:unknown:commandOutput:count:value>"
    );
    let count = output("commandOutput", "count", "value");
    for name in ["counts", "refuses"] {
        let name = format!("resources.commandOutput.{name}");
        assert_eq!(network["awaits"][&name], count, "{network:#}");
    }
    assert_eq!(
        network["errors"]["resources.commandOutput.refuses"]["message"],
        "needs `resources.commandOutput.count.value`, which is known after apply"
    );
}

#[test]
fn a_resource_that_fails_stops_no_other() {
    let lab = Lab::without_hosts();
    let (run, network) = eval(
        &lab,
        "resources.commandOutput = {
           throws.value = throw \"no value\";
           aborts.value = abort \"no way\";
           misses.value = { }.nothing;
           good.value = \"good\";
         };",
        KNOWN,
        &[],
    );
    run.exits(1)
        .says("cannot evaluate resources.commandOutput.throws: no value")
        .says("cannot evaluate resources.commandOutput.misses: attribute 'nothing' missing");
    assert_eq!(
        network["resources"]["commandOutput"]["good"]["value"],
        "good"
    );
    let errors = network["errors"].as_object().map(serde_json::Map::len);
    assert_eq!(errors, Some(3), "{network:#}");
    assert_eq!(network["awaits"], Value::Null);
    let line = &network["errors"]["resources.commandOutput.throws"]["position"]["line"];
    assert_eq!(*line, 6);
}

#[test]
fn a_machine_waits_for_the_outputs_that_its_system_needs() {
    let lab = Lab::without_hosts();
    let machines = "web = { resources, ... }: {
           deployment.targetEnv = \"cloud\";
           environment.etc.key.text = resources.sshKeyPairs.k.publicKey;
         };
         db = { nodes, ... }: { environment.etc.web.text = nodes.web.config.networking.privateIPv4; };
         other = { };";
    let (run, network) = eval(&lab, machines, UNKNOWN, &[]);
    run.exits(1);
    let machines_there = network["machines"].as_object().expect("machines");
    assert_eq!(machines_there.keys().collect::<Vec<_>>(), ["other"]);
    let address = output("cloud", "web", "privateIPv4");
    assert_eq!(network["awaits"]["db"], address);
    assert_eq!(
        network["errors"]["db"]["message"],
        "needs `privateIPv4` of the machine web, which is known after apply"
    );

    let (run, network) = eval(&lab, machines, UNKNOWN, &["--options-only"]);
    run.exits(0);
    assert_eq!(
        network["machines"]["web"]["publicIPv4"],
        "<nixops:unknown:cloud:web:publicIPv4>"
    );

    let (run, network) = eval(&lab, machines, KNOWN, &[]);
    run.exits(0);
    assert_eq!(network["reads"]["db"]["outputs"], json!([address]));
    let web = network["reads"]["web"]["outputs"]
        .as_array()
        .expect("reads");
    assert!(web.contains(&public_key()), "{web:?}");
    assert_eq!(network["reads"]["other"], Value::Null);
}

#[test]
fn what_is_read_through_facts_is_read_all_the_same() {
    let lab = Lab::without_hosts();
    let machines: Vec<_> = (0..12)
        .map(|number| format!("m{number} = {{ }};"))
        .collect();
    let machines = machines.concat();
    let (run, network) = eval(
        &lab,
        &format!(
            "web.deployment.targetEnv = \"cloud\"; {machines}
             defaults = {{ lib, nodes, name, ... }}: {{
               networking.privateIPv4 = lib.mkOverride 950 \"192.0.2.1\";
               environment.etc.hosts-of-all.text =
                 lib.concatMapStrings (node: node.config.networking.privateIPv4) (lib.attrValues nodes);
             }};"
        ),
        KNOWN,
        &["--eval-workers", "1"],
    );
    run.exits(0);
    let address = output("cloud", "web", "privateIPv4");
    for number in 0..12 {
        let reads = &network["reads"][format!("m{number}")]["outputs"];
        assert_eq!(*reads, json!([address]), "m{number}");
    }
}

#[test]
fn a_secret_does_not_come_into_the_store() {
    let lab = Lab::without_hosts();
    let (run, network) = eval(
        &lab,
        &format!(
            "{LEAKY}
             quoting = {{ lib, resources, ... }}: {{
               systemd.services.show = {{
                 script = \"echo ${{lib.escapeShellArg resources.sshKeyPairs.k.privateKey}}\";
                 wantedBy = [ \"multi-user.target\" ];
               }};
             }};
             keeping = {{ resources, ... }}: {{
               deployment.keys.k.text = \"key=${{resources.sshKeyPairs.k.privateKey}}\";
             }};"
        ),
        KNOWN,
        &[],
    );
    run.exits(1).says(
        "cannot evaluate leaky: the secret `resources.sshKeyPairs.k.privateKey` would stand in the Nix \
         store, in the derivation `etc-secret`",
    );
    run.says("hint: everybody on the machine can read the store");
    assert!(network["errors"]["quoting"]["message"].is_string());
    let machines = network["machines"].as_object().expect("machines");
    assert_eq!(machines.keys().collect::<Vec<_>>(), ["keeping"]);
    let key = &network["machines"]["keeping"]["keys"]["k"];
    assert_eq!(key["literal"], false);
    run.does_not_say("deployment.keys.k.text` stands");
    assert_eq!(
        network["reads"]["keeping"]["outputs"],
        json!([private_key()])
    );
}

#[test]
fn a_key_that_stands_in_the_flake_is_warned_of() {
    let lab = Lab::without_hosts();
    let (run, _network) = eval(
        &lab,
        "web.deployment.keys = { open.text = \"in the open\"; hidden.keyFile = \"/run/secret\"; };",
        KNOWN,
        &[],
    );
    run.exits(0)
        .says("web: `deployment.keys.open.text` stands in the source of the flake")
        .does_not_say("hidden")
        .does_not_say("in the open");
}
