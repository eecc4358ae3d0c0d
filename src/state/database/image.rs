//! Databases as bytes: to look at, or to take elsewhere.

use std::{fs, io, os::unix::fs::MetadataExt as _};

use camino::Utf8Path;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::{
    open,
    schema::{self, STEPS},
};
use crate::state::{
    Error,
    trouble::{damaged, file, told},
};

/// How an SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// How long the head of an SQLite file is.
const HEAD: usize = 100;

/// Where the head says that there is a log: two bytes, 1 for no and 2 for yes (see "The Database
/// File Format" of SQLite, 1.3.3).
const LOGGED: std::ops::Range<usize> = 18..20;

/// How often a file is read that others change meanwhile, before SQLite is asked.
const ATTEMPTS: usize = 3;

/// The bytes of the database in a file, if it is there. Nothing is written.
pub(super) fn read(path: &Utf8Path) -> Result<Option<Vec<u8>>, Error> {
    let file = file("read", path);
    for _ in 0..ATTEMPTS {
        let Some(before) = Stamp::of(path).map_err(file)? else {
            return Ok(None);
        };
        if before.log > 0 {
            break;
        }
        let bytes = fs::read(path).map_err(file)?;
        if Stamp::of(path).map_err(file)? == Some(before) {
            return Ok(Some(bytes));
        }
    }
    logged(path).map(Some)
}

/// What tells that a file was changed.
#[derive(PartialEq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    log: u64,
}

impl Stamp {
    fn of(path: &Utf8Path) -> io::Result<Option<Self>> {
        let Some(file) = exists(fs::metadata(path))? else {
            return Ok(None);
        };
        let log = exists(fs::metadata(open::log(path)))?;
        Ok(Some(Self {
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            log: log.map_or(0, |log| log.len()),
        }))
    }
}

fn exists<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bytes of a database whose newest changes are in the log still: a run uses it, or was killed.
fn logged(path: &Utf8Path) -> Result<Vec<u8>, Error> {
    let told = told("read", path);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(told)?;
    connection.busy_timeout(open::PATIENCE).map_err(told)?;
    of(&mut connection, path)
}

/// The bytes of a database that is open.
pub(super) fn of(connection: &mut Connection, path: &Utf8Path) -> Result<Vec<u8>, Error> {
    let image = connection.serialize(MAIN_DB).map_err(told("read", path))?;
    Ok(image.to_vec())
}

/// Makes of the bytes of a database those of one with a log, which is always there: what begins to have
/// one lets nobody else in for a moment.
pub(super) fn with_log(mut image: Vec<u8>) -> Vec<u8> {
    image[LOGGED].fill(2);
    image
}

/// Makes a database in memory of the bytes of a file, in the newest form.
pub(super) fn load(mut image: Vec<u8>, path: &Utf8Path) -> Result<Connection, Error> {
    if image.len() < HEAD || !image.starts_with(MAGIC) {
        let reason = if image.is_empty() {
            "the file is empty"
        } else {
            "file is not a database"
        };
        return Err(damaged(path)(reason));
    }
    image[LOGGED].fill(1);
    let told = told("read", path);
    let mut connection = Connection::open_in_memory().map_err(told)?;
    let size = image.len();
    connection
        .deserialize_read_exact(MAIN_DB, image.as_slice(), size, false)
        .map_err(told)?;
    open::settle(&connection).map_err(told)?;
    schema::check(&connection, path, STEPS)?;
    schema::examine(&connection, path)?;
    schema::migrate(&mut connection, path, STEPS)?;
    Ok(connection)
}
