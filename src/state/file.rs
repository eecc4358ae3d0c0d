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

use super::{Error, Key, Record, Store};

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
    resources: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
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
    fn records(&self) -> BTreeMap<Key, Record> {
        self.lock().clone()
    }

    fn get(&self, key: &Key) -> Option<Record> {
        self.lock().get(key).cloned()
    }

    fn put(&self, key: &Key, record: Record) -> Result<(), Error> {
        self.change(|records| {
            records.insert(key.clone(), record);
        })
    }

    fn remove(&self, key: &Key) -> Result<(), Error> {
        self.change(|records| {
            records.remove(key);
        })
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
    let entry = |(key, record): (&Key, &Record)| Entry {
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use insta::assert_snapshot;
    use nixops_plugin::protocol::ResourceState;

    use super::super::Phase;
    use super::*;

    fn place() -> (tempfile::TempDir, Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(directory.path()).unwrap();
        let path = path.join("deployments/u.json");
        (directory, path)
    }

    fn record() -> Record {
        Record {
            plugin: "neatcloud".to_owned(),
            version: 1,
            token: "t".to_owned(),
            phase: Phase::Creating,
            state: ResourceState::default(),
        }
    }

    #[test]
    fn what_is_put_is_there_in_the_next_run_and_nobody_else_can_read_it() {
        let (_directory, path) = place();
        let key = Key::new("volumes", "data");
        let store = FileStore::open(&path).unwrap();
        store.put(&key, record()).unwrap();
        drop(store);
        let store = FileStore::open(&path).unwrap();
        assert_eq!(store.get(&key), Some(record()));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        store.remove(&key).unwrap();
        drop(store);
        assert!(FileStore::open(&path).unwrap().records().is_empty());
    }

    #[test]
    fn a_second_run_is_refused_while_the_first_one_lasts() {
        let (_directory, path) = place();
        let first = FileStore::open(&path).unwrap();
        let error = FileStore::open(&path).unwrap_err();
        assert!(matches!(error, Error::Locked { .. }), "{error}");
        FileStore::look(&path).unwrap();
        drop(first);
        FileStore::open(&path).unwrap();
    }

    #[test]
    fn a_file_that_is_no_state_is_left_as_it_is() {
        let (_directory, path) = place();
        drop(FileStore::open(&path).unwrap());
        for text in ["{", "[]", r#"{"version": 1}"#] {
            fs::write(&path, text).unwrap();
            let error = FileStore::open(&path).unwrap_err();
            assert!(matches!(error, Error::Damaged { .. }), "{text}: {error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_newer_state_is_not_touched() {
        let (_directory, path) = place();
        drop(FileStore::open(&path).unwrap());
        fs::write(&path, r#"{"version": 9, "more": true}"#).unwrap();
        let text = FileStore::open(&path).unwrap_err().to_string();
        assert_snapshot!(text.replace(path.as_str(), "u.json"), @"the state in u.json has version 9, and this nixops knows versions up to 1");
    }

    #[test]
    fn what_cannot_be_written_is_not_believed() {
        let (directory, path) = place();
        let store = FileStore::open(&path).unwrap();
        fs::remove_dir_all(directory.path().join("deployments")).unwrap();
        let key = Key::new("volumes", "data");
        assert!(matches!(store.put(&key, record()), Err(Error::File { .. })));
        assert_eq!(store.get(&key), None);
    }
}
