//! Deploying to machines that a plugin makes.

use serde_json::{Value, json};

use crate::{lab::Lab, plugins_lab::neatcloud};

/// Two machines, one of them with a volume.
const TWO: &str = "resources.neatcloudVolumes.data = { size = 10; };
    web = { resources, ... }: {
      deployment.neatcloud.volumes = [ resources.neatcloudVolumes.data ];
    };
    db = { };";

fn two_machines() -> Lab {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud(TWO);
    lab
}

fn ids(lab: &Lab, kind: &str) -> Vec<Value> {
    let all = lab.cloud_has(kind);
    all.iter().map(|one| one["id"].clone()).collect()
}

#[test]
fn machines_volumes_and_keys_are_made_once_and_deployed() {
    let lab = two_machines();
    let dry = lab.deploy(&["--dry-run"]);
    dry.exits(0)
        .says("+ neatcloudVolumes.data  create")
        .says("+ neatcloudSshKeys.me  create")
        .says("+ neatcloud.web  create")
        .says("web> would create the machine, build, copy, activate");
    lab.nothing_was_made();

    let first = lab.deploy(&[]);
    first
        .exits(0)
        .says("neatcloudVolumes.data> created")
        .says("web> activated")
        .says("db> activated");
    let servers = ids(&lab, "servers");
    assert_eq!(servers.len(), 2);
    assert_eq!(lab.cloud_has("volumes")[0]["size"], 10);
    assert_eq!(lab.cloud_has("sshKeys").len(), 1);

    let again = lab.deploy(&["--json"]);
    again.exits(0);
    assert_eq!(
        (again.result("web"), again.result("db")),
        ("unchanged".into(), "unchanged".into())
    );
    // The second run has seen which server the volume went to; after that there is no more news.
    let records = lab.records();
    lab.deploy(&["--dry-run"]).exits(0).does_not_say("would");
    lab.deploy(&[]).exits(0);
    assert_eq!(lab.records(), records);
    assert_eq!(ids(&lab, "servers"), servers);
}

#[test]
fn a_changed_size_is_changed_in_place_and_a_changed_region_replaces_who_agrees() {
    let lab = two_machines();
    lab.deploy(&[]).exits(0);
    let servers = ids(&lab, "servers");
    let bigger =
        TWO.replace("size = 10", "size = 20") + "db.deployment.neatcloud.size = \"large\";";
    lab.network_in_the_cloud(&bigger.replace("db = { };", ""));
    let dry = lab.deploy(&["--dry-run"]);
    dry.exits(0)
        .says("~ neatcloudVolumes.data  update\n    size: 10 → 20")
        .says("db> would change the machine (size)");
    assert_eq!(lab.cloud_has("volumes")[0]["size"], 10);

    let run = lab.deploy(&["--json"]);
    run.exits(0);
    assert_eq!(lab.cloud_has("volumes")[0]["size"], 20);
    assert_eq!(ids(&lab, "servers"), servers);
    let sizes: Vec<_> = lab
        .cloud_has("servers")
        .iter()
        .map(|server| server["size"].clone())
        .collect();
    assert!(
        sizes.contains(&json!("large")) && sizes.contains(&json!("small")),
        "{sizes:?}"
    );
    lab.deploy(&["--dry-run"]).exits(0).does_not_say("would");

    lab.network_in_the_cloud(&bigger.replace("db = { };", "").replace(
        "\"large\";",
        "\"large\"; db.deployment.neatcloud.region = \"south\";",
    ));
    let records = lab.records();
    let why = "± neatcloud.db  replace: delete, then create  (`region` cannot be changed in place)";
    lab.deploy(&["--dry-run"]).exits(0).says(why);
    lab.deploy(&[]).exits(1).says(why).says(
        "error: this replaces or deletes neatcloud.db; nothing was done, since there is nobody to ask (--yes agrees)",
    );
    assert_eq!(ids(&lab, "servers"), servers);
    assert_eq!(lab.records(), records);

    let run = lab.deploy(&["--yes"]);
    run.exits(0)
        .says("neatcloud.db> replaced")
        .says("db> activated")
        .says("web> unchanged");
    let after = ids(&lab, "servers");
    let kept = after.iter().filter(|id| servers.contains(id)).count();
    assert_eq!((after.len(), kept), (2, 1));
}

#[test]
fn a_server_that_was_lost_is_made_anew() {
    let lab = two_machines();
    lab.deploy(&[]).exits(0);
    let before = ids(&lab, "servers");
    lab.cloud(&["kill", "db"]);
    lab.deploy(&["--dry-run"])
        .exits(0)
        .says("+ neatcloud.db  create  (it is gone)")
        .says("db> would create the machine");
    let run = lab.deploy(&["--json"]);
    run.exits(0);
    assert_eq!(
        (run.result("web"), run.result("db")),
        ("unchanged".into(), "activated".into())
    );
    let after = ids(&lab, "servers");
    let kept = after.iter().filter(|id| before.contains(id)).count();
    assert_eq!((after.len(), kept), (2, 1));
}

#[test]
fn a_server_whose_provider_died_while_it_was_made_is_taken_over() {
    let lab = two_machines();
    lab.order_faults(&json!([
        { "method": "create", "type": "neatcloud", "name": "db", "fault": "crashAfter" },
    ]));
    let run = lab.deploy(&["--on", "db"]);
    run.exits(1)
        .says("plugin `neatcloud` (input `neatcloud`): during `create`: the provider ")
        .says("was ended by signal 9");
    let made = ids(&lab, "servers");
    assert_eq!(made.len(), 1);
    assert!(
        lab.records().unwrap().contains("creating"),
        "{:?}",
        lab.records()
    );
    lab.deploy(&["--on", "db", "--dry-run"]).exits(0);
    assert_eq!(ids(&lab, "servers"), made);
    lab.deploy(&["--on", "db"]).exits(0).says("db> activated");
    assert_eq!(ids(&lab, "servers"), made);
    lab.deploy(&["--on", "db"]).exits(0).says("db> unchanged");
}

#[test]
fn a_resource_whose_provider_died_before_it_was_made_is_made_by_the_next_run() {
    let lab = two_machines();
    lab.order_faults(&json!([
        { "method": "create", "type": "neatcloudVolumes", "fault": "crashBefore" },
    ]));
    lab.deploy(&[])
        .exits(1)
        .says("during `create`: the provider ")
        .says("web> skipped: neatcloud.web skipped because of neatcloud");
    // A server that needs no volume may have been made before.
    assert_eq!(ids(&lab, "volumes").len(), 0);
    lab.deploy(&[])
        .exits(0)
        .says("neatcloudVolumes.data> created");
    assert_eq!(
        (ids(&lab, "volumes").len(), ids(&lab, "servers").len()),
        (1, 2)
    );
    // What was on its way in the same provider is there once, whatever became of it.
    assert_eq!(ids(&lab, "sshKeys").len(), 1);
}

#[test]
fn a_resource_that_fails_stops_machines_that_need_it_and_no_others() {
    let lab = two_machines();
    lab.order_faults(
        &json!([{ "method": "create", "type": "neatcloudVolumes", "fault": "quota" }]),
    );
    lab.deploy(&[])
        .exits(1)
        .says("neatcloudVolumes.data: plugin `neatcloud` (input `neatcloud`): `create`: the account may have no more of this")
        .says("hint: ask the cloud for a higher quota")
        .says("web> skipped: neatcloud.web skipped because of neatcloudVolumes.data")
        .says("db> activated");
    assert_eq!(ids(&lab, "servers").len(), 1);
}

#[test]
fn a_machine_that_cannot_be_made_does_not_stop_the_other() {
    let lab = two_machines();
    lab.order_faults(&json!([
        { "method": "create", "type": "neatcloud", "name": "db", "fault": "quota" },
    ]));
    let run = lab.deploy(&["--json"]);
    run.exits(1);
    assert_eq!(
        (run.result("web"), run.result("db")),
        ("activated".into(), "skipped".into())
    );
    let failed = &run.summary()["resources"]["neatcloud.db"];
    assert_eq!(failed["result"], "failed", "{failed}");
    assert_eq!(ids(&lab, "servers").len(), 1);
    lab.deploy(&[]).exits(0);
    assert_eq!(ids(&lab, "servers").len(), 2);
}

#[test]
fn what_only_builds_or_only_asks_makes_nothing() {
    let lab = two_machines();
    let run = lab.deploy(&["--build-only", "--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "built");
    let told = |what| run.events().iter().filter(|e| e["event"] == what).count();
    assert_eq!(told("build-started"), told("build-finished"), "{run:?}");
    lab.nothing_was_made();
    lab.deploy(&["--dry-activate"])
        .exits(0)
        .says("web> would create the machine, copy, activate")
        .says("2 machines in ")
        .says(": 2 would change");
    lab.nothing_was_made();
}

#[test]
fn machines_are_reached_by_a_command_where_the_provider_says_one() {
    let lab = two_machines();
    let mut command = lab.deploying(&["--json"]);
    command.env("NEATCLOUD_REACH", "command");
    let run = crate::lab::Run::of(&mut command);
    run.exits(0);
    assert_eq!(
        (run.result("web"), run.result("db")),
        ("activated".into(), "activated".into())
    );
    for server in lab.cloud_has("servers") {
        assert!(server["port"].is_null(), "{server}");
        assert!(server["command"].is_array(), "{server}");
    }
    let run = lab.deploy(&["--json"]);
    assert_eq!(
        (run.result("web"), run.result("db")),
        ("unchanged".into(), "unchanged".into())
    );
    assert!(neatcloud().is_file());
}
