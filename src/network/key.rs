//! Keys: files that reach a machine without passing through the Nix store.

use std::{collections::BTreeMap, fmt};

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
    /// Mode of the file, in octal.
    pub permissions: String,
    /// Whether it is also kept on the machine's disk, for root alone, and put back when the machine boots.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub persist: bool,
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

/// The texts of a machine's keys by name.
///
/// They go from evaluation to the host that is sent them, and nowhere else: nothing writes or shows them.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct KeyTexts(BTreeMap<String, String>);

impl KeyTexts {
    /// The text of a key, in which tokens stand for secret outputs.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

impl fmt::Debug for KeyTexts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl KeyOptions {
    /// Whether its content is a text of the network, which only evaluation knows.
    pub fn has_text(&self) -> bool {
        matches!(self.source, KeySource::Text { .. })
    }

    /// The option by which its content is in the Nix store already, if it is: as a text in the source of a
    /// flake, or as a file of that source.
    pub fn in_source(&self, is_flake: bool) -> Option<&'static str> {
        match &self.source {
            KeySource::Text { literal: true } if is_flake => Some("text"),
            KeySource::File { key_file } if key_file.starts_with("/nix/store/") => Some("keyFile"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_not_shown() {
        let texts: KeyTexts = serde_json::from_str(r#"{ "token": "hush" }"#).unwrap();
        assert_eq!(texts.get("token"), Some("hush"));
        assert_eq!(format!("{texts:?}"), r#"{"token"}"#);
    }
}
