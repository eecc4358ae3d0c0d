//! A flake whose source can no longer change.

use camino::{Utf8Path, Utf8PathBuf};
use nix_compat::{flakelock::FlakeLock, flakeref::FlakeRef};
use serde::Serialize;
use serde_json::{Map, Value};

/// A flake, locked with all of its inputs.
#[derive(Clone, Debug)]
pub struct LockedFlake {
    /// The reference as the user wrote it.
    pub reference: String,
    /// The reference that it stands for, without revision and hash.
    pub url: String,
    /// Its source tree.
    pub tree: Tree,
    /// Attributes of `self` that a fetched tree does not have, such as `dirtyRev`.
    pub extra: Map<String, Value>,
    /// Where `flake.nix` is in the tree; empty for its top.
    pub directory: String,
    /// The directory of the user that the tree was taken from, if it was a local one.
    pub local: Option<Utf8PathBuf>,
    /// The content of the lock file, with overrides applied.
    pub lock: Value,
    /// Pairs of an input's path and the reference that stands in for it, as the user wrote them; the
    /// lock file still names the one that it stands in for.
    pub overrides: Vec<(String, String)>,
}

/// Attributes for `builtins.fetchTree` that lock a tree which is in the store.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tree {
    /// Always `path`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Store path of the tree.
    pub path: Utf8PathBuf,
    /// Hash of its NAR serialisation, as SRI.
    pub nar_hash: String,
    /// Seconds since 1970. Without it Nix 2.8 fails and newer versions take the time of day.
    pub last_modified: u64,
    /// Git revision of a clean tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
    /// Number of revisions up to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rev_count: Option<u64>,
}

impl LockedFlake {
    /// The user's name for a path in the flake's tree; `None` for paths elsewhere.
    pub fn user_path(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let inside = path.strip_prefix(&self.tree.path).ok()?;
        Some(
            self.local
                .as_ref()
                .map_or_else(|| inside.to_owned(), |local| local.join(inside)),
        )
    }
}

impl LockedFlake {
    /// Names of what `self` has of this tree and may not have of another one: a revision, if it is clean.
    pub fn shape(&self) -> String {
        let tree = [
            self.tree.rev.as_ref().map(|_| "rev"),
            self.tree.rev_count.map(|_| "revCount"),
        ];
        let names = self.extra.keys().map(String::as_str);
        let names: Vec<&str> = names.chain(tree.into_iter().flatten()).collect();
        names.join(" ")
    }
}

/// What an input of a flake is locked to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InputOrigin {
    /// What `flake.nix`, or who overrides it, says, without revision and hash.
    pub origin: String,
    /// Its revision, if its kind has any.
    pub revision: Option<String>,
}

impl LockedFlake {
    /// Tells what a direct input is locked to; `None` if there is no such input.
    pub fn input(&self, name: &str) -> Option<InputOrigin> {
        let lock = FlakeLock::parse(self.lock.to_string().as_bytes()).ok()?;
        let input = lock.input(&[name]).ok()??;
        let mut overrides = self.overrides.iter();
        let instead = overrides.find(|(path, _)| path == name);
        let revision = input.locked_ref().ok().and_then(|locked| locked.rev);
        let origin = FlakeRef {
            rev: None,
            nar_hash: None,
            last_modified: None,
            rev_count: None,
            ..input.original_ref().ok()?
        };
        Some(InputOrigin {
            origin: instead.map_or_else(|| origin.to_string(), |(_, instead)| instead.clone()),
            revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flake(local: Option<&str>) -> LockedFlake {
        LockedFlake {
            reference: ".".into(),
            url: "path:/net".into(),
            tree: Tree {
                kind: "path",
                path: "/nix/store/x-source".into(),
                nar_hash: "sha256-x".into(),
                last_modified: 1,
                rev: None,
                rev_count: None,
            },
            extra: Map::new(),
            directory: String::new(),
            local: local.map(Into::into),
            lock: Value::Null,
            overrides: Vec::new(),
        }
    }

    #[test]
    fn store_paths_are_mapped_back_to_the_users_files() {
        let path = Utf8Path::new("/nix/store/x-source/web/flake.nix");
        assert_eq!(
            flake(Some("/home/me/net")).user_path(path).unwrap(),
            "/home/me/net/web/flake.nix"
        );
        assert_eq!(flake(None).user_path(path).unwrap(), "web/flake.nix");
    }

    #[test]
    fn paths_of_other_trees_are_not_the_users() {
        let path = Utf8Path::new("/nix/store/x-source2/flake.nix");
        assert_eq!(flake(Some("/net")).user_path(path), None);
    }

    #[test]
    fn an_input_comes_from_where_the_user_says_it_comes_from() {
        let mut flake = flake(None);
        flake.lock = serde_json::json!({ "version": 7, "root": "root", "nodes": {
            "root": { "inputs": { "cloud": "cloud" } },
            "cloud": {
                "locked": { "type": "github", "owner": "me", "repo": "cloud",
                    "rev": "0123456789012345678901234567890123456789",
                    "narHash": "sha256-QKhTZEnLB+6PkwtkqZmgg7XImMFW6atfJb5ovT0639Y=" },
                "original": { "type": "github", "owner": "me", "repo": "cloud" },
            },
        } });
        let input = flake.input("cloud").unwrap();
        assert_eq!(input.origin, "github:me/cloud");
        assert!(input.revision.unwrap().starts_with("0123"));
        flake.overrides = vec![("cloud".to_owned(), "path:/my/cloud".to_owned())];
        assert_eq!(flake.input("cloud").unwrap().origin, "path:/my/cloud");
        assert_eq!(flake.input("other"), None);
    }
}
