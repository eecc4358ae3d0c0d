//! Runs that the user, or something else, ends before their time.

use std::{process::Stdio, thread, time::Duration};

use rustix::process::Signal;
use serde_json::json;

use crate::{
    lab::{Lab, Run},
    state::HELD_ACTIVATION,
    watched::{Watched, is_step, wait_until},
};

/// Checks what every interrupted run leaves, and gives the outcome of `web`.
#[track_caller]
fn interrupted(lab: &Lab, run: &Run) -> serde_json::Value {
    run.exits(130).does_not_say("panicked");
    lab.is_left_alone();
    let summary = run.summary();
    assert_eq!(summary["exitCode"], 130);
    summary["machines"]["web"]["outcome"].clone()
}

#[test]
fn an_interrupt_says_what_was_running_and_leaves_nothing_behind() {
    let lab = Lab::with_hosts(["web", "db"]);
    let gate = lab.gate("build");
    let network = |more: &str| {
        lab.network(&format!(
            "db = {{ {} }};\n web = {{ pkgs, ... }}: {{ {} {HELD_ACTIVATION} {more}
               deployment.rollback.timeout = 2; }};",
            lab.reach("db"),
            lab.reach("web"),
        ));
    };
    let fresh = lab.state("web");

    // While it evaluates: something that takes hours.
    network(
        "environment.etc.number.text = let f = n: if n < 2 then n else f (n - 1) + f (n - 2); in toString (f 60);",
    );
    let mut run = lab.watch(["deploy", "--json", "--on", "web"]);
    run.until_step("web", "evaluate");
    run.until_event(|event| is_step(event, "step-finished", "web", "connect"));
    run.signal(Signal::INT);
    let outcome = interrupted(&lab, &run.end());
    assert_eq!(
        outcome,
        json!({"result": "interrupted", "step": "evaluate", "mayGoOn": false})
    );

    // While it builds: the other machine has its own way behind it, and keeps what it has.
    network(&format!(
        "environment.etc.gated.source = pkgs.runCommand \"gated\" {{ }} \"touch {}; {}; echo done > $out\";",
        lab.rig.root().join("building").display(),
        gate.wait()
    ));
    let mut run = lab.watch(["deploy", "--json", "--max-jobs", "4"]);
    assert_eq!(run.until_done("db"), "activated");
    run.until_step("web", "build");
    wait_until("build", || lab.rig.root().join("building").exists());
    run.signal(Signal::TERM);
    let run = run.end();
    let outcome = interrupted(&lab, &run);
    assert_eq!(
        outcome,
        json!({"result": "interrupted", "step": "build", "mayGoOn": false})
    );
    assert_eq!(run.result("db"), "activated");
    gate.open();
    assert_eq!(lab.state("web"), fresh);

    // While it copies.
    lab.hold_copies("web");
    let mut run = lab.watch(["deploy", "--json"]);
    run.until_step("web", "copy");
    wait_until("copy", || lab.host("web").path("/var/lib/copying").exists());
    run.signal(Signal::INT);
    let outcome = interrupted(&lab, &run.end());
    assert_eq!(
        outcome,
        json!({"result": "interrupted", "step": "copy", "mayGoOn": false})
    );
    lab.let_copies_in("web");
    assert_eq!(lab.state("web"), fresh);

    // While it activates, as people see it: the host may go on, and they must know.
    lab.hold_activations("web");
    let mut run = lab.watch(["deploy"]);
    run.until_said("web> activating");
    wait_until("activation", || {
        lab.host("web").path("/var/lib/activating").exists()
    });
    run.signal(Signal::INT);
    let run = run.end();
    run.exits(130)
        .says("web> interrupted (activate)")
        .says("db> unchanged")
        .says("1 unchanged, 1 interrupted")
        .says(
            "next: an activation may still be running on web; unconfirmed, it goes back by itself",
        );
    lab.is_left_alone();
    lab.let_activations_go("web");

    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    let waited = again.events().into_iter().any(|event| {
        let line = event["line"].as_str().unwrap_or_default();
        line.starts_with("waiting for another activation to end: ")
    });
    assert!(waited, "two activations at once");
    assert_eq!(
        (lab.state("web").generations.len(), again.result("db")),
        (1, "unchanged".to_owned())
    );
    assert_eq!(
        lab.state("web").running.as_deref(),
        lab.state("web").profile()
    );
}

#[test]
fn a_run_that_is_killed_leaves_nothing_behind_for_long() {
    let lab = Lab::with_hosts(["web"]);
    let gate = lab.gate("build");
    lab.network(&format!(
        "web = {{ pkgs, ... }}: {{ {} environment.etc.gated.source =
           pkgs.runCommand \"gated\" {{ }} \"{}; echo done > $out\"; }};",
        lab.reach("web"),
        gate.wait(),
    ));
    let mut run = lab.watch(["deploy", "--json"]);
    run.until_step("web", "build");
    run.signal(Signal::KILL);
    drop(run);
    let is_ssh = |program: &String| program.starts_with("ssh");
    wait_until("end of the connections", || {
        !lab.rig.running_programs().unwrap().iter().any(is_ssh)
    });
    gate.open();
    lab.is_left_alone();
    lab.nixops(["deploy"]).exits(0).says("web> activated");
}

#[test]
fn an_interrupt_before_any_machine_is_known_ends_the_run() {
    let lab = Lab::without_hosts();
    lab.outputs(
        "nixopsConfigurations.default = let f = n: if n < 2 then n else f (n - 1) + f (n - 2);
           in builtins.seq (f 60) { inherit nixpkgs; };",
    );
    for signal in [Signal::INT, Signal::HUP] {
        let mut run = lab.watch(["deploy", "--json"]);
        run.until_event(|event| event["event"] == "started");
        wait_until("evaluation", || {
            let programs = lab.rig.running_programs().unwrap();
            programs.iter().any(|program| program.contains("--eval"))
        });
        run.signal(signal);
        let run = run.end();
        run.exits(130).says("error: interrupted");
        assert_eq!(run.events().last().unwrap()["message"], "interrupted");
        lab.is_left_alone();
    }
}

#[test]
fn a_run_that_is_to_outlive_its_terminal_does() {
    let lab = Lab::without_hosts();
    let gate = lab.gate("build");
    let building = lab.rig.root().join("building");
    lab.network(&format!(
        "web = {{ pkgs, ... }}: {{ environment.etc.gated.source = pkgs.runCommand \"gated\" {{ }}
           \"touch {}; {}; echo done > $out\"; }};",
        building.display(),
        gate.wait()
    ));
    let mut command = lab.rig.command("nohup");
    command
        .args([env!("CARGO_BIN_EXE_nixops"), "deploy", "--build-only"])
        .current_dir(&lab.directory)
        .stdin(Stdio::null());
    let run = Watched::of(&mut command);
    wait_until("build", || building.exists());
    run.signal(Signal::HUP);
    thread::sleep(Duration::from_millis(300));
    gate.open();
    run.end().exits(0);
}
