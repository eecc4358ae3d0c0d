//! Inputs that are known by their content alone.
//!
//! An input that is overridden with a dirty git tree has a hash but no revision. Nix has its tree in
//! the store by then, but since 2.26 or so pure evaluation refuses to fetch it by its reference. It
//! is fetched as what it is: a store path with a known hash.

use nix_compat::{nixhash::NixHash, store_path::StorePath};
use serde_json::{Map, Value, json};

/// What Nix calls the trees of inputs in its store.
const TREE_NAME: &str = "source";

/// Replaces the references of unlocked inputs in the content of a lock file by their trees.
pub fn settle(lock: &mut Value) {
    let nodes = lock.get_mut("nodes").and_then(Value::as_object_mut);
    for node in nodes.into_iter().flat_map(Map::values_mut) {
        if let Some(tree) = node.get("locked").and_then(tree) {
            node["locked"] = tree;
        }
    }
}

/// The tree of an input that has no revision although its kind should have one.
fn tree(locked: &Value) -> Option<Value> {
    let text = |name| locked.get(name).and_then(Value::as_str);
    let has_revisions = matches!(text("type"), Some("git" | "hg"));
    if !has_revisions || text("rev").is_some() {
        return None;
    }
    let hash = NixHash::from_sri(text("narHash")?).ok()?;
    let mut tree = json!({
        "type": "path",
        "path": StorePath::of_tree(TREE_NAME, &hash)?.to_absolute_path(),
        "narHash": hash.to_sri_string(),
    });
    for name in ["lastModified", "dir"] {
        if let Some(value) = locked.get(name) {
            tree[name] = value.clone();
        }
    }
    Some(tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256-QKhTZEnLB+6PkwtkqZmgg7XImMFW6atfJb5ovT0639Y=";

    #[test]
    fn a_dirty_tree_is_fetched_from_the_store_and_everything_else_as_before() {
        let clean = json!({ "type": "git", "url": "file:///c", "rev": "50b7", "narHash": HASH });
        let mut lock = json!({ "root": "root", "nodes": {
            "root": { "inputs": { "dirty": "dirty", "clean": "clean" } },
            "dirty": { "locked": {
                "type": "git", "url": "file:///d", "narHash": HASH, "lastModified": 7, "dir": "sub"
            } },
            "clean": { "locked": clean },
        } });
        settle(&mut lock);
        assert_eq!(
            lock["nodes"]["dirty"]["locked"],
            json!({
                "type": "path", "narHash": HASH, "lastModified": 7, "dir": "sub",
                "path": "/nix/store/pv8zrk1sm7pyxbfxgdbi9xvvc6l202vf-source",
            })
        );
        assert_eq!(lock["nodes"]["clean"]["locked"], clean);
    }
}
