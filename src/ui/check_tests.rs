use std::collections::BTreeMap;

use anstream::adapter::strip_str;
use insta::assert_snapshot;
use serde_json::json;

use super::*;
use crate::check::{Condition, Running};
use crate::host::FileSystem;
use crate::plan::{AttributeChange, Shown};
use crate::state::Key;

fn machine() -> MachineReport {
    MachineReport {
        backend: "none".to_owned(),
        exists: Some(true),
        up: Some(true),
        reachable: Some(true),
        load: Some([0.1, 0.05, 1.0]),
        failed_units: Some(Vec::new()),
        units_in_progress: Some(Vec::new()),
        file_systems: Some(Vec::new()),
        full_file_systems: Some(Vec::new()),
        health_checks: Some(BTreeMap::new()),
        system: Running {
            state: SystemState::Deployed,
            ..Running::default()
        },
        resource: None,
        problem: None,
    }
}

fn volume(condition: Condition) -> ResourceReport {
    ResourceReport {
        key: Key::new("neatcloudVolumes", "data"),
        exists: Some(condition != Condition::Gone),
        condition,
        outputs: Vec::new(),
    }
}

fn told(machines: &[(&str, MachineReport)], resources: Vec<ResourceReport>) -> String {
    let machines = machines
        .iter()
        .map(|(name, one)| ((*name).to_owned(), one.clone()));
    let report = Report::new("u", "net", machines.collect::<BTreeMap<_, _>>(), resources);
    strip_str(&check_text(&report, false)).to_string()
}

#[test]
fn what_is_well_has_a_line_each() {
    let text = told(&[("web", machine())], vec![volume(Condition::Well)]);
    assert_snapshot!(text, @r"
    machine  exists  up   reached  load            units  disks  system
    web      yes     yes  yes      0.10 0.05 1.00  well   well   as deployed

    neatcloudVolumes.data  exists

    1 machine, 1 resource: all is well
    ");
}

#[test]
fn what_is_not_well_is_told_below() {
    let full = FileSystem {
        mounted_on: "/var".to_owned(),
        used: 97,
        inodes_used: Some(12),
    };
    let web = MachineReport {
        failed_units: Some(vec![
            "nginx.service".to_owned(),
            "a\u{1b}[2J.mount".to_owned(),
        ]),
        file_systems: Some(vec![full]),
        full_file_systems: Some(vec!["/var".to_owned()]),
        health_checks: Some(BTreeMap::from([
            ("port".to_owned(), None),
            (
                "web".to_owned(),
                Some("status 503 instead of 200".to_owned()),
            ),
        ])),
        system: Running {
            state: SystemState::Other,
            deployed: Some("/nix/store/a-nixos".to_owned()),
            running: Some("/nix/store/b-nixos".to_owned()),
            profile: Some("/nix/store/b-nixos".to_owned()),
        },
        ..machine()
    };
    let db = MachineReport {
        exists: None,
        up: None,
        reachable: Some(false),
        load: None,
        failed_units: None,
        full_file_systems: None,
        health_checks: None,
        system: Running::default(),
        problem: Some(Diagnostic {
            message: "the connection was refused (10.0.0.2)".to_owned(),
            position: None,
            hint: Some("check that sshd runs there".to_owned()),
            trace: Vec::new(),
        }),
        ..machine()
    };
    let change = AttributeChange {
        path: vec!["size".to_owned()],
        before: Shown::Value(json!(20)),
        after: Shown::Value(json!(10)),
        replaces: false,
    };
    let drifted = Condition::Drifted {
        changes: vec![change],
    };
    let text = told(&[("web", web), ("db", db)], vec![volume(drifted)]);
    assert_snapshot!(text, @r"
    machine  exists   up       reached  load            units     disks    system
    db       unknown  unknown  no       unknown         unknown   unknown  unknown
    web      yes      yes      yes      0.10 0.05 1.00  2 failed  1 full   another one

    db: the connection was refused (10.0.0.2)
    hint: check that sshd runs there
    web: /var: 97 % used, 12 % of its inodes
    web: failed units: nginx.service, a.mount
    web: health check web: status 503 instead of 200
    web: runs /nix/store/b-nixos, will boot /nix/store/b-nixos, was deployed to /nix/store/a-nixos

    neatcloudVolumes.data  has drifted
        size: 20 → 10

    2 machines, 1 resource: 1 unreachable, 1 with full disks, 1 with failed units, 1 with failed health checks, 2 not as deployed
    ");
}

#[test]
fn of_many_only_those_that_are_not_well_have_a_line() {
    let names: Vec<String> = (0..50).map(|number| format!("web{number}")).collect();
    let machines: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), machine()))
        .collect();
    let text = told(&machines, vec![volume(Condition::Gone)]);
    assert_snapshot!(text, @r"
    neatcloudVolumes.data  is gone

    50 machines, 1 resource: 1 missing
    ");
}

#[test]
fn nothing_at_all_is_said() {
    assert_snapshot!(told(&[], Vec::new()), @"nothing is recorded of machines or resources");
}
