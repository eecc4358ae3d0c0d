//! What a plan is as tasks, and what each of them waits for.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Action, PlannedResource, ResourcesPlan};
use crate::state::{Key, Records};

use super::schedule::{Schedule, Task};

/// Tasks, and what each of them waits for.
type Tasks = BTreeMap<Task, BTreeSet<Task>>;

/// Who needs a resource, or needed it when it was recorded.
type Users<'a> = BTreeMap<&'a Key, BTreeSet<&'a Key>>;

/// What is done with each resource.
type Actions<'a> = BTreeMap<&'a Key, Action>;

/// The tasks of a plan. What others needed when they were recorded is deleted after them, also where
/// another one is made in its place, as far as there is such an order.
pub(super) fn of(plan: &ResourcesPlan, records: &Records) -> Tasks {
    let planned = plan.resources.iter();
    let actions: Actions<'_> = planned
        .map(|planned| (&planned.key, planned.action))
        .collect();
    let tasks = plainly(plan, records, &actions);
    let mut ordered = tasks.clone();
    let recorded = records.current.iter();
    let edges: Vec<(&Key, &Key)> = recorded
        .flat_map(|(user, record)| record.needs.iter().map(move |needed| (user, needed)))
        .filter(|(_, needed)| actions.get(*needed) == Some(&Action::Replace))
        .collect();
    // First those by which a replacement becomes two tasks.
    for is_replaced in [true, false] {
        for (user, needed) in &edges {
            if (actions.get(*user) == Some(&Action::Replace)) == is_replaced {
                end_before(&mut ordered, user, needed, &actions);
            }
        }
    }
    if is_possible(&ordered) {
        ordered
    } else {
        tasks
    }
}

/// Has a resource end before what it needed when it was recorded, which is replaced.
fn end_before(tasks: &mut Tasks, user: &Key, needed: &Key, actions: &Actions<'_>) {
    match actions.get(user) {
        // Both are deleted first, and made in the other direction.
        Some(Action::Replace) => {
            for key in [user, needed] {
                tasks.entry(Task::Delete(key.clone())).or_default();
                let settle = tasks.entry(Task::Settle(key.clone())).or_default();
                settle.insert(Task::Delete(key.clone()));
            }
            let delete = tasks.entry(Task::Delete(needed.clone())).or_default();
            delete.insert(Task::Delete(user.clone()));
        }
        Some(Action::Delete | Action::Forget) => {
            for end in [Task::Delete(needed.clone()), Task::Settle(needed.clone())] {
                if let Some(after) = tasks.get_mut(&end) {
                    after.insert(Task::Delete(user.clone()));
                }
            }
        }
        _ => {}
    }
}

/// Whether all tasks come to their turn.
fn is_possible(tasks: &Tasks) -> bool {
    let mut schedule = Schedule::new(tasks.clone());
    while let Some(task) = schedule.take() {
        schedule.done(&task);
    }
    schedule.is_over()
}

fn plainly(plan: &ResourcesPlan, records: &Records, actions: &Actions<'_>) -> Tasks {
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

#[cfg(test)]
mod tests {
    use nixops_plugin::protocol::ResourceState;

    use super::*;
    use crate::state::{Lifecycle, Phase, Record, Secrets};

    fn key(name: &str) -> Key {
        Key::new("t", name)
    }

    fn record(needs: &[&str]) -> Record {
        Record {
            plugin: "p".to_owned(),
            version: 0,
            token: "token".to_owned(),
            phase: Phase::Ready,
            state: ResourceState::default(),
            secrets: Secrets::Nothing,
            needs: needs.iter().map(|name| key(name)).collect(),
            lifecycle: Lifecycle::default(),
        }
    }

    /// The order of the tasks of resources, each with its action, what it needs and what it needed.
    fn order(resources: &[(&str, Action, &[&str], &[&str])]) -> Vec<String> {
        let mut plan = ResourcesPlan::default();
        let mut records = Records::default();
        for (name, action, needs, needed) in resources {
            let mut planned = PlannedResource::new(&key(name), *action);
            planned.needs = needs.iter().map(|name| key(name)).collect();
            plan.resources.push(planned);
            records.current.insert(key(name), record(needed));
        }
        let mut schedule = Schedule::new(of(&plan, &records));
        let mut order = Vec::new();
        while let Some(task) = schedule.take() {
            schedule.done(&task);
            order.push(match task {
                Task::Settle(key) => format!("settle {}", key.name),
                Task::Delete(key) | Task::Clear(key, _) => format!("delete {}", key.name),
            });
        }
        assert!(schedule.is_over());
        order
    }

    #[test]
    fn what_is_replaced_goes_after_what_needed_it_and_is_there_before_it() {
        let both = [
            ("disk", Action::Replace, &[][..], &[][..]),
            ("server", Action::Replace, &["disk"], &["disk"]),
        ];
        let expected = [
            "delete server",
            "delete disk",
            "settle disk",
            "settle server",
        ];
        assert_eq!(order(&both), expected);
        let one = [
            ("disk", Action::Replace, &[][..], &[][..]),
            ("server", Action::Delete, &["disk"], &["disk"]),
        ];
        assert_eq!(order(&one), ["delete server", "settle disk"]);
    }

    #[test]
    fn where_no_order_is_right_for_all_what_is_needed_is_made_first() {
        // What used `old` needs `disk` from now on, and `old` has needed `disk`.
        let resources = [
            ("disk", Action::Replace, &[][..], &[][..]),
            ("old", Action::Delete, &["disk"], &["disk"]),
            ("user", Action::Update, &["disk"], &["old"]),
        ];
        assert_eq!(
            order(&resources),
            ["settle disk", "settle user", "delete old"]
        );
    }
}
