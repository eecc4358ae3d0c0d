use std::{fs, os::unix::fs::PermissionsExt as _, time::Instant};

use insta::assert_snapshot;
use tempfile::TempDir;

use super::*;
use crate::state;

/// A user with a directory of his own.
struct User {
    directory: TempDir,
}

impl User {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        let directory = Utf8Path::from_path(self.directory.path()).unwrap();
        directory.join("nixops").join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn sealer(&self, recipients: &[&str]) -> AgeSealer {
        let keys = recipients.iter().map(|key| (*key).to_owned()).collect();
        let named = Named {
            place: "network.storage.file.recipients".to_owned(),
            keys,
        };
        let recipients = Recipients {
            named,
            file: Some(self.path("recipients")),
        };
        AgeSealer::new(IdentityPlace::File(self.path("age.key")), recipients)
    }

    fn key(&self) -> String {
        self.sealer(&[]).public_key().unwrap()
    }

    /// The text of an error and what to do, with the user's directory as `~`.
    fn explain<T>(&self, result: Result<T, state::Error>) -> String {
        let Err(error) = result else {
            panic!("it is no error");
        };
        let hint = error.hint().unwrap_or_default();
        let directory = self.directory.path().to_str().unwrap();
        let source = std::error::Error::source(&error);
        let source = source.map_or_else(String::new, |source| format!(": {source}"));
        format!("{error}{source}\nhint: {hint}").replace(directory, "~")
    }
}

fn given(key: &str) -> AgeSealer {
    let place = IdentityPlace::Given(Zeroizing::new(key.to_owned()));
    AgeSealer::new(place, Recipients::default())
}

#[test]
fn what_was_sealed_opens_again() {
    let user = User::new();
    let sealed = user.sealer(&[]).seal(b"hunter2").unwrap();
    assert!(is_sealed(&sealed));
    assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
    assert_eq!(
        user.sealer(&[]).open(&sealed).unwrap().as_slice(),
        b"hunter2"
    );
    assert_ne!(user.sealer(&[]).seal(b"hunter2").unwrap(), sealed);
}

#[test]
fn nothing_is_made_before_there_is_a_secret() {
    let user = User::new();
    let sealer = user.sealer(&["no recipient at all"]);
    assert!(sealer.made().is_none());
    assert!(!user.path("").exists());
    sealer.open(b"").unwrap_err();
    assert!(!user.path("").exists());
}

#[test]
fn a_key_is_made_once_and_for_the_user_alone() {
    let user = User::new();
    let sealer = user.sealer(&[]);
    sealer.seal(b"a").unwrap();
    assert_eq!(sealer.made(), Some(user.path("age.key")));
    let text = fs::read_to_string(user.path("age.key")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[1], format!("# public key: {}", user.key()));
    assert!(lines[2].starts_with("AGE-SECRET-KEY-1"));
    let mode = |name| fs::metadata(user.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("age.key"), mode("")), (0o600, 0o700));

    let second = user.sealer(&[]);
    second.seal(b"a").unwrap();
    assert_eq!(second.made(), None);
    assert_eq!(fs::read_to_string(user.path("age.key")).unwrap(), text);
}

#[test]
fn two_threads_make_one_key() {
    let user = User::new();
    let sealer = user.sealer(&[]);
    let seal = |number: u8| sealer.seal(&[number]).unwrap();
    let all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|number| scope.spawn(move || seal(number)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    for (number, sealed) in (0..).zip(&all) {
        assert_eq!(user.sealer(&[]).open(sealed).unwrap().as_slice(), [number]);
    }
}

#[test]
fn everybody_of_a_team_can_open() {
    let (ada, bob, eve) = (User::new(), User::new(), User::new());
    let keys = [ada.key(), bob.key()];
    ada.write("recipients", &format!("# the team\n\n{}\n", keys[1]), 0o644);
    let by_file = ada.sealer(&[]).seal(b"x").unwrap();
    let by_network = ada.sealer(&[&keys[0], &keys[1]]).seal(b"x").unwrap();
    for sealed in [by_file, by_network] {
        assert_eq!(count_recipients(&sealed), 2);
        assert_eq!(bob.sealer(&[]).open(&sealed).unwrap().as_slice(), b"x");
        assert_eq!(ada.sealer(&[]).open(&sealed).unwrap().as_slice(), b"x");
        eve.key();
        eve.sealer(&[]).open(&sealed).unwrap_err();
    }
}

#[test]
fn what_is_sealed_tells_for_which_team_it_is() {
    let (ada, bob, eve) = (User::new(), User::new(), User::new());
    let [a, b, e] = [&ada, &bob, &eve].map(User::key);
    let is_current =
        |user: &User, keys: &[&str], sealed| user.sealer(keys).is_current(sealed).unwrap();
    let alone = ada.sealer(&[]).seal(b"x").unwrap();
    assert!(is_current(&ada, &[], &alone));
    assert!(!is_current(&ada, &[&b], &alone));
    let both = ada.sealer(&[&a, &b]).seal(b"x").unwrap();
    assert!(is_current(&ada, &[&b], &both));
    assert!(is_current(&bob, &[&b, &a], &both));
    assert!(!is_current(&ada, &[&e], &both));
    // Who has no key gets none to answer the question.
    let nobody = User::new();
    assert!(is_current(&nobody, &[&a], &both));
    assert!(!nobody.path("").exists());
}

#[test]
fn a_key_that_was_replaced_still_opens() {
    let user = User::new();
    let sealed = user.sealer(&[]).seal(b"x").unwrap();
    let (_, new) = Identities::generate();
    let old = fs::read_to_string(user.path("age.key")).unwrap();
    user.write("age.key", &format!("{}{old}", *new), 0o600);
    assert_eq!(user.sealer(&[]).open(&sealed).unwrap().as_slice(), b"x");
    assert!(new.contains(&user.key()));
}

#[test]
fn the_key_may_be_given_as_it_is() {
    let (_, text) = Identities::generate();
    let sealed = given(&text).seal(b"x").unwrap();
    let line = text.lines().last().unwrap();
    assert_eq!(given(line).open(&sealed).unwrap().as_slice(), b"x");
    assert!(!format!("{:?}", given(line)).contains("AGE-SECRET"));
}

#[test]
fn the_wrong_key_is_told_from_none_and_from_damage() {
    let (ada, bob) = (User::new(), User::new());
    let sealed = ada.sealer(&[&User::new().key()]).seal(b"secret").unwrap();
    assert_snapshot!(bob.explain(bob.sealer(&[]).open(&sealed)), @"
    a secret in the state is encrypted, and there is no key to open it: looked for it in ~/nixops/age.key
    hint: put a copy of the key that made it there, or its text into NIXOPS_AGE_KEY; a colleague who can open the secrets can add you as a recipient
    ");
    bob.key();
    assert_snapshot!(bob.explain(bob.sealer(&[]).open(&sealed)), @"
    a secret in the state cannot be opened: it is encrypted for 2 keys, and the key in ~/nixops/age.key is not among them
    hint: use the key that made them, or let somebody who can open them add your public key to the recipients and deploy again
    ");

    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_snapshot!(ada.explain(ada.sealer(&[]).open(&changed)), @"
    a secret in the state is damaged: it was changed, or its end is missing
    hint: put back a copy of the state from before it was damaged
    ");
    let header = sealed.windows(4).position(|part| part == b"\n---").unwrap();
    changed = sealed.clone();
    changed[header + 8] ^= 1;
    assert_snapshot!(ada.explain(ada.sealer(&[]).open(&changed)), @"
    a secret in the state is damaged: its header was changed
    hint: put back a copy of the state from before it was damaged
    ");
    assert_snapshot!(ada.explain(ada.sealer(&[]).open(b"PNG")), @"
    a secret in the state is damaged: it is not in the age format, or in a newer one
    hint: put back a copy of the state from before it was damaged
    ");
    for end in 0..sealed.len() {
        ada.sealer(&[]).open(&sealed[..end]).unwrap_err();
    }
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let user = User::new();
    user.key();
    fs::set_permissions(user.path("age.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_snapshot!(user.explain(user.sealer(&[]).seal(b"x")), @"
    ~/nixops/age.key holds the key that opens the secrets of the state, and others may read it (mode 0644)
    hint: make it yours alone: chmod 600
    ");
}

#[test]
fn what_is_no_key_is_refused_without_being_shown() {
    let user = User::new();
    user.write("age.key", "# mine\nAGE-SECRET-KEY-1MISTYPED\n", 0o600);
    assert_snapshot!(user.explain(user.sealer(&[]).seal(b"x")), @"
    ~/nixops/age.key does not hold a key in the age format: line 2: invalid Bech32 encoding
    hint: it should be one line that begins with AGE-SECRET-KEY-1, as age-keygen writes it
    ");
    user.write("age.key", "\n", 0o600);
    assert_snapshot!(user.explain(user.sealer(&[]).seal(b"x")), @"
    ~/nixops/age.key does not hold a key in the age format: there is no key in it
    hint: it should be one line that begins with AGE-SECRET-KEY-1, as age-keygen writes it
    ");
    assert_snapshot!(user.explain(given("hunter2").seal(b"x")), @"
    the variable NIXOPS_AGE_KEY does not hold a key in the age format: line 1: invalid Bech32 encoding
    hint: it should be one line that begins with AGE-SECRET-KEY-1, as age-keygen writes it
    ");
    assert_snapshot!(user.explain(given("").open(b"x")), @"
    the variable NIXOPS_AGE_KEY does not hold a key in the age format: there is no key in it
    hint: it should be one line that begins with AGE-SECRET-KEY-1, as age-keygen writes it
    ");
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let user = User::new();
    fs::create_dir_all(user.path("age.key")).unwrap();
    fs::set_permissions(user.path("age.key"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_snapshot!(user.explain(user.sealer(&[]).seal(b"x")), @"
    cannot read ~/nixops/age.key, which holds the key that opens the secrets of the state: Is a directory (os error 21)
    hint:
    ");
    let user = User::new();
    fs::write(user.path("").as_str().trim_end_matches('/'), "").unwrap();
    assert_snapshot!(user.explain(user.sealer(&[]).seal(b"x")), @"
    cannot read ~/nixops/age.key, which holds the key that opens the secrets of the state: Not a directory (os error 20)
    hint:
    ");
    let user = User::new();
    fs::create_dir_all(user.path("recipients")).unwrap();
    assert_snapshot!(user.explain(user.sealer(&[]).seal(b"x")), @"
    cannot read ~/nixops/recipients, which holds the recipients of secrets: Is a directory (os error 21)
    hint:
    ");
}

#[test]
fn what_is_no_recipient_is_named_with_its_place() {
    let user = User::new();
    let explain = |key: &str| user.explain(user.sealer(&[key]).seal(b"x"));
    assert_snapshot!(explain("age1qqq"), @"
    network.storage.file.recipients: `age1qqq` is not a recipient: invalid Bech32 encoding
    hint: a recipient begins with age1; it is the public key in the first lines of a colleague's age.key
    ");
    assert_snapshot!(explain("ssh-ed25519 AAAA ada"), @"
    network.storage.file.recipients: `ssh-ed25519 AAAA ada` is not a recipient: keys of ssh are not supported; a key in the age format is (`age-keygen`)
    hint: a recipient begins with age1; it is the public key in the first lines of a colleague's age.key
    ");
    assert_snapshot!(explain("age1yubikey1qqq"), @"
    network.storage.file.recipients: `age1yubikey1qqq` is not a recipient: keys of plugins of age are not supported
    hint: a recipient begins with age1; it is the public key in the first lines of a colleague's age.key
    ");
    assert_snapshot!(explain("AGE-SECRET-KEY-1QQQ"), @"
    network.storage.file.recipients: `AGE-SECRET-KEY-…` is not a recipient: it is a private key, which belongs to one person alone: make a new one
    hint: a recipient begins with age1; it is the public key in the first lines of a colleague's age.key
    ");
    user.write("recipients", "bob\n", 0o600);
    assert_snapshot!(user.explain(user.sealer(&[]).seal(b"x")), @"
    ~/nixops/recipients: `bob` is not a recipient: invalid Bech32 encoding
    hint: a recipient begins with age1; it is the public key in the first lines of a colleague's age.key
    ");
}

#[test]
#[ignore = "a measurement: cargo test --release -- --ignored --nocapture a_thousand"]
fn a_thousand_small_secrets() {
    let user = User::new();
    for recipients in [1, 5] {
        let keys: Vec<_> = (1..recipients).map(|_| User::new().key()).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let sealer = user.sealer(&keys);
        let begin = Instant::now();
        let all: Vec<_> = (0..1000).map(|_| sealer.seal(&[7; 200]).unwrap()).collect();
        let between = Instant::now();
        for sealed in &all {
            sealer.open(sealed).unwrap();
        }
        println!(
            "{recipients} recipients, 1000 times: seal {:?}, open {:?}, {} bytes more",
            between - begin,
            between.elapsed(),
            all[0].len() - 200
        );
    }
}
