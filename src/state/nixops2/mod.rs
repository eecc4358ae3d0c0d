//! What NixOps 2 left: its state file, and the JSON that its `export` wrote.
//!
//! Both hold the same thing: deployments, and below each of them machines and resources in one name
//! space, every one of them with a type and a bag of texts. [`read`] takes either and gives
//! [`OldDeployment`]s; [`OldDeployment::bring`] gives them the form that they have here. What has no place
//! here is kept as it is, sealed, until a plugin claims it ([`claim`]), so nothing is lost on the way.
//!
//! The old file is never written to: it is read from a copy, since even a reader of a database in WAL
//! mode leaves files beside it.

mod bring;
mod claim;
mod error;
mod json;
mod machine;
mod old;
mod sqlite;
#[cfg(test)]
mod tests;

pub use bring::{Brought, UNTOUCHED};
pub use claim::{Claim, claim};
pub use error::Error;
pub use old::{OldDeployment, OldResource};

use camino::Utf8Path;

/// Reads a state file of NixOps 2, or the JSON of its `export`. The name is for errors.
pub fn read(bytes: &[u8], name: &Utf8Path) -> Result<Vec<OldDeployment>, Error> {
    if is_database(bytes) {
        sqlite::read(name)
    } else {
        json::read(bytes, name)
    }
}

/// Whether a file is one of SQLite.
pub fn is_database(bytes: &[u8]) -> bool {
    bytes.starts_with(b"SQLite format 3\0")
}
