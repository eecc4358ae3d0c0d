//! Resources and machines as rows of a database.

use camino::Utf8Path;
use rusqlite::{Row, Transaction, named_params};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    Change, Error, Key, Record, Sealer, Secrets, Whole,
    trouble::{damaged, told},
};

const PUT: &str = "INSERT INTO resources (deployment, type, name, record, sealed) \
    VALUES (:deployment, :type, :name, :record, :sealed) \
    ON CONFLICT (deployment, type, name) WHERE deposed = 0 \
    DO UPDATE SET record = excluded.record, sealed = excluded.sealed";
const PUT_DEPOSED: &str = "INSERT INTO resources (deployment, type, name, record, sealed, deposed) \
    VALUES (:deployment, :type, :name, :record, :sealed, 1) \
    ON CONFLICT (deployment, type, name, token) WHERE deposed = 1 \
    DO UPDATE SET record = excluded.record, sealed = excluded.sealed";
const REMOVE: &str = "DELETE FROM resources \
    WHERE deployment = ?1 AND type = ?2 AND name = ?3 AND deposed = 0";
const REMOVE_DEPOSED: &str = "DELETE FROM resources \
    WHERE deployment = ?1 AND type = ?2 AND name = ?3 AND token = ?4 AND deposed = 1";
const DEPOSE: &str = "UPDATE resources SET deposed = 1 \
    WHERE deployment = ?1 AND type = ?2 AND name = ?3 AND deposed = 0";
const RENAME: &str = "UPDATE resources SET type = ?4, name = ?5 \
    WHERE deployment = ?1 AND type = ?2 AND name = ?3";
const NEEDING: &str = "SELECT number, record FROM resources WHERE deployment = ?1 AND EXISTS ( \
    SELECT 1 FROM json_each(record, '$.needs') AS need \
    WHERE need.value ->> 'type' = ?2 AND need.value ->> 'name' = ?3)";
const REWRITE: &str = "UPDATE resources SET record = ?2 WHERE number = ?1";
const PUT_MACHINE: &str = "INSERT INTO machines (deployment, name, record) VALUES (?1, ?2, ?3) \
    ON CONFLICT (deployment, name) DO UPDATE SET record = excluded.record";
const REMOVE_MACHINE: &str = "DELETE FROM machines WHERE deployment = ?1 AND name = ?2";

/// A resource as it is read.
pub(super) struct Resource {
    pub(super) key: Key,
    pub(super) deposed: bool,
    pub(super) record: String,
    pub(super) sealed: Option<Vec<u8>>,
}

impl Resource {
    /// Reads type, name, deposed, record and sealed.
    pub(super) fn of(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            key: Key::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
            deposed: row.get(2)?,
            record: row.get(3)?,
            sealed: row.get(4)?,
        })
    }
}

/// What a row has: JSON for everybody, and secrets that are sealed.
#[derive(Default)]
struct Content {
    record: String,
    sealed: Option<Vec<u8>>,
}

impl Content {
    fn of(record: &Record, sealer: &dyn Sealer, path: &Utf8Path) -> Result<Self, Error> {
        let secrets = match &record.secrets {
            Secrets::Nothing => None,
            Secrets::Sealed(bytes) => Some(bytes.clone()),
            Secrets::Open(parts) => {
                let plain = serde_json::to_vec(parts).map_err(damaged(path))?;
                Some(sealer.seal(&Zeroizing::new(plain))?)
            }
        };
        Ok(Self {
            sealed: secrets,
            ..Self::plain(record, path)?
        })
    }

    fn plain(record: &impl Serialize, path: &Utf8Path) -> Result<Self, Error> {
        Ok(Self {
            record: serde_json::to_string(record).map_err(damaged(path))?,
            sealed: None,
        })
    }
}

/// A change, and what it writes.
pub(super) struct Prepared<'a> {
    change: &'a Change,
    content: Content,
}

impl<'a> Prepared<'a> {
    /// Prepares a change; its secrets are sealed.
    pub(super) fn of(
        change: &'a Change,
        sealer: &dyn Sealer,
        path: &Utf8Path,
    ) -> Result<Self, Error> {
        let content = match change {
            Change::Put(_, record) | Change::PutDeposed(_, record) => {
                Content::of(record, sealer, path)?
            }
            Change::PutMachine(_, record) => Content::plain(record, path)?,
            _ => Content::default(),
        };
        Ok(Self { change, content })
    }
}

/// Writes rows of one deployment.
pub(super) struct Writer<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) deployment: &'a str,
    pub(super) path: &'a Utf8Path,
}

impl Writer<'_> {
    /// Writes everything that a deployment has, where nothing was yet.
    pub(super) fn whole(&self, whole: &Whole, sealer: &dyn Sealer) -> Result<(), Error> {
        let told = told("write", self.path);
        for (key, record) in &whole.records.current {
            let content = Content::of(record, sealer, self.path)?;
            self.put(PUT, key, &content).map_err(told)?;
        }
        for (key, record) in &whole.records.deposed {
            let content = Content::of(record, sealer, self.path)?;
            self.put(PUT_DEPOSED, key, &content).map_err(told)?;
        }
        for (name, record) in &whole.machines {
            let Content { record, .. } = Content::plain(record, self.path)?;
            let values = (self.deployment, name, record);
            self.run(PUT_MACHINE, values).map_err(told)?;
        }
        Ok(())
    }

    /// Makes a change.
    pub(super) fn apply(&self, prepared: &Prepared) -> Result<(), Error> {
        let Prepared { change, content } = prepared;
        match self.rows(change, content) {
            // What is not there can be neither put aside nor renamed.
            Ok(0) => match change {
                Change::Depose(key) | Change::Rename(key, _) => Err(Error::NoRecord {
                    key: key.clone(),
                    path: self.path.to_owned(),
                }),
                _ => Ok(()),
            },
            Ok(_) => Ok(()),
            Err(error) => Err(told("write", self.path)(error)),
        }
    }

    /// Makes a change, and says how many rows it changed.
    fn rows(&self, change: &Change, content: &Content) -> rusqlite::Result<usize> {
        let own = self.deployment;
        match change {
            Change::Put(key, _) => self.put(PUT, key, content),
            Change::PutDeposed(key, _) => self.put(PUT_DEPOSED, key, content),
            Change::Remove(key) => self.run(REMOVE, (own, &key.kind, &key.name)),
            Change::Depose(key) => self.run(DEPOSE, (own, &key.kind, &key.name)),
            Change::RemoveDeposed(key, token) => {
                self.run(REMOVE_DEPOSED, (own, &key.kind, &key.name, token))
            }
            Change::Rename(old, new) => self.rename(old, new),
            Change::PutMachine(name, _) => self.run(PUT_MACHINE, (own, name, &content.record)),
            Change::RemoveMachine(name) => self.run(REMOVE_MACHINE, (own, name)),
        }
    }

    fn put(&self, statement: &str, key: &Key, content: &Content) -> rusqlite::Result<usize> {
        let mut statement = self.transaction.prepare_cached(statement)?;
        statement.execute(named_params! {
            ":deployment": self.deployment,
            ":type": key.kind,
            ":name": key.name,
            ":record": content.record,
            ":sealed": content.sealed,
        })
    }

    fn run(&self, statement: &str, values: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.transaction.prepare_cached(statement)?.execute(values)
    }

    /// Renames a resource, what was deposed of it, and what others say of it.
    fn rename(&self, old: &Key, new: &Key) -> rusqlite::Result<usize> {
        let own = self.deployment;
        let values = (own, &old.kind, &old.name, &new.kind, &new.name);
        let renamed = self.run(RENAME, values)?;
        let mut needing = self.transaction.prepare_cached(NEEDING)?;
        let columns = |row: &Row| Ok((row.get::<_, i64>(0)?, row.get::<_, Value>(1)?));
        let needing = needing.query_map((own, &old.kind, &old.name), columns)?;
        for row in needing.collect::<rusqlite::Result<Vec<_>>>()? {
            let (number, mut record) = row;
            exchange(&mut record["needs"], old, new);
            self.run(REWRITE, (number, record.to_string()))?;
        }
        Ok(renamed)
    }
}

/// Puts another resource into needs. There is no second one of it.
fn exchange(needs: &mut Value, old: &Key, new: &Key) {
    let (old, new) = (serde_json::json!(old), serde_json::json!(new));
    let needs = needs.as_array_mut().into_iter().flatten();
    for need in needs.filter(|need| **need == old) {
        *need = new.clone();
    }
}
