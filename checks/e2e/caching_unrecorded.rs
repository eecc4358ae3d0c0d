//! Where nobody can be watched, an edit of a flake evaluates all machines, and says nothing of that.

use std::{env, fs, os::unix::fs::symlink, process::Command};

use crate::{
    caching_lab::records,
    lab::{Lab, Run},
};

/// A network of which one machine sees the file that is edited, and the other one does not.
fn lab() -> Lab {
    let lab = Lab::without_hosts();
    lab.network("one = ./one.nix; other = { };");
    let module = "{ environment.etc.x.text = builtins.readFile ./notes; }";
    // The inputs are locked, which makes another tree.
    lab.write("one.nix", module).write("notes", "0");
    lab.uncached_eval(&[]);
    lab
}

/// Edits and evaluates as often as it would take to record: everything, each time.
#[track_caller]
fn records_nothing(lab: &Lab, evaluate: impl Fn(Command) -> Command) {
    for notes in ["1", "2", "3", "4"] {
        lab.write("notes", notes);
        let machines = || {
            let mut command = evaluate(lab.counting(&["eval", "--json"]));
            let counted = lab.counted(Run::of(&mut command));
            let run = &counted.run;
            run.exits(0).does_not_say("strace").does_not_say("ptrace");
            assert_eq!(run.json(), lab.uncached_eval(&[]).json());
            counted.machines()
        };
        assert_eq!(machines(), ["one", "other"]);
        // The tree as it is, as ever.
        assert_eq!(machines(), [""; 0]);
    }
    // Nor does one that could record find anything.
    lab.write("notes", "5");
    assert_eq!(lab.counted_eval(&[]).machines(), ["one", "other"]);
}

/// A command that looks for programs in other directories.
fn finding(mut command: Command, path: &str) -> Command {
    command.env("PATH", path);
    command
}

#[test]
fn without_strace_everything_is_evaluated() {
    let lab = lab();
    // All programs but that one.
    fs::create_dir(lab.place("programs-here")).unwrap();
    for directory in env::split_paths(&env::var_os("PATH").unwrap()) {
        for program in fs::read_dir(directory).into_iter().flatten() {
            let program = program.unwrap();
            if program.file_name() != "strace" {
                let name = program.file_name().into_string().unwrap();
                // The first one of a name is the one that counts.
                let _ = symlink(program.path(), lab.place(&format!("programs-here/{name}")));
            }
        }
    }
    let path = lab.place("programs-here");
    records_nothing(&lab, |command| finding(command, &path));
}

#[test]
fn where_the_kernel_refuses_everything_is_evaluated() {
    if !records() {
        return;
    }
    let lab = lab();
    // What is watched already cannot be watched by a second one.
    records_nothing(&lab, |command| {
        let mut watched = lab.rig.command("strace");
        watched.args(["-f", "-q", "-e", "trace=none", "-e", "signal=none"]);
        watched.args(["-o", "/dev/null", "--"]);
        watched.arg(command.get_program()).args(command.get_args());
        watched.current_dir(&lab.directory);
        watched
    });
}

#[test]
fn where_strace_fails_everything_is_evaluated() {
    if !records() {
        return;
    }
    let real = which::which("strace").unwrap();
    let works_once = format!(
        "[ ! -e used ] || exit 1\ntouch used\nexec {} \"$@\"",
        real.display()
    );
    for script in ["echo 'strace: no' >&2; exit 1", "exit 0", &works_once] {
        let lab = lab();
        lab.script(
            "failing/strace",
            &format!("#!/bin/sh\ncd {}\n{script}\n", lab.place(".")),
        );
        let path = format!("{}:{}", lab.place("failing"), env::var("PATH").unwrap());
        records_nothing(&lab, |command| finding(command, &path));
    }
}
