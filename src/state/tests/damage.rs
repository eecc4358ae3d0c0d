//! What becomes of states that cannot be used: nothing, and it is told.

use std::fs;

use super::*;

/// A state of some pages in a file, and its bytes.
fn kept() -> (Site, Vec<u8>) {
    let site = site();
    let store = with_deployment(&Database::open(&site.path).unwrap());
    for number in 0..50 {
        put(&store, &volume(&format!("v{number}")), &record("t"));
    }
    drop(store);
    let bytes = fs::read(&site.path).unwrap();
    assert!(bytes.len() > 5 * 4096);
    (site, bytes)
}

/// Writes bytes as the state, and expects that whoever opens it or looks at it is told the same, and that
/// it stays as it is.
#[track_caller]
fn refusal(site: &Site, bytes: &[u8]) -> String {
    fs::write(&site.path, bytes).unwrap();
    let opened = Database::open(&site.path).unwrap_err();
    let looked = Database::look(&site.path).unwrap_err();
    assert_eq!(told(&opened), told(&looked));
    assert_eq!(fs::read(&site.path).unwrap(), bytes);
    let hint = opened.hint().unwrap();
    let text = format!("{}\nhint: {hint}", told(&opened));
    text.replace(site.path.as_str(), "STATE")
}

#[test]
fn a_newer_version_is_left_as_it_is() {
    let (site, _) = kept();
    let connection = rusqlite::Connection::open(&site.path).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let bytes = fs::read(&site.path).unwrap();
    insta::assert_snapshot!(refusal(&site, &bytes), @r"
    the state in STATE has version 7, and this nixops knows versions up to 1
    hint: use the nixops that wrote it, or a newer one
    ");
}

#[test]
fn a_text_is_no_state() {
    let (site, _) = kept();
    let text = "{ \"version\": 1 }\n".repeat(100);
    insta::assert_snapshot!(refusal(&site, text.as_bytes()), @r"
    the state in STATE cannot be understood: file is not a database
    hint: nothing was changed; put a copy of the file back, or move it away to begin anew (what it says of resources that exist is lost then)
    ");
}

#[test]
fn an_empty_file_is_no_new_state() {
    let (site, _) = kept();
    insta::assert_snapshot!(refusal(&site, b""), @r"
    the state in STATE cannot be understood: the file is empty
    hint: nothing was changed; put a copy of the file back, or move it away to begin anew (what it says of resources that exist is lost then)
    ");
}

#[test]
fn a_state_that_ends_too_early_is_told_of() {
    let (site, bytes) = kept();
    insta::assert_snapshot!(refusal(&site, &bytes[..bytes.len() / 2]), @r"
    the state in STATE cannot be understood: database disk image is malformed
    hint: nothing was changed; put a copy of the file back, or move it away to begin anew (what it says of resources that exist is lost then)
    ");
}

#[test]
fn a_database_of_another_program_is_left_as_it_is() {
    let (site, _) = kept();
    fs::remove_file(&site.path).unwrap();
    let connection = rusqlite::Connection::open(&site.path).unwrap();
    connection
        .execute_batch("CREATE TABLE Deployments (uuid TEXT)")
        .unwrap();
    drop(connection);
    let bytes = fs::read(&site.path).unwrap();
    insta::assert_snapshot!(refusal(&site, &bytes), @r"
    STATE is a database of another program
    hint: nothing was changed; `nixops import` reads states of NixOps 2
    ");
}

#[test]
fn a_bad_page_is_told_of_before_anything_is_done() {
    let (site, bytes) = kept();
    let pages = bytes.len() / 4096;
    let mut unnoticed = Vec::new();
    for page in 1..pages {
        let mut bytes = bytes.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0x5a);
        fs::write(&site.path, &bytes).unwrap();
        match Database::open(&site.path) {
            Ok(_) => unnoticed.push(page),
            Err(error) => assert!(matches!(error, Error::Damaged { .. }), "{error:?}"),
        }
    }
    assert_eq!(unnoticed, Vec::<usize>::new());
}

#[test]
fn a_record_that_makes_no_sense_is_told_of() {
    let (site, _) = kept();
    let connection = rusqlite::Connection::open(&site.path).unwrap();
    let change =
        "UPDATE resources SET record = json_set(record, '$.phase', 'lost') WHERE name = 'v3'";
    assert_eq!(connection.execute(change, []).unwrap(), 1);
    drop(connection);
    let store = Database::look(&site.path)
        .unwrap()
        .store(UUID, Arc::new(NoKey));
    let text = told(&store.records().unwrap_err());
    insta::assert_snapshot!(text.replace(site.path.as_str(), "STATE"), @"the state in STATE cannot be understood: unknown variant `lost`, expected one of `creating`, `ready`, `updating`, `deleting` at line 1 column 56");
}

#[test]
fn a_state_that_is_deleted_during_a_run_is_told_of_at_the_next_write() {
    let (site, _) = kept();
    let away = site.path.with_extension("away");
    for (name, log) in [("state.db", false), ("state.db-wal", true)] {
        let store = Database::open(&site.path)
            .unwrap()
            .store(UUID, Arc::new(NoKey));
        put(&store, &volume("a"), &record("t1"));
        let file = site.path.with_file_name(name);
        fs::rename(&file, &away).unwrap();
        let error = change(&store, Change::Remove(volume("a"))).unwrap_err();
        assert!(matches!(error, Error::Gone { .. }), "{error:?}");
        let text = format!("{error}\nhint: {}", error.hint().unwrap());
        insta::allow_duplicates! {
            insta::assert_snapshot!(text.replace(site.path.as_str(), "STATE"), @r"
            the state in STATE was deleted or replaced while this run used it
            hint: nothing more is recorded; put the file back, or what this run made is found only by its providers
            ");
        }
        // Nor does it help that another file has its name now.
        if !log {
            fs::copy(&away, &file).unwrap();
            change(&store, Change::Remove(volume("a"))).unwrap_err();
        }
        fs::rename(&away, &file).unwrap();
        change(&store, Change::Remove(volume("a"))).unwrap();
    }
}
