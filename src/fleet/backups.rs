//! Backups, as backends tell of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evaluator::Diagnostic;

/// A backup of a machine, as its backend tells of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Backup {
    /// Its id.
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// Its size in bytes, if the backend says so.
    #[serde(default)]
    pub size: Option<u64>,
}

/// Backups that are kept where others are removed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kept {
    /// The newest ones.
    Newest(usize),
    /// Those that are not older than so many days.
    Days(u32),
}

/// Reads what a backend says of backups, and gives them oldest first.
pub fn backups(said: Value) -> Result<Vec<Backup>, Diagnostic> {
    let read: Result<Vec<Backup>, _> = serde_json::from_value(said);
    let mut all = read.map_err(|error| {
        let hint = "this is a defect of the provider; nothing was lost";
        let message = format!("what its backend says of backups cannot be read: {error}");
        Diagnostic::new(message, Some(hint.to_owned()))
    })?;
    all.sort_by(|one, other| (one.made, &one.id).cmp(&(other.made, &other.id)));
    Ok(all)
}

/// The backup of an id, or the newest one.
pub fn backup<'b>(all: &'b [Backup], id: Option<&str>) -> Result<&'b Backup, Diagnostic> {
    let Some(id) = id else {
        let hint = "`nixops backup` makes one".to_owned();
        return all
            .last()
            .ok_or_else(|| Diagnostic::new("it has no backup", Some(hint)));
    };
    all.iter().find(|one| one.id == id).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
        let hint = match known.as_slice() {
            [] => "it has none at all".to_owned(),
            known => format!("there are {}", known.join(", ")),
        };
        Diagnostic::new(format!("there is no backup {id}"), Some(hint))
    })
}

impl Kept {
    /// The backups that go, of all of a machine, oldest first. `now` is in seconds since 1970.
    pub fn others(self, all: &[Backup], now: i64) -> &[Backup] {
        const DAY: i64 = 86_400;
        let go = match self {
            Self::Newest(count) => all.len().saturating_sub(count),
            Self::Days(days) => {
                let oldest = now - i64::from(days) * DAY;
                all.iter().take_while(|one| one.made < oldest).count()
            }
        };
        &all[..go]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all() -> Vec<Backup> {
        let said = json!([
            { "id": "b", "made": 200_000, "size": 7 }, { "id": "a", "made": 100 }, { "id": "c", "made": 300_000 },
        ]);
        backups(said).unwrap()
    }

    fn ids(backups: &[Backup]) -> Vec<&str> {
        backups.iter().map(|one| one.id.as_str()).collect()
    }

    #[test]
    fn what_is_old_goes() {
        assert_eq!(ids(&all()), ["a", "b", "c"]);
        assert_eq!(ids(Kept::Newest(1).others(&all(), 0)), ["a", "b"]);
        assert!(Kept::Newest(9).others(&all(), 0).is_empty());
        assert_eq!(ids(Kept::Days(1).others(&all(), 300_001)), ["a", "b"]);
        assert_eq!(ids(Kept::Days(2).others(&all(), 300_001)), ["a"]);
    }

    #[test]
    fn a_backup_is_found_or_those_that_there_are_are_named() {
        assert_eq!(backup(&all(), None).unwrap().id, "c");
        assert_eq!(backup(&all(), Some("a")).unwrap().size, None);
        let unknown = backup(&all(), Some("x")).unwrap_err();
        assert_eq!(unknown.hint.unwrap(), "there are a, b, c");
        assert!(backup(&[], None).is_err());
        assert!(backups(json!([{ "id": 3 }])).is_err());
    }
}
