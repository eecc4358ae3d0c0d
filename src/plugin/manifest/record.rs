//! Records of plugins, as `lib/bridge.nix` writes them.

use camino::Utf8PathBuf;
use nixops_plugin::protocol::Attributes;
use serde::Deserialize;

/// A plugin of a network, as the evaluation tells of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PluginRecord {
    /// Name of the plugin.
    pub name: String,
    /// Version of the plugin, in whatever form it has.
    pub version: Option<String>,
    /// Flake input that it comes from; null for a value in `network.plugins`.
    pub input: Option<String>,
    /// Whether it may claim what another plugin claims.
    #[serde(rename = "override")]
    pub overrides: bool,
    /// What the lock file says of the input: `rev`, `narHash`, `lastModified`.
    pub locked: Option<Attributes>,
    /// Store path of its tree.
    pub source: Option<Utf8PathBuf>,
    /// Names of the attributes of its manifest.
    pub attributes: Vec<String>,
    /// Newest version of the provider protocol that it needs.
    pub protocol: u32,
    /// Store paths of its directories of Nix expressions.
    pub nixexprs: Vec<Utf8PathBuf>,
    /// Store path of the directory of its schemas.
    pub schemas: Option<Utf8PathBuf>,
    /// Resource types that it brings.
    pub types: Vec<String>,
    /// Values of `deployment.targetEnv` that it serves.
    pub backends: Vec<String>,
    /// Its provider for the system of the deployer.
    pub provider: Option<ProviderRecord>,
    /// Whether the provider threw when it was evaluated.
    #[serde(default)]
    pub provider_throws: bool,
    /// Systems that it has a provider for.
    #[serde(default)]
    pub provider_systems: Vec<String>,
}

/// A provider's program.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ProviderRecord {
    /// The program.
    pub program: Utf8PathBuf,
    /// The derivation that makes it.
    pub drv: Option<String>,
    /// The store path that holds it.
    pub out: Option<String>,
}
