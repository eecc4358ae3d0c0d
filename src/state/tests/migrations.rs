//! States of older versions.

use super::*;
use crate::state::database::schema::{STEPS, check, migrate};

/// A state as the first version wrote it.
const FIRST: &str = include_str!("v1.sql");

fn first(path: &Utf8Path) {
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(FIRST).unwrap();
}

#[test]
fn a_state_of_the_first_version_is_read_and_used() {
    let site = site();
    first(&site.path);
    // Who looks at an older state leaves it as it is.
    let bytes = std::fs::read(&site.path).unwrap();
    let looked = Database::look(&site.path).unwrap();
    assert_eq!(std::fs::read(&site.path).unwrap(), bytes);
    for database in [looked, Database::open(&site.path).unwrap()] {
        let store = database.store(UUID, Arc::new(Byte(0x5a)));
        let Whole {
            deployment,
            records,
            machines,
        } = store.whole().unwrap();
        assert_eq!((deployment.called(), deployment.serial), ("prod", 3));
        let disk = &records.current[&volume("data")];
        assert_eq!(disk.needs, [Key::new("networks", "lan")].into());
        let state = store.reveal(disk).unwrap();
        assert_eq!(state.outputs["password"], "correct-horse");
        assert_eq!(records.deposed[0].1.phase, Phase::Deleting);
        assert_eq!(machines["web"].system.as_deref(), Some("/nix/store/x-web"));
        assert_eq!(store.journal(9).unwrap()[0].number, 3);
    }
    let store = Database::open(&site.path)
        .unwrap()
        .store(UUID, Arc::new(NoKey));
    put(&store, &volume("a"), &record("t1"));
}

#[test]
fn each_step_is_taken_once_and_none_if_one_fails() {
    let path = Utf8Path::new("state.db");
    let mut connection = rusqlite::Connection::open_in_memory().unwrap();
    migrate(&mut connection, path, STEPS).unwrap();
    let add = "ALTER TABLE machines ADD COLUMN boot TEXT";
    let next: Vec<_> = STEPS.iter().copied().chain([add]).collect();
    let broken: Vec<_> = next
        .iter()
        .copied()
        .chain(["ALTER TABLE nothing"])
        .collect();
    migrate(&mut connection, path, &broken).unwrap_err();
    assert_eq!(check(&connection, path, &next).unwrap(), 1);
    for _ in 0..2 {
        migrate(&mut connection, path, &next).unwrap();
        assert_eq!(check(&connection, path, &next).unwrap(), 0);
    }
    connection.prepare("SELECT boot FROM machines").unwrap();
    let error = check(&connection, path, STEPS).unwrap_err();
    insta::assert_snapshot!(error, @"the state in state.db has version 2, and this nixops knows versions up to 1");
}
