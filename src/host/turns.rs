//! Whose turn it is to connect: machines with work go before those that are only looked at.

use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What a machine is connected to for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Priority {
    /// It is known to have work, or nobody knows.
    Work,
    /// Most likely it is only looked at.
    Look,
}

/// A limit on connections that are being made at once. As long as any machine is at work, those that are only
/// looked at leave a place free, so that none with work waits for one that does not answer.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Signalled for machines with work, and for those that are only looked at.
    changed: [Condvar; 2],
}

#[derive(Debug)]
struct State {
    free: usize,
    /// The places that are left free by those that are only looked at.
    kept: usize,
    /// Machines with work that connect or wait for it, or will.
    at_work: usize,
}

/// A machine that has work, or may have some, until this is dropped.
#[derive(Debug)]
#[must_use = "the machine is at work until this is dropped"]
pub struct AtWork(Turns);

/// A place for a connection that is being made, given back when it is dropped.
#[derive(Debug)]
#[must_use = "the place is given back when this is dropped"]
pub(super) struct Turn {
    turns: Turns,
    /// Whether others have work while this machine is only looked at.
    pub(super) yields: bool,
}

impl Turns {
    /// Makes that many places.
    pub fn new(places: NonZeroUsize) -> Self {
        let state = State {
            free: places.get(),
            kept: usize::from(places.get() > 1),
            at_work: 0,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            changed: Default::default(),
        }))
    }

    /// Counts a machine that has work, or may have some.
    pub fn at_work(&self) -> AtWork {
        self.lock().at_work += 1;
        AtWork(self.clone())
    }

    /// Waits for a place.
    pub(super) fn take(&self, priority: Priority) -> Turn {
        let changed = &self.0.changed[priority as usize];
        let state = changed.wait_while(self.lock(), |state| !state.has_place(priority));
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.free -= 1;
        Turn {
            turns: self.clone(),
            yields: priority == Priority::Look && state.at_work > 0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let state = self.0.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_place(&self, priority: Priority) -> bool {
        match priority {
            Priority::Look if self.at_work > 0 => self.free > self.kept,
            Priority::Work | Priority::Look => self.free > 0,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.lock().free += 1;
        self.turns.0.changed.iter().for_each(Condvar::notify_one);
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.lock().at_work -= 1;
        // The place that was kept is for anybody now.
        self.0.0.changed.iter().for_each(Condvar::notify_one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(turns: &Turns) -> [bool; 2] {
        let state = turns.lock();
        [Priority::Work, Priority::Look].map(|priority| state.has_place(priority))
    }

    fn turns(places: usize) -> Turns {
        Turns::new(NonZeroUsize::new(places).unwrap())
    }

    #[test]
    fn who_is_only_looked_at_leaves_a_place_to_those_at_work() {
        let turns = turns(2);
        let at_work = turns.at_work();
        let look = turns.take(Priority::Look);
        assert_eq!(places(&turns), [true, false]);
        let work = turns.take(Priority::Work);
        assert_eq!(places(&turns), [false, false]);
        assert_eq!((look.yields, work.yields), (true, false));
        drop(look);
        assert_eq!(places(&turns), [true, false]);
        drop(at_work);
        assert_eq!(places(&turns), [true, true]);
        assert!(!turns.take(Priority::Look).yields);
    }

    #[test]
    fn a_single_place_is_for_all() {
        let turns = turns(1);
        let _at_work = turns.at_work();
        assert_eq!(places(&turns), [true, true]);
        let _look = turns.take(Priority::Look);
        assert_eq!(places(&turns), [false, false]);
    }
}
