//! Two people, one after the other and at once.

use std::thread;

use insta::assert_snapshot;

use super::*;
use crate::state::{Change, Entry, Key, Operation, Record, SecretParts, Secrets, Stage};

#[test]
fn what_one_writes_the_other_reads() {
    let team = Team::new();
    let ada = first(&team);
    let bob = team.of("bob");
    assert_eq!(names(&bob), ["prod 0"]);
    assert_eq!(team.files(), ["state.age"]);

    let held = hold(&bob).unwrap();
    assert_eq!(team.files(), ["state.age", "state.lock"]);
    change(held.database(), "prod", "by bob");
    add(held.database(), "test");
    held.finish().unwrap();

    assert_eq!(names(&ada), ["prod 1", "test 0"]);
    let held = hold(&ada).unwrap();
    let prod = held.database().find("prod").unwrap().unwrap();
    assert_eq!(prod.description, "by bob");
    held.finish().unwrap();
    assert_eq!(team.files(), ["state.age", "state.age.before"]);
}

#[test]
fn who_looks_writes_nothing() {
    let team = Team::new();
    let bob = team.of("bob");
    assert!(names(&bob).is_empty());
    first(&team);
    let before = fs::metadata(team.path("srv")).unwrap().modified().unwrap();
    assert_eq!(names(&bob), ["prod 0"]);
    assert!(!team.path("bob/shared").exists());
    let after = fs::metadata(team.path("srv")).unwrap().modified().unwrap();
    assert_eq!(before, after);
    let looked = bob.look().unwrap();
    looked.remove("prod-0000").unwrap_err();
}

#[test]
fn who_holds_it_and_changes_nothing_pushes_nothing() {
    let team = Team::new();
    let ada = first(&team);
    let before = fs::read(team.path("srv/state.age")).unwrap();
    hold(&ada).unwrap().finish().unwrap();
    drop(hold(&team.of("bob")).unwrap());
    assert_eq!(fs::read(team.path("srv/state.age")).unwrap(), before);
    assert_eq!(team.files(), ["state.age"]);
}

#[test]
fn the_second_is_refused_while_the_first_works() {
    let team = Team::new();
    let ada = first(&team);
    let held = hold(&ada).unwrap();
    assert!(held.lock().is_some());
    let bob = team.of("bob");
    assert_snapshot!(team.explain(&hold(&bob).unwrap_err()), @"
    another run works on the state in ~/srv: USER@HOST (process PID) runs `nixops deploy` since DATE TIME UTC
    hint: wait for it to end (`--wait-lock` does); if it was killed, `nixops unlock` takes its lock away
    ");
    assert_eq!(names(&bob), ["prod 0"]);
    assert_eq!(bob.holder().unwrap(), ada.holder().unwrap());
    // The same user again.
    assert_snapshot!(team.explain(&hold(&team.of("ada")).unwrap_err()), @"
    another run works on this deployment: USER@HOST (process PID) runs `nixops deploy` since DATE TIME UTC; ~/ada/shared/COPY/lock is locked
    hint: wait for it to end (`--wait-lock` does); the lock goes with the run and its providers
    ");
    held.finish().unwrap();
    assert_eq!(bob.holder().unwrap(), None);
    hold(&bob).unwrap().finish().unwrap();
}

#[test]
fn the_second_may_wait() {
    let team = Team::new();
    let held = hold(&first(&team)).unwrap();
    let bob = team.of("bob");
    let told = Mutex::new(Vec::new());
    let wait = || {
        let on_wait = |holder: &Holder| {
            told.lock().unwrap().push(holder.verb.clone());
            true
        };
        let purpose = Purpose {
            wait: Some(Duration::from_secs(30)),
            on_wait: &on_wait,
            ..once("destroy")
        };
        bob.hold("", &purpose)
    };
    let held_by_bob = thread::scope(|scope| {
        let waiting = scope.spawn(wait);
        while told.lock().unwrap().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        add(held.database(), "test");
        held.finish().unwrap();
        waiting.join().unwrap().unwrap()
    });
    assert!(held_by_bob.database().find("test").unwrap().is_some());
    assert_eq!(told.lock().unwrap()[0], "deploy");
}

#[test]
fn who_waits_may_stop_or_run_out_of_time() {
    let team = Team::new();
    let _held = hold(&first(&team)).unwrap();
    let wait = |wait, goes_on: bool| {
        let on_wait = move |_: &Holder| goes_on;
        let purpose = Purpose {
            wait: Some(wait),
            on_wait: &on_wait,
            ..once("deploy")
        };
        team.of("bob").hold("", &purpose).map(drop).unwrap_err()
    };
    for error in [
        wait(Duration::from_mins(1), false),
        wait(Duration::from_millis(300), true),
    ] {
        assert!(
            error
                .to_string()
                .starts_with("another run works on the state in")
        );
    }
}

#[test]
fn many_who_wait_all_get_their_turn() {
    const RUNS: usize = 4;
    let team = Team::new();
    first(&team);
    thread::scope(|scope| {
        for number in 0..RUNS {
            let team = &team;
            scope.spawn(move || {
                let purpose = Purpose {
                    wait: Some(Duration::from_mins(1)),
                    ..once("deploy")
                };
                let shared = team.of(["ada", "bob"][number % 2]);
                let held = shared.hold("", &purpose).unwrap();
                change(held.database(), "prod", "again");
                held.finish().unwrap();
            });
        }
    });
    assert_eq!(names(&team.of("ada")), [format!("prod {RUNS}")]);
}

#[test]
fn who_comes_to_a_team_reads_what_was_there() {
    let team = Team::new();
    let ada = first(&team);
    let held = hold(&ada).unwrap();
    let key = Key::new("server", "web");
    let parts = SecretParts {
        private: Some("planted".into()),
        ..SecretParts::default()
    };
    let record = Record {
        secrets: Secrets::of(parts),
        ..crate::state::tests::record("1")
    };
    let store = held.database().store("prod-0000", ada.sealer.clone());
    let entry = Entry::new(&key, Operation::Create, Stage::Done);
    store
        .write(&entry, &[Change::Put(key.clone(), Box::new(record))])
        .unwrap();
    held.finish().unwrap();

    let eve = team.of("eve");
    let new = team.sealer("eve", Vec::new()).public_key().unwrap();
    eve.look().unwrap_err();
    let keys = fs::read_to_string(team.path("recipients")).unwrap();
    fs::write(team.path("recipients"), format!("{keys}\n{new}")).unwrap();
    hold(&team.of("bob")).unwrap().finish().unwrap();

    let database = eve.look().unwrap();
    let store = database.store("prod-0000", eve.sealer.clone());
    let record = &store.records().unwrap().current[&key];
    assert_eq!(
        store.reveal(record).unwrap().private,
        Some("planted".into())
    );
    // That was all that was to be done.
    let before = fs::read(team.path("srv/state.age")).unwrap();
    hold(&team.of("ada")).unwrap().finish().unwrap();
    assert_eq!(fs::read(team.path("srv/state.age")).unwrap(), before);
}

#[test]
fn an_interrupted_run_pushes_and_gives_its_lock_back() {
    let team = Team::new();
    let ada = first(&team);
    let held = hold(&ada).unwrap();
    change(held.database(), "prod", "by ada");
    ada.channel.processes.interrupt();
    held.finish().unwrap();
    assert_eq!(names(&team.of("bob")), ["prod 1"]);
    assert_eq!(team.of("bob").holder().unwrap(), None);
    assert!(
        matches!(hold(&ada), Err(super::super::super::Error::Shared(error)) if error.is_interrupted())
    );
}

#[test]
fn nothing_can_be_read_without_a_key() {
    let team = Team::new();
    let ada = first(&team);
    let held = hold(&ada).unwrap();
    change(held.database(), "prod", "planted-description");
    let store = held.database().store("prod-0000", ada.sealer.clone());
    let entry = Entry {
        remark: Some("planted-remark".to_owned()),
        ..Entry::new(
            &Key::new("server", "planted-name"),
            Operation::Create,
            Stage::Intent,
        )
    };
    let machine = Change::PutMachine("planted-machine".to_owned(), Box::default());
    store.write(&entry, &[machine]).unwrap();
    held.finish().unwrap();
    for name in team.files() {
        let bytes = fs::read(team.path("srv").join(&name)).unwrap();
        for word in ["planted", "prod", "SQLite", "default"] {
            let found = bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes());
            assert!(!found, "{word} in {name}");
        }
    }
}
