//! Runs and providers that are killed at every step: nothing is made twice, nothing is forgotten.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nixops::state::Stage;
use rusqlite::TransactionBehavior;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::{
    lab::{Lab, Run},
    resources_lab::of_resources,
    watched::{PATIENCE, Watched, wait_until},
};

/// What is there before a deploy that does everything.
const BEFORE: &str = "
    resources.neatcloudVolumes.grows.size = 10;
    resources.neatcloudVolumes.moves = { size = 1; region = \"north\"; };
    resources.neatcloudVolumes.goes.size = 3;
    resources.neatcloudTokens.turns = { scope = \"read\"; deployment.lifecycle.createFirst = true; };
    resources.neatcloudTokens.reads = { resources, ... }: { note = resources.neatcloudVolumes.moves.id; };";

/// And what is to be there: one thing is made, one is changed, one is replaced by deleting it first, one
/// by making another first, one is deleted, and one follows from what became of another.
const AFTER: &str = "
    resources.neatcloudVolumes.comes.size = 5;
    resources.neatcloudVolumes.grows.size = 20;
    resources.neatcloudVolumes.moves = { size = 1; region = \"south\"; };
    resources.neatcloudTokens.turns = { scope = \"write\"; deployment.lifecycle.createFirst = true; };
    resources.neatcloudTokens.reads = { resources, ... }: { note = resources.neatcloudVolumes.moves.id; };";

const THINGS_AFTER: [&str; 5] = [
    "neatcloudTokens id of moves read",
    "neatcloudTokens turns write",
    "neatcloudVolumes comes 5 north",
    "neatcloudVolumes grows 20 north",
    "neatcloudVolumes moves 1 south",
];

/// What makes whoever writes a line of the journal wait for ever.
const STOP: &str = "
    CREATE TRIGGER stop BEFORE INSERT ON journal
    WHEN (SELECT count(*) FROM journal) >= (SELECT lines FROM stops)
    BEGIN SELECT (WITH RECURSIVE more(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM more)
      SELECT count(*) FROM more); END;";

/// A lab in which a deploy that does everything is about to be; `before` is how it was.
fn about_to_change() -> Lab {
    let lab = of_resources(BEFORE);
    lab.settle().exits(0);
    lab.agrees();
    lab.keep_as("before");
    lab.define(AFTER);
    lab
}

impl Lab {
    /// Runs a command until the journal has got so many lines, and kills it before it writes another
    /// one. Says whether it came that far.
    pub fn kill_after(&self, lines: usize, command: &mut Command) -> bool {
        let before = self.journal().len();
        let state = self.meddle();
        let plant = format!(
            "CREATE TABLE stops (lines); INSERT INTO stops VALUES ({});",
            before + lines
        );
        state.execute_batch(&format!("{plant} {STOP}")).unwrap();
        let mut run = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let is_stopped = self.until_it_waits(&mut run, before + lines);
        run.kill().unwrap();
        run.wait().unwrap();
        let gone = || {
            self.meddle()
                .execute_batch("DROP TRIGGER stop; DROP TABLE stops;")
                .is_ok()
        };
        wait_until("end of the writer", gone);
        is_stopped
    }

    /// Waits until a run holds the journal and does not let go of it; false if it ends before.
    fn until_it_waits(&self, run: &mut Child, lines: usize) -> bool {
        let end = Instant::now() + PATIENCE;
        let mut held = 0;
        while held < 10 {
            assert!(Instant::now() < end, "it neither waits nor ends");
            if run.try_wait().unwrap().is_some() {
                return false;
            }
            let mut state = self.meddle();
            state.busy_timeout(Duration::ZERO).unwrap();
            let is_held = state
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .is_err();
            let is_there = is_held && self.journal().len() == lines;
            held = if is_there { held + 1 } else { 0 };
            thread::sleep(Duration::from_millis(10));
        }
        true
    }
}

/// Kills a verb after each line that it writes, and finishes what it left; gives what the runs said that
/// finished it.
fn kill_everywhere(lab: &Lab, verb: &str, arguments: &[&str], things: &[&str]) -> String {
    let mut said = String::new();
    let mut lines = 0;
    while lab.kill_after(lines, &mut lab.verb(verb, arguments)) {
        let again = lab.run_verb(verb, arguments);
        assert_eq!(again.code, Some(0), "after {lines} lines: {again:#?}");
        assert_eq!(lab.things(), things, "after {lines} lines: {again:#?}");
        lab.state_agrees();
        said += &again.stderr;
        lab.back_to("before");
        lines += 1;
    }
    assert!(lines > 8, "only {lines} lines were written");
    said
}

#[test]
fn a_deploy_killed_at_any_step_is_finished_by_the_next_one() {
    let lab = about_to_change();
    // One after another, so that every step is an end of its own.
    let arguments = ["--kill-obsolete", "--yes", "--max-concurrent-create", "1"];
    let said = kill_everywhere(&lab, "deploy", &arguments, &THINGS_AFTER);
    for words in [
        "adopted from a run that did not end",
        "replaced",
        "deleted",
        "updated",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_destroy_killed_at_any_step_is_finished_by_the_next_one() {
    let lab = about_to_change();
    kill_everywhere(&lab, "destroy", &["--yes"], &[]);
}

#[test]
fn a_deploy_that_does_much_at_once_is_killed_again_and_again_and_comes_to_its_end() {
    let lab = about_to_change();
    let arguments = ["--kill-obsolete", "--yes"];
    let mut kills = 0;
    // Later and later: three intents at once may be all that a run gets done.
    while lab.kill_after(3 + kills / 4, &mut lab.verb("deploy", &arguments)) {
        kills += 1;
        assert!(kills < 20, "it never ends: {:#?}", lab.journal());
    }
    lab.is_settled(&THINGS_AFTER);
    assert!(kills > 2, "{kills}");
}

#[test]
fn a_run_killed_while_its_provider_works_leaves_no_work_to_be_done_twice() {
    let lab = about_to_change();
    for method in ["create", "update", "delete"] {
        lab.order_faults(
            &json!([{ "method": method, "fault": "slow", "seconds": 600, "times": null }]),
        );
        let mut run = lab.verb("deploy", &["--kill-obsolete", "--yes"]);
        let mut run = run
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let is_asked = || {
            // Others may come to their end after it has begun.
            let lines = lab.journal().into_iter();
            let last: BTreeMap<_, _> = lines.map(|line| (line.entry.key.clone(), line)).collect();
            let mut open = last
                .values()
                .filter(|line| line.entry.stage == Stage::Intent);
            open.any(|line| {
                let word = serde_json::to_string(&line.entry.operation).unwrap();
                word.contains(method)
            })
        };
        wait_until(method, is_asked);
        run.kill().unwrap();
        run.wait().unwrap();
        // Its providers end with it, since their input does.
        lab.is_left_alone();
        lab.order_faults(&json!([]));
        lab.settle().exits(0);
        lab.is_settled(&THINGS_AFTER);
        lab.back_to("before");
    }
}

#[test]
fn a_provider_killed_before_or_after_its_work_leaves_no_work_to_be_done_twice() {
    let lab = about_to_change();
    for method in ["create", "update", "delete"] {
        for fault in ["crashBefore", "crashAfter"] {
            lab.order_faults(&json!([{ "method": method, "fault": fault }]));
            let run = lab.settle();
            run.exits(1)
                .says(&format!("during `{method}`: the provider "))
                .says("was ended by signal 9");
            let again = lab.settle();
            assert_eq!(again.code, Some(0), "{method} {fault}: {again:#?}");
            lab.is_settled(&THINGS_AFTER);
            lab.back_to("before");
        }
    }
}

#[test]
fn a_server_is_made_once_however_often_the_run_is_killed() {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud("web = { };");
    // The first run makes the state, and nothing else.
    lab.order_faults(&json!([{ "method": "create", "fault": "quota" }]));
    lab.deploy(&[]).exits(1);
    let mut kills = 0;
    while lab.kill_after(1, &mut lab.deploying(&[])) {
        kills += 1;
        assert!(kills < 12, "it never ends: {:#?}", lab.journal());
        assert!(
            lab.cloud_has("servers").len() <= 1,
            "{:#?}",
            lab.cloud_has("servers")
        );
    }
    assert!(kills >= 3, "{kills}");
    assert_eq!(
        (
            lab.cloud_has("servers").len(),
            lab.cloud_has("sshKeys").len()
        ),
        (1, 1)
    );
    lab.deploy(&[]).exits(0).says("web> unchanged");
    lab.state_agrees();
}

#[test]
fn a_provider_that_outlives_its_run_keeps_the_lock_until_it_ends() {
    let lab = of_resources("resources.neatcloudVolumes.data.size = 1;");
    let provider = crate::plugins_lab::neatcloud();
    let hold = lab.place("hold");
    let lingers = lab.script(
        "lingers",
        &format!(
            "#!/bin/sh\n{}\nwhile [ -e {hold} ]; do sleep 0.05; done\n",
            provider.display()
        ),
    );
    lab.beside("hold", "");
    let arguments = ["--provider", "neatcloud", &lingers];
    lab.order_faults(&json!([{ "method": "create", "fault": "slow", "seconds": 600 }]));
    let run = Watched::of(&mut lab.verb("deploy", &arguments));
    wait_until("intent", || {
        lab.place_exists("state/nixops/state.db") && !lab.journal().is_empty()
    });
    run.signal(Signal::KILL);
    drop(run);

    let second = lab.settle();
    second
        .exits(1)
        .says("another run works on this deployment")
        .says("`nixops deploy` since");
    let mut third = Watched::of(&mut lab.verb("deploy", &["--wait-lock"]));
    third.until_said("warning: waiting for the deployment: ");
    std::fs::remove_file(hold).unwrap();
    third.end().exits(0).says("neatcloudVolumes.data> ");
    lab.is_settled(&["neatcloudVolumes data 1 north"]);
}

#[test]
fn a_second_run_waits_only_as_long_as_it_is_told() {
    let lab = of_resources("resources.neatcloudVolumes.data.size = 1;");
    lab.order_faults(&json!([{ "method": "create", "fault": "slow", "seconds": 600 }]));
    let first = lab
        .verb("deploy", &[])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("intent", || {
        lab.place_exists("state/nixops/state.db") && !lab.journal().is_empty()
    });
    let begun = Instant::now();
    let second: Run = lab.run_verb("deploy", &["--wait-lock=2"]);
    second.exits(1).says(&format!("process {}", first.id()));
    assert!(begun.elapsed() > Duration::from_secs(2));
    kill_process(Pid::from_child(&first), Signal::TERM).unwrap();
    let mut first = first;
    first.wait().unwrap();
}
