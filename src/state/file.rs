//! A state in a file of its own.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use nixops_plugin::protocol::ResourceState;

use super::{
    Change, Deployment, Entry, Error, JournalLine, Key, MachineRecord, Record, Records, Store,
};

/// Version of the file's form.
const VERSION: u32 = 1;

/// A state in a JSON file, which is replaced as a whole at each change.
///
/// A lock file beside it is held as long as this value lives, and goes with the process.
#[derive(Debug)]
pub struct FileStore {
    path: Utf8PathBuf,
    records: Mutex<BTreeMap<Key, Record>>,
    /// None where the state is only looked at.
    _lock: Option<File>,
}

#[derive(Deserialize)]
struct Header {
    version: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    resources: Vec<Line>,
}

#[derive(Deserialize, Serialize)]
struct Line {
    #[serde(flatten)]
    key: Key,
    record: Record,
}

impl FileStore {
    /// Opens the state in a file, which need not be there, and locks it.
    pub fn open(path: &Utf8Path) -> Result<Self, Error> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(file("make", directory))?;
        }
        let lock = lock(&path.with_extension("lock"))?;
        Ok(Self {
            records: Mutex::new(read(path)?),
            path: path.to_owned(),
            _lock: Some(lock),
        })
    }

    /// Reads the state in a file, which need not be there, as it is now: nothing is written and
    /// nobody is held up.
    pub fn look(path: &Utf8Path) -> Result<Self, Error> {
        Ok(Self {
            records: Mutex::new(read(path)?),
            path: path.to_owned(),
            _lock: None,
        })
    }

    /// Changes the records; what could not be written is not changed here either.
    fn change(&self, change: impl FnOnce(&mut BTreeMap<Key, Record>)) -> Result<(), Error> {
        let mut records = self.lock();
        let mut changed = records.clone();
        change(&mut changed);
        write(&self.path, &changed)?;
        *records = changed;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for FileStore {
    fn deployment(&self) -> Result<Deployment, Error> {
        Ok(Deployment::default())
    }

    fn records(&self) -> Result<Records, Error> {
        Ok(Records {
            current: self.lock().clone(),
            deposed: Vec::new(),
        })
    }

    fn machines(&self) -> Result<BTreeMap<String, MachineRecord>, Error> {
        Ok(BTreeMap::new())
    }

    fn journal(&self, _: usize) -> Result<Vec<JournalLine>, Error> {
        Ok(Vec::new())
    }

    fn write(&self, _: &Entry, changes: &[Change]) -> Result<(), Error> {
        self.change(|records| {
            for change in changes {
                match change {
                    Change::Put(key, record) => drop(records.insert(key.clone(), *record.clone())),
                    Change::Remove(key) => drop(records.remove(key)),
                    _ => {}
                }
            }
        })
    }

    fn reveal(&self, record: &Record) -> Result<ResourceState, Error> {
        Ok(record.state.clone())
    }
}

fn lock(path: &Utf8Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true).mode(0o600);
    let lock = options.open(path).map_err(file("lock", path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::Locked {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(file("lock", path)(source)),
    }
}

fn read(path: &Utf8Path) -> Result<BTreeMap<Key, Record>, Error> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(file("read", path)(error)),
    };
    let damaged = |source| Error::Damaged {
        path: path.to_owned(),
        source,
    };
    let Header { version } = serde_json::from_slice(&text).map_err(damaged)?;
    if version > VERSION {
        return Err(Error::Newer {
            path: path.to_owned(),
            found: version,
            known: VERSION,
        });
    }
    let content: Content = serde_json::from_slice(&text).map_err(damaged)?;
    let entries = content.resources.into_iter();
    Ok(entries.map(|entry| (entry.key, entry.record)).collect())
}

/// Replaces the file: either all of the new content is there afterwards, or all of the old.
fn write(path: &Utf8Path, records: &BTreeMap<Key, Record>) -> Result<(), Error> {
    let entry = |(key, record): (&Key, &Record)| Line {
        key: key.clone(),
        record: record.clone(),
    };
    let content = Content {
        version: VERSION,
        resources: records.iter().map(entry).collect(),
    };
    let attempt = || -> io::Result<()> {
        let directory = path.parent().unwrap_or(Utf8Path::new("."));
        // Readable by us alone.
        let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
        serde_json::to_writer_pretty(&mut temporary, &content)?;
        temporary.write_all(b"\n")?;
        temporary.as_file().sync_all()?;
        temporary.persist(path).map_err(|error| error.error)?;
        File::open(directory)?.sync_all()
    };
    attempt().map_err(file("write", path))
}

fn file(action: &'static str, path: &Utf8Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::File {
        action,
        path: path.to_owned(),
        source,
    }
}
