//! The lock beside the shared file, while it is ours.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Error, Shared, channel::Taken, ticket::Ticket};
use crate::state::{self, Database, Purpose};

/// The lock beside the shared file. Dropping it gives it back, unless there is something that was not pushed.
pub(super) struct RemoteLock {
    shared: Shared,
    ticket: Ticket,
    stage: Stage,
}

/// How far the run is that has the lock.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// Nothing was changed yet.
    Before,
    /// It may change the copy.
    During,
    /// The lock is not held any more.
    After,
}

impl RemoteLock {
    /// Takes the lock, and waits for it if that is wanted. Who takes it holds the copy's lock.
    pub fn take(shared: &Shared, purpose: &Purpose, begun: Instant) -> Result<Self, state::Error> {
        let ticket = Ticket::new(shared.copy.token()?, &purpose.holder);
        loop {
            let theirs = match Self::try_take(shared, &ticket)? {
                Taken::Ours => break,
                Taken::Theirs(theirs) => theirs,
            };
            let left = purpose
                .wait
                .unwrap_or_default()
                .saturating_sub(begun.elapsed());
            if left == Duration::ZERO || !(purpose.on_wait)(&theirs.holder) {
                return Err(held(shared, theirs));
            }
            thread::sleep(shared.channel.pause().min(left));
        }
        Ok(Self {
            shared: shared.for_the_end(),
            ticket,
            stage: Stage::Before,
        })
    }

    fn try_take(shared: &Shared, ticket: &Ticket) -> Result<Taken, Error> {
        match shared.channel.take(ticket)? {
            // A run on this copy was killed; that it has ended is sure, since its lock of the copy is ours.
            Taken::Theirs(theirs) if theirs.is_of(ticket) => shared.channel.retake(ticket),
            taken => Ok(taken),
        }
    }

    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// From now on the copy may be changed.
    pub fn begin(&mut self) {
        self.stage = Stage::During;
    }

    /// Pushes what was changed, and gives the lock back.
    pub fn finish(mut self, database: &Database) -> Result<(), state::Error> {
        let base = self.shared.copy.base()?.unwrap_or_default();
        self.shared.push(&self.ticket, &base, database)?;
        self.stage = Stage::After;
        Ok(self.shared.channel.release(&self.ticket)?)
    }

    /// Whether the copy has what others must not miss.
    fn is_needed(&self) -> bool {
        let copy = &self.shared.copy;
        let changed = |base| copy.has_changes(&base).unwrap_or(true);
        self.stage == Stage::During && copy.base().ok().flatten().is_none_or(changed)
    }
}

impl Drop for RemoteLock {
    fn drop(&mut self) {
        if self.stage != Stage::After && !self.is_needed() {
            // If that fails, the next run on this copy knows the lock for its own.
            let _ = self.shared.channel.release(&self.ticket);
        }
    }
}

fn held(shared: &Shared, theirs: Ticket) -> state::Error {
    let error = Error::Held {
        location: shared.location().to_string(),
        ended: theirs.has_ended(),
        holder: Box::new(theirs.holder),
    };
    error.into()
}
