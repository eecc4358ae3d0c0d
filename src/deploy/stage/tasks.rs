//! What a plan is as tasks, and what each of them waits for.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Action, PlannedResource, ResourcesPlan};
use crate::state::{Key, Records};

use super::schedule::Task;

/// Who needs a resource, or needed it when it was recorded.
type Users<'a> = BTreeMap<&'a Key, BTreeSet<&'a Key>>;

/// The tasks of a plan. What others needed when they were recorded is deleted after them.
pub(super) fn of(plan: &ResourcesPlan, records: &Records) -> BTreeMap<Task, BTreeSet<Task>> {
    let planned = plan.resources.iter();
    let actions: BTreeMap<&Key, Action> = planned
        .map(|planned| (&planned.key, planned.action))
        .collect();
    let all = users(plan, records);
    let after_users = |key: &Key| -> BTreeSet<Task> {
        let users = all.get(key).into_iter().flatten();
        users
            .filter_map(|user| task_of(user, *actions.get(*user)?))
            .collect()
    };
    let mut tasks = BTreeMap::new();
    for PlannedResource {
        key, action, needs, ..
    } in &plan.resources
    {
        let Some(task) = task_of(key, *action) else {
            continue;
        };
        let after = match &task {
            Task::Settle(_) => needs.iter().cloned().map(Task::Settle).collect(),
            Task::Delete(_) | Task::Clear(..) => after_users(key),
        };
        tasks.insert(task, after);
    }
    let deposed: BTreeSet<&Key> = plan.deposed.iter().map(|planned| &planned.key).collect();
    for (key, record) in &records.deposed {
        if deposed.contains(key) {
            let mut after = after_users(key);
            after.insert(Task::Settle(key.clone()));
            tasks.insert(Task::Clear(key.clone(), record.token.clone()), after);
        }
    }
    tasks
}

fn users<'a>(plan: &'a ResourcesPlan, records: &'a Records) -> Users<'a> {
    let planned = plan.resources.iter();
    let planned = planned.map(|planned| (&planned.key, &planned.needs));
    let recorded = records.current.iter();
    let recorded = recorded.map(|(key, record)| (key, &record.needs));
    let mut users = Users::new();
    for (key, needs) in planned.chain(recorded) {
        for needed in needs {
            users.entry(needed).or_default().insert(key);
        }
    }
    users
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
