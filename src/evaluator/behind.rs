//! Names that wait behind the one that their process is at.
//!
//! A process has its names in its arguments and evaluates them one after the other, so that none can be taken out.
//! But it can end when it is through with the one at hand. So the names behind one that takes long are given to who is
//! idle, and no name is evaluated twice.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    mem,
    time::{Duration, Instant},
};

use super::subject::Subject;

/// How long a name takes before those behind it are worth the start of another process.
pub const HEAVY: Duration = Duration::from_secs(1);

/// What each process has not begun.
#[derive(Debug, Default)]
pub struct Behind(BTreeMap<usize, Row>);

/// The names of one process.
#[derive(Debug, Default)]
struct Row {
    waiting: VecDeque<Subject>,
    /// Since when it is at the name at hand; nothing between two of them, where it may begin the next.
    since: Option<Instant>,
    /// Names that were given to others.
    given: BTreeSet<Subject>,
}

impl Behind {
    /// Takes note of the names of a process.
    pub fn admit(&mut self, process: usize, names: &[Subject]) {
        let row = Row {
            waiting: names.iter().cloned().collect(),
            ..Row::default()
        };
        self.0.insert(process, row);
    }

    /// Takes note of the name that a process has begun.
    pub fn begun(&mut self, process: usize, name: &Subject) {
        if let Some(row) = self.0.get_mut(&process) {
            row.since = Some(Instant::now());
            let place = row.waiting.iter().position(|waiting| waiting == name);
            place.map(|place| row.waiting.remove(place));
        }
    }

    /// Takes note that a process is through with a name; whether it may begin the next.
    pub fn may_go_on(&mut self, process: usize) -> bool {
        self.0.get_mut(&process).is_none_or(|row| {
            row.since = None;
            row.given.is_empty()
        })
    }

    /// How many names a process has not begun.
    pub fn waiting(&self, process: usize) -> usize {
        self.0.get(&process).map_or(0, |row| row.waiting.len())
    }

    /// Takes the names behind one that has taken so long; of several, where most wait.
    pub fn take(&mut self, long: Duration) -> Vec<Subject> {
        let rows = self.0.values_mut();
        let heavy = rows.filter(|row| row.left(long) == Some(Duration::ZERO));
        let Some(row) = heavy.max_by_key(|row| row.waiting.len()) else {
            return Vec::new();
        };
        row.given.extend(row.waiting.iter().cloned());
        mem::take(&mut row.waiting).into()
    }

    /// When there may be names that can be taken, if nothing happens before.
    pub fn next(&self, long: Duration) -> Option<Duration> {
        self.0.values().filter_map(|row| row.left(long)).min()
    }

    /// Takes note of the end of a process, and leaves it the names that were not given to others.
    pub fn ended(&mut self, process: usize, names: &mut Vec<Subject>) {
        if let Some(row) = self.0.remove(&process) {
            names.retain(|name| !row.given.contains(name));
        }
    }
}

impl Row {
    /// How long it takes until its names may be taken.
    fn left(&self, long: Duration) -> Option<Duration> {
        let since = self.since.filter(|_| !self.waiting.is_empty())?;
        Some(long.saturating_sub(since.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<const N: usize>(names: [&str; N]) -> Vec<Subject> {
        names.map(|name| Subject::Machine(name.to_owned())).to_vec()
    }

    fn behind() -> (Behind, Vec<Subject>) {
        let mut behind = Behind::default();
        let all = names(["a", "b", "c"]);
        behind.admit(0, &all);
        (behind, all)
    }

    #[test]
    fn what_waits_behind_a_name_is_given_away_once_and_its_process_ends_after_that_name() {
        let (mut behind, mut all) = behind();
        behind.begun(0, &all[0]);
        assert_eq!(behind.take(Duration::ZERO), names(["b", "c"]));
        assert!(behind.take(Duration::ZERO).is_empty());
        assert!(!behind.may_go_on(0));
        behind.ended(0, &mut all);
        assert_eq!(all, names(["a"]));
    }

    #[test]
    fn nothing_is_given_away_before_a_name_takes_long() {
        let (mut behind, mut all) = behind();
        behind.begun(0, &all[0]);
        assert!(behind.take(HEAVY).is_empty());
        assert!(behind.next(HEAVY).is_some_and(|left| left <= HEAVY));
        assert!(behind.may_go_on(0));
        behind.ended(0, &mut all);
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn a_process_that_may_begin_its_next_name_keeps_all() {
        let (mut behind, all) = behind();
        assert!(behind.take(Duration::ZERO).is_empty());
        behind.begun(0, &all[0]);
        assert!(behind.may_go_on(0));
        assert!(behind.take(Duration::ZERO).is_empty());
        assert_eq!(behind.next(Duration::ZERO), None);
    }

    #[test]
    fn the_longest_row_is_the_first_to_be_shortened() {
        let (mut behind, all) = behind();
        let more = names(["d", "e", "f", "g"]);
        behind.admit(1, &more);
        behind.begun(0, &all[0]);
        behind.begun(1, &more[0]);
        assert_eq!(behind.take(Duration::ZERO), names(["e", "f", "g"]));
        assert_eq!(behind.take(Duration::ZERO), names(["b", "c"]));
    }
}
