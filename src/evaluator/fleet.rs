//! The evaluation of a fleet: rounds of workers, and facts between them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::{Mutex, PoisonError, mpsc::Sender},
};

use super::{
    AttributePath, Error, Evaluated, Evaluator, capacity,
    facts::{Facts, FactsText, Path, Reads},
    parse,
    pool::{Found, Pool},
    text::MachineText,
};

/// Evaluates an attribute of each machine, with as many processes as fit.
pub fn evaluate(
    evaluator: &Evaluator,
    attribute: fn(&str) -> AttributePath,
    names: &[String],
    news: &Sender<Evaluated>,
) -> Result<(), Error> {
    let herald = Herald::new(news);
    for text in evaluator.remarks.get().into_iter().flatten() {
        herald.send(Evaluated::remark(None, text.clone()));
    }
    let mut facts = Facts::default();
    let mut left = names.to_vec();
    loop {
        let round = Round {
            evaluator,
            attribute,
            facts: &facts,
            herald: &herald,
        };
        let paths;
        (left, paths) = round.run(left)?;
        if left.is_empty() {
            return Ok(());
        }
        facts.ask(paths);
        facts = gather(evaluator, &facts)?;
    }
}

/// One set of workers, which ends when all is done or facts are wanted.
struct Round<'a> {
    evaluator: &'a Evaluator,
    attribute: fn(&str) -> AttributePath,
    facts: &'a Facts,
    herald: &'a Herald<'a>,
}

impl Round<'_> {
    /// Gives the names that are left, and the paths at which facts are wanted.
    fn run(&self, names: Vec<String>) -> Result<(Vec<String>, BTreeSet<Path>), Error> {
        let reads = Mutex::new(BTreeMap::new());
        let wanted = Mutex::new(BTreeSet::new());
        let left = run(
            self.evaluator,
            self.attribute,
            self.facts,
            names,
            |process, found| match found {
                Found::Read(read) => {
                    let mut reads = lock(&reads);
                    let reads: &mut Reads<'_> = reads
                        .entry(process)
                        .or_insert_with(|| Reads::new(self.facts));
                    reads.note(read);
                    let Some(paths) = reads.worth_asking() else {
                        return Ok(ControlFlow::Continue(()));
                    };
                    lock(&wanted).extend(paths.iter().cloned());
                    Ok(ControlFlow::Break(()))
                }
                found => self.herald.tell(found).map(ControlFlow::Continue),
            },
        )?;
        Ok((left, into_inner(wanted)))
    }
}

/// Finds facts of all machines. A machine that cannot be evaluated simply has none.
fn gather(evaluator: &Evaluator, asked: &Facts) -> Result<Facts, Error> {
    let names = evaluator.machine_names()?;
    let facts = Mutex::new(asked.clone());
    run(evaluator, AttributePath::facts, asked, names, |_, found| {
        // A byte that was no text has become U+FFFD: a machine with such a value has no facts.
        if let Found::Text(text) = found
            && !text.contains(char::REPLACEMENT_CHARACTER)
        {
            lock(&facts).learn(parse::<FactsText>(&text)?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(into_inner(facts))
}

/// Evaluates an attribute of each machine until all are done or `hear` breaks off or fails; gives
/// the names that are left.
fn run(
    evaluator: &Evaluator,
    attribute: fn(&str) -> AttributePath,
    facts: &Facts,
    names: Vec<String>,
    hear: impl Fn(usize, Found) -> Result<ControlFlow<()>, Error> + Sync,
) -> Result<Vec<String>, Error> {
    let failure = Mutex::new(None);
    let sink = |process, found| {
        hear(process, found).unwrap_or_else(|error| {
            *lock(&failure) = Some(error);
            ControlFlow::Break(())
        })
    };
    let program = evaluator.program_with(facts);
    let pool = Pool {
        evaluator,
        attribute,
        program: program.as_str(),
        workers: capacity::workers(evaluator.options.limits, names.len()),
        sink: &sink,
    };
    let left = pool.run(names)?;
    into_inner(failure).map_or(Ok(left), Err)
}

/// Tells news to the deploy, each once, however often processes were started again.
struct Herald<'a> {
    news: &'a Sender<Evaluated>,
    begun: Mutex<BTreeSet<String>>,
    announced: Mutex<BTreeSet<String>>,
}

impl<'a> Herald<'a> {
    fn new(news: &'a Sender<Evaluated>) -> Self {
        Self {
            news,
            begun: Mutex::default(),
            announced: Mutex::default(),
        }
    }

    fn tell(&self, found: Found) -> Result<(), Error> {
        match found {
            Found::Begun(machine) => {
                if lock(&self.begun).insert(machine.clone()) {
                    self.send(Evaluated::Begun { machine });
                }
            }
            Found::Target(text) => {
                let text: MachineText = parse(&text)?;
                self.announce(&text);
            }
            Found::Text(text) => self.finished(parse(&text)?),
            Found::Remark { machine, text } => self.send(Evaluated::remark(Some(machine), text)),
            Found::Failed {
                machine,
                diagnostic,
            } => self.send(Evaluated::Failed {
                machine,
                diagnostic,
            }),
            Found::Read(_) => {}
        }
        Ok(())
    }

    fn finished(&self, text: MachineText) {
        self.announce(&text);
        if let Some(machine) = text.into_machine() {
            self.send(Evaluated::Machine(Box::new(machine)));
        }
    }

    fn announce(&self, text: &MachineText) {
        if lock(&self.announced).insert(text.machine.clone()) {
            self.send(Evaluated::Target {
                machine: text.machine.clone(),
                options: Box::new(text.options.clone()),
                whereabouts: text.whereabouts.clone(),
            });
        }
    }

    /// Nobody listens any more once the deploy has given up.
    fn send(&self, news: Evaluated) {
        drop(self.news.send(news));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
