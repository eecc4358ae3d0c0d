//! What a result depends on of the tree of its flake, and whether that is still so.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs, io,
    os::unix::fs::PermissionsExt as _,
    sync::Mutex,
};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::super::{
    fleet::lock,
    strace::{Access, Look},
};
use super::trace::{Digest, Sum};

/// Files of a result that depends on more than these are none that a person wrote for it.
const MOST_PARTS: usize = 2000;

/// How many links may lead to a file.
const MOST_LINKS: usize = 40;

/// What can be seen of a path, itself relative to the tree.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// What it is: a file, an executable one, a directory, a link, or nothing.
    Kind(Utf8PathBuf),
    /// Where a link leads.
    Link(Utf8PathBuf),
    /// What is in a file.
    Content(Utf8PathBuf),
    /// Names and kinds of what is in a directory.
    Listing(Utf8PathBuf),
}

/// All that something depends on of a tree.
pub type Parts = BTreeSet<Part>;

/// A tree as it is: in the store, so that nothing changes in it.
#[derive(Debug)]
pub struct Tree {
    /// Its store path.
    pub path: Utf8PathBuf,
    /// What there is of what the flake is itself.
    pub shape: String,
    digests: Mutex<BTreeMap<Part, Digest>>,
}

impl Tree {
    /// The tree at a store path, of a flake of which there is this.
    pub fn at(path: Utf8PathBuf, shape: String) -> Self {
        Self {
            path,
            shape,
            digests: Mutex::default(),
        }
    }

    /// The part of its path that no other tree has.
    pub fn hash(&self) -> &str {
        let name = self.path.file_name().unwrap_or_default();
        name.split_once('-').map_or(name, |(hash, _)| hash)
    }

    /// A digest of parts as they are in this tree.
    pub fn digest(&self, parts: &Parts) -> Digest {
        let mut digests = lock(&self.digests);
        let mut sum = Sum::default();
        for part in parts {
            let digest = match digests.get(part) {
                Some(digest) => *digest,
                None => *digests.entry(part.clone()).or_insert(self.look(part)),
            };
            sum.bytes(&digest);
        }
        sum.end()
    }

    /// What is seen by looks at a tree; nothing if that is not understood.
    pub fn parts(&self, looks: &BTreeSet<Access>) -> Option<Parts> {
        let mut parts = Parts::new();
        for access in looks {
            self.follow(access, &mut parts)?;
        }
        (parts.len() <= MOST_PARTS).then_some(parts)
    }

    /// Adds what is seen by a look: all names on the way to what it finds, and that itself.
    fn follow(&self, access: &Access, parts: &mut Parts) -> Option<()> {
        let follows = matches!(access.look, Look::KindBehind | Look::Content);
        let mut left: VecDeque<String> = names(&access.path).collect();
        let mut at = Utf8PathBuf::new();
        let mut links = 0;
        let mut found = true;
        while let Some(name) = left.pop_front() {
            if name == ".." {
                // Nobody leaves the tree.
                at.pop().then_some(())?;
                continue;
            }
            let next = at.join(name);
            parts.insert(Part::Kind(next.clone()));
            let kind = fs::symlink_metadata(self.path.join(&next));
            match kind {
                Err(_) => {
                    found = false;
                    break;
                }
                Ok(kind) if kind.is_symlink() && (follows || !left.is_empty()) => {
                    links += 1;
                    let target = fs::read_link(self.path.join(&next)).ok()?;
                    let target = Utf8PathBuf::from_path_buf(target).ok()?;
                    (links <= MOST_LINKS && target.is_relative()).then_some(())?;
                    parts.insert(Part::Link(next));
                    for name in names(&target).collect::<Vec<_>>().into_iter().rev() {
                        left.push_front(name);
                    }
                }
                Ok(_) => at = next,
            }
        }
        (found == access.found).then_some(())?;
        if found && access.look == Look::Link {
            parts.insert(Part::Link(at));
        } else if found && access.look == Look::Content {
            let kind = fs::symlink_metadata(self.path.join(&at)).ok()?;
            parts.insert(if kind.is_dir() {
                Part::Listing(at)
            } else {
                Part::Content(at)
            });
        }
        Some(())
    }

    fn look(&self, part: &Part) -> Digest {
        let mut sum = Sum::default();
        let looked = match part {
            Part::Kind(path) => {
                sum.add(kind(&self.path.join(path)));
                Ok(())
            }
            Part::Link(path) => fs::read_link(self.path.join(path)).map(|target| {
                sum.bytes(target.as_os_str().as_encoded_bytes());
            }),
            Part::Content(path) => fs::read(self.path.join(path)).map(|content| {
                sum.bytes(&content);
            }),
            Part::Listing(path) => list(&self.path.join(path), &mut sum),
        };
        // What cannot be looked at was not recorded, and is like nothing that was.
        if looked.is_err() {
            sum = Sum::default();
            sum.add("nothing").add("at all");
        }
        sum.end()
    }
}

fn names(path: &Utf8Path) -> impl Iterator<Item = String> {
    let names = path.as_str().split('/');
    names
        .filter(|name| !name.is_empty() && *name != ".")
        .map(str::to_owned)
}

fn kind(path: &Utf8Path) -> &'static str {
    match fs::symlink_metadata(path) {
        Ok(kind) if kind.is_dir() => "directory",
        Ok(kind) if kind.is_symlink() => "link",
        Ok(kind) if kind.is_file() && kind.permissions().mode() & 0o100 != 0 => "executable",
        Ok(kind) if kind.is_file() => "file",
        Ok(_) => "something else",
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => "no directory",
        Err(_) => "nothing",
    }
}

fn list(path: &Utf8Path, sum: &mut Sum) -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let kind = match (kind.is_dir(), kind.is_symlink()) {
            (true, _) => "directory",
            (_, true) => "link",
            _ => "file",
        };
        entries.push((entry.file_name(), kind));
    }
    entries.sort();
    for (name, kind) in entries {
        sum.bytes(name.as_encoded_bytes()).add(kind);
    }
    Ok(())
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
