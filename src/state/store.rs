//! What is kept of one deployment, in a database.

use std::{collections::BTreeMap, fmt, sync::Arc};

use camino::Utf8Path;
use nixops_plugin::protocol::ResourceState;
use rusqlite::{OptionalExtension as _, Transaction};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{
    Change, Database, Deployment, Entry, Error, JournalLine, Key, MachineRecord, Record, Records,
    Sealer, SecretParts, Secrets, Store, Whole, clock,
    rows::{Prepared, Resource, Writer},
    trouble::{damaged, told},
};

/// How many lines of the journal are kept.
const LINES: u64 = 10_000;

// Each half has an index.
const RECORDS: &str = "SELECT type, name, deposed, record, sealed FROM resources \
    WHERE deployment = ?1 AND deposed = 0 \
    UNION ALL SELECT type, name, deposed, record, sealed FROM resources \
    WHERE deployment = ?1 AND deposed = 1";
const MACHINES: &str = "SELECT name, record FROM machines WHERE deployment = ?1";
const JOURNAL: &str = "SELECT number, time, entry FROM journal WHERE deployment = ?1 \
    ORDER BY number DESC LIMIT ?2";
const SERIAL: &str = "UPDATE deployments SET serial = serial + 1 WHERE uuid = ?1 RETURNING serial";
const LINE: &str = "INSERT INTO journal (deployment, number, time, entry) VALUES (?1, ?2, ?3, ?4)";
const SHORTEN: &str = "DELETE FROM journal WHERE deployment = ?1 AND number <= ?2";

/// What is kept of one deployment, in a database.
#[derive(Clone)]
pub struct DeploymentStore {
    database: Database,
    uuid: String,
    sealer: Arc<dyn Sealer>,
}

impl DeploymentStore {
    pub(super) fn new(database: Database, uuid: &str, sealer: Arc<dyn Sealer>) -> Self {
        Self {
            database,
            uuid: uuid.to_owned(),
            sealer,
        }
    }

    /// Everything that is kept, but for the journal.
    pub fn whole(&self) -> Result<Whole, Error> {
        Ok(Whole {
            deployment: self.deployment()?,
            records: self.records()?,
            machines: self.machines()?,
        })
    }

    /// The database that it is in.
    pub fn database(&self) -> &Database {
        &self.database
    }

    fn path(&self) -> &Utf8Path {
        self.database.path()
    }

    fn understand<T: DeserializeOwned>(&self, text: &str) -> Result<T, Error> {
        serde_json::from_str(text).map_err(damaged(self.path()))
    }
}

impl Store for DeploymentStore {
    fn deployment(&self) -> Result<Deployment, Error> {
        let found = self.database.get(&self.uuid)?;
        found.ok_or_else(|| self.database.no_deployment(&self.uuid))
    }

    fn records(&self) -> Result<Records, Error> {
        let rows = self.database.read(|connection| {
            let mut statement = connection.prepare_cached(RECORDS)?;
            let rows = statement.query_map([&self.uuid], Resource::of)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let mut records = Records::default();
        for row in rows {
            let secrets = row.sealed.map_or(Secrets::Nothing, Secrets::Sealed);
            let record = Record {
                secrets,
                ..self.understand(&row.record)?
            };
            if row.deposed {
                records.deposed.push((row.key, record));
            } else {
                records.current.insert(row.key, record);
            }
        }
        let order = |(key, record): &(Key, Record)| (key.clone(), record.token.clone());
        records.deposed.sort_by_cached_key(order);
        Ok(records)
    }

    fn machines(&self) -> Result<BTreeMap<String, MachineRecord>, Error> {
        let rows = self.database.read(|connection| {
            let mut statement = connection.prepare_cached(MACHINES)?;
            let columns = |row: &rusqlite::Row| Ok((row.get(0)?, row.get::<_, String>(1)?));
            let rows = statement.query_map([&self.uuid], columns)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter()
            .map(|(name, record)| Ok((name, self.understand(&record)?)))
            .collect()
    }

    fn journal(&self, most: usize) -> Result<Vec<JournalLine>, Error> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut rows = self.database.read(|connection| {
            let mut statement = connection.prepare_cached(JOURNAL)?;
            let columns =
                |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?));
            let rows = statement.query_map((&self.uuid, most), columns)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.reverse();
        let line = |(number, time, entry): (u64, i64, String)| {
            Ok(JournalLine {
                number,
                time,
                entry: self.understand(&entry)?,
            })
        };
        rows.into_iter().map(line).collect()
    }

    fn write(&self, entry: &Entry, changes: &[Change]) -> Result<(), Error> {
        let line = serde_json::to_string(entry).map_err(damaged(self.path()))?;
        // Sealing takes its time, and nobody need wait for it.
        let prepare = |change| Prepared::of(change, &*self.sealer, self.path());
        let changes = changes.iter().map(prepare);
        let changes = changes.collect::<Result<Vec<_>, Error>>()?;
        self.database.change(|transaction| {
            let noted = note(transaction, &self.uuid, &line);
            if noted.map_err(told("write", self.path()))?.is_none() {
                return Err(self.database.no_deployment(&self.uuid));
            }
            let writer = Writer {
                transaction,
                deployment: &self.uuid,
                path: self.path(),
            };
            changes.iter().try_for_each(|change| writer.apply(change))
        })
    }

    fn reveal(&self, record: &Record) -> Result<ResourceState, Error> {
        match &record.secrets {
            Secrets::Nothing => Ok(record.state.clone()),
            Secrets::Open(parts) => Ok(parts.as_ref().clone().complete(&record.state)),
            Secrets::Sealed(sealed) => {
                let plain: Zeroizing<Vec<u8>> = self.sealer.open(sealed)?;
                let parts = serde_json::from_slice::<SecretParts>(&plain);
                // What serde says of it might quote it.
                let parts = parts.map_err(|_| damaged(self.path())("its secrets make no sense"))?;
                Ok(parts.complete(&record.state))
            }
        }
    }
}

impl fmt::Debug for DeploymentStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("DeploymentStore");
        let debug = debug.field("path", &self.path());
        debug.field("uuid", &self.uuid).finish_non_exhaustive()
    }
}

/// Writes a line of the journal, whose number is the serial that the deployment has with it; nothing
/// if there is no deployment.
fn note(transaction: &Transaction, uuid: &str, line: &str) -> rusqlite::Result<Option<()>> {
    let mut serial = transaction.prepare_cached(SERIAL)?;
    let serial = serial.query_row([uuid], |row| row.get::<_, u64>(0));
    let Some(serial) = serial.optional()? else {
        return Ok(None);
    };
    let mut insert = transaction.prepare_cached(LINE)?;
    insert.execute((uuid, serial, clock::now(), line))?;
    let mut shorten = transaction.prepare_cached(SHORTEN)?;
    shorten.execute((uuid, serial.saturating_sub(LINES)))?;
    Ok(Some(()))
}
