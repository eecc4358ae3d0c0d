//! The file of a state: who may read it, who writes it, and what a bad day does to it.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
    thread,
    time::SystemTime,
};

use super::{
    alone::{POWERLESS, command, directory, passes},
    *,
};

fn mode(path: &Utf8Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// All files of a directory, and when they were changed.
fn files(directory: &Utf8Path) -> BTreeMap<String, (u64, SystemTime)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, (metadata.len(), metadata.modified().unwrap()))
    });
    entries.collect()
}

#[test]
fn a_state_is_for_the_user_alone() {
    let site = site();
    let store = with_deployment(&Database::open(&site.path).unwrap());
    assert_eq!(mode(site.path.parent().unwrap()), 0o700);
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        assert_eq!(mode(&site.path.with_file_name(file)), 0o600, "{file}");
    }
    drop(store);
    let left: Vec<_> = files(site.path.parent().unwrap()).into_keys().collect();
    assert_eq!(left, ["state.db"]);
}

#[test]
fn what_is_written_is_there_for_the_next_run() {
    let site = site();
    let store = with_deployment(&Database::open(&site.path).unwrap());
    put(&store, &volume("a"), &record("t1"));
    let whole = store.whole().unwrap();
    let journal = store.journal(9).unwrap();
    drop(store);
    for database in [Database::open(&site.path), Database::look(&site.path)] {
        let store = database.unwrap().store(UUID, Arc::new(NoKey));
        assert_eq!(store.whole().unwrap(), whole);
        assert_eq!(store.journal(9).unwrap(), journal);
    }
}

#[test]
fn who_looks_at_nothing_makes_nothing() {
    let site = site();
    let database = Database::look(&site.path).unwrap();
    assert_eq!(database.deployments().unwrap(), []);
    assert!(!site.path.parent().unwrap().exists());
}

#[test]
fn who_looks_writes_nothing_and_sees_what_a_run_has_written_so_far() {
    let site = site();
    let store = with_deployment(&Database::open(&site.path).unwrap());
    let directory = site.path.parent().unwrap();
    for number in 1..4 {
        put(&store, &volume("a"), &record(&number.to_string()));
        let before = files(directory);
        let looked = Database::look(&site.path).unwrap();
        assert_eq!(files(directory), before);
        let seen = looked.store(UUID, Arc::new(NoKey));
        assert_eq!(seen.whole().unwrap(), store.whole().unwrap());
        assert_eq!(seen.deployment().unwrap().serial, number);
        let error = change(&seen, Change::Remove(volume("a"))).unwrap_err();
        assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
    }
    drop(store);
    let before = files(directory);
    assert_eq!(before.len(), 1);
    Database::look(&site.path).unwrap();
    assert_eq!(files(directory), before);
}

#[test]
fn several_runs_use_a_state_at_a_time() {
    const RUNS: u64 = 4;
    const WRITES: u64 = 50;
    let site = site();
    let run = |number: u64| {
        let database = Database::open(&site.path).unwrap();
        let uuid = format!("deployment-{number}");
        database
            .create(&Deployment::new(&uuid, None, "default"))
            .unwrap();
        let store = database.store(&uuid, Arc::new(NoKey));
        for write in 0..WRITES {
            put(&store, &volume(&write.to_string()), &record("t"));
        }
    };
    thread::scope(|scope| {
        for number in 0..RUNS {
            scope.spawn(move || run(number));
        }
    });
    let database = Database::look(&site.path).unwrap();
    let deployments = database.deployments().unwrap();
    let serials: Vec<_> = deployments.iter().map(|one| one.serial).collect();
    assert_eq!(serials, [WRITES; 4]);
    for deployment in deployments {
        let store = database.store(&deployment.uuid, Arc::new(NoKey));
        assert_eq!(store.records().unwrap().current.len(), 50);
        assert_eq!(store.journal(usize::MAX).unwrap().len(), 50);
    }
}

#[test]
fn runs_that_begin_and_end_at_a_time_are_in_nobodys_way() {
    let site = site();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let database = Database::open(&site.path).unwrap();
                    let deployment = Deployment::new(new_uuid(), None, "default");
                    database.create(&deployment).unwrap();
                    drop(database);
                    Database::look(&site.path).unwrap();
                }
            });
        }
    });
    let database = Database::look(&site.path).unwrap();
    assert_eq!(database.deployments().unwrap().len(), 120);
}

#[test]
fn what_a_run_wrote_is_there_after_it_is_killed() {
    if let Some(directory) = directory() {
        let database = Database::open(&directory.join("state.db")).unwrap();
        let store = with_deployment(&database);
        for number in 1.. {
            put(&store, &volume(&number.to_string()), &record("t"));
            println!("\nwritten {number}");
        }
    }
    let site = site();
    let directory = site.path.parent().unwrap();
    let test = "files::what_a_run_wrote_is_there_after_it_is_killed";
    let mut run = command(&["env"], test, directory);
    let mut run = run.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(run.stdout.take().unwrap()).lines();
    let written = lines.map(|line| line.unwrap());
    let mut written = written.filter_map(|line| line.strip_prefix("written ")?.parse().ok());
    assert_eq!(written.nth(99), Some(100));
    run.kill().unwrap();
    run.wait().unwrap();
    let last: u64 = written.last().unwrap_or(100);

    // The run may have written once more than it said.
    for database in [Database::look(&site.path), Database::open(&site.path)] {
        let store = database.unwrap().store(UUID, Arc::new(NoKey));
        let count = store.records().unwrap().current.len() as u64;
        assert!(count == last || count == last + 1, "{count} of {last}");
        assert_eq!(store.deployment().unwrap().serial, count);
        assert_eq!(store.journal(usize::MAX).unwrap().len() as u64, count);
    }
}

#[test]
fn a_state_that_may_only_be_read_is_told_of() {
    const TEST: &str = "files::a_state_that_may_only_be_read_is_told_of";
    let Some(directory) = directory() else {
        let site = site();
        drop(with_deployment(&Database::open(&site.path).unwrap()));
        return passes(POWERLESS, TEST, site.path.parent().unwrap());
    };
    let path = directory.join("state.db");
    let set = |path: &Utf8Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&path, 0o400);
    let file = Database::open(&path).unwrap_err();
    assert_eq!(
        Database::look(&path).unwrap().deployments().unwrap().len(),
        1
    );
    set(&path, 0o600);
    set(&directory, 0o500);
    let inside = Database::open(&path).unwrap_err();
    let new = Database::open(&directory.join("new.db")).unwrap_err();
    assert_eq!(
        Database::look(&path).unwrap().deployments().unwrap().len(),
        1
    );
    set(&directory, 0o700);
    Database::open(&path).unwrap();
    set(&path, 0o000);
    let hidden = Database::look(&path).unwrap_err();
    set(&path, 0o600);
    let texts = [file, inside, new, hidden].map(|error| {
        let hint = error.hint().unwrap_or_default();
        format!("{}\n  {hint}", told(&error)).replace(directory.as_str(), "DIRECTORY")
    });
    insta::assert_snapshot!(texts.join("\n"), @r"
    cannot write the state in DIRECTORY/state.db: it may only be read
      give yourself the right to write the file and its directory
    cannot write the state in DIRECTORY/state.db: it may only be read
      give yourself the right to write the file and its directory
    cannot make the state in DIRECTORY/new.db: permission denied
      give yourself the right to read and write the file and its directory
    cannot read the state in DIRECTORY/state.db: Permission denied (os error 13)
      give yourself the right to read and write the file and its directory
    ");
}

#[test]
fn a_full_disk_is_told_of_and_what_was_written_before_is_safe() {
    const TEST: &str = "files::a_full_disk_is_told_of_and_what_was_written_before_is_safe";
    let Some(directory) = directory() else {
        let site = site();
        let directory = site.path.parent().unwrap();
        fs::create_dir(directory).unwrap();
        let mount =
            "mount -t tmpfs -o size=1m tmpfs \"$NIXOPS_STATE_TEST_DIRECTORY\" && exec \"$@\"";
        let words = [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            mount,
            "sh",
        ];
        return passes(&words, TEST, directory);
    };
    let path = directory.join("state.db");
    let store = with_deployment(&Database::open(&path).unwrap());
    let key = |number: usize| volume(&number.to_string());
    let mut written = 0;
    let error = loop {
        let entry = Entry::new(&key(written), Operation::Create, Stage::Done);
        let change = Change::Put(key(written), Box::new(record("t")));
        match store.write(&entry, &[change]) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 10_000);
    };
    let text = format!("{}\nhint: {}", told(&error), error.hint().unwrap());
    insta::assert_snapshot!(text.replace(directory.as_str(), "DIRECTORY"), @r"
    cannot write the state in DIRECTORY/state.db: the disk is full
    hint: what was written before is safe; make room and run again, so that what was made since is found and recorded
    ");
    assert!(written > 10, "{written}");
    let whole = store.whole().unwrap();
    assert_eq!(whole.records.current.len(), written);
    assert_eq!(whole.deployment.serial, written as u64);
    drop(store);
    let looked = Database::look(&path).unwrap().store(UUID, Arc::new(NoKey));
    assert_eq!(looked.whole().unwrap(), whole);
}
