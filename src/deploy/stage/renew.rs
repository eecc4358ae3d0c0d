//! What is evaluated and planned anew, once outputs are known that it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use nixops_plugin::protocol::Attributes;

use crate::evaluator::OutputRef;
use crate::plan::{Action, PlannedResource};
use crate::state::Key;
use crate::ui::Event;

use super::super::trouble::{Trouble, diagnostic};
use super::apply::Application;
use super::schedule::Task;
use super::wanted::{Subject, Wanted};

impl Application<'_, '_> {
    /// Notes outputs; whoever was evaluated with others is evaluated anew.
    pub(super) fn learn(&self, key: &Key, outputs: &Attributes) {
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
    pub(super) fn evaluate(&self, keys: &BTreeSet<Key>) {
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
    pub(super) fn allow(&self, planned: &PlannedResource) -> Result<(), Trouble> {
        match &planned.refusal {
            Some(refusal) => Err(Trouble::new(refusal.to_string(), Some(refusal.hint()))),
            None => (self.guard)(planned),
        }
    }
}
