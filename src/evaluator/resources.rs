//! The evaluation of resources: attempts first, and then what those that threw have to say.
//!
//! An error ends a Nix process, and another one has to begin. Where many resources wait for outputs that
//! are not known yet, many fail. So a resource is first evaluated such that what it throws is only noted:
//! if it awaits an output, there is nothing more to be said of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::Mutex,
};

use crate::state::Key;

use super::{
    AttributePath, Diagnostic, Error, EvaluatedResource, Evaluator, FailedResource, Given, Known,
    OutputRef, Reads, capacity,
    fleet::{into_inner, lock},
    parse,
    pool::{Found, Pool},
    queue::Grain,
    reads::{Log, Logs},
    recall::Remembering,
    subject::Subject,
    text::ResourceText,
};

/// How many errors are worth a process each.
const MOST_EXPLAINED: usize = 50;

/// Resources are evaluated without facts.
static NO_FACTS: Log = Log::new();

/// What became of a resource.
type Outcome = Result<EvaluatedResource, FailedResource>;

/// Evaluates resources, and gives what became of each in their order.
pub fn evaluate(evaluator: &Evaluator, keys: &[Key], known: &Known) -> Result<Vec<Outcome>, Error> {
    let stock = Stock {
        evaluator,
        known,
        remembering: evaluator.remembering(known),
        found: Mutex::default(),
    };
    let unknown = stock.remember(keys);
    stock.run(AttributePath::attempt, unknown)?;
    let silent = lock(&stock.found).silent();
    let explained = silent.iter().take(MOST_EXPLAINED).cloned().collect();
    stock.run(AttributePath::whole, explained)?;
    let mut found = into_inner(stock.found);
    for key in silent.into_iter().skip(MOST_EXPLAINED) {
        found.fail(key, unexplained(), None);
    }
    let outcomes = keys.iter().map(|key| found.outcomes.remove(key));
    outcomes
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Error::unexpected("no word of a resource"))
}

/// What is said of a resource that throws where many do.
fn unexplained() -> Diagnostic {
    Diagnostic {
        message: format!("it throws, as do {MOST_EXPLAINED} others whose errors are shown"),
        position: None,
        hint: None,
        trace: Vec::new(),
    }
}

/// Resources that are being evaluated.
struct Stock<'a> {
    evaluator: &'a Evaluator,
    known: &'a Known,
    remembering: Option<Remembering<'a>>,
    found: Mutex<FoundResources>,
}

/// What has been found of resources.
#[derive(Default)]
struct FoundResources {
    logs: BTreeMap<usize, Log>,
    outcomes: BTreeMap<Key, Outcome>,
    reads: BTreeMap<Key, Reads>,
    threw: BTreeSet<Key>,
}

impl Stock<'_> {
    /// Takes what is remembered of resources, and gives the others.
    fn remember(&self, keys: &[Key]) -> Vec<Key> {
        let remembering = self.remembering.as_ref();
        let remembered = remembering.map(|remembering| remembering.resources(keys));
        let mut found = lock(&self.found);
        for remembered in remembered.into_iter().flat_map(BTreeMap::into_values) {
            // What cannot be read is not remembered.
            if let Ok(text) = parse(&remembered.text) {
                found.resource(text, remembered.reads);
            }
        }
        let unknown = keys.iter().filter(|key| !found.outcomes.contains_key(key));
        unknown.cloned().collect()
    }

    fn run(&self, attribute: fn(&Subject) -> AttributePath, keys: Vec<Key>) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let failure = Mutex::new(None);
        let sink = |process, found| match self.hear(process, found) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                *lock(&failure) = Some(error);
                ControlFlow::Break(())
            }
        };
        let program = self.evaluator.program_with(Given {
            known: Some(self.known),
            ..Given::default()
        });
        let pool = Pool {
            evaluator: self.evaluator,
            attribute,
            program: program.as_str(),
            workers: capacity::workers_of_resources(self.evaluator.options.limits, keys.len()),
            grain: Grain::Coarse,
            recorder: None,
            sink: &sink,
        };
        lock(&self.found).logs.clear();
        pool.run(keys.into_iter().map(Subject::Resource).collect())?;
        into_inner(failure).map_or(Ok(()), Err)
    }

    fn hear(&self, process: usize, found: Found) -> Result<(), Error> {
        let mut all = lock(&self.found);
        match found {
            Found::Begun(subject) => all.log(process).forget(&subject),
            Found::Output(read) => all.log(process).note(read),
            Found::Look(look) => all.log(process).note_look(look),
            Found::Text { subject, text } => {
                let resource: ResourceText = parse(&text)?;
                if let Some(remembering) = self.remembering.as_ref().filter(|_| !resource.failed) {
                    remembering.keep_resource(&resource, text, all.logs(process));
                }
                let (reads, awaited) = all.read(process, &subject, self.known);
                self.finished(&mut all, resource, reads, awaited);
            }
            Found::Failed {
                subject: Subject::Resource(key),
                diagnostic,
                awaited,
            } => {
                let subject = Subject::Resource(key.clone());
                let (reads, read) = all.read(process, &subject, self.known);
                all.reads.insert(key.clone(), reads);
                all.fail(key, diagnostic, awaited.or(read));
            }
            _ => {}
        }
        Ok(())
    }

    fn finished(
        &self,
        all: &mut FoundResources,
        text: ResourceText,
        reads: Reads,
        awaited: Option<OutputRef>,
    ) {
        if !text.failed {
            all.resource(text, reads);
            return;
        }
        let key = text.resource;
        all.reads.insert(key.clone(), reads);
        match awaited {
            Some(output) => {
                let diagnostic = Diagnostic {
                    message: self.evaluator.awaits(&output),
                    position: text.whereabouts.place(self.evaluator.source()),
                    hint: None,
                    trace: Vec::new(),
                };
                all.fail(key, diagnostic, Some(output));
            }
            None => {
                all.threw.insert(key);
            }
        }
    }
}

impl FoundResources {
    fn log(&mut self, process: usize) -> &mut Log {
        self.logs.entry(process).or_default()
    }

    /// What a process has told.
    fn logs(&mut self, process: usize) -> Logs<'_> {
        Logs {
            process: self.log(process),
            facts: &NO_FACTS,
        }
    }

    fn resource(&mut self, text: ResourceText, reads: Reads) {
        let key = text.resource;
        let resource = EvaluatedResource {
            kind: key.kind.clone(),
            name: key.name.clone(),
            value: text.value,
            lifecycle: text.lifecycle,
            reads,
            whereabouts: text.whereabouts,
        };
        self.outcomes.insert(key, Ok(resource));
    }

    /// What a subject has read in a process, and the first of it that is not known yet.
    fn read(
        &mut self,
        process: usize,
        subject: &Subject,
        known: &Known,
    ) -> (Reads, Option<OutputRef>) {
        let logs = self.logs(process);
        let read = (logs.of(subject), logs.first_unknown(subject, known));
        self.log(process).forget(subject);
        read
    }

    fn fail(&mut self, key: Key, diagnostic: Diagnostic, unknown: Option<OutputRef>) {
        let failed = FailedResource {
            key: key.clone(),
            diagnostic,
            unknown,
            reads: self.reads.remove(&key).unwrap_or_default(),
        };
        self.outcomes.insert(key, Err(failed));
    }

    /// Resources that threw and of which it is not known what.
    fn silent(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.threw).into_iter().collect()
    }
}
