//! Whether a result says which tree it is of, beside what it has read in it.
//!
//! A tree has a store path, which Nix knows and which each change makes another one. A result in which it is, or
//! a derivation that has it, is that of this tree alone.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    sync::Mutex,
};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::{
    nix::{Nix, Result},
    process::Processes,
};

use super::super::fleet::lock;
use super::{
    Entry,
    tree::{Part, Tree},
};

/// As much of the hash of a tree as somebody may have cut off of it. That it is somewhere by chance is no harm.
const PIECE: usize = 7;

/// Larger files are not looked into, and what needs one is not kept.
const LARGEST_FILE: u64 = 4 << 20;

/// What makes another text of the path of a tree, or hides that a derivation has it.
const WORDS: [&str; 2] = ["hashString", "unsafeDiscard"];

/// Where a machine says where it is defined. That is told of the tree that it is remembered for.
const PLACES: [&str; 2] = ["position", "files"];

/// Looks for what is of one tree alone.
#[derive(Debug)]
pub struct Detective<'a> {
    nix: &'a Nix,
    processes: &'a Processes,
    tree: &'a Tree,
    /// Files of the store in which there is nothing.
    clean: &'a Mutex<HashSet<Utf8PathBuf>>,
}

impl<'a> Detective<'a> {
    /// Looks for a tree.
    pub fn new(
        nix: &'a Nix,
        processes: &'a Processes,
        tree: &'a Tree,
        clean: &'a Mutex<HashSet<Utf8PathBuf>>,
    ) -> Self {
        Self {
            nix,
            processes,
            tree,
            clean,
        }
    }

    /// Of results, those of which any tree with the same parts has the same. Where the store does not answer, none.
    pub fn indifferent<T>(&self, mut all: Vec<T>, entry: impl Fn(&T) -> &Entry) -> Vec<T> {
        all.retain(|one| self.is_silent(entry(one)) && self.is_plain(entry(one)));
        let known = self.known_by_content(all.iter().map(&entry));
        all.retain(|one| entry(one).others.is_subset(&known));
        let all_derivations = all.iter().flat_map(|one| derivations(entry(one)));
        match self.is_clean(all_derivations) {
            Ok(true) => {}
            Ok(false) => all.retain(|one| {
                let is_clean = self.is_clean(derivations(entry(one)));
                is_clean.unwrap_or_default()
            }),
            Err(_) => all.clear(),
        }
        all
    }

    /// Whether the tree is in nothing that a result says, but for the places that are ours.
    fn is_silent(&self, entry: &Entry) -> bool {
        let is_silent = |text: &String| {
            let Ok(mut value) = serde_json::from_str::<Value>(text) else {
                return false;
            };
            if let Some(value) = value.as_object_mut() {
                value.retain(|name, _| !PLACES.contains(&name.as_str()));
            }
            !self.is_in(value.to_string().as_bytes())
        };
        let mut remarks = entry.remarks.iter();
        entry.texts.iter().all(is_silent) && !remarks.any(|remark| self.is_in(remark.as_bytes()))
    }

    /// Whether no file that was read makes another text of a path.
    fn is_plain(&self, entry: &Entry) -> bool {
        let mut files = entry.parts.iter().filter_map(|part| match part {
            // Any file can be imported, whatever its name is.
            Part::Content(path) => Some(path),
            _ => None,
        });
        files.all(|path| {
            let text = fs::read(self.tree.path.join(path)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            !WORDS.iter().any(|word| text.contains(word))
        })
    }

    /// Names of store paths that results have looked at, as far as the path says what is in it.
    fn known_by_content<'e>(&self, entries: impl Iterator<Item = &'e Entry>) -> BTreeSet<String> {
        let mut names: BTreeSet<String> =
            entries.flat_map(|entry| &entry.others).cloned().collect();
        let paths = names.iter().map(|name| super::entry::store_path(name));
        let mut paths: Vec<Utf8PathBuf> = paths.collect();
        let all = paths.iter().map(Utf8PathBuf::as_path);
        let Ok(invalid) = self.nix.invalid_paths(self.processes, all) else {
            return BTreeSet::new();
        };
        paths.retain(|path| !invalid.contains(path));
        let paths = paths.iter().map(Utf8PathBuf::as_path);
        let known = self.nix.known_by_content(self.processes, paths);
        let known = known.unwrap_or_default();
        names.retain(|name| known.contains(&super::entry::store_path(name)));
        names
    }

    /// Whether the tree is in nothing that the builds of derivations need.
    fn is_clean<'e>(&self, derivations: impl Iterator<Item = &'e Utf8Path>) -> Result<bool> {
        let closure = self.nix.requisites_of(self.processes, derivations)?;
        let mut clean = lock(self.clean);
        for path in closure {
            if clean.contains(&path) {
                continue;
            }
            if self.is_in(path.as_str().as_bytes()) || self.is_inside(&path) {
                return Ok(false);
            }
            clean.insert(path);
        }
        Ok(true)
    }

    /// Whether the tree is in a file of the store. What is in a directory was in one before.
    fn is_inside(&self, path: &Utf8Path) -> bool {
        match fs::symlink_metadata(path) {
            Ok(file) if file.is_file() && file.len() <= LARGEST_FILE => {
                fs::read(path).map_or(true, |content| self.is_in(&content))
            }
            Ok(file) => file.is_file(),
            Err(_) => true,
        }
    }

    fn is_in(&self, text: &[u8]) -> bool {
        is_piece_in(self.tree.hash().as_bytes(), text)
    }
}

/// Whether a piece of a hash is in a text.
fn is_piece_in(hash: &[u8], text: &[u8]) -> bool {
    let mut end = PIECE;
    while let Some(piece) = end
        .checked_sub(PIECE)
        .and_then(|start| text.get(start..end))
    {
        // What ends with a sign that the hash does not have is no piece, and nothing is that has this sign in it.
        match piece.iter().rposition(|byte| !hash.contains(byte)) {
            Some(at) => end += at + 1,
            None if hash.windows(PIECE).any(|known| known == piece) => return true,
            None => end += 1,
        }
    }
    false
}

fn derivations(entry: &Entry) -> impl Iterator<Item = &Utf8Path> {
    entry.needs.iter().map(Utf8PathBuf::as_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "5sxpjc5f7snwbcvbkwm1m72n2d416x8q";

    #[test]
    fn a_piece_of_a_hash_is_found_wherever_it_stands() {
        for text in [
            HASH.to_owned(),
            format!("x{HASH}"),
            HASH[..PIECE].to_owned(),
            format!("label-{}", &HASH[10..10 + PIECE]),
            format!("55{}", &HASH[HASH.len() - PIECE..]),
        ] {
            assert!(is_piece_in(HASH.as_bytes(), text.as_bytes()), "{text}");
        }
        for text in ["", "source", &HASH[..PIECE - 1], "5sxpjcx5f7snw"] {
            assert!(!is_piece_in(HASH.as_bytes(), text.as_bytes()), "{text}");
        }
    }
}
