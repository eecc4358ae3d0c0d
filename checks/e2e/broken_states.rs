//! States that cannot be used, or cannot be any more: clear errors, and nothing lost.

use std::{fs, path::PathBuf};

use camino::Utf8Path;
use nixops::state::seal::{AgeSealer, Named};
use serde_json::json;

use crate::{
    lab::{Lab, Run},
    plans_lab::same,
    watched::{Watched, wait_until},
};

fn lab() -> Lab {
    let lab = Lab::without_hosts();
    volumes(&lab, "data.size = 10;");
    lab
}

fn volumes(lab: &Lab, volumes: &str) {
    let input = lab.neatcloud();
    lab.network_of(
        &input,
        &format!("resources.neatcloudVolumes = {{ {volumes} }};"),
    );
}

const TWO: &str = "data.size = 10; more.size = 10;";

fn state(lab: &Lab) -> PathBuf {
    lab.rig.home().join("state/nixops")
}

/// Runs a script in which the state's directory may be mounted over; nobody else sees that.
fn script(lab: &Lab, text: &str) -> Run {
    let mut command = lab.rig.command("sh");
    command.args(["-ec", text]).current_dir(&lab.directory);
    command
        .env("STATE", state(lab))
        .env("NIXOPS", env!("CARGO_BIN_EXE_nixops"));
    Run::of(&mut command)
}

#[test]
fn no_verb_touches_a_state_that_it_cannot_understand() {
    let lab = lab();
    lab.deploy(&[]).exits(0);
    let file = state(&lab).join("state.db");
    let known = fs::read(&file).unwrap();
    let mut newer = known.clone();
    // Where SQLite keeps its `user_version`.
    newer[60..64].copy_from_slice(&900_u32.to_be_bytes());
    let garbage = b"this is no database, but long enough to be one; ".repeat(100);
    let cases = [
        (
            newer,
            "has version 900, and this nixops knows versions up to ",
        ),
        (garbage, "cannot be understood: "),
    ];
    for (bytes, said) in cases {
        fs::write(&file, &bytes).unwrap();
        let before = lab.everything();
        for verb in [
            &["deploy"][..],
            &["plan"],
            &["destroy", "--yes"],
            &["info"],
            &["list"],
            &["export"],
            &["graph"],
            &["modify", "--name", "x"],
            &["import-resource", "neatcloudVolumes.data", "vol-1"],
        ] {
            lab.call(verb)
                .exits(1)
                .says("the state in ")
                .says(said)
                .says("hint: ");
        }
        same(&before, &lab.everything());
    }
    fs::write(&file, &known).unwrap();
    assert!(lab.planned(&[]).is_empty());
}

#[test]
fn a_state_that_may_only_be_read_can_be_looked_at_and_nothing_is_made() {
    let lab = lab();
    lab.deploy(&[]).exits(0);
    volumes(&lab, TWO);
    let before = lab.state_files();
    let read_only = "mount --bind $STATE $STATE; mount -o remount,ro,bind $STATE;";
    let run = script(
        &lab,
        &format!("{read_only} exec $NIXOPS deploy --accept-plugins"),
    );
    run.exits(1)
        .says("cannot write the state in ")
        .says(": it may only be read")
        .says("hint: give yourself the right");
    for verb in ["plan --accept-plugins", "info", "list", "journal", "export"] {
        script(&lab, &format!("{read_only} exec $NIXOPS {verb}")).exits(0);
    }
    same(&before, &lab.state_files());
    assert_eq!(lab.cloud_has("volumes").len(), 1);
    lab.deploy(&[]).exits(0);
}

#[test]
fn a_state_on_a_full_disk_stops_the_run_before_anything_is_made() {
    let lab = lab();
    lab.deploy(&[]).exits(0);
    volumes(&lab, TWO);
    let run = script(
        &lab,
        "cp -r $STATE $STATE.copy; mount -t tmpfs -o size=2m none $STATE; cp -r $STATE.copy/. $STATE;
         dd if=/dev/zero of=$STATE/full bs=4k 2>/dev/null || true;
         code=0; $NIXOPS deploy --accept-plugins || code=$?;
         rm $STATE/full; $NIXOPS plan --json --accept-plugins; exit $code",
    );
    run.exits(1)
        .says("the disk is full")
        .says("hint: what was written before is safe");
    assert_eq!(lab.cloud_has("volumes").len(), 1);
    let plan = run.json();
    let actions: Vec<_> = plan["resources"].as_array().unwrap().iter().collect();
    assert_eq!(actions.len(), 2, "{plan:#}");
    assert_eq!(actions[0]["action"], "keep");
    assert_eq!(actions[1]["action"], "create");
}

#[test]
fn a_state_that_is_taken_away_during_a_run_ends_it_and_nothing_is_forgotten() {
    let lab = lab();
    lab.order_faults(&json!([{ "method": "create", "fault": "slow", "seconds": 3 }]));
    let run = Watched::of(&mut lab.deploying(&[]));
    wait_until("record", || lab.records().is_some());
    let away = lab.other_directory("away");
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let from = state(&lab).join(file);
        if from.exists() {
            fs::rename(from, away.join(file)).unwrap();
        }
    }
    run.end()
        .exits(1)
        .says("was deleted or replaced while this run used it")
        .says("hint: nothing more is recorded; put the file back");
    assert_eq!(lab.cloud_has("volumes").len(), 1);
    assert!(!state(&lab).join("state.db").exists());

    // Where the file is lost, its provider knows that there is one of that name, and it can be taken over.
    let id = lab.cloud_has("volumes")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    lab.deploy(&[]).exits(1).says("neatcloudVolumes.data");
    assert_eq!(lab.cloud_has("volumes").len(), 1);
    fs::remove_dir_all(state(&lab)).unwrap();
    lab.call(&["import-resource", "neatcloudVolumes.data", &id])
        .exits(0);
    assert!(lab.planned(&[]).is_empty());

    // Where it is put back, the next run finds by its token what was made.
    fs::remove_dir_all(state(&lab)).unwrap();
    fs::create_dir(state(&lab)).unwrap();
    lab.run("sh", &["-ec", "cp ../away/* ../state/nixops/"]);
    lab.deploy(&[])
        .exits(0)
        .says("neatcloudVolumes.data> adopted");
    assert_eq!(lab.cloud_has("volumes")[0]["id"], id.as_str());
    assert_eq!(lab.cloud_has("volumes").len(), 1);
}

#[test]
fn a_wrong_key_is_told_of_and_makes_nothing_anew() {
    let lab = Lab::without_hosts();
    lab.network("resources.sshKeyPairs.pair = { };");
    lab.deploy(&[]).exits(0);
    let other = lab.other_directory("other");
    let other = Utf8Path::from_path(&other).unwrap();
    AgeSealer::of_user(other, Named::default())
        .public_key()
        .unwrap();
    let key = fs::read_to_string(other.join("age.key")).unwrap();
    let key = key
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-1"))
        .unwrap();
    let before = lab.state_files();
    let with_key = |words: &[&str], key: &str| {
        let mut command = lab.command([]);
        Run::of(command.args(words).env("NIXOPS_AGE_KEY", key))
    };
    for verb in [&["deploy"][..], &["plan"], &["export", "--include-secrets"]] {
        let run = with_key(verb, key);
        run.exits(1)
            .says("a secret in the state cannot be opened: it is encrypted for ")
            .says("and the key in the variable NIXOPS_AGE_KEY is not among them")
            .says("hint: ");
        run.does_not_say(key);
    }
    for verb in ["info", "list", "show-physical", "export", "journal"] {
        with_key(&[verb], key).exits(0);
    }
    let broken = with_key(&["plan"], "AGE-SECRET-KEY-1QQQ");
    broken
        .exits(1)
        .says("NIXOPS_AGE_KEY does not hold a key in the age format");
    broken.does_not_say("1QQQ");
    same(&before, &lab.state_files());
    lab.deploy(&[]).exits(0).does_not_say("created");
}
