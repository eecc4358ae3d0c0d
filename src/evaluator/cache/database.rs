//! The file that entries are in.
//!
//! There is no time in it: what was used last has the highest number, so that no clock can mislead anybody. Each row
//! has a digest, so that one which was damaged is none.

use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::{Connection, MAIN_DB, Row, Transaction, TransactionBehavior};

use super::{
    open::{self, Error},
    trace::{Digest, Sum},
};

/// How many entries a subject has at most: for outputs that go back and forth.
const MOST_TRACES: u32 = 8;

/// What a row counts for beside its content.
const OVERHEAD: usize = 256;

/// An entry as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// What was evaluated.
    pub subject: String,
    /// Digest of what it depended on of outputs.
    pub trace: Digest,
    /// JSON.
    pub content: Vec<u8>,
    /// Whether no run after the last one that kept something has used it.
    pub is_recent: bool,
}

/// An entry to keep.
#[derive(Clone, Debug)]
pub struct New {
    /// What was evaluated.
    pub subject: String,
    /// Digest of what it depended on of outputs.
    pub trace: Digest,
    /// JSON.
    pub content: Vec<u8>,
}

impl New {
    /// What it counts for, in bytes.
    fn size(&self) -> u64 {
        (self.content.len() + self.subject.len() + OVERHEAD) as u64
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Entries.
    pub entries: u64,
    /// Those of them that count in more than one tree of a flake.
    pub recorded: u64,
    /// What they count for, in bytes.
    pub size: u64,
}

/// The open file.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: Utf8PathBuf,
    limit: u64,
    /// Whether another version had written it.
    pub was_other: bool,
}

impl Database {
    /// Opens the file, which need not be there; its entries together are to stay below a limit.
    pub fn open(path: &Utf8Path, limit: u64) -> Result<Self, Error> {
        let (connection, was_other) = open::open(path)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            limit,
            was_other,
        })
    }

    /// Whether nothing can be written.
    pub fn is_read_only(&self) -> bool {
        self.connection.is_readonly(MAIN_DB).unwrap_or(true)
    }

    /// The entries of an evaluation, last used first. Those that were damaged are left out.
    pub fn load(&self, key: &Digest) -> Result<Vec<Kept>, Error> {
        self.told(self.read(key))
    }

    fn read(&self, key: &Digest) -> rusqlite::Result<Vec<Kept>> {
        let newest = newest(&self.connection)?;
        let sql = "SELECT id, subject, trace, used, digest, content FROM entry WHERE key = ?1 \
                   ORDER BY used DESC, id DESC";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([key.as_slice()], |row| of_row(row, key, newest))?;
        let rows: Vec<Option<Kept>> = rows.collect::<Result<_, _>>()?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Keeps new entries, and notes which others were used: all of it or nothing.
    pub fn keep(&mut self, key: &Digest, new: &[New], used: &[i64]) -> Result<(), Error> {
        let limit = self.limit;
        let kept = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                // One that leaves no room for others is evaluated each time.
                let new = new.iter().filter(|one| one.size() <= limit / 2);
                write(&transaction, key, new, used)?;
                shrink(&transaction, limit)?;
                transaction.commit()
            });
        self.told(kept)
    }

    /// How much there is.
    pub fn figures(&self) -> Result<Figures, Error> {
        // What is damaged is no JSON.
        let sql = "SELECT count(*), coalesce(sum(size), 0), \
                   count(CASE WHEN json_valid(text) THEN json_extract(text, '$.parts') END) \
                   FROM (SELECT size, CAST(content AS TEXT) AS text FROM entry)";
        let figures = self.connection.query_row(sql, [], |row| {
            Ok(Figures {
                entries: row.get(0)?,
                size: row.get(1)?,
                recorded: row.get(2)?,
            })
        });
        self.told(figures)
    }

    /// Forgets all entries.
    pub fn clear(&self) -> Result<(), Error> {
        self.told(self.connection.execute_batch("DELETE FROM entry; VACUUM"))
    }

    fn told<T>(&self, result: rusqlite::Result<T>) -> Result<T, Error> {
        result.map_err(|source| Error::Database {
            path: self.path.clone(),
            source,
        })
    }
}

/// The number of the last run that kept something.
fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT coalesce(max(used), 0) FROM entry";
    connection.query_row(sql, [], |row| row.get(0))
}

fn of_row(row: &Row<'_>, key: &Digest, newest: i64) -> rusqlite::Result<Option<Kept>> {
    let (subject, content): (String, Vec<u8>) = (row.get(1)?, row.get(5)?);
    let (trace, digest): (Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(4)?);
    let Ok(trace) = Digest::try_from(trace) else {
        return Ok(None);
    };
    let is_whole = sum(key, &subject, &trace, &content).as_slice() == digest;
    let used: i64 = row.get(3)?;
    Ok(is_whole.then_some(Kept {
        id: row.get(0)?,
        subject,
        trace,
        content,
        is_recent: used == newest,
    }))
}

fn sum(key: &Digest, subject: &str, trace: &Digest, content: &[u8]) -> Digest {
    let mut sum = Sum::default();
    sum.bytes(key).add(subject).bytes(trace).bytes(content);
    sum.end()
}

fn write<'n>(
    transaction: &Transaction<'_>,
    key: &Digest,
    new: impl Iterator<Item = &'n New>,
    used: &[i64],
) -> rusqlite::Result<()> {
    let mut new = new.peekable();
    // A run that keeps nothing is as recent as the last that did: who only looks writes once.
    let run = newest(transaction)? + i64::from(new.peek().is_some());
    let mut touch = transaction.prepare("UPDATE entry SET used = ?2 WHERE id = ?1")?;
    for id in used {
        touch.execute((id, run))?;
    }
    let mut insert = transaction.prepare(
        "INSERT OR REPLACE INTO entry (key, subject, trace, used, size, digest, content) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut trim = transaction.prepare(
        "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE key = ?1 AND subject = ?2 \
         ORDER BY used DESC, id DESC LIMIT -1 OFFSET ?3)",
    )?;
    for one in new {
        let digest = sum(key, &one.subject, &one.trace, &one.content);
        let size = one.size();
        let (key, trace, digest) = (key.as_slice(), one.trace.as_slice(), digest.as_slice());
        insert.execute((key, &one.subject, trace, run, size, digest, &one.content))?;
        trim.execute((key, &one.subject, MOST_TRACES))?;
    }
    Ok(())
}

/// Forgets what was not used for longest, as far as there is too much.
fn shrink(transaction: &Transaction<'_>, limit: u64) -> rusqlite::Result<()> {
    let size = "SELECT coalesce(sum(size), 0) FROM entry";
    let size: u64 = transaction.query_row(size, [], |row| row.get(0))?;
    if size <= limit {
        return Ok(());
    }
    let sql = "WITH aged AS (SELECT id, sum(size) OVER (ORDER BY used DESC, id DESC) AS total \
               FROM entry) DELETE FROM entry WHERE id IN (SELECT id FROM aged WHERE total > ?1)";
    transaction.execute(sql, [limit]).map(drop)
}
