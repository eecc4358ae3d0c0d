//! Plugins: typed manifests, and the conversation with providers.

mod bulk;
pub mod check;
pub mod conformance;
mod error;
pub mod lock_keeper;
pub mod manifest;
pub mod provider;
mod providers;
mod trust;

pub use error::Error;
pub use manifest::{Plugin, PluginRecord, PluginSet};
pub use provider::{Program, Provider, ProviderEvent};
pub use providers::{Heard, Providers, QUESTION, WORK};
pub use trust::{Trust, TrustError};

use std::fmt;

use crate::core_provider;

/// A plugin, and where the network has it from: what every error about it names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// Name of the plugin.
    pub plugin: String,
    /// Flake input that it comes from; none for a value in `network.plugins`.
    pub input: Option<String>,
}

impl Origin {
    /// NixOps itself.
    pub fn core() -> Self {
        Self {
            plugin: core_provider::NAME.to_owned(),
            input: None,
        }
    }

    /// Whether it is NixOps itself.
    pub fn is_core(&self) -> bool {
        *self == Self::core()
    }

    /// The plugin, without where it is from.
    fn name(&self) -> String {
        if self.is_core() {
            "NixOps itself".to_owned()
        } else {
            format!("plugin `{}`", self.plugin)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match &self.input {
            _ if self.is_core() => formatter.write_str(&name),
            Some(input) => write!(formatter, "{name} (input `{input}`)"),
            None => write!(formatter, "{name} (in `network.plugins`)"),
        }
    }
}
