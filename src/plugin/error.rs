//! Why plugins cannot be used.

use std::io;

use camino::Utf8PathBuf;

use crate::{
    nix::{self, BuildError},
    schema::SchemaError,
};

use super::{Origin, manifest, provider};

/// Why plugins cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    /// A provider did not do what it was asked.
    #[error(transparent)]
    Provider(#[from] provider::Error),
    /// No plugin is called so.
    #[error("there is no plugin `{name}`; {}", listed(known))]
    UnknownPlugin {
        /// The name.
        name: String,
        /// Names of the plugins that there are.
        known: Vec<String>,
    },
    /// No plugin has a type of this name.
    #[error("no plugin of the network has the type `{kind}`")]
    UnknownType {
        /// The type.
        kind: String,
    },
    /// What is kept is of a newer version than the provider knows.
    #[error(
        "{origin}: what is kept of `{kind}` is of version {kept}, and its provider knows version {known}"
    )]
    Newer {
        /// The plugin.
        origin: Origin,
        /// The type.
        kind: String,
        /// Version of what is kept.
        kept: u32,
        /// Version that the provider knows.
        known: u32,
    },
    /// A schema cannot be used.
    #[error("{origin}: the schema in {path} cannot be used")]
    Schema {
        /// The plugin.
        origin: Origin,
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        source: Box<SchemaError>,
    },
    /// The provider could not be built.
    #[error("{origin}: its provider cannot be built")]
    Build {
        /// The plugin.
        origin: Origin,
        /// Why.
        source: Box<BuildError>,
    },
    /// The lock of the run cannot be kept for a provider.
    #[error("the lock of the run cannot be kept as long as a provider lives")]
    Lock(#[source] io::Error),
    /// The provider could not be kept from the garbage collector.
    #[error("{origin}: its provider cannot be kept in the store")]
    Root {
        /// The plugin.
        origin: Origin,
        /// Why.
        source: Box<nix::Error>,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Manifest(error) => error.hint(),
            Self::Provider(error) => error.hint(),
            Self::Schema { .. } => Some(
                "nothing was done; `nixops plugin check` in the plugin's directory says more"
                    .to_owned(),
            ),
            Self::Build { source, .. } => source.hint(),
            Self::Newer { .. } => {
                Some("use the revision of the plugin that kept it, or a newer one".to_owned())
            }
            Self::Lock(_)
            | Self::UnknownPlugin { .. }
            | Self::UnknownType { .. }
            | Self::Root { .. } => None,
        }
    }

    /// Whether the user interrupted the run.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::Provider(error) => error.is_interrupted(),
            Self::Build { source, .. } => source.is_interrupted(),
            _ => false,
        }
    }
}

fn listed(known: &[String]) -> String {
    match known {
        [] => "the network has none".to_owned(),
        known => format!("the network has: {}", known.join(", ")),
    }
}
