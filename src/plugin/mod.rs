//! Plugins: typed manifests, and the conversation with providers.

pub mod check;
pub mod conformance;
mod error;
pub mod manifest;
pub mod provider;
mod providers;
mod trust;

pub use error::Error;
pub use manifest::{Plugin, PluginRecord, PluginSet};
pub use provider::{Provider, ProviderEvent};
pub use providers::{Heard, Providers, QUESTION, WORK};
pub use trust::{Trust, TrustError};

use std::fmt;

/// A plugin, and where the network has it from: what every error about it names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// Name of the plugin.
    pub plugin: String,
    /// Flake input that it comes from; none for a value in `network.plugins`.
    pub input: Option<String>,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugin = &self.plugin;
        match &self.input {
            Some(input) => write!(formatter, "plugin `{plugin}` (input `{input}`)"),
            None => write!(formatter, "plugin `{plugin}` (in `network.plugins`)"),
        }
    }
}
