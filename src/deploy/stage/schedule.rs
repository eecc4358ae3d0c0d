//! In which order tasks are done, and what a failure stops.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::Key;

/// Something that is done with one resource.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Task {
    /// It is brought to what it is to be.
    Settle(Key),
    /// It is deleted, or forgotten.
    Delete(Key),
    /// What it replaced is deleted, which the token tells from others.
    Clear(Key, String),
}

impl Task {
    /// The resource.
    pub(super) fn key(&self) -> &Key {
        match self {
            Self::Settle(key) | Self::Delete(key) | Self::Clear(key, _) => key,
        }
    }
}

/// Tasks and what each of them waits for.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    waiting: BTreeMap<Task, BTreeSet<Task>>,
    /// Who waits for a task.
    followers: BTreeMap<Task, BTreeSet<Task>>,
    ready: BTreeSet<Task>,
    running: BTreeSet<Task>,
    ended: BTreeSet<Task>,
}

impl Schedule {
    /// Orders tasks; what a task waits for and is no task itself is taken as done.
    pub(super) fn new(tasks: BTreeMap<Task, BTreeSet<Task>>) -> Self {
        let mut schedule = Self::default();
        let known: BTreeSet<Task> = tasks.keys().cloned().collect();
        for (task, mut after) in tasks {
            after.retain(|one| *one != task && known.contains(one));
            schedule.place(task, after);
        }
        schedule
    }

    fn place(&mut self, task: Task, after: BTreeSet<Task>) {
        if after.is_empty() {
            self.ready.insert(task);
            return;
        }
        for one in &after {
            let followers = self.followers.entry(one.clone()).or_default();
            followers.insert(task.clone());
        }
        self.waiting.insert(task, after);
    }

    /// Adds a task that is done once another one is, and whoever waits for that.
    pub(super) fn add_last(&mut self, task: Task, other: &Task) {
        let followers = self.followers.get(other).cloned().unwrap_or_default();
        let waiting = followers
            .into_iter()
            .filter(|follower| self.waiting.contains_key(follower));
        let after = waiting.chain([other.clone()]).collect();
        self.place(task, after);
    }

    /// Adds a task that was not known before.
    pub(super) fn add(&mut self, task: Task, after: impl IntoIterator<Item = Task>) {
        let open = |one: &Task| !self.ended.contains(one);
        let after = after.into_iter().filter(open).collect();
        self.place(task, after);
    }

    /// Takes a task that waits for nothing.
    pub(super) fn take(&mut self) -> Option<Task> {
        let task = self.ready.pop_first()?;
        self.running.insert(task.clone());
        Some(task)
    }

    /// Gives a task that was taken back: it is done once these others are. What has ended is not waited
    /// for; false if there is nothing that it could wait for.
    pub(super) fn put_back(&mut self, task: Task, after: impl IntoIterator<Item = Task>) -> bool {
        let open = |one: &Task| *one != task && !self.ended.contains(one);
        let after: BTreeSet<Task> = after.into_iter().filter(open).collect();
        let waits = !after.is_empty();
        self.running.remove(&task);
        self.place(task, after);
        waits
    }

    /// Notes that a task went well.
    pub(super) fn done(&mut self, task: &Task) {
        self.end(task);
        for follower in self.followers.remove(task).unwrap_or_default() {
            if let Some(after) = self.waiting.get_mut(&follower) {
                after.remove(task);
                if after.is_empty() {
                    self.waiting.remove(&follower);
                    self.ready.insert(follower);
                }
            }
        }
    }

    /// Notes that a task did not go well, and gives those that are not done because of it.
    pub(super) fn failed(&mut self, task: &Task) -> Vec<Task> {
        self.end(task);
        let mut stopped = Vec::new();
        let mut next = vec![task.clone()];
        while let Some(one) = next.pop() {
            for follower in self.followers.remove(&one).unwrap_or_default() {
                if self.waiting.remove(&follower).is_some() {
                    self.ended.insert(follower.clone());
                    stopped.push(follower.clone());
                    next.push(follower);
                }
            }
        }
        stopped
    }

    /// Takes all tasks that nobody has begun.
    pub(super) fn abandon(&mut self) -> Vec<Task> {
        let ready = std::mem::take(&mut self.ready);
        let waiting = std::mem::take(&mut self.waiting);
        ready.into_iter().chain(waiting.into_keys()).collect()
    }

    /// Whether everything has ended.
    pub(super) fn is_over(&self) -> bool {
        self.ready.is_empty() && self.waiting.is_empty() && self.running.is_empty()
    }

    /// Whether nothing is at work and nothing can begin, though tasks wait: they wait for each other.
    pub(super) fn is_stuck(&self) -> bool {
        self.ready.is_empty() && self.running.is_empty() && !self.waiting.is_empty()
    }

    fn end(&mut self, task: &Task) {
        self.running.remove(task);
        // One that was put back with nothing to wait for would begin again.
        self.ready.remove(task);
        self.ended.insert(task.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(name: &str) -> Task {
        Task::Settle(Key::new("t", name))
    }

    fn schedule(edges: &[(&str, &[&str])]) -> Schedule {
        let task = |(name, after): &(&str, &[&str])| {
            let after = after.iter().map(|name| settle(name)).collect();
            (settle(name), after)
        };
        Schedule::new(edges.iter().map(task).collect())
    }

    #[test]
    fn a_task_begins_when_all_that_it_waits_for_is_done() {
        let mut schedule = schedule(&[("a", &[]), ("b", &[]), ("c", &["a", "b", "elsewhere"])]);
        let (a, b) = (schedule.take().unwrap(), schedule.take().unwrap());
        assert_eq!(schedule.take(), None);
        schedule.done(&a);
        assert_eq!(schedule.take(), None);
        schedule.done(&b);
        assert_eq!(schedule.take(), Some(settle("c")));
        schedule.done(&settle("c"));
        assert!(schedule.is_over());
    }

    #[test]
    fn a_failure_stops_what_depends_on_it_and_nothing_else() {
        let mut schedule = schedule(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &[])]);
        let a = schedule.take().unwrap();
        assert_eq!(schedule.failed(&a), [settle("b"), settle("c")]);
        assert_eq!(schedule.take(), Some(settle("d")));
        schedule.done(&settle("d"));
        assert!(schedule.is_over());
    }

    #[test]
    fn a_task_that_turns_out_to_need_more_waits_for_it() {
        let mut schedule = schedule(&[("a", &[]), ("b", &[])]);
        let a = schedule.take().unwrap();
        assert!(schedule.put_back(a.clone(), [settle("b")]));
        let b = schedule.take().unwrap();
        assert_eq!(b, settle("b"));
        schedule.done(&b);
        assert_eq!(schedule.take(), Some(a.clone()));
        let waits = schedule.put_back(a.clone(), [b]);
        assert!(!waits, "what has ended is not waited for");
        assert!(schedule.failed(&a).is_empty());
        assert!(schedule.take().is_none() && schedule.is_over());
    }

    #[test]
    fn tasks_that_wait_for_each_other_are_seen() {
        let mut schedule = schedule(&[("a", &["b"]), ("b", &["a"])]);
        assert!(schedule.take().is_none() && schedule.is_stuck());
        assert_eq!(schedule.abandon().len(), 2);
    }
}
