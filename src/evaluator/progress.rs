//! What became of a batch, by what its process said.

use std::ops::ControlFlow;

use nix_compat::log::Message;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Diagnostic, OutputRef, Position,
    pool::{Found, Pool},
    subject::Subject,
    text::BeginText,
    translate,
    worker::Heard,
};

/// Stands for the names of all that a flake could read of what it is.
const SHAPE: &str = "?";

/// What became of a batch so far.
pub struct Progress<'a> {
    pool: &'a Pool<'a>,
    pub process: usize,
    pub left: Vec<Subject>,
    pub current: Option<Subject>,
    /// Where what is being evaluated is defined.
    pub place: Option<Position>,
    pub error: Option<Box<Message>>,
    pub unexpected: Option<String>,
    /// Whether the process ends early, since another one is to go on.
    pub is_replaced: bool,
    /// Whether the flake has read what it is itself.
    pub reads_identity: bool,
    /// Whether it could see what there is of that, such as a revision.
    pub sees_shape: bool,
}

/// What every text says of itself.
#[derive(Deserialize)]
struct Named {
    #[serde(flatten)]
    subject: Subject,
}

impl<'a> Progress<'a> {
    pub fn new(pool: &'a Pool<'a>, process: usize, batch: Vec<Subject>) -> Self {
        Self {
            pool,
            process,
            left: batch,
            current: None,
            place: None,
            error: None,
            unexpected: None,
            is_replaced: false,
            reads_identity: false,
            sees_shape: false,
        }
    }

    pub fn label(&self) -> String {
        match self.left.as_slice() {
            [subject] => subject.name().to_owned(),
            [subject, ..] => subject.many(self.left.len()),
            [] => String::new(),
        }
    }

    /// Where the process died: the subject that had begun, or the next one if the text of that one
    /// arrived whole. The first, if the process did not get as far as any.
    pub fn suspect(&self) -> Option<Subject> {
        let is_current = |name: &&Subject| Some(*name) == self.current.as_ref();
        let unfinished = self.left.iter().find(is_current);
        unfinished.or(self.left.first()).cloned()
    }

    pub fn hear(&mut self, heard: Heard) -> ControlFlow<()> {
        match heard {
            Heard::Done(text) => self.finished(text),
            Heard::Target(text) => self.find(Found::Target(text)),
            Heard::Keys(text) => self.find(Found::Keys(text)),
            Heard::Begin(text) => self.understand(&text, Self::begun),
            Heard::Read(text) => self.understand(&text, |this, read| this.find(Found::Read(read))),
            Heard::Output(text) => {
                self.understand(&text, |this, read| this.find(Found::Output(read)))
            }
            Heard::Look(text) => self.understand(&text, |this, look| this.find(Found::Look(look))),
            Heard::Remark(text) => self.remark(text),
            Heard::Identity(name) => {
                let is_shape = name == SHAPE;
                self.sees_shape |= is_shape;
                self.reads_identity |= !is_shape;
                ControlFlow::Continue(())
            }
            Heard::Error(message) => {
                self.error = Some(message);
                ControlFlow::Continue(())
            }
            // Everything has been told already.
            Heard::Text(_) => ControlFlow::Continue(()),
        }
    }

    fn understand<T: DeserializeOwned>(
        &mut self,
        text: &str,
        then: impl FnOnce(&mut Self, T) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match serde_json::from_str(text) {
            Ok(value) => then(self, value),
            Err(error) => {
                self.unexpected = Some(error.to_string());
                ControlFlow::Break(())
            }
        }
    }

    pub fn find(&self, found: Found) -> ControlFlow<()> {
        (self.pool.sink)(self.process, found)
    }

    fn begun(&mut self, text: BeginText) -> ControlFlow<()> {
        let place = |place| translate::place(self.pool.evaluator.source(), place);
        self.place = text.position.as_ref().and_then(place);
        self.current = Some(text.subject.clone());
        self.find(Found::Begun(text.subject))
    }

    /// What Nix says before it comes to a subject, every process says again.
    fn remark(&self, text: String) -> ControlFlow<()> {
        match self.current.clone() {
            Some(subject) => self.find(Found::Remark { subject, text }),
            None => ControlFlow::Continue(()),
        }
    }

    fn finished(&mut self, text: String) -> ControlFlow<()> {
        match serde_json::from_str::<Named>(&text) {
            Ok(Named { subject }) => {
                self.left.retain(|left| *left != subject);
                self.find(Found::Text { subject, text })
            }
            Err(error) => {
                self.unexpected = Some(error.to_string());
                ControlFlow::Break(())
            }
        }
    }

    /// Reports an error as that of the subject that was being evaluated, or of the whole batch if the
    /// process did not get as far as any.
    ///
    /// An error that has no place in the user's files has at least that of its subject.
    pub fn blame(&mut self, mut diagnostic: Diagnostic, awaited: Option<&OutputRef>) {
        diagnostic.position = diagnostic.position.or(self.place.take());
        let blamed = match self.current.take() {
            Some(subject) => vec![subject],
            None => self.left.clone(),
        };
        for subject in blamed {
            self.left.retain(|left| *left != subject);
            // The batch is over already, so there is nothing that could be stopped.
            let _ = self.find(Found::Failed {
                subject,
                diagnostic: diagnostic.clone(),
                awaited: awaited.cloned(),
            });
        }
    }
}
