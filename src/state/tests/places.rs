//! Where a network says that its state is.

use super::*;

fn of(storage: &Value) -> Result<Place, Error> {
    Place::of(None, Some(storage), Utf8Path::new("/state.db"))
}

#[track_caller]
fn refused(storage: &Value) -> String {
    of(storage).unwrap_err().to_string()
}

#[test]
fn a_network_names_one_place() {
    let sqlite = |path: &str| Place::Sqlite(path.into());
    let cases = [
        (json!(null), sqlite("/state.db")),
        (json!({ "sqlite": {} }), sqlite("/state.db")),
        (
            json!({ "sqlite": { "path": "/other.db" } }),
            sqlite("/other.db"),
        ),
        (
            json!({ "legacy": { "databasefile": "~/x" } }),
            sqlite("/state.db"),
        ),
        (json!({ "memory": {} }), Place::Memory),
        (
            json!({ "file": { "location": "ssh://host/dir", "recipients": ["age1x"] } }),
            Place::Shared(SharedPlace {
                location: "ssh://host/dir".into(),
                recipients: vec!["age1x".into()],
            }),
        ),
    ];
    for (storage, place) in cases {
        assert_eq!(of(&storage).unwrap(), place);
    }
    let flag = Place::of(
        Some(Utf8Path::new("flag.db")),
        Some(&json!({ "memory": {} })),
        Utf8Path::new("/state.db"),
    );
    assert_eq!(flag.unwrap(), sqlite("flag.db"));
    assert!(Place::is_legacy(Some(&json!({ "legacy": {} }))));
    assert!(!Place::is_legacy(Some(&json!({ "memory": {} }))));
}

#[test]
fn what_names_no_place_is_told_with_the_names_that_there_are() {
    let texts = [
        json!({}),
        json!({ "memory": {}, "sqlite": {} }),
        json!({ "s3": { "bucket": "b" } }),
        json!("sqlite"),
        json!({ "sqlite": "/x" }),
        json!({ "sqlite": { "path": 1 } }),
        json!({ "sqlite": { "file": "/x" } }),
        json!({ "memory": { "path": "/x" } }),
        json!({ "file": {} }),
        json!({ "file": { "location": "/x", "recipients": "age1" } }),
    ]
    .each_ref()
    .map(refused);
    insta::assert_snapshot!(texts.join("\n"), @r#"
    network.storage names no backend
    network.storage names memory and sqlite, and a state is in one place
    network.storage names the backend "s3", and there are only file, legacy, memory and sqlite
    network.storage is no set of one backend
    network.storage has sqlite = …, which is no set
    network.storage has sqlite.path, which is no text with something in it
    network.storage has sqlite.file, which is not known, only path
    network.storage has memory.path, which is not known: it has no options
    network.storage has file.location, which is missing
    network.storage has file.recipients, which is no list of texts
    "#);
    insta::assert_snapshot!(of(&json!({})).unwrap_err().hint().unwrap(), @r#"as in network.storage.sqlite.path = "/var/lib/nixops/state.db"; without network.storage the state is in $XDG_STATE_HOME/nixops/state.db"#);
}

#[test]
fn a_deployment_is_held_by_one_run_and_looked_at_by_all() {
    let site = site();
    let place = Place::Sqlite(site.path.clone());
    let held = place.hold(UUID, &Purpose::of("deploy")).unwrap();
    with_deployment(held.database());
    assert!(held.lock().is_some());
    let error = place.hold(UUID, &Purpose::of("destroy")).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("runs `nixops deploy` since"), "{text}");
    place.hold("another", &Purpose::of("deploy")).unwrap();
    assert_eq!(place.look().unwrap().deployments().unwrap().len(), 1);
    held.finish().unwrap();
    place.hold(UUID, &Purpose::of("destroy")).unwrap();
}

#[test]
fn a_state_in_memory_needs_no_lock() {
    let held = Place::Memory.hold(UUID, &Purpose::of("deploy")).unwrap();
    with_deployment(held.database());
    assert!(held.lock().is_none());
    held.finish().unwrap();
    assert_eq!(Place::Memory.look().unwrap().deployments().unwrap(), []);
}

#[test]
fn what_is_to_be_done_at_the_end_is_done_when_it_is_finished() {
    let finish = |database: &Database| database.remove(UUID);
    let database = Database::memory().unwrap();
    with_deployment(&database);
    drop(Held::with_finish(database.clone(), None, finish));
    assert_eq!(database.deployments().unwrap().len(), 1);
    Held::with_finish(database.clone(), None, finish)
        .finish()
        .unwrap();
    assert_eq!(database.deployments().unwrap(), []);
}

#[test]
fn a_link_to_a_state_is_the_state_with_the_same_lock() {
    let directory = tempfile::tempdir().unwrap();
    let directory = Utf8Path::from_path(directory.path()).unwrap();
    let directory = directory.canonicalize_utf8().unwrap();
    std::fs::create_dir(directory.join("there")).unwrap();
    let (file, link) = (directory.join("there/state.db"), directory.join("link.db"));
    std::fs::write(&file, "").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let place = |flag| Place::of(Some(flag), None, Utf8Path::new("/state.db")).unwrap();
    assert_eq!(place(&link), Place::Sqlite(file));
    let new = directory.join("new.db");
    assert_eq!(place(&new), Place::Sqlite(new.clone()));
}
