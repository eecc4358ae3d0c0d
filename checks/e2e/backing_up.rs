//! `nixops backup`, `backup-status`, `clean-backups`, `remove-backup` and `restore`.

use std::{thread::sleep, time::Duration};

use camino::Utf8Path;
use nixops::state::{Holder, Place, RunLock};
use serde_json::Value;

use crate::{
    lab::{Lab, Run},
    watched::Watched,
};

fn ids(lab: &Lab, name: &str) -> Vec<String> {
    let run = lab.nixops(["backup-status", "--json", "--on", name]);
    run.exits(0);
    let told = run.json();
    let all = told[0]["result"].as_array().unwrap().iter();
    all.map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

fn put(lab: &Lab, text: &str) {
    let script = format!("echo {text} > /root/data; rm -f /root/new");
    lab.nixops(["exec", "--on", "web", "--", "sh", "-c", &script])
        .exits(0);
}

fn got(lab: &Lab) -> String {
    lab.nixops(["ssh", "web", "--", "cat", "/root/data"]).stdout
}

#[test]
fn a_machine_comes_back_to_what_it_was_and_old_backups_go() {
    let lab = Lab::without_hosts();
    lab.network_in_the_cloud("web = { }; db = { };");
    lab.deploy(&[]).exits(0);
    lab.write("flake.nix", "{ outputs = throw \"broken\"; }");
    let none = lab.nixops(["backup-status"]);
    assert_eq!(none.exits(0).stdout, "db> no backup\nweb> no backup\n");
    lab.nixops(["restore", "--on", "web", "--yes"])
        .exits(1)
        .says("web: it has no backup")
        .says("hint: `nixops backup` makes one");

    for text in ["first", "second"] {
        put(&lab, text);
        lab.nixops(["backup"]).exits(0);
        // Their ids are the seconds.
        sleep(Duration::from_millis(1100));
    }
    put(&lab, "third");
    lab.nixops(["ssh", "web", "--", "touch", "/root/new"])
        .exits(0);
    let all = ids(&lab, "web");
    assert_eq!((all.len(), ids(&lab, "db")), (2, all.clone()));
    let told = lab.nixops(["backup-status", &all[0]]);
    assert!(
        told.exits(0).stdout.contains(&format!("web> {}", all[0])),
        "{told:?}"
    );

    // Who waits for a backup is told of it once the run is over that makes it.
    let info = lab.nixops(["info", "--json"]).json();
    let uuid = info["deployment"]["uuid"].as_str().unwrap();
    let state = lab.rig.home().join("state/nixops/state.db");
    let lock = Place::lock_of(Utf8Path::from_path(&state).unwrap(), uuid);
    let held = RunLock::take(&lock, &Holder::this("backup"), None, &mut |_| false).unwrap();
    let latest = ["backup-status", "--wait", "--latest", "--on", "web"];
    let mut waits = Watched::of(&mut lab.command(latest));
    waits.until_said("waiting for the deployment");
    drop(held);
    let told = waits.end();
    assert!(told.exits(0).stdout.contains(&all[1]), "{told:?}");

    lab.nixops(["restore", "--on", "web"])
        .exits(1)
        .says("this loses what web are now; nothing was done");
    assert_eq!(got(&lab), "third\n");
    let newest = lab.nixops(["restore", "--on", "web", "--yes"]);
    assert_eq!(
        newest.exits(0).stdout,
        format!("web> restored {}\n", all[1])
    );
    assert_eq!(got(&lab), "second\n");
    lab.nixops(["ssh", "web", "--", "test", "-e", "/root/new"])
        .exits(1);
    lab.nixops(["restore", "--on", "web", "--yes", "--backup-id", &all[0]])
        .exits(0);
    assert_eq!(got(&lab), "first\n");
    // It runs what it ran, and is deployed to as before.
    lab.nixops(["status"]).exits(0);

    lab.nixops(["restore", "--on", "web", "--yes", "--backup-id", "1999"])
        .exits(1)
        .says("web: there is no backup 1999")
        .says(&format!("hint: there are {}, {}", all[0], all[1]));
    let cleaned = lab.nixops(["clean-backups", "--keep", "1", "--on", "web"]);
    assert_eq!(
        cleaned.exits(0).stdout,
        format!("web> removed {}\n", all[0])
    );
    assert_eq!(ids(&lab, "web"), all[1..]);
    let recent = lab.nixops(["clean-backups", "--keep-days", "1", "--json"]);
    recent.exits(0);
    assert_eq!(recent.json()[0]["result"], Value::Array(Vec::new()));
    lab.nixops(["remove-backup", &all[0]])
        .exits(1)
        .says("web: ")
        .does_not_say("db: ");
    assert!(ids(&lab, "db").len() == 1);
    lab.nixops(["clean-backups"]).exits(2);
    lab.nixops(["clean-backups", "--keep", "1", "--keep-days", "1"])
        .exits(2);
}

#[test]
fn nobody_backs_up_a_host_that_existed() {
    let lab = Lab::with_hosts(["web"]);
    let web = lab.reach("web");
    lab.network(&format!("web = {{ {web} }};"));
    lab.deploy(&[]).exits(0);
    lab.nixops(["backup"])
        .exits(1)
        .says("web: no backend made it, so nobody can back it up");
    lab.nixops(["restore", "--yes"])
        .exits(1)
        .says("nobody can back it up");
}

#[test]
fn a_directory_of_a_machine_is_mounted_where_there_is_sshfs() {
    let lab = Lab::with_hosts(["web"]);
    let web = lab.reach("web");
    lab.network(&format!("web = {{ {web} }};"));
    lab.write("mnt/.keep", "");
    // Each program of the rig has mounts of its own, so one does it all.
    let script = "\"$0\" mount web:/etc mnt && cat mnt/passwd && fusermount -u mnt";
    let mut shell = lab.rig.command("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_nixops")]);
    shell.env("NIXOPS_SSH_CONFIG", lab.rig.ssh_config());
    let run = Run::of(shell.current_dir(&lab.directory));
    if run.code == Some(0) {
        assert_eq!(run.stdout.trim(), lab.read("web", "/etc/passwd").trim());
    } else {
        run.exits(1)
            .says("there is no program `sshfs` here")
            .says("hint: install it");
    }
    lab.nixops(["mount", "wbe", "mnt"])
        .exits(1)
        .says("did you mean 'web'?");
}
