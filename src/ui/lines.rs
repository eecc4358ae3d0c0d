//! The run as lines, for logs and pipes.

use crate::deploy::{Outcome, Step};

use super::color::{STRONG, paint};
use super::handle::{Options, Renderer, ended};
use super::overview::{overview, painted};
use super::sanitise::sanitise;
use super::seconds::seconds;
use super::sink::Sink;
use super::{Event, message};

/// Writes lines with the name of the machine before them to standard error.
pub(super) struct Lines {
    out: Sink,
    err: Sink,
    options: Options,
}

impl Lines {
    pub(super) fn new(out: Sink, err: Sink, options: Options) -> Self {
        Self { out, err, options }
    }

    fn text(&self, event: &Event) -> Option<String> {
        let verbose = self.options.verbosity > 0;
        match event {
            Event::StepStarted { machine, step } => {
                let worth = verbose || matches!(step, Step::Build | Step::Copy | Step::Activate);
                worth.then(|| said(machine, step.doing()))
            }
            Event::StepFinished {
                machine,
                step,
                seconds: time,
            } => {
                let text = format!("{} in {}", step.done(), seconds(*time));
                verbose.then(|| said(machine, &text))
            }
            Event::Log {
                machine,
                step,
                line,
            } => {
                // Builds talk a lot, and their errors bring their last lines with them.
                let worth = verbose || *step != Step::Build;
                worth.then(|| logged(machine.as_deref(), line))
            }
            other => talk(other, self.options, self.err.color()),
        }
    }
}

impl Renderer for Lines {
    fn event(&mut self, event: &Event) {
        if let Some(text) = self.text(event) {
            self.err.write(&ended(&text));
        }
    }

    fn data(&mut self, text: &str) {
        self.out.write(&ended(text));
    }
}

/// A line of output, in the name of its machine if it has one.
pub(super) fn logged(machine: Option<&str>, line: &str) -> String {
    let line = sanitise(line);
    machine.map_or_else(|| line.to_string(), |machine| said(machine, &line))
}

/// A line in the name of a machine.
pub(super) fn said(machine: &str, text: &str) -> String {
    format!("{} {text}", paint(STRONG, &format!("{machine}>")))
}

/// The words for events that are told in the same way everywhere.
pub(super) fn talk(event: &Event, options: Options, color: bool) -> Option<String> {
    match event {
        Event::Started {
            flake,
            network,
            nix,
            ..
        } if options.verbosity > 0 => Some(format!(
            "network {network} of {} with Nix {nix}",
            sanitise(flake)
        )),
        Event::Warning {
            machine,
            message,
            hint,
        } => Some(message::warning(
            machine.as_deref(),
            message,
            hint.as_deref(),
        )),
        Event::MachineDone { machine, outcome } => Some(said(machine, &result(outcome))),
        Event::Error { diagnostic } => {
            Some(message::error(None, diagnostic, options.show_trace, color))
        }
        Event::Finished { summary } => Some(format!(
            "\n{}",
            overview(summary, options.show_trace, color)
        )),
        _ => None,
    }
}

/// An outcome in one line; the table at the end has the rest.
fn result(outcome: &Outcome) -> String {
    let Outcome::Failed { diagnostic, .. } = outcome else {
        return painted(outcome);
    };
    let message = sanitise(&diagnostic.message);
    format!(
        "{}: {}",
        painted(outcome),
        message.lines().next().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use insta::assert_snapshot;

    use super::super::handle::tests::shown;
    use super::*;
    use crate::deploy::{MachineSummary, Summary};
    use crate::evaluator::Diagnostic;
    use crate::plan::{Extent, Goal};

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
