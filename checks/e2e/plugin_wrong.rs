//! `nixops plugin check` on plugins that are broken, and on what is left of NixOps 2.

use std::{fs, os::unix::fs::PermissionsExt};

use insta::assert_snapshot;

use crate::{
    lab::Lab,
    plugin_lab::{LEDGER, check, copy_of, plugin, remarks, run, schema},
};

/// The same, with `…` for the directory of the plugin.
fn check_in(lab: &Lab, code: i32) -> String {
    let text = check(lab, code);
    text.replace(&lab.directory.to_string_lossy().into_owned(), "…")
}

#[test]
fn a_recursive_schema_is_one_and_can_be_documented() {
    let lab = schema(
        r##"{
          "type": "object",
          "description": "A box.",
          "properties": {
            "label": { "type": "string", "description": "What is in it." },
            "inner": { "type": "array", "items": { "$ref": "#" }, "default": [], "description": "Boxes in it." }
          },
          "required": ["label"]
        }"##,
    );
    assert_snapshot!(check(&lab, 0), @"
    skipped  its provider speaks the protocol
             it has none
    9 passed, 1 skipped
    ");
    let docs = run(&lab, ["docs"]);
    assert_snapshot!(docs.exits(0).stdout, @"
    # Options of mine

    ## `resources.boxes.<name>`

    A box.

    ### `inner`

    Boxes in it.

    * Type: list of values of this type
    * Default: `[ ]`

    ### `label`

    What is in it.

    * Type: string
    ");
}

#[test]
fn schemas_that_are_none_are_told_with_the_place() {
    // The rest is in the words of Nix.
    let no_json = check_in(&schema("{ \"type\": \"object\","), 1);
    let file = "while reading the schema …/schemas/boxes.json of the plugin `mine': ";
    assert!(no_json.contains(file), "{no_json}");
    assert_snapshot!(check_in(&schema(r#"{ "type": "objekt" }"#), 1), @r#"
    FAILED   the schema of boxes can be used
             the schema of boxes is no JSON Schema: at #/type: "objekt" cannot stand there
    skipped  its provider speaks the protocol
             it has none
    5 passed, 1 failed, 1 skipped
    "#);
    assert_snapshot!(check_in(&schema(r##"{ "type": "object", "$ref": "#" }"##), 1), @r##"
    FAILED   the schema of boxes can be used
             the schema of boxes refers to itself without end: # → #
    FAILED   its options evaluate
             the schema at # has the `$ref' "#", which leads back to itself
    skipped  its provider speaks the protocol
             it has none
    3 passed, 2 failed, 1 skipped
    "##);
}

#[test]
fn a_schema_that_the_provider_has_changed_since_is_told() {
    let lab = copy_of(LEDGER);
    let file = lab.directory.join("schemas/ledgerEntries.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"cash\"", "\"bank\"")).unwrap();
    assert_snapshot!(check(&lab, 1), @"
    FAILED   its schemas are those that the plugin ships
             the file ledgerEntries.json is out of date: the provider's verb `schema` writes it
    23 passed, 1 failed
    ");
}

#[test]
fn manifests_that_are_wrong_are_told_with_what_is_meant() {
    assert_snapshot!(check(&plugin("nixexpr = [ ./nix ];", []), 1), @"
    FAILED   its manifest is sound
             plugin `mine`: a manifest has no attribute `nixexpr`
             hint: did you mean `nixexprs`?
    1 passed, 1 failed
    ");
    assert_snapshot!(check(&plugin("protocol = 7;", []), 1), @"
    FAILED   its manifest is sound
             plugin `mine`: it needs version 7 of the provider protocol, and this NixOps speaks version 1
             hint: update NixOps, or use an older version of the plugin
    1 passed, 1 failed
    ");
    assert_snapshot!(check(&plugin("schemas = [ ./schemas ];", []), 1), @"
    FAILED   it is a flake whose `nixopsPlugin` evaluates
             the plugin: `schemas' must be a directory, such as `./schemas', but it is a value of type list
    0 passed, 1 failed
    ");
    let none = Lab::without_hosts();
    none.write("flake.nix", "{ outputs = _: { }; }\n");
    assert_snapshot!(check(&none, 1), @r#"
    FAILED   it is a flake whose `nixopsPlugin` evaluates
             the flake has no output `nixopsPlugin'; define `nixopsPlugin = { name = "…"; nixexprs = [ ./nix ]; };'
    0 passed, 1 failed
    "#);
}

#[test]
fn expressions_that_break_the_contract_or_throw_are_told_with_their_file() {
    let with = |text: &str| plugin("nixexprs = [ ./nix ];", [("nix/default.nix", text)]);
    assert_snapshot!(check_in(&with("{ ... }: { }"), 1), @"
    FAILED   it is a flake whose `nixopsPlugin` evaluates
             plugin `mine': …/nix/default.nix must be an attribute set, but it is a lambda
    0 passed, 1 failed
    ");
    assert_snapshot!(check_in(&with("{ option = [ ]; }"), 1), @"
    FAILED   it is a flake whose `nixopsPlugin` evaluates
             plugin `mine': unknown attribute `option' in …/nix/default.nix; known are config_exporters, options, resources
    0 passed, 1 failed
    ");
    assert_snapshot!(check_in(&with("{ options = [ ({ lib, ... }: { options.deployment.x = lib.mkOptoin { }; }) ]; }"), 1), @r"
    FAILED   its options evaluate
             plugin `mine': attribute 'mkOptoin' missing
             at …/nix/default.nix:1:55
    skipped  its provider speaks the protocol
             it has none
    3 passed, 1 failed, 1 skipped
    ");
    assert_snapshot!(check_in(&plugin("nixexprs = throw \"not today\";", []), 1), @"
    FAILED   it is a flake whose `nixopsPlugin` evaluates
             not today
             at …/flake.nix:3:37
    0 passed, 1 failed
    ");
}

/// A plugin whose provider is this script.
fn provider(script: &str) -> Lab {
    let lab = plugin(
        "providers.x86_64-linux = \"${./cloud.sh}\"; providers.aarch64-linux = \"${./cloud.sh}\";",
        [("cloud.sh", script)],
    );
    let file = lab.directory.join("cloud.sh");
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    lab
}

/// What is said of it, without the hash of the store path.
fn provider_check(lab: &Lab) -> String {
    let text = check(lab, 1);
    let (before, after) = text.split_once("/nix/store/").unwrap_or((&text, ""));
    format!("{before}{}", after.get(33..).unwrap_or_default())
}

#[test]
fn providers_that_do_not_start_or_do_not_behave_are_told() {
    let exits = provider("#!/bin/sh\nread -r line\necho no credentials >&2\nexit 3\n");
    assert_snapshot!(provider_check(&exits), @"
    FAILED   it starts and greets
             during `hello`: the provider cloud.sh ended with exit status 3
               no credentials
    6 passed, 1 failed
    ");
    let chatty =
        provider("#!/bin/sh\nread -r line\necho Connecting to the cloud ...\nsleep 1000\n");
    assert_snapshot!(provider_check(&chatty), @"
    FAILED   it starts and greets
             during `hello`: the provider cloud.sh wrote a line that is not JSON: `Connecting to the cloud ...`: expected value at line 1 column 1
    6 passed, 1 failed
    ");
    let gone = plugin(
        "providers.x86_64-linux = \"/nowhere/provider\"; providers.aarch64-linux = \"/nowhere/provider\";",
        [],
    );
    assert_snapshot!(check(&gone, 1), @"
    FAILED   it starts and greets
             the provider /nowhere/provider is missing
    6 passed, 1 failed
    ");
    let throws = plugin(
        "providers = { x86_64-linux = throw \"not today\"; aarch64-linux = throw \"not today\"; };",
        [],
    );
    assert_snapshot!(check_in(&throws, 1), @"
    FAILED   its provider evaluates
             not today
             at …/flake.nix:3:51
    5 passed, 1 failed
    ");
    let elsewhere = plugin("providers.riscv64-linux = \"/nowhere/provider\";", []);
    let elsewhere = check(&elsewhere, 0);
    assert!(elsewhere.contains("but for riscv64-linux"), "{elsewhere}");
}

#[test]
fn a_plugin_of_nixops_2_is_told_what_to_change() {
    let lab = Lab::without_hosts();
    for file in ["pyproject.toml", "poetry.lock", "nixops_boxes/plugin.py"] {
        lab.write(file, "");
    }
    lab.write("nixops_boxes/nix/default.nix", "{ }");
    let report = run(&lab, ["check"]);
    assert_snapshot!(remarks(report.exits(1)), @r#"
    advice   it has left pyproject.toml of NixOps 2 behind
             delete it once the provider is no Python program any more; the flake is the package
    advice   it has left poetry.lock of NixOps 2 behind
             delete it; flake.lock pins what the plugin needs
    advice   it has left nixops_boxes/plugin.py of NixOps 2 behind
             NixOps loads no Python any more: what `nixexprs` gives is `nixopsPlugin.nixexprs`, and resources and backends need a provider
    FAILED   it is a flake
             there is no flake.nix; write one:
             {
               outputs = _: {
                 nixopsPlugin = {
                   name = "network";
                   nixexprs = [ ./nixops_boxes/nix ];
                 };
               };
             }
    0 passed, 1 failed, 3 with advice
    "#);
}

#[test]
fn what_it_was_told_to_write_is_a_plugin() {
    let lab = Lab::without_hosts();
    lab.write(
        "nixops_boxes/nix/default.nix",
        "{ options = [ ]; resources = { ... }: { }; config_exporters = { ... }: [ ]; }",
    );
    let told = run(&lab, ["check"]).exits(1).stdout.clone();
    let begin = told.find("         {\n").unwrap();
    let end = told.rfind("         }\n").unwrap();
    lab.write("flake.nix", &format!("{}}}\n", &told[begin..end]));
    run(&lab, ["check"]).exits(0);
}
