//! The run as lines, for logs and pipes.

use crate::plan::Step;

use super::Event;
use super::handle::{Options, Renderer, ended};
use super::sink::Sink;
use super::talk::{Talk, logged, said};

/// Writes lines with the name of the machine before them to standard error.
pub(super) struct Lines {
    out: Sink,
    err: Sink,
    told: Told,
}

/// The words of a run without a display.
pub(super) struct Told {
    talk: Talk,
}

impl Lines {
    pub(super) fn new(out: Sink, err: Sink, options: Options) -> Self {
        let told = Told::new(options, err.color());
        Self { out, err, told }
    }
}

impl Told {
    pub(super) fn new(options: Options, color: bool) -> Self {
        Self {
            talk: Talk::new(options, color),
        }
    }

    /// The words for an event, if it is worth any.
    pub(super) fn text(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::StepStarted { machine, step } => {
                let long = matches!(step, Step::Build | Step::Copy | Step::Keys | Step::Activate);
                let worth = long || self.talk.is_verbose();
                worth.then(|| said(machine, step.doing()))
            }
            Event::Log { machine, line, .. } => Some(logged(machine.as_deref(), line)),
            other => self.talk.words(other),
        }
    }
}

impl Renderer for Lines {
    fn event(&mut self, event: &Event) {
        if let Some(text) = self.told.text(event) {
            self.err.write(&ended(&text));
        }
    }

    fn data(&mut self, text: &str) {
        self.out.write(&ended(text));
    }

    fn talk(&mut self, text: &str) {
        self.err.write(&ended(text));
    }

    fn question(&mut self, text: &str) {
        self.err.write(text);
    }

    fn close(&mut self) -> bool {
        self.out.is_complete(&mut self.err)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use insta::assert_snapshot;

    use super::super::handle::tests::shown;
    use super::*;
    use crate::evaluator::Diagnostic;
    use crate::plan::{Extent, Goal};
    use crate::plan::{MachineSummary, Outcome, Summary};

    fn events() -> Vec<Event> {
        let web = || "web".to_owned();
        let diagnostic = Diagnostic {
            message: "no space left\non device".to_owned(),
            position: None,
            hint: Some("make room".to_owned()),
            trace: Vec::new(),
        };
        let outcome = Outcome::Failed {
            step: Step::Activate,
            diagnostic,
        };
        let seconds = BTreeMap::from([(Step::Evaluate, 1.0), (Step::Copy, 2.0)]);
        let machine = MachineSummary {
            outcome: outcome.clone(),
            system: None,
            seconds,
            copied: None,
        };
        let machines = BTreeMap::from([(web(), machine)]);
        let extent = Extent::Activate(Goal::Switch);
        vec![
            Event::StepStarted {
                machine: web(),
                step: Step::Evaluate,
            },
            Event::StepFinished {
                machine: web(),
                step: Step::Evaluate,
                seconds: 1.0,
            },
            Event::Warning {
                machine: Some(web()),
                message: "keys".to_owned(),
                hint: None,
            },
            Event::StepStarted {
                machine: web(),
                step: Step::Activate,
            },
            Event::Log {
                machine: Some(web()),
                step: Step::Activate,
                line: "\u{1b}[2Jstarting nginx".to_owned(),
            },
            Event::MachineDone {
                machine: web(),
                outcome,
            },
            Event::Finished {
                summary: Summary::new(extent, machines, 3.0),
            },
        ]
    }

    fn told(verbosity: u8) -> String {
        let options = Options {
            verbosity,
            ..Options::default()
        };
        let (out, err) = shown(
            |out, err| Box::new(Lines::new(out, err, options)),
            &events(),
        );
        assert_eq!(out, "");
        err
    }

    #[test]
    fn lines_bear_the_name_of_their_machine() {
        assert_snapshot!(told(0), @r"
        warning: web: keys
        web> activating
        web> starting nginx
        web> failed to activate: no space left

        machine  evaluated  built  copied  activated  result
        web          1.0 s      -   2.0 s          -  failed to activate

        error: web: failed to activate: no space left
        on device
        hint: make room

        1 machine in 3.0 s: 1 failed
        ");
    }

    #[test]
    fn verbosity_adds_every_step() {
        assert_snapshot!(told(1).lines().take(2).collect::<Vec<_>>().join("\n"), @r"
        web> evaluating
        web> evaluated in 1.0 s
        ");
    }
}
