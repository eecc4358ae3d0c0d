//! What a network may say about the cloud in Nix, evaluated by the library of this repository.

use std::{fs, path::Path, process::Output};

use serde_json::{Value, json};

use super::{Laptop, PROGRAM, text};

/// Evaluates a piece of what the binary asks `lib/bridge.nix` for, such as `machines.web`, of a network with
/// these definitions.
fn evaluate(laptop: &Laptop, definitions: &str, wanted: &str) -> Output {
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = fs::canonicalize(plugin.join("../..")).unwrap();
    let repository = repository.display();
    let network = laptop.rig.home().join("network.nix");
    let text = format!(
        r#"{{
          network.nixpkgs = {repository}/checks/pocket;
          network.plugins = [
            {{
              _type = "nixopsPlugin";
              name = "neatcloud";
              nixexprs = [ {repository}/plugins/neatcloud/nix ];
              schemas = {repository}/plugins/neatcloud/schemas;
            }}
          ];
          defaults.nixpkgs.hostPlatform = builtins.currentSystem;
          defaults.deployment.targetEnv = "neatcloud";
          {definitions}
        }}"#
    );
    fs::write(&network, text).unwrap();
    let expression = format!(
        r#"let bridge = import {repository}/lib/bridge.nix {{
          source.file = "{}";
          arguments = {{ }};
          uuid = "u";
          deploymentName = "d";
          system = builtins.currentSystem;
        }}; in bridge.{wanted} {{ }}"#,
        network.display()
    );
    let mut nix = laptop.rig.command("nix-instantiate");
    nix.args(["--eval", "--strict", "--json", "--expr", &expression]);
    nix.output().unwrap()
}

/// The text of a piece, which is told as a trace.
fn json_of(output: &Output) -> Value {
    text(output);
    let told = String::from_utf8_lossy(&output.stderr);
    let mut done = told
        .lines()
        .filter_map(|line| line.strip_prefix("trace: @done "));
    serde_json::from_str(done.next().unwrap()).unwrap()
}

#[test]
fn a_machine_tells_names_where_the_network_names_resources() {
    let laptop = Laptop::new();
    let definitions = r#"
      resources.neatcloudVolumes.data = { size = 3; };
      resources.neatcloudTokens.ci = { password = "p"; };
      resources.neatcloudSshKeys.me = { name = "my-key"; publicKey = "ssh-ed25519 AAAA"; };
      web = { resources, ... }: {
        deployment.neatcloud = {
          size = "large";
          sshKeys = [ resources.neatcloudSshKeys.me ];
          volumes = [ resources.neatcloudVolumes.data "other" ];
        };
      };"#;
    let told = |wanted: &str| json_of(&evaluate(&laptop, definitions, wanted));
    let server = &told("targets.web")["options"]["neatcloud"];
    let token = &told("resources.neatcloudTokens.ci")["value"];
    let volume = &told("resources.neatcloudVolumes.data")["value"];
    assert_eq!(
        *server,
        json!({
            "image": "nixos",
            "region": "north",
            "size": "large",
            "sshKeys": ["my-key"],
            "volumes": ["nixops-u-data", "other"],
        })
    );
    assert_eq!(token["note"], "ci");
    assert_eq!(token["scope"], "read");
    assert_eq!(token["password"], "p");
    assert_eq!(volume["name"], "nixops-u-data");
    assert_eq!(volume["region"], "north");
}

#[test]
fn a_system_of_a_server_needs_no_boot_loader() {
    let laptop = Laptop::new();
    let machine = json_of(&evaluate(&laptop, "web = { };", "machines.web"));
    let drv = &machine["system"]["drv"];
    assert!(drv.as_str().unwrap().starts_with("/nix/store/"), "{drv}");
}

#[test]
fn what_is_no_volume_and_no_size_is_refused_by_name() {
    let laptop = Laptop::new();
    let refused = |definitions: &str| {
        let output = evaluate(&laptop, definitions, "targets.web");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let size = refused(r#"web.deployment.neatcloud.size = "huge";"#);
    assert!(size.contains("deployment.neatcloud.size"), "{size}");
    let definitions = r#"
      resources.neatcloudSshKeys.me.publicKey = "ssh-ed25519 AAAA";
      web = { resources, ... }: {
        deployment.neatcloud.volumes = [ resources.neatcloudSshKeys.me ];
      };"#;
    let volume = refused(definitions);
    assert!(volume.contains("deployment.neatcloud.volumes"), "{volume}");
}

#[test]
fn the_schemas_that_the_plugin_ships_are_those_of_the_provider() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let mut check = std::process::Command::new(PROGRAM);
    check.args(["schema", "--check", "--dir"]).arg(schemas);
    text(&check.output().unwrap());
}
