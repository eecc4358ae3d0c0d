//! The first use of a plugin, on a terminal and without one.

use std::{io::Write as _, process::Stdio};

use crate::lab::{Lab, Run};

/// Deploys on a terminal of its own, where this is typed.
fn on_a_terminal(lab: &Lab, typed: &str) -> Run {
    let mut command = lab.rig.command("script");
    let line = format!("{} deploy --color never", env!("CARGO_BIN_EXE_nixops"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.current_dir(&lab.directory).env("TERM", "dumb");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut script = command.spawn().unwrap();
    let mut keyboard = script.stdin.take().unwrap();
    keyboard.write_all(typed.as_bytes()).unwrap();
    let output = script.wait_with_output().unwrap();
    drop(keyboard);
    output.into()
}

/// A network of one volume, whose plugin is in a git repository.
fn one_volume() -> Lab {
    let lab = Lab::without_hosts();
    lab.neatcloud();
    commit(&lab);
    network(&lab);
    lab
}

fn network(lab: &Lab) {
    let input = format!(
        "inputs.neatcloud.url = \"git+file://{}\";",
        lab.place("neatcloud")
    );
    lab.network_of(&input, "resources.neatcloudVolumes.data.size = 1;");
}

fn commit(lab: &Lab) -> String {
    let place = lab.place("neatcloud");
    let git = |words: &[&str]| {
        let me = ["-c", "user.name=me", "-c", "user.email=me@example.org"];
        lab.run("git", &[&["-C", &place], &me[..], words].concat())
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "x"]);
    git(&["rev-parse", "HEAD"]).trim().to_owned()
}

const QUESTION: &str = "It is used for the first time. Use it? (y/N)";

#[test]
fn on_a_terminal_a_plugin_is_shown_and_asked_for_before_it_is_used() {
    let lab = one_volume();
    for answer in ["n\n", "\n", "what?\n"] {
        let run = on_a_terminal(&lab, answer);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stdout.contains(QUESTION), "{run:#?}");
        assert!(
            run.stdout
                .contains("error: plugin `neatcloud` is not accepted; nothing was done"),
            "{run:#?}"
        );
        lab.nothing_was_made();
    }
    let run = on_a_terminal(&lab, "y\n");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let shown = format!(
        "plugin `neatcloud` from git+file://{}, revision {}; its provider {} runs as you",
        lab.place("neatcloud"),
        revision(&lab),
        crate::plugins_lab::neatcloud().display(),
    );
    assert!(run.stdout.contains(&shown), "{shown}: {run:#?}");
    assert_eq!(lab.cloud_has("volumes").len(), 1);

    let run = on_a_terminal(&lab, "");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!run.stdout.contains("first time"), "{run:#?}");
}

fn revision(lab: &Lab) -> String {
    let place = lab.place("neatcloud");
    let revision = lab.run("git", &["-C", &place, "rev-parse", "HEAD"]);
    revision.trim().to_owned()
}

#[test]
fn another_revision_of_an_accepted_plugin_is_asked_for_no_more_but_another_origin_is() {
    let lab = one_volume();
    let first = revision(&lab);
    let run = on_a_terminal(&lab, "y\n");
    assert_eq!(run.code, Some(0), "{run:#?}");
    lab.beside("neatcloud/README", "news");
    assert_ne!(commit(&lab), first);
    network(&lab);
    let run = on_a_terminal(&lab, "");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!run.stdout.contains("first time"), "{run:#?}");

    let input = lab.neatcloud();
    lab.network_of(&input, "resources.neatcloudVolumes.data.size = 1;");
    let run = on_a_terminal(&lab, "n\n");
    assert!(run.stdout.contains(QUESTION), "{run:#?}");
}

#[test]
fn without_a_terminal_a_plugin_is_used_with_one_warning() {
    let lab = one_volume();
    let first = lab.nixops(["deploy"]);
    first
        .exits(0)
        .says("warning: plugin `neatcloud` is used for the first time\nhint: plugin `neatcloud` from git+file://");
    lab.nixops(["deploy"]).exits(0).does_not_say("first time");
}

#[test]
fn with_the_flag_nobody_is_asked_and_nothing_is_remembered() {
    let lab = one_volume();
    lab.deploy(&[]).exits(0).does_not_say("first time");
    let run = on_a_terminal(&lab, "n\n");
    assert!(run.stdout.contains(QUESTION), "{run:#?}");
}

#[test]
fn who_only_reads_the_network_is_not_asked() {
    let lab = one_volume();
    for verb in [
        ["eval", "--options-only"],
        ["list-plugins", "-v"],
        ["schema", "neatcloudVolumes"],
    ] {
        lab.nixops(verb).exits(0).does_not_say("first time");
    }
}
