//! A computer that deploys itself: the binary runs on a host of the rig, with that host's own store and Nix.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
    process::{Command, Stdio},
};

use rig::{Elevation, HostOptions, PASSWORD, Share, command_in_host};

use crate::{
    lab::{Lab, POCKET, Run},
    state::{HELD_ACTIVATION, State},
    typing::Terminal,
    watched::{Watched, wait_until},
};

/// What makes a command one of the user who is not root, on every host.
const ALICE: [&str; 4] = ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups"];

/// The number of that user.
const ALICES: Option<u32> = Some(1000);

/// Where the host sees the binary.
const PROGRAMS: &str = "/opt/nixops";

/// A host `web` that is NixOS, and sees the network and the binary.
fn lab(options: HostOptions) -> Lab {
    let mut lab = Lab::without_hosts();
    let binary = Path::new(env!("CARGO_BIN_EXE_nixops")).parent().unwrap();
    let share = |machine: &Path, host: &Path| Share {
        machine: machine.to_owned(),
        host: host.to_owned(),
    };
    let shares = vec![
        share(binary, Path::new(PROGRAMS)),
        share(Path::new(POCKET), Path::new(POCKET)),
        share(&lab.rig.home(), &lab.rig.home()),
    ];
    let options = HostOptions { shares, ..options };
    let host = lab.rig.add_host_with("web", &options).unwrap();
    fs::write(host.path("/etc/NIXOS"), "").unwrap();
    lab.hosts.insert("web".to_owned(), host);
    lab
}

/// The machine `web`, which may deploy itself, with a motto and more; and others.
fn network(lab: &Lab, motto: &str, more: &str, others: &str) {
    lab.network(&format!(
        "web = {{ deployment.allowLocalDeployment = true; environment.etc.motto.text = \"{motto}\"; {more} }};
         {others}"
    ));
}

/// The binary on the host, about to run there in the directory of the network; a user who is not root becomes that one
/// by words of hers.
fn on_host(lab: &Lab, user: &[&str], home: &str, arguments: &[&str]) -> Command {
    let directory = format!("--chdir={}", lab.directory.display());
    let (home, program) = (format!("HOME={home}"), format!("{PROGRAMS}/nixops"));
    let words = ["env", &directory, &home, &program];
    let words = [user, &words, arguments].concat();
    let mut command = command_in_host(lab.host("web").process(), words);
    command.stdin(Stdio::null());
    command
}

/// `nixops apply-local` as root.
fn here(lab: &Lab, arguments: &[&str]) -> Command {
    let arguments = [&["apply-local"], arguments].concat();
    on_host(lab, &[], "/root", &arguments)
}

/// `nixops apply-local` as the user who is not root.
fn as_alice(lab: &Lab, arguments: &[&str]) -> Command {
    let arguments = [&["apply-local"], arguments].concat();
    on_host(lab, &ALICE, "/home/alice", &arguments)
}

#[track_caller]
fn apply(lab: &Lab, arguments: &[&str]) -> Run {
    Run::of(&mut here(lab, arguments))
}

/// Expects that the host runs and boots its newest system, with this motto; gives what it is.
#[track_caller]
fn is_settled(lab: &Lab, motto: &str) -> State {
    let now = lab.state("web");
    assert!(now.running.is_some());
    assert_eq!(now.running.as_deref(), now.profile());
    assert_eq!(now.boots, now.running);
    assert_eq!(lab.read("web", "/etc/motto"), motto);
    now
}

#[test]
fn a_computer_deploys_itself_without_ssh_and_a_second_time_changes_nothing() {
    let lab = lab(HostOptions::default());
    let more = "deployment.keys.token.text = \"what only root knows\";
                deployment.healthChecks.motto.command = [ \"grep\" \"-q\" \"first\" \"/etc/motto\" ];";
    network(&lab, "first", more, "db = { };");
    apply(&lab, &["--dry-run"])
        .exits(0)
        .says("web> would build, activate");
    let run = apply(&lab, &["--build-only"]);
    run.exits(0).says("web> built");
    apply(&lab, &["--dry-activate"])
        .exits(0)
        .says("web> dry-activated");
    assert_eq!(lab.state("web").running, None);

    let run = apply(&lab, &["--json"]);
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    let copies = |event: &serde_json::Value| event["step"] == "copy";
    assert!(!run.events().iter().any(copies), "{run:#?}");
    let first = is_settled(&lab, "first");
    assert_eq!(first.goals(), ["test", "boot"]);
    assert_eq!(lab.read("web", "/run/keys/token"), "what only root knows");
    assert_eq!(lab.connections("web"), 0);

    let again = apply(&lab, &["web", "--json"]);
    again.exits(0);
    assert_eq!(again.result("web"), "unchanged");
    apply(&lab, &["--always-activate"])
        .exits(0)
        .says("1 activated");
    assert_eq!(lab.state("web").generations, first.generations);
    // What the state knows of it is what every other deploy leaves.
    let run = Run::of(&mut on_host(&lab, &[], "/root", &["info", "--json"]));
    run.exits(0);
    let system = run.json()["things"][0]["system"].clone();
    assert_eq!(system.as_str().map(Path::new), first.running.as_deref());
}

#[test]
fn a_system_that_cannot_be_activated_or_is_not_healthy_goes_back() {
    let lab = lab(HostOptions::default());
    network(&lab, "first", "", "");
    apply(&lab, &[]).exits(0);
    let before = is_settled(&lab, "first");

    let broken = "system.activationScripts.broken.text = \"exit 1\";";
    let sick = "deployment.healthChecks.never.command = [ \"false\" ];
                deployment.healthChecks.never.retries = 0;";
    for more in [broken, sick] {
        network(&lab, "second", more, "");
        let run = apply(&lab, &["--json"]);
        run.exits(1);
        assert_eq!(run.result("web"), "rolled-back");
        let now = is_settled(&lab, "first");
        assert_eq!(now.generations, before.generations);
    }

    network(&lab, "second", "", "");
    apply(&lab, &["--test"]).exits(0);
    assert_eq!(lab.state("web").generations, before.generations);
    assert_eq!(lab.read("web", "/etc/motto"), "second");
    apply(&lab, &["--boot"]).exits(0);
    is_settled(&lab, "second");
}

#[test]
fn a_computer_whose_run_is_killed_goes_back_by_itself() {
    let lab = lab(HostOptions::default());
    let more = format!("deployment.rollback.timeout = 2; {HELD_ACTIVATION}");
    network(&lab, "first", &more, "");
    apply(&lab, &[]).exits(0);
    let before = is_settled(&lab, "first");

    network(&lab, "second", &more, "");
    lab.on("web", "rm /var/lib/activating");
    lab.hold_activations("web");
    let mut run = Watched::of(&mut here(&lab, &["--json"]));
    run.until_step("web", "activate");
    lab.until_activating("web");
    lab.on("web", "pkill -KILL -x nixops");
    assert_ne!(run.end().code, Some(0));
    lab.let_activations_go("web");
    let holder = lab.host("web").path("/run/nixops/holder");
    wait_until("end of the activation", || !holder.exists());
    assert_eq!(is_settled(&lab, "first").generations, before.generations);
    apply(&lab, &[]).exits(0);
    is_settled(&lab, "second");
}

#[test]
fn a_computer_becomes_no_machine_that_it_is_not_by_mistake() {
    let lab = lab(HostOptions::default());
    let untouched = lab.state("web");
    let says = |arguments: &[&str], error: &str, hint: &str| {
        apply(&lab, arguments).exits(1).says(error).says(hint);
        assert_eq!(lab.state("web"), untouched);
    };
    lab.network("web = { }; db = { };");
    says(
        &[],
        "error: web may not be deployed to this computer: its deployment.allowLocalDeployment is false",
        "hint: set `deployment.allowLocalDeployment = true` if this computer is web; over SSH it is",
    );
    says(
        &["wbe"],
        "error: no machine matches 'wbe'",
        "did you mean 'web'?",
    );
    says(
        &["*"],
        "error: * means db, web, and this computer can be one machine only",
        "",
    );

    lab.network("defaults.deployment.allowLocalDeployment = true; webs = { }; db = { };");
    says(
        &[],
        "error: no machine is called web, as this computer is",
        "hint: name the one that it is: nixops apply-local webs; the machines are db, webs",
    );
    says(
        &["db"],
        "error: this computer is called web, and not db; nothing was done, since there is nobody to ask \
         (--yes agrees)",
        "",
    );
    apply(&lab, &["db", "--build-only"]).exits(0);
    assert_eq!(lab.state("web"), untouched);

    let named =
        "defaults = { networking.hostName = \"web\"; deployment.allowLocalDeployment = true; };";
    lab.network(&format!("{named} webs = {{ }}; db = {{ }};"));
    says(
        &[],
        "error: db and webs have the host name web, as this computer has",
        "hint: name the one that it is: nixops apply-local db",
    );
    lab.network(&format!(
        "{named} db = {{ }}; log = {{ lib, ... }}: {{ networking.hostName = lib.mkForce \"log\"; }};"
    ));
    fs::remove_file(lab.host("web").path("/etc/NIXOS")).unwrap();
    says(
        &[],
        "db: failed to connect: this computer does not run NixOS: there is no /etc/NIXOS",
        "hint: run this on the machine itself",
    );
    fs::write(lab.host("web").path("/etc/NIXOS"), "").unwrap();
    apply(&lab, &[]).exits(0).says("db> activated");
    apply(&lab, &["log", "--yes"])
        .exits(0)
        .says("log> activated");
    let running = lab.state("web").running.unwrap();
    assert!(
        running.to_string_lossy().contains("-nixos-system-log"),
        "{running:?}"
    );
    // What runs says it, too.
    fs::remove_file(lab.host("web").path("/etc/NIXOS")).unwrap();
    apply(&lab, &["log", "--yes"]).exits(0).says("1 unchanged");
}

#[test]
fn what_is_known_of_resources_is_what_the_last_deploy_made() {
    let lab = lab(HostOptions::default());
    let reads = "deployment.targetHost = \"nowhere.invalid\"; environment.etc.count.text = resources.commandOutput.count.value;";
    lab.network(&format!(
        "resources.commandOutput.count.script = \"echo 3\";
         defaults.deployment.allowLocalDeployment = true;
         web = {{ resources, ... }}: {{ {reads} }};"
    ));
    apply(&lab, &[])
        .exits(1)
        .says("web> skipped: it reads resources.commandOutput.count.value, which is not known");
    assert_eq!(lab.state("web").running, None);

    // Resources come first, whatever becomes of machines.
    Run::of(&mut on_host(&lab, &[], "/root", &["deploy"]))
        .exits(1)
        .says("web: failed to connect");
    apply(&lab, &[]).exits(0);
    assert_eq!(lab.read("web", "/etc/count"), "3\n");
}

#[test]
fn a_machine_that_its_backend_has_not_made_is_no_computer() {
    let lab = lab(HostOptions::default());
    let cloud = lab.plugin("cloud", "backends = [ \"cloud\" ];");
    lab.network_of(
        &cloud,
        "web.deployment = { targetEnv = \"cloud\"; allowLocalDeployment = true; };",
    );
    apply(&lab, &[])
        .exits(1)
        .says("error: web: its backend `cloud` has not made it")
        .says("hint: `nixops deploy` makes it");
    assert_eq!(lab.state("web").running, None);
}

/// The same host, whose Nix has a daemon, as NixOS has it; the network is alice's.
fn of_alice(rules: &'static str) -> Lab {
    let lab = lab(HostOptions {
        elevation: Elevation::Sudo(rules),
        ..HostOptions::default()
    });
    network(&lab, "first", "", "");
    for path in [lab.directory.clone(), lab.directory.join("flake.nix")] {
        chown(path, ALICES, ALICES).unwrap();
    }
    lab.on("web", "nix-daemon < /dev/null > /dev/null 2>&1 &");
    let socket = lab.host("web").path("/nix/var/nix/daemon-socket/socket");
    wait_until("daemon", || socket.exists());
    lab
}

#[test]
fn a_user_who_is_not_root_becomes_it_by_sudo() {
    let lab = of_alice("alice ALL=(ALL:ALL) NOPASSWD: ALL");
    let run = Run::of(&mut as_alice(&lab, &["--json"]));
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    let first = is_settled(&lab, "first");
    Run::of(&mut as_alice(&lab, &[]))
        .exits(0)
        .says("1 unchanged");

    network(
        &lab,
        "second",
        "system.activationScripts.broken.text = \"exit 1\";",
        "",
    );
    Run::of(&mut as_alice(&lab, &[]))
        .exits(1)
        .says("the host went back");
    assert_eq!(is_settled(&lab, "first").generations, first.generations);
    // Her state is her own.
    assert!(
        lab.host("web")
            .path("/home/alice/.local/state/nixops")
            .exists()
    );
    assert!(!lab.host("web").path("/root/.local/state/nixops").exists());
}

#[test]
fn a_user_at_a_terminal_is_asked_for_the_password() {
    // As newer versions of sudo do by default; both are on one terminal here.
    let lab = of_alice("Defaults use_pty\nalice ALL=(ALL:ALL) ALL");
    let line = format!("{PROGRAMS}/nixops apply-local");
    let words = [
        "script",
        "--quiet",
        "--return",
        "--command",
        &line,
        "/dev/null",
    ];
    let directory = format!("--chdir={}", lab.directory.display());
    let env = ["env", &directory, "HOME=/home/alice", "TERM=xterm"];
    let words = [&ALICE[..], &env, &words].concat();
    let mut terminal = Terminal::of(command_in_host(lab.host("web").process(), words));
    terminal.answer("Password of alice on web", PASSWORD);
    terminal.end().exits(0).does_not_say(PASSWORD);
    is_settled(&lab, "first");
}

#[test]
fn a_user_whom_sudo_asks_for_a_password_gives_it_by_a_file() {
    let lab = of_alice("alice ALL=(ALL:ALL) ALL");
    Run::of(&mut as_alice(&lab, &[]))
        .exits(1)
        .says("alice cannot become root by `sudo -H --`: a password is asked for, and there is nobody to ask");
    assert_eq!(lab.state("web").running, None);

    let file = lab.host("web").path("/home/alice/password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    chown(&file, ALICES, ALICES).unwrap();
    let password = ["--elevate-password-file", "/home/alice/password"];
    let run = Run::of(&mut as_alice(&lab, &password));
    run.exits(0).does_not_say(PASSWORD);
    is_settled(&lab, "first");
}

#[test]
fn the_activation_is_a_unit_of_its_own_where_systemd_runs() {
    let lab = lab(HostOptions {
        systemd: true,
        ..HostOptions::default()
    });
    let unit = "environment.etc.motto.text = \"first\";
                system.activationScripts.unit.text = \"cat /proc/self/cgroup > /var/lib/cgroup\";";
    lab.on("web", "mkdir -p /var/lib");
    lab.network(&format!(
        "web = {{ deployment.allowLocalDeployment = true; {unit} }};"
    ));
    apply(&lab, &[]).exits(0);
    is_settled(&lab, "first");
    let group = lab.read("web", "/var/lib/cgroup");
    assert!(group.contains("nixops-activation-"), "{group}");
}

#[test]
fn what_was_built_in_a_store_of_the_users_own_is_imported() {
    let lab = of_alice("alice ALL=(ALL:ALL) NOPASSWD: ALL");
    let mut command = on_host(
        &lab,
        &[
            &ALICE[..],
            &["env", "NIX_REMOTE=local?root=/home/alice/own"],
        ]
        .concat(),
        "/home/alice",
        &[
            "apply-local",
            "--json",
            "--option",
            "sandbox-paths",
            "/bin? /usr /lib? /lib64? /etc",
        ],
    );
    let run = Run::of(&mut command);
    run.exits(0);
    let copied = run.summary()["machines"]["web"]["copied"]["paths"].clone();
    assert!(copied.as_u64().is_some_and(|paths| paths > 10), "{run:#?}");
    is_settled(&lab, "first");
}
