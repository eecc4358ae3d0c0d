//! What a plan is as tasks, and what each of them waits for.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Action, PlannedResource, ResourcesPlan};
use crate::state::Key;

use super::schedule::Task;

/// What each resource needs, or needed when it was recorded.
pub(super) type Needs = BTreeMap<Key, BTreeSet<Key>>;

/// The tasks of a plan. What others needed when they were recorded is deleted after them.
pub(super) fn of(plan: &ResourcesPlan, recorded: &Needs) -> BTreeMap<Task, BTreeSet<Task>> {
    let actions: BTreeMap<&Key, Action> = plan
        .resources
        .iter()
        .map(|planned| (&planned.key, planned.action))
        .collect();
    let mut needed_by: BTreeMap<&Key, BTreeSet<&Key>> = BTreeMap::new();
    let planned = plan
        .resources
        .iter()
        .map(|planned| (&planned.key, &planned.needs));
    for (key, needs) in recorded.iter().chain(planned) {
        for needed in needs {
            needed_by.entry(needed).or_default().insert(key);
        }
    }
    let users = |key: &Key| -> BTreeSet<Task> {
        let users = needed_by.get(key).into_iter().flatten();
        users
            .filter_map(|user| task_of(user, *actions.get(*user)?))
            .collect()
    };
    let mut tasks = BTreeMap::new();
    for PlannedResource {
        key, action, needs, ..
    } in &plan.resources
    {
        match task_of(key, *action) {
            Some(task @ Task::Settle(_)) => {
                let after = needs.iter().cloned().map(Task::Settle).collect();
                tasks.insert(task, after);
            }
            Some(task) => drop(tasks.insert(task, users(key))),
            None => {}
        }
    }
    for planned in &plan.deposed {
        let Some(token) = planned.token.clone() else {
            continue;
        };
        let mut after = users(&planned.key);
        after.insert(Task::Settle(planned.key.clone()));
        tasks.insert(Task::Clear(planned.key.clone(), token), after);
    }
    tasks
}

fn task_of(key: &Key, action: Action) -> Option<Task> {
    match action {
        Action::Keep
        | Action::Create
        | Action::Adopt
        | Action::Update
        | Action::Replace
        | Action::ReplaceCreateFirst
        | Action::Later => Some(Task::Settle(key.clone())),
        Action::Delete | Action::Forget => Some(Task::Delete(key.clone())),
        Action::Obsolete => None,
    }
}
