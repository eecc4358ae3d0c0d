use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("m{number}")).collect()
}

fn rollout(batch: Option<&str>, max_fail: Option<&str>) -> Rollout {
    let batches = batch.map(|text| text.parse().unwrap());
    Rollout {
        batches: batches.unwrap_or_default(),
        max_fail: max_fail.map(|text| text.parse().unwrap()),
        atomic: false,
    }
}

fn atomic() -> Rollout {
    Rollout {
        atomic: true,
        ..Rollout::default()
    }
}

fn never() -> bool {
    false
}

/// Sends every machine through the gate in a thread of its own, and gives the order in which they began, with
/// the machines that were inside by then. Those in `failing` fail inside.
fn pass(gate: &Gate, machines: &[String], failing: &[&str]) -> Vec<(String, Admission)> {
    let passed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        // The last one comes first, so that order is the gate's doing.
        for machine in machines.iter().rev() {
            let passed = &passed;
            scope.spawn(move || {
                let admission = gate.enter(machine, never);
                passed
                    .lock()
                    .unwrap()
                    .push((machine.clone(), admission.clone()));
                thread::sleep(Duration::from_millis(5));
                let failed = failing.contains(&machine.as_str());
                let end = if failed { End::Failed } else { End::Well };
                if matches!(admission, Admission::Go { .. }) {
                    gate.leave(machine, end);
                }
            });
        }
    });
    passed.into_inner().unwrap()
}

fn batch_of(admission: &Admission) -> Option<usize> {
    match admission {
        Admission::Go { batch, .. } => *batch,
        other => panic!("{other:?}"),
    }
}

fn stopped(passed: &[(String, Admission)]) -> Vec<&str> {
    let stopped = passed
        .iter()
        .filter(|(_, admission)| matches!(admission, Admission::Stop(_)));
    let mut stopped: Vec<&str> = stopped.map(|(name, _)| name.as_str()).collect();
    stopped.sort_unstable();
    stopped
}

#[test]
fn without_batches_nobody_waits() {
    let gate = Gate::new(&Rollout::default(), &names(2), &[]);
    let expected = Admission::Go {
        batch: None,
        is_first: true,
    };
    assert_eq!(gate.enter("m2", never), expected);
    let expected = Admission::Go {
        batch: None,
        is_first: false,
    };
    assert_eq!(gate.enter("m1", never), expected);
}

#[test]
fn batches_open_one_after_another_in_the_order_of_the_machines() {
    let machines = names(6);
    let gate = Gate::new(&rollout(Some("1,2,rest"), None), &machines, &[]);
    let passed = pass(&gate, &machines, &[]);
    let batches: Vec<Option<usize>> = passed.iter().map(|(_, it)| batch_of(it)).collect();
    assert_eq!(batches, [1, 2, 2, 3, 3, 3].map(Some));
    assert_eq!(passed[0].0, "m1");
    let firsts = passed
        .iter()
        .filter(|(_, it)| matches!(it, Admission::Go { is_first: true, .. }));
    assert_eq!(firsts.count(), 3);
}

#[test]
fn what_leaves_without_entering_takes_up_no_place() {
    let machines = names(4);
    let gate = Gate::new(&rollout(Some("1,rest"), None), &machines, &[]);
    gate.leave("m1", End::Well);
    let passed = pass(&gate, &machines[1..], &[]);
    assert_eq!(passed[0].0, "m2");
    assert_eq!(batch_of(&passed[0].1), Some(1));
    assert_eq!(batch_of(&passed[1].1), Some(2));
}

#[test]
fn a_batch_waits_for_machines_that_are_on_the_way() {
    let machines = names(2);
    let gate = Gate::new(&rollout(Some("1,rest"), None), &machines, &[]);
    thread::scope(|scope| {
        let second = scope.spawn(|| gate.enter("m2", never));
        thread::sleep(Duration::from_millis(50));
        assert!(!second.is_finished());
        gate.leave("m1", End::Well);
        assert_eq!(batch_of(&second.join().unwrap()), Some(1));
    });
}

#[test]
fn one_failure_is_enough_to_keep_the_next_batch_from_beginning() {
    let machines = names(4);
    let gate = Gate::new(&rollout(Some("1,rest"), None), &machines, &[]);
    let passed = pass(&gate, &machines, &["m1"]);
    assert_eq!(stopped(&passed), ["m2", "m3", "m4"]);
    let because = Admission::Stop("m1 failed, and no more begin (--max-fail 0)".to_owned());
    assert_eq!(passed[1].1, because);
}

#[test]
fn as_many_may_fail_as_it_is_said() {
    let machines = names(10);
    let gate = Gate::new(&rollout(Some("2"), Some("20%")), &machines, &[]);
    let passed = pass(&gate, &machines, &["m1", "m4", "m5"]);
    assert_eq!(stopped(&passed), ["m10", "m7", "m8", "m9"]);
}

#[test]
fn what_failed_on_the_way_counts_too() {
    let machines = names(6);
    let gate = Gate::new(&rollout(None, Some("3")), &machines, &[]);
    for machine in &machines[..4] {
        gate.leave(machine, End::Failed);
        gate.leave(machine, End::Failed);
    }
    let because = "m1, m2, m3 and 1 more failed, and no more begin (--max-fail 3)".to_owned();
    assert_eq!(gate.enter("m5", never), Admission::Stop(because));
}

#[test]
fn who_waits_is_told_of_an_interrupt() {
    let gate = Gate::new(&rollout(Some("1"), None), &names(2), &[]);
    let interrupted = AtomicBool::new(false);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| gate.enter("m2", || interrupted.load(Ordering::SeqCst)));
        thread::sleep(Duration::from_millis(20));
        interrupted.store(true, Ordering::SeqCst);
        assert_eq!(waiting.join().unwrap(), Admission::Interrupted);
    });
}

#[test]
fn an_atomic_run_begins_when_nobody_is_on_the_way() {
    let gate = Gate::new(&atomic(), &names(3), &[]);
    thread::scope(|scope| {
        let first = scope.spawn(|| gate.enter("m1", never));
        let second = scope.spawn(|| gate.enter("m2", never));
        thread::sleep(Duration::from_millis(50));
        assert!(!first.is_finished() && !second.is_finished());
        gate.leave("m3", End::Well);
        for entered in [first, second] {
            assert_eq!(batch_of(&entered.join().unwrap()), None);
        }
    });
}

#[test]
fn an_atomic_run_does_not_begin_without_a_machine_that_failed_on_the_way() {
    let gate = Gate::new(&atomic(), &names(2), &[]);
    gate.leave("m2", End::Failed);
    let because = "m2 failed, and --atomic activates all or none".to_owned();
    assert_eq!(gate.enter("m1", never), Admission::Stop(because));
}

/// Enters with all three, and gives what each is told when those in `well` are well and the others fail.
fn agreed(gate: &Gate, well: &[&str]) -> BTreeMap<String, bool> {
    let agreed = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for machine in names(3) {
            let agreed = &agreed;
            scope.spawn(move || {
                gate.enter(&machine, never);
                if well.contains(&machine.as_str()) {
                    let verdict = gate.agree(&machine, never);
                    agreed.lock().unwrap().insert(machine.clone(), verdict);
                    gate.leave(&machine, End::Well);
                } else {
                    gate.leave(&machine, End::Failed);
                }
            });
        }
    });
    agreed.into_inner().unwrap()
}

#[test]
fn nothing_is_made_to_last_unless_all_are_well() {
    let gate = Gate::new(&atomic(), &names(3), &[]);
    let told = agreed(&gate, &["m1", "m2", "m3"]);
    assert_eq!(told.into_values().collect::<Vec<_>>(), [true, true, true]);
    let gate = Gate::new(&atomic(), &names(3), &[]);
    let told = agreed(&gate, &["m1", "m3"]);
    assert_eq!(told.into_values().collect::<Vec<_>>(), [false, false]);
    assert_eq!(
        gate.why_not(),
        "m2 failed, and --atomic activates all or none"
    );
}

#[test]
fn what_was_agreed_is_not_taken_back() {
    let gate = Gate::new(&atomic(), &names(2), &[]);
    thread::scope(|scope| {
        let entered = ["m1", "m2"].map(|name| (name, scope.spawn(|| gate.enter(name, never))));
        for (_, thread) in entered {
            thread.join().unwrap();
        }
        let first = scope.spawn(|| gate.agree("m1", never));
        assert!(gate.agree("m2", never));
        gate.leave("m2", End::Failed);
        assert!(first.join().unwrap());
    });
}

#[test]
fn an_interrupt_is_no_agreement() {
    let gate = Gate::new(&atomic(), &names(2), &[]);
    thread::scope(|scope| {
        let others = scope.spawn(|| gate.enter("m2", never));
        gate.enter("m1", never);
        others.join().unwrap();
        assert!(!gate.agree("m1", || true));
        assert!(!gate.agree("m2", never));
        let because = "the run was interrupted before all were well";
        assert_eq!(gate.why_not(), because);
    });
}

#[test]
fn machines_are_their_own_affair_where_nothing_is_atomic() {
    let gate = Gate::new(&Rollout::default(), &names(2), &[]);
    gate.leave("m2", End::Failed);
    gate.enter("m1", never);
    assert!(gate.agree("m1", never));
}

#[test]
fn one_that_cannot_take_part_keeps_all_of_an_atomic_run_from_beginning() {
    let stops = |gate: &Gate| match gate.enter("m2", never) {
        Admission::Stop(because) => because,
        other => panic!("{other:?}"),
    };
    let because = |name: &str| format!("{name} failed, and --atomic activates all or none");
    let gate = Gate::new(&atomic(), &names(2), &["db".to_owned()]);
    gate.leave("m1", End::Well);
    assert_eq!(stops(&gate), because("db"));
    let gate = Gate::new(&atomic(), &names(2), &[]);
    gate.leave("m1", End::Skipped);
    assert_eq!(stops(&gate), because("m1"));
    // Elsewhere it is no failure.
    let gate = Gate::new(&rollout(None, Some("0")), &names(2), &["db".to_owned()]);
    gate.leave("m1", End::Skipped);
    assert!(matches!(gate.enter("m2", never), Admission::Go { .. }));
}
