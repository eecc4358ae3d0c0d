//! The answer of `nix flake metadata --json`.

use camino::Utf8PathBuf;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{LockedFlake, Tree};

/// What we read of it; versions of Nix differ in the rest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    last_modified: Option<u64>,
    locked: Locked,
    locks: Value,
    path: Option<Utf8PathBuf>,
    resolved: Map<String, Value>,
    resolved_url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Locked {
    dir: Option<String>,
    dirty_rev: Option<String>,
    dirty_short_rev: Option<String>,
    last_modified: Option<u64>,
    nar_hash: Option<String>,
    rev: Option<String>,
    rev_count: Option<u64>,
}

impl Metadata {
    /// Turns the answer into a locked flake, or says what it lacks.
    pub fn lock(self, reference: &str) -> Result<LockedFlake, String> {
        let local = self.local_tree();
        let extra = self.locked.extra();
        let tree = Tree {
            kind: "path",
            path: self.path.ok_or("no `path`: the tree is not in the store")?,
            nar_hash: self.locked.nar_hash.ok_or("no `locked.narHash`")?,
            last_modified: self
                .locked
                .last_modified
                .or(self.last_modified)
                .ok_or("no `lastModified`")?,
            rev: self.locked.rev,
            rev_count: self.locked.rev_count,
        };
        Ok(LockedFlake {
            reference: reference.to_owned(),
            url: self.resolved_url,
            tree,
            extra,
            directory: self.locked.dir.unwrap_or_default(),
            local,
            lock: self.locks,
        })
    }

    /// The directory on this machine that the tree is a copy of.
    fn local_tree(&self) -> Option<Utf8PathBuf> {
        let text = |name| self.resolved.get(name).and_then(Value::as_str);
        match text("type")? {
            "path" => text("path").map(Into::into),
            "git" => {
                let path = text("url")?.strip_prefix("file://")?;
                Some(path.split('?').next().unwrap_or(path).into())
            }
            _ => None,
        }
    }
}

impl Locked {
    /// What `self` of a dirty tree has beside what fetching gives.
    fn extra(&self) -> Map<String, Value> {
        [
            ("dirtyRev", &self.dirty_rev),
            ("dirtyShortRev", &self.dirty_short_rev),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(json: Value) -> LockedFlake {
        let metadata: Metadata = serde_json::from_value(json).unwrap();
        metadata.lock(".").unwrap()
    }

    #[test]
    fn a_subdirectory_of_a_dirty_git_tree_is_locked_by_its_content() {
        let flake = locked(serde_json::json!({
            "lastModified": 7,
            "locked": {
                "dir": "sub", "narHash": "sha256-x", "type": "git", "url": "file:///g?dir=sub",
                "dirtyRev": "50b7-dirty", "dirtyShortRev": "50b-dirty"
            },
            "locks": { "version": 7 },
            "path": "/nix/store/x-source",
            "resolved": { "type": "git", "url": "file:///g?dir=sub", "dir": "sub" },
            "resolvedUrl": "git+file:///g?dir=sub"
        }));
        assert_eq!(flake.directory, "sub");
        assert_eq!(flake.local.as_deref(), Some("/g".into()));
        assert_eq!(flake.tree.last_modified, 7);
        assert_eq!(flake.extra["dirtyRev"], "50b7-dirty");
    }

    #[test]
    fn a_remote_flake_has_no_directory_here() {
        let flake = locked(serde_json::json!({
            "locked": { "narHash": "sha256-x", "lastModified": 7, "rev": "abc", "revCount": 2 },
            "locks": {},
            "path": "/nix/store/x-source",
            "resolved": { "type": "github", "owner": "o", "repo": "r" },
            "resolvedUrl": "github:o/r"
        }));
        assert_eq!(flake.local, None);
        assert_eq!(flake.tree.rev.as_deref(), Some("abc"));
    }
}
