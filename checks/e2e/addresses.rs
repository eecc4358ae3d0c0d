//! What machines know of each other, which is data and no part of their systems.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use crate::lab::Lab;

/// A file below `/var/lib/nixops` of a server, as a process there sees it.
fn read(lab: &Lab, server: &Value, file: &str) -> String {
    let id = server["id"].as_str().expect("an id");
    let running = lab.place(&format!("state/neatcloud/servers/{id}/running.json"));
    let running = fs::read_to_string(running).expect("what runs");
    let running: Value = serde_json::from_str(&running).expect("JSON");
    let path = format!("/proc/{}/root/var/lib/nixops/{file}", running["process"]);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What each server knows of the network, by the server's name.
fn known(lab: &Lab) -> BTreeMap<String, Value> {
    let servers = lab.cloud_has("servers");
    let of = |server: &Value| {
        let name = server["name"].as_str().expect("a name").to_owned();
        let text = read(lab, server, "network.json");
        (name, serde_json::from_str(&text).expect("JSON"))
    };
    servers.iter().map(of).collect()
}

#[test]
fn a_new_machine_is_made_known_to_the_others_without_new_systems() {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud("web = { }; db = { };");
    lab.deploy(&[]).exits(0);
    let physical = lab.told(&["show-physical"]);
    let two = known(&lab);
    assert_eq!(two.len(), 2);
    for known in two.values() {
        let machines = known["machines"].as_object().unwrap();
        assert_eq!(machines.keys().collect::<Vec<_>>(), ["db", "web"]);
        for name in ["web", "db"] {
            let told = &machines[name];
            assert_eq!(told["privateIPv4"], physical[name]["privateIPv4"]);
            assert!(
                told["hostKeys"][0]
                    .as_str()
                    .unwrap()
                    .starts_with("ssh-ed25519 ")
            );
        }
    }
    for server in lab.cloud_has("servers") {
        let hosts = read(&lab, &server, "known_hosts");
        let names: Vec<_> = hosts
            .lines()
            .map(|line| line.split([',', ' ']).next())
            .map(|name| name.unwrap().split(']').next())
            .collect();
        // Servers of NeatCloud have ports of their own.
        assert_eq!(names, [Some("[db"), Some("[web")]);
    }

    lab.network_in_the_cloud("web = { }; db = { }; more = { };");
    let run = lab.deploy(&["--json"]);
    run.exits(0);
    assert_eq!(
        (run.result("web"), run.result("db"), run.result("more")),
        ("unchanged".into(), "unchanged".into(), "activated".into())
    );
    let three = known(&lab);
    assert_eq!(three.len(), 3);
    for known in three.values() {
        let names: Vec<_> = known["machines"].as_object().unwrap().keys().collect();
        assert_eq!(json!(names), json!(["db", "more", "web"]));
    }
}
