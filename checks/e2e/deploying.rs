//! From a network to hosts that run it.

use crate::lab::Lab;

fn two_machines(lab: &Lab, motto: &str) {
    lab.network(&format!(
        "db = {{ {} }};\n web = {{ nodes, ... }}: {{ {} environment.etc.motto.text = \"{motto}\"; \
         environment.etc.database.text = nodes.db.config.networking.hostName; }};",
        lab.reach("db"),
        lab.reach("web"),
    ));
}

#[test]
fn a_network_is_deployed_and_a_second_deploy_changes_nothing() {
    let lab = Lab::with_hosts(["web", "db"]);
    two_machines(&lab, "first");

    let run = lab.nixops(["deploy", "--json"]);
    run.exits(0);
    for name in ["web", "db"] {
        assert_eq!(run.result(name), "activated");
        let host = lab.host(name);
        let system = run.summary()["machines"][name]["system"].clone();
        let running = host.read_link("/run/current-system").unwrap().unwrap();
        assert_eq!(running.to_str(), system.as_str());
        assert_eq!(host.generations().unwrap().len(), 1);
        assert_eq!(host.activations().unwrap().len(), 2);
    }
    assert_eq!(lab.read("web", "/etc/database"), "db");

    let before: Vec<_> = lab
        .hosts
        .values()
        .map(|host| host.connections().unwrap())
        .collect();
    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    for (host, before) in lab.hosts.values().zip(before) {
        assert_eq!(again.result(&host.name), "unchanged");
        assert_eq!(host.activations().unwrap().len(), 2);
        assert_eq!(
            host.connections().unwrap() - before,
            1,
            "connections of {}",
            host.name
        );
    }
}

#[test]
fn only_the_machine_that_changed_is_activated_again() {
    let lab = Lab::with_hosts(["web", "db"]);
    two_machines(&lab, "first");
    lab.nixops(["deploy"]).exits(0);
    two_machines(&lab, "second");

    let run = lab.nixops(["deploy", "--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    assert_eq!(run.result("db"), "unchanged");
    assert_eq!(lab.read("web", "/etc/motto"), "second");
    assert_eq!(lab.host("web").generations().unwrap().len(), 2);
}

#[test]
fn twenty_unchanged_hosts_cost_one_connection_each_and_nothing_else() {
    let names: [String; 20] = std::array::from_fn(|number| format!("web-{number}"));
    let lab = Lab::with_hosts(names.each_ref().map(String::as_str));
    let machine = |name: &String| format!("{name} = {{ {} }};\n", lab.reach(name));
    let machines: String = names.iter().map(machine).collect();
    lab.network(&format!(
        "defaults.networking.hostName = \"web\";\n{machines}"
    ));
    lab.nixops(["deploy"]).exits(0).says("20 activated");
    let before: Vec<_> = names
        .iter()
        .map(|name| (lab.connections(name), lab.state(name)))
        .collect();

    let run = lab.nixops(["deploy", "--json"]);
    run.exits(0);
    assert_eq!(run.summary()["totals"]["unchanged"], 20);
    let events = run.events();
    let steps = events
        .iter()
        .filter(|event| event["event"] == "step-started");
    assert!(steps.clone().count() >= 40);
    for event in steps {
        assert!(
            event["step"] == "evaluate" || event["step"] == "connect",
            "{event}"
        );
    }
    for (name, (connections, state)) in names.iter().zip(before) {
        assert_eq!(lab.connections(name), connections + 1, "{name}");
        assert_eq!(lab.state(name), state);
    }
}
