//! Keys: files that reach a machine without passing through the Nix store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of one entry of `deployment.keys`.
///
/// The content of a key is no part of it: evaluation only tells where the content comes from.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyOptions {
    /// Name of the file below `destDir`.
    pub name: String,
    /// Absolute path of the file on the machine.
    pub path: String,
    /// Directory that holds the file.
    pub dest_dir: String,
    /// Owner of the file.
    pub user: String,
    /// Group of the file.
    pub group: String,
    /// Mode of the file in the form that `chmod` takes.
    pub permissions: String,
    /// Where the content comes from.
    #[serde(flatten)]
    pub source: KeySource,
}

/// Where the content of a key comes from.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(
    tag = "source",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum KeySource {
    /// Text in the network itself, which stays in Nix until the key is sent.
    Text {
        /// Whether the content is all there, and no output stands in it.
        #[serde(default)]
        literal: bool,
    },
    /// A file of the deployer.
    File {
        /// Absolute path of the file.
        key_file: String,
    },
    /// Standard output of a program that the deployer runs.
    Command {
        /// The program and its arguments.
        key_command: Vec<String>,
    },
}

impl KeyOptions {
    /// Whether its content is in the source of the network.
    pub fn is_literal(&self) -> bool {
        self.source == KeySource::Text { literal: true }
    }
}
