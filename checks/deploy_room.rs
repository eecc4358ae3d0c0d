//! Deploys to real hosts with a real Nix, below the binary: what the pipeline does when its parts are real.

#![allow(clippy::unwrap_used, reason = "what goes wrong here is a failed test")]

#[path = "host/world.rs"]
mod world;

use std::{
    collections::BTreeMap,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use camino::Utf8PathBuf;
use nixops::{
    deploy::{Limits, Reboot, Request, Tools, deploy},
    evaluator::Evaluated,
    network::Machine,
    nix::{BuildOptions, Nix},
    plan::{Extent, Goal, Outcome, Rollout, Step, Summary},
    ui::Screen,
};
use rig::Host;

use crate::world::{World, options};

const SWITCH: Extent = Extent::Activate(Goal::Switch);

/// Systems whose activation ends with `status`, after the shell words `first`.
fn systems(world: &World, nix: &Nix, wanted: &[(&Host, i32, &str)]) -> Vec<Machine> {
    let attributes = wanted.iter().map(|(host, status, first)| {
        let name = &host.name;
        format!(
            r#""{name}" = sh "nixos-{name}" ''
                mkdir -p $out/bin
                printf '#!/bin/sh\necho "doing $1"\n{first}\n[ $1 = dry-activate ] || ln -sfn %s /run/current-system\nexit {status}\n' $out > $out/bin/switch-to-configuration
                chmod +x $out/bin/switch-to-configuration
            ''; "#
        )
    });
    let expression = format!("{{ {} }}", attributes.collect::<String>());
    let names: Vec<&str> = wanted.iter().map(|(host, ..)| host.name.as_str()).collect();
    let built = world.instantiate(nix, &expression, &names);
    let machines = wanted.iter().zip(built);
    machines
        .map(|((host, ..), (derivation, system))| Machine {
            name: host.name.clone(),
            options: options(host),
            derivation: derivation.into_string(),
            system: system.into_string(),
        })
        .collect()
}

fn request(world: &World, extent: Extent, machines: &[Machine]) -> Request {
    Request {
        skipped: BTreeMap::new(),
        machines: machines
            .iter()
            .map(|machine| machine.name.clone())
            .collect(),
        extent,
        always_activate: false,
        reboot: Reboot::Never,
        reboot_timeout: Duration::from_secs(1),
        rollout: Rollout::default(),
        skip_unreachable: false,
        limits: Limits::default(),
        build: BuildOptions::default(),
        build_on_target: None,
        roots: world.path("gcroots"),
        keeps_last: true,
    }
}

fn run(world: &World, nix: &Nix, extent: Extent, machines: &[Machine]) -> Summary {
    let (sender, receiver) = mpsc::channel();
    for machine in machines {
        let machine = Box::new(machine.clone());
        sender.send(Evaluated::Machine(machine)).unwrap();
    }
    drop(sender);
    let screen = Screen::silent();
    let connections = world.connections();
    let tools = Tools {
        nix,
        processes: &world.processes,
        connections: &connections,
        provided: &BTreeMap::new(),
        secret: &|_| None,
        store: None,
        saved: None,
        addresses: None,
        ui: &screen.ui(),
    };
    deploy(&request(world, extent, machines), &receiver, &tools)
}

fn outcome<'a>(summary: &'a Summary, machine: &str) -> &'a Outcome {
    &summary.machines[machine].outcome
}

#[test]
fn a_deploy_activates_and_the_next_one_leaves_alone() {
    let world = World::new();
    let nix = world.nix();
    let hosts = world.rig.add_hosts(["database", "proxy", "web"]).unwrap();
    let [database, proxy, web] = hosts.as_slice() else {
        panic!("three hosts");
    };
    let failing = "echo warning: the following units failed: nginx.service >&2";
    let wanted = [(database, 4, failing), (proxy, 100, ":"), (web, 0, ":")];
    let machines = systems(&world, &nix, &wanted);

    let first = run(&world, &nix, SWITCH, &machines);
    let units = vec!["nginx.service".to_owned()];
    assert_eq!(*outcome(&first, "database"), Outcome::UnitsFailed { units });
    assert_eq!(*outcome(&first, "proxy"), Outcome::RebootRequired);
    assert_eq!(*outcome(&first, "web"), Outcome::Activated);
    assert_eq!(first.exit_code(), 4);
    let copied = first.machines["web"].copied.unwrap();
    assert!(copied.paths >= 1, "{copied:?}");
    for machine in &machines {
        let root = world.path("gcroots").join(&machine.name);
        assert_eq!(root.read_link_utf8().unwrap(), machine.system);
    }
    let generations = web.generations().unwrap();
    assert_eq!(generations.len(), 1);
    assert_eq!(
        Utf8PathBuf::try_from(generations[0].toplevel.clone()).unwrap(),
        machines[2].system
    );

    let second = run(&world, &nix, SWITCH, &machines);
    assert_eq!(second.totals.unchanged, 3);
    let steps: Vec<Step> = second.machines["web"].seconds.keys().copied().collect();
    assert_eq!(steps, [Step::Evaluate, Step::Connect]);
    let connections = "one for each deploy, and one that confirmed";
    assert_eq!(web.connections().unwrap(), 3, "{connections}");
}

#[test]
fn a_host_that_is_down_or_has_no_nix_stops_no_other() {
    let world = World::new();
    let nix = world.nix();
    let hosts = world.rig.add_hosts(["bare", "down", "web"]).unwrap();
    let [bare, down, web] = hosts.as_slice() else {
        panic!("three hosts");
    };
    let machines = systems(
        &world,
        &nix,
        &[(bare, 0, ":"), (down, 0, ":"), (web, 0, ":")],
    );
    bare.without_nix().unwrap();
    down.stop().unwrap();
    let summary = run(&world, &nix, SWITCH, &machines);
    assert_eq!(*outcome(&summary, "web"), Outcome::Activated);
    for name in ["bare", "down"] {
        let Outcome::Failed { step, diagnostic } = outcome(&summary, name) else {
            panic!("{:?}", outcome(&summary, name));
        };
        assert_eq!(*step, Step::Connect);
        assert!(!diagnostic.message.starts_with(name), "{diagnostic:?}");
        assert!(diagnostic.hint.is_some());
    }
    assert_eq!(summary.exit_code(), 1);
}

#[test]
fn what_only_looks_changes_nothing_on_the_host() {
    let (world, web) = World::with_host();
    let nix = world.nix();
    let machines = systems(&world, &nix, &[(&web, 0, ":")]);
    let before = web.nix_paths().unwrap();

    let dry = run(&world, &nix, Extent::DryRun, &machines);
    let expected = Outcome::WouldChange {
        machine: None,
        build: true,
        copy: true,
        activate: true,
    };
    assert_eq!(*outcome(&dry, "web"), expected);
    let built = run(&world, &nix, Extent::BuildOnly, &machines);
    assert_eq!(*outcome(&built, "web"), Outcome::Built);
    assert_eq!(web.nix_paths().unwrap(), before);
    assert_eq!(web.connections().unwrap(), 1, "building connects to nobody");

    let copied = run(&world, &nix, Extent::CopyOnly, &machines);
    assert_eq!(*outcome(&copied, "web"), Outcome::Copied);
    let dry = run(&world, &nix, Extent::Activate(Goal::DryActivate), &machines);
    assert_eq!(*outcome(&dry, "web"), Outcome::DryActivated);
    assert!(web.generations().unwrap().is_empty());
    assert_eq!(web.read_link("/run/current-system").unwrap(), None);
}

#[test]
fn a_failed_activation_tells_its_exit_status() {
    let (world, web) = World::with_host();
    let nix = world.nix();
    let machines = systems(&world, &nix, &[(&web, 2, ":")]);
    let summary = run(&world, &nix, SWITCH, &machines);
    let Outcome::Failed { step, diagnostic } = outcome(&summary, "web") else {
        panic!("{summary:?}");
    };
    assert_eq!(*step, Step::Activate);
    assert_eq!(
        diagnostic.message,
        "switch-to-configuration ended with exit status 2"
    );
}

#[test]
fn a_run_that_ends_at_once_during_an_activation_says_that_it_may_go_on() {
    let (world, web) = World::with_host();
    let nix = world.nix();
    let machines = systems(&world, &nix, &[(&web, 0, "touch /tmp/begun; sleep 60")]);
    let begun = web.path("/tmp/begun");
    let started = Instant::now();
    let summary = thread::scope(|scope| {
        scope.spawn(|| {
            while !begun.exists() && started.elapsed() < Duration::from_secs(30) {
                thread::sleep(Duration::from_millis(20));
            }
            world.processes.interrupt();
            world.processes.kill_all();
        });
        run(&world, &nix, SWITCH, &machines)
    });
    let interrupted = Outcome::Interrupted {
        step: Step::Activate,
        may_go_on: true,
        went_back: false,
    };
    assert_eq!(*outcome(&summary, "web"), interrupted);
    assert_eq!(summary.exit_code(), 130);
    assert!(begun.exists() && started.elapsed() < Duration::from_secs(45));
    // It has daemons here that are idle.
    drop(nix);
    assert!(world.processes.wait_all(Duration::from_secs(10)));
}
