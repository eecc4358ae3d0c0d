//! A result that is kept.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use nix_compat::store_path::{STORE_DIR_WITH_SLASH, StorePath};
use serde::{Deserialize, Serialize};

use crate::state::Key;

use super::super::Reads;
use super::{
    trace::Trace,
    tree::{Parts, Tree},
};

/// A result, and what has to be so that it counts.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    /// What Nix gave.
    pub texts: Vec<String>,
    /// What it said meanwhile.
    pub remarks: Vec<String>,
    /// What it depends on of outputs.
    pub trace: Trace,
    /// Resources that it looked at.
    pub resources: BTreeSet<Key>,
    /// Store paths that have to be valid: to begin with those without which it is nothing, and as it is kept, all
    /// that it names and that were there.
    pub needs: BTreeSet<Utf8PathBuf>,
    /// What it depends on of the tree, where not all of the tree counts.
    #[serde(default, skip_serializing_if = "Parts::is_empty")]
    pub parts: Parts,
    /// The path of the tree that it was evaluated in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Utf8PathBuf>,
    /// Whether it may depend on what there is of what the flake is itself, such as a revision.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sees_shape: bool,
    /// Names of other store paths that it has looked at.
    #[serde(skip)]
    pub others: BTreeSet<String>,
    /// A store path that it names and that need not be there: whoever wants it builds it.
    #[serde(skip)]
    pub builds: Option<Utf8PathBuf>,
}

impl Entry {
    /// What it reads of resources.
    pub fn reads(&self) -> Reads {
        Reads {
            outputs: self.trace.outputs.clone(),
            resources: self.resources.clone(),
        }
    }

    /// All store paths that its texts name, but for a tree in whose place there may be another one.
    pub fn named_paths(&self) -> BTreeSet<Utf8PathBuf> {
        let named = self.texts.iter().flat_map(|text| store_paths(text));
        named
            .filter(|path| Some(path) != self.tree.as_ref())
            .collect()
    }

    /// The same in another tree.
    pub fn moved(mut self, tree: &Tree) -> Self {
        if let Some(before) = self.tree.replace(tree.path.clone()) {
            for text in &mut self.texts {
                *text = text.replace(before.as_str(), tree.path.as_str());
            }
        }
        self
    }
}

/// The store path with a name.
pub fn store_path(name: &str) -> Utf8PathBuf {
    Utf8PathBuf::from(STORE_DIR_WITH_SLASH).join(name)
}

/// The store paths that stand in a text.
fn store_paths(text: &str) -> impl Iterator<Item = Utf8PathBuf> {
    let pieces = text.split(STORE_DIR_WITH_SLASH).skip(1);
    pieces.filter_map(|piece| {
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._?=".contains(&byte);
        let end = piece.bytes().position(|byte| !is_of_name(byte));
        let name = &piece[..end.unwrap_or(piece.len())];
        let path = StorePath::from_bytes(name.as_bytes()).ok()?;
        Some(path.to_absolute_path().into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_paths_are_found_wherever_they_stand() {
        let one = "/nix/store/pv8zrk1sm7pyxbfxgdbi9xvvc6l202vf-source";
        let other = "/nix/store/pv8zrk1sm7pyxbfxgdbi9xvvc6l202vf-x.drv";
        let text =
            format!(r#"{{"a":"{one}/flake.nix","b":["x {other} y"],"c":"/nix/store/.links"}}"#);
        let found: Vec<_> = store_paths(&text).collect();
        assert_eq!(found, [one, other]);
    }
}
