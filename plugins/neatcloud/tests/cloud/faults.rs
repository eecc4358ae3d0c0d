//! What goes wrong on request.

use std::fs;

use nixops_plugin::{FailureKind, protocol::Created};
use serde_json::{Value, json};

use super::{Laptop, resource, state, text, token};

fn order(laptop: &Laptop, faults: &Value) {
    fs::create_dir_all(laptop.home()).unwrap();
    fs::write(laptop.home().join("faults.json"), faults.to_string()).unwrap();
}

#[test]
fn a_transient_fault_goes_away() {
    let laptop = Laptop::new();
    order(
        &laptop,
        &json!([{ "method": "create", "type": "neatcloud", "fault": "transient" }]),
    );
    let mut provider = laptop.fake_provider();
    let error = provider.create("neatcloud", "web", &json!({})).unwrap_err();
    assert_eq!(error.message, "the cloud is busy (503)");
    assert_eq!(error.data.unwrap().kind, FailureKind::Transient);
    provider.create("neatcloud", "web", &json!({})).unwrap();
}

#[test]
fn what_was_made_before_a_crash_is_found_by_its_token() {
    let laptop = Laptop::new();
    order(
        &laptop,
        &json!([{ "method": "create", "name": "web", "fault": "crashAfter" }]),
    );
    let (mut provider, token) = (laptop.provider(), token());
    let params = json!({ "resource": resource("neatcloud", "web"), "inputs": {}, "token": token });
    assert!(provider.try_call::<Created>("create", params).is_none());
    let found = laptop.provider().find("neatcloud", &token).unwrap();
    assert_eq!(found.outputs["state"], "running");
}

#[test]
fn a_lost_server_is_gone_after_it_was_made() {
    let laptop = Laptop::new();
    order(&laptop, &json!([{ "method": "create", "fault": "lose" }]));
    let mut provider = laptop.provider();
    let web = provider.create("neatcloud", "web", &json!({})).unwrap();
    assert_eq!(
        provider
            .read("neatcloud", &[state(&web, &json!({}))])
            .resources,
        [None]
    );
}

#[test]
fn garbage_and_slowness_come_from_the_environment_too() {
    let laptop = Laptop::new();
    let mut command = laptop.rig.command(super::PROGRAM);
    let faults = json!([
        { "method": "find", "fault": "garbage" },
        { "method": "find", "fault": "slow", "seconds": 0.3 },
    ]);
    command.env("NEATCLOUD_FAULTS", faults.to_string());
    let mut provider = super::Provider::start(command);
    let begun = std::time::Instant::now();
    assert_eq!(provider.find("neatcloud", "nothing"), None);
    assert!(begun.elapsed().as_millis() >= 300);
    assert!(provider.garbage, "all lines were messages");
}

#[test]
fn a_fault_leaves_the_file_when_it_has_happened() {
    let laptop = Laptop::new();
    order(
        &laptop,
        &json!([{ "fault": "quota", "times": 2 }, { "method": "read", "fault": "slow" }]),
    );
    let mut provider = laptop.fake_provider();
    for _ in 0..2 {
        let error = provider
            .create("neatcloudVolumes", "a", &json!({ "size": 1 }))
            .unwrap_err();
        assert_eq!(error.message, "the account may have no more of this");
    }
    let left = fs::read_to_string(laptop.home().join("faults.json")).unwrap();
    assert_eq!(
        left,
        "[{\"method\":\"read\",\"fault\":\"slow\",\"times\":1}]\n"
    );
    provider
        .create("neatcloudVolumes", "a", &json!({ "size": 1 }))
        .unwrap();
    assert!(text(&laptop.cloud(&["list"])).starts_with("volume"));
}
