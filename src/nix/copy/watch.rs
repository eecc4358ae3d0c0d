use std::collections::HashMap;

use camino::Utf8PathBuf;
use nix_compat::log::{
    ActivityType, Field, Line, LogMessage, ResultType, VerbosityLevel, parse_line, strip_ansi,
};

use super::{CopyEvent, CopyProgress};

/// What a message was about.
#[derive(Debug)]
pub(super) enum Heard {
    /// There is more progress.
    Progress,
    /// A path begins to be fetched by a machine itself.
    Fetching { path: Utf8PathBuf, from: String },
}

/// Reads what `nix copy` says of a copy, or a daemon of what it fetches.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Bytes of the running copies of single paths.
    running: HashMap<u64, u64>,
    /// Bytes of those that ended.
    finished: u64,
    bytes_expected: u64,
    /// The activity that counts paths.
    paths_activity: Option<u64>,
    /// Paths done, as Nix counts them.
    paths: u64,
    /// Paths done, as we count them.
    paths_ended: u64,
    paths_expected: u64,
    /// Warnings and errors, and what ssh wrote.
    pub said: Vec<String>,
}

impl Watch {
    /// Takes a line of a program.
    pub fn line(&mut self, line: &str) -> Option<Heard> {
        match parse_line(line) {
            Line::Message(message) => self.message(&message),
            Line::Text(text) => {
                self.said.push(text.to_owned());
                None
            }
        }
    }

    /// Takes a message.
    pub fn message(&mut self, message: &LogMessage) -> Option<Heard> {
        match message {
            LogMessage::Start {
                id,
                typ,
                text,
                fields,
                ..
            } => self.start(*id, *typ, text, fields),
            LogMessage::Result {
                id,
                typ: ResultType::Progress,
                fields,
            } => self.advance(*id, fields),
            LogMessage::Result {
                typ: ResultType::SetExpected,
                fields,
                ..
            } => self.expect(fields),
            LogMessage::Stop { id } => {
                self.finished += self.running.remove(id)?;
                self.paths_ended += 1;
                Some(Heard::Progress)
            }
            LogMessage::Msg(message)
                if matches!(message.level, VerbosityLevel::Error | VerbosityLevel::Warn) =>
            {
                self.said.push(strip_ansi(&message.msg).trim().to_owned());
                None
            }
            _ => None,
        }
    }

    fn start(&mut self, id: u64, typ: ActivityType, text: &str, fields: &[Field]) -> Option<Heard> {
        match typ {
            ActivityType::Substitute => {
                let field = |index| fields.get(index).and_then(Field::as_str);
                Some(Heard::Fetching {
                    path: field(0)?.into(),
                    from: field(1).unwrap_or_default().to_owned(),
                })
            }
            ActivityType::CopyPath => {
                self.running.insert(id, 0);
                Some(Heard::Progress)
            }
            ActivityType::CopyPaths => {
                self.paths_activity = Some(id);
                // Nix 2.8 reports no progress, but says here how much there is to do: "copying 3 paths".
                self.paths_expected = text.split(' ').find_map(|word| word.parse().ok())?;
                Some(Heard::Progress)
            }
            _ => None,
        }
    }

    fn advance(&mut self, id: u64, fields: &[Field]) -> Option<Heard> {
        let (done, expected) = (number(fields, 0), number(fields, 1));
        if let Some(bytes) = self.running.get_mut(&id) {
            *bytes = done;
        } else if self.paths_activity == Some(id) {
            (self.paths, self.paths_expected) = (done, expected);
        } else {
            return None;
        }
        Some(Heard::Progress)
    }

    fn expect(&mut self, fields: &[Field]) -> Option<Heard> {
        let about_bytes = number(fields, 0) == u64::from(ActivityType::CopyPath);
        about_bytes.then(|| {
            self.bytes_expected = number(fields, 1);
            Heard::Progress
        })
    }

    /// What is told of what was heard; `way` says how paths get there.
    pub fn event(&self, heard: Heard, way: fn(CopyProgress) -> CopyEvent) -> CopyEvent {
        match heard {
            Heard::Progress => way(self.progress()),
            Heard::Fetching { path, from } => CopyEvent::Fetching { path, from },
        }
    }

    /// How far the copy is.
    pub fn progress(&self) -> CopyProgress {
        CopyProgress {
            bytes: self.finished + self.running.values().sum::<u64>(),
            bytes_expected: self.bytes_expected,
            paths: self.paths.max(self.paths_ended),
            paths_expected: self.paths_expected,
        }
    }
}

fn number(fields: &[Field], index: usize) -> u64 {
    fields
        .get(index)
        .and_then(Field::as_u64)
        .unwrap_or_default()
}
