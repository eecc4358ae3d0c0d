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
    assert_snapshot!(dot, @"");
    assert_eq!(draw(&["--format", "dot"]), dot);
    assert_snapshot!(draw(&["--format", "mermaid"]), @"");
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
