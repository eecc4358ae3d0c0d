use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::KeyFile;

/// What a machine has of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Files that stand where keys are to stand.
    pub files: BTreeMap<Utf8PathBuf, FoundFile>,
    /// Paths to which keys were sent, and not removed since.
    pub sent: BTreeSet<Utf8PathBuf>,
    /// Whether it is said there that all keys are there.
    pub done: bool,
}

/// What stands at a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundFile {
    /// Its mode.
    pub mode: u32,
    /// Number and name of its owner.
    pub user: [String; 2],
    /// Number and name of its group.
    pub group: [String; 2],
    /// SHA-256 of a regular file, in hexadecimal; nothing of anything else.
    pub digest: Option<String>,
    /// Whether it is a directory.
    pub is_directory: bool,
}

impl FoundFile {
    /// Whether this is the file that is wanted.
    pub(super) fn is(&self, wanted: &KeyFile) -> bool {
        self.mode == wanted.mode
            && self.user.contains(&wanted.user)
            && self.group.contains(&wanted.group)
            && self.digest.as_deref() == Some(wanted.content.digest())
    }
}
