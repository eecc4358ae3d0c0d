//! The run on a terminal: what is going on, and what went wrong.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::plan::Outcome;

use super::Event;
use super::handle::{Options, Renderer, ended};
use super::progress::Progress;
use super::sink::Sink;
use super::talk::{Talk, logged};

/// Shows a few lines that change in place, and leaves behind only what matters.
pub(super) struct Live {
    out: Sink,
    err: Sink,
    talk: Talk,
    progress: Progress,
    bar: ProgressBar,
}

impl Live {
    pub(super) fn new(out: Sink, err: Sink, options: Options) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        let talk = Talk::new(options, err.color());
        let progress = Progress::new(Instant::now());
        Self {
            out,
            err,
            talk,
            progress,
            bar,
        }
    }

    /// Brings the cursor back to the beginning of its line. The display leaves it at the right
    /// margin, where the `^C` that a terminal echoes would begin a line that nobody takes away.
    fn rewind(&mut self) {
        if !self.bar.is_hidden() && !self.bar.is_finished() {
            self.err.write("\r");
        }
    }

    /// Text that stays above the display.
    fn text(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Log { machine, line, .. } if self.talk.is_verbose() => {
                Some(logged(machine.as_deref(), line))
            }
            Event::MachineDone { machine, outcome } => {
                // Taken in any case, so that a long run holds the output of no finished machine.
                let output = self.progress.take_output(machine);
                if self.talk.is_verbose() {
                    return self.talk.words(event);
                }
                if outcome.is_success() && *outcome != Outcome::DryActivated {
                    return None;
                }
                let output = output.iter().map(|line| logged(Some(machine), line));
                let lines: Vec<String> = output.chain(self.talk.words(event)).collect();
                Some(lines.join("\n"))
            }
            other => self.talk.words(other),
        }
    }
}

impl Renderer for Live {
    fn event(&mut self, event: &Event) {
        self.progress.note(event, Instant::now());
        if matches!(event, Event::Names { .. }) {
            self.bar.reset();
        }
        if matches!(event, Event::Finished { .. } | Event::Error { .. }) {
            self.bar.finish_and_clear();
        }
        if let Some(text) = self.text(event) {
            self.bar.suspend(|| self.err.write(&ended(&text)));
            self.rewind();
        }
    }

    fn data(&mut self, text: &str) {
        self.bar.suspend(|| self.out.write(&ended(text)));
        self.rewind();
    }

    fn talk(&mut self, text: &str) {
        self.bar.suspend(|| self.err.write(&ended(text)));
        self.rewind();
    }

    fn question(&mut self, text: &str) {
        // Nothing may move while a person types; the next event brings the display back.
        self.bar.finish_and_clear();
        self.err.write(text);
    }

    fn tick(&mut self) {
        if !self.bar.is_finished() {
            let display = self.progress.display(Instant::now());
            self.bar.set_message(self.err.styled(&display));
            self.rewind();
        }
    }

    fn close(&mut self) -> bool {
        self.bar.finish_and_clear();
        self.out.is_complete(&mut self.err)
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::handle::tests::shown;
    use super::*;
    use crate::plan::Step;

    fn log(machine: &str, line: &str) -> Event {
        let (machine, line) = (Some(machine.to_owned()), line.to_owned());
        let step = Step::Activate;
        Event::Log {
            machine,
            step,
            line,
        }
    }

    fn done(machine: &str, outcome: Outcome) -> Event {
        let machine = machine.to_owned();
        Event::MachineDone { machine, outcome }
    }

    #[test]
    fn only_what_fails_leaves_its_output_behind() {
        let units = vec!["nginx.service".to_owned()];
        let events = [
            log("web", "restarting nginx"),
            log("db", "restarting postgresql"),
            done("db", Outcome::Activated),
            log("web", "\u{1b}[31mnginx failed"),
            done("web", Outcome::UnitsFailed { units }),
        ];
        let (out, err) = shown(
            |out, err| Box::new(Live::new(out, err, Options::default())),
            &events,
        );
        assert_eq!(out, "");
        assert_snapshot!(err, @r"
        web> restarting nginx
        web> nginx failed
        web> activated, units failed: nginx.service
        ");
    }
}
