//! What needs what, drawn.

use insta::assert_snapshot;
use serde_json::json;

use crate::{lab::Lab, plans_lab::same};

fn lab() -> Lab {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud(
        "resources.sshKeyPairs.pair = { };
         resources.neatcloudVolumes.data.size = 10;
         web = { resources, ... }: {
           deployment.neatcloud.volumes = [ resources.neatcloudVolumes.data ];
           environment.etc.key.text = resources.sshKeyPairs.pair.publicKey;
         };
         db = { nodes, ... }: {
           environment.etc.web.text = nodes.web.config.networking.privateIPv4;
         };",
    );
    lab
}

#[test]
fn a_network_is_drawn_in_two_languages_the_same_way_every_time() {
    let lab = lab();
    lab.call(&["eval", "--options-only"]);
    let before = lab.everything();
    let draw = |words: &[&str]| {
        let words: Vec<_> = ["graph"].iter().chain(words).copied().collect();
        let run = lab.call(&words);
        run.exits(0);
        run.stdout
    };
    let dot = draw(&[]);
    assert_snapshot!(dot, @r#"
    digraph network {
      rankdir = LR;
      "neatcloud.db" [shape = box3d, label = "db\nneatcloud"];
      "neatcloud.web" [shape = box3d, label = "web\nneatcloud"];
      "neatcloudSshKeys.me" [shape = ellipse, label = "me\nneatcloudSshKeys"];
      "neatcloudVolumes.data" [shape = ellipse, label = "data\nneatcloudVolumes"];
      "sshKeyPairs.pair" [shape = ellipse, label = "pair\nsshKeyPairs"];
      "neatcloud.db" -> "neatcloud.web" [style = dotted];
      "neatcloud.db" -> "neatcloudSshKeys.me";
      "neatcloud.web" -> "neatcloudSshKeys.me";
      "neatcloud.web" -> "neatcloudVolumes.data";
      "neatcloud.web" -> "sshKeyPairs.pair" [style = dotted];
    }
    "#);
    assert_eq!(draw(&["--format", "dot"]), dot);
    assert_snapshot!(draw(&["--format", "mermaid"]), @r#"
    graph LR
      n0[["db<br>neatcloud"]]
      n1[["web<br>neatcloud"]]
      n2("me<br>neatcloudSshKeys")
      n3("data<br>neatcloudVolumes")
      n4("pair<br>sshKeyPairs")
      n0 -.-> n1
      n0 --> n2
      n1 --> n2
      n1 --> n3
      n1 -.-> n4
    "#);
    let edges = lab.told(&["graph"]);
    assert_eq!(
        edges["needs"]["neatcloud.web"],
        json!(["neatcloudSshKeys.me", "neatcloudVolumes.data"])
    );
    assert_eq!(lab.told(&["graph"]), edges);
    let order: Vec<String> = serde_json::from_value(edges["order"].clone()).unwrap();
    let place = |name: &str| order.iter().position(|one| one == name).unwrap();
    assert!(place("neatcloudVolumes.data") < place("neatcloud.web"));
    same(&before, &lab.everything());
    lab.nothing_was_made();
}
