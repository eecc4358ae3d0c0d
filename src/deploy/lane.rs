//! The way of one machine.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::evaluator::{Diagnostic, OutputRef};
use crate::host::AtWork;
use crate::network::{Machine, MachineOptions};
use crate::nix::CopyEvent;
use crate::plan::{Copied, Extent, Goal, MachineSummary, Outcome, Running, Step, Steps};
use crate::process::Limit;
use crate::ui::Event;

use super::Mutation;
use super::road::{News, Road};
use super::trouble::Trouble;
use super::work::{Freight, Provided, Work};

/// How often the progress of a copy is told.
const PACE: Duration = Duration::from_millis(500);

/// One machine on its way, in a thread of its own.
pub(super) struct Lane<'a, W> {
    pub(super) road: &'a Road<'a, W>,
    pub(super) machine: String,
    pub(super) options: RefCell<Option<MachineOptions>>,
    seconds: RefCell<BTreeMap<Step, f64>>,
    system: RefCell<Option<String>>,
    copied: Cell<Option<Copied>>,
    pub(super) provided: RefCell<Option<Provided>>,
    pub(super) at_work: Cell<Option<AtWork>>,
}

/// A step of the way, or the outcome with which the way ends.
pub(super) type Way<T> = Result<T, Outcome>;

impl<'a, W: Work> Lane<'a, W> {
    pub(super) fn new(road: &'a Road<'a, W>, machine: String) -> Self {
        let (seconds, system) = (RefCell::default(), RefCell::default());
        Self {
            road,
            machine,
            seconds,
            system,
            copied: Cell::new(None),
            provided: RefCell::default(),
            options: RefCell::default(),
            at_work: Cell::default(),
        }
    }

    /// The same, which counts as one with work until it ends, or is found to have none.
    pub(super) fn at_work(self, at_work: Option<AtWork>) -> Self {
        self.at_work.set(at_work);
        self
    }

    /// Goes the whole way and tells what became of the machine.
    pub(super) fn run(self, news: &Receiver<News>) -> MachineSummary {
        let outcome = self.walk(news).unwrap_or_else(|outcome| outcome);
        self.summary(outcome)
    }

    /// Ends a lane on which nothing was ever heard of the machine.
    pub(super) fn abandon(self) -> MachineSummary {
        let outcome = self.unheard();
        self.summary(outcome)
    }

    /// Ends a lane whose thread could not do its work.
    pub(super) fn break_off(self, reason: &str) -> MachineSummary {
        let outcome = Trouble::new(reason, None).outcome(Step::Evaluate);
        self.summary(outcome)
    }

    /// Ends a lane that is not gone.
    pub(super) fn end(self, outcome: Outcome) -> MachineSummary {
        self.summary(outcome)
    }

    fn summary(self, outcome: Outcome) -> MachineSummary {
        let machine = self.machine.clone();
        self.leave(&outcome);
        self.remember(&outcome);
        self.road.ui.send(Event::MachineDone {
            machine,
            outcome: outcome.clone(),
        });
        let (system, seconds) = (self.system.take(), self.seconds.take());
        MachineSummary {
            outcome,
            system,
            seconds,
            copied: self.copied.get(),
        }
    }

    fn walk(&self, news: &Receiver<News>) -> Way<Outcome> {
        let mut host = None;
        let machine = loop {
            let (options, system) = match news.recv() {
                Ok(News::Target { options, system }) => (*options, system),
                Ok(News::Machine { machine, seconds }) => {
                    self.seconds.borrow_mut().insert(Step::Evaluate, seconds);
                    break machine;
                }
                Ok(News::Failed {
                    diagnostic,
                    unknown,
                }) => return Err(self.not_evaluated(diagnostic, unknown)),
                Err(_) => return Err(self.unheard()),
            };
            self.options.replace(Some(options.clone()));
            // A worker that was started anew may tell the options again; and a dry run may ask nobody.
            if host.is_none() && self.road.request.extent != Extent::DryRun {
                host = self.connect(&options, system.as_deref())?;
            }
        };
        self.system.replace(Some(machine.system.clone()));
        self.options.replace(Some(machine.options.clone()));
        let allowed = self.road.work.allow(&machine);
        allowed.map_err(|trouble| trouble.outcome(Step::Evaluate))?;
        let host = match host {
            None if self.is_noted(&machine)? => return Ok(Outcome::Unchanged),
            None => self.connect(&machine.options, Some(&machine.system))?,
            connected => connected,
        };
        self.proceed(&machine, host)
    }

    /// The outcome of a machine that has no system: where only an output is missing, it is known later,
    /// or not at all because of what became of the resource.
    fn not_evaluated(&self, diagnostic: Diagnostic, unknown: Option<OutputRef>) -> Outcome {
        let Some(output) = unknown else {
            return Outcome::Failed {
                step: Step::Evaluate,
                diagnostic,
            };
        };
        let awaits = output.to_string();
        if self.road.request.extent == Extent::DryRun {
            return Outcome::KnownAfterApply { awaits };
        }
        Outcome::Skipped {
            because: format!("it reads {awaits}, which is not known"),
        }
    }

    /// The outcome if evaluation ended without a word on the machine.
    fn unheard(&self) -> Outcome {
        if self.road.work.interrupted() {
            return Trouble::Interrupted.outcome(Step::Evaluate);
        }
        let message = "Nix ended before it had evaluated the machine";
        Trouble::new(message, None).outcome(Step::Evaluate)
    }

    /// Goes on from where the system and what runs are known.
    fn proceed(&self, machine: &Machine, host: Option<(W::Host, Running)>) -> Way<Outcome> {
        let request = self.road.request;
        let always = self.is_forced(&machine.options);
        let running = host.as_ref().map(|(_, running)| running);
        let steps = Steps::decide(&machine.system, running, request.extent, always);
        let mutation = Mutation::granted_by(request.extent);
        if let (Some(mutation), Some((host, _))) = (&mutation, &host) {
            self.share(mutation, host)?;
        }
        if steps.is_empty() && self.would().is_none() {
            self.note(mutation.as_ref(), machine, false)?;
            return match (&mutation, &host) {
                (Some(mutation), Some((host, _))) => self.send_keys(mutation, machine, host),
                _ => Ok(Outcome::Unchanged),
            };
        }
        let Some(mutation) = mutation else {
            return self.foretell(machine, steps);
        };
        let host = host.map(|(host, _)| host);
        self.bring(&mutation, machine, host.as_ref(), steps)?;
        let Some(host) = host else {
            return Ok(self.without_host(steps));
        };
        match steps.activate {
            Some(goal) => {
                self.enter(goal)?;
                self.take_up(&mutation, machine, &host, goal)
            }
            None if request.extent == Extent::BuildOnly => Ok(Outcome::Built),
            None => Ok(Outcome::Copied),
        }
    }

    /// What there is to say of a machine that nobody connected to: it is built, or its backend has yet
    /// to make it.
    fn without_host(&self, steps: Steps) -> Outcome {
        match self.would() {
            None => Outcome::Built,
            machine => Outcome::WouldChange {
                machine,
                build: false,
                copy: steps.copy,
                activate: steps.activate.is_some(),
            },
        }
    }

    /// Copies the system to the host, or its derivation.
    pub(super) fn copy(
        &self,
        mutation: &Mutation,
        machine: &Machine,
        host: &W::Host,
        freight: Freight,
    ) -> Way<()> {
        let mut sent = Copied::default();
        let mut told: Option<(bool, Instant)> = None;
        let mut tell = |event| {
            let (fetching, now) = match event {
                CopyEvent::Fetching { path, from } => {
                    let (machine, path) = (Some(self.machine.clone()), path.into());
                    return self.road.ui.send(Event::Fetching {
                        machine,
                        path,
                        from,
                    });
                }
                CopyEvent::Fetched(now) => (true, now),
                CopyEvent::Sent(now) => (false, now),
            };
            let copied = Copied {
                paths: now.paths,
                bytes: now.bytes,
            };
            if !fetching {
                sent = copied;
            }
            if told.is_some_and(|(what, when)| what == fetching && when.elapsed() < PACE) {
                return;
            }
            told = Some((fetching, Instant::now()));
            self.road.ui.send(Event::CopyProgress {
                machine: self.machine.clone(),
                fetching,
                copied,
                expected: Copied {
                    paths: now.paths_expected,
                    bytes: now.bytes_expected,
                },
            });
        };
        self.step(Step::Copy, Some(&self.road.copying), || {
            let work = self.road.work;
            work.copy(mutation, machine, (host, freight), &mut tell)
        })?;
        self.copied.set(Some(sent));
        Ok(())
    }

    fn foretell(&self, machine: &Machine, steps: Steps) -> Way<Outcome> {
        // Each question is a process of Nix.
        let _place = self.road.copying.take();
        let built =
            !steps.build || self.attempt(Step::Build, || self.road.work.is_built(machine))?;
        let activate = steps.activate.is_some();
        Ok(Outcome::WouldChange {
            machine: self.would(),
            build: !built,
            copy: steps.copy && !self.is_local(),
            activate,
        })
    }

    /// Tells the host of the others before it is activated, and where nothing else is to be done.
    fn share(&self, mutation: &Mutation, host: &W::Host) -> Way<()> {
        match self.road.request.extent {
            Extent::Activate(goal) if goal != Goal::DryActivate => {
                let share = || self.road.work.share(mutation, &self.machine, host);
                self.attempt(Step::Connect, share)
            }
            _ => Ok(()),
        }
    }

    /// Notes what the machine runs now, which it may have taken up.
    pub(super) fn note(
        &self,
        mutation: Option<&Mutation>,
        machine: &Machine,
        taken_up: bool,
    ) -> Way<()> {
        let (Some(mutation), Extent::Activate(goal)) = (mutation, self.road.request.extent) else {
            return Ok(());
        };
        let work = self.road.work;
        let noted = match goal {
            Goal::Switch => work.note(mutation, machine, true),
            // It was left alone if it runs the system already.
            Goal::Boot => work.note(mutation, machine, !taken_up),
            Goal::Test if taken_up => work.unsettle(mutation, machine),
            Goal::Test | Goal::DryActivate => Ok(()),
        };
        noted.map_err(|trouble| trouble.outcome(Step::Activate))
    }

    /// Takes a step: waits for its turn, tells its beginning and its end, and its time.
    pub(super) fn step<T>(
        &self,
        step: Step,
        limit: Option<&Limit>,
        work: impl FnOnce() -> Result<T, Trouble>,
    ) -> Way<T> {
        let _place = limit.map(Limit::take);
        self.timed(step, work)
    }

    /// Takes a step whose turn has come.
    pub(super) fn timed<T>(&self, step: Step, work: impl FnOnce() -> Result<T, Trouble>) -> Way<T> {
        self.refuse_interrupted(step)?;
        self.timed_anyway(step, work)
    }

    /// The same also where the user wants no more.
    pub(super) fn timed_anyway<T>(
        &self,
        step: Step,
        work: impl FnOnce() -> Result<T, Trouble>,
    ) -> Way<T> {
        let machine = || self.machine.clone();
        self.road.ui.send(Event::StepStarted {
            machine: machine(),
            step,
        });
        let begun = Instant::now();
        let result = self.attempt_anyway(step, work);
        let seconds = begun.elapsed().as_secs_f64();
        *self.seconds.borrow_mut().entry(step).or_default() += seconds;
        if result.is_ok() {
            self.road.ui.send(Event::StepFinished {
                machine: machine(),
                step,
                seconds,
            });
        }
        result
    }

    /// Does work on account of a step, after a last look at whether it is still wanted.
    pub(super) fn attempt<T>(
        &self,
        step: Step,
        work: impl FnOnce() -> Result<T, Trouble>,
    ) -> Way<T> {
        self.refuse_interrupted(step)?;
        self.attempt_anyway(step, work)
    }

    fn attempt_anyway<T>(&self, step: Step, work: impl FnOnce() -> Result<T, Trouble>) -> Way<T> {
        work().map_err(|trouble| match trouble {
            Trouble::Unreachable(why) if self.is_to_skip(step) => Outcome::Unreachable {
                because: first_line(&why.message),
            },
            trouble => trouble.outcome(step),
        })
    }

    /// Whether the run goes on without a machine that gives no sign.
    fn is_to_skip(&self, step: Step) -> bool {
        step == Step::Connect && self.road.request.skip_unreachable
    }

    /// A step that has not begun cannot go on at the host.
    fn refuse_interrupted(&self, step: Step) -> Way<()> {
        if self.road.work.interrupted() {
            return Err(Outcome::Interrupted {
                step,
                may_go_on: false,
                went_back: false,
            });
        }
        Ok(())
    }
}

/// What fits into a line.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
