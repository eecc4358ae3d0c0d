//! Why a question to a provider has no answer.

use crate::{plugin, state::Key};

/// Why a question to a provider has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The provider gave none.
    #[error(transparent)]
    Plugin(#[from] plugin::Error),
    /// The provider refused, or failed.
    #[error(transparent)]
    Provider(#[from] plugin::provider::Error),
    /// The provider broke its own word.
    #[error("{plugin} {reason} ({key})")]
    Promise {
        /// The resource.
        key: Key,
        /// The plugin, in words.
        plugin: String,
        /// What it did.
        reason: String,
    },
    /// What is kept has another form than the plugin knows.
    #[error(
        "{key} was kept by version {kept} of its schema, and the plugin that is there has version {known}"
    )]
    Version {
        /// The resource.
        key: Key,
        /// Version of what is kept.
        kept: u32,
        /// Version that the plugin has.
        known: u32,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Plugin(error) => error.hint(),
            Self::Provider(error) => error.hint(),
            Self::Promise { .. } => {
                Some("this is a defect of the provider; nothing was lost".to_owned())
            }
            Self::Version { .. } => Some("use the revision of the plugin that made it".to_owned()),
        }
    }
}
