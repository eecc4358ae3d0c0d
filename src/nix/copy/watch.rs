use std::collections::HashMap;

use nix_compat::log::{
    ActivityType, Field, Line, LogMessage, ResultType, VerbosityLevel, parse_line, strip_ansi,
};

use super::CopyProgress;

/// Reads what `nix copy` says.
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
    /// Takes a line; tells whether there is progress to show.
    pub fn line(&mut self, line: &str) -> bool {
        match parse_line(line) {
            Line::Message(message) => self.message(message),
            Line::Text(text) => {
                self.said.push(text.to_owned());
                false
            }
        }
    }

    fn message(&mut self, message: LogMessage) -> bool {
        match message {
            LogMessage::Start {
                id,
                typ: ActivityType::CopyPath,
                ..
            } => self.running.insert(id, 0).is_none(),
            LogMessage::Start {
                id,
                typ: ActivityType::CopyPaths,
                text,
                ..
            } => {
                self.paths_activity = Some(id);
                // Nix 2.8 reports no progress, but says here how much there is to do: "copying 3 paths".
                let counted = text.split(' ').find_map(|word| word.parse().ok());
                self.paths_expected = counted.unwrap_or(self.paths_expected);
                counted.is_some()
            }
            LogMessage::Result {
                id,
                typ: ResultType::Progress,
                fields,
            } => self.advance(id, &fields),
            LogMessage::Result {
                typ: ResultType::SetExpected,
                fields,
                ..
            } => self.expect(&fields),
            LogMessage::Stop { id } => {
                let Some(bytes) = self.running.remove(&id) else {
                    return false;
                };
                self.finished += bytes;
                self.paths_ended += 1;
                true
            }
            LogMessage::Msg(message)
                if matches!(message.level, VerbosityLevel::Error | VerbosityLevel::Warn) =>
            {
                self.said.push(strip_ansi(&message.msg).trim().to_owned());
                false
            }
            _ => false,
        }
    }

    fn advance(&mut self, id: u64, fields: &[Field]) -> bool {
        let (done, expected) = (number(fields, 0), number(fields, 1));
        if let Some(bytes) = self.running.get_mut(&id) {
            *bytes = done;
        } else if self.paths_activity == Some(id) {
            (self.paths, self.paths_expected) = (done, expected);
        } else {
            return false;
        }
        true
    }

    fn expect(&mut self, fields: &[Field]) -> bool {
        let about_bytes = number(fields, 0) == u64::from(ActivityType::CopyPath);
        if about_bytes {
            self.bytes_expected = number(fields, 1);
        }
        about_bytes
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
