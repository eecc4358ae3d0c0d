//! Which plugins a network has: those of its inputs, or those that it names.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    lab::{Lab, Run},
    plugins_lab::REPOSITORY,
};

/// Names of the plugins of the network, in the order in which they are merged.
#[track_caller]
fn names(lab: &Lab) -> Vec<Value> {
    let run = lab.nixops(["list-plugins", "--json"]);
    run.exits(0);
    let plugins = run.json();
    let plugins = plugins.as_array().expect("a list").iter();
    plugins.map(|plugin| plugin["name"].clone()).collect()
}

/// Store paths without their hashes.
fn without_hashes(text: &str) -> String {
    let parts = text.split_inclusive([' ', '/', '"']).map(|part| {
        let is_stored = part
            .split_once('-')
            .is_some_and(|(hash, _)| hash.len() == 32);
        if is_stored { &part[33..] } else { part }
    });
    parts.collect()
}

/// Three plugins in directories beside the network, and their inputs.
fn three_plugins(lab: &Lab) -> String {
    ["cloud", "baker", "anvil"]
        .map(|name| lab.plugin(name, "version = \"1\";"))
        .concat()
}

#[test]
fn inputs_that_are_plugins_are_found_in_the_order_of_their_names() {
    let lab = Lab::without_hosts();
    let inner = lab.plugin("inner", "");
    lab.beside(
        "wrapper/flake.nix",
        &format!("{{ {inner} outputs = _: {{ }}; }}"),
    );
    lab.beside("files/flake.nix", "throw \"nobody reads this\"");
    let broken = lab.flake("broken", "nixopsPlugin = throw \"not today\";");
    let inputs = format!(
        "{} {broken} inputs.wrapper.url = \"path:{}\"; inputs.double.follows = \"wrapper/inner\"; \
         inputs.files = {{ url = \"path:{}\"; flake = false; }};",
        three_plugins(&lab),
        lab.place("wrapper"),
        lab.place("files"),
    );
    lab.network_of(&inputs, "web = { };");
    let run = lab.nixops(["list-plugins"]);
    run.exits(0).says(
        "warning: the input `broken' is left out: it throws when it is asked for `nixopsPlugin'",
    );
    assert_snapshot!(run.stdout, @r"
    plugin  version  input   revision  machines  resources
    anvil   1        anvil   -         -         -
    baker   1        baker   -         -         -
    cloud   1        cloud   -         -         -
    inner   -        double  -         -         -
    ");
}

#[test]
fn plugins_that_the_network_names_replace_those_that_are_found() {
    let lab = Lab::without_hosts();
    let inputs = format!(
        "{} inputs.library = {{ url = \"path:{REPOSITORY}/lib\"; flake = false; }}; \
         inputs.old = {{ url = \"path:{REPOSITORY}/checks/nix/lib/plugins/kitchen\"; flake = false; }};",
        three_plugins(&lab)
    );
    lab.network_of(
        &inputs,
        r#"network.plugins = let nixops.lib = import inputs.library; in [
             inputs.cloud
             (nixops.lib.mkPlugin { name = "kitchen"; nixexprs = [ "${inputs.old}/nix" ]; })
             inputs.anvil
           ];
           resources.kitchenKeys.mine = { };
           web.deployment = { targetEnv = "kitchen"; kitchen.image = "given"; };"#,
    );
    assert_eq!(names(&lab), ["cloud", "kitchen", "anvil"]);
    let run = lab.nixops(["eval", "--json", "--options-only"]);
    run.exits(0);
    assert_eq!(run.json()["machines"]["web"]["kitchen"]["image"], "given");
}

#[test]
fn what_is_wrong_with_a_manifest_names_the_plugin_and_its_input() {
    let lab = Lab::without_hosts();
    let said = |manifest: &str| {
        let input = lab.plugin("cloud", manifest);
        lab.network_of(&input, "web = { };");
        let listed = lab.nixops(["list-plugins"]);
        let run = lab.deploy(&[]);
        assert_eq!(run.exits(1).stderr, listed.exits(1).stderr);
        run.stderr
    };
    assert_snapshot!(said("providrs = { };"), @r"
    error: plugin `cloud` (input `cloud`): a manifest has no attribute `providrs`
    hint: did you mean `providers`?
    ");
    assert_snapshot!(said("colour = 1;"), @r"
    error: plugin `cloud` (input `cloud`): a manifest has no attribute `colour`
    hint: it may have: name, version, protocol, nixexprs, schemas, providers, backends
    ");
    assert_snapshot!(said("protocol = 2;"), @r"
    error: plugin `cloud` (input `cloud`): it needs version 2 of the provider protocol, and this NixOps speaks version 1
    hint: update NixOps, or lock an older version of the input `cloud`
    ");
    assert_snapshot!(said("protocol = \"1\";"), @r#"error: the plugin (input `cloud'): `protocol' must be the number of a protocol version, but it is "1""#);
    let said = without_hashes(&said("schemas = ./none;"));
    assert_snapshot!(said, @"error: plugin `cloud' (input `cloud'): there is no directory /nix/store/source/none, which `schemas' names");
}

#[test]
fn two_plugins_that_claim_the_same_are_both_named_with_what_to_write() {
    let lab = Lab::without_hosts();
    let said = |one: &str, other: &str| {
        let inputs = lab.plugin("one", one) + &lab.plugin("other", other);
        lab.network_of(&inputs, "web = { };");
        let run = lab.nixops(["list-plugins"]);
        run.exits(1);
        run.stderr
    };
    let volumes = r#"{ "type": "object", "properties": { } }"#;
    for name in ["one", "other"] {
        lab.beside(&format!("{name}/schemas/disks.json"), volumes);
        lab.beside(
            &format!("{name}/nix/default.nix"),
            "{ options = [ ./options.nix ]; }",
        );
        let zone = format!(
            "{{ lib, ... }}: {{ options.deployment.zone = lib.mkOption {{ default = \"{name}\"; }}; }}"
        );
        lab.beside(&format!("{name}/nix/options.nix"), &zone);
    }
    let (types, backends) = ("schemas = ./schemas;", "backends = [ \"cloud\" ];");
    assert_snapshot!(said(types, types), @"error: the resource type `disks' comes from two plugins, `one' (input `one') and `other' (input `other'); say which one counts, such as `network.plugins = [ inputs.one { plugin = inputs.other; override = true; } ];'");
    assert_snapshot!(said(backends, backends), @"error: the backend `cloud' comes from two plugins, `one' (input `one') and `other' (input `other'); say which one counts, such as `network.plugins = [ inputs.one { plugin = inputs.other; override = true; } ];'");
    let options = "nixexprs = [ ./nix ];";
    assert_snapshot!(said(options, options), @"error: the option `deployment.zone' comes from two plugins, `one' (input `one') and `other' (input `other'); say which one counts, such as `network.plugins = [ inputs.one { plugin = inputs.other; override = true; } ];'");

    // With the cure that the message names the other plugin wins, and the one keeps nothing.
    let inputs = lab.plugin("one", types) + &lab.plugin("other", types);
    let cure = "network.plugins = [ inputs.one { plugin = inputs.other; override = true; } ];";
    lab.network_of(&inputs, cure);
    let run = lab.nixops(["list-plugins", "--json"]);
    run.exits(0);
    let types = |index: usize| run.json()[index]["resourceTypes"].clone();
    assert_eq!((types(0), types(1)), (json!([]), json!(["disks"])));
    let inputs = lab.plugin("one", options) + &lab.plugin("other", options);
    let zone = "web = { config, ... }: { deployment.tags = [ config.deployment.zone ]; };";
    lab.network_of(&inputs, &format!("{cure} {zone}"));
    let run = lab.nixops(["eval", "--json", "--options-only"]);
    run.exits(0);
    assert_eq!(run.json()["machines"]["web"]["tags"], json!(["other"]));
}

#[test]
fn plugins_are_listed_in_short_in_detail_and_for_programs() {
    let lab = Lab::without_hosts();
    let cloud = lab.neatcloud_with("/bin/neat");
    lab.network_of(
        &format!("{cloud} {}", lab.plugin("baker", "")),
        "web = { };",
    );
    let clean = |text: &str| without_hashes(&text.replace(&lab.place(""), "HOME/"));
    let run = lab.nixops(["list-plugins"]);
    assert_snapshot!(clean(&run.exits(0).stdout), @r"
    plugin     version  input      revision  machines   resources
    baker      -        baker      -         -          -
    neatcloud  1.0      neatcloud  -         neatcloud  neatcloudSshKeys, neatcloudTokens, neatcloudVolumes
    ");
    let run = lab.nixops(["list-plugins", "-v"]);
    assert_snapshot!(clean(&run.exits(0).stdout), @r"
    baker
      version    -
      input      baker
      origin     path:HOME/baker
      revision   -
      machines   -
      resources  -
      provider   -
      schemas    -
      nixexprs   -

    neatcloud
      version    1.0
      input      neatcloud
      origin     path:HOME/neatcloud
      revision   -
      machines   neatcloud
      resources  neatcloudSshKeys, neatcloudTokens, neatcloudVolumes
      provider   /bin/neat
      schemas    /nix/store/source/schemas
      nixexprs   /nix/store/source/nix
    ");
    let run = lab.nixops(["list-plugins", "--json"]);
    assert_snapshot!(clean(&run.exits(0).stdout), @r#"[{"name":"baker","version":null,"input":"baker","origin":"path:HOME/baker","revision":null,"resourceTypes":[],"backends":[],"provider":null,"schemas":null,"nixexprs":[]},{"name":"neatcloud","version":"1.0","input":"neatcloud","origin":"path:HOME/neatcloud","revision":null,"resourceTypes":["neatcloudSshKeys","neatcloudTokens","neatcloudVolumes"],"backends":["neatcloud"],"provider":"/bin/neat","schemas":"/nix/store/source/schemas","nixexprs":["/nix/store/source/nix"]}]"#);
    lab.network_of("", "web = { };");
    assert_snapshot!(lab.nixops(["list-plugins"]).exits(0).stdout, @"plugin  version  input  revision  machines  resources");
}

#[test]
fn discovery_is_a_part_of_the_one_evaluation() {
    let lab = Lab::without_hosts();
    lab.network_of(&three_plugins(&lab), "web = { };");
    let log = lab.place("log");
    for program in ["nix", "nix-instantiate", "nix-store", "nix-daemon"] {
        let real = which::which(program).unwrap();
        lab.script(
            &format!("bin/{program}"),
            &format!(
                "#!/bin/sh\necho \"{program} $1\" >> {log}\nexec {} \"$@\"\n",
                real.display()
            ),
        );
    }
    let calls = |arguments: &[&str]| {
        let _ = fs::remove_file(&log);
        let mut command = lab.command(["--nix-bin", &lab.place("bin")]);
        Run::of(command.args(arguments).arg("--no-eval-cache")).exits(0);
        let log = fs::read_to_string(&log).unwrap();
        log.lines()
            .filter(|line| line.starts_with("nix-instantiate"))
            .count()
    };
    // The first run locks the inputs.
    calls(&["list-plugins"]);
    assert_eq!(calls(&["list-plugins"]), 1);
    let with = calls(&["eval", "--options-only"]);
    lab.network_of("", "web = { };");
    calls(&["eval", "--options-only"]);
    assert_eq!(calls(&["eval", "--options-only"]), with);
}
