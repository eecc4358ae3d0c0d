//! `nixops status`, `list-generations` and `delete-generation`: what hosts run, and what they could.

use serde_json::{Value, json};

use crate::lab::Lab;

fn network(lab: &Lab, motto: &str) {
    let (web, db) = (lab.reach("web"), lab.reach("db"));
    let motto = format!("environment.etc.motto.text = \"{motto}\";");
    lab.network(&format!("web = {{ {web} {motto} }}; db = {{ {db} }};"));
}

/// Two hosts, of which `web` has three generations.
fn three_generations() -> Lab {
    let lab = Lab::with_hosts(["web", "db"]);
    for motto in ["first", "second", "third"] {
        network(&lab, motto);
        lab.nixops(["deploy"]).exits(0);
    }
    lab
}

fn listed(lab: &Lab, name: &str) -> Value {
    let run = lab.nixops(["list-generations", "--json", "--on", name]);
    run.exits(0);
    run.json()[0]["generations"].clone()
}

fn numbers(generations: &Value) -> Vec<u64> {
    let all = generations.as_array().unwrap().iter();
    all.map(|one| one["number"].as_u64().unwrap()).collect()
}

#[test]
fn a_line_tells_what_runs_and_whether_that_is_what_was_deployed() {
    let lab = Lab::with_hosts(["web", "db"]);
    network(&lab, "first");
    lab.nixops(["deploy"]).exits(0);
    // No network is needed.
    lab.write("flake.nix", "{ outputs = throw \"broken\"; }");
    let run = lab.nixops(["status", "--json"]);
    run.exits(0);
    let web = &run.json()[1];
    assert_eq!(
        (&web["machine"], &web["reachable"]),
        (&json!("web"), &json!(true))
    );
    assert_eq!(
        (&web["generation"], &web["system"]["state"]),
        (&json!(1), &json!("deployed"))
    );
    // These hosts have no systemd to ask.
    assert_eq!(web["failedUnits"], Value::Null);
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_secs();
    for time in ["made", "deployed"] {
        let ago = now - web[time].as_u64().unwrap();
        assert!(ago < 120, "{time}: {ago} s ago");
    }
    let people = lab.nixops(["status"]);
    people.exits(0);
    let lines: Vec<Vec<&str>> = people
        .stdout
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        lines[0],
        [
            "machine",
            "reached",
            "generation",
            "made",
            "deployed",
            "system",
            "units"
        ]
    );
    assert_eq!(
        lines[2],
        [
            "web",
            "yes",
            "1",
            "just now",
            "just now",
            "as deployed",
            "unknown"
        ]
    );

    // Somebody goes back behind our back, and another host is away.
    network(&lab, "second");
    lab.nixops(["deploy", "--on", "web"]).exits(0);
    let profile = "/nix/var/nix/profiles/system";
    let back =
        format!("nix-env -p {profile} --rollback && {profile}/bin/switch-to-configuration switch");
    lab.nixops(["exec", "--on", "web", "--", "sh", "-c", &back])
        .exits(0);
    lab.host("db").stop().unwrap();
    let drifted = lab.nixops(["status", "--json"]);
    drifted.exits(4 + 32);
    let told = drifted.json();
    assert_eq!(told[0]["reachable"], false);
    assert_eq!(
        (&told[1]["generation"], &told[1]["system"]["state"]),
        (&json!(1), &json!("other"))
    );
    let people = lab.nixops(["status"]);
    people.exits(4 + 32);
    assert!(people.stdout.contains("another one"), "{people:?}");
    assert!(
        people.stdout.contains("db: the connection was refused"),
        "{people:?}"
    );
}

#[test]
fn generations_are_listed_and_what_is_needed_is_never_deleted() {
    let lab = three_generations();
    let all = listed(&lab, "web");
    assert_eq!(numbers(&all), [1, 2, 3]);
    let last = &all[2];
    assert_eq!(
        (&last["current"], &last["running"]),
        (&json!(true), &json!(true))
    );
    let runs = lab
        .host("web")
        .read_link("/run/current-system")
        .unwrap()
        .unwrap();
    assert_eq!(last["system"], runs.to_str().unwrap());
    let people = lab.nixops(["list-generations"]);
    people.exits(0);
    assert!(people.stdout.contains("runs, boots next"), "{people:?}");

    // What was booted stays too.
    lab.host("web").reboot().unwrap();
    network(&lab, "fourth");
    lab.nixops(["deploy", "--on", "web"]).exits(0);
    for (number, words) in [
        ("3", "generation 3 was booted, and stays"),
        ("4", "generation 4 runs, and stays"),
    ] {
        let run = lab.nixops(["delete-generation", "1", number, "--on", "web"]);
        run.exits(1);
        assert!(run.stdout.contains(words), "{run:?}");
    }
    assert_eq!(numbers(&listed(&lab, "web")), [1, 2, 3, 4]);
    let unknown = lab.nixops(["delete-generation", "7", "--on", "web"]);
    unknown.exits(1);
    assert!(
        unknown
            .stdout
            .contains("web: there is no generation 7\nhint: there are 1, 2, 3, 4"),
        "{unknown:?}"
    );
    lab.nixops(["delete-generation", "three"])
        .exits(2)
        .says("neither a number nor `old`");

    lab.nixops(["delete-generation", "1", "--on", "web"])
        .exits(0);
    assert_eq!(numbers(&listed(&lab, "web")), [2, 3, 4]);
    let old = lab.nixops(["delete-generation", "old", "--json"]);
    old.exits(0);
    assert_eq!(old.json()[1]["deleted"], json!([2]));
    let left = lab.host("web").generations().unwrap();
    let left: Vec<_> = left.iter().map(|one| one.number).collect();
    assert_eq!(left, [3, 4]);
    assert_eq!(numbers(&listed(&lab, "db")), [1]);
}
