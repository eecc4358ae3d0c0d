//! Secrets through a whole life: whoever needs them has them, and they stand nowhere else.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use camino::Utf8Path;
use nixops::state::seal::{AgeSealer, Named};
use serde_json::{Value, json};

use crate::{
    lab::{Lab, Run, files_with},
    resources_lab::of_resources,
};

/// What the network says itself; long enough to be found nowhere by chance.
const PASSWORD: &str = "planted-password-of-the-token-7263";
const NEXT_PASSWORD: &str = "planted-password-of-the-token-9410";

/// What a file of the deployer has in it, and a program of his prints.
const KEY_FILE: &str = "planted-content-of-a-key-file-5518";

/// Everything that the binary and its children let others see.
#[derive(Default)]
pub struct Seen {
    /// Command lines of all processes.
    lines: BTreeSet<String>,
    /// What runs have printed.
    texts: Vec<String>,
}

impl Seen {
    /// Runs a command and looks at all processes while it runs.
    #[track_caller]
    pub fn run(&mut self, command: &mut Command) -> Run {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let run = thread::spawn(move || Run::from(child.wait_with_output().unwrap()));
        while !run.is_finished() {
            for process in fs::read_dir("/proc").unwrap().flatten() {
                let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
                self.lines
                    .insert(String::from_utf8_lossy(&line).into_owned());
            }
            thread::sleep(Duration::from_millis(3));
        }
        let run = run.join().unwrap();
        self.texts.push(format!("{}{}", run.stdout, run.stderr));
        run
    }

    /// Expects words nowhere.
    #[track_caller]
    pub fn has_none_of(&self, words: &[String]) {
        for word in words {
            for text in self.texts.iter().chain(&self.lines) {
                assert!(!text.contains(word.as_str()), "{word:?} in {text}");
            }
        }
    }
}

/// Words by which the secrets that were made are known: a line from within each key, and each token.
fn words_of(lab: &Lab) -> Vec<String> {
    let export = lab.nixops(["export", "--include-secrets"]);
    export.exits(0);
    let mut words = Vec::new();
    gather(&export.json(), &mut words);
    words
}

fn gather(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains("OPENSSH PRIVATE KEY") => {
            let lines: Vec<&str> = text.lines().collect();
            words.push(lines[lines.len() / 2].to_owned());
        }
        Value::String(text) if text.starts_with("neat-") && text.len() == 53 => {
            words.push(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, words)),
        Value::Object(values) => values.values().for_each(|value| gather(value, words)),
        _ => {}
    }
}

/// Files of the rig in which a word stands, but for what the user wrote, and what the cloud keeps.
fn kept(lab: &Lab, word: &str) -> Vec<String> {
    let theirs = [lab.path(""), lab.place("state/neatcloud/")];
    let mut found = files_with(word, lab.rig.root());
    found.retain(|line| !theirs.iter().any(|place| line.starts_with(place)));
    found
}

fn network(password: &str, scope: &str, keys: &str) -> String {
    format!(
        "resources.sshKeyPairs.pair = {{ }};
         resources.neatcloudTokens.turns.scope = \"{scope}\";
         resources.neatcloudTokens.known.password = \"{password}\";
         resources.neatcloudTokens.chained = {{ resources, ... }}: {{
           password = resources.neatcloudTokens.turns.secret;
         }};
         resources.neatcloudTokens.keyed = {{ resources, ... }}: {{
           password = resources.sshKeyPairs.pair.privateKey;
         }};
         web = {{ resources, ... }}: {{
           environment.etc.\"pair.pub\".text = resources.sshKeyPairs.pair.publicKey;
           deployment.keys.pair.text = resources.sshKeyPairs.pair.privateKey;
           deployment.keys.token.text = \"token=${{resources.neatcloudTokens.turns.secret}}\";
           {keys}
         }};"
    )
}

#[test]
fn secrets_stand_nowhere_through_a_whole_life() {
    let lab = Lab::without_hosts();
    let mut seen = Seen::default();
    let plan_file = lab.place("saved.plan");
    let mut words = vec![PASSWORD.to_owned(), NEXT_PASSWORD.to_owned()];
    let run = |seen: &mut Seen, verb: &str, arguments: &[&str]| {
        let mut command = lab.command([verb]);
        seen.run(command.args(arguments))
    };
    let look = |seen: &mut Seen| {
        for (verb, arguments) in [
            ("plan", &["-v", "--accept-plugins"][..]),
            ("plan", &["--json", "--build", "--accept-plugins"]),
            ("eval", &["--json"]),
            ("graph", &[]),
        ] {
            run(seen, verb, arguments).exits(0);
        }
    };

    lab.network_in_the_cloud(&network(PASSWORD, "read", ""));
    run(&mut seen, "plan", &["--accept-plugins", "-v"]).exits(0);
    run(&mut seen, "plan", &["--accept-plugins", "--json"]).exits(0);
    run(&mut seen, "deploy", &["--accept-plugins", "-vv", "--yes"]).exits(0);
    words.extend(words_of(&lab));
    // Passwords, the pair and who has it as a password, four tokens and who has one as a password.
    assert_eq!(words.len(), 9, "{words:#?}");
    look(&mut seen);

    // A change that fails, then a plan that is saved and done.
    lab.network_in_the_cloud(&network(NEXT_PASSWORD, "write", ""));
    lab.order_faults(&json!([{ "method": "update", "fault": "quota" }]));
    run(&mut seen, "deploy", &["--json", "--yes"]).exits(1);
    run(&mut seen, "plan", &["-v", "--out", &plan_file]).exits(0);
    assert!(Path::new(&plan_file).exists());
    run(&mut seen, "deploy", &["--json", "--plan", &plan_file]).exits(0);
    words.extend(words_of(&lab));
    look(&mut seen);
    // Keys with the new secrets, and keys of the deployer, go to their machine and nowhere else.
    let file = lab.secret("of-the-deployer", KEY_FILE);
    let keys = format!(
        "deployment.keys.file = {{ keyFile = \"{file}\"; persist = true; }};
         deployment.keys.printed.keyCommand = [ \"cat\" \"{file}\" ];"
    );
    lab.network_in_the_cloud(&network(NEXT_PASSWORD, "write", &keys));
    for arguments in [&["-vv"][..], &["--json", "--force"], &["--force"]] {
        run(&mut seen, "send-keys", arguments).exits(0);
    }
    fs::remove_file(&file).unwrap();
    run(&mut seen, "send-keys", &["-vv", "--show-trace"]).exits(1);
    words.push(KEY_FILE.to_owned());
    for (verb, arguments) in [
        ("export", &[][..]),
        ("export", &["--all"]),
        ("info", &["--json"]),
        ("journal", &["--json"]),
        ("show-physical", &[]),
    ] {
        run(&mut seen, verb, arguments).exits(0);
    }
    // Its exit code is about the disks of this machine too.
    run(&mut seen, "check", &["-v"]);
    seen.has_none_of(&words);
    for word in &words {
        assert_eq!(kept(&lab, word), Vec::<String>::new(), "{word}");
    }
    run(&mut seen, "destroy", &["--json", "-vv", "--yes"]).exits(0);
    seen.has_none_of(&words);
    for word in &words {
        assert_eq!(kept(&lab, word), Vec::<String>::new(), "{word}");
    }
    assert_eq!(lab.truth().len(), 0);
}

#[test]
fn a_secret_that_would_stand_in_the_store_is_an_error_that_names_it_and_the_derivation() {
    let lab = Lab::without_hosts();
    lab.network(
        "resources.sshKeyPairs.k = { };
         web = { resources, ... }: {
           environment.etc.leak.text = \"it is ${resources.sshKeyPairs.k.privateKey}\";
         };
         db = { };",
    );
    // There is no such host, but a pair of keys.
    lab.nixops(["deploy", "--on", "web"])
        .exits(1)
        .says("sshKeyPairs.k> created");
    let run = lab.nixops(["deploy", "--build-only"]);
    run.exits(1)
        .says("db> built")
        .says("the secret `resources.sshKeyPairs.k.privateKey` would stand in the Nix store")
        .says("etc-leak");
    let words = words_of(&lab);
    assert_eq!(words.len(), 1, "{words:?}");
    assert_eq!(kept(&lab, &words[0]), Vec::<String>::new());
}

#[test]
fn without_the_key_of_the_state_nothing_is_done_and_nothing_is_lost() {
    let lab = of_resources("resources.sshKeyPairs.k = { };");
    lab.settle().exits(0);
    let key = lab.place("config/nixops/age.key");
    let aside = lab.place("config/nixops/aside.key");
    fs::rename(&key, &aside).unwrap();
    let records = lab.records();
    let run = lab.settle();
    run.exits(1).says("hint: ");
    assert_eq!(lab.records(), records);
    fs::rename(&aside, &key).unwrap();
    lab.settle().exits(0).does_not_say("created");
}

#[test]
fn no_program_that_a_run_starts_inherits_the_key_to_the_secrets() {
    let lab = Lab::without_hosts();
    let sealer = lab.other_directory("other");
    let sealer = Utf8Path::from_path(&sealer).unwrap();
    AgeSealer::of_user(sealer, Named::default())
        .public_key()
        .unwrap();
    let key = fs::read_to_string(sealer.join("age.key")).unwrap();
    lab.network(
        "resources.commandOutput.seen.script = \"printenv NIXOPS_AGE_KEY || printf nothing\";",
    );
    let mut deploy = lab.command(["deploy"]);
    Run::of(deploy.env("NIXOPS_AGE_KEY", &key)).exits(0);
    let export = lab.nixops(["export", "--include-secrets"]);
    export.exits(0).does_not_say(key.trim());
    assert!(export.stdout.contains("\"nothing\""), "{}", export.stdout);
}
