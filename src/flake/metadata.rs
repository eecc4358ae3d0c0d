//! The answer of `nix flake metadata --json`.

use camino::Utf8PathBuf;
use nix_compat::flakeref::{FlakeRef, Source};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{LockedFlake, Tree, unlocked};

/// Attributes of a dirty tree that are not part of what locks it.
const EXTRA: [&str; 2] = ["dirtyRev", "dirtyShortRev"];

/// What we read of it; versions of Nix differ in the rest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    last_modified: Option<u64>,
    locked: FlakeRef,
    locks: Value,
    path: Option<Utf8PathBuf>,
    resolved: FlakeRef,
    resolved_url: String,
}

impl Metadata {
    /// Turns the answer into a locked flake, or says what it lacks.
    pub fn lock(mut self, reference: &str) -> Result<LockedFlake, String> {
        unlocked::settle(&mut self.locks);
        let local = self.local_tree();
        let extra = self.extra();
        let locked = self.locked;
        let tree = Tree {
            kind: "path",
            path: self.path.ok_or("no `path`: the tree is not in the store")?,
            nar_hash: locked
                .nar_hash
                .ok_or("no `locked.narHash`")?
                .to_sri_string(),
            last_modified: locked
                .last_modified
                .or(self.last_modified)
                .ok_or("no `lastModified`")?,
            rev: locked.rev,
            rev_count: locked.rev_count,
        };
        Ok(LockedFlake {
            reference: reference.to_owned(),
            url: self.resolved_url,
            tree,
            extra,
            directory: locked.dir.unwrap_or_default(),
            local,
            lock: self.locks,
            overrides: Vec::new(),
        })
    }

    /// The directory on this machine that the tree is a copy of.
    fn local_tree(&self) -> Option<Utf8PathBuf> {
        match &self.resolved.source {
            Source::Path { path } => Some(path.into()),
            Source::Git { url } => {
                let path = url.strip_prefix("file://")?;
                Some(path.split('?').next().unwrap_or(path).into())
            }
            _ => None,
        }
    }

    /// What `self` of a dirty tree has beside what fetching gives.
    fn extra(&self) -> Map<String, Value> {
        let value = |name: &str| self.locked.other.get(name).map(|value| json!(value));
        EXTRA
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), value(name)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256-QKhTZEnLB+6PkwtkqZmgg7XImMFW6atfJb5ovT0639Y=";
    const REVISION: &str = "50b733188570a3af70b02dee2cc75aaf62d2de90";

    fn locked(json: Value) -> LockedFlake {
        let metadata: Metadata = serde_json::from_value(json).unwrap();
        metadata.lock(".").unwrap()
    }

    #[test]
    fn a_subdirectory_of_a_dirty_git_tree_is_locked_by_its_content() {
        let flake = locked(serde_json::json!({
            "lastModified": 7,
            "locked": {
                "dir": "sub", "narHash": HASH, "type": "git", "url": "file:///g?dir=sub",
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
            "locked": {
                "type": "github", "owner": "o", "repo": "r",
                "narHash": HASH, "lastModified": 7, "rev": REVISION
            },
            "locks": {},
            "path": "/nix/store/x-source",
            "resolved": { "type": "github", "owner": "o", "repo": "r" },
            "resolvedUrl": "github:o/r"
        }));
        assert_eq!(flake.local, None);
        assert_eq!(flake.tree.rev.as_deref(), Some(REVISION));
    }
}
