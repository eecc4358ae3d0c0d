//! Secrets that were sealed for others than those who may open them now.

use rusqlite::{Row, Transaction};

use super::Database;
use crate::state::{Error, Sealer, seal, trouble::told};

const SEALED: &str = "SELECT number, sealed FROM resources \
  WHERE (?1 IS NULL OR deployment = ?1) AND sealed IS NOT NULL";
// What another run has written meanwhile stays.
const UPDATE: &str = "UPDATE resources SET sealed = ?3 WHERE number = ?1 AND sealed = ?2";
const COUNT: &str = "UPDATE deployments SET serial = serial + 1 \
  WHERE uuid = (SELECT deployment FROM resources WHERE number = ?1)";

impl Database {
    /// Seals anew what was sealed for others than `sealer` seals for now, such as a team without its newest
    /// member, and tells how much that was. What the user himself cannot open stays as it is.
    ///
    /// It is about one deployment, whose lock is held, or about all where everything is held.
    pub fn reseal(&self, deployment: Option<&str>, sealer: &dyn Sealer) -> Result<usize, Error> {
        let all: Vec<(i64, Vec<u8>)> = self.read(|connection| {
            let mut statement = connection.prepare_cached(SEALED)?;
            let columns = |row: &Row| Ok((row.get(0)?, row.get(1)?));
            let rows = statement.query_map([deployment], columns)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let renewed = all.into_iter().filter_map(|(number, old)| {
            let new = renew(&old, sealer).transpose()?;
            Some(new.map(|new| Renewed { number, old, new }))
        });
        let renewed = renewed.collect::<Result<Vec<_>, Error>>()?;
        if renewed.is_empty() {
            return Ok(0);
        }
        self.change(|transaction| write(transaction, &renewed).map_err(told("write", self.path())))
    }
}

/// A secret of a row, as it was and as it is to be.
struct Renewed {
    number: i64,
    old: Vec<u8>,
    new: Vec<u8>,
}

/// Writes secrets that are still as they were, and tells how many.
fn write(transaction: &Transaction, renewed: &[Renewed]) -> rusqlite::Result<usize> {
    let mut written = 0;
    for Renewed { number, old, new } in renewed {
        let mut update = transaction.prepare_cached(UPDATE)?;
        if update.execute((number, old, new))? > 0 {
            transaction.prepare_cached(COUNT)?.execute([number])?;
            written += 1;
        }
    }
    Ok(written)
}

/// Seals something anew; nothing if that need not or cannot be done.
fn renew(old: &[u8], sealer: &dyn Sealer) -> Result<Option<Vec<u8>>, Error> {
    if sealer.is_current(old)? {
        return Ok(None);
    }
    match sealer.open(old) {
        Ok(plain) => sealer.seal(&plain).map(Some),
        Err(Error::Seal(seal::Error::WrongKey { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}
