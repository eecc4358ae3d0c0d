//! What is going on right now.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use crate::plan::{Copied, Outcome, Step};

use super::Event;
use super::color::{ERROR, FAINT, STRONG, paint};
use super::quantity::{bytes, seconds};
use super::talk::name_of;

/// Machines that a display names; more are counted.
const SHOWN: usize = 12;

/// Builds that a display names; more are counted.
const BUILDS_SHOWN: usize = 4;

/// Lines of output that are kept of a machine, in case it fails.
const KEPT: usize = 40;

/// The state of a run as a display needs it.
#[derive(Debug)]
pub(super) struct Progress {
    since: Instant,
    selected: usize,
    done: BTreeSet<String>,
    failed: usize,
    active: BTreeMap<String, BTreeMap<Step, Active>>,
    builds: BTreeSet<String>,
    output: BTreeMap<String, VecDeque<String>>,
}

/// A step that a machine is at.
#[derive(Debug)]
struct Active {
    since: Instant,
    copied: Option<(Copied, Copied)>,
    /// The machine fetches what is copied.
    fetching: bool,
}

impl Progress {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            selected: 0,
            done: BTreeSet::new(),
            failed: 0,
            active: BTreeMap::new(),
            builds: BTreeSet::new(),
            output: BTreeMap::new(),
        }
    }

    /// Takes note of an event.
    pub(super) fn note(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Names { selected, .. } => self.selected = selected.len(),
            // A machine may be through before its evaluation is, as one that nobody reaches.
            Event::StepStarted { machine, step } if !self.done.contains(machine) => {
                let active = Active {
                    since: now,
                    copied: None,
                    fetching: false,
                };
                let steps = self.active.entry(machine.clone()).or_default();
                steps.insert(*step, active);
            }
            Event::StepFinished { machine, step, .. } => self.finish(machine, *step),
            Event::CopyProgress {
                machine,
                fetching,
                copied,
                expected,
            } => {
                let steps = self.active.get_mut(machine);
                if let Some(active) = steps.and_then(|steps| steps.get_mut(&Step::Copy)) {
                    active.copied = Some((*copied, *expected));
                    active.fetching = *fetching;
                }
            }
            Event::BuildStarted { derivation } => drop(self.builds.insert(derivation.clone())),
            Event::BuildFinished { derivation } => drop(self.builds.remove(derivation)),
            Event::Log {
                machine: Some(machine),
                line,
                ..
            } => self.keep(machine, line),
            Event::MachineDone { machine, outcome } => self.count(machine, outcome),
            _ => {}
        }
    }

    /// Forgets a step. Another may go on: a machine connects while it is evaluated.
    fn finish(&mut self, machine: &str, step: Step) {
        if let Some(steps) = self.active.get_mut(machine) {
            steps.remove(&step);
        }
    }

    fn keep(&mut self, machine: &str, line: &str) {
        let output = self.output.entry(machine.to_owned()).or_default();
        if output.len() == KEPT {
            output.pop_front();
        }
        output.push_back(line.to_owned());
    }

    fn count(&mut self, machine: &str, outcome: &Outcome) {
        self.active.remove(machine);
        self.done.insert(machine.to_owned());
        self.failed += usize::from(!outcome.is_success());
    }

    /// Takes the last output of a machine.
    pub(super) fn take_output(&mut self, machine: &str) -> VecDeque<String> {
        self.output.remove(machine).unwrap_or_default()
    }

    /// Writes the display.
    pub(super) fn display(&self, now: Instant) -> String {
        let elapsed = now.duration_since(self.since);
        let turns = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
        let turn = turns[usize::try_from(elapsed.as_millis() / 120).unwrap_or(0) % turns.len()];
        let time = seconds(elapsed.as_secs_f64());
        let mut lines = vec![format!("{turn} {}  {}", self.counts(), paint(FAINT, &time))];
        let active = self.active.iter();
        let mut active: Vec<_> = active
            .filter_map(|(name, steps)| Some((name, steps.last_key_value()?)))
            .collect();
        // What is nearest to its end comes first, then what has been going on for longest.
        active.sort_by_key(|(_, (step, active))| (std::cmp::Reverse(**step), active.since));
        let shown = active.iter().take(SHOWN);
        let width = shown.clone().map(|(name, _)| name.len()).max().unwrap_or(0);
        lines.extend(shown.map(|(name, (step, active))| {
            let name = paint(STRONG, &format!("{name:width$}"));
            format!("  {name}  {}", active.line(**step, now))
        }));
        if active.len() > SHOWN {
            lines.push(format!("  and {} more", active.len() - SHOWN));
        }
        lines.extend(self.builds());
        lines.join("\n")
    }

    fn counts(&self) -> String {
        if self.selected == 0 {
            return "reading the network".to_owned();
        }
        let failed = match self.failed {
            0 => String::new(),
            failed => paint(ERROR, &format!(", {failed} with trouble")),
        };
        format!("{} of {} done{failed}", self.done.len(), self.selected)
    }

    /// What Nix builds, for whichever machines.
    fn builds(&self) -> Option<String> {
        let names = self.builds.iter().take(BUILDS_SHOWN);
        let names: Vec<&str> = names.map(|derivation| name_of(derivation)).collect();
        let more = match self.builds.len().saturating_sub(BUILDS_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!("  Nix builds {}{more}", names.join(", "));
        (!names.is_empty()).then(|| paint(FAINT, &text))
    }
}

impl Active {
    fn line(&self, step: Step, now: Instant) -> String {
        let time = seconds(now.duration_since(self.since).as_secs_f64());
        // Every Nix counts paths, only newer ones tell bytes.
        let copied = match self.copied {
            Some((copied, expected)) if expected.paths > 0 => {
                let size = match (copied.bytes, expected.bytes) {
                    (_, 0) => String::new(),
                    (copied, expected) => format!(", {} of {}", bytes(copied), bytes(expected)),
                };
                format!("{} of {} paths{size}  ", copied.paths, expected.paths)
            }
            _ => String::new(),
        };
        let doing = if self.fetching {
            "fetching"
        } else {
            step.doing()
        };
        format!("{doing:10}  {copied}{}", paint(FAINT, &time))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anstream::adapter::strip_str;
    use insta::assert_snapshot;

    use super::*;
    use crate::network::Names;

    struct Run {
        progress: Progress,
        start: Instant,
    }

    impl Run {
        fn new(selected: usize) -> Self {
            let start = Instant::now();
            let mut progress = Progress::new(start);
            let selected = (0..selected).map(|index| format!("m{index}")).collect();
            progress.note(
                &Event::Names {
                    names: Names::default(),
                    selected,
                },
                start,
            );
            Self { progress, start }
        }

        fn note(&mut self, after: u64, event: &Event) {
            self.progress
                .note(event, self.start + Duration::from_secs(after));
        }

        fn begin(&mut self, after: u64, machine: &str, step: Step) {
            self.note(
                after,
                &Event::StepStarted {
                    machine: machine.to_owned(),
                    step,
                },
            );
        }

        fn display(&self, after: u64) -> String {
            let text = self
                .progress
                .display(self.start + Duration::from_secs(after));
            strip_str(&text).to_string()
        }
    }

    #[test]
    fn the_display_names_what_is_going_on_nearest_to_its_end_first() {
        let mut run = Run::new(5);
        run.begin(0, "database", Step::Evaluate);
        run.begin(1, "web-2", Step::Copy);
        run.begin(2, "web-1", Step::Activate);
        run.note(
            3,
            &Event::CopyProgress {
                machine: "web-2".to_owned(),
                fetching: false,
                copied: Copied {
                    paths: 12,
                    bytes: 3_140_000,
                },
                expected: Copied {
                    paths: 40,
                    bytes: 9_000_000,
                },
            },
        );
        for name in ["a", "b", "c", "d", "e"] {
            let derivation = format!("/nix/store/xyz-{name}-1.0.drv");
            run.note(
                3,
                &Event::BuildStarted {
                    derivation: derivation.clone(),
                },
            );
            if name == "a" {
                run.note(3, &Event::BuildFinished { derivation });
            }
        }
        let machine = "mail".to_owned();
        run.note(
            3,
            &Event::MachineDone {
                machine,
                outcome: Outcome::RebootRequired,
            },
        );
        assert_snapshot!(run.display(12), @r"
        ⠋ 1 of 5 done, 1 with trouble  12 s
          web-1     activating  10 s
          web-2     copying     12 of 40 paths, 3.1 MB of 9.0 MB  11 s
          database  evaluating  12 s
          Nix builds b-1.0, c-1.0, d-1.0, e-1.0
        ");
    }

    #[test]
    fn a_large_network_is_counted() {
        let mut run = Run::new(400);
        for index in 0..400 {
            run.begin(index, &format!("m{index:03}"), Step::Connect);
        }
        assert_snapshot!(run.display(400), @r"
        ⠸ 0 of 400 done  6 min 40 s
          m000  connecting  6 min 40 s
          m001  connecting  6 min 39 s
          m002  connecting  6 min 38 s
          m003  connecting  6 min 37 s
          m004  connecting  6 min 36 s
          m005  connecting  6 min 35 s
          m006  connecting  6 min 34 s
          m007  connecting  6 min 33 s
          m008  connecting  6 min 32 s
          m009  connecting  6 min 31 s
          m010  connecting  6 min 30 s
          m011  connecting  6 min 29 s
          and 388 more
        ");
    }

    #[test]
    fn a_step_that_ends_hides_no_other() {
        for (ended, left) in [
            (Step::Evaluate, "connecting"),
            (Step::Connect, "evaluating"),
        ] {
            let mut run = Run::new(1);
            run.begin(0, "web", Step::Evaluate);
            run.begin(1, "web", Step::Connect);
            let finished = Event::StepFinished {
                machine: "web".to_owned(),
                step: ended,
                seconds: 2.0,
            };
            run.note(2, &finished);
            assert!(run.display(3).contains(left), "{}", run.display(3));
        }
    }

    #[test]
    fn only_the_last_output_is_kept() {
        let mut run = Run::new(1);
        for number in 0..100 {
            let (machine, line) = (Some("web".to_owned()), number.to_string());
            run.note(
                0,
                &Event::Log {
                    machine,
                    step: Step::Activate,
                    line,
                },
            );
        }
        let output = run.progress.take_output("web");
        assert_eq!(
            (output.len(), output.front().unwrap().as_str()),
            (KEPT, "60")
        );
        assert!(run.progress.take_output("web").is_empty());
    }
}
