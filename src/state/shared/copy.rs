//! The copy of a shared state that a run works on.
//!
//! It outlives the run: what a run that was killed had written is there, and goes to the shared state with the next one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::{Error, Location};
use crate::state::{self, Database, database::make_directory, new_uuid};

/// How often each deployment of a state was changed, by UUID.
pub type Serials = BTreeMap<String, Serial>;

/// How often a deployment was changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Serial {
    /// Its name, or else its UUID.
    pub name: String,
    /// How often.
    pub serial: u64,
}

/// What a copy was made of.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Base {
    /// The header of the shared file; nothing if there was none.
    pub header: Option<String>,
    /// What stood in it.
    pub serials: Serials,
    /// What is being pushed: it may have arrived, if the push did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushing: Option<Box<Base>>,
}

impl Base {
    /// The word that tells the shared file from every other: the code at the end of its header.
    ///
    /// It is computed with a key that is made anew for each file. `remote.sh` finds it in the same way.
    pub fn revision(&self) -> Option<&str> {
        let header = self.header.as_deref()?;
        let code = header.lines().find_map(|line| line.strip_prefix("--- "));
        Some(code.unwrap_or_default())
    }
}

/// The header of an encrypted file, with its last line.
pub(super) fn header(file: &[u8]) -> String {
    let mut header = String::new();
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        header += &String::from_utf8_lossy(line);
        if line.starts_with(b"--- ") {
            break;
        }
    }
    header
}

/// The files of a copy, in a directory of their own.
#[derive(Clone, Debug)]
pub(super) struct WorkingCopy {
    directory: Utf8PathBuf,
}

/// How often each deployment of a database was changed.
pub(super) fn serials(database: &Database) -> Result<Serials, state::Error> {
    let serial = |deployment: state::Deployment| {
        let serial = Serial {
            name: deployment.called().to_owned(),
            serial: deployment.serial,
        };
        (deployment.uuid, serial)
    };
    Ok(database.deployments()?.into_iter().map(serial).collect())
}

impl WorkingCopy {
    /// The copy of the state in a place, among those in a directory.
    pub fn of(directory: &Utf8Path, location: &Location) -> Self {
        let digest = Sha256::digest(location.to_string());
        let number = digest.iter().take(8);
        let number = number.fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self {
            directory: directory.join(format!("{number:016x}")),
        }
    }

    /// The lock of whoever works on the copy.
    pub fn lock(&self) -> Utf8PathBuf {
        self.directory.join("lock")
    }

    /// The database; it counts only where there is a [`Base`].
    pub fn database(&self) -> Utf8PathBuf {
        self.directory.join("state.db")
    }

    /// What the database was made of; nothing if it is not there as a whole.
    pub fn base(&self) -> Result<Option<Base>, Error> {
        let base: Option<Base> = self.read("base.json")?;
        // Who moves the database away wants to begin anew.
        Ok(base.filter(|_| self.database().exists()))
    }

    /// Whether there is something in the database that is not in the shared file.
    pub fn has_changes(&self, base: &Base) -> Result<bool, state::Error> {
        Ok(serials(&Database::look(&self.database())?)? != base.serials)
    }

    pub fn set_base(&self, base: &Base) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(base).unwrap_or_default();
        self.write("base.json", &text)
    }

    /// The word by which locks that this copy took are known. Who asks holds the lock of the copy.
    pub fn token(&self) -> Result<String, Error> {
        if let Some(token) = self.read("token.json")? {
            return Ok(token);
        }
        let token = new_uuid();
        self.write("token.json", format!("\"{token}\"").as_bytes())?;
        Ok(token)
    }

    /// Puts a database in place of the one that is there, or none at all.
    pub fn install(&self, image: Option<&[u8]>, base: &Base) -> Result<(), Error> {
        // Whatever happens in between, the old database and the new base are never taken for a pair.
        for name in ["base.json", "state.db-wal", "state.db-shm", "state.db"] {
            self.remove(name)?;
        }
        if let Some(image) = image {
            self.write("state.db", image)?;
        }
        self.set_base(base)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let path = self.directory.join(name);
        let damaged = |error: serde_json::Error| io::Error::new(io::ErrorKind::InvalidData, error);
        let read = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(damaged),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        read.map_err(|source| self.error("read", name, source))
    }

    /// Writes a file that only we may read: all of it, on the disk, or nothing.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let attempt = || -> io::Result<()> {
            make_directory(&self.directory)?;
            let mut temporary = tempfile::NamedTempFile::new_in(&self.directory)?;
            temporary.write_all(bytes)?;
            temporary.as_file().sync_all()?;
            temporary
                .persist(self.directory.join(name))
                .map_err(|error| error.error)?;
            File::open(&self.directory)?.sync_all()
        };
        attempt().map_err(|source| self.error("write", name, source))
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        match fs::remove_file(self.directory.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.error("remove", name, error))
            }
            _ => Ok(()),
        }
    }

    fn error(&self, action: &'static str, name: &str, source: io::Error) -> Error {
        Error::Copy {
            action,
            path: self.directory.join(name),
            source,
        }
    }
}
