//! Runs that the user, or something else, ends before their time.

use std::{fs, path::Path, process::Stdio, thread, time::Duration};

use rustix::process::Signal;
use serde_json::json;

use crate::{
    confirming::{
        first, hold_profiles, is_as_before, is_settled, network, wait_for_end, wait_for_file,
    },
    lab::{Lab, Run},
    state::HELD_ACTIVATION,
    watched::{Watched, is_step, wait_until},
};

/// A check that takes as long as a test likes, so that the host is on trial meanwhile, and a lease that no test sees end.
pub const LONG_TRIAL: &str = "deployment.rollback.timeout = 600; deployment.healthChecks.slow = {
    command = [ \"sh\" \"-c\" \"touch /run/looked-at; exec sleep 1000\" ]; timeout = 600; };";

/// Waits until the host is on trial, and its slow check has begun.
pub fn wait_for_trial(lab: &Lab, host: &str) {
    wait_for_file(lab, host, "tested");
    let file = lab.host(host).path("/run/looked-at");
    wait_until("check", || file.exists());
}

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

    // While it activates, as people see it who do not wait for the end: the host may go on, and they must know.
    lab.hold_activations("web");
    let mut run = lab.watch(["deploy"]);
    run.until_said("web> activating");
    lab.until_activating("web");
    run.signal(Signal::INT);
    run.until_said("interrupted: ending activation web; Ctrl-C again ends at once");
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

/// What the host keeps of the end of its last activation.
fn last_end(lab: &Lab, host: &str) -> String {
    lab.on(
        host,
        "cd /run/nixops/activations; cat \"$(ls -t | head -n 1)/end\"",
    )
}

#[test]
fn a_host_on_trial_is_told_to_go_back_at_once() {
    let lab = Lab::with_hosts(["web", "fresh"]);
    network(&lab, "first", [("web", "")]);
    lab.nixops(["deploy"]).exits(0);
    let before = lab.state("web");
    network(&lab, "second", [("web", LONG_TRIAL), ("fresh", LONG_TRIAL)]);
    for signal in [Signal::INT, Signal::TERM] {
        let run = lab.watch(["deploy", "--json"]);
        for host in ["web", "fresh"] {
            wait_for_trial(&lab, host);
        }
        run.signal(signal);
        // In less time than the tenth of the timeout, or this ends the test.
        let run = run.end();
        let outcome = interrupted(&lab, &run);
        assert_eq!(
            outcome,
            json!({"result": "interrupted", "step": "activate", "mayGoOn": false, "wentBack": true})
        );
        is_as_before(&lab, "web", &before);
        assert_eq!(last_end(&lab, "web"), "rolled-back 0 interrupt 0\n");
        // Nothing ran there that it could go back to.
        assert_eq!(
            run.summary()["machines"]["fresh"]["outcome"],
            json!({"result": "interrupted", "step": "activate", "mayGoOn": false})
        );
        assert_eq!(last_end(&lab, "fresh"), "failed 0 interrupt\n");
        assert_eq!(lab.state("fresh").profile(), None);
        for host in ["web", "fresh"] {
            lab.on(host, "rm /run/looked-at");
        }
    }
    network(&lab, "second", [("web", ""), ("fresh", "")]);
    lab.nixops(["deploy"]).exits(0);
    for host in ["web", "fresh"] {
        is_settled(&lab, host);
    }
}

#[test]
fn a_host_that_switches_goes_back_as_soon_as_it_has_and_the_run_tells() {
    let lab = Lab::with_hosts(["web"]);
    let [before] = first(&lab, [("web", "")]);
    let long = format!("{HELD_ACTIVATION} deployment.rollback.timeout = 600;");
    network(&lab, "second", [("web", &long)]);
    lab.hold_activations("web");
    let run = lab.watch(["deploy"]);
    lab.until_activating("web");
    run.signal(Signal::INT);
    let decision = lab.host("web").path("/run/nixops/activations");
    wait_until("decision", || {
        let mut all = fs::read_dir(&decision).unwrap().flatten();
        all.any(|one| {
            fs::read_link(one.path().join("decision")).is_ok_and(|to| to == Path::new("interrupt"))
        })
    });
    lab.let_activations_go("web");
    run.end()
        .exits(130)
        .says("web> interrupted (activate), went back")
        .does_not_say("may still be running");
    lab.is_left_alone();
    is_as_before(&lab, "web", &before);
}

#[test]
fn a_second_interrupt_ends_the_run_at_once_and_the_host_goes_back_by_itself() {
    let lab = Lab::with_hosts(["web"]);
    let [before] = first(&lab, [("web", "")]);
    let short = LONG_TRIAL.replacen("600", "5", 1);
    network(&lab, "second", [("web", &short)]);
    let mut run = lab.watch(["deploy"]);
    wait_for_trial(&lab, "web");
    // A host that cannot be told.
    lab.host("web").hang().unwrap();
    run.signal(Signal::INT);
    run.until_said("interrupted: ending ");
    run.signal(Signal::INT);
    run.end().exits(130).says(
        "next: an activation may still be running on web; unconfirmed, it goes back by itself",
    );
    lab.is_left_alone();
    wait_for_end(&lab, "web");
    assert_eq!(last_end(&lab, "web"), "rolled-back 0 lease 0\n");
    is_as_before(&lab, "web", &before);
}

#[test]
fn what_is_confirmed_comes_to_its_end_with_its_keys() {
    let lab = Lab::with_hosts(["web"]);
    let key = |text: &str| format!("deployment.keys.token.text = \"{text}\";");
    first(&lab, [("web", &key("one"))]);
    network(&lab, "second", [("web", &key("two"))]);
    hold_profiles(&lab, "web");
    let mut run = lab.watch(["deploy", "--json"]);
    lab.until_there("web", "/var/lib/profiling");
    assert_eq!(lab.read("web", "/run/keys/token"), "one");
    run.signal(Signal::INT);
    run.until_event(|event| event["event"] == "interrupted");
    lab.on("web", "rm /var/lib/no-profiles");
    let run = run.end();
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    lab.is_left_alone();
    is_settled(&lab, "web");
    assert_eq!(lab.read("web", "/run/keys/token"), "two");
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
