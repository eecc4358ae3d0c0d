//! Where a database is, and how it is opened.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::{Connection, MAIN_DB, OpenFlags};
use tempfile::NamedTempFile;

use super::{
    file_system, image,
    schema::{self, STEPS},
};
use crate::state::{
    Error,
    trouble::{damaged, file, told},
};

/// How long a write waits for those of other runs, which are short.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How many statements stay prepared: more than there are.
const STATEMENTS: usize = 64;

/// Where changes go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// Into a file: this one on this device.
    File {
        /// The device.
        device: u64,
        /// Its number there.
        inode: u64,
    },
    /// Nowhere else.
    Memory,
    /// Nowhere: it is a copy to look at.
    Copy,
}

impl Place {
    fn of(path: &Utf8Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self::File {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Refuses a change that nobody would find again. A transaction has begun.
    pub(super) fn check(self, path: &Utf8Path) -> Result<(), Error> {
        let path = path.to_owned();
        match self {
            Self::Copy => Err(Error::ReadOnly { path }),
            // SQLite would go on writing into files that have no name any more.
            Self::File { .. } if Self::of(&path).ok() != Some(self) || !log(&path).exists() => {
                Err(Error::Gone { path })
            }
            Self::File { .. } | Self::Memory => Ok(()),
        }
    }
}

/// Where the newest changes of a database are, until they are put into its file.
pub(super) fn log(path: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{path}-wal"))
}

/// Opens the database in a file, which need not be there.
pub(super) fn open(path: &Utf8Path) -> Result<(Connection, Place), Error> {
    let directory = directory(path);
    make_directory(directory).map_err(file("open", path))?;
    file_system::check(directory, path)?;
    match fs::metadata(path) {
        Ok(found) if found.len() == 0 => return Err(damaged(path)("the file is empty")),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path)?,
        Err(error) => return Err(file("open", path)(error)),
    }
    let told = told("open", path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(told)?;
    let place = Place::of(path).map_err(file("open", path))?;
    connection.busy_timeout(PATIENCE).map_err(told)?;
    if connection.is_readonly(MAIN_DB).map_err(told)? {
        return Err(Error::ReadOnly {
            path: path.to_owned(),
        });
    }
    schema::check(&connection, path, STEPS)?;
    schema::examine(&connection, path)?;
    prepare(&connection).map_err(told)?;
    schema::migrate(&mut connection, path, STEPS)?;
    Ok((connection, place))
}

/// Makes a database in memory that stands for a file.
pub(super) fn memory(path: &Utf8Path) -> Result<Connection, Error> {
    let opened = Connection::open_in_memory();
    let mut connection = opened.map_err(told("open", path))?;
    settle(&connection).map_err(told("open", path))?;
    schema::migrate(&mut connection, path, STEPS)?;
    Ok(connection)
}

/// What each connection is told.
pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", true)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    settle(connection)?;
    let mode = |row: &rusqlite::Row| row.get::<_, String>(0);
    connection.pragma_update_and_check(None, "journal_mode", "wal", mode)?;
    // With the log one sync at each commit, which a power cut does not undo.
    connection.pragma_update(None, "synchronous", "full")
}

/// Makes the file with an empty database in it, unless another run is quicker.
///
/// It gets its name when it is whole, so that a file that is empty is one that something befell.
fn create(path: &Utf8Path) -> Result<(), Error> {
    let file = file("make", path);
    let directory = directory(path);
    // Readable by us alone, and so are the files that SQLite puts beside it.
    let temporary = NamedTempFile::new_in(directory);
    // Which names were tried for it is no news.
    let temporary = temporary.map_err(|error| file(error.kind().into()))?;
    let image = image::with_log(image::of(&mut memory(path)?, path)?);
    fs::write(&temporary, image).map_err(file)?;
    temporary.as_file().sync_all().map_err(file)?;
    match temporary.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(file(error.error)),
    }
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(file)
}

/// Makes a directory for us alone, if it is not there.
pub(in crate::state) fn make_directory(directory: &Utf8Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

fn directory(path: &Utf8Path) -> &Utf8Path {
    match path.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        _ => Utf8Path::new("."),
    }
}
