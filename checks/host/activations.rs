use std::slice;

use camino::Utf8PathBuf;
use nixops::{
    host::{ActivationStatus, Error, Host},
    network::CopyProtocol,
    nix::{BuildOptions, BuildQueue, Copy},
    plan::Goal,
    process::Stream,
};

use crate::{
    reach::{by_prefix, target},
    world::World,
};

/// Brings a system to the host whose `switch-to-configuration` ends with `status`.
fn system(world: &World, host: &Host, status: i32) -> Utf8PathBuf {
    let nix = world.nix();
    let expression = format!(
        r#"{{ system = sh "system-{status}" ''
            mkdir -p $out/bin
            printf '#!/bin/sh\necho "doing $1"\necho "as $(id -un)" >&2\nexit {status}\n' > $out/bin/switch-to-configuration
            chmod +x $out/bin/switch-to-configuration
        ''; }}"#
    );
    let wanted = world.instantiate(&nix, &expression, &["system"]).remove(0);
    let queue = BuildQueue::new(
        nix.clone(),
        world.processes.clone(),
        BuildOptions::default(),
    );
    let out = queue.build(wanted.0, wanted.1).unwrap().out;
    let copy = Copy {
        label: "copy web".to_owned(),
        to: host.destination(CopyProtocol::Ssh).unwrap(),
        paths: slice::from_ref(&out),
        substitute_on_destination: false,
    };
    nix.copy(&world.processes, &copy, &mut |_| ()).unwrap();
    out
}

#[test]
fn the_profile_is_set_and_the_exit_status_is_a_result() {
    let (world, server) = World::with_host();
    let connections = world.connections();
    let host = connections.connect(&target(&server)).unwrap();
    let cases = [
        (9, Goal::Switch, ActivationStatus::Failed(9)),
        (0, Goal::Switch, ActivationStatus::Done),
        (4, Goal::Test, ActivationStatus::UnitsFailed),
        (100, Goal::Boot, ActivationStatus::RebootNeeded),
        (9, Goal::DryActivate, ActivationStatus::Failed(9)),
    ];
    for (status, goal, expected) in cases {
        let system = system(&world, &host, status);
        let mut said = Vec::new();
        let mut note = |stream, line: &str| said.push((stream, line.to_owned()));
        assert_eq!(host.activate(&system, goal, &mut note).unwrap(), expected);
        said.sort_by_key(|(stream, _)| *stream == Stream::Stderr);
        let lines = [
            (Stream::Stdout, format!("doing {goal}")),
            (Stream::Stderr, "as root".to_owned()),
        ];
        assert_eq!(said, lines);
        host.set_profile(&system).unwrap();
        let look = connections
            .connect(&target(&server))
            .unwrap()
            .look()
            .clone();
        assert_eq!(look.profile, Some(system));
        let changed = goal != Goal::DryActivate;
        assert_eq!(look.unfinished, changed && status == 9, "{goal}");
    }
    assert_eq!(server.generations().unwrap().len(), cases.len());
}

#[test]
fn a_machine_behind_a_command_takes_up_its_system_too() {
    let (world, server) = World::with_host();
    let connections = world.connections();
    for user in ["root", server.normal_user()] {
        let target = by_prefix(&server, user);
        let host = connections.connect(&target).unwrap();
        let system = system(&world, &host, 0);
        host.set_profile(&system).unwrap();
        let mut said = Vec::new();
        let mut note = |_, line: &str| said.push(line.to_owned());
        let status = host.activate(&system, Goal::Switch, &mut note).unwrap();
        assert_eq!(status, ActivationStatus::Done);
        said.sort();
        assert_eq!(said, ["as root", "doing switch"]);
        let look = connections.connect(&target).unwrap().look().clone();
        assert_eq!((look.profile, look.unfinished), (Some(system), false));
    }
    assert_eq!(server.connections().unwrap(), 0);
}

#[test]
fn a_profile_cannot_point_to_what_is_not_there() {
    let (world, server) = World::with_host();
    let host = world.connections().connect(&target(&server)).unwrap();
    let error = host
        .set_profile("/nix/store/00000000000000000000000000000000-gone".into())
        .unwrap_err();
    assert!(matches!(error, Error::Command { .. }));
    assert!(
        error
            .to_string()
            .starts_with("web: setting the system profile failed: "),
        "{error}"
    );
}
