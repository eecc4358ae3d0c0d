//! Volumes, which outlive servers.

use nixops_plugin::protocol::{Difference, Updated};
use serde_json::json;

use super::{Laptop, message, resource, state, text, with_key};

#[test]
fn a_volume_is_seen_on_its_server_and_outlives_it() {
    let (laptop, mut provider) = with_key();
    let size = json!({ "name": "data", "size": 2 });
    let data = provider.create("neatcloudVolumes", "data", &size).unwrap();
    let inputs = json!({ "sshKeys": ["mine"], "volumes": ["data"] });
    let web = provider.create("neatcloud", "web", &inputs).unwrap();
    text(&laptop.ssh(&web, "echo kept > /vol/data/note"));

    let refused = message(provider.delete("neatcloudVolumes", "data", &state(&data, &size)));
    assert_eq!(refused, "the volume is attached to server `web`");
    let second = json!({ "volumes": ["data"] });
    let refused = message(provider.create("neatcloud", "db", &second));
    assert_eq!(refused, "volume `data` is attached to server `web`");

    provider
        .delete("neatcloud", "web", &state(&web, &inputs))
        .unwrap();
    let other = provider.create("neatcloud", "other", &inputs).unwrap();
    assert_eq!(text(&laptop.ssh(&other, "cat /vol/data/note")), "kept");
}

#[test]
fn volumes_come_and_go_while_a_server_runs() {
    let (laptop, mut provider) = with_key();
    for name in ["a", "b"] {
        let inputs = json!({ "name": name, "size": 1 });
        provider.create("neatcloudVolumes", name, &inputs).unwrap();
    }
    let inputs = json!({ "sshKeys": ["mine"], "volumes": ["a"] });
    let web = provider.create("neatcloud", "web", &inputs).unwrap();
    let wanted = json!({ "sshKeys": ["mine"], "volumes": ["b"] });
    let _: Updated = provider
        .update(("neatcloud", "web"), &state(&web, &inputs), &wanted)
        .unwrap();
    assert_eq!(text(&laptop.ssh(&web, "ls /vol")), "b");
}

#[test]
fn a_volume_of_a_lost_server_is_free() {
    let (laptop, mut provider) = with_key();
    let inputs = json!({ "name": "data", "size": 1 });
    provider
        .create("neatcloudVolumes", "data", &inputs)
        .unwrap();
    let inputs = json!({ "sshKeys": ["mine"], "volumes": ["data"] });
    let web = provider.create("neatcloud", "web", &inputs).unwrap();
    text(&laptop.ssh(&web, "echo kept > /vol/data/note"));
    text(&laptop.cloud(&["kill", "web"]));
    let again = provider.create("neatcloud", "web", &inputs).unwrap();
    assert_eq!(text(&laptop.ssh(&again, "cat /vol/data/note")), "kept");
}

#[test]
fn a_volume_grows_and_a_smaller_one_is_another() {
    let (_laptop, mut provider) = with_key();
    let inputs = json!({ "size": 2 });
    let data = provider
        .create("neatcloudVolumes", "data", &inputs)
        .unwrap();
    assert_eq!(data.outputs["name"], "nixops-d-data");
    let prior = state(&data, &inputs);
    let mut changes = |size: u32| -> Vec<bool> {
        let resource = resource("neatcloudVolumes", "data");
        let params = json!({ "resource": resource, "prior": prior, "inputs": { "size": size } });
        let difference: Difference = provider.call("diff", params).unwrap();
        difference
            .changes
            .iter()
            .map(|change| change.replace)
            .collect()
    };
    assert_eq!(
        [changes(2), changes(3), changes(1)],
        [vec![], vec![false], vec![true]]
    );
    let grown: Updated = provider
        .update(("neatcloudVolumes", "data"), &prior, &json!({ "size": 3 }))
        .unwrap();
    assert_eq!(grown.outputs["size"], 3);
}

#[test]
fn a_volume_that_was_changed_behind_our_back_differs_from_what_it_is_to_be() {
    let laptop = Laptop::new();
    let mut provider = laptop.fake_provider();
    let inputs = json!({ "name": "data", "size": 4 });
    let data = provider
        .create("neatcloudVolumes", "data", &inputs)
        .unwrap();
    let mut prior = state(&data, &inputs);
    let mut found = |size: &str| {
        text(&laptop.cloud(&["resize", "data", size]));
        let read = provider.read("neatcloudVolumes", &[prior.clone()]);
        prior.outputs = read.resources[0].clone().unwrap().outputs;
        let resource = resource("neatcloudVolumes", "data");
        let params = json!({ "resource": resource, "prior": prior, "inputs": inputs });
        let difference: Difference = provider.call("diff", params).unwrap();
        let changes = difference.changes.into_iter();
        changes
            .map(|change| (change.path.join("."), change.replace))
            .collect::<Vec<_>>()
    };
    assert_eq!(found("2"), [("size".to_owned(), false)]);
    // No volume shrinks.
    assert_eq!(found("9"), [("size".to_owned(), true)]);
    assert_eq!(found("4"), []);
    let refused = laptop.cloud(&["resize", "nothing", "1"]);
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.contains("the cloud has no volume `nothing`"),
        "{refused}"
    );
}

#[test]
fn a_server_waits_for_the_volumes_of_its_network_alone() {
    let laptop = Laptop::new();
    let mut provider = laptop.fake_provider();
    let mut after = |volume: &str| {
        let inputs = json!({ "volumes": [volume] });
        let params = json!({ "resource": resource("neatcloud", "web"), "inputs": inputs });
        let mut validated: serde_json::Value = provider.call("validate", params).unwrap();
        validated["after"].take()
    };
    let own = "nixops-6f1c5f0e-8a39-4f3e-9d6b-2a7a3e3c1b11-fast-data";
    let one = json!([{ "type": "neatcloudVolumes", "name": "fast-data" }]);
    assert_eq!(after(own), one);
    // It may be that of any resource.
    assert_eq!(after("data"), json!([{ "type": "neatcloudVolumes" }]));
    assert_eq!(
        after("nixops-data"),
        json!([{ "type": "neatcloudVolumes" }])
    );
}
