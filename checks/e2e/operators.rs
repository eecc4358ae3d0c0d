//! Several runs on one deployment, and several people.

use std::{fs, path::PathBuf, process::Command};

use camino::Utf8Path;
use nixops::state::seal::{AgeSealer, Named};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    lab::{Lab, Run},
    plans_lab::same,
    watched::{Watched, wait_until},
};

/// A network of one volume, which is quick.
fn one_volume() -> Lab {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    lab.network_of(&input, "resources.neatcloudVolumes.data.size = 10;");
    lab
}

/// A deploy whose provider takes its time to make the volume.
fn slow_deploy(lab: &Lab, seconds: f64) -> Watched {
    let faults = json!([{ "method": "create", "fault": "slow", "seconds": seconds }]);
    lab.order_faults(&faults);
    let run = Watched::of(&mut lab.deploying(&[]));
    wait_until("record", || lab.records().is_some());
    // The provider notes that it has begun.
    let (file, ordered) = (
        lab.rig.home().join("state/neatcloud/faults.json"),
        faults.to_string(),
    );
    wait_until("provider", || {
        fs::read_to_string(&file).is_ok_and(|text| text != ordered)
    });
    run
}

#[test]
fn who_only_looks_neither_waits_for_a_run_nor_writes() {
    let lab = one_volume();
    let run = slow_deploy(&lab, 600.0);
    let before = lab.everything();
    let second = lab.call(&["deploy"]);
    second
        .exits(1)
        .says("another run works on this deployment: root@")
        .says("runs `nixops deploy` since ")
        .says("hint: wait for it to end");
    lab.call(&["destroy", "--yes"])
        .exits(1)
        .says("another run works");
    for verb in [
        "list",
        "info",
        "plan",
        "eval",
        "graph",
        "export",
        "journal",
        "show-arguments",
    ] {
        lab.call(&[verb]).exits(0);
    }
    assert_eq!(lab.told(&["info"])["things"][0]["status"], "being created");
    lab.call(&["unlock"])
        .exits(1)
        .says("runs `nixops deploy` since ");
    same(&before, &lab.everything());

    // What was killed is unlocked, once the provider has seen it too.
    run.signal(Signal::KILL);
    run.end();
    lab.is_left_alone();
    let unlocked = lab.call(&["unlock"]);
    unlocked.exits(0);
    let said = "is not locked any more; the last who held it: root@";
    assert!(unlocked.stdout.contains(said), "{unlocked:#?}");
    lab.deploy(&[]).exits(0).says("neatcloudVolumes.data> ");
    assert_eq!(lab.cloud_has("volumes").len(), 1);
}

#[test]
fn who_waits_goes_on_with_what_the_other_run_left() {
    let lab = one_volume();
    let first = slow_deploy(&lab, 4.0);
    let mut second = Watched::of(&mut lab.deploying(&["--wait-lock=60"]));
    second.until_said("waiting for the deployment: root@");
    first.end().exits(0).says("neatcloudVolumes.data> created");
    second.end().exits(0).does_not_say("created");
    assert_eq!(lab.cloud_has("volumes").len(), 1);

    // Whoever does not wait for ever says in the end who was in the way.
    let input = lab.neatcloud();
    lab.network_of(&input, "resources.neatcloudVolumes.more.size = 10;");
    lab.order_faults(&json!([{ "method": "create", "fault": "slow", "seconds": 600 }]));
    let third = Watched::of(&mut lab.deploying(&[]));
    wait_until("record", || {
        lab.records().unwrap_or_default().contains("creating")
    });
    lab.call(&["set-args", "--arg", "a", "1", "--wait-lock=1"])
        .exits(1)
        .says("another run works on this deployment: root@");
    third.signal(Signal::TERM);
    third.end().exits(130);
}

/// Somebody with a home and a checkout of his own.
struct Operator<'a> {
    lab: &'a Lab,
    home: PathBuf,
    directory: PathBuf,
}

impl<'a> Operator<'a> {
    fn new(lab: &'a Lab, name: &str, directory: PathBuf) -> Self {
        let home = lab.other_directory(&format!("home-of-{name}"));
        Self {
            lab,
            home,
            directory,
        }
    }

    /// His public key, which is made with the first.
    fn public_key(&self) -> String {
        let config = self.home.join("config/nixops");
        fs::create_dir_all(&config).unwrap();
        let sealer = AgeSealer::of_user(Utf8Path::from_path(&config).unwrap(), Named::default());
        sealer.public_key().unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.lab.command([]);
        command.args(words).current_dir(&self.directory);
        command.env("HOME", &self.home);
        for name in ["config", "cache", "data", "state"] {
            let variable = format!("XDG_{}_HOME", name.to_uppercase());
            command.env(variable, self.home.join(name));
        }
        command
    }

    fn call(&self, words: &[&str]) -> Run {
        Run::of(&mut self.command(words))
    }

    #[track_caller]
    fn told(&self, words: &[&str]) -> Value {
        let words: Vec<_> = words.iter().copied().chain(["--json"]).collect();
        let run = self.call(&words);
        run.exits(0);
        run.json()
    }

    fn private_key(&self) -> Value {
        let physical = self.told(&["show-physical", "--include-secrets"]);
        physical["resources"]["sshKeyPairs"]["pair"]["privateKey"].clone()
    }
}

/// A network whose state is shared with these people.
fn shared(lab: &Lab, recipients: &[&str], more: &str) {
    let place = lab.other_directory("team");
    shared_at(lab, &place.to_string_lossy(), recipients, more);
}

/// The same in another place.
fn shared_at(lab: &Lab, place: &str, recipients: &[&str], more: &str) {
    lab.network(&format!(
        "network.storage.file = {{ location = \"{place}\"; recipients = builtins.fromJSON ''{}''; }};
         resources.sshKeyPairs.pair = {{ }}; {more}",
        json!(recipients)
    ));
}

#[test]
fn a_state_that_is_shared_on_a_host_is_reached_by_the_users_configuration_of_ssh() {
    let lab = Lab::with_hosts(["keep"]);
    let ann = Operator::new(&lab, "ann", lab.directory.clone());
    let host = lab.host("keep");
    let place = format!("ssh://root@{}:{}/var/lib/team", host.address, host.port);
    lab.on("keep", "mkdir -p /var/lib/team");
    shared_at(&lab, &place, &[&ann.public_key()], "");
    ann.call(&["deploy"])
        .exits(0)
        .says("sshKeyPairs.pair> created");
    ann.call(&["deploy"]).exits(0).does_not_say("created");
    let run = Run::of(
        ann.command(&["deploy"])
            .env("NIXOPS_SSH_CONFIG", "/nowhere"),
    );
    run.exits(1).says("/nowhere");
}

#[test]
fn two_people_share_a_state_and_a_third_is_told_that_he_has_no_key() {
    let lab = Lab::without_hosts();
    let ann = Operator::new(&lab, "ann", lab.directory.clone());
    let anns = ann.public_key();
    let bob = Operator::new(&lab, "bob", lab.rig.home().join("bob"));
    let bobs = bob.public_key();
    shared(&lab, &[&anns, &bobs], "");
    ann.call(&["deploy"])
        .exits(0)
        .says("sshKeyPairs.pair> created");
    lab.checkout("bob");
    bob.call(&["plan"]).exits(0);
    let run = bob.call(&["deploy"]);
    run.exits(0).does_not_say("created");
    let key = ann.private_key();
    assert!(key.as_str().unwrap().contains("PRIVATE KEY"));
    assert_eq!(bob.private_key(), key);

    // What Bob adds, Ann sees, without her own run in between.
    shared(
        &lab,
        &[&anns, &bobs],
        "resources.commandOutput.more.script = \"echo more\";",
    );
    fs::copy(lab.path("flake.nix"), bob.directory.join("flake.nix")).unwrap();
    bob.call(&["deploy"])
        .exits(0)
        .says("commandOutput.more> created");
    let things = ann.told(&["info"])["things"].to_string();
    assert!(things.contains("commandOutput"), "{things}");
    ann.call(&["deploy"]).exits(0).does_not_say("created");
    let journal = ann.call(&["journal"]);
    assert!(
        journal.stdout.contains("commandOutput.more"),
        "{journal:#?}"
    );

    let eve = Operator::new(&lab, "eve", lab.checkout("eve"));
    eve.public_key();
    for verb in ["plan", "deploy", "info"] {
        let run = eve.call(&[verb]);
        run.exits(1)
            .says("it is encrypted for 2 keys, and the key in ")
            .says("is not among them")
            .says("hint: ");
    }
    // Whom somebody of the team adds may read what was there before.
    let eves = eve.public_key();
    shared(&lab, &[&anns, &bobs, &eves], "");
    ann.call(&["deploy"]).exits(0);
    assert_eq!(eve.private_key(), key);
}

#[test]
fn a_second_run_on_a_shared_state_says_who_has_it() {
    let lab = Lab::without_hosts();
    let ann = Operator::new(&lab, "ann", lab.directory.clone());
    let bob = Operator::new(&lab, "bob", lab.rig.home().join("bob"));
    let keys = [ann.public_key(), bob.public_key()];
    let gate = lab.gate("script");
    let slow = format!("resources.commandOutput.slow.script = \"{}\";", gate.wait());
    shared(&lab, &[&keys[0], &keys[1]], &slow);
    lab.checkout("bob");
    let run = Watched::of(&mut ann.command(&["deploy", "--json"]));
    let mut run = run;
    run.until_event(|event| event.to_string().contains("commandOutput.slow"));
    // Bob's checkout has no file of the first deploy yet.
    fs::copy(lab.path("nixops.json"), bob.directory.join("nixops.json")).unwrap();
    bob.call(&["deploy"])
        .exits(1)
        .says("another run works on the state in ")
        .says("runs `nixops deploy` since ");
    let mut waits = Watched::of(&mut bob.command(&["deploy", "--wait-lock"]));
    waits.until_said("waiting for the deployment: root@");
    gate.open();
    run.end().exits(0);
    waits.end().exits(0).does_not_say("created");
}

#[test]
fn what_is_refused_lets_go_of_a_shared_state() {
    let lab = Lab::without_hosts();
    let ann = Operator::new(&lab, "ann", lab.directory.clone());
    let bob = Operator::new(&lab, "bob", lab.rig.home().join("bob"));
    let keys = [ann.public_key(), bob.public_key()];
    shared(&lab, &[&keys[0], &keys[1]], "");
    ann.call(&["deploy"]).exits(0);
    // The state learns of the new text, and then the run fails.
    let changed = "network.description = \"another\";";
    shared(&lab, &[&keys[0], &keys[1]], changed);
    lab.checkout("bob");
    ann.call(&["import-resource", "sshKeyPairs.pair", "pair-0"])
        .exits(1)
        .says("sshKeyPairs.pair is recorded already");
    bob.call(&["deploy"]).exits(0).does_not_say("created");
}
