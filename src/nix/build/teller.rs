use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use camino::{Utf8Path, Utf8PathBuf};

use super::BuildEvent;

/// Tells a listener what happens in builds: each end once, and nothing any more once nobody listens.
///
/// Whoever waits for an output is answered when it is valid, which Nix says of itself only later: the end of that build
/// has to be told first, since a run may be over by then.
pub(super) struct Teller {
    listener: Box<dyn Fn(BuildEvent) + Send + Sync>,
    /// The builds whose start was told and whose end was not; none once nobody listens.
    running: Mutex<Option<HashSet<Utf8PathBuf>>>,
}

impl Teller {
    pub fn new(listener: impl Fn(BuildEvent) + Send + Sync + 'static) -> Self {
        Self {
            listener: Box::new(listener),
            running: Mutex::new(Some(HashSet::new())),
        }
    }

    /// Tells what is neither a start nor an end.
    pub fn tell(&self, event: BuildEvent) {
        self.listened(|_| Some(event));
    }

    /// Tells that a build began.
    pub fn start(&self, drv: &Utf8Path) {
        self.listened(|running| {
            running.insert(drv.to_owned());
            Some(BuildEvent::Started { drv: drv.into() })
        });
    }

    /// Tells that a build ended, unless that was told.
    pub fn stop(&self, drv: &Utf8Path) {
        self.listened(|running| {
            running
                .remove(drv)
                .then(|| BuildEvent::Stopped { drv: drv.into() })
        });
    }

    /// Is silent from now on.
    pub fn close(&self) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Calls the listener with the lock held, so that nothing is told after [`close`](Self::close) has returned.
    fn listened(&self, event: impl FnOnce(&mut HashSet<Utf8PathBuf>) -> Option<BuildEvent>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(event) = running.as_mut().and_then(event) {
            (self.listener)(event);
        }
    }
}
