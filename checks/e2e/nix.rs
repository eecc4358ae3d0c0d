//! The Nix that is used, where there is one.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::lab::{Lab, Run};

#[test]
fn without_nix_there_is_one_sentence_and_a_way_on() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    let run = lab.nixops(["eval", "--nix-bin", "/nonexistent"]);
    run.exits(1)
        .says("there is no program `nix` at /nonexistent")
        .says("hint: give --nix-bin or NIXOPS_NIX the directory");

    let binary = env!("CARGO_BIN_EXE_nixops");
    let mut command = lab.rig.command("env");
    command
        .args(["PATH=/nonexistent", binary, "eval"])
        .current_dir(&lab.directory);
    Run::of(&mut command)
        .exits(1)
        .says("cannot find the program `nix`, which is a part of Nix")
        .says("hint: install Nix")
        .says("apt install nix-bin");

    let nix = which::which("nix").unwrap();
    let mut command = lab.rig.command("env");
    command.args(["PATH=/nonexistent", binary, "eval", "--options-only"]);
    command
        .env("NIXOPS_NIX", nix.parent().unwrap())
        .current_dir(&lab.directory);
    Run::of(&mut command).exits(0);
}

#[test]
fn a_nix_that_is_too_old_is_refused_by_its_version() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    for program in ["nix", "nix-instantiate", "nix-store", "nix-daemon"] {
        lab.write(
            format!("old/{program}"),
            "#!/bin/sh\necho 'nix (Nix) 2.3.16'\n",
        );
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(lab.directory.join("old").join(program), mode).unwrap();
    }
    lab.nixops(["eval", "--nix-bin", "old"])
        .exits(1)
        .says("Nix 2.3.16 at ")
        .says("is too old: at least 2.8.0 is needed")
        .says("hint: upgrade Nix");
}
