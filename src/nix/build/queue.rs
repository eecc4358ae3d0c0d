use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    super::{Error, Nix},
    BuildError, BuildEvent, BuildOptions, Built, Ticket,
    realise::{Realisation, realise},
    teller::Teller,
    ticket::Job,
};
use crate::process::Processes;

/// How long a burst of requests is collected before the store is asked.
const COLLECT: Duration = Duration::from_millis(15);

/// How long work waits behind a running process before a further one may start.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many Nix processes may build at once.
const MOST_PROCESSES: usize = 3;

/// The queue of all builds of a run; clones share it.
#[derive(Clone)]
pub struct BuildQueue {
    shared: Arc<Shared>,
    /// Ends the queue's own thread, and what is told, when the last clone goes.
    _open: Arc<Open>,
}

struct Open(Arc<Shared>);

struct Shared {
    nix: Nix,
    processes: Processes,
    options: BuildOptions,
    teller: Teller,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Not looked at yet.
    arrived: Vec<Arc<Job>>,
    /// Known to need a Nix process, since when.
    ready: Vec<(Arc<Job>, Instant)>,
    /// To be built by a process of its own: Nix failed on a batch that it was in, nobody knows on whose account.
    alone: Vec<Arc<Job>>,
    processes: usize,
    closed: bool,
}

impl BuildQueue {
    /// Opens a queue.
    pub fn new(nix: Nix, processes: Processes, options: BuildOptions) -> Self {
        Self::with_listener(nix, processes, options, |_| {})
    }

    /// Opens a queue that tells `listener` what happens, until the last clone is gone.
    ///
    /// It is called from the queue's threads and must not block. The end of a build is told before who waits for it is
    /// answered.
    pub fn with_listener(
        nix: Nix,
        processes: Processes,
        options: BuildOptions,
        listener: impl Fn(BuildEvent) + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            nix,
            processes,
            options,
            teller: Teller::new(listener),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let dispatcher = Arc::clone(&shared);
        thread::spawn(move || dispatcher.dispatch());
        Self {
            _open: Arc::new(Open(Arc::clone(&shared))),
            shared,
        }
    }

    /// Hands in a derivation and its output, without waiting.
    pub fn submit(&self, drv: impl Into<Utf8PathBuf>, out: impl Into<Utf8PathBuf>) -> Ticket {
        let job = Arc::new(Job::new(drv.into(), out.into()));
        self.shared.lock().arrived.push(Arc::clone(&job));
        self.shared.changed.notify_all();
        Ticket(job)
    }

    /// Hands in a derivation and waits for its output.
    pub fn build(
        &self,
        drv: impl Into<Utf8PathBuf>,
        out: impl Into<Utf8PathBuf>,
    ) -> Result<Built, BuildError> {
        self.submit(drv, out).wait()
    }
}

impl fmt::Debug for BuildQueue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BuildQueue")
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.teller.close();
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue's thread: sorts what arrives and starts processes.
    fn dispatch(self: Arc<Self>) {
        let mut state = self.lock();
        loop {
            if !state.arrived.is_empty() {
                state = self.sort_arrivals(state);
            }
            while let Some(batch) = state.next_batch() {
                state.processes += 1;
                let shared = Arc::clone(&self);
                thread::spawn(move || shared.run(&batch));
            }
            if state.closed
                && state.arrived.is_empty()
                && state.ready.is_empty()
                && state.alone.is_empty()
            {
                return;
            }
            if state.arrived.is_empty() {
                state = self.sleep(state);
            }
        }
    }

    /// Waits for a change, or until work has waited long enough to justify a further process.
    fn sleep<'a>(&'a self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        match state.patience_left() {
            Some(left) => {
                self.changed
                    .wait_timeout(state, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Answers what is valid already; the rest becomes ready.
    fn sort_arrivals<'a>(&'a self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        drop(state);
        thread::sleep(COLLECT);
        let arrived = std::mem::take(&mut self.lock().arrived);
        let wanted = self.not_valid(arrived);
        let now = Instant::now();
        let mut state = self.lock();
        state.ready.extend(wanted.into_iter().map(|job| (job, now)));
        state
    }

    fn not_valid(&self, arrived: Vec<Arc<Job>>) -> Vec<Arc<Job>> {
        if self.options.repair {
            return arrived;
        }
        let outs: HashSet<&Utf8Path> = arrived.iter().map(|job| job.out.as_path()).collect();
        match self.nix.invalid_paths(&self.processes, outs) {
            Ok(invalid) => {
                let (wanted, valid): (Vec<_>, Vec<_>) = arrived
                    .into_iter()
                    .partition(|job| invalid.contains(&job.out));
                for job in &valid {
                    job.succeed(true);
                }
                wanted
            }
            // The batch cannot be blamed on one of them: the process that builds will say what is wrong.
            Err(Error::Process(error)) if !error.is_interrupted() => arrived,
            Err(_) => {
                for job in &arrived {
                    interrupt(job);
                }
                Vec::new()
            }
        }
    }

    /// One Nix process, from its start to the answers of all its jobs.
    fn run(self: Arc<Self>, batch: &[Arc<Job>]) {
        let context = Realisation {
            nix: &self.nix,
            processes: &self.processes,
            options: &self.options,
            teller: &self.teller,
        };
        let left = realise(&context, batch);
        let mut state = self.lock();
        state.processes -= 1;
        if batch.len() == 1 {
            left.jobs.iter().for_each(|job| job.fail(left.error(job)));
        } else {
            state.alone.extend(left.jobs);
        }
        drop(state);
        self.changed.notify_all();
    }
}

impl State {
    /// What the next process takes, if one may start now.
    fn next_batch(&mut self) -> Option<Vec<Arc<Job>>> {
        if self.processes >= MOST_PROCESSES {
            return None;
        }
        if let Some(job) = self.alone.pop() {
            return Some(vec![job]);
        }
        let waited = self.ready.first()?.1.elapsed() >= PATIENCE;
        (self.processes == 0 || waited).then(|| self.ready.drain(..).map(|(job, _)| job).collect())
    }

    fn patience_left(&self) -> Option<Duration> {
        let (_, since) = self.ready.first()?;
        (self.processes < MOST_PROCESSES).then(|| PATIENCE.saturating_sub(since.elapsed()))
    }
}

pub(super) fn interrupt(job: &Job) {
    job.fail(BuildError::Interrupted {
        wanted: job.drv.clone(),
    });
}
