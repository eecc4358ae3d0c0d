//! What goes wrong while a host takes up a system, and what it ends as: scenarios for hosts of every kind. The tests here
//! are on hosts without systemd, those of `systemd` on hosts with it.

use std::fs;

use crate::{
    confirming::{because, first, is_as_before, is_settled, network, wait_for_file},
    lab::Lab,
    state::HELD_ACTIVATION,
    watched::{Watched, wait_until},
};

/// An activation that starts sshd if it does not run, as that of a system that wants it does.
const SSHD: &str = "system.activationScripts.sshd = ''
  pkill -CONT sshd || true
  if [ -d /run/systemd/system ]; then
    systemctl start sshd.service
  elif ! [ -s /run/sshd.pid ] || ! kill -0 $(cat /run/sshd.pid); then
    /usr/sbin/sshd -f /etc/ssh/sshd_config -E /var/log/sshd.log
  fi
'';";

/// An activation that leaves nobody listening.
const NO_SSHD: &str = "system.activationScripts.sshd = ''
  if [ -d /run/systemd/system ]; then systemctl stop sshd.service; else kill $(cat /run/sshd.pid); fi
  rm -f /run/sshd.pid
'';";

/// An activation that leaves every connection open and none of them answering.
const FROZEN_SSHD: &str = "system.activationScripts.sshd = \"pkill -STOP sshd\";";

/// A service that fails at once.
pub const FAILING: &str = "systemd.services.shop = { wantedBy = [ \"multi-user.target\" ];
  serviceConfig.Type = \"oneshot\"; script = \"exit 1\"; };";

/// Hosts for [`switching_fails`].
pub const WAYS_TO_FAIL: [&str; 4] = ["status", "units", "kept", "hung"];

#[test]
fn a_system_that_lets_nobody_in_goes_back_by_itself() {
    nobody_gets_in(&Lab::with_hosts(["web", "db"]));
}

/// `web` gets a system that lets nobody in, `db` a good one.
pub fn nobody_gets_in(lab: &Lab) {
    let short = "deployment.rollback.timeout = 4;";
    let before = first(lab, [("web", SSHD), ("db", "")]);
    let more = format!("{short} {NO_SSHD}");
    network(lab, "second", [("web", &more), ("db", "")]);
    let run = lab.nixops(["deploy", "--json", "--connect-timeout", "2"]);
    run.exits(1);
    let (result, message) = because(&run, "web");
    assert_eq!(result, "rolled-back");
    assert_eq!(
        message,
        "no new connection to the host was made within 4 s; the host went back to what ran before"
    );
    is_as_before(lab, "web", &before[0]);
    assert_eq!(run.result("db"), "activated");
    is_settled(lab, "db");
    let totals = run.summary()["totals"].clone();
    assert_eq!(
        (&totals["rolledBack"], &totals["failed"]),
        (&1.into(), &0.into())
    );

    // With people, and once the network is mended.
    lab.nixops(["deploy", "--connect-timeout", "2"])
        .exits(1)
        .says("error: web: rolled back: no new connection to the host was made within 4 s")
        .says("hint: the new system cuts the host off, or the line was down")
        .says("1 unchanged, 1 rolled back")
        .says("next: run it again for the rest with --on web");
    network(lab, "second", [("web", SSHD), ("db", "")]);
    lab.nixops(["deploy"]).exits(0);
    is_settled(lab, "web");
}

#[test]
fn a_system_that_freezes_every_connection_goes_back_too() {
    connections_freeze(&Lab::with_hosts(["web"]));
}

/// `web` gets a system by which all connections freeze.
pub fn connections_freeze(lab: &Lab) {
    let [before] = first(lab, [("web", SSHD)]);
    let more = format!("deployment.rollback.timeout = 4; {FROZEN_SSHD}");
    network(lab, "second", [("web", &more)]);
    let run = lab.nixops(["deploy", "--json", "--connect-timeout", "2"]);
    run.exits(1);
    assert_eq!(because(&run, "web").0, "rolled-back");
    is_as_before(lab, "web", &before);
}

#[test]
fn whatever_fails_while_switching_goes_back() {
    switching_fails(&Lab::with_hosts(WAYS_TO_FAIL));
}

/// Each host of [`WAYS_TO_FAIL`] fails in another way.
pub fn switching_fails(lab: &Lab) {
    let before = first(lab, WAYS_TO_FAIL.map(|host| (host, "")));
    let refused = format!("{FAILING} deployment.rollback.onFailedUnits = true;");
    let hung = "system.activationScripts.hung = \"[ $NIXOS_ACTION != test ] || sleep 600\";
      deployment.rollback.activationTimeout = 3;";
    let broken = "system.activationScripts.broken = \"echo this cannot work; false\";";
    let machines = [
        ("status", broken),
        ("units", refused.as_str()),
        ("kept", FAILING),
        ("hung", hung),
    ];
    network(lab, "second", machines);
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(1);
    let went_back = |machine: &str, why: &str| {
        let (result, message) = because(&run, machine);
        assert_eq!(result, "rolled-back", "{machine}: {message}");
        let expected = format!("{why}; the host went back to what ran before");
        assert_eq!(message, expected);
    };
    went_back("status", "switch-to-configuration ended with exit status 2");
    went_back("units", "units failed");
    went_back("hung", "switch-to-configuration did not end within 3 s");
    for (index, host) in ["status", "units"].into_iter().enumerate() {
        is_as_before(lab, host, &before[index]);
    }
    is_as_before(lab, "hung", &before[3]);
    assert_eq!(run.result("kept"), "units-failed");
    is_settled(lab, "kept");
    let said = run
        .events()
        .into_iter()
        .any(|event| event["machine"] == "status" && event["line"] == "this cannot work");
    assert!(said, "{run:?}");
}

#[test]
fn a_connection_that_breaks_during_an_activation_loses_nothing() {
    the_connection_breaks(&Lab::with_hosts(["web"]));
}

/// The connection to `web` breaks while it activates.
pub fn the_connection_breaks(lab: &Lab) {
    first(lab, [("web", "")]);
    let more = format!(
        "{HELD_ACTIVATION} system.activationScripts.late = {{ deps = [ \"held\" ]; text = \"echo after all\"; }};"
    );
    network(lab, "second", [("web", &more)]);
    lab.hold_activations("web");
    let mut run = lab.watch(["deploy", "--json"]);
    run.until_step("web", "activate");
    lab.until_activating("web");
    lab.host("web").stop().unwrap();
    lab.let_activations_go("web");
    wait_for_file(lab, "web", "tested");
    lab.host("web").start().unwrap();
    let run = run.end();
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    let lines = run.events().into_iter();
    let late = lines.filter(|event| event["line"] == "after all").count();
    assert_eq!(late, 1, "each line is told once");
    is_settled(lab, "web");
}

#[test]
fn a_profile_that_cannot_be_set_takes_the_system_back() {
    there_is_no_room_for_a_profile(&Lab::with_hosts(["web"]));
}

/// The profile of `web` cannot be set after the confirmation.
pub fn there_is_no_room_for_a_profile(lab: &Lab) {
    let [before] = first(lab, [("web", "")]);
    network(lab, "second", [("web", "")]);
    lab.nixops(["deploy", "--copy-only"]).exits(0);
    // No file can be made any more where profiles are: the disk is full.
    lab.on(
        "web",
        "mkdir /run/rig/profiles; mount -t tmpfs -o size=64k,nr_inodes=12 tmpfs /run/rig/profiles; \
         cp -a /nix/var/nix/profiles/. /run/rig/profiles; \
         mount --bind /run/rig/profiles /nix/var/nix/profiles; cd /nix/var/nix/profiles; \
         n=0; while touch full-$n 2> /dev/null; do n=$((n + 1)); done",
    );
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(1);
    let (result, message) = because(&run, "web");
    assert_eq!(result, "rolled-back", "{message}");
    assert!(
        message.starts_with("the system profile could not be set"),
        "{message}"
    );
    let told = run.events().into_iter().any(|event| {
        let line = event["line"].as_str().unwrap_or_default();
        line.contains("No space left on device")
    });
    assert!(told, "{run:?}");
    is_as_before(lab, "web", &before);
}

#[test]
fn a_boot_loader_that_cannot_be_installed_takes_system_and_profile_back() {
    there_is_no_room_for_a_boot_loader(&Lab::with_hosts(["web"]));
}

/// The boot loader of `web` cannot be installed after the confirmation.
pub fn there_is_no_room_for_a_boot_loader(lab: &Lab) {
    let [before] = first(lab, [("web", "")]);
    let broken = "system.build.installBootLoader = nixpkgs.lib.mkForce
      (nixpkgs.legacyPackages.x86_64-linux.writeShellScript \"broken\" \"echo no room in /boot; exit 1\");";
    network(lab, "second", [("web", broken)]);
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(1);
    let (result, message) = because(&run, "web");
    assert_eq!(result, "rolled-back", "{message}");
    assert!(
        message.starts_with("the boot loader could not be installed"),
        "{message}"
    );
    let now = lab.state("web");
    assert_eq!(
        (now.running.clone(), now.boots.clone()),
        (before.running.clone(), before.boots.clone())
    );
    assert_eq!(now.profile(), before.profile());
}

#[test]
fn a_connection_that_falls_silent_during_an_activation_is_given_up_for_a_new_one() {
    the_connection_falls_silent(&Lab::with_hosts(["web"]));
}

/// The connection to `web` stays open and says nothing any more while it activates.
pub fn the_connection_falls_silent(lab: &Lab) {
    first(lab, [("web", "")]);
    network(lab, "second", [("web", HELD_ACTIVATION)]);
    lab.hold_activations("web");
    let run = lab.watch(["deploy", "--json", "--connect-timeout", "2"]);
    lab.until_activating("web");
    lab.host("web").hang().unwrap();
    lab.let_activations_go("web");
    wait_for_file(lab, "web", "tested");
    // Beside the one that is open.
    let connections = || {
        let programs = lab.rig.running_programs().unwrap().into_iter();
        programs
            .filter(|program| program.contains("ControlMaster=yes"))
            .count()
    };
    wait_until("another connection", || connections() > 1);
    lab.host("web").start().unwrap();
    let run = run.end();
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    is_settled(lab, "web");
}

#[test]
fn two_deployers_of_one_host_take_turns() {
    two_deployers(&Lab::with_hosts(["web"]));
}

/// Two deployments have `web` as their machine, and deploy at once.
pub fn two_deployers(lab: &Lab) {
    first(lab, [("web", "")]);
    network(lab, "second", [("web", HELD_ACTIVATION)]);
    lab.hold_activations("web");
    let run = lab.watch(["deploy", "--json"]);
    lab.until_activating("web");
    let other = lab.directory.with_file_name("other");
    fs::create_dir(&other).unwrap();
    let text = fs::read_to_string(lab.directory.join("flake.nix")).unwrap();
    fs::write(other.join("flake.nix"), text.replace("second", "third")).unwrap();
    let mut second = Watched::of(lab.command(["deploy"]).current_dir(&other));
    second.until_said("waiting for another activation to end: ");
    lab.let_activations_go("web");
    let run = run.end();
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    second.end().exits(0).says("web> activated");
    let now = lab.state("web");
    assert_eq!(lab.read("web", "/etc/motto"), "third");
    assert_eq!(now.generations.len(), 3);
    assert_eq!(now.running.as_deref(), now.profile());
}
