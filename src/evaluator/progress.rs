//! What became of a batch, by what its process said.

use std::ops::ControlFlow;

use nix_compat::log::Message;
use serde::Deserialize;

use super::{
    Diagnostic, Position,
    pool::{Found, Pool},
    text::BeginText,
    translate,
    worker::Heard,
};

/// What became of a batch so far.
pub struct Progress<'a> {
    pool: &'a Pool<'a>,
    process: usize,
    pub left: Vec<String>,
    pub current: Option<String>,
    /// Where the current machine is defined.
    pub place: Option<Position>,
    pub error: Option<Box<Message>>,
    pub unexpected: Option<String>,
}

/// What every text says of itself.
#[derive(Deserialize)]
struct Named {
    machine: String,
}

impl<'a> Progress<'a> {
    pub fn new(pool: &'a Pool<'a>, process: usize, batch: Vec<String>) -> Self {
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

    pub fn label(&self) -> String {
        match self.left.as_slice() {
            [name] => name.clone(),
            names => format!("{} machines", names.len()),
        }
    }

    /// The machine at which the process died: the one that had begun, or the next one if the text
    /// of that one arrived whole. The first, if the process did not get as far as a machine.
    pub fn suspect(&self) -> Option<String> {
        let is_current = |name: &&String| Some(*name) == self.current.as_ref();
        let unfinished = self.left.iter().find(is_current);
        unfinished.or(self.left.first()).cloned()
    }

    pub fn hear(&mut self, heard: Heard) -> ControlFlow<()> {
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
    pub fn blame(&mut self, mut diagnostic: Diagnostic) {
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
