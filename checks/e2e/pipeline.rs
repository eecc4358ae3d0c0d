//! Machines go their own ways: what holds one up, or ends its way, is nothing to the others.

use std::{fs, thread, time::Duration};

use serde_json::Value;

use crate::{
    lab::Lab,
    state::{Gate, HELD_ACTIVATION},
    watched::is_step,
};

/// A file of `/etc` whose build waits at a gate.
fn gated(gate: &Gate) -> String {
    format!(
        "environment.etc.gated.source = pkgs.runCommand \"gated\" {{ }} \"{}; echo done > $out\";",
        gate.wait()
    )
}

#[test]
fn a_machine_that_is_slow_in_any_step_holds_up_no_other() {
    let lab = Lab::with_hosts(["fast", "evaluates", "builds", "copies", "activates"]);
    let (evaluation, build) = (lab.gate("evaluation"), lab.gate("build"));
    lab.network(&format!(
        "evaluates = {{ pkgs, ... }}: {{ {} environment.etc.imported.text = builtins.readFile
           (pkgs.runCommand \"imported\" {{ }} \"{}; echo done > $out\"); }};
         builds = {{ pkgs, ... }}: {{ {} {} }};
         copies = {{ {} }};
         activates = {{ {} {HELD_ACTIVATION} }};
         fast = {{ {} }};",
        lab.reach("evaluates"),
        evaluation.wait(),
        lab.reach("builds"),
        gated(&build),
        lab.reach("copies"),
        lab.reach("activates"),
        lab.reach("fast"),
    ));
    lab.hold_copies("copies");
    lab.hold_activations("activates");

    let mut run = lab.watch(["deploy", "--json", "--eval-workers", "2", "--max-jobs", "4"]);
    assert_eq!(run.until_done("fast"), "activated");
    run.until_step("evaluates", "evaluate");
    run.until_step("builds", "build");
    run.until_step("copies", "copy");
    run.until_step("activates", "activate");
    let finish = |machine: &str, run: &mut crate::watched::Watched| {
        assert!(!run.is_done(machine), "{machine} did not wait");
        match machine {
            "evaluates" => evaluation.open(),
            "builds" => build.open(),
            "copies" => lab.let_copies_in("copies"),
            _ => lab.let_activations_go("activates"),
        }
        assert_eq!(run.until_done(machine), "activated");
    };
    for machine in ["builds", "activates", "evaluates", "copies"] {
        finish(machine, &mut run);
    }
    run.end().exits(0);
}

#[test]
fn what_fails_fails_only_the_machines_that_need_it() {
    let lab = Lab::with_hosts(["left", "right", "broken", "wrong", "good"]);
    let builds = lab.rig.root().join("builds-of-shared");
    let shared = format!(
        "environment.etc.shared.source = pkgs.runCommand \"shared\" {{ }} \"echo one >> {}; sleep 1; echo done > $out\";",
        builds.display()
    );
    lab.network(&format!(
        "left = {{ pkgs, ... }}: {{ {} {shared} }};
         right = {{ pkgs, ... }}: {{ {} {shared} }};
         broken = {{ pkgs, ... }}: {{ {} environment.etc.broken.source = pkgs.runCommand \"broken-part\" {{ }}
           \"echo compiling; echo undefined reference to frobnicate; exit 3\"; }};
         wrong = {{ {} environment.etc.wrong.text = throw \"no certificate for wrong\"; }};
         good = {{ {} }};",
        lab.reach("left"),
        lab.reach("right"),
        lab.reach("broken"),
        lab.reach("wrong"),
        lab.reach("good"),
    ));
    let before = lab.state("broken");

    let run = lab.nixops(["deploy", "--json"]);
    run.exits(1);
    for name in ["left", "right", "good"] {
        assert_eq!(run.result(name), "activated");
    }
    assert_eq!(fs::read_to_string(&builds).unwrap(), "one\n");
    let summary = run.summary();
    let outcome = |name: &str| summary["machines"][name]["outcome"].clone();
    assert_eq!(
        (&outcome("broken")["step"], &outcome("wrong")["step"]),
        (&"build".into(), &"evaluate".into())
    );
    let place = &outcome("wrong")["position"];
    assert!(
        place["file"].as_str().unwrap().ends_with("/flake.nix"),
        "{place}"
    );
    assert_eq!(lab.state("broken"), before);
    assert_eq!(summary["totals"]["failed"], 2);

    let said = lab.nixops(["deploy"]);
    said.exits(1)
        .says("error: broken: failed to build: ")
        .says("broken-part")
        .says("undefined reference to frobnicate")
        .says("error: wrong: failed to evaluate: ")
        .says("no certificate for wrong")
        .says("3 unchanged, 2 failed")
        .says("--on broken --on wrong")
        .does_not_say("while evaluating the attribute")
        .does_not_say("panicked");
}

#[test]
fn limits_of_copies_and_activations_are_kept() {
    let names = ["one", "two", "three"];
    let lab = Lab::with_hosts(names);
    let network = |motto: &str| {
        let machine = |name: &&str| {
            format!(
                "{name} = {{ {} {HELD_ACTIVATION} environment.etc.motto.text = \"{motto}\"; }};",
                lab.reach(name)
            )
        };
        lab.network(&names.iter().map(machine).collect::<String>());
    };

    // Without limits of one, all three are in the same step at the same time.
    network("first");
    for name in names {
        lab.hold_copies(name);
        lab.hold_activations(name);
    }
    let mut run = lab.watch(["deploy", "--json"]);
    for name in names {
        run.until_step(name, "copy");
    }
    let let_copies_in = || {
        for name in names {
            lab.let_copies_in(name);
        }
    };
    let_copies_in();
    for name in names {
        run.until_step(name, "activate");
    }
    for name in names {
        lab.let_activations_go(name);
    }
    let run = run.end();
    run.exits(0);
    assert_eq!(most_at_once(&run.events(), "copy"), 3);
    assert_eq!(most_at_once(&run.events(), "activate"), 3);

    network("second");
    for name in names {
        lab.hold_copies(name);
    }
    let run = lab.watch([
        "deploy",
        "--json",
        "--max-concurrent-copy",
        "1",
        "--max-concurrent-activate",
        "1",
    ]);
    thread::scope(|scope| {
        let opened = scope.spawn(|| {
            // Long enough for the others to begin, if nothing kept them.
            thread::sleep(Duration::from_secs(2));
            let_copies_in();
        });
        let run = run.end();
        opened.join().unwrap();
        run.exits(0);
        assert_eq!(most_at_once(&run.events(), "copy"), 1);
        assert_eq!(most_at_once(&run.events(), "activate"), 1);
    });
}

#[test]
fn a_machine_with_work_does_not_wait_for_those_that_are_only_looked_at() {
    let lab = Lab::with_hosts(["a", "b", "edited"]);
    let line = lab.gate("line");
    let network = |text: &str| {
        lab.network(&format!(
            "a = {{ {} }}; b = {{ {} }};
             edited = {{ {} {HELD_ACTIVATION} environment.etc.text.text = \"{text}\"; }};",
            behind(&lab, "a", &line),
            behind(&lab, "b", &line),
            lab.reach("edited"),
        ));
    };
    network("first");
    line.open();
    lab.nixops(["deploy"]).exits(0);

    network("second");
    // From now on it is known who has work.
    lab.nixops(["deploy", "--dry-run"]).exits(0);
    line.close();
    lab.hold_activations("edited");
    let limits = ["--max-concurrent-connect", "2", "--connect-timeout", "300"];
    let [limit, two, timeout, seconds] = limits;
    let mut run = lab.watch(["deploy", "--json", limit, two, timeout, seconds]);
    run.until_step("edited", "activate");
    assert!(!run.is_done("a") && !run.is_done("b"));
    // Nor do they wait for it.
    line.open();
    for name in ["a", "b"] {
        assert_eq!(run.until_done(name), "unchanged");
    }
    lab.let_activations_go("edited");
    assert_eq!(run.until_done("edited"), "activated");
    run.end().exits(0);
}

/// Options of a machine that is reached once a gate is open.
fn behind(lab: &Lab, name: &str, gate: &Gate) -> String {
    let (host, wait) = (lab.host(name), gate.wait());
    let line = format!("exec 3<>/dev/tcp/{}/{}", host.address, host.port);
    format!(
        "{} deployment.sshOptions = [ \"-o\"
           \"ProxyCommand=bash -c '{wait}; {line}; cat <&3 & cat >&3; kill $!'\" ];",
        lab.reach(name)
    )
}

/// The number of machines that were in a step at the same time.
fn most_at_once(events: &[Value], step: &str) -> usize {
    let names = ["one", "two", "three"];
    let (mut now, mut most) = (0, 0);
    for event in events {
        now += names
            .iter()
            .filter(|name| is_step(event, "step-started", name, step))
            .count();
        now -= names
            .iter()
            .filter(|name| is_step(event, "step-finished", name, step))
            .count();
        most = most.max(now);
    }
    most
}
