//! Deployments of a database.

use super::*;

fn named(uuid: &str, name: &str) -> Deployment {
    Deployment::new(uuid, Some(name), "default")
}

#[test]
fn a_deployment_is_found_by_its_name_its_uuid_or_the_beginning_of_it() {
    let database = Database::memory().unwrap();
    for (uuid, name) in [("aa-1", "prod"), ("aa-2", "test"), ("bb-1", "aa-1x")] {
        database.create(&named(uuid, name)).unwrap();
    }
    let found = |text| database.find(text).unwrap().map(|found| found.uuid);
    assert_eq!(found("prod").unwrap(), "aa-1");
    assert_eq!(found("aa-2").unwrap(), "aa-2");
    assert_eq!(found("bb").unwrap(), "bb-1");
    assert_eq!(found("aa-1x").unwrap(), "bb-1");
    assert_eq!(found("other"), None);
    assert_eq!(found(""), None);
    let error = database.find("aa").unwrap_err();
    insta::assert_snapshot!(error, @r#""aa" means several deployments: aa-1, aa-2"#);
}

#[test]
fn a_name_that_two_deployments_have_means_neither() {
    let database = Database::memory().unwrap();
    database.create(&named("aa-1", "prod")).unwrap();
    database.create(&named("bb-1", "prod")).unwrap();
    let error = database.find("prod").unwrap_err();
    insta::assert_snapshot!(error, @r#""prod" means several deployments: aa-1, bb-1"#);
    assert_eq!(
        error.hint(),
        Some("name one by its UUID, as `--deployment UUID`")
    );
    assert_eq!(database.find("bb-1").unwrap().unwrap().uuid, "bb-1");
}

#[test]
fn each_change_of_a_deployment_is_counted() {
    let store = store();
    let database = store.database();
    let mut deployment = store.deployment().unwrap();
    assert_eq!(deployment.lineage, UUID);
    deployment.description = "new".into();
    deployment.serial = 77;
    let argument = StoredArgument::Text("eu".into());
    deployment.arguments.insert("region".into(), argument);
    database.update(&deployment).unwrap();
    deployment.serial = 1;
    assert_eq!(database.deployments().unwrap(), [deployment]);
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    let database = Database::memory().unwrap();
    let missing = named("aa-1", "prod");
    let error = database.update(&missing).unwrap_err();
    insta::assert_snapshot!(error, @r#"there is no deployment "aa-1" in :memory:"#);
    database.remove("aa-1").unwrap_err();
    let store = database.store("aa-1", Arc::new(NoKey));
    store.deployment().unwrap_err();
    change(&store, Change::Remove(volume("a"))).unwrap_err();
    assert_eq!(store.records().unwrap(), Records::default());
}

#[test]
fn everything_goes_with_a_deployment_that_is_removed() {
    let store = store();
    put(&store, &volume("a"), &record("t1"));
    store.database().remove(UUID).unwrap();
    assert_eq!(store.records().unwrap(), Records::default());
    assert_eq!(store.journal(10).unwrap(), []);
    with_deployment(store.database());
    assert_eq!(store.records().unwrap(), Records::default());
}

#[test]
fn deployments_are_added_all_or_none() {
    let store = store();
    put(&store, &volume("a"), &record("t1"));
    let whole = store.whole().unwrap();
    let other = Database::memory().unwrap();
    let copied = |uuid: &str| Whole {
        deployment: named(uuid, "prod"),
        ..whole.clone()
    };
    let twice = [copied("aa-1"), copied("aa-2"), copied("aa-1")];
    other.add(&twice, &NoKey).unwrap_err();
    assert_eq!(other.deployments().unwrap(), []);
    other.add(&twice[..2], &NoKey).unwrap();
    let added = other.store("aa-2", Arc::new(NoKey)).whole().unwrap();
    assert_eq!(added, twice[1]);
}
