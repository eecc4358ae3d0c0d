//! The deployments of a database.

use rusqlite::{OptionalExtension as _, Row, Transaction};

use super::Database;
use crate::state::{
    Deployment, Error, Sealer, Whole,
    rows::Writer,
    trouble::{damaged, told},
};

const ALL: &str = "SELECT record, serial FROM deployments ORDER BY name, uuid";
const ONE: &str = "SELECT record, serial FROM deployments WHERE uuid = ?1";
const INSERT: &str = "INSERT INTO deployments (uuid, serial, record) VALUES (?1, ?2, ?3)";
const UPDATE: &str = "UPDATE deployments SET serial = serial + 1, record = ?2 WHERE uuid = ?1";
const DELETE: &str = "DELETE FROM deployments WHERE uuid = ?1";

impl Database {
    /// All deployments, by name.
    pub fn deployments(&self) -> Result<Vec<Deployment>, Error> {
        let rows = self.read(|connection| {
            let mut statement = connection.prepare_cached(ALL)?;
            let rows = statement.query_map([], columns)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        rows.into_iter().map(|row| self.deployment(row)).collect()
    }

    /// The deployment with this UUID.
    pub fn get(&self, uuid: &str) -> Result<Option<Deployment>, Error> {
        let row = self.read(|connection| {
            let mut statement = connection.prepare_cached(ONE)?;
            statement.query_row([uuid], columns).optional()
        })?;
        row.map(|row| self.deployment(row)).transpose()
    }

    /// The deployment with this UUID, this name, or a UUID that begins so, in this order.
    ///
    /// It is an error if several have the name.
    pub fn find(&self, name_or_uuid: &str) -> Result<Option<Deployment>, Error> {
        let all = self.deployments()?;
        let ways: [fn(&Deployment, &str) -> bool; 3] = [
            |deployment, text| deployment.uuid == text,
            |deployment, text| deployment.name.as_deref() == Some(text),
            |deployment, text| !text.is_empty() && deployment.uuid.starts_with(text),
        ];
        for fits in ways {
            let mut found = all.iter().filter(|one| fits(one, name_or_uuid));
            match (found.next(), found.next()) {
                (None, _) => {}
                (Some(one), None) => return Ok(Some(one.clone())),
                (Some(_), Some(_)) => {
                    let found = all.iter().filter(|one| fits(one, name_or_uuid));
                    return Err(Error::Ambiguous {
                        name: name_or_uuid.to_owned(),
                        uuids: found.map(|one| one.uuid.clone()).collect(),
                    });
                }
            }
        }
        Ok(None)
    }

    /// Writes a deployment that was not there.
    pub fn create(&self, deployment: &Deployment) -> Result<(), Error> {
        self.change(|transaction| self.insert(transaction, deployment))
    }

    /// Writes deployments that were not there with everything in them: all or none.
    pub fn add(&self, whole: &[Whole], sealer: &dyn Sealer) -> Result<(), Error> {
        self.change(|transaction| {
            for one in whole {
                self.insert(transaction, &one.deployment)?;
                let writer = Writer {
                    transaction,
                    deployment: &one.deployment.uuid,
                    path: self.path(),
                };
                writer.whole(one, sealer)?;
            }
            Ok(())
        })
    }

    /// Writes what is said of a deployment, whose serial goes up by one whatever it says.
    pub fn update(&self, deployment: &Deployment) -> Result<(), Error> {
        let record = self.json(deployment)?;
        self.change(|transaction| {
            let update = transaction.execute(UPDATE, [&deployment.uuid, &record]);
            match update.map_err(told("write", self.path()))? {
                0 => Err(self.no_deployment(&deployment.uuid)),
                _ => Ok(()),
            }
        })
    }

    /// Forgets a deployment and everything in it.
    pub fn remove(&self, uuid: &str) -> Result<(), Error> {
        self.change(|transaction| {
            let removed = transaction.execute(DELETE, [uuid]);
            match removed.map_err(told("write", self.path()))? {
                0 => Err(self.no_deployment(uuid)),
                _ => Ok(()),
            }
        })
    }

    /// Says that there is no such deployment.
    pub(in crate::state) fn no_deployment(&self, name: &str) -> Error {
        Error::NoDeployment {
            name: name.to_owned(),
            path: self.path().to_owned(),
        }
    }

    fn insert(&self, transaction: &Transaction, deployment: &Deployment) -> Result<(), Error> {
        let record = self.json(deployment)?;
        let values = (&deployment.uuid, deployment.serial, record);
        let inserted = transaction.execute(INSERT, values);
        inserted.map_err(told("write", self.path()))?;
        Ok(())
    }

    fn json(&self, deployment: &Deployment) -> Result<String, Error> {
        serde_json::to_string(deployment).map_err(damaged(self.path()))
    }

    fn deployment(&self, (record, serial): (String, u64)) -> Result<Deployment, Error> {
        let read = serde_json::from_str(&record);
        let deployment: Deployment = read.map_err(damaged(self.path()))?;
        Ok(Deployment {
            serial,
            ..deployment
        })
    }
}

fn columns(row: &Row) -> rusqlite::Result<(String, u64)> {
    Ok((row.get(0)?, row.get(1)?))
}
