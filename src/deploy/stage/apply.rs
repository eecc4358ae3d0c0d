//! Does what was planned, as much of it at once as may be.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::plan::{Action, PlannedResource, ResourceOutcome};
use crate::preview::Seen;
use crate::state::Key;
use crate::ui::Event;

use super::super::Mutation;
use super::super::trouble::Trouble;
use super::board::{Board, Next};
use super::examine::All;
use super::schedule::Task;
use super::settle::Steps;
use super::survey::Survey;
use super::{Stage, knowledge::Knowledge};

/// How soon an interrupt is noticed while nothing ends.
const ATTENTION: Duration = Duration::from_millis(100);

/// What became of resources.
#[derive(Debug, Default)]
pub struct Applied {
    /// What became of each.
    pub outcomes: BTreeMap<Key, ResourceOutcome>,
}

impl Applied {
    /// The exit code of a run that is for nothing else: 0 if all went well, 130 if interrupted, or 1.
    pub fn exit_code(&self) -> u8 {
        let outcomes = || self.outcomes.values();
        let interrupted = |outcome: &ResourceOutcome| *outcome == ResourceOutcome::Interrupted;
        if outcomes().any(interrupted) {
            return 130;
        }
        u8::from(!outcomes().all(ResourceOutcome::is_well))
    }
}

/// Whether a plan allows what is to be done now that more is known.
pub type Guard<'a> = dyn Fn(&PlannedResource) -> Result<(), Trouble> + Sync + 'a;

/// One application of a plan.
pub(super) struct Application<'a, 'b> {
    pub(super) stage: &'a Stage<'a>,
    pub(super) mutation: &'a Mutation,
    pub(super) guard: &'a Guard<'a>,
    pub(super) knowledge: &'a Knowledge<'b>,
    pub(super) steps: Steps<'a>,
    seen: Mutex<BTreeMap<Key, Seen>>,
    pub(super) all: All,
    board: Mutex<Board>,
    pub(super) changed: Condvar,
}
impl<'a> Stage<'a> {
    /// Brings resources to what they are to be, each once what it needs is there. A failure stops what
    /// depends on it and nothing else.
    pub fn apply(
        &'a self,
        mutation: &'a Mutation,
        survey: &mut Survey<'a>,
        guard: &'a Guard<'a>,
    ) -> Result<Applied, Trouble> {
        let all = survey.all();
        let mut board = Board::new(survey);
        board.wishes = std::mem::take(&mut survey.wishes);
        board.note_readers();
        let records = std::mem::take(&mut survey.records);
        let steps = Steps::new(self.preview, self.store, records);
        for (to, from) in &survey.claimed {
            steps.claimed(mutation, from, to)?;
        }
        for (to, from) in &survey.renames {
            steps.rename(mutation, from, to)?;
        }
        for key in &survey.upgraded {
            steps.upgraded(mutation, key)?;
        }
        let application = Application {
            stage: self,
            mutation,
            guard,
            knowledge: &survey.knowledge,
            steps,
            seen: Mutex::new(std::mem::take(&mut survey.seen)),
            all,
            board: Mutex::new(board),
            changed: Condvar::new(),
        };
        application.run();
        let Application { board, .. } = application;
        let board = board.into_inner();
        let board = board.unwrap_or_else(PoisonError::into_inner);
        survey.wishes = board.wishes;
        survey.is_applied = true;
        Ok(Applied {
            outcomes: board.outcomes,
        })
    }
}

impl Application<'_, '_> {
    fn run(&self) {
        let tasks = self.board().plans.len() + 1;
        let workers = self.stage.limits.create.get().min(tasks);
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| self.work());
            }
        });
    }

    fn work(&self) {
        loop {
            let next = {
                let mut board = self.board();
                if self.stage.processes.interrupted() {
                    Self::abandon(&mut board);
                }
                board.next()
            };
            match next {
                Next::Do(task) => self.perform(&task),
                Next::Evaluate(keys) => self.evaluate(&keys),
                Next::Stuck(tasks) => self.give_up(&tasks),
                Next::Wait => {
                    let board = self.board();
                    drop(self.changed.wait_timeout(board, ATTENTION));
                }
                Next::End => break self.changed.notify_all(),
            }
        }
    }

    /// Begins nothing more.
    fn abandon(board: &mut Board) {
        let mut left: Vec<Task> = board.schedule.abandon();
        let batch = std::mem::take(&mut board.batch);
        for key in batch {
            board.schedule.failed(&Task::Settle(key.clone()));
            left.push(Task::Settle(key));
        }
        for task in left {
            let outcome = ResourceOutcome::Interrupted;
            board.outcomes.entry(task.key().clone()).or_insert(outcome);
        }
    }

    /// Fails tasks that wait for each other, which is seen only once outputs are known.
    fn give_up(&self, tasks: &[Task]) {
        let names: Vec<String> = tasks.iter().map(|task| task.key().to_string()).collect();
        let message = format!("resources need each other: {}", names.join(", "));
        for task in tasks {
            let trouble = Trouble::new(message.clone(), None);
            self.finish(task, Err(trouble), Instant::now());
        }
    }

    fn perform(&self, task: &Task) {
        let key = task.key();
        let is_quiet = matches!(task, Task::Settle(key) if self.is_kept(key));
        if !is_quiet {
            self.stage.ui.send(Event::ResourceStarted {
                resource: key.to_string(),
            });
        }
        let begun = Instant::now();
        let result = match task {
            Task::Settle(key) => self.settle(key),
            Task::Delete(key) => self.delete(key),
            Task::Clear(key, token) => self.clear(key, token),
        };
        self.finish(task, result, begun);
    }

    fn is_kept(&self, key: &Key) -> bool {
        let board = self.board();
        let planned = board.plans.get(key);
        planned.is_some_and(|planned| planned.action == Action::Keep)
    }

    /// Notes and tells what became of a task, and of those that do not happen because of it.
    pub(super) fn finish(
        &self,
        task: &Task,
        result: Result<ResourceOutcome, Trouble>,
        begun: Instant,
    ) {
        let key = task.key();
        let outcome = result.unwrap_or_else(|trouble| match trouble {
            Trouble::Interrupted => ResourceOutcome::Interrupted,
            failed @ (Trouble::Failed(_) | Trouble::Unreachable(_)) => ResourceOutcome::Failed {
                diagnostic: failed.without_prefix(&format!("{key} ")).into_diagnostic(),
            },
        });
        let mut skipped = Vec::new();
        {
            let mut board = self.board();
            if outcome.is_well() {
                board.schedule.done(task);
            } else {
                skipped = board.schedule.failed(task);
                // Of one that failed everybody knows that what it replaced is still there.
                skipped.retain(|task| task.key() != key);
            }
            board.outcomes.insert(key.clone(), outcome.clone());
            for task in &skipped {
                let because = ResourceOutcome::Skipped {
                    because: key.to_string(),
                };
                board.outcomes.insert(task.key().clone(), because);
            }
        }
        self.changed.notify_all();
        self.tell(key, outcome, begun.elapsed());
        for task in skipped {
            let outcome = ResourceOutcome::Skipped {
                because: key.to_string(),
            };
            self.tell(task.key(), outcome, Duration::ZERO);
        }
    }

    fn tell(&self, key: &Key, outcome: ResourceOutcome, took: Duration) {
        self.stage.ui.send(Event::ResourceDone {
            resource: key.to_string(),
            outcome,
            seconds: took.as_secs_f64(),
        });
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, BTreeMap<Key, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
