//! Hands what evaluation says to the lanes, and gathers what becomes of them.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::evaluator::Evaluated;
use crate::host::AtWork;
use crate::plan::{MachineSummary, Outcome, Step, Summary};
use crate::ui::{Event, Ui};

use super::Request;
use super::lane::Lane;
use super::road::{News, Road};
use super::work::Work;

/// How soon an interrupt is noticed while evaluation says nothing.
const ATTENTION: Duration = Duration::from_millis(100);

/// A lane waits more than it works, and there may be a thousand of them.
const LANE_STACK: usize = 512 << 10;

/// Deploys what is evaluated, one lane for each machine.
pub(super) fn conduct<W: Work>(
    request: &Request,
    evaluated: &Receiver<Evaluated>,
    work: &W,
    ui: &Ui,
) -> Summary {
    let begun = Instant::now();
    let road = Road::new(request, work, ui);
    let machines = request.machines.iter();
    let at_work = machines.map(|machine| (machine.clone(), work.at_work()));
    let mut machines = thread::scope(|scope| {
        let mut conductor = Conductor {
            scope,
            road: &road,
            lanes: BTreeMap::new(),
            at_work: at_work.collect(),
        };
        conductor.listen(evaluated);
        // Before any lane is waited for: at the gate others wait for those that never come.
        let unheard = conductor.abandon();
        let mut machines = conductor.gather();
        machines.extend(unheard);
        machines
    });
    for (name, because) in &request.skipped {
        let because = because.clone();
        machines.insert(
            name.clone(),
            Lane::new(&road, name.clone()).end(Outcome::Skipped { because }),
        );
    }
    Summary::new(request.extent, machines, begun.elapsed().as_secs_f64())
}

struct Conductor<'scope, 'env, W> {
    scope: &'scope Scope<'scope, 'env>,
    road: &'env Road<'env, W>,
    lanes: BTreeMap<String, Ahead<'scope>>,
    /// Machines that may have work, and of which nothing was heard yet.
    at_work: BTreeMap<String, AtWork>,
}

/// A lane as seen from here.
struct Ahead<'scope> {
    news: Sender<News>,
    thread: Option<ScopedJoinHandle<'scope, MachineSummary>>,
    begun: Instant,
}

impl<'scope, W: Work> Conductor<'scope, '_, W> {
    /// Hands on what evaluation says until it has ended, or the user wants no more.
    fn listen(&mut self, evaluated: &Receiver<Evaluated>) {
        loop {
            match evaluated.recv_timeout(ATTENTION) {
                Ok(evaluated) => self.hand_on(evaluated),
                Err(RecvTimeoutError::Timeout) if !self.road.work.interrupted() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn hand_on(&mut self, evaluated: Evaluated) {
        match evaluated {
            Evaluated::Begun { machine } => {
                self.lane(&machine).begun = Instant::now();
                self.road.ui.send(Event::StepStarted {
                    machine,
                    step: Step::Evaluate,
                });
            }
            Evaluated::Target {
                machine,
                options,
                system,
                ..
            } => self.tell(&machine, News::Target { options, system }),
            Evaluated::Warning { machine, text } => {
                self.road.ui.warning(machine.as_deref(), text, None);
            }
            Evaluated::Trace { machine, text } => self.trace(machine.as_deref(), &text),
            Evaluated::Keys { machine, texts } => self.road.work.learn_keys(machine, texts),
            Evaluated::Reads { .. } => {}
            Evaluated::Machine(machine) => {
                let name = machine.name.clone();
                let seconds = self.lane(&name).begun.elapsed().as_secs_f64();
                let step = Step::Evaluate;
                self.road.ui.send(Event::StepFinished {
                    machine: name.clone(),
                    step,
                    seconds,
                });
                self.tell(&name, News::Machine { machine, seconds });
            }
            Evaluated::Failed {
                machine,
                diagnostic,
                unknown,
            } => self.tell(
                &machine,
                News::Failed {
                    diagnostic,
                    unknown,
                },
            ),
        }
    }

    fn tell(&mut self, machine: &str, news: News) {
        // A lane that has failed listens no more.
        let _ = self.lane(machine).news.send(news);
    }

    /// The lane of a machine, which begins with the first word of it.
    fn lane(&mut self, machine: &str) -> &mut Ahead<'scope> {
        let (scope, road) = (self.scope, self.road);
        self.lanes.entry(machine.to_owned()).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel();
            let at_work = self.at_work.remove(machine);
            let lane = Lane::new(road, machine.to_owned()).at_work(at_work);
            let thread = thread::Builder::new()
                .name(machine.replace('\0', ""))
                .stack_size(LANE_STACK);
            let thread = thread.spawn_scoped(scope, move || lane.run(&receiver)).ok();
            Ahead {
                news: sender,
                thread,
                begun: Instant::now(),
            }
        })
    }

    fn trace(&self, machine: Option<&str>, text: &str) {
        for line in text.lines() {
            let (machine, line) = (machine.map(str::to_owned), line.to_owned());
            self.road.ui.send(Event::Log {
                machine,
                step: Step::Evaluate,
                line,
            });
        }
    }

    /// Ends the lanes of machines of which nothing was heard.
    fn abandon(&mut self) -> BTreeMap<String, MachineSummary> {
        self.at_work.clear();
        let machines = self.road.request.machines.iter();
        let unheard = machines.filter(|name| !self.lanes.contains_key(*name));
        let abandon = |name: &String| Lane::new(self.road, name.clone()).abandon();
        unheard.map(|name| (name.clone(), abandon(name))).collect()
    }

    /// Waits for every lane to end.
    fn gather(self) -> BTreeMap<String, MachineSummary> {
        let ahead = self.lanes.into_iter();
        // Lanes that still wait for news learn that there is none before any is waited for.
        let threads: Vec<_> = ahead.map(|(name, ahead)| (name, ahead.thread)).collect();
        let break_off =
            |name: &str, reason| Lane::new(self.road, name.to_owned()).break_off(reason);
        let ended = threads.into_iter().map(|(name, thread)| {
            let summary = match thread.map(ScopedJoinHandle::join) {
                Some(Ok(summary)) => summary,
                Some(Err(_)) => break_off(&name, "nixops itself failed; this is a defect"),
                None => break_off(&name, "the system gives no more threads"),
            };
            (name, summary)
        });
        ended.collect()
    }
}
