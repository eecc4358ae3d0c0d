//! Lines that are slow, and clocks that are wrong.

use std::{thread, time::Duration};

use rig::HostOptions;

use crate::{lab::Lab, state::HELD_ACTIVATION};

fn network(lab: &Lab, motto: &str, more: &str) {
    lab.network(&format!(
        "web = {{ {} environment.etc.motto.text = \"{motto}\"; {more} }};",
        lab.reach("web")
    ));
}

#[test]
fn a_slow_line_makes_a_deploy_slow_and_nothing_else() {
    let lab = Lab::with_hosts(["web"]);
    network(&lab, "first", "");
    let slow = Duration::from_millis(200);
    lab.host("web").slow_link(slow, 1_000_000).unwrap();
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    assert_eq!(lab.read("web", "/etc/motto"), "first");
    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    assert_eq!(again.result("web"), "unchanged");
}

#[test]
fn a_clock_that_jumps_neither_confirms_nor_takes_back() {
    let mut lab = Lab::without_hosts();
    let options = HostOptions {
        own_clock: true,
        ..HostOptions::default()
    };
    let host = lab.rig.add_host_with("web", &options).unwrap();
    lab.hosts.insert("web".to_owned(), host);
    network(&lab, "first", "");
    lab.nixops(["deploy"]).exits(0);
    for (motto, jump) in [("second", 86_400 * 365), ("third", -86_400 * 365)] {
        network(&lab, motto, HELD_ACTIVATION);
        lab.on("web", "rm -f /var/lib/activating");
        lab.hold_activations("web");
        let run = lab.watch(["deploy", "--json"]);
        lab.until_activating("web");
        lab.host("web").set_clock(jump).unwrap();
        thread::sleep(Duration::from_millis(500));
        lab.let_activations_go("web");
        let run = run.end();
        run.exits(0);
        assert_eq!(run.result("web"), "activated", "{run:?}");
        assert_eq!(lab.read("web", "/etc/motto"), motto);
        assert_eq!(
            lab.state("web").running.as_deref(),
            lab.state("web").profile()
        );
    }
}
