//! Which machines a run is about.

use crate::lab::{Lab, Run};

/// A network whose machine `trap` cannot be evaluated; it would connect to the host of `db`.
fn network(lab: &Lab) {
    lab.network(&format!(
        "web-1 = {{ {} deployment.tags = [ \"edge\" \"eu\" ]; }};
         web-2 = {{ {} deployment.tags = [ \"edge\" ]; }};
         db = {{ {} }};
         trap = {{ {} deployment.tags = [ \"trap\" ];
           environment.etc.trap.text = throw \"the trap was evaluated\"; }};",
        lab.reach("web-1"),
        lab.reach("web-2"),
        lab.reach("db"),
        lab.reach("db"),
    ));
}

fn selected(run: &Run) -> Vec<String> {
    let events = run.exits(0).events();
    let names = events.iter().find(|event| event["event"] == "names");
    let selected = names.unwrap()["selected"].as_array().unwrap();
    selected
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn only_what_is_selected_is_evaluated_and_connected_to() {
    let lab = Lab::with_hosts(["web-1", "web-2", "db"]);
    network(&lab);
    let select = |arguments: [&str; 4]| {
        let [one, two, three, four] = arguments;
        selected(&lab.nixops(["deploy", "--json", "--dry-run", one, two, three, four]))
    };
    assert_eq!(select(["--on", "web-2", "--on", "db"]), ["web-2", "db"]);
    assert_eq!(select(["--on", "web-?", "--exclude", "web-1"]), ["web-2"]);
    assert_eq!(
        select(["--on", "@eu,db", "--color", "never"]),
        ["web-1", "db"]
    );
    assert_eq!(select(["--on", "@e*", "--exclude", "@eu"]), ["web-2"]);
    assert_eq!(
        select(["--on", "web-1", "web-2", "db"]),
        ["web-1", "web-2", "db"]
    );
    assert_eq!(
        select(["--exclude", "@trap", "db", "-v"]),
        ["web-1", "web-2"]
    );

    let before = ["web-1", "web-2", "db"].map(|name| lab.connections(name));
    let run = lab.nixops(["deploy", "--json", "--on", "@edge", "--exclude", "web-1"]);
    run.exits(0);
    assert_eq!(run.result("web-2"), "activated");
    assert_eq!(run.summary()["totals"]["machines"], 1);
    let after = ["web-1", "web-2", "db"].map(|name| lab.connections(name));
    // One to look and deploy, one to confirm.
    assert_eq!(after, [before[0], before[1] + 2, before[2]]);
    assert!(lab.state("web-1").running.is_none());

    lab.nixops(["deploy", "--dry-run"])
        .exits(1)
        .says("error: trap: failed to evaluate: the trap was evaluated");
}

#[test]
fn a_selector_that_matches_nothing_lists_what_exists() {
    let lab = Lab::without_hosts();
    lab.network(
        "web-1.deployment.tags = [ \"edge\" ]; db = { };
         trap.environment.etc.trap.text = throw \"the trap was evaluated\";",
    );
    let run = lab.nixops(["deploy", "--on", "web-9", "db"]);
    run.exits(1)
        .says("error: no machine matches 'web-9'")
        .says("hint: did you mean 'web-1'? the machines are db, trap, web-1")
        .does_not_say("the trap was evaluated")
        .does_not_say("trace");
    lab.nixops(["deploy", "--on", "@egde"])
        .exits(1)
        .says("error: no machine matches '@egde'")
        .says("did you mean '@edge'?")
        .says("the tags are @edge");
    lab.nixops(["deploy", "--exclude", "mail*"])
        .exits(1)
        .says("no machine matches 'mail*'");
    lab.nixops(["deploy", "--exclude", "*"])
        .exits(1)
        .says("--exclude takes away every machine that is selected");
    lab.nixops(["deploy", "--on", "web-[1"])
        .exits(1)
        .says("error: the pattern 'web-[1'");
    let json = lab.nixops(["deploy", "--json", "--on", "web-9"]);
    json.exits(1);
    assert_eq!(json.events().last().unwrap()["event"], "error");
}
