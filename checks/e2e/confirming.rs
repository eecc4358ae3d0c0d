//! A new system is tried out, and only what lets us in again stays. Each test says what the host ends as.

use std::{fs, time::Duration};

use rustix::process::Signal;

use crate::{
    lab::{Lab, Run},
    state::{HELD_ACTIVATION, State},
    watched::wait_until,
};

/// A machine for each host, with a motto and more.
pub fn network<const N: usize>(lab: &Lab, motto: &str, machines: [(&str, &str); N]) {
    let machine = |(name, more): &(&str, &str)| {
        format!(
            "{name} = {{ {} environment.etc.motto.text = \"{motto}\"; {more} }};\n",
            lab.reach(name)
        )
    };
    lab.network(&machines.iter().map(machine).collect::<String>());
}

/// Deploys a first system to every host, and gives what each is then.
pub fn first<const N: usize>(lab: &Lab, machines: [(&str, &str); N]) -> [State; N] {
    network(lab, "first", machines);
    lab.nixops(["deploy"]).exits(0);
    machines.map(|(name, _)| lab.state(name))
}

/// Expects that a host runs and boots what it did, with nothing left undone.
#[track_caller]
pub fn is_as_before(lab: &Lab, host: &str, before: &State) {
    let now = lab.state(host);
    assert_eq!(now.running, before.running, "{host}");
    assert_eq!(now.generations, before.generations, "{host}");
    assert_eq!(now.boots, before.boots, "{host}");
    assert_eq!(lab.read(host, "/etc/motto"), "first", "{host}");
    assert!(!lab.host(host).path("/run/nixops/activating").exists());
}

/// Expects that a host runs and boots the second system.
#[track_caller]
pub fn is_settled(lab: &Lab, host: &str) {
    let now = lab.state(host);
    assert_eq!(now.running.as_deref(), now.profile(), "{host}");
    assert_eq!(now.boots, now.running, "{host}");
    assert_eq!(lab.read(host, "/etc/motto"), "second", "{host}");
    assert!(!lab.host(host).path("/run/nixops/activating").exists());
}

/// What became of a machine, and why.
pub fn because(run: &Run, machine: &str) -> (String, String) {
    let outcome = run.summary()["machines"][machine]["outcome"].clone();
    let text = |name: &str| outcome[name].as_str().unwrap_or_default().to_owned();
    (text("result"), text("message"))
}

/// Waits until the host has begun an activation, and come as far as to have this file of it.
pub fn wait_for_file(lab: &Lab, host: &str, file: &str) {
    let activations = lab.host(host).path("/run/nixops/activations");
    wait_until(file, || {
        let all = fs::read_dir(&activations).into_iter().flatten().flatten();
        all.map(|one| one.path())
            .any(|one| !one.join("end").exists() && one.join(file).exists())
    });
}

/// Waits until no activation goes on.
pub fn wait_for_end(lab: &Lab, host: &str) {
    let holder = lab.host(host).path("/run/nixops/holder");
    wait_until("end of the activation", || !holder.exists());
}

/// Makes whoever sets a profile on the host wait.
pub fn hold_profiles(lab: &Lab, host: &str) {
    lab.on(
        host,
        "{ echo '#!/bin/sh'; echo 'touch /var/lib/profiling'; \
           echo 'while [ -e /var/lib/no-profiles ]; do sleep 0.02; done'; \
           echo 'exec /usr/bin/nix-env \"$@\"'; } > /run/wrappers/bin/nix-env; \
         chmod +x /run/wrappers/bin/nix-env; mkdir -p /var/lib; touch /var/lib/no-profiles",
    );
}

#[test]
fn without_rollback_a_failed_system_stays_and_has_no_profile() {
    let lab = Lab::with_hosts(["web"]);
    let [before] = first(&lab, [("web", "")]);
    let broken = "system.activationScripts.broken = \"false\"; deployment.rollback.enable = false;";
    network(&lab, "second", [("web", broken)]);
    lab.nixops(["deploy"])
        .exits(1)
        .says("web: failed to activate: switch-to-configuration ended with exit status 2")
        .says("the host did not go back: nothing ran there before, or it is not to (deployment.rollback.enable)");
    let now = lab.state("web");
    assert_ne!(now.running, before.running);
    assert_eq!(now.generations, before.generations);
    network(
        &lab,
        "second",
        [("web", "deployment.rollback.enable = false;")],
    );
    let connections = lab.connections("web");
    lab.nixops(["deploy"]).exits(0);
    assert_eq!(
        lab.connections("web"),
        connections + 1,
        "nobody was to confirm"
    );
    is_settled(&lab, "web");
}

#[test]
fn a_host_goes_back_when_its_deployer_is_killed_before_it_confirmed() {
    goes_back_without_its_deployer(&Lab::with_hosts(["web"]));
}

#[test]
fn a_host_that_can_note_no_decision_goes_back() {
    let lab = Lab::with_hosts(["web"]);
    let [before] = first(&lab, [("web", "")]);
    network(
        &lab,
        "second",
        [("web", "deployment.rollback.timeout = 2;")],
    );
    lab.on(
        "web",
        "{ echo '#!/bin/sh'; echo 'case \"$*\" in \"-s lease\"*) exit 1 ;; esac'; \
           echo 'exec /usr/bin/ln \"$@\"'; } > /run/wrappers/bin/ln; chmod +x /run/wrappers/bin/ln",
    );
    killed_on_trial(&lab);
    is_as_before(&lab, "web", &before);
}

/// Kills a deployer while the host is on trial, since the connection that would confirm takes its time, and waits for
/// the end.
fn killed_on_trial(lab: &Lab) {
    let mut run = lab.watch(["deploy", "--json"]);
    run.until_step("web", "activate");
    lab.host("web").delay(Duration::from_secs(30)).unwrap();
    wait_for_file(lab, "web", "tested");
    run.signal(Signal::KILL);
    drop(run);
    wait_for_end(lab, "web");
    lab.host("web").delay(Duration::ZERO).unwrap();
}

/// Kills deployers before they have confirmed, and expects the host to go back by itself.
pub fn goes_back_without_its_deployer(lab: &Lab) {
    let short = format!("{HELD_ACTIVATION} deployment.rollback.timeout = 3;");
    let [before] = first(lab, [("web", "")]);
    network(lab, "second", [("web", &short)]);

    // While it switches.
    lab.hold_activations("web");
    let mut run = lab.watch(["deploy", "--json"]);
    run.until_step("web", "activate");
    wait_for_file(lab, "web", "pid");
    lab.until_activating("web");
    run.signal(Signal::KILL);
    drop(run);
    lab.is_left_alone();
    lab.let_activations_go("web");
    wait_for_end(lab, "web");
    is_as_before(lab, "web", &before);

    killed_on_trial(lab);
    is_as_before(lab, "web", &before);

    lab.nixops(["deploy"]).exits(0);
    is_settled(lab, "web");
}

#[test]
fn what_is_confirmed_comes_to_its_end_without_its_deployer() {
    let lab = Lab::with_hosts(["web"]);
    first(&lab, [("web", "")]);
    network(&lab, "second", [("web", "")]);
    hold_profiles(&lab, "web");
    let run = lab.watch(["deploy", "--json"]);
    lab.until_there("web", "/var/lib/profiling");
    run.signal(Signal::KILL);
    drop(run);
    lab.on("web", "rm /var/lib/no-profiles");
    wait_for_end(&lab, "web");
    is_settled(&lab, "web");
    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    assert_eq!(again.result("web"), "unchanged");
}

#[test]
fn a_boot_before_the_confirmation_is_the_way_back_and_one_after_it_is_not() {
    let lab = Lab::with_hosts(["early", "late"]);
    let both = [("early", HELD_ACTIVATION), ("late", "")];
    let before = first(&lab, [("early", ""), ("late", "")]);
    network(&lab, "second", both);
    lab.hold_activations("early");
    hold_profiles(&lab, "late");
    let run = lab.watch(["deploy", "--json"]);
    lab.until_activating("early");
    lab.until_there("late", "/var/lib/profiling");
    lab.let_activations_go("early");
    lab.host("early").reboot().unwrap();
    // The profile, as it is set last before the boot loader.
    let system = run_system(&lab, "late");
    lab.on(
        "late",
        &format!("/usr/bin/nix-env --profile /nix/var/nix/profiles/system --set {system}"),
    );
    lab.host("late").reboot().unwrap();
    let run = run.end();
    run.exits(1);
    let (result, message) = because(&run, "early");
    assert_eq!(
        (result.as_str(), message.as_str()),
        (
            "rolled-back",
            "the host was booted before the new system was confirmed, and runs what it booted"
        )
    );
    is_as_before(&lab, "early", &before[0]);
    assert_eq!(run.result("late"), "activated");
    assert_eq!(lab.read("late", "/etc/motto"), "second");
}

/// The system that a host runs now.
fn run_system(lab: &Lab, host: &str) -> String {
    let running = lab.state(host).running.unwrap();
    running.to_str().unwrap().to_owned()
}

#[test]
fn an_activation_that_is_killed_on_the_host_is_done_again() {
    let lab = Lab::with_hosts(["web"]);
    first(&lab, [("web", "")]);
    network(&lab, "second", [("web", HELD_ACTIVATION)]);
    lab.hold_activations("web");
    let run = lab.watch(["deploy", "--json"]);
    lab.until_activating("web");
    lab.on(
        "web",
        "cd /run/nixops/activations; kill -KILL $(cat $(ls -t | head -n 1)/pid); \
         pkill -KILL -f '[s]witch-to-conf'",
    );
    let run = run.end();
    run.exits(1);
    let (result, message) = because(&run, "web");
    assert_eq!(result, "failed");
    assert_eq!(
        message,
        "the activation was killed on the host, which is somewhere in between"
    );
    lab.let_activations_go("web");
    let again = lab.nixops(["deploy", "--json"]);
    again.exits(0);
    assert_eq!(again.result("web"), "activated");
    is_settled(&lab, "web");
}
