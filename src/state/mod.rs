//! The state: what is true now of the resources of a deployment.
//!
//! [`Store`] is what the other rooms know of it. A record is written before a resource is made, with
//! the token by which its provider finds it again, and after every change, so that a run that ends
//! anywhere leaves enough for the next one to adopt what is there. Values that a schema marks
//! sensitive never reach a store: whoever writes a record takes them out first.

mod error;
mod file;
mod record;

pub use error::Error;
pub use file::FileStore;
pub use record::{Key, Phase, Record};

use std::collections::BTreeMap;

/// A name as that of a file: the names of deployments and machines are any text.
pub fn file_name(name: &str) -> String {
    let name = name.replace('%', "%25").replace('/', "%2f");
    match name.strip_prefix('.') {
        Some(rest) => format!("%2e{rest}"),
        None => name,
    }
}

/// Where the records of one deployment are kept; held by one run at a time.
pub trait Store: Send + Sync {
    /// All records.
    fn records(&self) -> BTreeMap<Key, Record>;

    /// The record of a resource, if it has one.
    fn get(&self, key: &Key) -> Option<Record>;

    /// Writes the record of a resource. It is on the disk when this returns.
    fn put(&self, key: &Key, record: Record) -> Result<(), Error>;

    /// Forgets a resource.
    fn remove(&self, key: &Key) -> Result<(), Error>;
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn no_name_leads_elsewhere() {
        assert_eq!(file_name("web-1.eu"), "web-1.eu");
        assert_eq!(file_name("../../etc"), "%2e.%2f..%2fetc");
        assert_eq!(file_name("."), "%2e");
    }
}
