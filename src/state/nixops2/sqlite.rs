//! The state file of NixOps 2: a database of SQLite.
//!
//! Schema 3 has the tables `SchemaVersion`, `Deployments`, `DeploymentAttrs`, `Resources` and
//! `ResourceAttrs`. Schemas 1 and 2 call the last two `Machines` and `MachineAttrs`, and schema 1 does not
//! say its version.

use std::{collections::BTreeMap, fs, io};

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::{Connection, OpenFlags, types::ValueRef};

use super::{Error, OldDeployment, OldResource};

/// Reads the state file at a path.
pub fn read(path: &Utf8Path) -> Result<Vec<OldDeployment>, Error> {
    let copy = Copy::of(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let failed = |source| Error::Database {
        path: path.to_owned(),
        source,
    };
    let connection = open(&copy.file).map_err(failed)?;
    check(&connection, path)?;
    let schema = schema(&connection).map_err(failed)?;
    match schema {
        Some(1..=3) => deployments(&connection, schema == Some(3)).map_err(failed),
        None => Err(Error::Foreign {
            path: path.to_owned(),
        }),
        Some(found) => Err(Error::Newer {
            path: path.to_owned(),
            found,
        }),
    }
}

/// A copy of a database and of what its last writer left beside it, readable by us alone.
struct Copy {
    file: Utf8PathBuf,
    _directory: tempfile::TempDir,
}

impl Copy {
    fn of(path: &Utf8Path) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let file = Utf8Path::from_path(directory.path())
            .ok_or(io::ErrorKind::InvalidFilename)?
            .join("state");
        fs::copy(path, &file)?;
        let log = fs::copy(format!("{path}-wal"), format!("{file}-wal"));
        match log {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Self {
            file,
            _directory: directory,
        })
    }
}

fn open(path: &Utf8Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// Lets SQLite look for damage: what it does not notice would be lost without a word.
fn check(connection: &Connection, path: &Utf8Path) -> Result<(), Error> {
    let damaged = |what| Error::Damaged {
        path: path.to_owned(),
        what,
    };
    let answer = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match answer {
        Ok(answer) if answer == "ok" => Ok(()),
        Ok(answer) => Err(damaged(answer)),
        Err(error) => Err(damaged(error.to_string())),
    }
}

fn schema(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    if !connection.table_exists(None, "Deployments")? {
        return Ok(None);
    }
    if !connection.table_exists(None, "SchemaVersion")? {
        return Ok(Some(1));
    }
    let query = "SELECT version FROM SchemaVersion";
    connection.query_row(query, [], |row| row.get(0)).map(Some)
}

fn deployments(connection: &Connection, renamed: bool) -> rusqlite::Result<Vec<OldDeployment>> {
    let mut query = connection.prepare("SELECT uuid FROM Deployments ORDER BY uuid")?;
    let uuids = query.query_map([], |row| row.get::<_, String>(0))?;
    let deployment = |uuid: rusqlite::Result<String>| {
        let uuid = uuid?;
        Ok(OldDeployment {
            attributes: attributes(
                connection,
                "SELECT name, value FROM DeploymentAttrs WHERE deployment = ?1",
                &uuid,
            )?,
            resources: resources(connection, &uuid, renamed)?,
            uuid,
        })
    };
    uuids.map(deployment).collect()
}

fn resources(
    connection: &Connection,
    deployment: &str,
    renamed: bool,
) -> rusqlite::Result<Vec<OldResource>> {
    let (list, detail) = if renamed {
        (
            "SELECT id, name, type FROM Resources WHERE deployment = ?1 ORDER BY id",
            "SELECT name, value FROM ResourceAttrs WHERE machine = ?1",
        )
    } else {
        (
            "SELECT id, name, type FROM Machines WHERE deployment = ?1 ORDER BY id",
            "SELECT name, value FROM MachineAttrs WHERE machine = ?1",
        )
    };
    let mut query = connection.prepare(list)?;
    let rows = query.query_map([deployment], |row| {
        Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
    })?;
    let resource = |row: rusqlite::Result<(i64, String, String)>| {
        let (id, name, kind) = row?;
        Ok(OldResource {
            name,
            kind,
            attributes: attributes(connection, detail, id)?,
        })
    };
    rows.map(resource).collect()
}

fn attributes(
    connection: &Connection,
    query: &str,
    of: impl rusqlite::ToSql,
) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut query = connection.prepare_cached(query)?;
    let rows = query.query_map([of], |row| Ok((row.get(0)?, text(row.get_ref(1)?))))?;
    rows.collect()
}

/// A value as the text that Python made of it; the columns are of type `text`, but hold what they are given.
fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}
