mod alone;
mod changes;
mod damage;
mod deployments;
mod files;
mod identities;
mod locks;
mod migrations;
mod places;
mod speed;

use std::{collections::BTreeSet, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};
use nixops_plugin::protocol::{Attributes, ResourceState};
use serde_json::{Value, json};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;

/// UUID of the deployment of the tests.
const UUID: &str = "6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11";

/// A directory, and a state in it.
struct Site {
    _directory: TempDir,
    path: Utf8PathBuf,
}

fn site() -> Site {
    let directory = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(directory.path()).unwrap();
    Site {
        path: path.join("nixops/state.db"),
        _directory: directory,
    }
}

/// A key that is a byte, which is good enough to see whether it was used.
struct Byte(u8);

impl Sealer for Byte {
    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let bytes = plain.iter().map(|byte| byte ^ self.0);
        Ok([self.0].into_iter().chain(bytes).collect())
    }

    fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        if sealed[0] != self.0 {
            return Err(Error::Secrets {
                action: "read",
                source: "they were sealed for another key".into(),
            });
        }
        let bytes = sealed[1..].iter().map(|byte| byte ^ self.0);
        Ok(Zeroizing::new(bytes.collect()))
    }
}

/// A database in memory with one deployment.
fn store() -> DeploymentStore {
    with_deployment(&Database::memory().unwrap())
}

fn with_deployment(database: &Database) -> DeploymentStore {
    let deployment = Deployment::new(UUID, Some("prod"), "default");
    database.create(&deployment).unwrap();
    database.store(UUID, Arc::new(Byte(0x5a)))
}

fn volume(name: &str) -> Key {
    Key::new("volumes", name)
}

pub(super) fn record(token: &str) -> Record {
    Record {
        plugin: "cloud".into(),
        version: 1,
        token: token.into(),
        phase: Phase::Ready,
        state: ResourceState {
            id: format!("v-{token}"),
            inputs: attributes(json!({ "size": 10 })),
            outputs: attributes(json!({ "device": "/dev/sdb" })),
            private: None,
        },
        secrets: Secrets::Nothing,
        needs: BTreeSet::new(),
        lifecycle: Lifecycle::default(),
    }
}

fn attributes(value: Value) -> Attributes {
    serde_json::from_value(value).unwrap()
}

fn put(store: &DeploymentStore, key: &Key, record: &Record) {
    let entry = Entry::new(key, Operation::Create, Stage::Done);
    let change = Change::Put(key.clone(), Box::new(record.clone()));
    store.write(&entry, &[change]).unwrap();
}

fn change(store: &DeploymentStore, change: Change) -> Result<(), Error> {
    let entry = Entry::new(&volume("a"), Operation::Refresh, Stage::Done);
    store.write(&entry, &[change])
}

#[test]
fn no_name_leads_elsewhere() {
    assert_eq!(file_name("web-1.eu"), "web-1.eu");
    assert_eq!(file_name("../../etc"), "%2e.%2f..%2fetc");
    assert_eq!(file_name("."), "%2e");
}

/// An error with what caused it, as people see it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
