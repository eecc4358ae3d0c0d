//! How many processes evaluate, by what those before them were measured to use.

use std::{collections::BTreeSet, fs, thread};

use crate::{
    caching_lab::{COLLECTION, Counted},
    lab::{Lab, Run},
    watched::Watched,
};

/// A machine that says its name and takes some hundred megabytes, which are garbage afterwards.
const BIG: &str = "big.environment.etc.sum.text = builtins.trace \"at big\" (toString
    (builtins.foldl' (a: b: a + b) 0 (builtins.genList (n: n + 1) 6000000)));";

/// Evaluates anew, expects success, and counts.
#[track_caller]
fn evaluate(lab: &Lab, limits: &[&str]) -> Counted {
    lab.counted_eval(&[&["--no-eval-cache"], limits].concat())
}

#[test]
fn a_process_that_retains_too_much_is_replaced() {
    let lab = Lab::without_hosts();
    lab.outputs(
        "nixopsConfigurations.default =
           let
             # What one machine has needed of it stays for all others.
             shared = builtins.genList (n: builtins.genList (m: m + n) 1000000) 6;
             machine = n: {
               name = \"m${toString n}\";
               value.environment.etc.sum.text = builtins.trace \"at m${toString n}\" (toString
                 (builtins.foldl' (a: b: a + b) 0 (builtins.elemAt shared n)));
             };
           in
           { inherit nixpkgs; } // builtins.listToAttrs (builtins.genList machine 6);",
    );
    let all = evaluate(&lab, &["--eval-workers", "1"]);
    assert_eq!(all.batches(), [["m0", "m1", "m2", "m3", "m4", "m5"]]);

    let few = evaluate(&lab, &["--eval-workers", "1", "--eval-memory", "1"]);
    let sizes: Vec<_> = few.batches().iter().map(Vec::len).collect();
    assert!(sizes.len() > 1, "{sizes:?}");
    // Each gets further than the one before it.
    assert!(sizes.is_sorted_by(|one, next| one > next), "{sizes:?}");
    assert_eq!(few.run.json(), all.run.json());
    for n in 0..6 {
        few.run.says_once(&format!("at m{n}"));
    }
}

#[test]
fn a_machine_larger_than_all_memory_is_evaluated_once() {
    let lab = Lab::without_hosts();
    lab.network(&format!("a = {{ }}; {BIG} z = {{ }};"));
    let all = evaluate(&lab, &["--eval-workers", "1"]);
    assert_eq!(all.batches(), [["a", "big", "z"]]);

    let replaced = evaluate(&lab, &["--eval-workers", "1", "--eval-memory", "200"]);
    assert_eq!(replaced.batches(), [vec!["a", "big", "z"], vec!["z"]]);
    assert_eq!(replaced.run.json(), all.run.json());
    replaced.run.says_once("at big");

    let alone = evaluate(&lab, &["--eval-memory", "1"]);
    assert_eq!(alone.run.json(), all.run.json());
    alone.run.says_once("at big");
}

#[test]
fn small_machines_get_a_heap_that_fits_once_one_of_them_is_measured() {
    let lab = Lab::without_hosts();
    lab.network("a = { }; b = { }; c = { }; d = { }; e = { }; f = { };");
    let collections = |counted: &Counted| -> Vec<usize> {
        let programs = counted.programs.iter();
        let of_machines = programs.filter(|line| line.contains("-A machines."));
        let counts = of_machines.map(|line| line.matches(&format!("-A {COLLECTION} ")).count());
        counts.collect()
    };
    let fitted = evaluate(&lab, &["--eval-workers", "1"]);
    let all = ["a", "b", "c", "d", "e", "f"];
    assert_eq!(fitted.batches(), [&all[..], &all[1..]]);
    assert_eq!(collections(&fitted), [0, 4]);

    // Who says how large a heap is has that.
    let mut told = lab.counting(&["eval", "--json", "--no-eval-cache", "--eval-workers", "1"]);
    let told = lab.counted(Run::of(told.env("GC_INITIAL_HEAP_SIZE", "100000000")));
    told.run.exits(0);
    assert_eq!(collections(&told), [0]);
    assert_eq!(told.run.json(), fitted.run.json());
}

#[test]
fn small_machines_are_evaluated_side_by_side_in_little_memory() {
    if thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        return;
    }
    let lab = Lab::without_hosts();
    // Two that share a process, which is there to be measured when it is through with the first of them.
    let small = "a = { }; b = { }; c = { };";
    lab.network(&format!("{small} {}", meeting(&lab)));
    // One of the size that is expected of a machine does not fit.
    let counted = evaluate(&lab, &["--eval-memory", "1000"]);
    assert_eq!(counted.batches()[0], ["a", "b"], "{counted:#?}");
    assert_eq!(counted.batches().len(), 4, "{counted:#?}");
}

#[test]
fn what_machines_were_measured_to_need_is_known_to_the_next_run() {
    if thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        return;
    }
    let lab = Lab::without_hosts();
    // Some share a process, which is there to be measured when it is through with the first of them.
    lab.network("a = { }; b = { }; c = { }; d = { }; e = { };");
    let first = lab.counted_eval(&[]);
    let shared = first.batches().contains(&vec!["a", "b"]);
    assert!(shared, "{first:#?}");
    // There is nobody who could be measured before them.
    lab.network(&meeting(&lab));
    let counted = lab.counted_eval(&["--eval-memory", "1000"]);
    assert_eq!(counted.batches().len(), 2, "{counted:#?}");
}

/// Two machines, `one` and `other`, each of which waits until the other one is evaluated too.
fn meeting(lab: &Lab) -> String {
    let machine = |one: &str, other: &str| {
        let (here, there) = (lab.place(one), lab.place(other));
        let file = format!(
            "pkgs.runCommand \"{one}\" {{ }} ''
               touch {here} $out
               tries=0
               until [ -e {there} ]; do tries=$((tries + 1)); [ $tries -lt 300 ]; sleep 0.1; done
             ''"
        );
        format!(
            "{one} = {{ pkgs, ... }}: {{ deployment.tags = [ \"met${{builtins.readFile ({file})}}\" ]; }};"
        )
    };
    format!("{} {}", machine("one", "other"), machine("other", "one"))
}

#[test]
fn a_heavy_machine_leaves_neither_a_worker_idle_nor_a_name_behind_it() {
    let lab = Lab::without_hosts();
    let gate = lab.place("gate");
    lab.outputs(&format!(
        "nixopsConfigurations.default =
           let
             machine = n: {{
               name = \"m${{toString (n + 10)}}\";
               value.environment.etc.name.text = builtins.trace \"at m${{toString (n + 10)}}\" \"\";
             }};
             heavy = {{ pkgs, ... }}: {{
               environment.etc.gate.text = builtins.readFile (pkgs.runCommand \"gate\" {{ }} ''
                 tries=0
                 until [ -e {gate} ]; do tries=$((tries + 1)); [ $tries -lt 600 ]; sleep 0.1; done
                 touch $out
               '');
             }};
           in
           {{ inherit nixpkgs heavy; }} // builtins.listToAttrs (builtins.genList machine 23);"
    ));
    let arguments = ["eval", "--json", "--no-eval-cache", "--eval-workers", "2"];
    let mut run = Watched::of(&mut lab.counting(&arguments));
    // The first batch is a quarter of them; what is behind the heavy one there is done by the other worker.
    (10..33).for_each(|n| run.until_said(&format!("at m{n}")));
    fs::write(gate, "").unwrap();
    let counted = lab.counted(run.end());
    counted.run.exits(0);
    let (with_heavy, others): (Vec<_>, Vec<_>) = counted
        .batches()
        .into_iter()
        .partition(|names| names.contains(&"heavy"));
    assert_eq!(with_heavy, [["heavy", "m10", "m11", "m12", "m13", "m14"]]);
    assert!(others.len() > 1, "{others:?}");
    // Those of a process that is replaced by one with a heap that fits are given to two.
    let others = others.concat().into_iter().collect::<BTreeSet<_>>();
    assert_eq!(others.len(), 23, "{others:?}");
    for n in 10..33 {
        counted.run.says_once(&format!("at m{n}"));
    }
    assert_eq!(
        counted.run.json()["machines"].as_object().unwrap().len(),
        24
    );
}
