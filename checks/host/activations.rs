use std::slice;

use camino::{Utf8Path, Utf8PathBuf};
use nixops::{
    host::{ActivationStatus, Begun, Connections, End, Ended, Host, Order, Reason},
    network::{CopyProtocol, RollbackOptions},
    nix::{BuildOptions, BuildQueue, Copy},
    plan::Goal,
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

/// Has the host take up a system, and confirms it where it is on trial.
fn take_up(connections: &Connections, host: &Host, order: Order) -> (End, Vec<String>) {
    let mut said = Vec::new();
    let mut note = |line: &str| said.push(line.to_owned());
    let end = match Begun::begin(connections, host, order, &mut note).unwrap() {
        Begun::Ended(end) => end,
        Begun::Trial(trial) => trial.confirm(&mut note).unwrap(),
    };
    (end, said)
}

fn order(system: &Utf8Path, goal: Goal) -> Order {
    Order {
        system: system.to_owned(),
        generation: None,
        goal,
        rollback: RollbackOptions {
            timeout: 20,
            ..RollbackOptions::default()
        },
        holder: "ada@laptop".to_owned(),
    }
}

#[test]
fn each_end_of_an_activation_is_a_result() {
    use ActivationStatus::{Done, RebootNeeded, UnitsFailed};

    let (world, server) = World::with_host();
    let connections = world.connections();
    let host = connections.connect(&target(&server)).unwrap();
    let cases = [
        (0, Goal::Switch, Ended::Done(Done), 1),
        (4, Goal::Test, Ended::Done(UnitsFailed), 1),
        (100, Goal::Boot, Ended::Done(RebootNeeded), 2),
        (100, Goal::Switch, Ended::Done(RebootNeeded), 2),
    ];
    for (status, goal, expected, generations) in cases {
        let system = system(&world, &host, status);
        let (end, said) = take_up(&connections, &host, order(&system, goal));
        assert_eq!(end.ended, expected, "{goal}: {said:?}");
        let goals: Vec<&str> = match goal {
            Goal::Switch => vec!["doing test", "as root", "doing boot", "as root"],
            Goal::Boot => vec!["doing boot", "as root"],
            _ => vec!["doing test", "as root"],
        };
        assert_eq!(said, goals);
        assert_eq!(server.generations().unwrap().len(), generations, "{goal}");
        let look = connections
            .connect(&target(&server))
            .unwrap()
            .look()
            .clone();
        assert!(!look.unfinished, "{goal}");
    }
}

#[test]
fn a_system_that_fails_where_nothing_ran_before_is_left_as_it_is() {
    let (world, server) = World::with_host();
    let connections = world.connections();
    let host = connections.connect(&target(&server)).unwrap();
    let system = system(&world, &host, 9);
    let (end, _) = take_up(&connections, &host, order(&system, Goal::Switch));
    assert_eq!(end.ended, Ended::Failed(Reason::Status(9)));
    let look = connections
        .connect(&target(&server))
        .unwrap()
        .look()
        .clone();
    assert!(look.unfinished && look.profile.is_none());
    let mut said = Vec::new();
    let status = host.foretell(&system, &mut |line| said.push(line.to_owned()));
    assert_eq!(status.unwrap(), ActivationStatus::Failed(9));
    said.sort();
    assert_eq!(said, ["as root", "doing dry-activate"]);
}

#[test]
fn a_machine_behind_a_command_takes_up_its_system_too() {
    let (world, server) = World::with_host();
    let connections = world.connections();
    for user in ["root", server.normal_user()] {
        let target = by_prefix(&server, user);
        let host = connections.connect(&target).unwrap();
        let system = system(&world, &host, 0);
        let (end, said) = take_up(&connections, &host, order(&system, Goal::Switch));
        assert_eq!(end.ended, Ended::Done(ActivationStatus::Done));
        assert_eq!(said, ["doing test", "as root", "doing boot", "as root"]);
        let look = connections.connect(&target).unwrap().look().clone();
        assert_eq!((look.profile, look.unfinished), (Some(system), false));
    }
    assert_eq!(server.connections().unwrap(), 0);
}
