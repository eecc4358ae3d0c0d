use std::{io, sync::Arc};

use camino::Utf8PathBuf;
use nixops_plugin::protocol::NEWEST;

use crate::{core_provider, plugin::Origin};

/// Result of what is done with manifests.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a plugin cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An attribute of the manifest has a wrong type.
    #[error("{whose}: the manifest cannot be used: {reason}")]
    Record {
        /// The plugin, as far as it is known.
        whose: String,
        /// Path and reason.
        reason: String,
    },

    /// The name does not have the form of a name.
    #[error("{origin}: `{}` is no name for a plugin", origin.plugin)]
    Name {
        /// The plugin.
        origin: Origin,
    },

    /// The name is that of NixOps itself.
    #[error("a plugin is called `{}`, as NixOps itself is", core_provider::NAME)]
    Reserved,

    /// Two plugins have the same name.
    #[error("{} and {} have the same name", both[0], both[1])]
    SameName {
        /// The plugins.
        both: Box<[Origin; 2]>,
    },

    /// The manifest has an attribute that manifests do not have.
    #[error("{origin}: a manifest has no attribute `{attribute}`")]
    UnknownAttribute {
        /// The plugin.
        origin: Origin,
        /// The attribute.
        attribute: String,
        /// What may be meant.
        suggestion: Option<&'static str>,
    },

    /// The plugin needs a provider protocol that is not spoken here.
    #[error(
        "{origin}: it needs version {needed} of the provider protocol, and this NixOps speaks version {NEWEST}"
    )]
    Protocol {
        /// The plugin.
        origin: Origin,
        /// The version that it needs.
        needed: u32,
    },

    /// Two plugins claim the same thing.
    #[error("{} and {} both bring the {what} `{name}`", both[0], both[1])]
    Claimed {
        /// The plugins.
        both: Box<[Origin; 2]>,
        /// What they claim: a resource type, or a backend.
        what: &'static str,
        /// Its name.
        name: String,
    },

    /// The plugin's provider is needed, and there is none.
    #[error("{origin}: it has no provider{}", elsewhere(systems))]
    NoProvider {
        /// The plugin.
        origin: Origin,
        /// Systems that it has one for.
        systems: Vec<String>,
    },

    /// The plugin's provider is needed, and its expression throws.
    #[error("{origin}: the expression of its provider throws")]
    ProviderThrows {
        /// The plugin.
        origin: Origin,
    },

    /// Schemas cannot be read.
    #[error("{origin}: cannot read its schemas in {path}: {reason}")]
    Unreadable {
        /// The plugin.
        origin: Origin,
        /// The file or directory.
        path: Utf8PathBuf,
        /// What the operating system answered.
        reason: Arc<io::Error>,
    },

    /// A schema file is no text.
    #[error("{origin}: the schema {path} is not UTF-8 (byte {at})")]
    NotUtf8 {
        /// The plugin.
        origin: Origin,
        /// The file.
        path: Utf8PathBuf,
        /// Offset of the byte.
        at: usize,
    },
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::ProviderThrows { .. } => {
                "`nix eval .#nixopsPlugin.providers --show-trace` in the plugin's flake says why"
            }
            Self::Name { .. } => {
                "a name is made of lower case letters, digits and hyphens, and begins with a letter"
            }
            Self::Reserved => "give it another `name`",
            Self::SameName { .. } => "leave one of them out: `network.plugins` names those to use",
            Self::UnknownAttribute { suggestion, .. } => {
                return Some(match suggestion {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("it may have: {}", super::ATTRIBUTES.join(", ")),
                });
            }
            Self::Protocol { origin, needed } if *needed > NEWEST => {
                return Some(match &origin.input {
                    Some(input) => {
                        format!("update NixOps, or lock an older version of the input `{input}`")
                    }
                    None => "update NixOps, or use an older version of the plugin".to_owned(),
                });
            }
            Self::Protocol { .. } => "versions of the protocol are counted from 1",
            Self::Claimed { both, .. } => {
                let second = both[1].input.as_ref();
                let second = second.map_or("…".to_owned(), |input| format!("inputs.{input}"));
                return Some(format!(
                    "say that one of them is to win: network.plugins = [ … {{ plugin = {second}; override = true; }} ];"
                ));
            }
            Self::NoProvider { systems, .. } if systems.is_empty() => {
                "the plugin's manifest is to name one in `providers`"
            }
            Self::NoProvider { .. } => {
                "deploy from a machine of such a system, or ask the plugin's authors for this one"
            }
            Self::Unreadable { .. } => {
                "`schemas` of the manifest names a directory with a file <type>.json for each type"
            }
            Self::Record { .. } | Self::NotUtf8 { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

fn elsewhere(systems: &[String]) -> String {
    if systems.is_empty() {
        return String::new();
    }
    format!(" for this system, but for {}", systems.join(", "))
}
