use crate::{
    check::{Condition, ResourceReport},
    host::{Health, Look, Unhealthy, Units},
    state::Key,
};

use super::*;

const SYSTEM: &str = "/nix/store/aaa-nixos";

fn record() -> MachineRecord {
    MachineRecord {
        backend: "none".to_owned(),
        system: Some(SYSTEM.to_owned()),
        ..MachineRecord::default()
    }
}

fn well() -> Answer {
    Answer {
        look: Look {
            system: Some(SYSTEM.into()),
            profile: Some(SYSTEM.into()),
            ..Look::default()
        },
        health: Health {
            load: Some([0.1, 0.2, 0.3]),
            units: Some(Units::default()),
            file_systems: Some(vec![FileSystem {
                mounted_on: "/".to_owned(),
                used: 50,
                inodes_used: None,
            }]),
            is_complete: true,
        },
        unhealthy: Some(Vec::new()),
    }
}

fn evidence(answer: Option<Result<Answer, Error>>) -> Evidence<'static> {
    Evidence {
        name: "web",
        record: Box::leak(Box::new(record())),
        checks: vec!["port".to_owned(), "web".to_owned()],
        resource: None,
        power: None,
        answer,
        problem: None,
        full: 95,
    }
}

fn report(answer: Answer) -> MachineReport {
    MachineReport::of(evidence(Some(Ok(answer))))
}

fn failed(failure: Failure) -> MachineReport {
    MachineReport::of(evidence(Some(Err(Error::Connection {
        machine: "web".to_owned(),
        host: "10.0.0.1".to_owned(),
        port: None,
        failure,
        said: String::new(),
    }))))
}

fn code(report: &MachineReport) -> u8 {
    report.findings().exit_code()
}

#[test]
fn a_machine_that_is_as_deployed_is_well() {
    let report = report(well());
    assert_eq!(code(&report), 0);
    assert_eq!(report.system.state, SystemState::Deployed);
    assert_eq!((report.exists, report.up), (Some(true), Some(true)));
}

#[test]
fn a_health_check_that_failed_says_what_was_found_and_counts_as_a_unit() {
    let mut answer = well();
    answer.unhealthy = Some(vec![Unhealthy {
        check: "web".to_owned(),
        looks_at: "http://localhost/".to_owned(),
        found: "status 503 instead of 200".to_owned(),
        attempts: 1,
    }]);
    let unhealthy = report(answer);
    let checks = unhealthy.health_checks.as_ref().unwrap();
    assert_eq!(checks["port"], None);
    assert_eq!(checks["web"].as_deref(), Some("status 503 instead of 200"));
    assert_eq!(code(&unhealthy), 16);
    let mut answer = well();
    answer.unhealthy = None;
    assert_eq!(report(answer).health_checks, None);
}

#[test]
fn what_is_not_well_has_the_bits_of_nixops_2() {
    let mut answer = well();
    answer.health.units = Some(Units {
        failed: vec!["nginx.service".to_owned()],
        in_progress: vec!["backup.service".to_owned()],
    });
    assert_eq!(code(&report(answer)), 16);
    let mut answer = well();
    answer.health.file_systems.as_mut().unwrap()[0].used = 97;
    let full = report(answer);
    assert_eq!(
        full.full_file_systems.as_deref(),
        Some(&["/".to_owned()][..])
    );
    assert_eq!(code(&full), 8);
}

#[test]
fn units_under_way_are_no_failure() {
    let mut answer = well();
    answer.health.units.as_mut().unwrap().in_progress = vec!["backup.service".to_owned()];
    assert_eq!(code(&report(answer)), 0);
}

#[test]
fn a_host_without_systemd_has_unknown_units_and_is_not_blamed() {
    let mut answer = well();
    answer.health.units = None;
    let report = report(answer);
    assert_eq!((report.failed_units.clone(), code(&report)), (None, 0));
}

#[test]
fn a_host_that_gives_no_sign_is_down_and_one_that_refuses_us_is_not() {
    assert_eq!(code(&failed(Failure::TimedOut)), 6);
    assert_eq!(code(&failed(Failure::Refused)), 4);
    assert_eq!(failed(Failure::Refused).up, None);
    let denied = failed(Failure::PermissionDenied);
    assert_eq!(
        (denied.up, denied.exists, code(&denied)),
        (Some(true), None, 4)
    );
}

#[test]
fn the_running_system_and_the_profile_are_both_compared() {
    let other = || Some("/nix/store/bbb-nixos".into());
    let state = |running: bool, boots: bool, unfinished| {
        let mut answer = well();
        if !running {
            answer.look.system = other();
        }
        if !boots {
            answer.look.profile = other();
        }
        answer.look.unfinished = unfinished;
        let report = report(answer);
        (report.system.state, code(&report))
    };
    assert_eq!(state(false, true, false), (SystemState::NextBoot, 32));
    assert_eq!(state(true, false, false), (SystemState::UntilBoot, 32));
    assert_eq!(state(false, false, false), (SystemState::Other, 32));
    assert_eq!(state(true, true, true), (SystemState::Unfinished, 32));
}

#[test]
fn a_machine_that_its_backend_has_lost_is_missing_and_nobody_asks_it() {
    let report = MachineReport::of(Evidence {
        resource: Some(ResourceReport {
            key: Key::new("neatcloud", "web"),
            exists: Some(false),
            condition: Condition::Gone,
            outputs: Vec::new(),
        }),
        ..evidence(None)
    });
    assert_eq!((report.reachable, code(&report)), (None, 1));
}

#[test]
fn a_machine_that_is_switched_off_is_down_and_not_asked() {
    let report = MachineReport::of(Evidence {
        power: Some(false),
        ..evidence(None)
    });
    assert_eq!(code(&report), 2);
}

#[test]
fn what_is_not_known_is_said_and_is_not_well() {
    let report = MachineReport::of(Evidence {
        problem: Some(Diagnostic::new("how it is reached is not recorded", None)),
        ..evidence(None)
    });
    assert_eq!(code(&report), 64);
    let mut answer = well();
    answer.health = Health::default();
    assert_eq!(code(&self::report(answer)), 64);
}

#[test]
fn reports_are_read_back_as_they_were_written() {
    let machines = BTreeMap::from([("web".to_owned(), report(well()))]);
    let report = crate::check::Report::new("u", "net", machines, Vec::new());
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(
        serde_json::from_str::<crate::check::Report>(&text).unwrap(),
        report
    );
}
