//! Workers that share the machines of a network.

use std::{
    collections::BTreeSet,
    mem,
    sync::mpsc::Sender,
    thread::{self, ScopedJoinHandle},
};

use super::{
    AttributePath, Diagnostic, Error, Evaluated, Evaluator, Position, capacity,
    queue::Queue,
    text::{BeginText, MachineText},
    translate,
    worker::{self, Heard},
};

/// Evaluates an attribute of each machine, with as many processes as fit.
pub fn evaluate(
    evaluator: &Evaluator,
    attribute: fn(&str) -> AttributePath,
    names: &[String],
    news: &Sender<Evaluated>,
) -> Result<(), Error> {
    let workers = capacity::workers(evaluator.options.limits, names.len());
    let queue = Queue::new(names.iter().cloned(), workers);
    let pool = Pool {
        evaluator,
        attribute,
        queue: &queue,
        news,
    };
    thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(|| pool.work())).collect();
        handles.into_iter().try_for_each(join)
    })
}

fn join(handle: ScopedJoinHandle<'_, Result<(), Error>>) -> Result<(), Error> {
    handle
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

struct Pool<'a> {
    evaluator: &'a Evaluator,
    attribute: fn(&str) -> AttributePath,
    queue: &'a Queue,
    news: &'a Sender<Evaluated>,
}

impl Pool<'_> {
    /// Evaluates batches until there are none left.
    fn work(&self) -> Result<(), Error> {
        while let Some(batch) = self.queue.take() {
            let mut progress = Progress::new(self.evaluator, self.news, batch);
            let result = self.run(&mut progress);
            if result.is_err() {
                self.queue.clear();
            }
            self.queue.finish(mem::take(&mut progress.left));
            result?;
        }
        Ok(())
    }

    /// Runs one process for a batch and settles what became of each name in it.
    fn run(&self, progress: &mut Progress<'_>) -> Result<(), Error> {
        let paths: Vec<_> = progress
            .left
            .iter()
            .map(|name| (self.attribute)(name))
            .collect();
        let ended = worker::run(
            &self.evaluator.processes,
            &mut self.evaluator.command(&paths),
            &format!("evaluate {}", progress.label()),
            self.evaluator.program.as_str(),
            |heard| progress.hear(heard),
        )?;
        if let Some(reason) = progress.unexpected.take() {
            return Err(Error::unexpected(&reason));
        }
        if let Some(error) = progress.error.take() {
            let diagnostic = self.evaluator.diagnose(&error, progress.place.as_ref());
            progress.blame(diagnostic);
        } else if !ended.status.success() {
            self.mourn(
                progress,
                translate::death(&ended.stray, &ended.status.to_string()),
            );
        } else if !progress.left.is_empty() {
            return Err(Error::unexpected("fewer texts than machines"));
        }
        Ok(())
    }

    /// A process died without an error: its memory may have been taken by another one, so the
    /// machine at which it died gets a process of its own before it is blamed.
    fn mourn(&self, progress: &mut Progress<'_>, death: Diagnostic) {
        match progress.suspect() {
            Some(name) if self.queue.suspect(&name) => {
                progress.left.retain(|left| *left != name);
            }
            suspect => {
                if suspect != progress.current {
                    progress.place = None;
                }
                progress.current = suspect;
                progress.blame(death);
            }
        }
    }
}

/// What became of a batch so far.
struct Progress<'a> {
    evaluator: &'a Evaluator,
    news: &'a Sender<Evaluated>,
    left: Vec<String>,
    announced: BTreeSet<String>,
    current: Option<String>,
    /// Where the current machine is defined.
    place: Option<Position>,
    error: Option<Box<nix_compat::log::Message>>,
    unexpected: Option<String>,
}

impl<'a> Progress<'a> {
    fn new(evaluator: &'a Evaluator, news: &'a Sender<Evaluated>, batch: Vec<String>) -> Self {
        Self {
            evaluator,
            news,
            left: batch,
            announced: BTreeSet::new(),
            current: None,
            place: None,
            error: None,
            unexpected: None,
        }
    }

    fn label(&self) -> String {
        match self.left.as_slice() {
            [name] => name.clone(),
            names => format!("{} machines", names.len()),
        }
    }

    /// The machine at which the process died: the one that had begun, or the next one if the text
    /// of that one arrived whole. None if the process did not get as far as a machine.
    fn suspect(&self) -> Option<String> {
        let current = self.current.as_ref()?;
        let unfinished = self.left.iter().find(|name| *name == current);
        unfinished.or(self.left.first()).cloned()
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Text(text) => self.finished(&text),
            Heard::Target(text) => self.target(&text),
            Heard::Begin(text) => self.begun(&text),
            Heard::Remark(text) => self.remark(text),
            Heard::Error(message) => self.error = Some(message),
        }
    }

    fn begun(&mut self, text: &str) {
        match serde_json::from_str::<BeginText>(text) {
            Ok(text) => {
                self.place = text
                    .position
                    .and_then(|place| translate::place(&self.evaluator.source, &place));
                self.current = Some(text.machine.clone());
                self.send(Evaluated::Begun {
                    machine: text.machine,
                });
            }
            Err(error) => self.unexpected = Some(error.to_string()),
        }
    }

    /// What Nix says before it comes to a machine, every process says again.
    fn remark(&self, text: String) {
        if self.current.is_some() {
            self.send(Evaluated::Message {
                machine: self.current.clone(),
                text,
            });
        }
    }

    /// Options come early on standard error; a process that is started again repeats them.
    fn target(&mut self, text: &str) {
        match serde_json::from_str::<MachineText>(text) {
            Ok(text) => self.announce(text.machine, text.options),
            Err(error) => self.unexpected = Some(error.to_string()),
        }
    }

    fn finished(&mut self, text: &str) {
        match serde_json::from_str::<MachineText>(text) {
            Ok(text) => {
                self.left.retain(|name| *name != text.machine);
                self.announce(text.machine.clone(), text.options.clone());
                if let Some(machine) = text.into_machine() {
                    self.send(Evaluated::Machine(Box::new(machine)));
                }
            }
            Err(error) => self.unexpected = Some(error.to_string()),
        }
    }

    fn announce(&mut self, machine: String, options: crate::network::MachineOptions) {
        if self.announced.insert(machine.clone()) {
            self.send(Evaluated::Target { machine, options });
        }
    }

    /// Reports an error as that of the machine that was being evaluated, or of the whole batch
    /// if the process did not get as far as a machine.
    ///
    /// An error that has no place in the user's files has at least that of its machine.
    fn blame(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.position = diagnostic.position.or(self.place.take());
        let blamed = match self.current.take() {
            Some(machine) => vec![machine],
            None => self.left.clone(),
        };
        for machine in blamed {
            self.left.retain(|name| *name != machine);
            self.send(Evaluated::Failed {
                machine,
                diagnostic: diagnostic.clone(),
            });
        }
    }

    /// Tells the news. Nobody listens any more once the deploy has given up.
    fn send(&self, news: Evaluated) {
        drop(self.news.send(news));
    }
}
