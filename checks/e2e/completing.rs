//! Completions, by the shells themselves, and manual pages.

use std::{
    env,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::lab::{Lab, Run};

/// What is typed in each shell before anything else.
const BASH: &str = "PS1='> '; source <(nixops completions bash)\n";
const ZSH: &str = "PS1='> '; autoload -U compinit; compinit -u; source <(nixops completions zsh)\n";

/// A program of the lab, with `nixops` in its search path.
fn program(lab: &Lab, program: &str) -> Command {
    let mut command = lab.rig.command(program);
    let binary = Path::new(env!("CARGO_BIN_EXE_nixops"));
    let path = env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", binary.parent().unwrap().display());
    command.env("PATH", path).env("TERM", "dumb");
    command.current_dir(&lab.directory).stdin(Stdio::null());
    command
}

/// Types into a shell on a terminal, with `\t` for the key Tab, and gives what stood there at the end.
fn typed(lab: &Lab, shell: &str, keys: &str) -> String {
    let (log, input) = (lab.directory.join("log"), lab.directory.join("keys"));
    fs::write(&input, format!("{keys}\u{15}exit\n")).unwrap();
    let mut command = program(lab, "script");
    command.args(["--quiet", "--return", "--command", shell, "/dev/null"]);
    command.stdout(File::create(&log).unwrap());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut terminal = child.stdin.take().unwrap();
    std::io::copy(&mut File::open(input).unwrap(), &mut terminal).unwrap();
    for _ in 0..300 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    drop(terminal);
    child.wait().unwrap();
    fs::read_to_string(log).unwrap()
}

/// Whether a shell is there; a test without it says that it is skipped.
#[expect(
    clippy::print_stderr,
    reason = "it is for who reads the log of the tests"
)]
fn has(shell: &str) -> bool {
    let there = Command::new(shell).arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: there is no {shell} here");
    }
    there
}

/// A network of which nothing is deployed, and which was evaluated once.
fn evaluated(lab: &Lab) {
    lab.network("web-1 = { }; web-2 = { }; db = { };");
    lab.nixops(["show-option", "db", "networking.hostName"])
        .exits(0);
}

/// A deployed network, in which a machine has a tag.
fn deployed() -> Lab {
    let lab = Lab::with_hosts(["db"]);
    let reach = lab.reach("db");
    lab.network(&format!(
        "db = {{ {reach} deployment.tags = [ \"europe\" ]; }};"
    ));
    lab.nixops(["deploy"]).exits(0);
    lab
}

#[test]
fn bash_completes_verbs_machines_and_tags() {
    let lab = deployed();
    let shown = typed(
        &lab,
        "bash --norc --noprofile -i",
        &format!("{BASH}nixops show-op\td\tnetworking.hostName\nnixops build --js\t--on @eu\t\n"),
    );
    assert!(
        shown.contains("> nixops show-option db networking.hostName"),
        "{shown}"
    );
    assert!(shown.contains("\"db\""), "{shown}");
    assert!(
        shown.contains("> nixops build --json --on @europe"),
        "{shown}"
    );
    assert!(shown.contains("\"result\":\"built\""), "{shown}");
}

#[test]
fn zsh_completes_verbs_machines_and_tags() {
    if !has("zsh") {
        return;
    }
    let lab = deployed();
    let keys =
        format!("{ZSH}nixops show-op\td\tnetworking.hostName\nnixops build --js\t--on @eu\t\n");
    let shown = typed(&lab, "zsh -f -i", &keys);
    assert!(shown.contains("\"db\""), "{shown}");
    assert!(shown.contains("\"result\":\"built\""), "{shown}");
}

#[test]
fn fish_completes_verbs_machines_and_tags() {
    if !has("fish") {
        return;
    }
    let lab = deployed();
    let complete = |line: &str| {
        let script = format!("nixops completions fish | source; complete -C '{line}'");
        let run = Run::of(program(&lab, "fish").args(["--no-config", "--command", &script]));
        run.exits(0);
        run.stdout
    };
    assert!(complete("nixops show-op").starts_with("show-option\tShow the value"));
    assert_eq!(complete("nixops show-option d"), "db\n");
    assert_eq!(complete("nixops build --on @"), "@europe\n");
}

/// The candidates for a word of a command line, as bash is told.
fn candidates<const N: usize>(lab: &Lab, words: [&str; N]) -> Vec<String> {
    let mut command = lab.command(["--", "nixops"]);
    command.args(words).env("NIXOPS_COMPLETE", "bash");
    command.env("_CLAP_IFS", "\n");
    command.env("_CLAP_COMPLETE_INDEX", N.to_string());
    let run = Run::of(&mut command);
    assert_eq!(run.exits(0).stderr, "");
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn names_are_known_from_the_last_evaluation_without_another() {
    let lab = Lab::without_hosts();
    assert_eq!(candidates(&lab, ["deploy", "--on", ""]), [""; 0]);
    evaluated(&lab);
    assert_eq!(
        candidates(&lab, ["deploy", "--on", ""]),
        ["db", "web-1", "web-2"]
    );
    assert_eq!(candidates(&lab, ["apply-local", "web"]), ["web-1", "web-2"]);
    assert_eq!(
        candidates(&lab, ["deploy", "--on", "db,w"]),
        ["db,web-1", "db,web-2"]
    );
    // An expression that would fail, and nobody sees.
    lab.network("web-1 = throw \"evaluated\"; web-2 = { };");
    assert_eq!(
        candidates(&lab, ["build", "--exclude", "web"]),
        ["web-1", "web-2"]
    );
    let elsewhere = candidates(&lab, ["build", "--flake", "/nowhere", "--on", ""]);
    assert_eq!(elsewhere, [""; 0]);
}

#[test]
fn deployments_and_their_machines_are_known_from_the_state() {
    let lab = deployed();
    lab.nixops(["create", "--name", "staging"]).exits(0);
    assert_eq!(candidates(&lab, ["info", "-d", "st"]), ["staging"]);
    assert_eq!(
        candidates(&lab, ["deploy", "-d", "staging", "--on", "@"]),
        [""; 0]
    );
    let elsewhere = ["deploy", "--state", "/nowhere/state.db", "--on", "@"];
    assert_eq!(candidates(&lab, elsewhere), [""; 0]);
    assert_eq!(candidates(&lab, ["deploy", "--on", "@"]), ["@europe"]);
}

#[test]
fn a_shell_without_completions_is_refused() {
    let lab = Lab::without_hosts();
    lab.nixops(["completions", "ksh"])
        .exits(2)
        .says("invalid value 'ksh'")
        .says("bash, zsh, fish");
    let mut command = lab.command(["--", "nixops", ""]);
    Run::of(command.env("NIXOPS_COMPLETE", "ksh")).exits(1);
    let run = lab.nixops(["completions", "fish", "--json"]);
    let script = run.exits(0).json()["script"].clone();
    assert!(script.as_str().unwrap().contains("--command nixops"));
}

#[test]
fn every_command_has_a_manual_page() {
    let lab = Lab::without_hosts();
    let run = lab.nixops(["man", "--dir", "man", "--json"]);
    let files = run.exits(0).json()["files"].as_array().unwrap().len();
    let pages = fs::read_dir(lab.directory.join("man")).unwrap();
    assert_eq!(pages.count(), files);
    for page in ["nixops", "nixops-deploy", "nixops-plugin-check"] {
        let text = fs::read_to_string(lab.directory.join(format!("man/{page}.1"))).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
    assert!(!lab.directory.join("man/nixops-keep-lock.1").exists());
    let one = lab
        .nixops(["man", "plugin", "check"])
        .exits(0)
        .stdout
        .clone();
    let written = fs::read_to_string(lab.directory.join("man/nixops-plugin-check.1")).unwrap();
    assert_eq!(one, written);
    lab.nixops(["man", "plugin", "chek"])
        .exits(1)
        .says("there is no command `plugin chek`; did you mean `nixops plugin check`?");
    lab.nixops(["man", "--dir", "/proc/nowhere"])
        .exits(1)
        .says("while making /proc/nowhere");
}
