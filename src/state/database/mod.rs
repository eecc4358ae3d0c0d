//! All deployments of a user, in one SQLite file.
//!
//! Each change is one transaction, and on the disk when it returns: the write-ahead log is synced at
//! each commit, once. Several runs may use the file at a time; a deployment belongs to the run that
//! holds its lock (see [`super::RunLock`]).
//!
//! Who only looks reads a copy in memory, so that looking writes nothing and holds nobody up.

mod deployments;
mod file_system;
mod image;
mod open;
mod reseal;
pub(super) mod schema;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{DeploymentStore, Error, Sealer, trouble::told};
use open::Place;

pub(super) use open::make_directory;

/// All deployments of a user. Clones are the same database.
#[derive(Clone, Debug)]
pub struct Database {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: Mutex<Connection>,
    path: Utf8PathBuf,
    place: Place,
}

impl Database {
    /// Opens the database in a file, which comes into being with its directory if it is not there.
    pub fn open(path: &Utf8Path) -> Result<Self, Error> {
        let (connection, place) = open::open(path)?;
        Ok(Self::of(connection, path, place))
    }

    /// Reads the database in a file as it is now. A file that is not there is an empty database.
    ///
    /// Nothing is written, and changes are refused.
    pub fn look(path: &Utf8Path) -> Result<Self, Error> {
        match image::read(path)? {
            Some(image) => Self::of_image(image, path),
            None => Ok(Self::of(open::memory(path)?, path, Place::Copy)),
        }
    }

    /// Reads a database from the bytes that [`Self::image`] gave. Changes are refused.
    pub fn of_image(image: Vec<u8>, path: &Utf8Path) -> Result<Self, Error> {
        Ok(Self::of(image::load(image, path)?, path, Place::Copy))
    }

    /// Makes a database that goes with the process.
    pub fn memory() -> Result<Self, Error> {
        let path = Utf8Path::new(":memory:");
        Ok(Self::of(open::memory(path)?, path, Place::Memory))
    }

    /// Everything in it, as a file that [`Self::open`] takes.
    pub fn image(&self) -> Result<Vec<u8>, Error> {
        image::of(&mut self.lock(), &self.inner.path)
    }

    /// What is kept of one deployment.
    ///
    /// That there is one is asked at the first use.
    pub fn store(&self, uuid: &str, sealer: Arc<dyn Sealer>) -> DeploymentStore {
        DeploymentStore::new(self.clone(), uuid, sealer)
    }

    /// Where it is.
    pub fn path(&self) -> &Utf8Path {
        &self.inner.path
    }

    fn of(connection: Connection, path: &Utf8Path, place: Place) -> Self {
        Self {
            inner: Arc::new(Inner {
                connection: Mutex::new(connection),
                path: path.to_owned(),
                place,
            }),
        }
    }

    /// Reads something.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        work(&self.lock()).map_err(told("read", &self.inner.path))
    }

    /// Changes something: all of it, on the disk when this returns, or nothing.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&Transaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let told = told("write", &self.inner.path);
        let mut connection = self.lock();
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(told)?;
        self.inner.place.check(&self.inner.path)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(told)?;
        Ok(done)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        let connection = &self.inner.connection;
        connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
