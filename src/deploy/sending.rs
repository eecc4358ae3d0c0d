//! `send-keys`: the keys of machines, and nothing else.
//!
//! Each machine goes its own way here too: its keys are sent as soon as its options are known, while Nix still
//! evaluates others, and one that fails stops no other.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};
use std::time::Instant;

use crate::evaluator::{Diagnostic, Evaluated};
use crate::host::Connections;
use crate::network::MachineOptions;
use crate::plan::{Extent, MachineSummary, Outcome, Step, Summary};
use crate::process::{Limit, Processes};
use crate::ui::{Event, Ui};

use super::keys::Courier;
use super::site::{own, target};
use super::trouble::Trouble;
use super::{Mutation, RecordedOutputs};

/// Whose keys are sent, and how.
#[derive(Clone, Debug)]
pub struct SendKeys {
    /// The machines that are selected.
    pub machines: Vec<String>,
    /// Sends keys that are there as they are to be, too.
    pub force: bool,
    /// How many machines are sent keys at once.
    pub at_once: NonZeroUsize,
}

/// What keys are sent with.
#[derive(Clone, Copy)]
pub struct SendingTools<'a> {
    /// The programs of this run.
    pub processes: &'a Processes,
    /// The connections of this run.
    pub connections: &'a Connections,
    /// Secrets that stand in keys, and how machines are reached that backends made.
    pub outputs: &'a RecordedOutputs<'a>,
    /// Where everything is told.
    pub ui: &'a Ui,
}

/// Sends keys to machines while they are being evaluated, and tells what became of each.
pub fn send_keys(
    mutation: &Mutation,
    request: &SendKeys,
    evaluated: &Receiver<Evaluated>,
    tools: SendingTools<'_>,
) -> Summary {
    let begun = Instant::now();
    let secret = |output: &_| tools.outputs.value(output).ok().flatten();
    let sending = Sending {
        mutation,
        tools,
        courier: Courier::new(tools.processes, &secret, request.force),
        places: Limit::new(request.at_once.get()),
        machines: Mutex::default(),
    };
    thread::scope(|scope| sending.listen(scope, evaluated));
    let machines = sending.machines.into_inner();
    let mut machines = machines.unwrap_or_else(PoisonError::into_inner);
    for name in &request.machines {
        if !machines.contains_key(name) {
            let outcome = unheard(tools).outcome(Step::Evaluate);
            machines.insert(
                name.clone(),
                tell_end(tools.ui, name, outcome, BTreeMap::new()),
            );
        }
    }
    Summary::new(Extent::KeysOnly, machines, begun.elapsed().as_secs_f64())
}

struct Sending<'a> {
    mutation: &'a Mutation,
    tools: SendingTools<'a>,
    courier: Courier<'a>,
    places: Limit,
    machines: Mutex<BTreeMap<String, MachineSummary>>,
}

impl Sending<'_> {
    fn listen<'s>(&'s self, scope: &'s Scope<'s, '_>, evaluated: &Receiver<Evaluated>) {
        let ui = self.tools.ui;
        let mut begun: BTreeMap<String, Instant> = BTreeMap::new();
        for news in evaluated {
            match news {
                Evaluated::Begun { machine } => {
                    begun.insert(machine.clone(), Instant::now());
                    let step = Step::Evaluate;
                    ui.send(Event::StepStarted { machine, step });
                }
                Evaluated::Keys { machine, texts } => self.courier.learn(machine, texts),
                Evaluated::Target {
                    machine, options, ..
                } => {
                    let seconds = begun
                        .get(&machine)
                        .map_or(0.0, |begun| begun.elapsed().as_secs_f64());
                    told(ui, &machine, Step::Evaluate, seconds);
                    scope.spawn(move || self.lane(machine, &options, seconds));
                }
                Evaluated::Failed {
                    machine,
                    diagnostic,
                    ..
                } => self.failed(machine, diagnostic),
                Evaluated::Warning { machine, text } | Evaluated::Trace { machine, text } => {
                    ui.warning(machine.as_deref(), text, None);
                }
                Evaluated::Reads { .. } | Evaluated::Machine(_) => {}
            }
        }
    }

    fn failed(&self, machine: String, diagnostic: Diagnostic) {
        let step = Step::Evaluate;
        let outcome = Outcome::Failed { step, diagnostic };
        self.end(machine, outcome, BTreeMap::new());
    }

    /// The way of one machine.
    fn lane(&self, machine: String, options: &MachineOptions, evaluated: f64) {
        let _place = self.places.take();
        let mut seconds = BTreeMap::from([(Step::Evaluate, evaluated)]);
        let outcome = self.walk(&machine, options, &mut seconds);
        self.end(machine, outcome.unwrap_or_else(|outcome| outcome), seconds);
    }

    fn walk(
        &self,
        machine: &str,
        options: &MachineOptions,
        seconds: &mut BTreeMap<Step, f64>,
    ) -> Result<Outcome, Outcome> {
        let mut step = |step, work: &mut dyn FnMut() -> Result<(), Trouble>| {
            if self.tools.processes.interrupted() {
                return Err(Trouble::Interrupted.outcome(step));
            }
            let started = Event::StepStarted {
                machine: machine.to_owned(),
                step,
            };
            self.tools.ui.send(started);
            let begun = Instant::now();
            work().map_err(|trouble| trouble.outcome(step))?;
            let took = begun.elapsed().as_secs_f64();
            seconds.insert(step, took);
            told(self.tools.ui, machine, step, took);
            Ok(())
        };
        let (mut host, mut outcome) = (None, Outcome::Unchanged);
        step(Step::Connect, &mut || {
            let reach = self.tools.outputs.reach(machine, options)?;
            let own = |error| own(machine, error);
            let target = target(machine, options, &reach).map_err(own)?;
            host = Some(self.tools.connections.connect(&target).map_err(own)?);
            Ok(())
        })?;
        let Some(host) = host else {
            return Ok(outcome);
        };
        step(Step::Keys, &mut || {
            outcome = self.courier.send(self.mutation, &host, &options.keys)?;
            Ok(())
        })?;
        host.close();
        Ok(outcome)
    }

    fn end(&self, machine: String, outcome: Outcome, seconds: BTreeMap<Step, f64>) {
        let summary = tell_end(self.tools.ui, &machine, outcome, seconds);
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.insert(machine, summary);
    }
}

fn told(ui: &Ui, machine: &str, step: Step, seconds: f64) {
    let machine = machine.to_owned();
    ui.send(Event::StepFinished {
        machine,
        step,
        seconds,
    });
}

fn tell_end(
    ui: &Ui,
    machine: &str,
    outcome: Outcome,
    seconds: BTreeMap<Step, f64>,
) -> MachineSummary {
    ui.send(Event::MachineDone {
        machine: machine.to_owned(),
        outcome: outcome.clone(),
    });
    MachineSummary {
        outcome,
        system: None,
        seconds,
        copied: None,
    }
}

/// Why nothing was heard of a machine.
fn unheard(tools: SendingTools<'_>) -> Trouble {
    if tools.processes.interrupted() {
        return Trouble::Interrupted;
    }
    Trouble::new("Nix ended before it had evaluated the machine", None)
}
