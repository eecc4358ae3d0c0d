//! The evaluation of a fleet: rounds of workers, and facts between them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::{Mutex, PoisonError, mpsc::Sender},
};

use super::{
    AttributePath, Error, Evaluated, Evaluator, Given, Known, capacity,
    facts::{Facts, FactsText, Path, Reads},
    herald::Herald,
    parse,
    pool::{Found, Pool},
    queue::Grain,
    reads::{Log, Logs},
    recorder::Recorder,
    subject::Subject,
};

/// How far machines are evaluated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Depth {
    /// Up to their options, which is cheaper.
    Options,
    /// Up to their options, and with the texts of their keys.
    Keys,
    /// With their systems.
    Systems,
    /// With their systems, and with the texts of their keys.
    SystemsAndKeys,
}

impl Depth {
    fn attribute(self) -> fn(&Subject) -> AttributePath {
        match self {
            Self::Options => AttributePath::attempt,
            Self::Keys => AttributePath::keys,
            Self::Systems => AttributePath::whole,
            Self::SystemsAndKeys => AttributePath::whole_with_keys,
        }
    }

    fn reaches_systems(self) -> bool {
        matches!(self, Self::Systems | Self::SystemsAndKeys)
    }

    /// Whether the texts of keys are told.
    pub(super) fn tells_keys(self) -> bool {
        matches!(self, Self::Keys | Self::SystemsAndKeys)
    }
}

/// Evaluates an attribute of each machine, with as many processes as fit.
pub fn evaluate(
    evaluator: &Evaluator,
    depth: Depth,
    names: &[String],
    known: &Known,
    news: &Sender<Evaluated>,
) -> Result<(), Error> {
    let herald = Herald::new(evaluator, depth, known, news);
    for text in evaluator.remarks.get().into_iter().flatten() {
        herald.send(Evaluated::remark(None, text.clone()));
    }
    let (unknown, unkeyed) = herald.remember(names);
    let run = |depth, names: Vec<String>| {
        if names.is_empty() {
            return Ok(());
        }
        let fleet = Fleet {
            evaluator,
            depth,
            known,
            facts: Facts::default(),
            facts_log: Log::default(),
            recorder: herald.recorder(depth),
        };
        fleet.go(names, &herald)
    };
    let ended = run(depth, unknown).and_then(|()| run(Depth::Keys, unkeyed));
    // What was evaluated before an error is no worse for it. Options alone are written with what follows.
    if depth.reaches_systems() {
        herald.write();
    }
    ended
}

fn machines(names: Vec<String>) -> Vec<Subject> {
    names.into_iter().map(Subject::Machine).collect()
}

/// Machines that are being evaluated, and what is known of them.
struct Fleet<'a> {
    evaluator: &'a Evaluator,
    depth: Depth,
    known: &'a Known,
    facts: Facts,
    /// What was read for the facts.
    facts_log: Log,
    /// Records what machines look at, if that is wanted.
    recorder: Option<&'a Recorder>,
}

impl Fleet<'_> {
    /// Evaluates machines, in as many rounds as it takes.
    fn go(mut self, names: Vec<String>, herald: &Herald<'_>) -> Result<(), Error> {
        let mut left = machines(names);
        while !left.is_empty() {
            let paths;
            (left, paths) = self.round(left, herald)?;
            if left.is_empty() {
                break;
            }
            self.facts.ask(paths);
            self.gather()?;
        }
        Ok(())
    }

    /// Runs one set of workers, which ends when all is done or facts are wanted. Gives the machines that
    /// are left, and the paths at which facts are wanted.
    fn round(
        &self,
        subjects: Vec<Subject>,
        herald: &Herald<'_>,
    ) -> Result<(Vec<Subject>, BTreeSet<Path>), Error> {
        let reads = Mutex::new(BTreeMap::new());
        let wanted = Mutex::new(BTreeSet::new());
        let logs = ProcessLogs::default();
        let attribute = self.depth.attribute();
        // What is evaluated with facts has seen what others have looked at.
        let recorder = self.recorder.filter(|_| self.facts.is_empty());
        let (left, size) = self.run(
            recorder,
            attribute,
            subjects,
            |process, found| match found {
                Found::Read(read) => {
                    let mut reads = lock(&reads);
                    let reads: &mut Reads<'_> = reads
                        .entry(process)
                        .or_insert_with(|| Reads::new(&self.facts));
                    reads.note(read);
                    let Some(paths) = reads.worth_asking() else {
                        return Ok(ControlFlow::Continue(()));
                    };
                    lock(&wanted).extend(paths.iter().cloned());
                    Ok(ControlFlow::Break(()))
                }
                found => {
                    let heard = logs.note(process, found);
                    if let Some(found) = heard {
                        logs.with(process, &self.facts_log, |logs| herald.tell(found, logs))?;
                    }
                    Ok(ControlFlow::Continue(()))
                }
            },
        )?;
        if self.depth.reaches_systems() {
            self.evaluator.learn_size(size);
        }
        Ok((left, into_inner(wanted)))
    }

    /// Finds facts of all machines. A machine that cannot be evaluated simply has none.
    fn gather(&mut self) -> Result<(), Error> {
        let subjects = machines(self.evaluator.machine_names()?);
        let facts = Mutex::new(self.facts.clone());
        let logs = ProcessLogs::default();
        self.run(None, AttributePath::facts, subjects, |process, found| {
            // A byte that was no text has become U+FFFD: a machine with such a value has no facts.
            if let Some(Found::Text { text, .. }) = logs.note(process, found)
                && !text.contains(char::REPLACEMENT_CHARACTER)
            {
                lock(&facts).learn(parse::<FactsText>(&text)?);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.facts = into_inner(facts);
        self.facts_log = logs.merged();
        Ok(())
    }

    /// Evaluates an attribute of each machine until all are done or `hear` breaks off or fails; gives
    /// the machines that are left, and what the largest process needed for its first one.
    fn run(
        &self,
        recorder: Option<&Recorder>,
        attribute: fn(&Subject) -> AttributePath,
        subjects: Vec<Subject>,
        hear: impl Fn(usize, Found) -> Result<ControlFlow<()>, Error> + Sync,
    ) -> Result<(Vec<Subject>, Option<u64>), Error> {
        let failure = Mutex::new(None);
        let sink = |process, found| {
            hear(process, found).unwrap_or_else(|error| {
                *lock(&failure) = Some(error);
                ControlFlow::Break(())
            })
        };
        let facts = Some(&self.facts).filter(|facts| !facts.is_empty());
        let program = self.evaluator.program_with(Given {
            facts,
            known: Some(self.known),
            final_values: self.depth != Depth::Options,
            watch: recorder.is_some(),
            ..Given::default()
        });
        let workers = capacity::workers(self.evaluator.options.limits, subjects.len());
        let pool = Pool {
            evaluator: self.evaluator,
            attribute,
            program: program.as_str(),
            workers: workers.remembering(self.evaluator.remembered_size()),
            grain: recorder.map_or(Grain::Fine, |_| Grain::Single),
            recorder,
            sink: &sink,
        };
        let ran = pool.run(subjects)?;
        into_inner(failure).map_or(Ok(ran), Err)
    }
}

/// What processes have told of reads, each by itself.
#[derive(Default)]
struct ProcessLogs(Mutex<BTreeMap<usize, Log>>);

impl ProcessLogs {
    /// Takes note of a read, or gives back what is none.
    fn note(&self, process: usize, found: Found) -> Option<Found> {
        let mut logs = lock(&self.0);
        let log = logs.entry(process).or_default();
        match found {
            Found::Output(read) => log.note(read),
            Found::Look(look) => log.note_look(look),
            found => return Some(found),
        }
        None
    }

    fn with<T>(&self, process: usize, facts: &Log, then: impl FnOnce(Logs<'_>) -> T) -> T {
        // Only this process adds to its log, and it waits for us.
        let log = lock(&self.0).remove(&process).unwrap_or_default();
        let result = then(Logs {
            process: &log,
            facts,
        });
        lock(&self.0).insert(process, log);
        result
    }

    fn merged(self) -> Log {
        let mut all = Log::default();
        for log in into_inner(self.0).into_values() {
            all.merge(log);
        }
        all
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
