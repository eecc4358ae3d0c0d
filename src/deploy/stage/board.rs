//! What the workers of an application look at: what is to be done, and what may be done next.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{PlannedResource, ResourceOutcome};
use crate::state::Key;

use super::schedule::{Schedule, Task};
use super::survey::Survey;
use super::wanted::Wishes;

/// What all workers look at.
pub(super) struct Board {
    pub(super) schedule: Schedule,
    pub(super) wishes: Wishes,
    /// Who reads outputs of a resource.
    pub(super) readers: BTreeMap<Key, BTreeSet<Key>>,
    pub(super) plans: BTreeMap<Key, PlannedResource>,
    /// What must be evaluated anew before it is settled.
    pub(super) stale: BTreeSet<Key>,
    /// What waits for the next evaluation.
    pub(super) batch: BTreeSet<Key>,
    pub(super) evaluates: bool,
    pub(super) outcomes: BTreeMap<Key, ResourceOutcome>,
}

/// What a worker does next.
pub(super) enum Next {
    Do(Task),
    Evaluate(BTreeSet<Key>),
    /// These wait for each other.
    Stuck(Vec<Task>),
    Wait,
    End,
}

impl Board {
    pub(super) fn new(survey: &Survey<'_>) -> Self {
        let planned = survey.plan.resources.iter();
        let awaits = planned.clone().filter(|planned| !planned.awaits.is_empty());
        Self {
            schedule: Schedule::new(super::tasks::of(&survey.plan, &survey.records)),
            stale: awaits.map(|planned| planned.key.clone()).collect(),
            plans: planned
                .map(|planned| (planned.key.clone(), planned.clone()))
                .collect(),
            wishes: Wishes::default(),
            readers: BTreeMap::new(),
            batch: BTreeSet::new(),
            evaluates: false,
            outcomes: BTreeMap::new(),
        }
    }

    /// Notes who reads outputs of whom, after something was evaluated.
    pub(super) fn note_readers(&mut self) {
        for (reader, wanted) in &self.wishes.wanted {
            for output in &wanted.reads {
                let readers = self.readers.entry(output.key.clone()).or_default();
                readers.insert(reader.clone());
            }
        }
    }

    pub(super) fn next(&mut self) -> Next {
        while let Some(task) = self.schedule.take() {
            match &task {
                Task::Settle(key) if self.stale.contains(key) => {
                    self.batch.insert(key.clone());
                }
                _ => return Next::Do(task),
            }
        }
        if self.schedule.is_over() && self.batch.is_empty() {
            Next::End
        } else if self.schedule.is_stuck() {
            Next::Stuck(self.schedule.abandon())
        } else if !self.batch.is_empty() && !self.evaluates {
            self.evaluates = true;
            Next::Evaluate(std::mem::take(&mut self.batch))
        } else {
            Next::Wait
        }
    }
}
