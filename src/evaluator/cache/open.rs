//! How the file of the cache is opened, and what may be wrong with it.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

/// The version of the form of the file. Another one begins anew.
const VERSION: u32 = 1;

/// How long a run waits for another one that writes.
const PATIENCE: Duration = Duration::from_secs(5);

const SCHEMA: &str = include_str!("schema.sql");

/// The error of SQLite for a file that ends too early: an `SQLITE_IOERR`, but the disk is well.
const SHORT_READ: i32 = 522;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its directory, or the file itself, could not be made.
    #[error("cannot open {path}")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// What the operating system answered.
        source: io::Error,
    },
    /// SQLite refuses.
    #[error("cannot use {path}")]
    Database {
        /// The file.
        path: Utf8PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
}

impl Error {
    /// Whether there is something in the file that we did not write, and no reason outside of it.
    pub fn is_damage(&self) -> bool {
        let Self::Database { source, .. } = self else {
            return false;
        };
        let is_cut = source
            .sqlite_error()
            .is_some_and(|error| error.extended_code == SHORT_READ);
        is_cut
            || !matches!(
                source.sqlite_error_code(),
                Some(
                    ErrorCode::CannotOpen
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::DiskFull
                        | ErrorCode::OutOfMemory
                        | ErrorCode::PermissionDenied
                        | ErrorCode::ReadOnly
                        | ErrorCode::SystemIoFailure
                )
            )
    }
}

/// Opens the file, which need not be there, and tells whether another version had written it.
pub fn open(path: &Utf8Path) -> Result<(Connection, bool), Error> {
    make(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let opened = connect(path).and_then(|mut connection| {
        let was_other = settle(&mut connection)?;
        Ok((connection, was_other))
    });
    opened.map_err(|source| Error::Database {
        path: path.to_owned(),
        source,
    })
}

/// Removes the file, for one that is damaged.
pub fn remove(path: &Utf8Path) -> io::Result<()> {
    let journal = Utf8PathBuf::from(format!("{path}-journal"));
    for file in [journal.as_path(), path] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Makes the file and its directory, for the user alone.
fn make(path: &Utf8Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(directory) = path.parent() {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(directory)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map(drop)
}

fn connect(path: &Utf8Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // What a power cut leaves half written has no right digest, and is evaluated again.
    connection.pragma_update(None, "synchronous", "off")?;
    Ok(connection)
}

/// Makes what is to be in the file, in place of what another version has put there; tells whether one has.
fn settle(connection: &mut Connection) -> rusqlite::Result<bool> {
    if version(connection)? == VERSION {
        return Ok(false);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another run may have been quicker.
    let found = version(&transaction)?;
    if found == VERSION {
        return Ok(false);
    }
    let names = "SELECT type || ' \"' || replace(name, '\"', '\"\"') || '\"' FROM sqlite_schema \
                 WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'";
    let there: Vec<String> = {
        let mut statement = transaction.prepare(names)?;
        let names = statement.query_map([], |row| row.get(0))?;
        names.collect::<Result<_, _>>()?
    };
    for name in &there {
        transaction.execute_batch(&format!("DROP {name}"))?;
    }
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(found > 0 || !there.is_empty())
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
