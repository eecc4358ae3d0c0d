//! A state that several people share: one encrypted file, in a directory that all of them can write into.
//!
//! A run takes the lock beside the file, pulls the file if it is another one than it knows, works on a copy, and pushes
//! the copy at its end, unless nothing was changed. The file is a whole SQLite database, sealed for everybody of the
//! team; `age --decrypt` and `sqlite3` can read it too. The code at the end of its header, which is another one after
//! each encryption, tells one file from the next: nothing is pushed over a file that was not pulled.
//!
//! The copy survives a run that is killed, and so does the lock there. The next run on the same computer knows the
//! lock for its own (nobody else can hold the copy's lock, which is the kernel's), pushes what was left and goes on.
//! Everybody else is refused until then, or until `nixops unlock`.

mod channel;
mod copy;
mod error;
mod location;
mod meeting;
mod remote_lock;
#[cfg(test)]
mod tests;
mod ticket;

pub use copy::{Serial, Serials};
pub use error::{Conflict, Error};
pub use location::{Location, SshLocation};

use std::{sync::Arc, time::Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Backend, Database, Held, Holder, Purpose, RunLock, Sealer, SharedPlace};
use crate::process::Processes;
use channel::{Channel, Fetched};
use copy::WorkingCopy;
use remote_lock::RemoteLock;

/// A state that several people share.
#[derive(Clone)]
pub struct Shared {
    channel: Channel,
    copy: WorkingCopy,
    sealer: Arc<dyn Sealer>,
}

/// What a shared state needs of the run.
pub struct Means<'a> {
    /// Where copies are: usually `$XDG_STATE_HOME/nixops/shared`.
    pub copies: &'a Utf8Path,
    /// Who seals and opens the file.
    pub sealer: Arc<dyn Sealer>,
    /// The user's ssh configuration, if it is not the usual one.
    pub ssh_config: Option<Utf8PathBuf>,
    /// The children of the run.
    pub processes: Processes,
}

impl Shared {
    /// The state in a place; nothing is done yet.
    pub fn new(place: &SharedPlace, means: Means) -> Result<Self, super::Error> {
        let location: Location = place.location.parse()?;
        Ok(Self {
            copy: WorkingCopy::of(means.copies, &location),
            channel: Channel {
                location,
                ssh_config: means.ssh_config,
                processes: means.processes,
            },
            sealer: means.sealer,
        })
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.channel.location
    }

    /// The same, for what is to be done even if the run is interrupted.
    fn for_the_end(&self) -> Self {
        let mut shared = self.clone();
        shared.channel.processes = Processes::new();
        shared
    }

    /// Who has its lock, if anybody does.
    pub fn holder(&self) -> Result<Option<Holder>, super::Error> {
        Ok(self.channel.holder()?.map(|ticket| ticket.holder))
    }

    /// Takes its lock away from whoever has it, and says who that was. What a living run of this computer
    /// holds cannot be taken from it.
    pub fn unlock(&self) -> Result<Option<Holder>, super::Error> {
        super::unlock(&self.copy.lock())?;
        Ok(self.channel.unlock()?.map(|ticket| ticket.holder))
    }
}

impl Backend for Shared {
    fn look(&self) -> Result<Database, super::Error> {
        let base = self.copy.base()?.unwrap_or_default();
        match self.channel.fetch(base.revision())? {
            Fetched::Nothing if base.header.is_some() => Err(self.vanished()),
            Fetched::Nothing | Fetched::Same => Database::look(&self.copy.database()),
            Fetched::Other(file) => self.open(&file),
        }
    }

    fn hold(&self, _: &str, purpose: &Purpose) -> Result<Held, super::Error> {
        let begun = Instant::now();
        let (holder, wait) = (&purpose.holder, purpose.wait);
        let mut on_wait = |holder: &_| (purpose.on_wait)(holder);
        let here = RunLock::take(&self.copy.lock(), holder, wait, &mut on_wait)?;
        let mut there = RemoteLock::take(self, purpose, begun)?;
        self.meet(there.ticket())?;
        let database = Database::open(&self.copy.database())?;
        there.begin();
        database.reseal(None, &*self.sealer)?;
        let finish = move |database: &Database| there.finish(database);
        Ok(Held::with_finish(database, Some(here), finish))
    }
}
