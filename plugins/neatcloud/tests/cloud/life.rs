//! Servers from their order to their end.

use std::{fs, time::Duration};

use nixops_plugin::protocol::{Difference, Imported, Updated, Validated};
use serde_json::json;

use super::{Laptop, message, remains, resource, state, text, token, with_key};

#[test]
fn a_key_of_the_network_lets_root_into_a_server_that_has_nix() {
    let (laptop, mut provider) = with_key();
    let inputs = json!({ "size": "medium", "sshKeys": ["mine"] });
    let web = provider.create("neatcloud", "web", &inputs).unwrap();
    assert_eq!(web.outputs["privateIPv4"], web.outputs["ssh"]["host"]);
    assert_eq!(web.outputs["ssh"].get("privateKey"), None);
    let said = text(&laptop.ssh(&web, "cat /proc/sys/kernel/hostname; nix-store --version"));
    assert!(said.starts_with("web\nnix-store (Nix)"), "{said}");
}

#[test]
fn a_server_without_keys_gives_one_that_lets_root_in() {
    let laptop = Laptop::new();
    let web = laptop
        .provider()
        .create("neatcloud", "web", &json!({}))
        .unwrap();
    assert!(!laptop.ssh(&web, "true").status.success());
    let key = web.outputs["ssh"]["privateKey"].as_str().unwrap();
    fs::write(laptop.rig.identity(), key).unwrap();
    // The client would offer the public key that lies beside it.
    fs::remove_file(laptop.rig.identity().with_added_extension("pub")).unwrap();
    assert_eq!(text(&laptop.ssh(&web, "id -un")), "root");
}

#[test]
fn the_same_token_gives_the_same_server_also_after_the_provider_was_killed() {
    let (laptop, mut provider) = with_key();
    let (inputs, token) = (json!({ "sshKeys": ["mine"] }), token());
    let web = provider
        .create_as("neatcloud", "web", &inputs, &token)
        .unwrap();
    assert_eq!(
        provider
            .create_as("neatcloud", "web", &inputs, &token)
            .unwrap(),
        web
    );

    provider.process.kill().unwrap();
    provider.process.wait().unwrap();
    let mut provider = laptop.provider();
    assert_eq!(provider.find("neatcloud", &token).unwrap(), web);
    assert_eq!(provider.find("neatcloud", "another"), None);
    assert_eq!(text(&laptop.ssh(&web, "id -un")), "root");
    let servers = fs::read_dir(laptop.home().join("servers")).unwrap();
    assert_eq!(servers.count(), 1);
}

#[test]
fn two_who_order_with_one_token_get_one_server() {
    let (laptop, _provider) = with_key();
    let order = || {
        let inputs = json!({ "sshKeys": ["mine"] });
        let mut provider = laptop.provider();
        provider
            .create_as("neatcloud", "web", &inputs, "one")
            .unwrap()
    };
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(order);
        (order(), other.join().unwrap())
    });
    assert_eq!(first, second);
    assert_eq!(text(&laptop.ssh(&first, "id -un")), "root");
}

#[test]
fn a_provider_killed_at_any_moment_leaves_one_server_or_none() {
    let (laptop, mut provider) = with_key();
    let inputs = json!({ "name": "data", "size": 1 });
    provider
        .create("neatcloudVolumes", "data", &inputs)
        .unwrap();
    let inputs = json!({ "sshKeys": ["mine"], "volumes": ["data"] });
    for delay in [0, 1, 2, 5, 20, 60, 120] {
        let token = token();
        let mut provider = laptop.provider();
        let resource = resource("neatcloud", "web");
        let params = json!({ "resource": resource, "inputs": inputs, "token": token });
        provider.ask("create", params);
        std::thread::sleep(Duration::from_millis(delay));
        provider.process.kill().unwrap();
        provider.process.wait().unwrap();

        let mut provider = laptop.provider();
        let found = provider.find("neatcloud", &token);
        let web = provider
            .create_as("neatcloud", "web", &inputs, &token)
            .unwrap();
        assert!(found.is_none_or(|found| found == web), "after {delay} ms");
        assert_eq!(
            text(&laptop.ssh(&web, "ls /vol")),
            "data",
            "after {delay} ms"
        );
        let servers = fs::read_dir(laptop.home().join("servers")).unwrap();
        assert_eq!(servers.count(), 1, "after {delay} ms");
        provider
            .delete("neatcloud", "web", &state(&web, &inputs))
            .unwrap();
    }
}

#[test]
fn a_server_that_is_stopped_refuses_connections_and_keeps_its_files() {
    let (laptop, mut provider) = with_key();
    let inputs = json!({ "sshKeys": ["mine"] });
    let web = provider.create("neatcloud", "web", &inputs).unwrap();
    let prior = state(&web, &inputs);
    let boot = "cat /proc/sys/kernel/random/boot_id";
    let first = text(&laptop.ssh(&web, &format!("echo kept > /root/note; {boot}")));

    assert_eq!(
        provider.action(&prior, "stop"),
        json!({ "state": "stopped" })
    );
    assert!(!laptop.ssh(&web, "true").status.success());
    let read = provider.read("neatcloud", std::slice::from_ref(&prior));
    assert_eq!(
        read.resources[0].as_ref().unwrap().outputs["state"],
        "stopped"
    );

    assert_eq!(
        provider.action(&prior, "start"),
        json!({ "state": "running" })
    );
    let second = text(&laptop.ssh(&web, &format!("cat /root/note; {boot}")));
    assert!(
        second.starts_with("kept\n") && !second.contains(&first),
        "{second}"
    );

    provider.action(&prior, "reboot");
    let third = text(&laptop.ssh(&web, boot));
    assert!(!second.contains(&third), "{third}");
    let console = provider.action(&prior, "console");
    assert!(
        console
            .as_str()
            .unwrap()
            .contains("Accepted publickey for root"),
        "{console}"
    );
}

#[test]
fn an_update_changes_size_and_keys_and_other_changes_replace() {
    let (laptop, mut provider) = with_key();
    let inputs = json!({ "size": "small", "sshKeys": ["mine"] });
    let web = provider.create("neatcloud", "web", &inputs).unwrap();
    let prior = state(&web, &inputs);

    let wanted = json!({ "size": "large", "sshKeys": [] });
    let updated: Updated = provider
        .update(("neatcloud", "web"), &prior, &wanted)
        .unwrap();
    assert_eq!(updated.outputs["id"], web.outputs["id"]);
    assert!(!laptop.ssh(&web, "true").status.success());
    let again: Updated = provider
        .update(
            ("neatcloud", "web"),
            &prior,
            &json!({
                "size": "large", "sshKeys": ["mine"],
            }),
        )
        .unwrap();
    assert_eq!(again.outputs, web.outputs);
    let about = text(&laptop.ssh(&web, "cat /etc/neatcloud/server.json"));
    assert!(about.contains(r#""size":"large""#), "{about}");

    let params = json!({
        "resource": resource("neatcloud", "web"),
        "prior": prior,
        "inputs": { "size": "small", "region": "south", "image": "other", "sshKeys": ["mine"] },
    });
    let difference: Difference = provider.call("diff", params).unwrap();
    let replaced: Vec<_> = difference
        .changes
        .iter()
        .map(|change| (change.path.join("."), change.replace))
        .collect();
    assert_eq!(
        replaced,
        [("image".to_owned(), true), ("region".to_owned(), true)]
    );
}

#[test]
fn a_server_killed_behind_our_back_is_read_as_gone() {
    let laptop = Laptop::new();
    let mut provider = laptop.provider();
    let web = provider.create("neatcloud", "web", &json!({})).unwrap();
    let db = provider.create("neatcloud", "db", &json!({})).unwrap();
    let states = [state(&web, &json!({})), state(&db, &json!({}))];
    text(&laptop.cloud(&["kill", "web"]));
    let read = provider.read("neatcloud", &states);
    assert_eq!(read.resources[0], None);
    assert_eq!(read.resources[1].as_ref().unwrap().outputs, db.outputs);
    // What is gone can be deleted all the same.
    provider.delete("neatcloud", "web", &states[0]).unwrap();
}

#[test]
fn a_server_whose_processes_were_killed_is_read_as_gone_and_can_be_made_anew() {
    let (laptop, mut provider) = with_key();
    let (inputs, token) = (json!({ "sshKeys": ["mine"] }), token());
    let web = provider
        .create_as("neatcloud", "web", &inputs, &token)
        .unwrap();
    let host = remains::host_directory(&laptop, &web.id);
    let keeper =
        fs::read_to_string(laptop.home().join("servers").join(&web.id).join("lock")).unwrap();
    let killed = std::process::Command::new("bash")
        .args(["-c", "kill -KILL $0", &keeper])
        .status();
    assert!(killed.unwrap().success());
    remains::wait_until_gone(&host);
    let read = provider.read("neatcloud", &[state(&web, &inputs)]);
    assert_eq!(read.resources, [None]);
    assert!(text(&laptop.cloud(&["list"])).contains("lost"));
    assert_eq!(provider.find("neatcloud", &token), None);

    let again = provider
        .create_as("neatcloud", "web", &inputs, &token)
        .unwrap();
    assert_eq!(again.id, web.id);
    assert_eq!(text(&laptop.ssh(&again, "id -un")), "root");
}

#[test]
fn nothing_is_left_of_a_server_that_is_deleted() {
    let laptop = Laptop::new();
    let mut provider = laptop.provider();
    let web = provider.create("neatcloud", "web", &json!({})).unwrap();
    let host = remains::host_directory(&laptop, &web.id);
    assert!(remains::of(&host).len() > 3, "the search finds nothing");
    provider
        .delete("neatcloud", "web", &state(&web, &json!({})))
        .unwrap();
    remains::wait_until_gone(&host);
    assert!(!laptop.home().join("servers").join(&web.id).exists());
    assert_eq!(text(&laptop.cloud(&["list"])), "");
}

#[test]
fn servers_outlive_the_provider_and_end_with_the_home_that_they_were_made_from() {
    let laptop = Laptop::new();
    let web = laptop
        .provider()
        .create("neatcloud", "web", &json!({}))
        .unwrap();
    let host = remains::host_directory(&laptop, &web.id);
    std::thread::sleep(Duration::from_millis(300));
    assert!(text(&laptop.cloud(&["list"])).contains("running"));
    drop(laptop);
    remains::wait_until_gone(&host);
}

#[test]
fn down_takes_everything_away() {
    let (laptop, mut provider) = with_key();
    let web = provider
        .create("neatcloud", "web", &json!({ "sshKeys": ["mine"] }))
        .unwrap();
    provider
        .create("neatcloudVolumes", "data", &json!({ "size": 1 }))
        .unwrap();
    let host = remains::host_directory(&laptop, &web.id);
    text(&laptop.cloud(&["down"]));
    remains::wait_until_gone(&host);
    assert_eq!(text(&laptop.cloud(&["list"])), "");
    assert!(!laptop.home().join("servers").exists());
}

#[test]
fn a_server_does_not_hold_what_the_provider_inherited() {
    let laptop = Laptop::new();
    let lock = laptop.rig.root().join("state-lock");
    let mut command = laptop.rig.command("bash");
    command.args([
        "-c",
        "exec 7>\"$0\"; flock 7; exec \"$1\"",
        lock.to_str().unwrap(),
        super::PROGRAM,
    ]);
    let mut provider = super::Provider::start(command);
    provider.create("neatcloud", "web", &json!({})).unwrap();
    drop(provider);
    fs::File::open(&lock).unwrap().try_lock().unwrap();
}

#[test]
fn what_the_cloud_does_not_have_is_told_before_and_refused_then() {
    let laptop = Laptop::new();
    let mut provider = laptop.provider();
    let inputs = json!({ "volumes": ["data", "nixops-d-own", "data"], "sshKeys": ["mine"] });
    let params = json!({ "resource": resource("neatcloud", "web_1"), "inputs": inputs });
    let validated: Validated = provider.call("validate", params).unwrap();
    let told: Vec<_> = validated
        .diagnostics
        .iter()
        .map(|found| {
            format!(
                "{:?} {}: {}",
                found.severity,
                found.path.join("."),
                found.message
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    Error : a server of the cloud cannot be called `web_1`
    Error volumes.2: `data` stands here twice
    Warning sshKeys.0: the cloud has no SSH key `mine` yet
    Warning volumes.0: the cloud has no volume `data` yet
    Warning volumes.2: the cloud has no volume `data` yet
    ");
    let types: Vec<_> = validated
        .after
        .iter()
        .map(|after| after.kind.as_str())
        .collect();
    assert_eq!(types, ["neatcloudVolumes", "neatcloudSshKeys"]);
    let refused = message(provider.create("neatcloud", "web", &inputs));
    assert_eq!(refused, "the cloud has no SSH key `mine`");
    assert_eq!(text(&laptop.cloud(&["list"])), "");
}

#[test]
fn a_server_that_nixops_did_not_make_can_be_imported() {
    let laptop = Laptop::new();
    let mut provider = laptop.provider();
    let web = provider
        .create("neatcloud", "web", &json!({ "size": "large" }))
        .unwrap();
    let params = json!({ "resource": resource("neatcloud", "www"), "id": web.id });
    let imported: Imported = provider.call("import", params).unwrap();
    assert_eq!(
        json!(imported.inputs),
        json!({
            "size": "large", "region": "north", "image": "nixos", "sshKeys": [], "volumes": [],
        })
    );
    assert_eq!(imported.outputs, web.outputs);
    let params = json!({ "resource": resource("neatcloud", "www"), "id": "srv-0" });
    let missing = message(provider.call::<Imported>("import", params));
    assert_eq!(missing, "the cloud has no such server");
}

#[test]
fn a_fake_cloud_makes_a_thousand_servers_in_no_time() {
    let laptop = Laptop::new();
    let mut provider = laptop.fake_provider();
    let begun = std::time::Instant::now();
    let made: Vec<_> = (0..1000)
        .map(|number| {
            provider
                .create("neatcloud", &format!("m{number}"), &json!({}))
                .unwrap()
        })
        .collect();
    let states: Vec<_> = made.iter().map(|made| state(made, &json!({}))).collect();
    let read = provider.read("neatcloud", &states);
    eprintln!("1000 fake servers in {:?}", begun.elapsed());
    assert!(read.resources.iter().all(Option::is_some));
    assert!(!laptop.home().join("servers").exists());
}

#[test]
fn the_provider_starts_and_greets_at_once() {
    let laptop = Laptop::new();
    let fastest = (0..5).map(|_| laptop.provider().greeted).min().unwrap();
    eprintln!("started and greeted in {fastest:?}, the mounts of the rig included");
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}
