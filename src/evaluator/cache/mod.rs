//! The cache of evaluation results: a *verifying trace*.
//!
//! What a pure evaluation gives follows from what the program says, from Nix itself, and from the outputs that it is
//! told of. The first two are one digest ([`key`]). Of the last, lib/ tells what was read ([`Trace`]); a result
//! counts as long as that is what it was. It also has to be there still: the store paths that it names, its
//! derivation above all, have to be valid.
//!
//! No secret is kept. Secret outputs enter evaluation as tokens; texts of keys are evaluated each time; and what a
//! schema hides is not kept at all ([`discreet`]).
//!
//! Whatever befalls the file, evaluation goes on without it: this is said once, and no error.

mod database;
mod discreet;
mod entry;
mod identity;
mod key;
mod open;
mod shelf;
mod trace;
mod tree;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Mutex, OnceLock},
    thread::{self, JoinHandle},
};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    nix::{Nix, Settings},
    process::Processes,
};

use super::fleet::lock;

pub use database::Figures;
pub use discreet::{is_machine_discreet, is_resource_discreet};
pub use entry::Entry;
pub use key::{key, place};
pub use open::Error;
pub use shelf::Shelf;
pub use trace::{Trace, Values};
pub use tree::Tree;

use database::{Database, Kept, New};
use trace::Digest;

/// What all entries together may count for, in bytes.
pub const LIMIT: u64 = 64 << 20;

/// Name of the file in the directory for what can be found out anew.
const FILE: &str = "evaluation.db";

/// Says what is wrong with the file: a message, and what that means.
type Tell = Box<dyn Fn(String, &'static str) + Send + Sync>;

/// The cache of a run.
pub struct Cache {
    path: Utf8PathBuf,
    tell: Tell,
    state: Mutex<State>,
    asked: Mutex<Option<JoinHandle<Option<Settings>>>>,
    settings: OnceLock<Option<Settings>>,
}

enum State {
    Closed,
    Open(Box<Database>),
    /// The run goes on without it.
    Off,
}

impl Cache {
    /// The cache in a directory; nothing is opened yet.
    ///
    /// Nix is asked for its settings meanwhile. `tell` is told what is wrong with the file, once.
    pub fn new(
        directory: &Utf8Path,
        nix: &Nix,
        processes: &Processes,
        tell: impl Fn(String, &'static str) + Send + Sync + 'static,
    ) -> Self {
        let (nix, processes) = (nix.clone(), processes.clone());
        let asked = thread::spawn(move || nix.all_settings(&processes).ok());
        Self {
            path: file(directory),
            tell: Box::new(tell),
            state: Mutex::new(State::Closed),
            asked: Mutex::new(Some(asked)),
            settings: OnceLock::new(),
        }
    }

    /// What Nix is set to do; nothing if it does not say, or if with that no result can be relied on.
    pub(super) fn settings(&self) -> Option<&Settings> {
        let settings = self.settings.get_or_init(|| {
            let asked = lock(&self.asked).take()?;
            asked.join().ok().flatten()
        });
        let settings = settings.as_ref();
        settings.filter(|settings| !settings.lets_evaluation_do_anything())
    }

    fn load(&self, key: &Digest) -> Vec<Kept> {
        let entries = self.with(|database| database.load(key));
        entries.unwrap_or_default()
    }

    fn keep(&self, key: &Digest, new: &[New], used: &[i64]) {
        self.with(|database| {
            // Who can only read does not have to note what was read.
            if new.is_empty() && (used.is_empty() || database.is_read_only()) {
                return Ok(());
            }
            database.keep(key, new, used)
        });
    }

    /// Works with the open file, if there is one; where it is damaged, with a new one.
    fn with<T>(&self, work: impl Fn(&mut Database) -> Result<T, Error>) -> Option<T> {
        let mut state = lock(&self.state);
        match self.attempt(&mut state, &work) {
            Ok(done) => done,
            Err(error) if error.is_damage() => {
                let message = format!("the cache of evaluations {} is damaged", self.path);
                (self.tell)(message, "it begins anew");
                *state = State::Closed;
                let again = open::remove(&self.path).map_err(|source| Error::File {
                    path: self.path.clone(),
                    source,
                });
                let again = again.and_then(|()| self.attempt(&mut state, &work));
                again.unwrap_or_else(|_| {
                    *state = State::Off;
                    None
                })
            }
            Err(error) => {
                *state = State::Off;
                (self.tell)(
                    format!("{:#}", anyhow::Error::from(error)),
                    "this run evaluates without the cache; `--no-eval-cache` says so beforehand",
                );
                None
            }
        }
    }

    fn attempt<T>(
        &self,
        state: &mut State,
        work: impl Fn(&mut Database) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if matches!(state, State::Closed) {
            let database = Database::open(&self.path, LIMIT)?;
            if database.was_other {
                let message = format!(
                    "another version of NixOps wrote the cache of evaluations {}",
                    self.path
                );
                (self.tell)(message, "it begins anew");
            }
            *state = State::Open(Box::new(database));
        }
        match state {
            State::Open(database) => work(database).map(Some),
            State::Closed | State::Off => Ok(None),
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Cache");
        shown.field("path", &self.path).finish_non_exhaustive()
    }
}

/// Where the cache is that a directory has.
pub fn file(directory: &Utf8Path) -> Utf8PathBuf {
    directory.join(FILE)
}

/// How much there is in the cache of a directory; nothing if there is none.
pub fn figures(directory: &Utf8Path) -> Result<Option<Figures>, Error> {
    let path = file(directory);
    if !path.exists() {
        return Ok(None);
    }
    Database::open(&path, LIMIT)?.figures().map(Some)
}

/// Forgets all that is in the cache of a directory, also where it is damaged.
pub fn clear(directory: &Utf8Path) -> Result<(), Error> {
    let path = file(directory);
    if !path.exists() {
        return Ok(());
    }
    let cleared = Database::open(&path, LIMIT).and_then(|database| database.clear());
    match cleared {
        Err(error) if error.is_damage() => {
            open::remove(&path).map_err(|source| Error::File { path, source })
        }
        cleared => cleared,
    }
}
