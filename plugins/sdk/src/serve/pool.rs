//! A bounded number of threads that do jobs in the order in which they come.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// Threads, started as they are needed.
pub(super) struct Pool {
    shared: Arc<Shared>,
    most: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A job came, or there will be no more.
    came: Condvar,
    /// All jobs are done.
    idle: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    busy: usize,
    ended: bool,
}

impl Pool {
    pub(super) fn new(most: usize) -> Self {
        Self {
            shared: Arc::default(),
            most,
        }
    }

    /// Does a job as soon as a thread is free. Jobs do not panic.
    pub(super) fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        let mut state = self.shared.lock();
        state.jobs.push_back(Box::new(job));
        let free = state.threads - state.busy;
        if free < state.jobs.len() && state.threads < self.most {
            self.start(&mut state);
        }
        self.shared.came.notify_one();
    }

    /// Starts a thread. Where the system has none to give, those that are there do the work.
    fn start(&self, state: &mut State) {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("request".to_owned());
        match thread.spawn(move || shared.work()) {
            Ok(_) => state.threads += 1,
            Err(error) => assert!(state.threads > 0, "no thread can be started: {error}"),
        }
    }

    /// Forgets the jobs that no thread has begun.
    pub(super) fn clear(&self) {
        self.shared.lock().jobs.clear();
    }

    /// Waits until all jobs are done; false if they are not in that time.
    pub(super) fn wait(&self, most: Duration) -> bool {
        let state = self.shared.lock();
        let waited = self
            .shared
            .idle
            .wait_timeout_while(state, most, |state| !state.is_idle());
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_idle()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.came.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            job();
            let mut state = self.lock();
            state.busy -= 1;
            if state.is_idle() {
                self.idle.notify_all();
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let waited = self
            .came
            .wait_while(self.lock(), |state| state.jobs.is_empty() && !state.ended);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let job = state.jobs.pop_front()?;
        state.busy += 1;
        Some(job)
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.busy == 0
    }
}
