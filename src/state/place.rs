//! Which place a network names for its state.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::{Backend, Database, Error, Held, Purpose, RunLock, file_name};

/// The backends by their names in `network.storage`.
const BACKENDS: &str = "file, legacy, memory and sqlite";

/// Where a state is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// In an SQLite file of this computer.
    Sqlite(Utf8PathBuf),
    /// Nowhere: it goes with the process.
    Memory,
    /// In an encrypted file that several share.
    Shared(SharedPlace),
}

/// An encrypted file that several share.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SharedPlace {
    /// Its directory: a path, or `ssh://[USER@]HOST[:PORT]/PATH`.
    pub location: String,
    /// The public keys of those who may read it.
    pub recipients: Vec<String>,
}

impl Place {
    /// The place that `--state` names, or else the network's `network.storage`, or else the default.
    pub fn of(
        flag: Option<&Utf8Path>,
        network_storage: Option<&Value>,
        default: &Utf8Path,
    ) -> Result<Self, Error> {
        if let Some(path) = flag {
            return Ok(Self::sqlite(path));
        }
        match network_storage {
            None | Some(Value::Null) => Ok(Self::sqlite(default)),
            Some(Value::Object(storage)) => named(storage, default),
            Some(_) => Err(storage("is no set of one backend")),
        }
    }

    /// A file, by its own name where the path is a link: what stands beside it, its lock among that, is the same
    /// for everybody.
    fn sqlite(path: &Utf8Path) -> Self {
        Self::Sqlite(path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned()))
    }

    /// Whether the network names NixOps 2's own place, whose state `nixops import` reads.
    pub fn is_legacy(network_storage: Option<&Value>) -> bool {
        network_storage.is_some_and(|storage| storage.get("legacy").is_some())
    }

    /// The lock of a deployment whose state is in this SQLite file.
    pub fn lock_of(path: &Utf8Path, uuid: &str) -> Utf8PathBuf {
        let directory = path.parent().unwrap_or(Utf8Path::new(""));
        directory.join("locks").join(file_name(uuid) + ".lock")
    }
}

impl Backend for Place {
    fn look(&self) -> Result<Database, Error> {
        match self {
            Self::Sqlite(path) => Database::look(path),
            Self::Memory => Database::memory(),
            Self::Shared(_) => Err(no_sharing()),
        }
    }

    fn hold(&self, uuid: &str, purpose: &Purpose) -> Result<Held, Error> {
        match self {
            Self::Sqlite(path) => {
                let lock = Self::lock_of(path, uuid);
                let mut on_wait = |holder: &_| (purpose.on_wait)(holder);
                let lock = RunLock::take(&lock, &purpose.holder, purpose.wait, &mut on_wait)?;
                Ok(Held::new(Database::open(path)?, Some(lock)))
            }
            Self::Memory => Ok(Held::new(Database::memory()?, None)),
            Self::Shared(_) => Err(no_sharing()),
        }
    }
}

fn named(storage: &Map<String, Value>, default: &Utf8Path) -> Result<Place, Error> {
    let mut backends = storage.iter();
    let (backend, options) = match (backends.next(), backends.next()) {
        (Some(one), None) => one,
        (None, _) => return Err(self::storage("names no backend")),
        (Some(_), Some(_)) => {
            let names: Vec<_> = storage.keys().map(String::as_str).collect();
            let names = names.join(" and ");
            return Err(self::storage(format!(
                "names {names}, and a state is in one place"
            )));
        }
    };
    let options = Options::of(backend, options)?;
    match backend.as_str() {
        "sqlite" => {
            options.known(&["path"])?;
            let path = options.text("path")?;
            Ok(Place::sqlite(path.map_or(default, Utf8Path::new)))
        }
        "memory" => options.known(&[]).map(|()| Place::Memory),
        // Its options are those of NixOps 2, which knows none.
        "legacy" => Ok(Place::sqlite(default)),
        "file" => options.shared().map(Place::Shared),
        other => Err(self::storage(format!(
            "names the backend {other:?}, and there are only {BACKENDS}"
        ))),
    }
}

/// What a network says of a backend.
struct Options<'a> {
    backend: &'a str,
    values: &'a Map<String, Value>,
}

impl<'a> Options<'a> {
    fn of(backend: &'a str, values: &'a Value) -> Result<Self, Error> {
        match values.as_object() {
            Some(values) => Ok(Self { backend, values }),
            None => Err(storage(format!("has {backend} = …, which is no set"))),
        }
    }

    fn known(&self, known: &[&str]) -> Result<(), Error> {
        let unknown = self
            .values
            .keys()
            .find(|key| !known.contains(&key.as_str()));
        match unknown {
            None => Ok(()),
            Some(unknown) if known.is_empty() => {
                Err(self.wrong(unknown, "is not known: it has no options"))
            }
            Some(unknown) => {
                let known = known.join(" and ");
                Err(self.wrong(unknown, &format!("is not known, only {known}")))
            }
        }
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, Error> {
        match self.values.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "is no text with something in it")),
        }
    }

    fn shared(&self) -> Result<SharedPlace, Error> {
        self.known(&["location", "recipients"])?;
        let location = self.text("location")?;
        let location = location.ok_or_else(|| self.wrong("location", "is missing"))?;
        let recipients = match self.values.get("recipients") {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(recipients) => serde_json::from_value(recipients.clone()),
        };
        let recipients = recipients.map_err(|_| self.wrong("recipients", "is no list of texts"))?;
        Ok(SharedPlace {
            location: location.to_owned(),
            recipients,
        })
    }

    fn wrong(&self, key: &str, what: &str) -> Error {
        let backend = self.backend;
        storage(format!("has {backend}.{key}, which {what}"))
    }
}

fn storage(what: impl Into<String>) -> Error {
    Error::Storage(what.into())
}

fn no_sharing() -> Error {
    storage("is a shared file, which nothing opened as one; this is a defect")
}
