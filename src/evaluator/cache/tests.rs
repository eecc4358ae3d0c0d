//! The file of the cache.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    database::{Database, Figures, New},
    open,
    trace::Digest,
};

const KEY: Digest = [1; 32];
const OTHER: Digest = [2; 32];

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    fn path(&self) -> Utf8PathBuf {
        let directory = Utf8Path::from_path(self.directory.path()).unwrap();
        directory.join("below/cache.db")
    }

    fn open(&self, limit: u64) -> Database {
        Database::open(&self.path(), limit).unwrap()
    }
}

fn new(subject: &str, trace: u8, size: usize) -> New {
    New {
        subject: subject.to_owned(),
        trace: [trace; 32],
        content: vec![trace; size],
    }
}

/// Subjects and the first bytes of their traces, last used first.
fn there(database: &Database, key: &Digest) -> Vec<(String, u8)> {
    let kept = database.load(key).unwrap().into_iter();
    kept.map(|kept| (kept.subject, kept.trace[0])).collect()
}

fn expected(all: &[(&str, u8)]) -> Vec<(String, u8)> {
    let all = all.iter();
    all.map(|(subject, trace)| ((*subject).to_owned(), *trace))
        .collect()
}

#[test]
fn what_was_kept_is_there_for_the_same_evaluation_alone() {
    let place = Place::new();
    let one = new("system web", 7, 100);
    place
        .open(9000)
        .keep(&KEY, std::slice::from_ref(&one), &[])
        .unwrap();
    let database = place.open(9000);
    let kept = database.load(&KEY).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((&kept[0].subject, kept[0].trace), (&one.subject, one.trace));
    assert_eq!(kept[0].content, one.content);
    assert!(kept[0].is_recent);
    assert_eq!(there(&database, &OTHER), []);
}

#[test]
fn a_subject_has_the_last_results_and_each_once() {
    let place = Place::new();
    let mut database = place.open(1 << 20);
    for trace in (1..=10).chain([4]) {
        database
            .keep(&KEY, &[new("system web", trace, 1)], &[])
            .unwrap();
    }
    let traces = [4, 10, 9, 8, 7, 6, 5, 3].map(|trace| ("system web", trace));
    assert_eq!(there(&database, &KEY), expected(&traces));
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let place = Place::new();
    let mut database = place.open(4000);
    for (trace, subject) in ["a", "b", "c"].into_iter().enumerate() {
        let trace = u8::try_from(trace).unwrap();
        database
            .keep(&KEY, &[new(subject, trace, 1000)], &[])
            .unwrap();
    }
    let a = database.load(&KEY).unwrap().pop().unwrap();
    assert!(!a.is_recent);
    database.keep(&KEY, &[], &[a.id]).unwrap();
    database.keep(&OTHER, &[new("d", 3, 1000)], &[]).unwrap();
    assert_eq!(there(&database, &KEY), expected(&[("c", 2), ("a", 0)]));
    assert_eq!(there(&database, &OTHER), expected(&[("d", 3)]));
    assert!(database.figures().unwrap().size <= 4000);
    // Nothing else goes for one that is very large.
    database.keep(&KEY, &[new("e", 4, 3500)], &[]).unwrap();
    assert_eq!(there(&database, &KEY), expected(&[("c", 2), ("a", 0)]));
}

#[test]
fn an_emptied_cache_is_small() {
    let place = Place::new();
    let mut database = place.open(1 << 20);
    database.keep(&KEY, &[new("a", 0, 500_000)], &[]).unwrap();
    let before = fs::metadata(place.path()).unwrap().len();
    database.clear().unwrap();
    let figures = Figures {
        entries: 0,
        recorded: 0,
        size: 0,
    };
    assert_eq!(database.figures().unwrap(), figures);
    assert!(fs::metadata(place.path()).unwrap().len() < before / 4);
}

#[test]
fn a_file_of_another_version_is_emptied_and_another_run_that_has_it_open_goes_on() {
    let place = Place::new();
    let mut before = place.open(9000);
    before.keep(&KEY, &[new("a", 0, 10)], &[]).unwrap();
    let connection = rusqlite::Connection::open(place.path()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let database = place.open(9000);
    assert!(database.was_other);
    assert_eq!(there(&database, &KEY), []);
    assert!(!place.open(9000).was_other);
    before.keep(&KEY, &[new("b", 1, 10)], &[]).unwrap();
    assert_eq!(there(&database, &KEY), expected(&[("b", 1)]));
}

#[test]
fn what_is_no_database_is_damaged_and_a_directory_that_cannot_be_made_is_not() {
    let place = Place::new();
    drop(place.open(9000));
    fs::write(place.path(), "no database".repeat(200)).unwrap();
    let error = Database::open(&place.path(), 9000).unwrap_err();
    assert!(error.is_damage(), "{error:?}");
    open::remove(&place.path()).unwrap();
    drop(place.open(9000));
    let error = Database::open(&place.path().join("below"), 9000).unwrap_err();
    assert!(!error.is_damage(), "{error:?}");
}
