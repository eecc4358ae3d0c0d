//! Connections that break in the middle of a question that begins an activation or decides it: what the host has done
//! by then is done once, what came of it is read again, and the new system stays.

use crate::{
    confirming::{first, hold_profiles, is_settled, network, wait_for_file},
    lab::Lab,
    watched::{Watched, wait_until},
};

/// How often the host has been connected to, once no connection is left that could be read from.
fn cut(lab: &Lab) -> usize {
    lab.host("web").cut_connections().unwrap();
    lab.connections("web")
}

/// Makes a program on the host wait where its arguments begin with these.
fn hold(lab: &Lab, program: &str, arguments: &str) {
    lab.on(
        "web",
        &format!(
            "{{ echo '#!/bin/sh'; echo 'case \"$*\" in \"{arguments}\"*) echo >> /var/lib/held;'; \
               echo 'while [ -e /var/lib/no-more ]; do sleep 0.02; done ;; esac'; \
               echo 'exec /usr/bin/{program} \"$@\"'; }} > /run/wrappers/bin/{program}; \
             chmod +x /run/wrappers/bin/{program}; mkdir -p /var/lib; touch /var/lib/no-more"
        ),
    );
}

/// A deploy that the host holds up in the midst of beginning its activation.
fn held_beginning(lab: &Lab) -> Watched {
    first(lab, [("web", "")]);
    network(lab, "second", [("web", "")]);
    // Before it begins a host looks whether the script is whole.
    hold(lab, "tail", "-n 1 /run/nixops/activations/");
    let run = lab.watch(["deploy", "--json"]);
    lab.until_there("web", "/var/lib/held");
    run
}

/// Expects the end of a run that has activated the second system, and that the host did it once.
fn is_activated_once(lab: &Lab, run: Watched) {
    let run = run.end();
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    is_settled(lab, "web");
    let now = lab.state("web");
    assert_eq!(now.goals(), ["test", "boot", "test", "boot"]);
    assert_eq!(now.generations.len(), 2);
    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    assert_eq!(again.result("web"), "unchanged");
}

#[test]
fn what_has_begun_and_could_not_say_so_is_followed_and_not_begun_again() {
    the_beginning_is_not_heard(&Lab::with_hosts(["web"]));
}

/// `web` begins an activation, and the connection breaks before that is heard.
pub fn the_beginning_is_not_heard(lab: &Lab) {
    let run = held_beginning(lab);
    // Nothing that the host says from here on is heard.
    lab.host("web").hang().unwrap();
    lab.on("web", "rm /var/lib/no-more");
    wait_for_file(lab, "web", "tested");
    let before = cut(lab);
    lab.host("web").start().unwrap();
    is_activated_once(lab, run);
    let proof = 1;
    assert_eq!(lab.connections("web"), before + 1 + proof + 1);
}

#[test]
fn what_begins_after_its_connection_broke_is_followed_over_the_next_one() {
    let lab = Lab::with_hosts(["web"]);
    let run = held_beginning(&lab);
    let before = cut(&lab);
    wait_until("another connection", || lab.connections("web") > before);
    lab.on("web", "rm /var/lib/no-more");
    is_activated_once(&lab, run);
}

#[test]
fn of_two_sessions_that_begin_the_same_activation_one_does() {
    let lab = Lab::with_hosts(["web"]);
    first(&lab, [("web", "")]);
    network(&lab, "second", [("web", "")]);
    hold(&lab, "mkdir", "/run/nixops/activations/");
    let run = lab.watch(["deploy", "--json"]);
    lab.until_there("web", "/var/lib/held");
    cut(&lab);
    wait_until("second session", || {
        lab.read("web", "/var/lib/held").lines().count() == 2
    });
    lab.on("web", "rm /var/lib/no-more");
    is_activated_once(&lab, run);
}

#[test]
fn a_decision_that_was_not_made_when_the_connection_broke_is_made_over_the_next_one() {
    let lab = Lab::with_hosts(["web"]);
    first(&lab, [("web", "")]);
    network(&lab, "second", [("web", "")]);
    hold(&lab, "ln", "-s confirm");
    let run = lab.watch(["deploy", "--json"]);
    lab.until_there("web", "/var/lib/held");
    lab.on("web", "rm /run/wrappers/bin/ln");
    let before = cut(&lab);
    is_activated_once(&lab, run);
    assert_eq!(lab.connections("web"), before + 1 + 1);
    // The first one comes too late.
    lab.on("web", "rm /var/lib/no-more");
    is_settled(&lab, "web");
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
