//! The form of the database, and how it becomes a newer one.

use camino::Utf8Path;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::state::{
    Error,
    trouble::{damaged, told},
};

/// What makes of each version the next one, in SQL. A step that was published is never changed.
pub(in crate::state) const STEPS: &[&str] = &[include_str!("v1.sql")];

/// Says of an SQLite file that it is ours: `nixs`.
const APPLICATION: u32 = 0x6e69_7873;

/// The version of a database that is ours; nothing is written.
///
/// A database in which there is nothing yet has version 0.
pub(super) fn version(connection: &Connection, path: &Utf8Path) -> Result<u32, Error> {
    let told = told("read", path);
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
    let version = pragma("user_version").map_err(&told)?;
    if pragma("application_id").map_err(&told)? == APPLICATION {
        return Ok(version);
    }
    let count = "SELECT count(*) FROM sqlite_schema";
    let tables: u32 = connection
        .query_row(count, [], |row| row.get(0))
        .map_err(&told)?;
    if tables > 0 || version > 0 {
        return Err(Error::Foreign {
            path: path.to_owned(),
        });
    }
    Ok(0)
}

/// Refuses what a newer version wrote; nothing is written.
pub(in crate::state) fn check(
    connection: &Connection,
    path: &Utf8Path,
    steps: &[&str],
) -> Result<u32, Error> {
    let found = version(connection, path)?;
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(Error::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(known - found)
}

/// Refuses a database of which a part cannot be read, before anything is done that could not be recorded.
pub(super) fn examine(connection: &Connection, path: &Utf8Path) -> Result<(), Error> {
    let first = |row: &rusqlite::Row| row.get::<_, String>(0);
    let verdict = connection.query_row("PRAGMA quick_check(1)", [], first);
    match verdict.map_err(told("read", path))? {
        verdict if verdict == "ok" => Ok(()),
        // It may have several lines, and quotes names alone.
        verdict => Err(damaged(path)(verdict.replace('\n', "; "))),
    }
}

/// Brings a database to the newest version: all steps of it or none.
pub(in crate::state) fn migrate(
    connection: &mut Connection,
    path: &Utf8Path,
    steps: &[&str],
) -> Result<(), Error> {
    if check(connection, path, steps)? == 0 {
        return Ok(());
    }
    let told = told("upgrade", path);
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = begun.map_err(&told)?;
    // Another run may have been quicker.
    let missing = check(&transaction, path, steps)? as usize;
    take(&transaction, &steps[steps.len() - missing..], steps.len()).map_err(&told)?;
    transaction.commit().map_err(&told)
}

fn take(transaction: &Transaction, steps: &[&str], version: usize) -> rusqlite::Result<()> {
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(
        None,
        "user_version",
        u32::try_from(version).unwrap_or(u32::MAX),
    )
}
