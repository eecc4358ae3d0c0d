//! How many of a kind may work at once.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// A limit on things that happen at once.
#[derive(Clone, Debug)]
pub struct Limit(Arc<(Mutex<usize>, Condvar)>);

/// A place under a limit, given back when it is dropped.
#[derive(Debug)]
#[must_use = "the place is given back when this is dropped"]
pub struct Place(Limit);

impl Limit {
    /// Makes that many places, and one at least.
    pub fn new(places: usize) -> Self {
        Self(Arc::new((Mutex::new(places.max(1)), Condvar::new())))
    }

    /// Waits for a place.
    pub fn take(&self) -> Place {
        let (free, given_back) = &*self.0;
        let free = free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = given_back
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (free, given_back) = &*self.0.0;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        given_back.notify_one();
    }
}
