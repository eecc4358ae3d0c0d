//! Where systems are built: here, on the target, by other machines; and what Nix is told about it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use rig::{Elevation, Host, HostOptions, PASSWORD};
use serde_json::Value;

use crate::{
    lab::{Lab, Run, eval},
    typing::Terminal,
};

/// The other of the two systems that NixOS is made for: this one is never it.
const OTHER_SYSTEM: &str = if cfg!(target_arch = "x86_64") {
    "aarch64-linux"
} else {
    "x86_64-linux"
};

/// The machine `web`, with more in its configuration.
fn network(lab: &Lab, more: &str) {
    let reach = lab.reach("web");
    lab.network(&format!("web = {{ pkgs, ... }}: {{ {reach} {more} }};"));
}

/// Adds lines to the configuration of Nix on a host.
fn configure(host: &Host, lines: &str) {
    let path = host.path("/etc/nix/nix.conf");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text + lines + "\n").unwrap();
}

/// Whether a path is valid in the deployer's store.
fn is_here(lab: &Lab, path: &Path) -> bool {
    let mut command = lab.rig.command("nix-store");
    command.arg("--check-validity").arg(path);
    command.output().unwrap().status.success()
}

#[track_caller]
fn running(lab: &Lab) -> PathBuf {
    let host = lab.host("web");
    let running = host.read_link("/run/current-system").unwrap().unwrap();
    assert_eq!(
        host.generations().unwrap().last().unwrap().toplevel,
        running
    );
    running
}

/// The steps of `web` after those that may come in any order, as they ended.
fn steps(events: &[Value]) -> Vec<&str> {
    let finished = events
        .iter()
        .filter(|event| event["event"] == "step-finished");
    let steps = finished.filter_map(|event| event["step"].as_str());
    steps
        .filter(|step| !["evaluate", "connect"].contains(step))
        .collect()
}

#[test]
fn a_machine_builds_its_own_system() {
    let lab = Lab::with_hosts(["web"]);
    let motto = "environment.etc.motto.source = pkgs.runCommand \"motto\" { } \
                 \"echo the motto is built; echo one > $out\";";
    network(&lab, &format!("deployment.buildOnTarget = true; {motto}"));
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(0);
    let events = run.events();
    assert_eq!(steps(&events), ["copy", "build", "activate"]);
    let line = |event: &Value| event["line"] == "the motto is built";
    assert!(events.iter().any(line), "{run:#?}");
    let system = running(&lab);
    assert!(!is_here(&lab, &system));
    assert_eq!(lab.read("web", "/etc/motto"), "one\n");
    let host = lab.host("web");
    let root = host.read_link("/nix/var/nix/gcroots/nixops-built").unwrap();
    assert_eq!(root, Some(system));
    // The second one confirms that there still is a way to the host.
    assert_eq!(host.connections().unwrap(), 2);

    lab.nixops(["deploy"]).exits(0).says("unchanged");
}

#[test]
fn one_run_may_build_elsewhere_than_the_network_says() {
    let lab = Lab::with_hosts(["web"]);
    network(&lab, "deployment.buildOnTarget = true;");
    lab.nixops(["deploy", "--no-build-on-target"]).exits(0);
    assert!(is_here(&lab, &running(&lab)));

    network(&lab, "environment.etc.motto.text = \"second\";");
    lab.nixops(["deploy", "--build-only", "--build-on-target"])
        .exits(0)
        .says("web> built");
    lab.nixops(["deploy", "--build-on-target"]).exits(0);
    let system = running(&lab);
    assert!(!is_here(&lab, &system));
    lab.nixops(["deploy", "--build-on-target", "--no-build-on-target"])
        .exits(2);
}

#[test]
fn a_build_that_fails_on_the_machine_shows_its_last_lines() {
    let lab = Lab::with_hosts(["web"]);
    let broken =
        "environment.etc.x.source = pkgs.runCommand \"broken-part\" { } \"echo no rule; exit 7\";";
    network(&lab, broken);
    lab.nixops(["deploy", "--build-on-target"])
        .exits(1)
        .says("web: failed to build: building `broken-part` failed, which `nixos-system-web")
        .says("no rule")
        .says("hint: the whole log is on the machine: nix log /nix/store/");
    assert!(lab.host("web").generations().unwrap().is_empty());
}

#[test]
fn a_user_who_is_not_root_has_root_build_on_the_machine() {
    let mut lab = Lab::without_hosts();
    let options = HostOptions {
        elevation: Elevation::Sudo("alice ALL=(ALL:ALL) ALL"),
        ..HostOptions::default()
    };
    let host = lab.rig.add_host_with("web", &options).unwrap();
    lab.hosts.insert("web".to_owned(), host);
    network(
        &lab,
        "deployment.targetUser = \"alice\"; deployment.buildOnTarget = true;",
    );
    let mut terminal = Terminal::start(&lab, "deploy");
    terminal.answer("Password of alice on web", PASSWORD);
    terminal.end().exits(0);
    let system = running(&lab);
    assert!(!is_here(&lab, &system));
}

#[test]
fn a_machine_of_another_system_is_evaluated_and_built_where_that_can_be_done() {
    let lab = Lab::with_hosts(["web"]);
    network(&lab, &format!("nixpkgs.hostPlatform = \"{OTHER_SYSTEM}\";"));
    let evaluated = eval(&lab, []);
    let derivation = evaluated["machines"]["web"]["derivation"].as_str().unwrap();
    let text = lab.run("nix-store", &["--query", "--binding", "system", derivation]);
    assert_eq!(text.trim(), OTHER_SYSTEM);

    let nobody = format!("it takes a machine of the system {OTHER_SYSTEM}");
    let run = lab.nixops(["deploy"]);
    run.exits(1)
        .says("web: failed to build: nobody can build `")
        .says("which `nixos-system-web")
        .says(&nobody)
        .says("hint: let the machine build its own system (deployment.buildOnTarget, or --build-on-target for once)")
        .says(&format!("(--builders 'ssh://HOST {OTHER_SYSTEM}')"));
    lab.nixops(["deploy", "--build-on-target"])
        .exits(1)
        .says(&nobody);

    // As a machine that runs programs of the other system is configured.
    configure(
        lab.host("web"),
        &format!("extra-platforms = {OTHER_SYSTEM}"),
    );
    lab.nixops(["deploy", "--build-on-target"]).exits(0);
    let system = running(&lab);
    assert!(!is_here(&lab, &system));
}

#[test]
fn a_builder_builds_what_cannot_be_built_here() {
    let mut lab = Lab::with_hosts(["web", "builder"]);
    let builder = lab.hosts.remove("builder").unwrap();
    configure(&builder, &format!("extra-platforms = {OTHER_SYSTEM}"));
    network(&lab, &format!("nixpkgs.hostPlatform = \"{OTHER_SYSTEM}\";"));
    let ssh = fs::read_to_string(lab.rig.ssh_config()).unwrap();
    let entry = format!(
        "Host builder\n  HostName {}\n  Port {}\n  User root\n",
        builder.address, builder.port
    );
    fs::write(lab.rig.ssh_config(), ssh + &entry).unwrap();
    let builders = format!("ssh://builder {OTHER_SYSTEM}");
    let run = lab.nixops(["deploy", "--builders", &builders]);
    run.exits(0);
    let system = running(&lab);
    assert!(is_here(&lab, &system));
    assert!(builder.nix_paths().unwrap().contains(&system));
}

/// A server of files on a loopback address, which writes what it is asked for into a file.
struct Server {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Server {
    fn start(lab: &Lab, directory: &Path) -> Self {
        let log = lab.rig.home().join("http.log");
        let mut command = lab.rig.command("python3");
        command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]);
        command.current_dir(directory);
        let file = fs::File::create(&log).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        let child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let url = loop {
            let said = fs::read_to_string(&log).unwrap();
            if let Some((_, rest)) = said.split_once("port ") {
                let port = rest.split_whitespace().next().unwrap();
                break format!("http://127.0.0.1:{port}");
            }
            assert!(Instant::now() < deadline, "no server: {said}");
            thread::sleep(Duration::from_millis(20));
        };
        Self { child, url, log }
    }

    /// Archives that somebody fetched.
    fn archives(&self) -> usize {
        let log = fs::read_to_string(&self.log).unwrap();
        log.lines()
            .filter(|line| line.contains("GET /nar/"))
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_machine_fetches_from_its_binary_caches_what_they_have() {
    let lab = Lab::with_hosts(["web"]);
    network(&lab, "");
    lab.nixops(["deploy", "--build-only"]).exits(0);
    let system = eval(&lab, [])["machines"]["web"]["system"].clone();
    let cache = lab.rig.home().join("cache");
    let to = format!("file://{}", cache.display());
    lab.run("nix", &["copy", "--to", &to, system.as_str().unwrap()]);
    let server = Server::start(&lab, &cache);
    configure(lab.host("web"), &format!("substituters = {}", server.url));

    let all = "deployment.substituteOnDestination = false;";
    network(&lab, all);
    lab.nixops(["deploy", "--copy-only"]).exits(0);
    assert_eq!(server.archives(), 0);
    lab.host("web").run(["nix-collect-garbage"]).unwrap();

    network(&lab, "");
    let run = lab.nixops(["deploy", "--json"]);
    run.exits(0);
    assert_eq!(running(&lab), Path::new(system.as_str().unwrap()));
    assert!(server.archives() > 10, "{}", server.archives());
    let events = run.events();
    let fetching = events.iter().filter(|event| event["event"] == "fetching");
    let fetching =
        fetching.filter(|event| event["machine"] == "web" && event["from"] == server.url);
    let paths: Vec<&Value> = fetching.map(|event| &event["path"]).collect();
    assert_eq!(paths.len(), server.archives());
    assert!(paths.contains(&&system), "{paths:#?}");
    let progress = events.iter().any(|event| {
        event["event"] == "copy-progress" && event["machine"] == "web" && event["fetching"] == true
    });
    assert!(progress, "{run:#?}");
    // What it fetched is not sent besides.
    assert_eq!(run.summary()["totals"]["copied"]["paths"], 0);
}

#[test]
fn a_binary_cache_that_breaks_its_promise_fails_the_build_unless_told_to_build_then() {
    let lab = Lab::with_hosts(["web"]);
    let promised = "environment.etc.promised.source = derivation {
           name = \"promised\"; system = pkgs.system; builder = \"/bin/sh\"; args = [ \"-c\" \"echo kept > $out\" ];
         };";
    network(&lab, promised);
    lab.nixops(["deploy", "--build-only"]).exits(0);
    let store = lab.rig.root().join("nix/store");
    let path = in_store(&store, "-promised");
    let cache = lab.rig.home().join("cache");
    let to = format!("file://{}", cache.display());
    lab.run("nix", &["copy", "--to", &to, &path.to_string_lossy()]);
    for archive in fs::read_dir(cache.join("nar")).unwrap().flatten() {
        fs::write(archive.path(), "broken").unwrap();
    }
    fs::remove_dir_all(lab.rig.home().join("state")).unwrap();
    lab.run("nix-collect-garbage", &[]);
    assert!(!is_here(&lab, &path));
    let deploy = |more: &[&str]| {
        let mut command = lab.command(["deploy", "--option", "substituters", &to]);
        Run::of(
            command
                .args(["--option", "require-sigs", "false"])
                .args(more),
        )
    };
    deploy(&["--build-only"])
        .exits(1)
        .says("web: failed to build");
    deploy(&["--fallback"]).exits(0);
    assert_eq!(lab.read("web", "/etc/promised"), "kept\n");
}

/// The path in a store whose name ends so, as programs know it.
fn in_store(store: &Path, end: &str) -> PathBuf {
    let names = fs::read_dir(store).unwrap().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let name = names.into_iter().find(|name| name.ends_with(end)).unwrap();
    Path::new("/nix/store").join(name)
}

#[test]
fn what_nix_is_told_reaches_it_here_and_on_the_machine() {
    let lab = Lab::with_hosts(["web"]);
    let cores = "environment.etc.cores.source = pkgs.runCommand \"cores\" { inherit turn; } \
                 \"echo $NIX_BUILD_CORES > $out\";";
    let turn = |turn: u32| {
        network(
            &lab,
            &cores.replace("inherit turn", &format!("turn = {turn}")),
        );
    };
    turn(1);
    lab.nixops(["deploy", "--cores", "3"]).exits(0);
    assert_eq!(lab.read("web", "/etc/cores"), "3\n");
    turn(2);
    lab.nixops(["deploy", "--cores", "5", "--build-on-target"])
        .exits(0);
    assert_eq!(lab.read("web", "/etc/cores"), "5\n");
    turn(3);
    // What `--option` says comes last.
    lab.nixops([
        "deploy",
        "--cores",
        "5",
        "--option",
        "cores",
        "7",
        "--keep-going",
        "-Q",
    ])
    .exits(0);
    assert_eq!(lab.read("web", "/etc/cores"), "7\n");

    let broken =
        "environment.etc.x.source = pkgs.runCommand \"broken-part\" { } \"touch trace; exit 7\";";
    network(&lab, broken);
    let kept = || {
        let temporary = lab.rig.root().join("tmp");
        let names = fs::read_dir(temporary).unwrap().flatten();
        names
            .filter(|entry| entry.path().join("trace").exists())
            .count()
    };
    lab.nixops(["deploy", "--build-only"]).exits(1);
    assert_eq!(kept(), 0);
    lab.nixops(["deploy", "--build-only", "--keep-failed"])
        .exits(1);
    assert_eq!(kept(), 1);
    lab.nixops(["eval", "-j", "many"])
        .exits(2)
        .says("--max-jobs");
}

#[test]
fn a_system_that_is_damaged_here_is_built_anew_when_asked_for() {
    let lab = Lab::with_hosts(["web"]);
    network(
        &lab,
        "environment.etc.motto.source = pkgs.writeText \"motto\" \"whole\";",
    );
    lab.nixops(["deploy", "--build-only"]).exits(0);
    let store = lab.rig.root().join("nix/store");
    let motto = in_store(&store, "-motto");
    lab.run("chmod", &["u+w", &motto.to_string_lossy()]);
    fs::write(store.join(motto.file_name().unwrap()), "broken").unwrap();
    lab.nixops(["deploy", "--build-only", "--repair"]).exits(0);
    lab.nixops(["deploy"]).exits(0);
    assert_eq!(lab.read("web", "/etc/motto"), "whole");
}
