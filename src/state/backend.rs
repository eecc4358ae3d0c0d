//! Where a state is kept, for who does not care where.

use std::{fmt, fs::File, time::Duration};

use super::{Database, Error, Holder, RunLock};

/// Somewhere a state is kept.
pub trait Backend: Send + Sync {
    /// The state as it is now, to look at: nothing is written and nobody is held up.
    fn look(&self) -> Result<Database, Error>;

    /// The state, for a run that changes a deployment, which nobody else changes until the run ends.
    fn hold(&self, uuid: &str, purpose: &Purpose) -> Result<Held, Error>;
}

/// What a deployment is held for.
pub struct Purpose<'a> {
    /// Who holds it.
    pub holder: Holder,
    /// How long to wait for who holds it now; nothing if not at all.
    pub wait: Option<Duration>,
    /// Is told of who holds it before each new try, and says whether to go on.
    pub on_wait: &'a dyn Fn(&Holder) -> bool,
}

/// What remains to be done with a state that was changed.
type Finish = Box<dyn FnOnce(&Database) -> Result<(), Error> + Send>;

/// A state that a run may change until this value goes.
pub struct Held {
    // The order matters: the database is closed before its lock goes.
    database: Database,
    finish: Option<Finish>,
    lock: Option<RunLock>,
}

impl Purpose<'_> {
    /// For a verb that does not wait.
    pub fn of(verb: &str) -> Self {
        Self {
            holder: Holder::this(verb),
            wait: None,
            on_wait: &|_| true,
        }
    }
}

impl Held {
    /// A state that is where it belongs when it is written.
    pub fn new(database: Database, lock: Option<RunLock>) -> Self {
        Self {
            database,
            finish: None,
            lock,
        }
    }

    /// A state that is to be taken somewhere at the end. What `finish` owns, such as a lock elsewhere,
    /// goes when the state is not held any more, whether it was called or not.
    pub fn with_finish(
        database: Database,
        lock: Option<RunLock>,
        finish: impl FnOnce(&Database) -> Result<(), Error> + Send + 'static,
    ) -> Self {
        Self {
            finish: Some(Box::new(finish)),
            ..Self::new(database, lock)
        }
    }

    /// The state.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The file whose lock is held, for providers to inherit; nothing if there is no such file.
    pub fn lock(&self) -> Option<&File> {
        self.lock.as_ref().map(RunLock::file)
    }

    /// Takes the state where it belongs, and lets it go.
    pub fn finish(mut self) -> Result<(), Error> {
        match self.finish.take() {
            Some(finish) => finish(&self.database),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Held");
        debug
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}
