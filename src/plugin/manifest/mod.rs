//! What plugins say of themselves, checked.

mod error;
mod record;
mod schemas;
mod set;

pub use error::{Error, Result};
pub use record::{PluginRecord, ProviderRecord};
pub use schemas::SchemaText;
pub use set::PluginSet;

use std::sync::LazyLock;

use nixops_plugin::protocol::{NEWEST, OLDEST};

use super::Origin;
use crate::{core_provider, plan::suggestion::nearest};

/// Attributes that a manifest may have.
const ATTRIBUTES: [&str; 7] = [
    "name",
    "version",
    "protocol",
    "nixexprs",
    "schemas",
    "providers",
    "backends",
];

/// What `mkPlugin` adds to a manifest.
const MADE: &str = "_type";

/// A plugin whose manifest is sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// What errors about it name.
    pub origin: Origin,
    /// Its manifest.
    pub manifest: PluginRecord,
}

impl Plugin {
    /// Checks a manifest.
    pub fn new(manifest: PluginRecord) -> Result<Self> {
        let origin = Origin {
            plugin: manifest.name.clone(),
            input: manifest.input.clone(),
        };
        if !is_name(&origin.plugin) {
            return Err(Error::Name { origin });
        }
        if origin.plugin == core_provider::NAME {
            return Err(Error::Reserved);
        }
        if let Some(attribute) = unknown(&manifest.attributes) {
            return Err(Error::UnknownAttribute {
                origin,
                attribute: attribute.clone(),
                suggestion: nearest(attribute, ATTRIBUTES.into_iter()),
            });
        }
        let needed = manifest.protocol;
        if !(OLDEST..=NEWEST).contains(&needed) {
            return Err(Error::Protocol { origin, needed });
        }
        Ok(Self { origin, manifest })
    }

    /// NixOps itself, which brings types too.
    pub fn core() -> &'static Self {
        static CORE: LazyLock<Plugin> = LazyLock::new(|| Plugin {
            origin: Origin::core(),
            manifest: PluginRecord {
                name: core_provider::NAME.to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                protocol: NEWEST,
                types: core_provider::schemas().into_keys().collect(),
                ..PluginRecord::default()
            },
        });
        &CORE
    }

    /// Whether it is meant to have a provider, be it one that throws, or one for other systems.
    pub fn has_provider(&self) -> bool {
        self.origin.is_core()
            || self.manifest.provider.is_some()
            || self.manifest.provider_throws
            || !self.manifest.provider_systems.is_empty()
    }

    /// Its provider, which somebody needs.
    pub fn provider(&self) -> Result<&ProviderRecord> {
        let none = || {
            let origin = self.origin.clone();
            if self.manifest.provider_throws {
                return Error::ProviderThrows { origin };
            }
            Error::NoProvider {
                origin,
                systems: self.manifest.provider_systems.clone(),
            }
        };
        self.manifest.provider.as_ref().ok_or_else(none)
    }
}

fn unknown(attributes: &[String]) -> Option<&String> {
    attributes
        .iter()
        .find(|name| *name != MADE && !ATTRIBUTES.contains(&name.as_str()))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|one| matches!(one, 'a'..='z' | '0'..='9' | '-'))
}

#[cfg(test)]
mod tests;
