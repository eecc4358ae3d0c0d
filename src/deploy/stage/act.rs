//! What is done with one resource, as its plan says.

use nixops_plugin::protocol::Attributes;

use crate::plan::{Action, PlannedResource, ResourceOutcome};
use crate::preview::Seen;
use crate::state::Key;

use super::super::trouble::Trouble;
use super::apply::Application;
use super::schedule::Task;
use super::settle::Aim;
use super::wanted::Wanted;

impl Application<'_, '_> {
    /// Brings a resource to what it is to be.
    pub(super) fn settle(&self, key: &Key) -> Result<ResourceOutcome, Trouble> {
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
    pub(super) fn clear(&self, key: &Key, token: &str) -> Result<ResourceOutcome, Trouble> {
        let deposed = self.steps.deposed(key, token);
        if deposed.is_some_and(|record| record.lifecycle.retain) {
            self.steps.release(self.mutation, key, token)?;
        } else {
            self.steps.clear(self.mutation, key, token)?;
        }
        Ok(ResourceOutcome::Replaced)
    }

    pub(super) fn delete(&self, key: &Key) -> Result<ResourceOutcome, Trouble> {
        let planned = self.board().plans.get(key).cloned();
        if planned.is_some_and(|planned| planned.action == Action::Forget || planned.retains) {
            self.steps.forget(self.mutation, key)?;
            return Ok(ResourceOutcome::Forgotten);
        }
        self.steps.delete(self.mutation, key)?;
        Ok(ResourceOutcome::Deleted)
    }
}
