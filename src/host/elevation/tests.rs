use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use super::*;

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn who_makes_root_is_known_by_the_name_of_the_program() {
    for (text, elevator) in [
        ("sudo -H --", Some(Elevator::Sudo)),
        ("/run/wrappers/bin/sudo", Some(Elevator::Sudo)),
        ("doas -n --", Some(Elevator::Doas)),
        ("run0 --pipe --", Some(Elevator::Run0)),
        ("su -c", None),
        ("", None),
    ] {
        assert_eq!(Elevator::of(&words(text)), elevator, "{text}");
    }
}

#[test]
fn options_stand_behind_the_program() {
    assert_eq!(
        with_options(&words("sudo -H --"), &["-n"]),
        words("sudo -n -H --")
    );
}

/// What a command reads behind the words that skip, given `input`.
fn read_behind(input: &str) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", SKIP, "nixops", "cat"]);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_password_that_nobody_took_is_not_read_by_the_command() {
    let input = "\\first\nsecond\n\nthird";
    for before in ["", "pass word\n"] {
        let read = read_behind(&format!("{before}{MARK}\n{input}"));
        assert_eq!(read, input, "{before}");
    }
    assert_eq!(read_behind("pass word\n"), "");
}

#[test]
fn the_script_survives_every_login_shell() {
    assert!(!SKIP.contains('\'') && !SKIP.contains('\n') && !SKIP.contains('\\'));
    assert!(!SKIP.contains('!') && SKIP.contains(MARK));
}
