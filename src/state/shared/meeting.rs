//! How a copy and the shared file are brought together.

use super::{
    Conflict, Error, Shared,
    channel::{Fetched, Replaced},
    copy::{Base, header, serials},
    ticket::Ticket,
};
use crate::state::{self, Database};

impl Shared {
    /// Makes the copy what is there, or what is there the copy, if only one of them was changed.
    pub(super) fn meet(&self, lock: &Ticket) -> Result<(), state::Error> {
        let base = self.copy.base()?;
        let known = base.as_ref().and_then(Base::revision);
        let fetched = self.channel.fetch(known)?;
        let Some(base) = base else {
            return self.begin(&fetched);
        };
        match fetched {
            Fetched::Nothing if base.header.is_some() => Err(self.vanished()),
            Fetched::Nothing | Fetched::Same => self.push_rest(lock, &base),
            Fetched::Other(file) => match base.pushing {
                // The last push arrived, and its run did not live to see it.
                Some(pushed) if pushed.header == Some(header(&file)) => {
                    self.push_rest(lock, &pushed)
                }
                _ => self.pull(base, &file),
            },
        }
    }

    /// Makes the first copy.
    fn begin(&self, fetched: &Fetched) -> Result<(), state::Error> {
        match fetched {
            Fetched::Nothing | Fetched::Same => self.copy.install(None, &Base::default())?,
            Fetched::Other(file) => {
                let (database, theirs) = self.theirs(file)?;
                self.copy.install(Some(&database.image()?), &theirs)?;
            }
        }
        Ok(())
    }

    /// Makes the copy what is there, unless it has what is not there.
    fn pull(&self, base: Base, file: &[u8]) -> Result<(), state::Error> {
        let (database, theirs) = self.theirs(file)?;
        let here = serials(&Database::look(&self.copy.database())?)?;
        if here != base.serials {
            return Err(self.conflict(base, here, theirs));
        }
        Ok(self.copy.install(Some(&database.image()?), &theirs)?)
    }

    /// Pushes what an earlier run left in the copy.
    fn push_rest(&self, lock: &Ticket, base: &Base) -> Result<(), state::Error> {
        self.copy.set_base(base)?;
        self.push(lock, base, &Database::look(&self.copy.database())?)
    }

    /// Pushes a database that was made of `base`, if it was changed since, or if others may read it now.
    pub(super) fn push(
        &self,
        lock: &Ticket,
        base: &Base,
        database: &Database,
    ) -> Result<(), state::Error> {
        let here = serials(database)?;
        if here == base.serials && self.is_current(base)? {
            return Ok(());
        }
        let file = self.seal(&database.image()?)?;
        let next = Base {
            header: Some(header(&file)),
            serials: here,
            pushing: None,
        };
        self.copy.set_base(&Base {
            pushing: Some(Box::new(next.clone())),
            ..base.clone()
        })?;
        match self.channel.replace(lock, base.revision(), &file)? {
            Replaced::Done => Ok(self.copy.set_base(&next)?),
            Replaced::Moved => Err(self.moved(base, next)),
            Replaced::LockLost(by) => Err(self.lock_lost(by)),
        }
    }

    /// The database in a file from there, and what it makes a copy of it.
    fn theirs(&self, file: &[u8]) -> Result<(Database, Base), state::Error> {
        let database = self.open(file)?;
        let base = Base {
            header: Some(header(file)),
            serials: serials(&database)?,
            pushing: None,
        };
        Ok((database, base))
    }

    /// Opens a file from there, to look at.
    pub(super) fn open(&self, file: &[u8]) -> Result<Database, state::Error> {
        let opened = self.sealer.open(file);
        let image = opened.map_err(|source| self.sealed("read", source))?;
        Database::of_image(image.to_vec(), &self.copy.database())
    }

    /// Whether the file there is encrypted for those who may read it now.
    fn is_current(&self, base: &Base) -> Result<bool, state::Error> {
        match &base.header {
            Some(header) => self.sealer.is_current(header.as_bytes()),
            None => Ok(true),
        }
    }

    fn seal(&self, image: &[u8]) -> Result<Vec<u8>, state::Error> {
        let sealed = self.sealer.seal(image);
        sealed.map_err(|source| self.sealed("write", source))
    }

    /// Somebody pushed although we have the lock: says what.
    fn moved(&self, base: &Base, here: Base) -> state::Error {
        let theirs = match self.channel.fetch(None) {
            Ok(Fetched::Other(file)) => self.theirs(&file).map(|(_, theirs)| theirs),
            Ok(_) => Ok(Base::default()),
            Err(error) => Err(error.into()),
        };
        match theirs {
            Ok(theirs) => self.conflict(base.clone(), here.serials, theirs),
            Err(error) => error,
        }
    }

    fn conflict(&self, base: Base, here: super::Serials, theirs: Base) -> state::Error {
        let conflict = Conflict {
            location: self.location().to_string(),
            copy: self.copy.database(),
            base: base.serials,
            here,
            there: theirs.serials,
        };
        Error::Conflict(Box::new(conflict)).into()
    }

    pub(super) fn vanished(&self) -> state::Error {
        let error = Error::Vanished {
            location: self.location().to_string(),
            copy: self.copy.database(),
        };
        error.into()
    }

    fn lock_lost(&self, by: Option<Ticket>) -> state::Error {
        let error = Error::LockLost {
            location: self.location().to_string(),
            holder: by.map(|ticket| Box::new(ticket.holder)),
        };
        error.into()
    }

    fn sealed(&self, action: &'static str, source: state::Error) -> state::Error {
        let error = Error::Sealed {
            action,
            location: self.location().to_string(),
            source: Box::new(source),
        };
        error.into()
    }
}
