//! Whatever befalls the cache of evaluations, runs go on without it and say so once.

use std::{
    fs,
    process::{Command, Stdio},
};

use rusqlite::Connection;
use serde_json::Value;

use crate::{
    caching_lab::Counted,
    lab::{Lab, Run, files_with},
    resources_lab::of_resources,
};

/// What a run says that cannot use the cache.
const WITHOUT: &str = "this run evaluates without the cache";

/// A network that was evaluated, so that the cache has something in it.
fn lab() -> (Lab, Value) {
    let lab = Lab::without_hosts();
    lab.network("web = { }; db = { };");
    lab.counted_eval(&[]);
    let network = lab.counted_eval(&[]).run.json();
    (lab, network)
}

/// Evaluates, and expects what there was, with these words said once.
#[track_caller]
fn says_once(lab: &Lab, network: &Value, words: &str) -> Counted {
    let counted = lab.counted_eval(&[]);
    assert_eq!(counted.run.json(), *network);
    counted.run.says_once(words);
    counted
}

#[track_caller]
fn says_nothing(lab: &Lab, network: &Value) -> Counted {
    let counted = lab.counted_eval(&[]);
    assert_eq!(counted.run.json(), *network);
    counted.run.does_not_say("cache");
    counted
}

#[test]
fn a_damaged_cache_begins_anew() {
    let (lab, network) = lab();
    let whole = fs::read(lab.cache()).unwrap();
    let damaged: [(&str, Vec<u8>); 3] = [
        ("no database", b"this is no database at all".repeat(300)),
        ("cut in the middle", whole[..whole.len() / 2].to_vec()),
        ("noise in the middle of the header", {
            let mut noise = whole.clone();
            noise[50..4096].fill(0xa5);
            noise
        }),
    ];
    for (what, bytes) in damaged {
        fs::write(lab.cache(), bytes).unwrap();
        let again = says_once(&lab, &network, "is damaged");
        again.run.says("it begins anew");
        assert_eq!(again.machines(), ["db", "web"], "{what}");
        let known = says_nothing(&lab, &network);
        assert_eq!(known.evaluated(), [].into(), "{what}");
    }
}

#[test]
fn a_result_that_was_damaged_is_none() {
    let (lab, network) = lab();
    let whole = fs::read(lab.cache()).unwrap();
    let text = String::from_utf8_lossy(&whole).into_owned();
    let places: Vec<usize> = text
        .match_indices("nixos-system-")
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    // SQLite has no way to see this.
    let mut changed = whole.clone();
    let old = b"nixos-system-";
    for at in 0..changed.len() - old.len() {
        if changed[at..].starts_with(old) {
            changed[at..at + 5].copy_from_slice(b"nixon");
        }
    }
    assert_ne!(changed, whole);
    fs::write(lab.cache(), changed).unwrap();
    let again = lab.counted_eval(&[]);
    assert_eq!(again.run.json(), network);
    assert_eq!(again.machines(), ["db", "web"]);
    assert_eq!(says_nothing(&lab, &network).evaluated(), [].into());
}

#[test]
fn random_noise_in_the_cache_never_changes_what_a_network_is() {
    let (lab, network) = lab();
    let whole = fs::read(lab.cache()).unwrap();
    let mut chance: u64 = 0x2545_f491_4f6c_dd1d;
    let mut next = |below: usize| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        usize::try_from(chance % below as u64).unwrap()
    };
    for _ in 0..12 {
        let mut noisy = whole.clone();
        for _ in 0..40 {
            let at = next(noisy.len());
            noisy[at] = u8::try_from(next(256)).unwrap();
        }
        fs::write(lab.cache(), &noisy).unwrap();
        let run = lab.nixops(["eval", "--json"]);
        run.exits(0);
        assert_eq!(run.json(), network);
    }
}

#[test]
fn a_cache_of_another_version_begins_anew() {
    let (lab, network) = lab();
    let database = Connection::open(lab.cache()).unwrap();
    database
        .execute_batch("DROP TABLE entry; CREATE TABLE other (x); PRAGMA user_version = 99")
        .unwrap();
    drop(database);
    says_once(&lab, &network, "another version of NixOps wrote the cache");
    assert_eq!(says_nothing(&lab, &network).evaluated(), [].into());
}

#[test]
fn without_a_place_to_write_a_run_does_without_the_cache() {
    let (lab, network) = lab();
    let mounted = |mount: &str, clear: &str| {
        let run = lab.with_cache(&format!(
            "{clear} {mount} $NIXOPS eval --json; touch $CACHE/x 2>/dev/null && exit 7; exit 0"
        ));
        run.exits(0);
        assert_eq!(run.json(), network);
        run
    };
    let read_only = "mount --bind $CACHE $CACHE; mount -o remount,bind,ro $CACHE;";
    // What can be read is read, and there is nothing to say.
    mounted(read_only, "$NIXOPS eval --json >/dev/null;").does_not_say("cache");
    let run = mounted(read_only, "rm $CACHE/evaluation.db;");
    run.says_once(WITHOUT);

    let full = "mount -t tmpfs -o size=64k none $CACHE; dd if=/dev/zero of=$CACHE/full 2>/dev/null || true;";
    let run = lab.with_cache(&format!("{full} $NIXOPS eval --json"));
    run.exits(0);
    assert_eq!(run.json(), network);
    run.says_once(WITHOUT);
}

#[test]
fn runs_side_by_side_share_the_cache() {
    let lab = Lab::without_hosts();
    let machines: Vec<_> = (0..12)
        .map(|number| format!("m{number} = {{ }};"))
        .collect();
    lab.network(&machines.join(" "));
    lab.nixops(["eval", "--options-only"]).exits(0);
    let network = lab.uncached_eval(&[]).json();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = lab.command(["eval", "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        let run = Run::from(child.wait_with_output().unwrap());
        run.exits(0).does_not_say("cache");
        assert_eq!(run.json(), network);
    }
    let database = Connection::open(lab.cache()).unwrap();
    let held = "BEGIN EXCLUSIVE";
    assert_eq!(lab.nixops(["eval", "--json"]).exits(0).json(), network);
    // Somebody who never lets go of it costs some seconds, and no more.
    database.execute_batch(held).unwrap();
    let run = lab.nixops(["eval", "--json"]);
    run.exits(0);
    assert_eq!(run.json(), network);
    run.says_once(WITHOUT);
}

/// A program in the directory of the network, whose clock is off by so much.
///
/// `faketime` names what it shares by its process id, and refuses where one that was killed has left the same.
fn elsewhen(lab: &Lab, offset: &str, program: &str) -> Command {
    let mut command = lab.rig.command("sh");
    let alone = "mount -t tmpfs shared /dev/shm; exec faketime \"$@\"";
    command.args(["-ec", alone, "sh", "-m", "-f", offset, program]);
    command.current_dir(&lab.directory);
    command
}

#[test]
fn a_clock_that_goes_back_changes_nothing() {
    let (lab, network) = lab();
    let year = |offset| {
        let run = Run::of(elsewhen(&lab, offset, "date").arg("+%Y"));
        run.exits(0).stdout.trim().parse::<u32>().unwrap()
    };
    assert!(year("-400d") < year("+0"));
    let eval = |seconds: &str, more: &[&str]| {
        let mut command = elsewhen(&lab, seconds, env!("CARGO_BIN_EXE_nixops"));
        command.args(["eval", "--json"]).args(more);
        let run = Run::of(&mut command);
        run.exits(0).does_not_say("cache");
        run.json()
    };
    assert_eq!(eval("-400d", &[]), network);
    // What is kept with an old clock is as good as any.
    let word = ["--option", "log-lines", "12"];
    assert_eq!(eval("-800d", &word), network);
    assert_eq!(eval("+0", &word), network);
    assert_eq!(says_nothing(&lab, &network).evaluated(), [].into());
}

#[test]
fn no_secret_comes_into_the_cache() {
    const TOKEN: &str = "planted-sensitive-option-4471";
    const KEY: &str = "planted-text-of-a-key-9023";
    let lab = of_resources(&format!(
        "network.uuid = \"d0e1f2a3-0000-4000-8000-000000000002\";
         resources.sshKeyPairs.pair = {{ }};
         resources.neatcloudTokens.plain.scope = \"read\";
         resources.neatcloudTokens.token = {{ scope = \"read\"; password = \"{TOKEN}\"; }};
         web = {{ resources, ... }}: {{
           deployment.keys.literal.text = \"{KEY}\";
           deployment.keys.made.text = resources.sshKeyPairs.pair.privateKey;
         }};"
    ));
    for _ in 0..3 {
        lab.run_verb("plan", &[]).exits(0);
        lab.nixops(["eval", "--options-only"]).exits(0);
    }
    let apply = lab.run_verb("deploy", &["--yes"]);
    assert_ne!(apply.code, Some(0), "there is no host");
    lab.run_verb("plan", &[]).exits(0);
    lab.nixops(["eval"]).exits(0);
    let directory = lab.cache();
    let directory = directory.parent().unwrap();
    for secret in [TOKEN, KEY, "OPENSSH PRIVATE KEY"] {
        assert_eq!(files_with(secret, directory), [""; 0], "{secret}");
    }
    assert_ne!(files_with("neatcloudTokens", directory), [""; 0]);
}

#[test]
fn the_cache_can_be_looked_at_and_emptied() {
    let (lab, network) = lab();
    let info = || lab.nixops(["cache", "info", "--json"]).exits(0).json();
    let before = info();
    assert_eq!(before["path"], lab.cache().to_str().unwrap());
    assert!(before["entries"].as_u64().unwrap() >= 3, "{before}");
    assert_eq!(before["recorded"], 0, "{before}");
    assert!(
        before["size"].as_u64() < before["limit"].as_u64(),
        "{before}"
    );
    lab.nixops(["cache", "clear"]).exits(0);
    assert_eq!(info()["entries"], 0);
    let shown = lab.nixops(["cache", "info"]);
    assert!(shown.exits(0).stdout.contains("entries  0\n"), "{shown:?}");
    assert_eq!(says_nothing(&lab, &network).machines(), ["db", "web"]);
    fs::write(lab.cache(), "x".repeat(9000)).unwrap();
    lab.nixops(["cache", "clear"]).exits(0);
    assert_eq!(info()["entries"], 0);
}
