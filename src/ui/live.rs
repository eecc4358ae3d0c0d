//! The run on a terminal: what is going on, and what went wrong.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::deploy::Outcome;

use super::Event;
use super::handle::{Options, Renderer, ended};
use super::lines::{logged, said, talk};
use super::progress::Progress;
use super::seconds::seconds;
use super::sink::Sink;

/// Shows a few lines that change in place, and leaves behind only what matters.
pub(super) struct Live {
    out: Sink,
    err: Sink,
    options: Options,
    progress: Progress,
    bar: ProgressBar,
}

impl Live {
    pub(super) fn new(out: Sink, err: Sink, options: Options) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self {
            out,
            err,
            options,
            progress: Progress::new(Instant::now()),
            bar,
        }
    }

    /// Text that stays above the display.
    fn text(&mut self, event: &Event) -> Option<String> {
        let verbose = self.options.verbosity > 0;
        match event {
            Event::StepFinished {
                machine,
                step,
                seconds: time,
            } if verbose => Some(said(
                machine,
                &format!("{} in {}", step.done(), seconds(*time)),
            )),
            Event::Log { machine, line, .. } if verbose => Some(logged(machine.as_deref(), line)),
            Event::MachineDone { machine, outcome } => {
                // Taken in any case, so that a long run holds the output of no finished machine.
                let output = self.progress.take_output(machine);
                let quiet = outcome.is_success() && *outcome != Outcome::DryActivated;
                if quiet && !verbose {
                    return None;
                }
                let mut text = String::new();
                for line in output.iter().filter(|_| !verbose) {
                    text += &ended(&logged(Some(machine), line));
                }
                Some(text + &talk(event, self.options, self.err.color())?)
            }
            other => talk(other, self.options, self.err.color()),
        }
    }
}

impl Renderer for Live {
    fn event(&mut self, event: &Event) {
        self.progress.note(event, Instant::now());
        if matches!(event, Event::Finished { .. } | Event::Error { .. }) {
            self.bar.finish_and_clear();
        }
        if let Some(text) = self.text(event) {
            self.bar.suspend(|| self.err.write(&ended(&text)));
        }
    }

    fn data(&mut self, text: &str) {
        self.bar.suspend(|| self.out.write(&ended(text)));
    }

    fn tick(&mut self) {
        if !self.bar.is_finished() {
            let display = self.progress.display(Instant::now());
            self.bar.set_message(self.err.styled(&display));
        }
    }

    fn close(&mut self) {
        self.bar.finish_and_clear();
    }
}
