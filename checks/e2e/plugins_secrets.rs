//! What a schema marks as sensitive is seen by the provider, and by nobody else.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    lab::{Lab, Run, files_with},
    plugins_lab::{REPOSITORY, neatcloud},
};

/// The secret of the network; longer than what any message would cut off.
const SECRET: &str = "correct-horse-battery-staple";

/// A volume with a password, and the network's attributes as text around it.
fn with_password(password: &str) -> Lab {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    let schema = Path::new(REPOSITORY).join("plugins/neatcloud/schemas/neatcloudVolumes.json");
    let schema = fs::read_to_string(schema).unwrap().replacen(
        "\"properties\": {",
        "\"properties\": { \"password\": { \"type\": \"string\", \"minLength\": 12, \"x-nixops-sensitive\": true },",
        1,
    );
    let volume = lab.place("neatcloud/nix/volume.nix");
    let options = fs::read_to_string(volume).unwrap();
    let options = options.replacen(
        "options = {",
        "options = { password = lib.mkOption { type = lib.types.anything; };",
        1,
    );
    lab.beside("neatcloud/schemas/neatcloudVolumes.json", &schema)
        .beside("neatcloud/nix/volume.nix", &options)
        .network_of(
            &input,
            &format!(
                "resources.neatcloudVolumes.data = {{\n  size = 1;\n  password = {password};\n}};\n\
                 web.deployment.targetEnv = \"neatcloud\";"
            ),
        );
    lab
}

/// Runs a command while looking at the arguments of all processes, none of which may have a word.
fn watched(command: &mut Command, word: &str) -> Run {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let run = thread::spawn(move || Run::from(child.wait_with_output().unwrap()));
    let mut looked = 0;
    while !run.is_finished() {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            assert!(!line.contains(word), "{line}");
        }
        looked += 1;
        thread::sleep(Duration::from_millis(5));
    }
    assert!(looked > 3, "{looked}");
    run.join().unwrap()
}

#[test]
fn a_password_reaches_the_provider_and_is_neither_shown_nor_kept() {
    let lab = with_password(&format!("\"{SECRET}\""));
    let asked = lab.place("asked");
    let tee = lab.script(
        "tee",
        &format!("#!/bin/sh\ntee -a {asked} | {}\n", neatcloud().display()),
    );
    for arguments in [
        &["-v", "--dry-run"][..],
        &["-v", "--show-trace"],
        &["--json"],
    ] {
        let mut command = lab.deploying(&["--provider", "neatcloud", &tee]);
        let run = watched(command.args(arguments), SECRET);
        run.exits(0).does_not_say(SECRET);
        assert!(!run.stdout.contains(SECRET), "{run:#?}");
    }
    assert_eq!(lab.cloud_has("volumes").len(), 1);
    assert!(fs::read_to_string(&asked).unwrap().contains(SECRET));
    fs::remove_file(&asked).unwrap();
    assert!(!lab.records().unwrap().contains(SECRET));
    assert!(!lab.state_text().contains(SECRET));
    assert_eq!(
        files_with(SECRET, lab.rig.root()),
        [lab.path("flake.nix")],
        "a secret is where it does not belong"
    );
}

#[test]
fn a_password_that_is_wrong_is_told_without_its_value() {
    for password in [
        "\"pw-12345\"",
        "{ secret = \"pw-12345\"; }",
        "[ \"pw-12345\" ]",
    ] {
        let lab = with_password(password);
        for arguments in [&[][..], &["--json"], &["-v", "--show-trace"]] {
            let run = watched(&mut lab.deploying(arguments), "pw-12345");
            run.exits(1).does_not_say("pw-12345");
            assert!(!run.stdout.contains("pw-12345"), "{run:#?}");
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(told.contains("password"), "{run:#?}");
            assert!(told.contains("flake.nix"), "{run:#?}");
        }
        lab.nothing_was_made();
    }
}

#[test]
fn a_key_that_the_cloud_makes_lets_the_deployer_in_and_is_not_kept() {
    let lab = with_password(&format!("\"{SECRET}\""));
    for result in ["activated", "unchanged"] {
        let run = watched(&mut lab.deploying(&["--json", "-v"]), "PRIVATE KEY");
        run.exits(0).does_not_say("PRIVATE KEY");
        assert!(!run.stdout.contains("PRIVATE KEY"), "{run:#?}");
        assert_eq!(run.result("web"), result);
    }
    assert!(!lab.records().unwrap().contains("PRIVATE KEY"));
    assert!(!lab.state_text().contains("PRIVATE KEY"));
    let kept = files_with("PRIVATE KEY", &lab.rig.root().join("home"));
    let elsewhere = kept
        .iter()
        .filter(|file| !file.contains("/home/state/neatcloud/") && !file.contains("/home/.ssh/"));
    assert_eq!(elsewhere.collect::<Vec<_>>(), Vec::<&String>::new());
}
