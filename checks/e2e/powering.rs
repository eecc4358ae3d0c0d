//! `nixops reboot`, `stop`, `start` and `show-console-output`.

use serde_json::json;

use crate::lab::Lab;

#[test]
fn machines_boot_by_themselves_and_are_waited_for() {
    let lab = Lab::with_hosts(["web", "db"]);
    let (web, db) = (lab.reach("web"), lab.reach("db"));
    lab.network(&format!("web = {{ {web} }}; db = {{ {db} }};"));
    lab.deploy(&[]).exits(0);
    let boots = || ["db", "web"].map(|name| lab.host(name).boot_id().unwrap());
    let before = boots();
    let run = lab.nixops(["reboot", "--json"]);
    run.exits(0);
    let after = boots();
    assert!(before.iter().zip(&after).all(|(one, other)| one != other));
    let told = run.json();
    assert_eq!(told[0]["machine"], "db");
    assert!(told[1]["seconds"].as_f64().unwrap() > 0.0);
    let runs = lab
        .host("web")
        .read_link("/run/current-system")
        .unwrap()
        .unwrap();
    assert_eq!(told[1]["system"], runs.to_str().unwrap());
    let people = lab.nixops(["reboot", "--on", "web"]);
    assert!(
        people.exits(0).stdout.starts_with("web> back after "),
        "{people:?}"
    );

    let before = lab.host("db").boot_id().unwrap();
    let left = lab.nixops(["reboot", "--on", "db", "--no-wait"]);
    assert_eq!(left.exits(0).stdout, "db> reboots\n");
    for _ in 0..100 {
        if lab.host("db").boot_id().unwrap() != before {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_ne!(lab.host("db").boot_id().unwrap(), before);
    lab.host("web").stop().unwrap();
    lab.nixops(["reboot", "--on", "web"])
        .exits(1)
        .says("error: web: the connection was refused");
    lab.nixops(["reboot", "--on", "wbe"])
        .exits(1)
        .says("did you mean 'web'?");
    lab.nixops(["reboot", "--on", "web", "--hard"])
        .exits(1)
        .says("web: no backend made it, so nobody can reset it")
        .says("hint: leave out `--hard`");
}

#[test]
fn a_host_that_nobody_made_switches_itself_off_and_nobody_can_switch_it_on() {
    let lab = Lab::with_hosts(["web"]);
    let web = lab.reach("web");
    lab.network(&format!("web = {{ {web} }};"));
    lab.deploy(&[]).exits(0);
    let run = lab.nixops(["stop", "--on", "web"]);
    assert_eq!(run.exits(0).stdout, "web> stopped\n");
    std::thread::sleep(std::time::Duration::from_secs(1));
    lab.nixops(["ssh", "web", "--", "true"]).exits(255);
    lab.nixops(["start"])
        .exits(1)
        .says("web: no backend made it, so nobody can switch it on")
        .says("hint: switch it on where it stands");
    lab.nixops(["show-console-output"])
        .exits(1)
        .says("nobody can tell what is on its console");
    lab.host("web").reboot().unwrap();
    lab.nixops(["ssh", "web", "--", "true"]).exits(0);
}

#[test]
fn what_a_backend_made_is_switched_off_and_on_by_it_and_the_state_knows() {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud("web = { }; db = { };");
    lab.deploy(&[]).exits(0);
    lab.write("flake.nix", "{ outputs = throw \"broken\"; }");
    let power = |name: &str| {
        let servers = lab.cloud_has("servers");
        let one = servers.into_iter().find(|server| server["name"] == name);
        one.unwrap()["power"].clone()
    };
    let stopped = lab.nixops(["stop", "--on", "web", "--json"]);
    stopped.exits(0);
    assert_eq!(stopped.json()[0]["result"], json!({ "state": "stopped" }));
    assert_eq!(
        (power("web"), power("db")),
        (json!("stopped"), json!("running"))
    );
    assert!(lab.records().unwrap().contains("\"state\":\"stopped\""));
    lab.nixops(["check", "--full", "100"]).exits(2);
    let journal = lab.nixops(["journal"]);
    assert!(
        journal.stdout.contains("act") && journal.stdout.contains("stop"),
        "{journal:?}"
    );

    let started = lab.nixops(["start"]);
    assert_eq!(started.exits(0).stdout, "db> started\nweb> started\n");
    lab.nixops(["ssh", "web", "--", "true"]).exits(0);
    let console = lab.nixops(["show-console-output", "--on", "web", "-n", "3"]);
    console.exits(0);
    let lines = console.stdout.lines().count();
    assert!((1..=3).contains(&lines), "{console:?}");
    let boot = || {
        lab.nixops(["ssh", "web", "--", "cat", "/proc/sys/kernel/random/boot_id"])
            .stdout
    };
    let before = boot();
    lab.nixops(["reboot", "--on", "web", "--hard"]).exits(0);
    assert_ne!(boot(), before);
}
