//! `flake.lock`: which state of each input a flake is evaluated with.
//!
//! The file is a graph. Each node is an input with its *locked* reference (what is fetched) and its
//! *original* one (what `flake.nix` says); edges have the names of inputs. An edge is the key of
//! another node or, for `follows`, a list of input names: a path that begins at the *root*, whatever
//! node it stands at, and that may lead over other such edges. Keys mean nothing: Nix makes them
//! anew whenever it writes.
//!
//! Versions 5 to 7 are read; 7, Nix's since 2020, is written, byte for byte as Nix writes it.

mod input;

use nix_flake_lock::{Edge, LockFile, Node, OwnedLockFile};

pub use input::LockedInput;
pub use nix_flake_lock::NodeId;

/// Says what is wrong with a lock file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlakeLockError {
    /// It cannot be read.
    #[error("flake.lock is malformed: {reason}")]
    Malformed {
        /// Where, counted from 0.
        offset: usize,
        /// What is wrong there, with the place.
        reason: String,
    },
    /// Inputs follow each other in a circle.
    #[error("flake.lock has inputs that follow each other in a circle: {}", inputs.join(" → "))]
    FollowsCycle {
        /// Their names, the first one again at the end.
        inputs: Vec<String>,
    },
    /// An input follows one that does not exist.
    #[error("in flake.lock, the input '{input}' follows '{target}', which does not exist")]
    FollowsNothing {
        /// The input, with the names on the way to it.
        input: String,
        /// What it follows.
        target: String,
    },
    /// Following inputs fails for any other reason.
    #[error("flake.lock has inputs that cannot be followed: {0}")]
    Unresolvable(String),
}

/// A lock file.
#[derive(Debug, Clone)]
pub struct FlakeLock(OwnedLockFile);

impl FlakeLock {
    /// Reads a lock file; whether each `follows` leads somewhere is seen when it is used, or by
    /// [`FlakeLock::validate`].
    pub fn parse(bytes: &[u8]) -> Result<Self, FlakeLockError> {
        match LockFile::parse(bytes) {
            Ok(lock) => Ok(Self(lock.into_owned())),
            Err(error) => Err(FlakeLockError::Malformed {
                offset: error.offset(),
                reason: error.to_string(),
            }),
        }
    }

    /// Writes the lock file as Nix does, in version 7.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_nix_bytes()
    }

    /// Gives the version that the file had.
    pub fn version(&self) -> u8 {
        self.0.source_version()
    }

    /// Checks that every `follows` leads to an input.
    pub fn validate(&self) -> Result<(), FlakeLockError> {
        Ok(self.0.validate()?)
    }

    /// Gives the node of the flake itself.
    pub fn root(&self) -> NodeId {
        self.0.root_id()
    }

    /// Gives all nodes that can be reached from the root, which is one of them.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.0.nodes().map(|(node, _)| node)
    }

    /// Walks from the root along names of inputs, and over `follows`.
    ///
    /// Nothing is found where an input on the way does not exist; the empty path is the root.
    pub fn resolve(&self, path: &[&str]) -> Result<Option<NodeId>, FlakeLockError> {
        Ok(self.0.resolve(path.iter().copied())?)
    }

    /// Gives the input at the end of a path from the root; nothing, for the root itself too.
    pub fn input(&self, path: &[&str]) -> Result<Option<LockedInput>, FlakeLockError> {
        let Some((name, way)) = path.split_last() else {
            return Ok(None);
        };
        let Some(parent) = self.resolve(way)? else {
            return Ok(None);
        };
        let inputs = self.inputs_of(parent)?;
        Ok(inputs.into_iter().find(|input| input.name == *name))
    }

    /// Gives the flake's own inputs, in the order of their names.
    pub fn direct_inputs(&self) -> Result<Vec<LockedInput>, FlakeLockError> {
        self.inputs_of(self.root())
    }

    /// Gives the inputs of any node, in the order of their names.
    pub fn inputs_of(&self, node: NodeId) -> Result<Vec<LockedInput>, FlakeLockError> {
        let inputs = self.0.node(node).map_or(&[][..], Node::inputs);
        let read = |input: &nix_flake_lock::Input<'_>| self.read_input(input.name(), input.edge());
        inputs.iter().map(read).collect()
    }

    fn read_input(&self, name: &str, edge: &Edge<'_>) -> Result<LockedInput, FlakeLockError> {
        let (target, follows) = match edge {
            Edge::Node(target) => (Some(*target), None),
            Edge::Follows(path) => (self.0.resolve_path(path)?, Some(words(path))),
        };
        let node = target.and_then(|target| Some((target, self.0.node(target)?)));
        match node {
            Some((id, node)) => Ok(LockedInput::new(name, id, follows, node)),
            None => Err(FlakeLockError::FollowsNothing {
                input: name.to_owned(),
                target: follows.unwrap_or_default().join("/"),
            }),
        }
    }
}

impl PartialEq for FlakeLock {
    /// Compares what the files mean; keys and versions do not matter.
    fn eq(&self, other: &Self) -> bool {
        self.0.semantically_eq(&other.0)
    }
}

fn words(path: &nix_flake_lock::InputPath<'_>) -> Vec<String> {
    path.iter().map(str::to_owned).collect()
}

impl From<nix_flake_lock::ResolveError> for FlakeLockError {
    fn from(error: nix_flake_lock::ResolveError) -> Self {
        match error {
            nix_flake_lock::ResolveError::FollowsCycle { inputs } => Self::FollowsCycle { inputs },
            other => Self::Unresolvable(other.to_string()),
        }
    }
}

impl From<nix_flake_lock::ValidationError> for FlakeLockError {
    fn from(error: nix_flake_lock::ValidationError) -> Self {
        use nix_flake_lock::ValidationError as Invalid;
        match error {
            Invalid::FollowsCycle { inputs } => Self::FollowsCycle { inputs },
            Invalid::MissingFollowsTarget { input, target } => {
                Self::FollowsNothing { input, target }
            }
            other => Self::Unresolvable(other.to_string()),
        }
    }
}
