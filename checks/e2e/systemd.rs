//! Hosts whose first process is a real systemd: activations are its units, and services and units of keys run in it.

use rig::HostOptions;
use rustix::process::Signal;
use serde_json::json;

use crate::{
    confirming::{
        because, first, goes_back_without_its_deployer, is_as_before, is_settled, network,
    },
    going_back::{BACK_AND_BEYOND, rollbacks_are_interrupted},
    going_wrong::{self, FAILING},
    interrupting::{LONG_TRIAL, wait_for_trial},
    lab::Lab,
    losing,
    state::HELD_ACTIVATION,
    watched::{Watched, wait_for},
};

fn lab<const N: usize>(names: [&str; N]) -> Lab {
    let options = HostOptions {
        systemd: true,
        ..HostOptions::default()
    };
    Lab::with_hosts_of(names, &options)
}

/// What systemd says of a unit, as `ActiveState`.
fn state_of(lab: &Lab, unit: &str) -> String {
    let script = format!("systemctl show --value --property=ActiveState {unit}");
    lab.on("web", &script).trim_end().to_owned()
}

/// The process of a service.
fn process_of(lab: &Lab, service: &str) -> String {
    let script = format!("systemctl show --value --property=MainPID {service}");
    lab.on("web", &script).trim_end().to_owned()
}

/// Expects units to be in a state, if not now then soon.
#[track_caller]
fn are_soon(lab: &Lab, state: &str, units: &[&str]) {
    for unit in units {
        wait_for(&format!("{unit} that is {state}"), || {
            let is = state_of(lab, unit);
            (is == state).then_some(()).ok_or(is)
        });
    }
}

/// A deploy whose activation is held.
fn held_deploy(lab: &Lab) -> Watched {
    first(lab, [("web", "")]);
    network(lab, "second", [("web", HELD_ACTIVATION)]);
    lab.hold_activations("web");
    let run = lab.watch(["deploy", "--json"]);
    lab.until_activating("web");
    run
}

#[test]
fn an_activation_is_a_unit_of_its_own() {
    let lab = lab(["web"]);
    let run = held_deploy(&lab);
    let unit = lab.on(
        "web",
        "cd /run/nixops/activations; id=$(ls -t | head -n 1); unit=nixops-activation-$id.service; \
         systemctl is-active --quiet $unit; grep -q \"/$unit\\$\" /proc/$(cat $id/pid)/cgroup; echo $unit",
    );
    // Nothing of it depends on the session that began it.
    lab.host("web").cut_connections().unwrap();
    lab.let_activations_go("web");
    let run = run.end();
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    is_settled(&lab, "web");
    are_soon(&lab, "inactive", &[unit.trim_end()]);
    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    assert_eq!(again.result("web"), "unchanged");
}

#[test]
fn a_system_that_lets_nobody_in_goes_back_by_itself() {
    let lab = lab(["web", "db"]);
    going_wrong::nobody_gets_in(&lab);
    assert_eq!(state_of(&lab, "sshd.service"), "active");
}

#[test]
fn a_system_that_freezes_every_connection_goes_back_too() {
    going_wrong::connections_freeze(&lab(["web"]));
}

#[test]
fn whatever_fails_while_switching_goes_back() {
    going_wrong::switching_fails(&lab(going_wrong::WAYS_TO_FAIL));
}

#[test]
fn a_connection_that_breaks_during_an_activation_loses_nothing() {
    going_wrong::the_connection_breaks(&lab(["web"]));
}

#[test]
fn what_has_begun_and_could_not_say_so_is_followed_and_not_begun_again() {
    losing::the_beginning_is_not_heard(&lab(["web"]));
}

#[test]
fn a_connection_that_falls_silent_during_an_activation_is_given_up_for_a_new_one() {
    going_wrong::the_connection_falls_silent(&lab(["web"]));
}

#[test]
fn a_profile_that_cannot_be_set_takes_the_system_back() {
    going_wrong::there_is_no_room_for_a_profile(&lab(["web"]));
}

#[test]
fn a_boot_loader_that_cannot_be_installed_takes_system_and_profile_back() {
    going_wrong::there_is_no_room_for_a_boot_loader(&lab(["web"]));
}

#[test]
fn two_deployers_of_one_host_take_turns() {
    going_wrong::two_deployers(&lab(["web"]));
}

#[test]
fn a_host_goes_back_when_its_deployer_is_killed_before_it_confirmed() {
    goes_back_without_its_deployer(&lab(["web"]));
}

#[test]
fn an_interrupt_has_a_host_on_trial_go_back_at_once() {
    let lab = lab(["web"]);
    let [before] = first(&lab, [("web", "")]);
    network(&lab, "second", [("web", LONG_TRIAL)]);
    let run = lab.watch(["deploy", "--json"]);
    wait_for_trial(&lab, "web");
    run.signal(Signal::INT);
    let run = run.end();
    run.exits(130);
    let outcome = &run.summary()["machines"]["web"]["outcome"];
    assert_eq!(outcome["wentBack"], true, "{outcome}");
    is_as_before(&lab, "web", &before);
}

#[test]
fn an_interrupted_rollback_leaves_every_host_with_one_system() {
    rollbacks_are_interrupted(&lab(BACK_AND_BEYOND));
}

#[test]
fn a_boot_before_the_confirmation_is_the_way_back() {
    let lab = lab(["web"]);
    let [before] = first(&lab, [("web", "")]);
    network(&lab, "second", [("web", LONG_TRIAL)]);
    let run = lab.watch(["deploy", "--json"]);
    wait_for_trial(&lab, "web");
    lab.host("web").reboot().unwrap();
    let run = run.end();
    run.exits(1);
    let (result, message) = because(&run, "web");
    assert_eq!(result, "rolled-back", "{message}");
    let back = "the host went back to what ran before";
    assert!(message.ends_with(back), "{message}");
    is_as_before(&lab, "web", &before);
}

#[test]
fn a_host_is_booted_by_its_systemd_and_its_services_and_keys_are_there_again() {
    let lab = lab(["web"]);
    let shop = "deployment.keys.token.text = \"t\";
      systemd.services.shop = {
        wantedBy = [ \"multi-user.target\" ];
        requires = [ \"token-key.service\" ]; after = [ \"token-key.service\" ];
        script = \"exec sleep 1000\"; };";
    first(&lab, [("web", shop)]);
    let boot = lab.host("web").boot_id().unwrap();
    let run = lab.nixops(["deploy", "--force-reboot", "--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    assert_ne!(lab.host("web").boot_id().unwrap(), boot);
    assert_eq!(lab.read("web", "/run/keys/token"), "t");
    are_soon(&lab, "active", &["token-key.service", "shop.service"]);
    let failed = lab.on("web", "systemctl list-units --failed --no-legend");
    assert_eq!(failed, "");
}

#[test]
fn failed_units_are_named_and_may_be_a_reason_to_go_back() {
    let lab = lab(["web"]);
    let [before] = first(&lab, [("web", "")]);
    let refused = format!("{FAILING} deployment.rollback.onFailedUnits = true;");
    network(&lab, "second", [("web", &refused)]);
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(1);
    let (result, message) = because(&run, "web");
    assert_eq!(result, "rolled-back", "{message}");
    assert_eq!(
        message,
        "units failed; the host went back to what ran before"
    );
    is_as_before(&lab, "web", &before);

    network(&lab, "second", [("web", FAILING)]);
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(4);
    assert_eq!(
        run.summary()["machines"]["web"]["outcome"],
        json!({ "result": "units-failed", "units": ["shop.service"] })
    );
    is_settled(&lab, "web");
    let check = lab.nixops(["check", "--json", "--full", "100"]);
    assert_eq!(
        check.json()["machines"]["web"]["failedUnits"],
        json!(["shop.service"])
    );
}

#[test]
fn a_service_waits_for_its_key_and_starts_anew_with_another() {
    let lab = lab(["web"]);
    let shop = |motto: &str, key: &str, checks: &str| {
        let shop = format!(
            "deployment.keys.token.text = \"{key}\";
             systemd.services.shop = {{
               wantedBy = [ \"multi-user.target\" ];
               requires = [ \"token-key.service\" ]; after = [ \"token-key.service\" ];
               script = \"cp /run/keys/token /run/sold; exec sleep 1000\"; }};
             deployment.healthChecks = {{
               shop.unit = \"shop.service\"; key.unit = \"token-key.service\"; {checks} }};"
        );
        network(&lab, motto, [("web", &shop)]);
    };
    shop("first", "one", "");
    lab.nixops(["deploy"]).exits(0);
    let units = ["token-key.service", "shop.service"];
    are_soon(&lab, "active", &units);
    assert_eq!(lab.read("web", "/run/sold"), "one");
    let before = process_of(&lab, "shop");

    shop("first", "two", "");
    lab.nixops(["send-keys"]).exits(0);
    wait_for("restart", || {
        let sold = lab.read("web", "/run/sold");
        (sold == "two").then_some(()).ok_or(sold)
    });
    are_soon(&lab, "active", &units);
    assert_ne!(process_of(&lab, "shop"), before);

    // Without its key a service of ours does not run.
    lab.on("web", "rm /run/keys/token");
    are_soon(&lab, "activating", &["token-key.service"]);
    let check = lab.nixops(["check", "--json", "--full", "100"]);
    let key = &check.json()["machines"]["web"]["healthChecks"]["key"];
    assert_eq!(*key, "activating instead of active");
    lab.nixops(["send-keys"]).exits(0);
    are_soon(&lab, "active", &units);

    let before = lab.state("web");
    shop(
        "second",
        "two",
        "lost = { unit = \"lost.service\"; retries = 0; };",
    );
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(1);
    let (result, message) = because(&run, "web");
    assert_eq!(result, "rolled-back", "{message}");
    let unhealthy = "health check lost (lost.service): inactive instead of active; ";
    assert!(message.starts_with(unhealthy), "{message}");
    is_as_before(&lab, "web", &before);
    are_soon(&lab, "active", &units);
}
