//! Does what was planned, as much of it at once as may be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nixops_plugin::protocol::Attributes;

use crate::evaluator::OutputRef;
use crate::plan::{Action, PlannedResource, ResourceOutcome};
use crate::preview::Seen;
use crate::state::Key;
use crate::ui::Event;

use super::super::Mutation;
use super::super::trouble::{Trouble, diagnostic};
use super::examine::All;
use super::schedule::{Schedule, Task};
use super::settle::{Aim, Steps};
use super::survey::Survey;
use super::wanted::{Subject, Wanted, Wishes};
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
struct Application<'a, 'b> {
    stage: &'a Stage<'a>,
    mutation: &'a Mutation,
    guard: &'a Guard<'a>,
    knowledge: &'a Knowledge<'b>,
    steps: Steps<'a>,
    seen: Mutex<BTreeMap<Key, Seen>>,
    all: All,
    board: Mutex<Board>,
    changed: Condvar,
}

/// What all workers look at.
struct Board {
    schedule: Schedule,
    wishes: Wishes,
    /// Who reads outputs of a resource.
    readers: BTreeMap<Key, BTreeSet<Key>>,
    plans: BTreeMap<Key, PlannedResource>,
    /// What must be evaluated anew before it is settled.
    stale: BTreeSet<Key>,
    /// What waits for the next evaluation.
    batch: BTreeSet<Key>,
    evaluates: bool,
    outcomes: BTreeMap<Key, ResourceOutcome>,
}

/// What a worker does next.
enum Next {
    Do(Task),
    Evaluate(BTreeSet<Key>),
    /// These wait for each other.
    Stuck(Vec<Task>),
    Wait,
    End,
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

impl Board {
    fn new(survey: &Survey<'_>) -> Self {
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
    fn note_readers(&mut self) {
        for (reader, wanted) in &self.wishes.wanted {
            for output in &wanted.reads {
                let readers = self.readers.entry(output.key.clone()).or_default();
                readers.insert(reader.clone());
            }
        }
    }

    fn next(&mut self) -> Next {
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
                    self.abandon(&mut board);
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
    fn abandon(&self, board: &mut Board) {
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
    fn finish(&self, task: &Task, result: Result<ResourceOutcome, Trouble>, begun: Instant) {
        let key = task.key();
        let outcome = result.unwrap_or_else(|trouble| match trouble {
            Trouble::Interrupted => ResourceOutcome::Interrupted,
            failed => ResourceOutcome::Failed {
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

    /// Brings a resource to what it is to be.
    fn settle(&self, key: &Key) -> Result<ResourceOutcome, Trouble> {
        let (wanted, planned) = {
            let board = self.board();
            let wanted = board.wishes.wanted.get(key).cloned();
            (wanted, board.plans.get(key).cloned())
        };
        let (Some(wanted), Some(planned)) = (wanted, planned) else {
            return Err(Trouble::new(
                "nothing is known of it; this is a defect",
                None,
            ));
        };
        let aim = Aim {
            key: key.clone(),
            inputs: self.knowledge.fill(&wanted.shown),
            shown: wanted.shown.clone(),
            needs: planned.needs.clone(),
            lifecycle: wanted.lifecycle.clone(),
        };
        let (outputs, outcome) = self.act(&wanted, &aim, &planned)?;
        self.learn(key, &outputs);
        Ok(outcome)
    }

    fn act(
        &self,
        wanted: &Wanted,
        aim: &Aim,
        planned: &PlannedResource,
    ) -> Result<(Attributes, ResourceOutcome), Trouble> {
        let steps = &self.steps;
        let seen = self.seen().remove(&aim.key);
        Ok(match (planned.action, seen) {
            (_, Some(Seen::Unanswered(error))) => return Err(error.into()),
            (Action::Keep, seen) => {
                let now = match seen {
                    Some(Seen::There(now)) => Some(now),
                    _ => None,
                };
                (
                    steps.keep(self.mutation, aim, now)?,
                    ResourceOutcome::Unchanged,
                )
            }
            (Action::Update, seen) => {
                let now = match &seen {
                    Some(Seen::There(now)) => Some(now),
                    _ => None,
                };
                (
                    steps.update(self.mutation, aim, now)?,
                    ResourceOutcome::Updated,
                )
            }
            (Action::Adopt, Some(Seen::Unfinished(Some(created)))) => {
                return self.adopt(wanted, aim, created);
            }
            (Action::Replace, _) => {
                // Where others that needed it are replaced too, it was deleted before.
                if steps.record(&aim.key).is_some() {
                    self.delete(&aim.key)?;
                }
                let outputs = steps.create(self.mutation, aim, None)?;
                (outputs, ResourceOutcome::Replaced)
            }
            (Action::ReplaceCreateFirst, _) => {
                let (old, outputs) = steps.supersede(self.mutation, aim)?;
                let mut board = self.board();
                let clear = Task::Clear(aim.key.clone(), old);
                board
                    .schedule
                    .add_last(clear, &Task::Settle(aim.key.clone()));
                (outputs, ResourceOutcome::Replaced)
            }
            (Action::Create, seen) => {
                let is_unfinished = matches!(seen, Some(Seen::Unfinished(None)));
                let record = steps.record(&aim.key).filter(|_| is_unfinished);
                let token = record.map(|record| record.token);
                let outputs = steps.create(self.mutation, aim, token)?;
                (outputs, ResourceOutcome::Created)
            }
            (action, _) => {
                let message = format!("cannot {action:?} it now; this is a defect");
                return Err(Trouble::new(message, None));
            }
        })
    }

    /// Takes a resource over, and brings it to what it is to be by now.
    fn adopt(
        &self,
        wanted: &Wanted,
        aim: &Aim,
        created: nixops_plugin::protocol::Created,
    ) -> Result<(Attributes, ResourceOutcome), Trouble> {
        let now = nixops_plugin::protocol::Updated {
            outputs: created.outputs.clone(),
            private: created.private.clone(),
        };
        let outputs = self.steps.adopt(self.mutation, aim, created)?;
        let record = self.steps.record(&aim.key);
        let seen = Seen::There(now);
        let (planned, _) = self.stage.plan_one(
            wanted,
            &aim.inputs,
            aim.needs.clone(),
            record.as_ref(),
            Some(&seen),
        )?;
        if planned.action == Action::Keep {
            return Ok((outputs, ResourceOutcome::Adopted));
        }
        self.allow(&planned)?;
        self.seen().insert(aim.key.clone(), seen);
        self.act(wanted, aim, &planned)
    }

    /// Has the predecessor of a resource deleted, or leaves it if that is what the network wants.
    fn clear(&self, key: &Key, token: &str) -> Result<ResourceOutcome, Trouble> {
        let deposed = self.steps.deposed(key, token);
        if deposed.is_some_and(|record| record.lifecycle.retain) {
            self.steps.release(self.mutation, key, token)?;
        } else {
            self.steps.clear(self.mutation, key, token)?;
        }
        Ok(ResourceOutcome::Replaced)
    }

    fn delete(&self, key: &Key) -> Result<ResourceOutcome, Trouble> {
        let planned = self.board().plans.get(key).cloned();
        if planned.is_some_and(|planned| planned.action == Action::Forget || planned.retains) {
            self.steps.forget(self.mutation, key)?;
            return Ok(ResourceOutcome::Forgotten);
        }
        self.steps.delete(self.mutation, key)?;
        Ok(ResourceOutcome::Deleted)
    }

    /// Notes outputs; whoever was evaluated with others is evaluated anew.
    fn learn(&self, key: &Key, outputs: &Attributes) {
        let changed = self.knowledge.tell(key, outputs);
        if changed.is_empty() {
            return;
        }
        let mut board = self.board();
        let readers = board.readers.get(key).cloned().unwrap_or_default();
        let has_read = |reader: &Key| {
            let wanted = board.wishes.wanted.get(reader);
            wanted.is_some_and(|wanted| {
                let mut reads = wanted.reads.iter();
                reads.any(|output| output.key == *key && changed.contains(&output.attribute))
            })
        };
        let readers: Vec<Key> = readers.into_iter().filter(has_read).collect();
        board.stale.extend(readers);
    }

    /// Evaluates anew what waited for outputs that are known now.
    fn evaluate(&self, keys: &BTreeSet<Key>) {
        let begun = Instant::now();
        let subjects: BTreeMap<Subject, Key> = {
            let board = self.board();
            let subject = |key: &Key| (board.wishes.subject(key), key.clone());
            keys.iter().map(subject).collect()
        };
        let asked = subjects.keys().cloned().collect();
        let known = self.knowledge.known();
        let answers = self.stage.definitions.evaluate(&asked, &known);
        self.board().evaluates = false;
        match answers {
            Ok(answers) => {
                let mut board = self.board();
                board.wishes.take(answers);
                board.note_readers();
            }
            Err(trouble) => {
                for key in keys {
                    self.finish(&Task::Settle(key.clone()), Err(trouble.clone()), begun);
                }
                return;
            }
        }
        for (subject, key) in subjects {
            if let Err(trouble) = self.proceed(&subject, &key) {
                self.finish(&Task::Settle(key), Err(trouble), begun);
            }
        }
        self.changed.notify_all();
    }

    /// Lets what was evaluated anew go on, or wait for more.
    fn proceed(&self, subject: &Subject, key: &Key) -> Result<(), Trouble> {
        let (wanted, failed, awaits, is_plain) = {
            let board = self.board();
            let wishes = &board.wishes;
            (
                wishes.of(subject).cloned(),
                wishes.failed.get(subject).cloned(),
                wishes.awaits.get(subject).cloned(),
                wishes.is_plain(subject),
            )
        };
        if let Some(diagnostic) = failed {
            return Err(Trouble::Failed(diagnostic));
        }
        let open: BTreeSet<OutputRef> = match (&wanted, awaits) {
            (_, Some(output)) => BTreeSet::from([output]),
            (Some(wanted), None) => wanted.unknown(),
            (None, None) => BTreeSet::new(),
        };
        if !open.is_empty() {
            return self.wait_for(key, &open);
        }
        let Some(wanted) = wanted else {
            if is_plain {
                self.board().schedule.done(&Task::Settle(key.clone()));
            }
            return Ok(());
        };
        let planned = self.replan(&wanted)?;
        let mut board = self.board();
        board.stale.remove(&wanted.key);
        let needs: Vec<Task> = planned.needs.iter().cloned().map(Task::Settle).collect();
        board.plans.insert(wanted.key.clone(), planned);
        let task = Task::Settle(wanted.key.clone());
        if wanted.key == *key {
            board.schedule.put_back(task, needs);
        } else {
            // Only now it is known which backend makes the machine.
            board.schedule.add(task, needs);
            board.schedule.done(&Task::Settle(key.clone()));
        }
        Ok(())
    }

    /// Puts a resource back until the outputs that it lacks are known.
    fn wait_for(&self, key: &Key, open: &BTreeSet<OutputRef>) -> Result<(), Trouble> {
        let mut board = self.board();
        let needs = open.iter().map(|output| Task::Settle(output.key.clone()));
        if board.schedule.put_back(Task::Settle(key.clone()), needs) {
            return Ok(());
        }
        let missing = open.iter().next();
        let missing = missing.map_or_else(String::new, |output| {
            format!("`resources.{}.{}`", output.key, output.attribute)
        });
        let message = format!("it reads {missing}, which its provider does not tell");
        Err(Trouble::new(message, None))
    }

    fn replan(&self, wanted: &Wanted) -> Result<PlannedResource, Trouble> {
        let inputs = self.knowledge.fill(&wanted.shown);
        let examined = self.stage.examine(wanted, &inputs, &self.all)?;
        for problem in &examined.problems {
            let problem = problem.clone();
            self.stage.ui.send(Event::Invalid { problem });
        }
        if examined.is_refused() {
            let message = "a value is not as it must be";
            return Err(Trouble::Failed(diagnostic(message, None)));
        }
        let seen = self.seen();
        let record = self.steps.record(&wanted.key);
        let (mut planned, _) = self.stage.plan_one(
            wanted,
            &inputs,
            examined.needs,
            record.as_ref(),
            seen.get(&wanted.key),
        )?;
        drop(seen);
        let before = self
            .board()
            .plans
            .get(&wanted.key)
            .map(|planned| planned.action);
        if record.is_none() && before == Some(Action::Replace) {
            planned.action = Action::Replace;
        }
        self.allow(&planned)?;
        Ok(planned)
    }

    /// Refuses what the network protects, and what the plan does not allow, now that more is known.
    fn allow(&self, planned: &PlannedResource) -> Result<(), Trouble> {
        match &planned.refusal {
            Some(refusal) => Err(Trouble::new(refusal.to_string(), Some(refusal.hint()))),
            None => (self.guard)(planned),
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<Key, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
