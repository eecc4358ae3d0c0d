//! `nixops rollback`: machines go back to a generation that they had.

use serde_json::json;

use crate::lab::Lab;

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
