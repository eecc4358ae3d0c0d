//! What is written of resources and machines is what is read.

use super::*;

#[test]
fn a_record_comes_back_as_it_was_written() {
    let store = store();
    let mut disk = record("t1");
    disk.needs.insert(volume("b"));
    disk.lifecycle.protect = true;
    put(&store, &volume("a"), &disk);
    put(&store, &volume("b"), &record("t2"));
    let records = store.records().unwrap();
    assert_eq!(records.current[&volume("a")], disk);
    assert_eq!(records.current.len(), 2);
    assert_eq!(records.deposed, []);

    disk.phase = Phase::Updating;
    put(&store, &volume("a"), &disk);
    assert_eq!(store.records().unwrap().current[&volume("a")], disk);
    change(&store, Change::Remove(volume("a"))).unwrap();
    assert_eq!(store.records().unwrap().current.len(), 1);
}

#[test]
fn a_line_of_the_journal_goes_with_each_change() {
    let store = store();
    let entry = Entry {
        token: Some("t1".into()),
        ..Entry::new(&volume("a"), Operation::Create, Stage::Intent)
    };
    store.write(&entry, &[]).unwrap();
    put(&store, &volume("a"), &record("t1"));
    let journal = store.journal(10).unwrap();
    assert_eq!(journal.len(), 2);
    assert_eq!(journal[0].entry, entry);
    assert_eq!((journal[0].number, journal[1].number), (1, 2));
    assert!(journal[0].time > 1_700_000_000);
    assert_eq!(store.journal(1).unwrap(), journal[1..]);
    assert_eq!(store.deployment().unwrap().serial, 2);
}

#[test]
fn a_change_that_cannot_be_made_leaves_no_line() {
    let store = store();
    let error = change(&store, Change::Depose(volume("a"))).unwrap_err();
    insta::assert_snapshot!(error, @"volumes.a is not recorded in :memory:");
    change(&store, Change::Rename(volume("a"), volume("b"))).unwrap_err();
    assert_eq!(store.journal(10).unwrap(), []);
    assert_eq!(store.deployment().unwrap().serial, 0);
}

#[test]
fn what_is_deposed_stays_until_it_is_deleted() {
    let store = store();
    for token in ["t1", "t2"] {
        put(&store, &volume("a"), &record(token));
        change(&store, Change::Depose(volume("a"))).unwrap();
    }
    put(&store, &volume("a"), &record("t3"));
    let mut deleting = record("t1");
    deleting.phase = Phase::Deleting;
    let deposed = Change::PutDeposed(volume("a"), Box::new(deleting.clone()));
    change(&store, deposed).unwrap();
    let records = store.records().unwrap();
    assert_eq!(records.current[&volume("a")].token, "t3");
    let expected = [(volume("a"), deleting), (volume("a"), record("t2"))];
    assert_eq!(records.deposed, expected);

    change(&store, Change::RemoveDeposed(volume("a"), "t1".into())).unwrap();
    change(&store, Change::Remove(volume("a"))).unwrap();
    let records = store.records().unwrap();
    assert_eq!(records.deposed, [(volume("a"), record("t2"))]);
    assert_eq!(records.current.len(), 0);
}

#[test]
fn a_new_name_is_known_to_those_who_need_it() {
    let store = store();
    put(&store, &volume("old"), &record("t1"));
    change(&store, Change::Depose(volume("old"))).unwrap();
    put(&store, &volume("old"), &record("t2"));
    let mut server = record("t3");
    server.needs = [volume("old"), volume("other")].into();
    put(&store, &Key::new("servers", "web"), &server);
    let mut before = server.clone();
    before.token = "t4".into();
    let deposed = Change::PutDeposed(Key::new("servers", "web"), Box::new(before));
    change(&store, deposed).unwrap();
    let mut kept = store.records().unwrap();
    let rename = Change::Rename(volume("old"), volume("new"));
    kept.apply(&rename);
    change(&store, rename).unwrap();
    let records = store.records().unwrap();
    kept.deposed.sort_by_key(|(key, _)| key.clone());
    assert_eq!(kept, records);
    change(
        &store,
        Change::RemoveDeposed(Key::new("servers", "web"), "t4".into()),
    )
    .unwrap();
    let records = store.records().unwrap();
    server.needs = [volume("new"), volume("other")].into();
    assert_eq!(records.current[&Key::new("servers", "web")], server);
    assert_eq!(records.current[&volume("new")], record("t2"));
    assert_eq!(records.deposed, [(volume("new"), record("t1"))]);
    assert_eq!(records.current.len(), 2);
}

#[test]
fn machines_come_back_as_they_were_written() {
    let store = store();
    let machine = MachineRecord {
        backend: "none".into(),
        system: Some("/nix/store/x-web".into()),
        options: Some(json!({ "targetHost": "10.0.0.1" })),
        legacy: [("ec2.tags".to_owned(), "{}".to_owned())].into(),
        ..MachineRecord::default()
    };
    let written = Change::PutMachine("web".into(), Box::new(machine.clone()));
    change(&store, written).unwrap();
    assert_eq!(store.machines().unwrap(), [("web".into(), machine)].into());
    change(&store, Change::RemoveMachine("web".into())).unwrap();
    assert_eq!(store.machines().unwrap(), [].into());
}

#[test]
fn secrets_are_sealed_before_they_are_written() {
    let site = site();
    let store = with_deployment(&Database::open(&site.path).unwrap());
    let parts = SecretParts {
        outputs: Some(attributes(json!({ "password": "correct-horse" }))),
        private: Some(json!({ "session": "battery-staple" })),
        ..SecretParts::default()
    };
    let mut disk = record("t1");
    disk.secrets = Secrets::of(parts);
    put(&store, &volume("a"), &disk);
    let kept = store.records().unwrap().current[&volume("a")].clone();
    assert!(matches!(kept.secrets, Secrets::Sealed(_)), "{kept:?}");
    for file in ["state.db", "state.db-wal"] {
        let bytes = std::fs::read(site.path.with_file_name(file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("correct-horse") && !text.contains("battery-staple"));
    }
    // What is written again as it was read stays sealed.
    put(&store, &volume("a"), &kept);
    let kept = store.records().unwrap().current[&volume("a")].clone();
    let state = store.reveal(&kept).unwrap();
    assert_eq!(state.outputs["password"], "correct-horse");
    assert_eq!(state.private, Some(json!({ "session": "battery-staple" })));
    assert_eq!(state.inputs, disk.state.inputs);
    assert_eq!(store.reveal(&disk).unwrap(), state);
}

#[test]
fn a_wrong_key_is_told_of_and_says_no_secret() {
    let store = store();
    let mut disk = record("t1");
    disk.secrets = Secrets::of(SecretParts {
        outputs: Some(attributes(json!({ "password": "correct-horse" }))),
        ..SecretParts::default()
    });
    put(&store, &volume("a"), &disk);
    let kept = store.records().unwrap().current[&volume("a")].clone();
    let other = store.database().store(UUID, Arc::new(Byte(1)));
    let error = other.reveal(&kept).unwrap_err();
    insta::assert_snapshot!(told(&error), @"cannot read the secrets in the state: they were sealed for another key");
    let none = store.database().store(UUID, Arc::new(NoKey));
    insta::assert_snapshot!(told(&none.reveal(&kept).unwrap_err()), @"cannot read the secrets in the state: there is no key");
    let entry = Entry::new(&volume("a"), Operation::Create, Stage::Done);
    let change = Change::Put(volume("b"), Box::new(disk));
    none.write(&entry, &[change]).unwrap_err();
    assert_eq!(store.records().unwrap().current.len(), 1);
}

/// Opens what it has sealed itself, and what `Byte(0x5a)` has.
struct Newer;

impl Sealer for Newer {
    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        Byte(0x11).seal(plain)
    }

    fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        Byte(sealed[0]).open(sealed)
    }

    fn is_current(&self, sealed: &[u8]) -> Result<bool, Error> {
        Ok(sealed[0] == 0x11)
    }
}

#[test]
fn secrets_are_sealed_anew_in_the_deployment_that_is_held_and_in_no_other() {
    let database = Database::memory().unwrap();
    let mine = with_deployment(&database);
    let other = Deployment::new("another", None, "default");
    database.create(&other).unwrap();
    let other = database.store("another", Arc::new(Byte(0x5a)));
    let parts = || SecretParts {
        private: Some(json!("battery-staple")),
        ..SecretParts::default()
    };
    for store in [&mine, &other] {
        let mut disk = record("t1");
        disk.secrets = Secrets::of(parts());
        put(store, &volume("a"), &disk);
    }
    let sealed_by =
        |store: &DeploymentStore| match &store.records().unwrap().current[&volume("a")].secrets {
            Secrets::Sealed(bytes) => bytes[0],
            other => panic!("{other:?}"),
        };
    assert_eq!(database.reseal(Some(UUID), &Newer).unwrap(), 1);
    assert_eq!((sealed_by(&mine), sealed_by(&other)), (0x11, 0x5a));
    assert_eq!(
        (
            mine.deployment().unwrap().serial,
            other.deployment().unwrap().serial
        ),
        (2, 1)
    );
    assert_eq!(database.reseal(Some(UUID), &Newer).unwrap(), 0);
    assert_eq!(database.reseal(None, &Newer).unwrap(), 1);
    assert_eq!(sealed_by(&other), 0x11);
}

#[test]
fn the_record_of_a_machine_goes_with_its_resource_unless_another_one_has_the_name() {
    let machine = |backend: &str| MachineRecord {
        backend: backend.to_owned(),
        ..MachineRecord::default()
    };
    let machines = [
        ("web".to_owned(), machine("cloud")),
        ("db".to_owned(), machine("none")),
    ]
    .into();
    let key = |name: &str| Key::new("cloud", name);
    let renamed = Change::rename_machine(&machines, &key("web"), &key("www"));
    let put = Change::PutMachine("www".to_owned(), Box::new(machine("cloud")));
    assert_eq!(renamed, [Change::RemoveMachine("web".to_owned()), put]);
    assert_eq!(
        Change::rename_machine(&machines, &key("web"), &key("db")),
        []
    );
    assert_eq!(Change::rename_machine(&machines, &key("db"), &key("x")), []);
}
