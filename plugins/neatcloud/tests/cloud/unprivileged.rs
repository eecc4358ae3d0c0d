//! Servers of a user who is not root.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;

use super::{Laptop, PROGRAM, Provider, remains, run, state, text};

const NOBODY: u32 = 65534;

/// A cloud of somebody who is not root, and its directory.
fn provider(laptop: &Laptop) -> Provider {
    let root = laptop.rig.root();
    fs::set_permissions(root, fs::Permissions::from_mode(0o711)).unwrap();
    let home = root.join("cloud");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
    // The build's own directory may be nobody's to enter.
    let program = root.join("nixops-neatcloud");
    fs::copy(PROGRAM, &program).unwrap();
    let mut command = laptop.rig.command("setpriv");
    command.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--no-new-privs",
    ]);
    command.arg(program).env("NEATCLOUD_HOME", home);
    Provider::start(command)
}

fn command(outputs: &nixops_plugin::Attributes) -> Vec<String> {
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--",
    ];
    let words = serde_json::from_value::<Vec<String>>(outputs["command"].clone()).unwrap();
    nobody.map(str::to_owned).into_iter().chain(words).collect()
}

#[test]
fn a_server_of_a_user_without_rights_is_entered_by_a_command() {
    let laptop = Laptop::new();
    let mut provider = provider(&laptop);
    let web = provider.create("neatcloud", "web", &json!({})).unwrap();
    assert_eq!(web.outputs.get("ssh"), None);
    let words = command(&web.outputs);
    let script = "id -un; cat /proc/sys/kernel/hostname; pwd; nix-store --version";
    let said = text(&run(&words, &["sh", "-c", script]));
    assert!(
        said.starts_with("root\nweb\n/root\nnix-store (Nix)"),
        "{said}"
    );

    let prior = state(&web, &json!({}));
    provider.action(&prior, "stop");
    assert!(!run(&words, &["true"]).status.success());
    provider.action(&prior, "start");
    text(&run(&words, &["true"]));

    let host = remains::host_directory_in(&laptop.rig.root().join("cloud"), &web.id);
    provider.delete("neatcloud", "web", &prior).unwrap();
    remains::wait_until_gone(&host);
}

#[test]
fn a_server_of_a_user_without_rights_runs_a_system_of_the_pocket() {
    let laptop = Laptop::new();
    let mut provider = provider(&laptop);
    let web = provider.create("neatcloud", "web", &json!({})).unwrap();
    let words = command(&web.outputs);
    let system = build_system(&laptop);
    copy(&laptop, &system, &words);
    let profile = "/nix/var/nix/profiles/system";
    let script = format!(
        "nix-env -p {profile} --set {system} && {system}/bin/switch-to-configuration switch"
    );
    text(&run(&words, &["sh", "-c", &script]));
    assert_eq!(
        text(&run(&words, &["readlink", "-f", "/run/current-system"])),
        system
    );
    assert_eq!(text(&run(&words, &["readlink", "-f", profile])), system);
}

fn build_system(laptop: &Laptop) -> String {
    let pocket = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../checks/pocket");
    let pocket = fs::canonicalize(pocket).unwrap();
    let expression = format!(
        "((import {}/flake.nix).outputs {{ toolchain = {{ }}; }}).checks.${{builtins.currentSystem}}.machine",
        pocket.display()
    );
    let mut build = laptop.rig.command("nix-build");
    text(
        &build
            .args(["--no-out-link", "--expr", &expression])
            .output()
            .unwrap(),
    )
}

fn copy(laptop: &Laptop, path: &str, words: &[String]) {
    let closure = laptop
        .rig
        .command("nix-store")
        .args(["-qR", path])
        .output()
        .unwrap();
    let paths = text(&closure);
    let mut export = laptop.rig.command("nix-store");
    export
        .arg("--export")
        .args(paths.lines())
        .stdout(Stdio::piped());
    let mut export = export.spawn().unwrap();
    let mut import = Command::new(&words[0]);
    import.args(&words[1..]).args(["nix-store", "--import"]);
    import
        .stdin(export.stdout.take().unwrap())
        .stdout(Stdio::null());
    assert!(import.status().unwrap().success());
    assert!(export.wait().unwrap().success());
}
