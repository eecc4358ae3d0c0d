//! What is evaluated by itself: a machine or a resource.

use serde::Deserialize;

use crate::state::Key;

/// A machine or a resource.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// A machine by its name.
    Machine(String),
    /// A resource.
    Resource(Key),
}

impl Subject {
    /// Its name, which it may share with subjects of other types.
    pub fn name(&self) -> &str {
        match self {
            Self::Machine(name) => name,
            Self::Resource(key) => &key.name,
        }
    }

    /// How many of its kind are spoken of.
    pub fn many(&self, count: usize) -> String {
        match self {
            Self::Machine(_) => format!("{count} machines"),
            Self::Resource(_) => format!("{count} resources"),
        }
    }
}
