//! Names that wait for evaluation, shared by all workers.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    behind::{Behind, HEAVY},
    capacity::Workers,
    heap::Heap,
    subject::Subject,
    usage::Usage,
};

/// The most machines in one batch. They stand in the arguments of a process, which are limited.
const LARGEST_BATCH: usize = 500;

/// The most resources in one batch: some hundred kilobytes of arguments, of two megabytes at most.
const LARGEST_COARSE_BATCH: usize = 5_000;

/// So many names are worth another process with a heap that fits them.
const WORTH_A_HEAP: usize = 4;

/// How names are shared out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Grain {
    /// In many batches: names cost much more than processes, and not all the same.
    Fine,
    /// Each by itself: what a process does is what the name does.
    Single,
    /// A batch for each worker: names cost little, so that the start of a process counts.
    Coarse,
}

/// Names that wait for evaluation, and the processes that have some.
///
/// Batches shrink as the end comes near, so that one heavy machine does not leave the other
/// workers without work. They do not shrink to single names: each costs the start of a process,
/// and the more there are, the less it matters who ends last. Once none are left, the names behind one that
/// takes long are shared out anew.
#[derive(Debug)]
pub struct Queue {
    workers: usize,
    smallest: usize,
    largest: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<Subject>,
    /// Names whose process was killed: each gets a process of its own, once.
    suspects: VecDeque<Subject>,
    suspected: BTreeSet<Subject>,
    behind: Behind,
    usage: Usage,
    processes: usize,
    stopped: bool,
}

/// Names for one process.
#[derive(Debug)]
pub struct Batch {
    /// The number of the process.
    pub process: usize,
    /// The names.
    pub names: Vec<Subject>,
    /// The heap that it begins with.
    pub heap: Heap,
}

impl Queue {
    /// Makes a queue for workers.
    pub fn new(names: impl IntoIterator<Item = Subject>, limits: Workers, grain: Grain) -> Self {
        let waiting: VecDeque<Subject> = names.into_iter().collect();
        let workers = limits.most.get();
        let (smallest, largest) = match grain {
            Grain::Single => (1, 1),
            Grain::Fine => (smallest_batch(waiting.len(), workers), LARGEST_BATCH),
            Grain::Coarse => (waiting.len().div_ceil(workers), LARGEST_COARSE_BATCH),
        };
        Self {
            workers,
            smallest: smallest.max(1),
            largest,
            state: Mutex::new(State {
                waiting,
                suspects: VecDeque::new(),
                suspected: BTreeSet::new(),
                behind: Behind::default(),
                usage: Usage::new(limits),
                processes: 0,
                stopped: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Hands out a batch for a further process; waits until there is room for one, and while other workers
    /// may still give names back. `None` is the end.
    pub fn take(&self) -> Option<Batch> {
        let mut state = self.state();
        loop {
            if state.stopped {
                return None;
            }
            let has_room = state.usage.has_room();
            if has_room && let Some(names) = state.batch(self) {
                return Some(state.begin(names));
            }
            if state.usage.running() == 0 {
                return None;
            }
            let next = state.behind.next(HEAVY).filter(|_| has_room);
            state = self.wait(state, next);
        }
    }

    /// Waits until something has changed, or until `next`.
    fn wait<'s>(
        &self,
        state: MutexGuard<'s, State>,
        next: Option<Duration>,
    ) -> MutexGuard<'s, State> {
        if let Some(next) = next {
            let waited = self.changed.wait_timeout(state, next);
            waited.unwrap_or_else(PoisonError::into_inner).0
        } else {
            let waited = self.changed.wait(state);
            waited.unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// Takes note of the id of the process of a batch.
    pub fn started(&self, process: usize, id: u32) {
        self.state().usage.started(process, id);
    }

    /// Takes note of the name that a process has begun.
    pub fn begun(&self, process: usize, name: &Subject) {
        self.state().behind.begun(process, name);
        // Who is idle may wait for those behind it.
        self.changed.notify_all();
    }

    /// Whether a process that is through with a name may go on, or is to be replaced.
    pub fn may_go_on(&self, process: usize) -> bool {
        let mut state = self.state();
        let may_go_on = state.behind.may_go_on(process) & state.usage.may_go_on(process);
        let is_fitted =
            state.usage.has_fitting_heap(process) || state.behind.waiting(process) < WORTH_A_HEAP;
        drop(state);
        // What was measured may have made room.
        self.changed.notify_all();
        may_go_on && is_fitted
    }

    /// Leaves a process that has ended those names which others have not got.
    pub fn ended(&self, process: usize, left: &mut Vec<Subject>) {
        self.state().behind.ended(process, left);
    }

    /// Ends a batch and gives back the names that its process did not get to.
    pub fn finish(&self, process: usize, mut left: Vec<Subject>) {
        let mut state = self.state();
        state.behind.ended(process, &mut left);
        state.usage.ended(process);
        for name in left.into_iter().rev() {
            state.waiting.push_front(name);
        }
        self.changed.notify_all();
    }

    /// Gives a name a second chance, alone; false if it had that already.
    pub fn suspect(&self, name: &Subject) -> bool {
        let mut state = self.state();
        let first = state.suspected.insert(name.clone());
        if first {
            state.suspects.push_back(name.clone());
        }
        first
    }

    /// Whether a name was given a second chance.
    pub fn is_suspected(&self, name: &Subject) -> bool {
        self.state().suspected.contains(name)
    }

    /// Hands out no further batch.
    pub fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// Whether the queue was stopped.
    pub fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// The names that nobody has evaluated, and what the largest process needed for its first one, in MiB.
    pub fn into_rest(self) -> (Vec<Subject>, Option<u64>) {
        let state = self.state.into_inner();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.waiting.append(&mut state.suspects);
        (state.waiting.into(), state.usage.largest())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, names: Vec<Subject>) -> Batch {
        let process = self.processes;
        self.processes += 1;
        let heap = self.usage.admit(process);
        self.behind.admit(process, &names);
        Batch {
            process,
            names,
            heap,
        }
    }

    fn batch(&mut self, queue: &Queue) -> Option<Vec<Subject>> {
        if self.waiting.is_empty() && self.suspects.is_empty() {
            self.waiting.extend(self.behind.take(HEAVY));
        }
        let waiting = self.waiting.len();
        if waiting > 0 {
            let share = waiting.div_ceil(2 * queue.workers).max(queue.smallest);
            let size = share.min(waiting).min(queue.largest);
            return Some(self.waiting.drain(..size).collect());
        }
        self.suspects.pop_front().map(|name| vec![name])
    }
}

/// The size below which batches do not shrink. A single worker needs no second batch; with more of
/// them the loss at the end grows with the batch, and that of many starts with their number.
fn smallest_batch(names: usize, workers: usize) -> usize {
    if workers == 1 {
        return names.max(1);
    }
    (names.isqrt() / 2).clamp(1, names.div_ceil(workers).max(1))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn name(number: usize) -> Subject {
        Subject::Machine(format!("m{number}"))
    }

    fn names(count: usize) -> impl Iterator<Item = Subject> {
        (0..count).map(name)
    }

    fn queue(count: usize, workers: usize) -> Queue {
        Queue::new(names(count), Workers::exactly(workers, None), Grain::Fine)
    }

    #[test]
    fn names_that_stand_alone_have_no_neighbours() {
        let queue = Queue::new(names(3), Workers::exactly(1, None), Grain::Single);
        let sizes = std::iter::from_fn(|| {
            let batch = queue.take()?;
            queue.finish(batch.process, Vec::new());
            Some(batch.names.len())
        });
        let sizes: Vec<_> = sizes.collect();
        assert_eq!(sizes, [1, 1, 1]);
    }

    #[test]
    fn names_that_cost_little_are_shared_out_once() {
        let queue = Queue::new(names(1001), Workers::exactly(2, None), Grain::Coarse);
        assert_eq!(queue.take().map(|batch| batch.names.len()), Some(501));
        assert_eq!(queue.take().map(|batch| batch.names.len()), Some(500));
    }

    #[test]
    fn batches_shrink_towards_the_end_and_nothing_is_lost() {
        let queue = self::queue(100, 2);
        let mut sizes = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(batch) = queue.take() {
            sizes.push(batch.names.len());
            seen.extend(batch.names);
            queue.finish(batch.process, Vec::new());
        }
        assert_eq!(seen.len(), 100);
        assert_eq!(sizes.first(), Some(&25));
        assert!(
            sizes[..sizes.len() - 1].iter().all(|size| *size >= 5),
            "{sizes:?}"
        );
    }

    #[test]
    fn a_single_worker_starts_a_single_process() {
        let queue = self::queue(100, 1);
        assert_eq!(queue.take().map(|batch| batch.names.len()), Some(100));
    }

    #[test]
    fn every_worker_of_a_small_network_gets_a_share() {
        let queue = self::queue(3, 3);
        assert_eq!(queue.take().map(|batch| batch.names.len()), Some(1));
    }

    #[test]
    fn names_given_back_are_handed_out_again_in_their_order() {
        let queue = self::queue(2, 1);
        let batch = queue.take().unwrap();
        queue.finish(batch.process, batch.names);
        let batch = queue.take().unwrap();
        assert_eq!(batch.names, [name(0), name(1)]);
        queue.finish(batch.process, Vec::new());
        assert!(queue.take().is_none());
    }

    #[test]
    fn a_stopped_queue_keeps_what_is_left() {
        let queue = self::queue(4, 1);
        let batch = queue.take().unwrap();
        queue.stop();
        queue.finish(batch.process, batch.names);
        assert!(queue.take().is_none());
        assert_eq!(queue.into_rest().0.len(), 4);
    }

    #[test]
    fn a_suspect_gets_one_chance_alone_after_all_others() {
        let queue = self::queue(2, 2);
        let batch = queue.take().unwrap();
        assert!(queue.suspect(&name(0)));
        queue.finish(batch.process, Vec::new());
        for number in [1, 0] {
            let batch = queue.take().unwrap();
            assert_eq!(batch.names, [name(number)]);
            assert_eq!(queue.suspect(&name(number)), number == 1);
            queue.finish(batch.process, Vec::new());
        }
    }

    #[test]
    fn a_worker_without_room_waits_until_there_is_some() {
        let queue = Queue::new(names(4), Workers::sharing(2, 1000), Grain::Fine);
        let first = queue.take().unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| queue.take().unwrap().process);
            queue.finish(first.process, first.names);
            assert_eq!(second.join().unwrap(), 1);
        });
    }
}
