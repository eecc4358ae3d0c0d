//! How many machines may do one thing at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// Places for a step that is limited.
#[derive(Debug)]
pub(super) struct Limit {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// A place, given back when it is dropped.
#[must_use = "the place is given back when this is dropped"]
pub(super) struct Place<'a>(&'a Limit);

impl Limit {
    /// Makes that many places, and one at least.
    pub(super) fn new(places: usize) -> Self {
        Self {
            free: Mutex::new(places.max(1)),
            given_back: Condvar::new(),
        }
    }

    /// Waits for a place.
    pub(super) fn take(&self) -> Place<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.given_back.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}
