//! The gate before activation: where machines wait for the batch that they are in, or for all others.
//!
//! Every machine of the run comes by, in any order and at any time: it [enters](Gate::enter) if it is to be
//! activated, and it [leaves](Gate::leave) in every case, also when there was nothing to do or when it failed
//! on the way. A batch is made of the first machines, in the order of the run, that have not left without
//! entering: what is unchanged or broken takes up no place, and no machine waits for more than it must.
//!
//! In an atomic run all machines are one batch that opens once nobody is on the way any more, and who is inside
//! asks whether all others are [well](Gate::agree) before anything is made to last.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::plan::Rollout;

/// How soon an interrupt is noticed.
const ATTENTION: Duration = Duration::from_millis(100);

/// More names than this are a number.
const NAMED: usize = 3;

/// Lets machines through to their activation.
pub(super) struct Gate {
    rollout: Rollout,
    may_fail: Option<usize>,
    /// Where each machine stands in the order of the run.
    places: BTreeMap<String, usize>,
    state: Mutex<State>,
    changed: Condvar,
}

/// What a machine is told at the gate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Admission {
    /// It is its turn.
    Go {
        /// Its batch, counted from 1; none where there is only one.
        batch: Option<usize>,
        /// Whether it is the first of its batch.
        is_first: bool,
    },
    /// It is not to begin.
    Stop(String),
    /// The user interrupted the run.
    Interrupted,
}

/// How a machine left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// Well, or with nothing to do.
    Well,
    /// It failed.
    Failed,
    /// It did not begin, because something that it needs is not there, or because of the others.
    Skipped,
}

/// What is known by now.
struct State {
    /// Where the machines are, in the order of the run.
    stands: Vec<Stand>,
    batch: Batch,
    failed: Vec<String>,
    /// Whether all are well; none as long as that is open.
    verdict: Option<bool>,
}

/// The batch that is open.
#[derive(Default)]
struct Batch {
    /// Its number, from 0.
    number: usize,
    /// Where it begins in the order.
    begin: usize,
    /// Where it ends, as far as it is known: whoever leaves without entering makes room for another.
    end: usize,
    /// Whether one of it has entered.
    is_begun: bool,
}

/// Where a machine is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Stand {
    #[default]
    OnTheWay,
    Waiting,
    Inside,
    /// Inside, and well.
    Tested,
    /// Left after it was inside.
    Through,
    /// Left without having been inside.
    Aside,
}

impl Gate {
    /// A gate for these machines, in their order. `skipped` are others that will never come.
    pub(super) fn new(rollout: &Rollout, machines: &[String], skipped: &[String]) -> Self {
        let may_fail = if rollout.atomic {
            Some(0)
        } else {
            rollout.may_fail(machines.len())
        };
        let mut state = State {
            stands: vec![Stand::default(); machines.len()],
            batch: Batch::default(),
            failed: if rollout.atomic {
                skipped.to_vec()
            } else {
                Vec::new()
            },
            verdict: None,
        };
        state.open(rollout);
        let places = machines.iter().cloned().zip(0..);
        Self {
            rollout: rollout.clone(),
            may_fail,
            places: places.collect(),
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Waits until it is the machine's turn to be activated, or until it is certain that it will never be.
    pub(super) fn enter(&self, machine: &str, interrupted: impl Fn() -> bool) -> Admission {
        let Some(place) = self.places.get(machine).copied() else {
            return Admission::Stop("it is no machine of this run".to_owned());
        };
        let mut state = self.lock();
        state.stands[place] = Stand::Waiting;
        self.changed.notify_all();
        loop {
            if interrupted() {
                return Admission::Interrupted;
            }
            if let Some(because) = self.stop(&state) {
                return Admission::Stop(because);
            }
            if place < state.batch.end && self.is_open(&state) {
                state.stands[place] = Stand::Inside;
                let is_first = !std::mem::replace(&mut state.batch.is_begun, true);
                let batch = (!self.rollout.batches.is_one()).then_some(state.batch.number + 1);
                return Admission::Go { batch, is_first };
            }
            state = self.wait(state);
        }
    }

    /// Whether what was activated may be made to last: in an atomic run, once all are well; otherwise every
    /// machine is its own affair.
    pub(super) fn agree(&self, machine: &str, interrupted: impl Fn() -> bool) -> bool {
        let place = self.places.get(machine).copied();
        let Some(place) = place.filter(|_| self.rollout.atomic) else {
            return true;
        };
        let mut state = self.lock();
        state.stands[place] = Stand::Tested;
        loop {
            if let Some(verdict) = state.verdict(interrupted()) {
                self.changed.notify_all();
                return verdict;
            }
            state = self.wait(state);
        }
    }

    /// Notes that a machine is through, or will never come. Only the first word counts.
    pub(super) fn leave(&self, machine: &str, end: End) {
        let Some(place) = self.places.get(machine).copied() else {
            return;
        };
        let mut state = self.lock();
        let before = state.stands[place];
        state.stands[place] = match before {
            Stand::Through | Stand::Aside => return,
            Stand::Inside | Stand::Tested => Stand::Through,
            Stand::Waiting | Stand::OnTheWay => Stand::Aside,
        };
        let failed = match end {
            End::Well => false,
            // One that was well goes back because of others.
            End::Failed => before != Stand::Tested,
            // One that waits here already does not begin because of others.
            End::Skipped => self.rollout.atomic && before == Stand::OnTheWay,
        };
        if failed {
            state.failed.push(machine.to_owned());
        }
        state.open(&self.rollout);
        self.changed.notify_all();
    }

    /// Whether all are activated, or none.
    pub(super) fn is_atomic(&self) -> bool {
        self.rollout.atomic
    }

    /// Why the machines of an atomic run did not agree, in the user's words.
    pub(super) fn why_not(&self) -> String {
        let state = self.lock();
        let interrupted = || "the run was interrupted before all were well".to_owned();
        self.stop(&state).unwrap_or_else(interrupted)
    }

    /// Why nothing begins any more, if that is so.
    fn stop(&self, state: &State) -> Option<String> {
        let may_fail = self.may_fail?;
        if state.failed.len() <= may_fail {
            return None;
        }
        let failed = named(&state.failed);
        Some(if self.rollout.atomic {
            format!("{failed} failed, and --atomic activates all or none")
        } else {
            format!("{failed} failed, and no more begin (--max-fail {may_fail})")
        })
    }

    /// Whether somebody may enter: in an atomic run, once nobody is on the way.
    fn is_open(&self, state: &State) -> bool {
        !self.rollout.atomic || !state.stands.contains(&Stand::OnTheWay)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, ATTENTION);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Finds where the batch ends by now, and opens the next one as soon as all of it have left.
    fn open(&mut self, rollout: &Rollout) {
        loop {
            let Batch { number, begin, .. } = self.batch;
            let size = rollout.batches.size(number, self.stands.len());
            let places = self.stands.iter().enumerate().skip(begin);
            let members = places.filter(|(_, stand)| **stand != Stand::Aside);
            let mut members = members.map(|(place, _)| place);
            let last = members.by_ref().take(size).last();
            // Where nobody follows, it ends with the last of all.
            let end = last.filter(|_| members.next().is_some());
            let end = end.map_or(self.stands.len(), |place| place + 1);
            self.batch.end = end;
            let has_left = |stand: &Stand| matches!(stand, Stand::Through | Stand::Aside);
            if end == self.stands.len() || !self.stands[begin..end].iter().all(has_left) {
                return;
            }
            self.batch = Batch {
                number: number + 1,
                begin: end,
                ..Batch::default()
            };
        }
    }

    /// What all are told, once it is certain. It is not taken back.
    fn verdict(&mut self, is_interrupted: bool) -> Option<bool> {
        let is_open = |stand: &Stand| matches!(stand, Stand::Inside | Stand::Waiting);
        let verdict = match () {
            () if self.verdict.is_some() => self.verdict,
            () if is_interrupted || !self.failed.is_empty() => Some(false),
            () if self.stands.iter().any(is_open) => None,
            () => Some(true),
        };
        self.verdict = verdict;
        verdict
    }
}

/// Names in a sentence.
fn named(names: &[String]) -> String {
    match names.split_at_checked(NAMED) {
        Some((some, more)) if !more.is_empty() => {
            format!("{} and {} more", some.join(", "), more.len())
        }
        _ => names.join(", "),
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
