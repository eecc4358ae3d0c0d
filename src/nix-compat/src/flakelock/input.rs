//! One input of a lock file.

use nix_flake_lock::{AttrSet, AttrValue, LockedNode, Node, NodeId};

use crate::flakeref::{Attribute, Attributes, FlakeRef, FlakeRefError};

/// An input, with `follows` resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedInput {
    /// The name that it has where it is used.
    pub name: String,
    /// The node that it leads to.
    pub node: NodeId,
    /// The key of that node in the file that was read, for messages only.
    pub key: String,
    /// The path from the root that it follows, if it does; an empty one is the flake itself.
    pub follows: Option<Vec<String>>,
    /// Whether it is a flake, and not only a tree of files (`flake = false`).
    pub is_flake: bool,
    /// What is fetched; empty for the flake itself.
    pub locked: Attributes,
    /// What `flake.nix` says; empty for the flake itself.
    pub original: Attributes,
    /// The path from the root to the flake that a relative path input is relative to (since Nix
    /// 2.26).
    pub parent: Option<Vec<String>>,
}

impl LockedInput {
    pub(super) fn new(
        name: &str,
        id: NodeId,
        follows: Option<Vec<String>>,
        node: &Node<'_>,
    ) -> Self {
        let locked = node.locked();
        let parent = locked.and_then(LockedNode::parent);
        Self {
            name: name.to_owned(),
            node: id,
            key: node.source_key().to_owned(),
            follows,
            is_flake: locked.is_none_or(LockedNode::is_flake),
            locked: locked
                .map(LockedNode::locked)
                .map(attributes)
                .unwrap_or_default(),
            original: locked
                .map(LockedNode::original)
                .map(attributes)
                .unwrap_or_default(),
            parent: parent.map(super::words),
        }
    }

    /// Tells whether it is the flake itself (`inputs.x.follows = ""`).
    pub fn is_self(&self) -> bool {
        self.locked.is_empty()
    }

    /// Gives what is fetched as a reference.
    pub fn locked_ref(&self) -> Result<FlakeRef, FlakeRefError> {
        FlakeRef::from_attributes(self.locked.clone())
    }

    /// Gives what `flake.nix` says as a reference.
    pub fn original_ref(&self) -> Result<FlakeRef, FlakeRefError> {
        FlakeRef::from_attributes(self.original.clone())
    }
}

fn attributes(set: &AttrSet<'_>) -> Attributes {
    set.iter()
        .map(|attribute| (attribute.name().to_owned(), value(attribute.value())))
        .collect()
}

fn value(value: &AttrValue<'_>) -> Attribute {
    match value {
        AttrValue::String(text) => Attribute::String(text.to_string()),
        AttrValue::Integer(number) => Attribute::Integer(*number),
        AttrValue::Bool(truth) => Attribute::Bool(*truth),
    }
}
