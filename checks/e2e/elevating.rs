//! Users who are not root, and how they become it: with the real sudo and the real doas.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use rig::{Elevation, HostOptions, PASSWORD};

use crate::{
    lab::{Lab, Run, files_with},
    secrets_kept::Seen,
    typing::Terminal,
};

/// A rule of sudo that asks for the password of the user.
const ASKS: Elevation = Elevation::Sudo("alice ALL=(ALL:ALL) ALL");

/// The question for it.
const QUESTION: &str = "Password of alice on ";

/// A rule of polkit that lets alice do what root may with units.
const LETS: &str = "polkit.addRule(function (action, subject) {
  if (action.id == \"org.freedesktop.systemd1.manage-units\" && subject.user == \"alice\") {
    return polkit.Result.YES;
  }
});";

/// Another password, as `/etc/shadow` has it.
const OTHER: (&str, &str) = (
    "words-of-another-alice-1174",
    "$6$otherother$V5NgoQ3SgKC1B6MF7jKCNpSaAKux3JRJxklu/ZErzXiet/reC02wndkJW0ABMpkceNe9hVrKz6wRJOsTX3v.b.",
);

/// A lab with these hosts, whose user becomes root in one way.
fn lab<const N: usize>(names: [&str; N], elevation: &Elevation) -> Lab {
    let options = HostOptions {
        elevation: elevation.clone(),
        systemd: matches!(elevation, Elevation::Run0(_)),
        ..HostOptions::default()
    };
    let lab = Lab::with_hosts_of(names, &options);
    network(&lab, "");
    lab
}

/// All hosts as machines, into which alice logs in.
fn network(lab: &Lab, more: &str) {
    let machine = |name: &String| {
        let reach = lab.reach(name);
        format!("{name} = {{ {reach} deployment.targetUser = \"alice\"; {more} }};\n")
    };
    lab.network(&lab.hosts.keys().map(machine).collect::<String>());
}

/// A file with a password that only its owner may read.
fn password_file(lab: &Lab, password: &str) -> PathBuf {
    let path = lab.rig.home().join("password");
    fs::write(&path, format!("{password}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn deploy_with(lab: &Lab, password: &Path) -> Command {
    let mut command = lab.command(["deploy", "--elevate-password-file"]);
    command.arg(password);
    command
}

#[track_caller]
fn is_active(lab: &Lab, name: &str) {
    let host = lab.host(name);
    let running = host.read_link("/run/current-system").unwrap();
    let generations = host.generations().unwrap();
    assert_eq!(generations.len(), 1, "{name}");
    assert_eq!(running.as_ref(), Some(&generations[0].toplevel), "{name}");
}

#[track_caller]
fn is_untouched(lab: &Lab, name: &str) {
    let host = lab.host(name);
    assert_eq!(host.read_link("/run/current-system").unwrap(), None);
    assert!(host.generations().unwrap().is_empty());
    assert!(host.activations().unwrap().is_empty());
}

#[test]
fn a_password_is_asked_for_once_and_is_for_all_machines() {
    let lab = lab(["web", "db", "log"], &ASKS);
    network(
        &lab,
        "deployment.keys.token.text = \"what only root knows\";",
    );
    let mut terminal = Terminal::start(&lab, "deploy");
    terminal.answer(QUESTION, PASSWORD);
    let run = terminal.end();
    run.exits(0).does_not_say(PASSWORD);
    assert_eq!(run.stdout.matches(QUESTION).count(), 1, "{run:#?}");
    for name in lab.hosts.keys() {
        is_active(&lab, name);
        assert_eq!(lab.read(name, "/run/keys/token"), "what only root knows");
        // The second one confirms that there still is a way to the host.
        assert_eq!(lab.host(name).connections().unwrap(), 2);
    }
}

#[test]
fn a_password_can_be_asked_for_at_the_beginning() {
    let lab = lab(["web"], &ASKS);
    let mut terminal = Terminal::start(&lab, "deploy --ask-elevate-password");
    terminal.answer(
        "Password by which users become root on machines: ",
        PASSWORD,
    );
    let run = terminal.end();
    run.exits(0).does_not_say(QUESTION);
    is_active(&lab, "web");
    lab.nixops(["deploy", "--ask-sudo-password"])
        .exits(1)
        .says("--ask-elevate-password: there is nobody to ask");
}

#[test]
fn a_wrong_password_is_asked_for_again_at_most_twice() {
    let lab = lab(["web"], &ASKS);
    let again = "That is not the password of alice on web. Once more: ";
    let mut terminal = Terminal::start(&lab, "deploy");
    terminal
        .answer(QUESTION, "mistyped")
        .answer(again, "")
        .answer(again, "mistyped again");
    let run = terminal.end();
    run.exits(1)
        .says("web: failed to ")
        .says("alice cannot become root by `sudo -H --`: the password is wrong")
        .says("it is the password of alice on the machine that is asked for")
        .does_not_say("mistyped");
    is_untouched(&lab, "web");

    let mut terminal = Terminal::start(&lab, "deploy");
    terminal
        .answer(QUESTION, "mistyped")
        .answer(again, PASSWORD);
    terminal.end().exits(0);
    is_active(&lab, "web");
}

#[test]
fn a_machine_with_another_password_gets_its_own_and_the_others_keep_theirs() {
    let lab = lab(["web", "db", "log"], &ASKS);
    let shadow = lab.host("db").path("/etc/shadow");
    let text = format!("root:*:1::::::\nalice:{}:1::::::\n", OTHER.1);
    fs::write(shadow, text).unwrap();
    // Whichever asks first.
    let file = password_file(&lab, PASSWORD);
    let line = format!("deploy --elevate-password-file {}", file.display());
    let mut terminal = Terminal::start(&lab, &line);
    terminal.answer("the password of alice on db", OTHER.0);
    let run = terminal.end();
    run.exits(0);
    for name in lab.hosts.keys() {
        is_active(&lab, name);
    }
    assert_eq!(
        run.stdout.matches("assword of alice on ").count(),
        1,
        "{run:#?}"
    );
}

#[test]
fn nobody_to_ask_is_an_error_that_says_what_to_do() {
    let lab = lab(["web"], &ASKS);
    lab.nixops(["deploy"])
        .exits(1)
        .says("alice cannot become root by `sudo -H --`: a password is asked for, and there is nobody to ask")
        .says("hint: run this at a terminal, name a file with the password by --elevate-password-file");
    is_untouched(&lab, "web");
    let wrong = password_file(&lab, "wrong words");
    Run::of(&mut deploy_with(&lab, &wrong))
        .exits(1)
        .says("the password is wrong")
        .does_not_say("wrong words");
    fs::set_permissions(&wrong, fs::Permissions::from_mode(0o644)).unwrap();
    Run::of(&mut deploy_with(&lab, &wrong))
        .exits(1)
        .says("cannot read a password from ")
        .says("others may read it")
        .says("hint: ");
    is_untouched(&lab, "web");
}

#[test]
fn the_password_of_a_whole_life_stands_nowhere() {
    let lab = lab(["web", "db"], &ASKS);
    let file = password_file(&lab, PASSWORD);
    let mut seen = Seen::default();
    seen.run(&mut deploy_with(&lab, &file)).exits(0);
    network(&lab, "environment.etc.motto.text = \"second\";");
    let mut verbose = deploy_with(&lab, &file);
    seen.run(verbose.arg("--verbose")).exits(0);
    network(&lab, "system.activationScripts.broken.text = \"exit 1\";");
    let mut failing = deploy_with(&lab, &file);
    seen.run(failing.arg("--json")).exits(1);
    seen.has_none_of(&[PASSWORD.to_owned()]);
    let found = files_with(PASSWORD, lab.rig.root());
    assert_eq!(found, [file.to_string_lossy()]);
}

#[test]
fn a_sudo_that_asks_for_nothing_and_one_that_refuses() {
    let free = lab(
        ["web"],
        &Elevation::Sudo("alice ALL=(ALL:ALL) NOPASSWD: ALL"),
    );
    free.nixops(["deploy"]).exits(0);
    is_active(&free, "web");

    let refuses = lab(["web"], &Elevation::Sudo(""));
    let file = password_file(&refuses, PASSWORD);
    Run::of(&mut deploy_with(&refuses, &file))
        .exits(1)
        .says("alice cannot become root by `sudo -H --`: it was refused")
        .says("alice is not in the sudoers file")
        .says("hint: let alice become root on the machine");
    is_untouched(&refuses, "web");
}

#[test]
fn doas_makes_root_who_is_asked_for_nothing_and_says_so_where_it_asks() {
    let more = "deployment.elevation = \"doas\";";
    let free = lab(["web"], &Elevation::Doas("permit nopass alice"));
    network(&free, more);
    free.nixops(["deploy"]).exits(0);
    is_active(&free, "web");

    let asks = lab(["web"], &Elevation::Doas("permit alice"));
    network(&asks, more);
    asks.nixops(["deploy"])
        .exits(1)
        .says("alice cannot become root by `doas -n --`: a password is asked for that can only be given at a terminal")
        .says("hint: doas takes a password only from a terminal: permit alice with `nopass`");
    is_untouched(&asks, "web");

    network(&asks, "");
    asks.nixops(["deploy"])
        .exits(1)
        .says("hint: let alice become root on the machine");
}

#[test]
#[ignore = "needs run0 of systemd 257, and polkit"]
fn run0_makes_root_whom_polkit_lets_and_says_so_where_it_does_not() {
    let lab = lab(["web", "db"], &Elevation::Run0(LETS));
    let run0 =
        "deployment.elevation = \"run0\"; deployment.keys.token.text = \"what only root knows\";
      system.activationScripts.path.text = \"echo looks in $PATH\";";
    network(&lab, run0);
    let rules = "/etc/polkit-1/rules.d/10-rig.rules";
    let polkit = |rule: &str| {
        let script = format!("echo '{rule}' > {rules}; systemctl restart polkit.service");
        lab.on("db", &script);
    };
    let fails = |failure: &str, hint: &str| {
        let failure = format!(
            "alice cannot become root by `run0 --pipe --no-ask-password --setenv=PATH --`: {failure}"
        );
        let run = lab.nixops(["deploy", "--on", "db"]);
        run.exits(1).says(&failure).says(&format!("hint: {hint}"));
        is_untouched(&lab, "db");
    };

    // As the user who logs in does, not as systemd does, which on NixOS knows few programs.
    let run = lab.nixops(["deploy", "--on", "web"]);
    run.exits(0)
        .says(":/run/wrappers/bin:/run/current-system/sw/bin:")
        .does_not_say("\u{1b}");
    is_active(&lab, "web");
    assert_eq!(lab.read("web", "/run/keys/token"), "what only root knows");

    polkit("");
    fails(
        "a password is asked for that can only be given at a terminal",
        "polkit has nobody to ask: let a rule of it (security.polkit.extraConfig) grant alice ",
    );
    polkit("polkit.addRule(function () { return polkit.Result.NO; });");
    fails(
        "it was refused\n  Failed to start transient service unit: Access denied",
        "run0 needs ",
    );
    polkit(LETS);
    lab.on("db", "rm /etc/pam.d/systemd-run0");
    fails(
        "PAM opens no session",
        "run0 needs the service systemd-run0 of PAM",
    );
}

#[test]
fn a_way_that_the_machine_does_not_have_and_none_at_all_are_told_apart() {
    let lab = lab(["web"], &Elevation::Doas(""));
    network(&lab, "deployment.elevation = \"run0\";");
    lab.nixops(["deploy"])
        .exits(1)
        .says("alice cannot become root by `run0 --pipe --no-ask-password --setenv=PATH --`: there is no such program")
        .says("hint: set deployment.elevation to what the machine has");
    network(&lab, "deployment.elevation = \"none\";");
    lab.nixops(["deploy"])
        .exits(1)
        .says("the user on the target may not add unsigned store paths");
    network(&lab, "deployment.elevation = \"su\";");
    lab.nixops(["deploy"]).exits(1).says("deployment.elevation");
    is_untouched(&lab, "web");
}
