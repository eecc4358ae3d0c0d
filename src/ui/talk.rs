//! The words for what happens, the same on a terminal and in a log.

use std::collections::{BTreeMap, BTreeSet};

use nixops_plugin::protocol::Severity;

use crate::plan::{Outcome, ResourceOutcome};
use crate::preview::Problem;

use super::color::{ERROR, GOOD, STRONG, WARNING, paint};
use super::handle::Options;
use super::overview::{overview, painted};
use super::plan::plan_text;
use super::quantity::seconds;
use super::sanitise::sanitise;
use super::{Event, message};

/// Puts events into words, and remembers what has been said.
pub(super) struct Talk {
    options: Options,
    color: bool,
    warnings: BTreeSet<String>,
    repeated: BTreeMap<String, BTreeSet<String>>,
}

impl Talk {
    pub(super) fn new(options: Options, color: bool) -> Self {
        let (warnings, repeated) = (BTreeSet::new(), BTreeMap::new());
        Self {
            options,
            color,
            warnings,
            repeated,
        }
    }

    /// Whether everything is told, not only what matters.
    pub(super) fn is_verbose(&self) -> bool {
        self.options.verbosity > 0
    }

    /// The words for an event, if it is worth any.
    pub(super) fn words(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Warning {
                machine,
                message,
                hint,
            } => self.warning(machine.as_deref(), message, hint.as_deref()),
            Event::Invalid { problem } => Some(self.problem(problem)),
            Event::BatchStarted { batch } => Some(format!("batch {batch} begins")),
            Event::Note { message } => Some(sanitise(message).into_owned()),
            Event::Plan { plan } => {
                let text = plan_text(plan, self.is_verbose());
                Some(text.trim_end().to_owned())
            }
            Event::ResourceDone {
                resource, outcome, ..
            } => self.resource(resource, outcome),
            Event::MachineDone { machine, outcome } => Some(said(machine, &result(outcome))),
            Event::Interrupted { running } => Some(interrupted(running)),
            Event::Error { diagnostic } => {
                let Options { show_trace, .. } = self.options;
                Some(message::error(None, diagnostic, show_trace, self.color))
            }
            Event::Finished { summary } => {
                let text = overview(summary, self.options.show_trace, self.color);
                Some(format!("\n{}{text}", self.repetitions()))
            }
            Event::PluginStep { plugin, step } => Some(said(plugin, step)),
            detail if self.is_verbose() => details(detail),
            _ => None,
        }
    }

    /// A value that is wrong, or only worth a word.
    fn problem(&self, problem: &Problem) -> String {
        let diagnostic = problem.diagnostic();
        match problem.severity {
            Severity::Error => {
                message::error(None, &diagnostic, self.options.show_trace, self.color)
            }
            Severity::Warning => message::doubt(&diagnostic, self.color),
        }
    }

    /// What became of a resource; one that was left alone is no news.
    fn resource(&self, resource: &str, outcome: &ResourceOutcome) -> Option<String> {
        let text = match outcome {
            ResourceOutcome::Unchanged if !self.is_verbose() => return None,
            ResourceOutcome::Failed { diagnostic } => {
                let show_trace = self.options.show_trace;
                return Some(message::error(
                    Some(resource),
                    diagnostic,
                    show_trace,
                    self.color,
                ));
            }
            outcome => {
                let style = if outcome.is_well() { GOOD } else { ERROR };
                paint(style, &sanitise(&outcome.to_string()))
            }
        };
        Some(said(resource, &text))
    }

    /// A warning, unless another machine has brought the same.
    fn warning(&mut self, machine: Option<&str>, text: &str, hint: Option<&str>) -> Option<String> {
        if !self.warnings.insert(text.to_owned()) && !self.is_verbose() {
            if let Some(machine) = machine {
                let machines = self.repeated.entry(text.to_owned()).or_default();
                machines.insert(machine.to_owned());
            }
            return None;
        }
        Some(message::warning(machine, text, hint))
    }

    /// For whom warnings came that have been told of another machine.
    fn repetitions(&self) -> String {
        let lines = self.repeated.iter().map(|(text, machines)| {
            let text = text.lines().next().unwrap_or_default();
            let title = paint(WARNING, "warning:");
            format!("{title} also for {}: {}\n", some(machines), sanitise(text))
        });
        let lines: String = lines.collect();
        match lines.as_str() {
            "" => lines,
            _ => lines + "\n",
        }
    }
}

/// More machines than these are counted.
const NAMED: usize = 8;

fn some(machines: &BTreeSet<String>) -> String {
    let names: Vec<&str> = machines.iter().take(NAMED).map(String::as_str).collect();
    let more = match machines.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names.join(", ") + &more
}

/// The words for what only those want to know who ask for it.
fn details(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started {
            flake,
            network,
            nix,
            ..
        } => {
            format!("network {network} of {} with Nix {nix}", sanitise(flake))
        }
        Event::StepFinished {
            machine,
            step,
            seconds: time,
        } => said(machine, &format!("{} in {}", step.done(), seconds(*time))),
        Event::ResourceStarted { resource } => said(resource, "looking"),
        Event::PluginLog { plugin, line } => said(plugin, &sanitise(line)),
        Event::BuildStarted { derivation } => format!("building {derivation}"),
        Event::BuildLog { derivation, line } => said(name_of(derivation), &sanitise(line)),
        Event::Fetching {
            machine,
            path,
            from,
        } => logged(machine.as_deref(), &format!("fetching {path} from {from}")),
        _ => return None,
    })
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

/// The name of a derivation: what stands between digest and `.drv`.
pub(super) fn name_of(derivation: &str) -> &str {
    let file = derivation.rsplit('/').next().unwrap_or(derivation);
    let name = file.split_once('-').map_or(file, |(_, name)| name);
    name.strip_suffix(".drv").unwrap_or(name)
}

/// What an interrupt ends; the rest follows machine by machine.
fn interrupted(running: &[String]) -> String {
    let title = paint(WARNING, "interrupted:");
    match running {
        [] => format!("{title} nothing was running"),
        running => format!(
            "{title} ending {}; Ctrl-C again ends at once",
            sanitise(&running.join(", "))
        ),
    }
}

/// An outcome in one line; the table at the end has the rest.
fn result(outcome: &Outcome) -> String {
    let Some(diagnostic) = outcome.diagnostic() else {
        return painted(outcome);
    };
    let message = sanitise(&diagnostic.message);
    let line = message.lines().next().unwrap_or_default();
    format!("{}: {line}", painted(outcome))
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    fn warn(talk: &mut Talk, machine: &str) -> Option<String> {
        let machine = Some(machine.to_owned());
        let message = "the option 'a' is deprecated".to_owned();
        talk.words(&Event::Warning {
            machine,
            message,
            hint: None,
        })
    }

    #[test]
    fn a_warning_that_every_machine_brings_is_told_once() {
        let mut talk = Talk::new(Options::default(), false);
        let first = warn(&mut talk, "a").unwrap();
        let expected = "warning: a: the option 'a' is deprecated";
        assert_eq!(strip_str(&first).to_string(), expected);
        assert_eq!(warn(&mut talk, "b"), None);
        assert_eq!(warn(&mut talk, "c"), None);
        assert_eq!(
            strip_str(&talk.repetitions()).to_string(),
            "warning: also for b, c: the option 'a' is deprecated\n\n"
        );
        let verbosity = 1;
        let mut talk = Talk::new(
            Options {
                verbosity,
                ..Options::default()
            },
            false,
        );
        assert!(warn(&mut talk, "a").is_some() && warn(&mut talk, "b").is_some());
    }

    #[test]
    fn an_interrupt_says_what_it_ends() {
        let running = ["copy web", "build 3 derivations"].map(str::to_owned);
        let text = interrupted(&running);
        let expected =
            "interrupted: ending copy web, build 3 derivations; Ctrl-C again ends at once";
        assert_eq!(strip_str(&text).to_string(), expected);
    }

    #[test]
    fn a_derivation_goes_by_its_name() {
        assert_eq!(name_of("/nix/store/aaa-nginx-1.2.drv"), "nginx-1.2");
        assert_eq!(name_of("odd"), "odd");
    }
}
