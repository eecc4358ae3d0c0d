//! `nixops logs`: what the last runs said.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::lab::Lab;

#[test]
fn what_a_deploy_said_is_told_again() {
    let lab = Lab::with_hosts(["web", "db"]);
    let (web, db) = (lab.reach("web"), lab.reach("db"));
    let network = |script: &str| {
        lab.network(&format!(
            "web = {{ {web} deployment.tags = [ \"front\" ]; }};
             db = {{ {db} system.activationScripts.x = \"echo activating the database; {script}\"; }};"
        ));
    };
    network("true");
    lab.nixops(["deploy", "--dry-run"]).exits(0);
    lab.nixops(["deploy"]).exits(0);
    network("false");
    let failed = lab.nixops(["deploy"]);
    failed.exits(1);
    // The state is enough to find it.
    lab.write("flake.nix", "{ outputs = throw \"broken\"; }");
    let told = lab.nixops(["logs"]);
    told.exits(0);
    assert!(
        told.stdout.contains("db> activating the database"),
        "{told:?}"
    );
    assert!(told.stdout.contains("error: db: rolled back"), "{told:?}");
    assert!(
        told.stdout.contains("1 unchanged, 1 rolled back"),
        "{told:?}"
    );
    let web = lab.nixops(["logs", "--on", "@front"]);
    assert_eq!(web.exits(0).stdout, "web> unchanged\n");

    // A dry run is none that is kept.
    let list = lab.nixops(["logs", "--list", "--json"]);
    list.exits(0);
    let list = list.json();
    let names: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(names.len(), 2, "{list}");
    let first = lab.nixops(["logs", names[0], "--json"]);
    first.exits(0);
    let events = first.events();
    assert_eq!(events[0]["event"], "started");
    assert_eq!(events.last().unwrap()["summary"]["totals"]["changed"], 2);
    lab.nixops(["logs", "1999"])
        .exits(1)
        .says("no run `1999` is kept")
        .says("hint: `nixops logs --list` shows");
    lab.nixops(["logs", "--on", "wbe"])
        .exits(1)
        .says("did you mean 'web'?");
}

#[test]
fn logs_are_for_the_user_alone_and_have_no_secrets() {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud("web = { };");
    lab.deploy(&[]).exits(0);
    let runs = lab.rig.home().join("state/nixops/runs");
    let mut files = 0;
    for deployment in std::fs::read_dir(&runs).unwrap() {
        for file in std::fs::read_dir(deployment.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("PRIVATE KEY"), "{text}");
            assert!(text.contains("\"event\":\"finished\""), "{text}");
            files += 1;
        }
    }
    assert_eq!(files, 1);
    lab.nixops(["destroy", "--yes"]).exits(0);
    let told = lab.nixops(["logs"]);
    told.exits(0);
    assert!(told.stdout.contains("neatcloud.web> deleted"), "{told:?}");
}
