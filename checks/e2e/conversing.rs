//! Verbs with which a person converses: an editor, and `nix repl`.

use std::{
    fs::{self, File},
    io::Write as _,
    process::Stdio,
    thread,
    time::Duration,
};

use crate::lab::{Lab, Run};

fn edit(lab: &Lab, arguments: &[&str], editor: &str) -> Run {
    let mut command = lab.command(["edit"]);
    command.args(arguments).env_remove("VISUAL");
    Run::of(command.env("EDITOR", editor))
}

#[test]
fn the_file_of_the_network_is_edited_also_where_it_is_broken() {
    let lab = Lab::without_hosts();
    lab.network("web = {").write("sub/file", "");
    edit(&lab, &[], "sed -i 's/web = {/web = { };/'").exits(0);
    lab.nixops(["show-option", "web", "networking.hostName"])
        .exits(0);

    let mut command = lab.command(["edit"]);
    command
        .env("EDITOR", "false")
        .env("VISUAL", "sed -i s/web/www/");
    Run::of(command.current_dir(lab.directory.join("sub"))).exits(0);
    lab.nixops(["show-option", "www", "networking.hostName"])
        .exits(0);

    lab.write("classic/nixops.nix", "{ }");
    edit(&lab, &["--file", "classic"], "sed -i s/^/#/").exits(0);
    let file = fs::read_to_string(lab.directory.join("classic/nixops.nix")).unwrap();
    assert_eq!(file, "#{ }");
    let run = edit(&lab, &["--file", "classic", "--json"], "false");
    assert_eq!(run.exits(0).json()["file"], "classic/nixops.nix");
}

#[test]
fn what_cannot_be_edited_is_said() {
    let lab = Lab::without_hosts();
    edit(&lab, &[], "true")
        .exits(1)
        .says("there is no network to edit here; name it with --flake or --file");
    lab.network("");
    edit(&lab, &["--flake", "github:me/net"], "true")
        .exits(1)
        .says("there is no network to edit here");
    edit(&lab, &[], "")
        .exits(1)
        .says("neither VISUAL nor EDITOR names an editor");
    edit(&lab, &[], "exit 7; :").exits(7);
}

#[test]
fn the_network_is_in_nix_repl() {
    let lab = Lab::without_hosts();
    lab.network("network.description = \"a shop\"; web.deployment.tags = [ \"eu\" ]; db = { };");
    let mut command = lab.command(["repl"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let asked = "builtins.attrNames nodes\nnetwork.description\nlib.elem \"eu\" nodes.web.config.deployment.tags\n";
    input.write_all(asked.as_bytes()).unwrap();
    drop(input);
    let run: Run = child.wait_with_output().unwrap().into();
    run.exits(0).does_not_say("trace:");
    // Nix 2.8 writes in colours whoever reads.
    for answer in ["\"db\"", "\"web\"", "\"a shop\"", "true"] {
        assert!(run.stdout.contains(answer), "{run:#?}");
    }
    lab.nixops(["repl", "--json"])
        .exits(1)
        .says("`nixops eval --json --expr NIX` answers one question");
}

#[test]
fn an_interrupt_in_nix_repl_ends_a_line_and_not_the_conversation() {
    let lab = Lab::without_hosts();
    lab.network("web = { };");
    let log = lab.directory.join("log");
    let mut command = lab.rig.command("script");
    let line = format!("{} repl", env!("CARGO_BIN_EXE_nixops"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.current_dir(&lab.directory).env("TERM", "xterm");
    command
        .stdout(File::create(&log).unwrap())
        .stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut keys = child.stdin.take().unwrap();
    let shown = || fs::read_to_string(&log).unwrap();
    let until = |words: &str| {
        for _ in 0..300 {
            if shown().contains(words) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("no {words}: {}", shown());
    };
    until("nix-repl>");
    keys.write_all(b"half a li\x03").unwrap();
    // A run that was interrupted would have ended its programs by then.
    thread::sleep(Duration::from_secs(1));
    // Nix 2.8 takes the next line as what was interrupted.
    keys.write_all(b"1\r").unwrap();
    thread::sleep(Duration::from_millis(500));
    keys.write_all(b"nodes.web.config.networking.hostName + \"-is-there\"\r")
        .unwrap();
    until("web-is-there\"");
    // Nothing else is drawn meanwhile.
    let conversation = shown().split_off(shown().find("nix-repl>").unwrap());
    assert!(
        !conversation.contains("reading the network"),
        "{conversation}"
    );
    keys.write_all(b":q\r").unwrap();
    // Nix 2.8 remembers the interrupt, and ends by it in the end.
    child.wait().unwrap();
}
