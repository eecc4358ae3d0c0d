//! Connections that break once an activation was confirmed: what came of it is read again, and the new system stays.

use crate::{
    confirming::{first, hold_profiles, is_settled, network},
    lab::Lab,
    watched::wait_until,
};

/// How often the host has been connected to, once no connection is left that could be read from.
fn cut(lab: &Lab) -> usize {
    lab.host("web").cut_connections().unwrap();
    lab.connections("web")
}

#[test]
fn the_result_of_what_was_confirmed_is_read_over_a_new_connection() {
    let lab = Lab::with_hosts(["web"]);
    first(&lab, [("web", "")]);
    // So that there is more to be told than that it went well.
    let shop = "systemd.services.shop = { wantedBy = [ \"multi-user.target\" ];
      serviceConfig.Type = \"oneshot\"; script = \"exit 1\"; };";
    network(&lab, "second", [("web", shop)]);
    hold_profiles(&lab, "web");
    let run = lab.watch(["deploy", "--json"]);
    // Nobody sets the profile before the decision.
    lab.until_there("web", "/var/lib/profiling");
    let before = cut(&lab);
    lab.on("web", "rm /var/lib/no-profiles");
    let run = run.end();
    run.exits(4);
    assert_eq!(
        run.summary()["machines"]["web"]["outcome"],
        serde_json::json!({ "result": "units-failed", "units": ["shop.service"] })
    );
    assert_eq!(lab.connections("web"), before + 1);
    is_settled(&lab, "web");
    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    assert_eq!(again.result("web"), "unchanged");
}

#[test]
fn a_host_that_is_away_when_it_takes_the_system_up_for_good_is_asked_once_it_is_back() {
    let lab = Lab::with_hosts(["web"]);
    first(&lab, [("web", "")]);
    network(&lab, "second", [("web", "")]);
    hold_profiles(&lab, "web");
    let run = lab.watch(["deploy", "--json", "--connect-timeout", "1"]);
    lab.until_there("web", "/var/lib/profiling");
    lab.host("web").stop().unwrap();
    lab.on("web", "rm /var/lib/no-profiles");
    // It has come to its end with nobody there to read it.
    let holder = lab.host("web").path("/run/nixops/holder");
    wait_until("end of the activation", || !holder.exists());
    is_settled(&lab, "web");
    assert!(!run.is_done("web"));
    lab.host("web").start().unwrap();
    let run = run.end();
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
}

#[test]
fn keys_that_are_cut_off_after_the_activation_are_brought_over_a_new_connection() {
    let lab = Lab::with_hosts(["web"]);
    let keys = |token: &str, old: &str| {
        format!("deployment.keys = {{ token.text = \"{token}\"; {old} }};")
    };
    first(&lab, [("web", &keys("one", "old.text = \"o\";"))]);
    network(&lab, "second", [("web", &keys("two", ""))]);
    hold_profiles(&lab, "web");
    let run = lab.watch(["deploy", "--json"]);
    lab.until_there("web", "/var/lib/profiling");
    // Keys that wait for the confirmation are staged by now; this holds what puts them into their places.
    lab.on(
        "web",
        "{ echo '#!/bin/sh'; echo 'echo $$ > /var/lib/.unpacking; mv /var/lib/.unpacking /var/lib/unpacking'; \
           echo 'exec sleep 1000'; } > /run/wrappers/bin/tar; chmod +x /run/wrappers/bin/tar; \
         rm /var/lib/no-profiles",
    );
    lab.until_there("web", "/var/lib/unpacking");
    assert_eq!(lab.read("web", "/run/keys/token"), "one");
    lab.on("web", "rm /run/wrappers/bin/tar");
    let before = cut(&lab);
    lab.on("web", "kill $(cat /var/lib/unpacking)");
    let run = run.end();
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    assert_eq!(lab.connections("web"), before + 1);
    is_settled(&lab, "web");
    assert_eq!(lab.key("/run/keys/token"), "600 root root two");
    assert_eq!(lab.on("web", "ls -A /run/keys"), "done\ntoken\n");
    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    assert_eq!(again.result("web"), "unchanged");
}
