use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, mpsc},
};

use camino::Utf8PathBuf;
use nix_compat::log::{
    ActivityType, Field, Line, LogMessage, ResultType, VerbosityLevel, parse_line, strip_ansi,
};

use super::{BuildEvent, FailedDerivation, failures::Failures, teller::Teller};
use crate::process::Stream;

/// What the process said, to be verified against the store.
///
/// The stop of an activity is none: Nix sends it for a derivation that was asked for only when the whole process ends.
pub(super) enum Hint {
    /// Nix began to build this derivation, or to fetch this path.
    Started(Utf8PathBuf),
    /// One more of those that were begun is done.
    Advanced,
    /// This derivation failed.
    Failed(FailedDerivation),
}

/// Reads what the process says.
pub(super) struct Watch<'a> {
    /// The derivations that the running activities build.
    builds: HashMap<u64, Utf8PathBuf>,
    /// How many builds and copies are done, by the activities that count them.
    done: HashMap<u64, u64>,
    failures: &'a Mutex<Failures>,
    sender: mpsc::Sender<Hint>,
    teller: &'a Teller,
}

impl<'a> Watch<'a> {
    /// Sends hints to `sender` and events to `teller`.
    pub fn new(
        failures: &'a Mutex<Failures>,
        sender: mpsc::Sender<Hint>,
        teller: &'a Teller,
    ) -> Self {
        Self {
            builds: HashMap::new(),
            done: HashMap::new(),
            failures,
            sender,
            teller,
        }
    }

    /// Takes a line.
    pub fn line(&mut self, stream: Stream, line: &str) {
        if stream == Stream::Stdout {
            return;
        }
        match parse_line(line) {
            Line::Message(message) => self.message(message),
            Line::Text(text) if text.starts_with("error:") => self.error(text),
            Line::Text(_) => {}
        }
    }

    fn message(&mut self, message: LogMessage) {
        match message {
            LogMessage::Start {
                id, typ, fields, ..
            } => self.start(id, typ, &fields),
            LogMessage::Result { id, typ, fields } => self.result(id, typ, &fields),
            LogMessage::Stop { id } => {
                if let Some(drv) = self.builds.remove(&id) {
                    self.teller.stop(&drv);
                }
            }
            LogMessage::Msg(message) if message.level == VerbosityLevel::Error => {
                self.error(&strip_ansi(&message.msg));
            }
            _ => {}
        }
    }

    fn start(&mut self, id: u64, typ: ActivityType, fields: &[Field]) {
        match (typ, text(fields, 0)) {
            (ActivityType::Builds | ActivityType::CopyPaths, _) => drop(self.done.insert(id, 0)),
            (ActivityType::Build, Some(drv)) => {
                self.builds.insert(id, drv.into());
                self.teller.start(drv.into());
                self.hint(Hint::Started(drv.into()));
            }
            (ActivityType::Substitute, Some(path)) => {
                let from = text(fields, 1).unwrap_or_default().to_owned();
                self.teller.tell(BuildEvent::Fetching {
                    path: path.into(),
                    from,
                });
                self.hint(Hint::Started(path.into()));
            }
            _ => {}
        }
    }

    fn result(&mut self, id: u64, typ: ResultType, fields: &[Field]) {
        match (typ, fields.first()) {
            (ResultType::BuildLogLine, Some(Field::String(line))) => {
                if let Some(drv) = self.builds.get(&id) {
                    let line = strip_ansi(line).into_owned();
                    self.lock().note_line(drv, &line);
                    self.teller.tell(BuildEvent::Line {
                        drv: drv.clone(),
                        line,
                    });
                }
            }
            (ResultType::Progress, Some(Field::Int(now))) if self.advances(id, *now) => {
                self.hint(Hint::Advanced);
            }
            _ => {}
        }
    }

    /// Notes a count; tells whether it grew.
    fn advances(&mut self, id: u64, now: u64) -> bool {
        self.done
            .get_mut(&id)
            .is_some_and(|done| std::mem::replace(done, now) < now)
    }

    fn error(&self, message: &str) {
        if let Some(failed) = self.lock().note_error(message) {
            self.hint(Hint::Failed(failed));
        }
    }

    fn hint(&self, hint: Hint) {
        // The verifier listens until this side is dropped.
        let _ = self.sender.send(hint);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(fields: &[Field], index: usize) -> Option<&str> {
    fields.get(index).and_then(Field::as_str)
}
