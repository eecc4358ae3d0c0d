//! What `nixops check` finds, and what a deploy makes of it.

use serde_json::{Value, json};

use crate::lab::{Lab, Run};

/// A machine with a volume, and one without; file systems of the test's own computer may be nearly full.
const TWO: &str = "resources.neatcloudVolumes.data = { size = 10; };
    web = { resources, ... }: {
      deployment.neatcloud.volumes = [ resources.neatcloudVolumes.data ];
    };
    db = { };";

fn in_the_cloud() -> Lab {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud(TWO);
    lab.deploy(&[]).exits(0);
    lab
}

fn check(lab: &Lab, arguments: &[&str]) -> Run {
    let mut command = lab.command(["check", "--full", "100"]);
    Run::of(command.args(arguments))
}

/// Checks with `--json` and expects an exit code.
#[track_caller]
fn report(lab: &Lab, code: i32) -> Value {
    let run = check(lab, &["--json"]);
    run.exits(code);
    let report = run.json();
    assert_eq!(report["exitCode"], code);
    report
}

fn resource<'a>(report: &'a Value, kind: &str) -> &'a Value {
    let resources = report["resources"].as_array().unwrap();
    let mut found = resources.iter().filter(|one| one["type"] == kind);
    found.next().unwrap()
}

#[test]
fn what_is_as_deployed_is_well_and_a_server_that_was_lost_is_missing_until_it_is_made_anew() {
    let lab = in_the_cloud();
    let well = report(&lab, 0);
    let web = &well["machines"]["web"];
    assert_eq!(web["backend"], "neatcloud");
    for what in ["exists", "up", "reachable"] {
        assert_eq!(web[what], true, "{web}");
    }
    assert_eq!(web["load"].as_array().unwrap().len(), 3);
    assert_eq!(web["system"]["state"], "deployed");
    assert_eq!(web["system"]["running"], web["system"]["deployed"]);
    // These hosts have no systemd to ask, which is not the same as that no unit failed.
    assert_eq!(web["failedUnits"], Value::Null);
    assert_eq!(resource(&well, "neatcloudVolumes")["condition"], "well");

    lab.cloud(&["kill", "db"]);
    let lost = report(&lab, 1);
    assert_eq!(lost["machines"]["db"]["exists"], false);
    assert_eq!(lost["machines"]["db"]["reachable"], Value::Null);
    assert_eq!(lost["machines"]["db"]["resource"]["condition"], "gone");
    assert_eq!(lost["machines"]["web"]["reachable"], true);

    lab.deploy(&["--check"]).exits(0);
    report(&lab, 0);
    let people = check(&lab, &[]);
    people.exits(0);
    assert!(people.stdout.contains("all is well"), "{people:?}");
    assert!(people.stdout.contains("as deployed"), "{people:?}");
}

#[test]
fn a_volume_that_was_resized_behind_our_back_has_drifted_until_it_is_repaired() {
    let lab = in_the_cloud();
    let name = lab.cloud_has("volumes")[0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    lab.cloud(&["resize", &name, "7"]);
    // What the state learns of outputs does not make it well.
    for _ in 0..2 {
        let drifted = report(&lab, 32);
        let volume = resource(&drifted, "neatcloudVolumes");
        assert_eq!(volume["condition"], "drifted");
        assert_eq!(
            volume["changes"],
            json!([{
                "path": ["size"],
                "before": { "is": "value", "value": 7 },
                "after": { "is": "value", "value": 10 },
                "replaces": false,
            }])
        );
    }
    let people = check(&lab, &["--on", "neatcloudVolumes.*"]);
    people.exits(32);
    assert!(
        people.stdout.contains("neatcloudVolumes.data  has drifted"),
        "{people:?}"
    );
    assert!(people.stdout.contains("size: 7 → 10"), "{people:?}");
    lab.deploy(&["--check"]).exits(0);
    assert_eq!(lab.cloud_has("volumes")[0]["size"], 10);
    report(&lab, 0);
}

#[test]
fn hosts_are_checked_by_the_state_alone_and_one_that_is_away_holds_up_no_other() {
    let lab = Lab::with_hosts(["web", "db"]);
    let (web, db) = (lab.reach("web"), lab.reach("db"));
    lab.network(&format!(
        "web = {{ {web} deployment.tags = [ \"front\" ]; }}; db = {{ {db} }};"
    ));
    lab.deploy(&[]).exits(0);
    // Nothing of the network can be read any more.
    lab.write("flake.nix", "{ outputs = throw \"broken\"; }");
    report(&lab, 0);

    lab.host("db").stop().unwrap();
    let away = report(&lab, 4);
    let db = &away["machines"]["db"];
    assert_eq!(db["reachable"], false);
    assert_eq!(db["exists"], Value::Null);
    let problem = db["problem"]["message"].as_str().unwrap();
    assert!(
        problem.starts_with("the connection was refused"),
        "{problem}"
    );
    assert_eq!(away["machines"]["web"]["reachable"], true);

    check(&lab, &["--on", "@front"]).exits(0);
    check(&lab, &["--exclude", "d*"]).exits(0);
    check(&lab, &["--on", "wbe"])
        .exits(1)
        .says("no machine matches 'wbe'")
        .says("did you mean 'web'?");
    lab.host("db").start().unwrap();
    report(&lab, 0);
}

#[test]
fn a_host_that_runs_another_system_gets_its_own_again() {
    let lab = Lab::with_hosts(["web"]);
    let network = |text: &str| {
        let reach = lab.reach("web");
        lab.network(&format!(
            "web = {{ {reach} environment.etc.motd.text = \"{text}\"; }};"
        ));
    };
    network("one");
    lab.deploy(&[]).exits(0);
    let one = report(&lab, 0)["machines"]["web"]["system"]["deployed"].clone();
    network("two");
    lab.deploy(&[]).exits(0);
    let two = report(&lab, 0)["machines"]["web"]["system"]["deployed"].clone();
    assert_ne!(one, two);

    // Somebody goes back by hand.
    let one = one.as_str().unwrap();
    let profile = "/nix/var/nix/profiles/system";
    let back =
        format!("nix-env -p {profile} --set {one} && {one}/bin/switch-to-configuration switch");
    let run: Run = lab.host("web").run(["sh", "-c", &back]).unwrap().into();
    run.exits(0);
    let other = report(&lab, 32);
    let system = &other["machines"]["web"]["system"];
    assert_eq!(system["state"], "other");
    assert_eq!(system["running"], one);
    assert_eq!(system["deployed"], two);

    lab.deploy(&["--check"]).exits(0);
    report(&lab, 0);
}

#[test]
fn a_full_file_system_is_found() {
    let lab = Lab::with_hosts(["web"]);
    let reach = lab.reach("web");
    lab.network(&format!("web = {{ {reach} }};"));
    lab.deploy(&[]).exits(0);
    let run = Run::of(
        lab.command(["check", "--json", "--full", "1"])
            .args([] as [&str; 0]),
    );
    run.exits(8);
    let web = &run.json()["machines"]["web"];
    assert_ne!(web["fullFileSystems"], json!([]));
}

/// Makes a host look as if systemd ran there: `systemctl` prints these lines.
fn pretend_systemd(lab: &Lab, host: &str, units: &str) {
    let script = format!(
        "mkdir -p /run/systemd/system && printf '%s\\n' '#!/bin/sh' \"cat <<'END'\" '{units}' END \
         > /run/wrappers/bin/systemctl && chmod +x /run/wrappers/bin/systemctl"
    );
    let run: Run = lab.host(host).run(["sh", "-c", &script]).unwrap().into();
    run.exits(0);
}

#[test]
fn units_are_asked_for_where_there_is_systemd() {
    let lab = Lab::with_hosts(["web"]);
    let reach = lab.reach("web");
    lab.network(&format!("web = {{ {reach} }};"));
    lab.deploy(&[]).exits(0);
    pretend_systemd(
        &lab,
        "web",
        "nginx.service loaded failed failed A web server\nlate.service loaded activating start Late",
    );
    let web = report(&lab, 16)["machines"]["web"].clone();
    assert_eq!(web["failedUnits"], json!(["nginx.service"]));
    assert_eq!(web["unitsInProgress"], json!(["late.service"]));
    pretend_systemd(&lab, "web", "");
    assert_eq!(report(&lab, 0)["machines"]["web"]["failedUnits"], json!([]));
}

#[test]
fn a_provider_that_gives_no_answer_leaves_its_resources_unknown_and_nothing_else() {
    let lab = in_the_cloud();
    lab.order_faults(&json!([
        { "method": "read", "type": "neatcloudVolumes", "fault": "quota", "times": null },
    ]));
    let unknown = report(&lab, 64);
    let volume = resource(&unknown, "neatcloudVolumes");
    assert_eq!(
        (&volume["condition"], &volume["exists"]),
        (&json!("unknown"), &Value::Null)
    );
    let reason = volume["reason"]["message"].as_str().unwrap();
    assert!(
        reason.contains("the account may have no more of this"),
        "{reason}"
    );
    assert_eq!(unknown["machines"]["web"]["reachable"], true);
}

#[test]
fn a_check_holds_the_lock_of_its_deployment_and_one_that_hangs_says_so_in_time() {
    let lab = Lab::with_hosts(["web"]);
    let reach = lab.reach("web");
    lab.network(&format!("web = {{ {reach} }};"));
    lab.deploy(&[]).exits(0);
    lab.host("web").hang().unwrap();
    let mut first = lab.command(["check", "--json", "--connect-timeout", "2"]);
    let first = first.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let locks = lab.rig.home().join("state/nixops/locks");
    let held = || {
        let locks = std::fs::read_dir(&locks).into_iter().flatten();
        let texts = locks.map(|lock| std::fs::read_to_string(lock.unwrap().path()).unwrap());
        texts.into_iter().any(|text| text.contains("\"check\""))
    };
    while !held() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    check(&lab, &[]).exits(1).says("check");
    let first: Run = first.wait_with_output().unwrap().into();
    // It gives no sign, so it counts as down and as unreachable.
    first.exits(6);
    assert_eq!(first.json()["machines"]["web"]["up"], false);
}

#[test]
fn what_was_never_deployed_has_nothing_to_check_and_nothing_is_written() {
    let lab = Lab::without_hosts();
    lab.network("");
    check(&lab, &[])
        .exits(1)
        .says("there is nothing to check: this network was not deployed yet");
    assert_eq!(lab.record_file(), None);
}

#[test]
fn the_report_is_of_the_published_schema() {
    let lab = in_the_cloud();
    let schema = lab.nixops(["schema", "check"]);
    schema.exits(0);
    let schema = jsonschema::validator_for(&schema.json()).unwrap();
    let name = lab.cloud_has("volumes")[0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    lab.cloud(&["resize", &name, "7"]);
    lab.cloud(&["kill", "db"]);
    let report = report(&lab, 33);
    let errors: Vec<String> = schema
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);
}
