//! What is written where: colours, help, wrong usage.

use std::fs::OpenOptions;

use crate::lab::{Lab, Run};

/// Runs the binary on a terminal of its own.
fn on_a_terminal(lab: &Lab, arguments: &str, variables: &[(&str, &str)]) -> Run {
    let mut command = lab.rig.command("script");
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_nixops"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.current_dir(&lab.directory).env("TERM", "xterm");
    command
        .env_remove("NO_COLOR")
        .envs(variables.iter().copied());
    command.output().expect("script runs").into()
}

/// Whether colours are in the text, which are escapes that end in `m`.
fn has_colors(text: &str) -> bool {
    text.split("\u{1b}[").skip(1).any(|rest| {
        let end = rest.find(|letter: char| letter.is_ascii_alphabetic());
        end.is_some_and(|end| rest[end..].starts_with('m'))
    })
}

#[test]
fn colours_are_for_terminals_and_can_be_refused() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    let select = "deploy --build-only --on nothing";
    let piped = lab.nixops(["deploy", "--build-only", "--on", "nothing"]);
    piped
        .exits(1)
        .says("error: no machine matches")
        .does_not_say("\u{1b}");

    let shown = on_a_terminal(&lab, select, &[]);
    assert!(has_colors(&shown.stdout), "{shown:?}");
    for run in [
        on_a_terminal(&lab, select, &[("NO_COLOR", "1")]),
        on_a_terminal(&lab, &format!("{select} --color never"), &[]),
    ] {
        assert!(run.stdout.contains("no machine matches"), "{run:?}");
        assert!(!has_colors(&run.stdout), "{run:?}");
    }
    let always = lab.nixops([
        "deploy",
        "--build-only",
        "--on",
        "nothing",
        "--color",
        "always",
    ]);
    assert!(has_colors(&always.stderr), "{always:?}");

    let built = lab.nixops(["deploy", "--build-only"]);
    built.exits(0).says("web> built").does_not_say("\u{1b}");
    assert_eq!(built.stdout, "");
    let events = lab.nixops(["deploy", "--build-only", "--json"]);
    assert_eq!(
        (
            events.exits(0).stderr.as_str(),
            events.stdout.contains('\u{1b}')
        ),
        ("", false)
    );
}

#[test]
fn help_has_examples_and_wrong_usage_is_said() {
    let lab = Lab::without_hosts();
    let help = lab.nixops(["--help"]);
    help.exits(0);
    assert!(!help.stdout.contains('\u{1b}'));
    let verbs = help
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1);
    let verbs = verbs.take_while(|line| !line.is_empty());
    // What is told of a verb may go on in a line of its own.
    let verbs: Vec<&str> = verbs
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        verbs.contains(&"deploy") && verbs.contains(&"eval"),
        "{verbs:?}"
    );
    for verb in verbs.into_iter().filter(|verb| *verb != "help") {
        let help = lab.nixops([verb, "--help"]);
        help.exits(0);
        assert!(
            help.stdout.contains(&format!("Examples:\n  nixops {verb}")),
            "{help:?}"
        );
    }
    lab.nixops(["deploy", "--boot", "--test"])
        .exits(2)
        .says("cannot be used with");
    lab.nixops(["deplo"]).exits(2).says("deploy");
    lab.nixops(["deploy", "--max-concurrent-copy", "0"])
        .exits(2)
        .says("--max-concurrent-copy");
}

#[test]
fn data_that_does_not_arrive_is_a_failure_unless_its_reader_went_away() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    for verb in [["eval", "--options-only"], ["eval", "--json"]] {
        let mut command = lab.command(verb);
        command.stdout(full.try_clone().unwrap());
        Run::of(&mut command)
            .exits(1)
            .says("error: cannot write to standard output: No space left on device");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = lab.command(["eval", "--options-only"]);
    command.stdout(writer);
    let run = Run::of(&mut command);
    run.exits(0);
    assert_eq!(run.stderr, "");
}
