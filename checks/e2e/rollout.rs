//! Machines one after another, all or none, and again.

use crate::lab::{Lab, Run};

/// Three machines; `more` is added to each by name.
fn three(lab: &Lab, motto: &str, more: [&str; 3]) {
    let machines = ["a", "b", "c"].iter().zip(more).map(|(name, more)| {
        let reach = lab.reach(name);
        format!("{name} = {{ {reach} environment.etc.motto.text = \"{motto}\"; {more} }};")
    });
    lab.network(&machines.collect::<String>());
}

fn deploy(lab: &Lab, arguments: &[&str]) -> Run {
    Run::of(lab.command(["deploy", "--json"]).args(arguments))
}

/// When a host last activated something.
fn activated_at(lab: &Lab, host: &str) -> f64 {
    let activations = lab.host(host).activations().unwrap();
    activations.last().unwrap().at
}

fn runs(lab: &Lab, host: &str) -> Option<String> {
    let system = lab.host(host).read_link("/run/current-system").unwrap();
    system.map(|system| system.to_string_lossy().into_owned())
}

fn because(run: &Run, machine: &str) -> String {
    let outcome = &run.summary()["machines"][machine]["outcome"];
    assert_eq!(outcome["result"], "skipped", "{run:?}");
    outcome["because"].as_str().unwrap().to_owned()
}

const BROKEN: &str = "system.activationScripts.stop = \"echo this cannot work; false\";";

#[test]
fn batches_are_activated_one_after_another_in_the_order_of_the_user() {
    let lab = Lab::with_hosts(["a", "b", "c"]);
    let slow = "system.activationScripts.slow = \"sleep 1\";";
    three(&lab, "first", [slow, slow, ""]);
    let run = deploy(&lab, &["--batch", "1,rest", "--on", "b", "*"]);
    run.exits(0);
    let [a, b, c] = ["a", "b", "c"].map(|host| activated_at(&lab, host));
    // A line of the log is written at the end of an activation, which takes a second on a.
    assert!(b < a && b < c, "{b} {a} {c}");
    let batches: Vec<_> = run
        .events()
        .into_iter()
        .filter(|event| event["event"] == "batch-started")
        .map(|event| event["batch"].clone())
        .collect();
    assert_eq!(batches, [1, 2]);

    // What is unchanged takes up no place: the batch of one is the machine that changes.
    three(
        &lab,
        "first",
        [slow, slow, "environment.etc.more.text = \"x\";"],
    );
    let run = deploy(&lab, &["--batch", "1"]);
    run.exits(0);
    assert_eq!(
        ["a", "b", "c"].map(|host| run.result(host)),
        ["unchanged", "unchanged", "activated"]
    );
}

#[test]
fn a_failure_keeps_the_next_batch_from_beginning_and_is_retried_alone() {
    let lab = Lab::with_hosts(["a", "b", "c"]);
    three(&lab, "first", ["", "", ""]);
    deploy(&lab, &[]).exits(0);
    let before = ["b", "c"].map(|host| runs(&lab, host));
    three(&lab, "second", [BROKEN, "", ""]);
    let run = deploy(&lab, &["--batch", "1,rest"]);
    run.exits(1);
    assert!(went_back(&run, "a").starts_with(BREAKS));
    for host in ["b", "c"] {
        assert_eq!(
            because(&run, host),
            "a failed, and no more begin (--max-fail 0)"
        );
    }
    assert_eq!(["b", "c"].map(|host| runs(&lab, host)), before);

    // One failure may be; the next batch begins, and only what failed is left.
    let run = deploy(&lab, &["--batch", "1,rest", "--max-fail", "1"]);
    run.exits(1);
    assert_eq!(
        ["b", "c"].map(|host| run.result(host)),
        ["activated", "activated"]
    );
    three(&lab, "second", ["", "", ""]);
    let run = deploy(&lab, &["--retry-failed"]);
    run.exits(0);
    assert_eq!(run.result("a"), "activated");
    assert_eq!(run.summary()["totals"]["machines"], 1);
    let nothing = lab.nixops(["deploy", "--retry-failed"]);
    nothing.exits(0).says("there is nothing to do again");
}

#[test]
fn half_the_fleet_may_be_down_and_is_deployed_when_it_is_back() {
    let lab = Lab::with_hosts(["a", "b", "c"]);
    three(&lab, "first", ["", "", ""]);
    lab.host("a").stop().unwrap();
    lab.host("b").stop().unwrap();
    let run = deploy(&lab, &["--skip-unreachable", "--batch", "1,rest"]);
    run.exits(0);
    assert_eq!(
        ["a", "b", "c"].map(|host| run.result(host)),
        ["unreachable", "unreachable", "activated"]
    );
    let totals = run.summary()["totals"].clone();
    assert_eq!(
        (&totals["unreachable"], &totals["failed"]),
        (&2.into(), &0.into())
    );
    lab.nixops(["deploy", "--skip-unreachable"])
        .exits(0)
        .says("a> left out: the connection was refused")
        .says("2 left out");

    // Without the flag they are failures, and each is one of its own.
    let run = deploy(&lab, &[]);
    run.exits(1);
    assert_eq!(
        ["a", "b", "c"].map(|host| run.result(host)),
        ["failed", "failed", "unchanged"]
    );
    let run = deploy(&lab, &["--max-fail", "50%"]);
    run.exits(1);
    for host in ["a", "b"] {
        lab.host(host).start().unwrap();
    }
    let run = deploy(&lab, &["--retry-failed"]);
    run.exits(0);
    assert_eq!(
        ["a", "b"].map(|host| run.result(host)),
        ["activated", "activated"]
    );
    assert_eq!(run.summary()["totals"]["machines"], 2);
}

#[test]
fn what_is_atomic_begins_nowhere_if_one_machine_cannot_take_part() {
    let lab = Lab::with_hosts(["a", "b", "c"]);
    three(&lab, "first", ["", "", ""]);
    deploy(&lab, &[]).exits(0);
    let before = ["a", "b", "c"].map(|host| runs(&lab, host));
    three(&lab, "second", ["", "", ""]);
    lab.host("b").stop().unwrap();
    let run = deploy(&lab, &["--atomic"]);
    run.exits(1);
    assert_eq!(run.result("b"), "failed");
    for host in ["a", "c"] {
        assert_eq!(
            because(&run, host),
            "b failed, and --atomic activates all or none"
        );
    }
    lab.host("b").start().unwrap();
    assert_eq!(["a", "b", "c"].map(|host| runs(&lab, host)), before);
    // All others are copied already.
    let run = deploy(&lab, &["--atomic"]);
    run.exits(0);
    assert_eq!(
        ["a", "b", "c"].map(|host| run.result(host)),
        ["activated"; 3]
    );
}

/// What [`BROKEN`] comes to.
const BREAKS: &str = "switch-to-configuration ended with exit status 2";

const SICK: &str =
    "deployment.healthChecks.never = { command = [ \"false\" ]; retries = 1; interval = 1; };";

/// What a machine that went back says.
fn went_back(run: &Run, machine: &str) -> String {
    let outcome = &run.summary()["machines"][machine]["outcome"];
    assert_eq!(outcome["result"], "rolled-back", "{run:?}");
    outcome["message"].as_str().unwrap().to_owned()
}

#[test]
fn an_unhealthy_machine_goes_back_and_the_next_batch_does_not_begin() {
    let lab = Lab::with_hosts(["a", "b", "c"]);
    three(&lab, "first", ["", "", ""]);
    deploy(&lab, &[]).exits(0);
    let before = ["a", "b", "c"].map(|host| (runs(&lab, host), lab.read(host, "/etc/motto")));
    three(&lab, "second", [SICK, "", ""]);
    let run = deploy(&lab, &["--batch", "1,rest"]);
    run.exits(1);
    assert_eq!(
        went_back(&run, "a"),
        "health check never (`false`): exit status 1, 2 times; the host went back to what ran before"
    );
    for host in ["b", "c"] {
        assert_eq!(
            because(&run, host),
            "a failed, and no more begin (--max-fail 0)"
        );
    }
    let after = ["a", "b", "c"].map(|host| (runs(&lab, host), lab.read(host, "/etc/motto")));
    assert_eq!(after, before);
    // Nor does a boot bring what was not confirmed.
    assert_eq!(lab.host("a").generations().unwrap().len(), 1);
    three(&lab, "second", ["", "", ""]);
    deploy(&lab, &["--retry-failed", "--batch", "1,rest"]).exits(0);
    assert_eq!(lab.read("a", "/etc/motto"), "second");
}

#[test]
fn what_is_atomic_goes_back_everywhere_if_one_machine_is_not_well() {
    let lab = Lab::with_hosts(["a", "b", "c"]);
    three(&lab, "first", ["", "", ""]);
    deploy(&lab, &[]).exits(0);
    let before = ["a", "b", "c"].map(|host| runs(&lab, host));
    let sick = "health check never (`false`): exit status 1, 2 times";
    for (trouble, words) in [(SICK, sick), (BROKEN, BREAKS)] {
        three(&lab, "second", ["", trouble, ""]);
        let run = deploy(&lab, &["--atomic"]);
        run.exits(1);
        for host in ["a", "c"] {
            assert_eq!(
                went_back(&run, host),
                "b failed, and --atomic activates all or none; the host went back to what ran before"
            );
        }
        assert!(went_back(&run, "b").starts_with(words));
        assert_eq!(["a", "b", "c"].map(|host| runs(&lab, host)), before);
        for host in ["a", "b", "c"] {
            assert_eq!(lab.host(host).generations().unwrap().len(), 1);
            assert_eq!(lab.read(host, "/etc/motto"), "first");
        }
    }
    three(&lab, "second", ["", "", ""]);
    let run = deploy(&lab, &["--atomic", "--max-concurrent-activate", "1"]);
    run.exits(0);
    for host in ["a", "b", "c"] {
        assert_eq!(lab.read(host, "/etc/motto"), "second");
        assert_eq!(lab.host(host).generations().unwrap().len(), 2);
    }
}

#[test]
fn sizes_and_limits_that_make_no_sense_are_wrong_usage_with_an_example() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    let cases = [
        (
            ["--batch", "0"],
            "'0' is no size: a number from 1 on, a share such as 10%, or 'rest', as in 1,10%,rest",
        ),
        (["--batch", "1,many"], "'many' is no size"),
        (
            ["--batch", "rest,1"],
            "'rest' takes all that are left, so it can only be the last, as in 1,10%,rest",
        ),
        (
            ["--max-fail", "-1"],
            "'-1' is neither a number of machines, such as 2, nor a share of them, such as 10%",
        ),
        (
            ["--max-fail", "150%"],
            "'150%' is neither a number of machines",
        ),
    ];
    for ([flag, value], said) in cases {
        let value = format!("{flag}={value}");
        Run::of(lab.command(["deploy"]).arg(value))
            .exits(2)
            .says(said);
    }
    lab.nixops(["deploy", "--atomic", "--batch", "1"])
        .exits(2)
        .says("'--atomic' cannot be used with");
    lab.nixops(["deploy", "--retry-failed", "--plan", "x"])
        .exits(2)
        .says("cannot be used with");
}
