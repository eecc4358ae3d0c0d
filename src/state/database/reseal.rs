//! Secrets that were sealed for others than those who may open them now.

use rusqlite::{Row, Transaction};

use super::Database;
use crate::state::{Error, Sealer, seal, trouble::told};

const SEALED: &str = "SELECT number, sealed FROM resources WHERE sealed IS NOT NULL";
const UPDATE: &str = "UPDATE resources SET sealed = ?2 WHERE number = ?1";
const COUNT: &str = "UPDATE deployments SET serial = serial + 1 \
  WHERE uuid = (SELECT deployment FROM resources WHERE number = ?1)";

impl Database {
    /// Seals anew what was sealed for others than `sealer` seals for now, such as a team without its newest
    /// member, and tells how much that was. What the user himself cannot open stays as it is.
    pub fn reseal(&self, sealer: &dyn Sealer) -> Result<usize, Error> {
        let all: Vec<(i64, Vec<u8>)> = self.read(|connection| {
            let mut statement = connection.prepare_cached(SEALED)?;
            let columns = |row: &Row| Ok((row.get(0)?, row.get(1)?));
            let rows = statement.query_map([], columns)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let renewed = all.iter().filter_map(|(number, old)| {
            let renewed = renew(old, sealer).transpose()?;
            Some(renewed.map(|renewed| (*number, renewed)))
        });
        let renewed = renewed.collect::<Result<Vec<_>, Error>>()?;
        if !renewed.is_empty() {
            self.change(|transaction| {
                write(transaction, &renewed).map_err(told("write", self.path()))
            })?;
        }
        Ok(renewed.len())
    }
}

fn write(transaction: &Transaction, renewed: &[(i64, Vec<u8>)]) -> rusqlite::Result<()> {
    for (number, sealed) in renewed {
        transaction
            .prepare_cached(UPDATE)?
            .execute((number, sealed))?;
        transaction.prepare_cached(COUNT)?.execute([number])?;
    }
    Ok(())
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
