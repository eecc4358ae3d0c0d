//! `nixops rollback`: machines go back to a generation that they had.

use std::{fs, path::Path};

use rustix::process::Signal;
use serde_json::json;

use crate::{
    confirming::{self, first, hold_profiles, is_settled, wait_for_end},
    lab::Lab,
    state::HELD_ACTIVATION,
    watched::{Watched, wait_until},
};

fn network(lab: &Lab, motto: &str, more: &str) {
    let web = lab.reach("web");
    lab.network(&format!(
        "web = {{ {web} environment.etc.motto.text = \"{motto}\"; {more} }};"
    ));
}

fn generations(lab: &Lab) -> (Vec<u32>, Option<u32>) {
    let all = lab.host("web").generations().unwrap();
    let current = all.iter().find(|one| one.current);
    (
        all.iter().map(|one| one.number).collect(),
        current.map(|one| one.number),
    )
}

#[test]
fn a_machine_goes_back_one_generation_at_a_time_and_forward_again() {
    let lab = Lab::with_hosts(["web"]);
    for motto in ["first", "second", "third"] {
        network(&lab, motto, "");
        lab.nixops(["deploy"]).exits(0);
    }
    let network_is_not_read = "{ outputs = throw \"broken\"; }";
    lab.write("flake.nix", network_is_not_read);
    let run = lab.nixops(["rollback", "--json"]);
    run.exits(0);
    let told = &run.json()[0];
    assert_eq!((&told["from"], &told["to"]), (&json!(3), &json!(2)));
    assert_eq!(told["outcome"]["result"], "activated");
    assert_eq!(lab.read("web", "/etc/motto"), "second");
    // No generation is made for it.
    assert_eq!(generations(&lab), (vec![1, 2, 3], Some(2)));
    // It was tried first, and confirmed.
    let goals: Vec<String> = lab
        .host("web")
        .activations()
        .unwrap()
        .into_iter()
        .map(|one| one.goal)
        .collect();
    assert_eq!(goals[goals.len() - 2..], ["test", "boot"]);
    // What runs is what was wanted last.
    lab.nixops(["status"]).exits(0);
    let journal = lab.nixops(["journal"]);
    assert!(
        journal.stdout.contains("back to generation 2"),
        "{journal:?}"
    );

    let again = lab.nixops(["rollback"]);
    assert_eq!(again.exits(0).stdout, "web> generation 2 → 1: activated\n");
    assert_eq!(lab.read("web", "/etc/motto"), "first");
    lab.nixops(["rollback"])
        .exits(1)
        .says("web: there is no generation before 1");
    let forward = lab.nixops(["rollback", "3"]);
    assert_eq!(
        forward.exits(0).stdout,
        "web> generation 1 → 3: activated\n"
    );
    assert_eq!(lab.read("web", "/etc/motto"), "third");
    let same = lab.nixops(["rollback", "3"]);
    assert_eq!(same.exits(0).stdout, "web> generation 3 → 3: unchanged\n");
    lab.nixops(["rollback", "9", "--on", "web"])
        .exits(1)
        .says("web: there is no generation 9")
        .says("hint: there are 1, 2, 3");
    lab.nixops(["rollback", "nine"]).exits(2);
}

#[test]
fn an_old_generation_that_cannot_run_any_more_is_not_kept() {
    let lab = Lab::with_hosts(["web"]);
    network(
        &lab,
        "first",
        "system.activationScripts.x = \"test ! -e /changed\";",
    );
    lab.nixops(["deploy"]).exits(0);
    network(&lab, "second", "");
    lab.nixops(["deploy"]).exits(0);
    lab.host("web").run(["touch", "/changed"]).unwrap();
    lab.nixops(["rollback"])
        .exits(1)
        .says("the host went back to what ran before");
    assert_eq!(lab.read("web", "/etc/motto"), "second");
    assert_eq!(generations(&lab).1, Some(2));
    lab.nixops(["status"]).exits(0);
}

#[test]
fn what_was_never_deployed_cannot_go_back_start_or_be_backed_up() {
    let lab = Lab::with_hosts(["web"]);
    network(&lab, "first", "");
    for verb in ["rollback", "start", "stop", "backup"] {
        lab.nixops([verb])
            .exits(1)
            .says("this network was not deployed yet; `nixops deploy` does that");
    }
    assert!(lab.host("web").generations().unwrap().is_empty());
}

/// A run whose activation of a host is held.
fn held(lab: &Lab, host: &str, arguments: &[&str]) -> Watched {
    lab.on(host, "rm -f /var/lib/activating");
    lab.hold_activations(host);
    let mut command = lab.command([]);
    let run = Watched::of(command.args(arguments));
    lab.until_activating(host);
    run
}

/// Waits until the activation that goes on has been decided.
fn until_decided(lab: &Lab, host: &str, decision: &str) {
    let activations = lab.host(host).path("/run/nixops/activations");
    wait_until("decision", || {
        let mut all = fs::read_dir(&activations).unwrap().flatten();
        all.any(|one| {
            let one = one.path();
            let decided = fs::read_link(one.join("decision"));
            !one.join("end").exists() && decided.is_ok_and(|to| to == Path::new(decision))
        })
    });
}

/// Hosts for [`rollbacks_are_interrupted`].
pub const BACK_AND_BEYOND: [&str; 2] = ["db", "web"];

#[test]
fn an_interrupted_rollback_leaves_every_host_with_one_system() {
    rollbacks_are_interrupted(&Lab::with_hosts(BACK_AND_BEYOND));
}

/// Hosts whose first system takes its time are interrupted on their way back to it, one after the other.
pub fn rollbacks_are_interrupted(lab: &Lab) {
    first(lab, [("db", HELD_ACTIVATION), ("web", HELD_ACTIVATION)]);
    confirming::network(lab, "second", [("db", ""), ("web", "")]);
    lab.nixops(["deploy"]).exits(0);
    let before = lab.state("web");

    // While it switches: the host goes back as soon as it has.
    let run = held(lab, "web", &["rollback", "--json"]);
    wait_until("end of db", || lab.read("db", "/etc/motto") == "first");
    wait_for_end(lab, "db");
    run.signal(Signal::INT);
    until_decided(lab, "web", "interrupt");
    lab.let_activations_go("web");
    let run = run.end();
    run.exits(130);
    let told = &run.json();
    assert_eq!(told[0]["outcome"], json!({ "result": "activated" }));
    assert_eq!(
        told[1]["outcome"],
        json!({ "result": "interrupted", "step": "activate", "mayGoOn": false, "wentBack": true })
    );
    assert_eq!(lab.read("db", "/etc/motto"), "first");
    is_settled(lab, "web");
    assert_eq!(lab.state("web").generations, before.generations);
    // What was done is noted, and nothing else.
    let journal = lab.nixops(["journal"]).stdout;
    assert_eq!(
        journal.matches("back to generation 1").count(),
        1,
        "{journal}"
    );
    lab.nixops(["status"]).exits(0);

    // Twice: nobody waits for the host, which goes back by itself. What was to come after it is left alone.
    lab.nixops(["deploy"]).exits(0);
    let run = held(lab, "db", &["rollback", "--parallel", "1"]);
    run.signal(Signal::INT);
    until_decided(lab, "db", "interrupt");
    run.signal(Signal::INT);
    let run = run.end();
    run.exits(130)
        .says("db> the activation may still be running there; unconfirmed, it goes back by itself");
    assert_eq!(
        run.stdout,
        "db> generation 2 → 1: interrupted (activate)\nweb> interrupted (connect)"
    );
    lab.is_left_alone();
    lab.let_activations_go("db");
    wait_for_end(lab, "db");
    for host in BACK_AND_BEYOND {
        is_settled(lab, host);
    }

    // After it was confirmed: it comes to its end.
    hold_profiles(lab, "web");
    let mut run = lab.watch(["rollback", "--on", "web"]);
    lab.until_there("web", "/var/lib/profiling");
    run.signal(Signal::INT);
    run.until_said("interrupted: ending ");
    lab.on("web", "rm /var/lib/no-profiles");
    let run = run.end();
    assert_eq!(run.exits(0).stdout, "web> generation 2 → 1: activated");
    let now = lab.state("web");
    assert_eq!(now.running.as_deref(), now.profile());
    assert_eq!(lab.read("web", "/etc/motto"), "first");
    lab.nixops(["status"]).exits(0);
}
