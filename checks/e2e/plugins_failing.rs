//! Plugins and providers that misbehave, as who deploys sees it.

use insta::assert_snapshot;

use crate::{
    lab::Lab,
    plugins_lab::{neatcloud, provider},
};

/// Runs a deploy that fails, with everything made so far still there, and gives what it said.
#[track_caller]
fn said(lab: &Lab) -> String {
    let (volumes, records) = (lab.cloud_has("volumes"), lab.records());
    let run = lab.deploy(&[]);
    run.exits(1)
        .does_not_say("panicked")
        .does_not_say("backtrace")
        .does_not_say("… while");
    assert_eq!(lab.cloud_has("volumes"), volumes);
    assert_eq!(lab.records(), records);
    clean(lab, &run.stderr)
}

/// What stands before Nix's own words, which differ from version to version.
fn before_nix(said: &str) -> &str {
    let (before, _) = said.split_once("): ").expect("the words of Nix");
    &said[..=before.len()]
}

/// Paths as they are in every run.
fn clean(lab: &Lab, text: &str) -> String {
    let text = text.replace(&lab.place(""), "HOME/");
    let parts = text
        .split_inclusive([' ', '/', '"', '`', '\''])
        .map(|part| {
            let is_stored = part
                .split_once('-')
                .is_some_and(|(hash, _)| hash.len() == 32);
            if is_stored { &part[33..] } else { part }
        });
    parts.collect()
}

/// A volume that is there, of a plugin that then gets another provider.
fn with_provider(lab: &Lab, program: &str) {
    let input = lab.neatcloud_with(program);
    lab.network_of(&input, "resources.neatcloudVolumes.data.size = 1;");
}

fn one_volume() -> Lab {
    let lab = Lab::without_hosts();
    with_provider(&lab, &neatcloud().to_string_lossy());
    lab.deploy(&[]).exits(0);
    lab
}

#[test]
fn a_provider_that_cannot_be_started_is_named_with_its_plugin_and_the_reason() {
    let lab = one_volume();
    with_provider(&lab, "/nonexistent/provider");
    assert_snapshot!(said(&lab), @r"
    error: plugin `neatcloud` (input `neatcloud`): the provider /nonexistent/provider is missing
    hint: build it first; `providers` of the plugin's manifest says where it is to be
    ");
    lab.beside("no-program", "text");
    with_provider(&lab, &lab.place("no-program"));
    assert_snapshot!(said(&lab), @r"
    error: plugin `neatcloud` (input `neatcloud`): the provider HOME/no-program is not executable
    hint: the plugin's package has to install it with `chmod +x`
    ");
    let script = lab.script("foreign", "\u{7f}ELF no machine has this");
    with_provider(&lab, &script);
    assert_snapshot!(said(&lab), @r"
    error: plugin `neatcloud` (input `neatcloud`): the provider HOME/foreign is built for another kind of machine, and this machine is x86_64
    hint: `providers` of the plugin's manifest names one program for each system: this one stands at the wrong system
    ");
}

#[test]
fn a_provider_that_ends_at_once_or_talks_nonsense_is_told_with_its_last_words() {
    let lab = one_volume();
    for (name, text) in [
        ("ends", "echo 'no credentials in ~/.cloud' >&2; exit 3"),
        (
            "chats",
            "read -r hello; echo 'Welcome to the cloud!'; sleep 600",
        ),
        (
            "newer",
            r#"read -r hello; echo '{"jsonrpc":"2.0","id":1,"result":{"protocol":2,"provider":{"name":"x","version":"1"},"types":{}}}'; sleep 600"#,
        ),
    ] {
        let script = lab.script(name, &format!("#!/bin/sh\n{text}\n"));
        with_provider(&lab, &script);
        let said = said(&lab);
        match name {
            "ends" => assert_snapshot!(said, @r"
            error: plugin `neatcloud` (input `neatcloud`): during `hello`: the provider HOME/ends ended with exit status 3
              no credentials in ~/.cloud
            hint: start it by hand to see more: HOME/ends
            "),
            "chats" => assert_snapshot!(said, @r"
            error: plugin `neatcloud` (input `neatcloud`): during `hello`: the provider HOME/chats wrote a line that is not JSON: `Welcome to the cloud!`: expected value at line 1 column 1
            hint: what a provider prints for people belongs to standard error: tell the plugin's authors
            "),
            _ => assert_snapshot!(said, @r"
            error: plugin `neatcloud` (input `neatcloud`): during `hello`: the provider HOME/newer chose version 2 of the protocol, and NixOps speaks version 1
            hint: update NixOps, or use an older plugin
            "),
        }
    }
}

#[test]
fn a_plugin_without_a_provider_for_this_system_is_told_with_those_that_it_has() {
    let lab = one_volume();
    let elsewhere = provider("/bin/x").replace("-linux", "-plan9");
    let input = lab.plugin(
        "neatcloud",
        &format!("nixexprs = [ ./nix ]; schemas = ./schemas; {elsewhere}"),
    );
    lab.network_of(
        &input,
        "defaults.deployment.targetEnv = \"neatcloud\"; web = { };",
    );
    assert_snapshot!(said(&lab), @r"
    error: plugin `neatcloud` (input `neatcloud`): it has no provider for this system, but for x86_64-plan9
    hint: deploy from a machine of such a system, or ask the plugin's authors for this one
    ");
}

#[test]
fn a_schema_that_is_none_is_told_with_its_plugin_and_its_file() {
    let lab = one_volume();
    let with_schema = |text: &str| {
        let input = lab.neatcloud();
        lab.beside("neatcloud/schemas/neatcloudVolumes.json", text);
        lab.network_of(&input, "resources.neatcloudVolumes.data.size = 1;");
        said(&lab)
    };
    assert_snapshot!(before_nix(&with_schema("{ \"type\": ")), @"error: while reading the schema /nix/store/source/schemas/neatcloudVolumes.json of the plugin `neatcloud' (input `neatcloud')");
    assert_snapshot!(with_schema("[ ]"), @r#"
    error: plugin `neatcloud` (input `neatcloud`): the schema in /nix/store/source/schemas/neatcloudVolumes.json cannot be used: the schema of neatcloudVolumes is no JSON Schema: at #: [] is not of types "boolean", "object"
    hint: nothing was done; `nixops plugin check` in the plugin's directory says more
    "#);
    assert_snapshot!(with_schema(r#"{ "type": "objekt" }"#), @r#"
    error: plugin `neatcloud` (input `neatcloud`): the schema in /nix/store/source/schemas/neatcloudVolumes.json cannot be used: the schema of neatcloudVolumes is no JSON Schema: at #/type: "objekt" cannot stand there
    hint: nothing was done; `nixops plugin check` in the plugin's directory says more
    "#);
    assert_snapshot!(with_schema(r##"{ "type": "object", "$ref": "#/$defs/a",
        "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }"##), @r"
    error: plugin `neatcloud` (input `neatcloud`): the schema in /nix/store/source/schemas/neatcloudVolumes.json cannot be used: the schema of neatcloudVolumes refers to itself without end: #/$defs/a → #/$defs/b → #/$defs/a
    hint: nothing was done; `nixops plugin check` in the plugin's directory says more
    ");
    assert_snapshot!(with_schema(r##"{ "type": "object", "properties": { "size": { "$ref": "#/$defs/none" } } }"##), @r"
    error: plugin `neatcloud` (input `neatcloud`): the schema in /nix/store/source/schemas/neatcloudVolumes.json cannot be used: the schema of neatcloudVolumes has a $ref to #/$defs/none at #/properties/size, where no schema is
    hint: nothing was done; `nixops plugin check` in the plugin's directory says more
    ");
    assert_snapshot!(with_schema(r#"{ "type": "object", "x-nixops-kind": "planet" }"#), @r#"
    error: plugin `neatcloud` (input `neatcloud`): the schema in /nix/store/source/schemas/neatcloudVolumes.json cannot be used: the schema of neatcloudVolumes has x-nixops-kind at #, which is to be "resource" or "machine", but is "planet"
    hint: nothing was done; `nixops plugin check` in the plugin's directory says more
    "#);
}

#[test]
fn a_schema_without_nixexprs_that_is_none_is_told_too() {
    let lab = one_volume();
    let with_schema = |text: &str| {
        lab.beside("tiny/schemas/tinies.json", text);
        let input = lab.plugin("tiny", "schemas = ./schemas;");
        lab.network_of(&input, "resources.tinies.one.size = 1;");
        said(&lab)
    };
    assert_snapshot!(before_nix(&with_schema("{ \"type\": ")), @"error: while reading the schema /nix/store/source/schemas/tinies.json of the plugin `tiny' (input `tiny')");
    assert_snapshot!(with_schema("[ ]"), @r#"
    error: plugin `tiny` (input `tiny`): the schema in /nix/store/source/schemas/tinies.json cannot be used: the schema of tinies is no JSON Schema: at #: [] is not of types "boolean", "object"
    hint: nothing was done; `nixops plugin check` in the plugin's directory says more
    "#);
    assert_snapshot!(with_schema(r#"{ "type": "objekt" }"#), @r#"
    error: plugin `tiny` (input `tiny`): the schema in /nix/store/source/schemas/tinies.json cannot be used: the schema of tinies is no JSON Schema: at #/type: "objekt" cannot stand there
    hint: nothing was done; `nixops plugin check` in the plugin's directory says more
    "#);
    assert_snapshot!(with_schema(r##"{ "type": "object", "properties": { "size": { "$ref": "#/$defs/a" } },
        "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }"##), @r"
    error: plugin `tiny` (input `tiny`): the schema in /nix/store/source/schemas/tinies.json cannot be used: the schema of tinies refers to itself without end: #/$defs/a → #/$defs/b → #/$defs/a
    hint: nothing was done; `nixops plugin check` in the plugin's directory says more
    ");
    assert_snapshot!(with_schema(r##"{ "type": "object", "$ref": "#/$defs/a",
        "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }"##), @r"
    error: plugin `tiny` (input `tiny`): the schema in /nix/store/source/schemas/tinies.json cannot be used: the schema of tinies refers to itself without end: #/$defs/a → #/$defs/b → #/$defs/a
    hint: nothing was done; `nixops plugin check` in the plugin's directory says more
    ");
}

#[test]
fn a_schema_that_is_recursive_as_trees_are_is_no_trouble() {
    let lab = Lab::without_hosts();
    lab.beside(
        "tiny/schemas/tinies.json",
        r##"{ "type": "object", "properties": { "tree": { "$ref": "#/$defs/tree" } }, "$defs": { "tree": {
              "type": "object", "properties": { "left": { "$ref": "#/$defs/tree" }, "leaf": { "type": "integer" } } } } }"##,
    );
    let input = lab.plugin("tiny", "schemas = ./schemas;");
    lab.network_of(&input, "resources.tinies.one.tree.left.left.leaf = 1;");
    lab.deploy(&["--build-only"]).exits(0);
    lab.network_of(
        &input,
        "resources.tinies.one.tree.left.left.leaf = \"one\";",
    );
    let run = lab.deploy(&["--build-only"]);
    run.exits(1).says("tree.left.left.leaf");
}

#[test]
fn a_plugin_that_throws_is_named_with_its_input_and_what_it_says() {
    let lab = one_volume();
    let broken = |file: &str, text: &str| {
        let input = lab.neatcloud();
        lab.beside(&format!("neatcloud/nix/{file}"), text);
        lab.network_of(
            &input,
            "resources.neatcloudVolumes.data.size = 1; web = { };",
        );
        let said = said(&lab);
        lab.neatcloud();
        said
    };
    let thrown = "throw \"no cloud today\"";
    assert_snapshot!(broken("default.nix", thrown), @"error: plugin `neatcloud' (input `neatcloud'): no cloud today");
    assert_snapshot!(before_nix(&broken("default.nix", "{ options = [ ;")), @"error: plugin `neatcloud' (input `neatcloud')");
    assert_snapshot!(broken("server.nix", thrown), @"error: plugin `neatcloud' (input `neatcloud'): no cloud today");
    assert_snapshot!(broken("volume.nix", thrown), @r"
    error: cannot evaluate resources.neatcloudVolumes.data: plugin `neatcloud' (input `neatcloud'): no cloud today
     --> HOME/network/flake.nix:6:5
      |
    6 |     resources.neatcloudVolumes.data.size = 1; web = { };
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    error: a value is not as it must be; nothing was done
    ");
    assert_snapshot!(broken("volume.nix", "{ lib, ... }: { options.size = lib.mkOptoin { }; }"), @r"
    error: cannot evaluate resources.neatcloudVolumes.data: plugin `neatcloud' (input `neatcloud'): attribute 'mkOptoin' missing
     --> HOME/network/flake.nix:6:5
      |
    6 |     resources.neatcloudVolumes.data.size = 1; web = { };
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    error: a value is not as it must be; nothing was done
    ");
    let input = lab.neatcloud_with("${throw \"not built\"}");
    lab.network_of(&input, "resources.neatcloudVolumes.data.size = 1;");
    assert_snapshot!(said(&lab), @r"
    error: plugin `neatcloud` (input `neatcloud`): the expression of its provider throws
    hint: `nix eval .#nixopsPlugin.providers --show-trace` in the plugin's flake says why
    ");
    // Who needs no provider is not held up.
    lab.nixops(["list-plugins"]).exits(0);
}
