//! Workers that share names.

use std::{
    mem,
    num::NonZero,
    ops::ControlFlow,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{self, ScopedJoinHandle},
};

use nix_compat::log::Message;
use serde::Deserialize;

use super::{
    AttributePath, Diagnostic, Error, Evaluator, Position,
    facts::Read,
    queue::Queue,
    text::BeginText,
    translate,
    worker::{self, Ended, Heard},
};

/// What a pool finds.
#[derive(Debug)]
pub enum Found {
    /// Evaluation of a machine has begun; again if its process had to be started again.
    Begun(String),
    /// JSON of the options of a machine.
    Target(String),
    /// The JSON text that an attribute gave.
    Text(String),
    /// Nix has something to say about a machine.
    Remark {
        /// The machine.
        machine: String,
        /// What it says.
        text: String,
    },
    /// A machine reads another one.
    Read(Read),
    /// A machine could not be evaluated.
    Failed {
        /// The machine.
        machine: String,
        /// What is wrong.
        diagnostic: Diagnostic,
    },
}

/// What happens to everything that is found, with the number of the process that found it;
/// [`ControlFlow::Break`] stops the pool.
pub type Sink<'a> = dyn Fn(usize, Found) -> ControlFlow<()> + Sync + 'a;

/// Workers that evaluate the same attribute of many machines.
pub struct Pool<'a> {
    /// What is evaluated, and how.
    pub evaluator: &'a Evaluator,
    /// The attribute of each machine.
    pub attribute: fn(&str) -> AttributePath,
    /// The program text.
    pub program: &'a str,
    /// Number of processes.
    pub workers: NonZero<usize>,
    /// Where everything goes.
    pub sink: &'a Sink<'a>,
}

impl Pool<'_> {
    /// Evaluates the attribute of each machine; gives the names that are left if it was stopped.
    pub fn run(&self, names: Vec<String>) -> Result<Vec<String>, Error> {
        let queue = Queue::new(names, self.workers.get());
        let processes = AtomicUsize::new(0);
        thread::scope(|scope| {
            let handles: Vec<_> = (0..self.workers.get())
                .map(|_| scope.spawn(|| self.work(&queue, &processes)))
                .collect();
            handles.into_iter().try_for_each(join)
        })?;
        Ok(queue.into_rest())
    }

    /// Evaluates batches until there are none left.
    fn work(&self, queue: &Queue, processes: &AtomicUsize) -> Result<(), Error> {
        while let Some(batch) = queue.take() {
            let process = processes.fetch_add(1, Ordering::Relaxed);
            let mut progress = Progress::new(self, process, batch);
            let result = self.batch(&mut progress, queue);
            if result.is_err() {
                queue.stop();
            }
            queue.finish(mem::take(&mut progress.left));
            result?;
        }
        Ok(())
    }

    /// Runs one process for a batch and settles what became of each name in it.
    fn batch(&self, progress: &mut Progress<'_>, queue: &Queue) -> Result<(), Error> {
        let paths: Vec<_> = progress
            .left
            .iter()
            .map(|name| (self.attribute)(name))
            .collect();
        let ended = worker::run(
            &self.evaluator.processes,
            &mut self.evaluator.command(&paths),
            &format!("evaluate {}", progress.label()),
            self.program,
            |heard| {
                if progress.hear(heard).is_break() {
                    queue.stop();
                }
                if queue.is_stopped() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        )?;
        if let Some(reason) = progress.unexpected.take() {
            return Err(Error::unexpected(&reason));
        }
        if queue.is_stopped() {
            return Ok(());
        }
        self.settle(progress, queue, &ended)
    }

    /// Says what became of a batch whose process ended by itself.
    fn settle(
        &self,
        progress: &mut Progress<'_>,
        queue: &Queue,
        ended: &Ended,
    ) -> Result<(), Error> {
        if ended.status.success() {
            return if progress.left.is_empty() {
                Ok(())
            } else {
                Err(Error::unexpected("fewer texts than machines"))
            };
        }
        let error = progress.error.take();
        let diagnostic = error.as_ref().map_or_else(
            || translate::death(&ended.stray, &ended.status.to_string()),
            |error| self.evaluator.diagnose(error, progress.place.as_ref()),
        );
        if error.is_some_and(|error| !translate::is_contention(&error)) {
            progress.blame(diagnostic);
        } else {
            mourn(progress, queue, diagnostic);
        }
        Ok(())
    }
}

fn join(handle: ScopedJoinHandle<'_, Result<(), Error>>) -> Result<(), Error> {
    handle
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A process died, but perhaps not by what it evaluated: its memory may have been taken by another
/// one. The machine at which it died gets a process of its own before it is blamed.
fn mourn(progress: &mut Progress<'_>, queue: &Queue, death: Diagnostic) {
    match progress.suspect() {
        Some(name) if queue.suspect(&name) => progress.left.retain(|left| *left != name),
        suspect => {
            if suspect != progress.current {
                progress.place = None;
            }
            progress.current = suspect;
            progress.blame(death);
        }
    }
}

/// What became of a batch so far.
struct Progress<'a> {
    pool: &'a Pool<'a>,
    process: usize,
    left: Vec<String>,
    current: Option<String>,
    /// Where the current machine is defined.
    place: Option<Position>,
    error: Option<Box<Message>>,
    unexpected: Option<String>,
}

/// What every text says of itself.
#[derive(Deserialize)]
struct Named {
    machine: String,
}

impl<'a> Progress<'a> {
    fn new(pool: &'a Pool<'a>, process: usize, batch: Vec<String>) -> Self {
        Self {
            pool,
            process,
            left: batch,
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
    /// of that one arrived whole. The first, if the process did not get as far as a machine.
    fn suspect(&self) -> Option<String> {
        let is_current = |name: &&String| Some(*name) == self.current.as_ref();
        let unfinished = self.left.iter().find(is_current);
        unfinished.or(self.left.first()).cloned()
    }

    fn hear(&mut self, heard: Heard) -> ControlFlow<()> {
        match heard {
            Heard::Text(text) => self.finished(text),
            Heard::Target(text) => self.find(Found::Target(text)),
            Heard::Begin(text) => match serde_json::from_str(&text) {
                Ok(text) => self.begun(text),
                Err(error) => self.misunderstand(&error),
            },
            Heard::Read(text) => match serde_json::from_str(&text) {
                Ok(read) => self.find(Found::Read(read)),
                Err(error) => self.misunderstand(&error),
            },
            Heard::Remark(text) => self.remark(text),
            Heard::Error(message) => {
                self.error = Some(message);
                ControlFlow::Continue(())
            }
        }
    }

    fn find(&self, found: Found) -> ControlFlow<()> {
        (self.pool.sink)(self.process, found)
    }

    fn begun(&mut self, text: BeginText) -> ControlFlow<()> {
        let place = |place| translate::place(self.pool.evaluator.source(), place);
        self.place = text.position.as_ref().and_then(place);
        self.current = Some(text.machine.clone());
        self.find(Found::Begun(text.machine))
    }

    fn misunderstand(&mut self, error: &serde_json::Error) -> ControlFlow<()> {
        self.unexpected = Some(error.to_string());
        ControlFlow::Break(())
    }

    /// What Nix says before it comes to a machine, every process says again.
    fn remark(&self, text: String) -> ControlFlow<()> {
        match self.current.clone() {
            Some(machine) => self.find(Found::Remark { machine, text }),
            None => ControlFlow::Continue(()),
        }
    }

    fn finished(&mut self, text: String) -> ControlFlow<()> {
        match serde_json::from_str::<Named>(&text) {
            Ok(Named { machine }) => {
                self.left.retain(|name| *name != machine);
                self.find(Found::Text(text))
            }
            Err(error) => self.misunderstand(&error),
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
            // The batch is over already, so there is nothing that could be stopped.
            let _ = self.find(Found::Failed {
                machine,
                diagnostic: diagnostic.clone(),
            });
        }
    }
}
