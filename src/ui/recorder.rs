//! Keeps what happens in a run in a file, for later.

use std::fs::File;
use std::io::Write as _;

use super::Event;

/// Events that are remembered until it is known where they go; a run says little before.
const REMEMBERED: usize = 1_000;

/// Keeps events, as `--json` writes them.
pub(super) enum Recorder {
    /// Nothing is kept of this run.
    Off,
    /// Nobody has said yet where to: the lines so far.
    Waiting(Vec<String>),
    /// Each is written when it comes.
    On(File),
}

impl Recorder {
    pub(super) fn new(is_recorded: bool) -> Self {
        if is_recorded {
            Self::Waiting(Vec::new())
        } else {
            Self::Off
        }
    }

    /// Begins to write to a file, with what was remembered.
    pub(super) fn begin(&mut self, file: File) {
        if let Self::Waiting(lines) = self {
            let lines = std::mem::take(lines);
            *self = Self::On(file);
            for line in lines {
                self.line(&line);
            }
        }
    }

    /// Keeps an event.
    pub(super) fn event(&mut self, event: &Event) {
        if matches!(self, Self::Off) || !is_worth_keeping(event) {
            return;
        }
        if let Ok(line) = serde_json::to_string(event) {
            self.line(&(line + "\n"));
        }
    }

    fn line(&mut self, line: &str) {
        match self {
            Self::Waiting(lines) if lines.len() < REMEMBERED => lines.push(line.to_owned()),
            Self::Off | Self::Waiting(_) => {}
            // A disk that is full is no reason to end a deploy, and what it did is told anyway.
            Self::On(file) => {
                if file.write_all(line.as_bytes()).is_err() {
                    *self = Self::Off;
                }
            }
        }
    }
}

/// How far a copy is, twice a second, is of no use later.
fn is_worth_keeping(event: &Event) -> bool {
    !matches!(event, Event::CopyProgress { .. })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;

    fn note(message: &str) -> Event {
        let message = message.to_owned();
        Event::Note { message }
    }

    #[test]
    fn what_came_before_the_file_is_in_it_too() {
        let mut file = tempfile::tempfile().unwrap();
        let mut recorder = Recorder::new(true);
        recorder.event(&note("one"));
        recorder.begin(file.try_clone().unwrap());
        recorder.event(&note("two"));
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let lines = [
            r#"{"event":"note","message":"one"}"#,
            r#"{"event":"note","message":"two"}"#,
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn of_a_run_that_is_not_kept_nothing_is() {
        let mut file = tempfile::tempfile().unwrap();
        let mut recorder = Recorder::new(false);
        recorder.event(&note("one"));
        recorder.begin(file.try_clone().unwrap());
        recorder.event(&note("two"));
        assert_eq!(file.seek(std::io::SeekFrom::End(0)).unwrap(), 0);
    }
}
