//! Flake references: where a flake is, and which state of it is meant.
//!
//! A reference has two forms. A user writes a URL (`github:owner/repo/branch?dir=sub`, or `.` for a
//! directory); lock files and `builtins.fetchTree` have an attribute set ([`Attributes`]). Either
//! says first *where* to look ([`Source`]), and may then pin *what* must be found there: a branch, a
//! revision, the hash of the tree. A reference with a revision or a hash is *locked*.
//!
//! Attribute sets lose nothing: attributes that are not known here are kept. The URL form is what
//! Nix itself accepts for the same thing; it leaves out what Nix would not read there (the
//! `lastModified` of a GitHub repository, the `narHash` of a Git one).
//!
//! Reading is a matter of text alone. Nix goes on to look at the disk: it turns a directory inside
//! a Git work tree into `git+file:`, and looks for `flake.nix` in parent directories. That, and
//! looking names up in the registry, is left to `nix flake metadata`.
//!
//! Described by the Nix manual, *nix flake*, "Flake references".

mod attributes;
mod display;
mod names;
mod parse;
mod query;
mod url;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::nixhash::NixHash;

pub use attributes::{Attribute, Attributes};
pub use parse::split_fragment;

/// A flake reference.
///
/// Displayed as a URL; serialised as the attribute set of lock files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Attributes", into = "Attributes")]
pub struct FlakeRef {
    /// Where to look.
    pub source: Source,
    /// The branch or tag.
    pub r#ref: Option<String>,
    /// The revision: 40 or 64 hexadecimal digits.
    pub rev: Option<String>,
    /// The directory of `flake.nix`, if it is not at the top of the tree.
    pub dir: Option<String>,
    /// The hash of the tree's archive.
    pub nar_hash: Option<NixHash>,
    /// When the tree was last changed, in seconds since 1970.
    pub last_modified: Option<u64>,
    /// How many revisions lead to this one.
    pub rev_count: Option<u64>,
    /// Whatever else is said, such as `submodules` of a Git repository.
    pub other: Attributes,
}

/// Where a flake is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A name that the registry knows, such as `nixpkgs`.
    Indirect {
        /// The name.
        id: String,
    },
    /// A repository on GitHub, fetched as an archive.
    GitHub(Repository),
    /// A repository on GitLab, fetched as an archive.
    GitLab(Repository),
    /// A repository on `SourceHut`, fetched as an archive.
    SourceHut(Repository),
    /// A Git repository.
    Git {
        /// Its URL, without the `git+` of the reference.
        url: String,
    },
    /// A Mercurial repository.
    Mercurial {
        /// Its URL, without the `hg+` of the reference.
        url: String,
    },
    /// A directory, taken as it is.
    Path {
        /// The directory; relative to the place where the reference stands unless it begins with
        /// `/`.
        path: String,
    },
    /// An archive, fetched and unpacked; any plain URL, whatever its ending, is one.
    ///
    /// Nix 2.8 knows archives by their endings only, and rejects other URLs.
    Tarball {
        /// Its URL.
        url: String,
    },
    /// A file, fetched and not unpacked (`file+https:`).
    File {
        /// Its URL.
        url: String,
    },
}

/// A repository of a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The user or group.
    ///
    /// Of a GitLab subgroup Nix makes `group%2Fsubgroup` (2.8) or `group/subgroup` (2.34); either is
    /// kept here, since each version hands it back to itself.
    pub owner: String,
    /// The repository.
    pub repo: String,
    /// The forge's host name, if it is not the public one.
    pub host: Option<String>,
}

/// Says why something is not a flake reference.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlakeRefError {
    /// Nothing is there.
    #[error("a flake reference is empty")]
    Empty,
    /// The text is neither a URL, nor a registry name, nor visibly a path.
    #[error("'{0}' is not a flake reference")]
    Unrecognised(String),
    /// The URL is of a kind that Nix cannot fetch.
    #[error("'{text}' has the unknown scheme '{scheme}'")]
    UnknownScheme {
        /// The reference.
        text: String,
        /// What stands before its first colon.
        scheme: String,
    },
    /// The reference has `#…` where none may be.
    #[error("'{0}' has a fragment ('#…'), which has no place here")]
    UnexpectedFragment(String),
    /// `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    #[error("'{0}' is not percent-encoded text")]
    PercentEncoding(String),
    /// The part behind the scheme has not the form that the scheme asks for.
    #[error("'{text}' is not of the form {form}")]
    Form {
        /// The reference.
        text: String,
        /// What was expected.
        form: &'static str,
    },
    /// A parameter or an attribute has a value that it cannot have.
    #[error("{attribute} '{value}' is not {expected}")]
    Value {
        /// The attribute.
        attribute: String,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A parameter means nothing for this kind of reference.
    #[error("'{text}' has the unknown parameter '{parameter}'")]
    UnknownParameter {
        /// The reference.
        text: String,
        /// The parameter.
        parameter: String,
    },
    /// An archive can be of a branch or of a revision, not of both.
    #[error("'{0}' names both a branch and a revision")]
    RefAndRev(String),
    /// An attribute set has no `type`, or lacks what its type needs.
    #[error("a flake reference lacks the attribute '{0}'")]
    MissingAttribute(&'static str),
    /// An attribute set has a `type` that is not known.
    #[error("a flake reference has the unknown type '{0}'")]
    UnknownType(String),
}

impl FlakeRefError {
    /// Gives advice on what to write instead, where there is any.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unrecognised(text) => Some(format!("if it is a directory, write './{text}'")),
            Self::UnknownScheme { text, scheme } if scheme.contains('@') => Some(format!(
                "for a Git repository over SSH, write 'git+ssh://{}'",
                text.replacen(':', "/", 1)
            )),
            Self::UnknownScheme { text, scheme } if scheme == "ssh" => {
                Some(format!("for a Git repository, write 'git+{text}'"))
            }
            _ => None,
        }
    }
}

impl FlakeRef {
    /// Makes a reference that says where to look and nothing else.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            r#ref: None,
            rev: None,
            dir: None,
            nar_hash: None,
            last_modified: None,
            rev_count: None,
            other: Attributes::new(),
        }
    }

    /// Makes a reference to a directory, to be taken as it is.
    pub fn from_path(path: impl Into<String>) -> Self {
        Self::new(Source::Path { path: path.into() })
    }

    /// Tells whether it always gives the same tree.
    pub fn is_locked(&self) -> bool {
        self.rev.is_some() || self.nar_hash.is_some()
    }

    /// Gives the directory that it names, if it is a path.
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::Path { path } => Some(Path::new(path)),
            _ => None,
        }
    }

    /// Tells whether its meaning depends on the directory where it stands.
    pub fn is_relative(&self) -> bool {
        self.path().is_some_and(Path::is_relative)
    }

    /// Gives the directory that it names, seen from `base`, if it is a path.
    pub fn path_from(&self, base: &Path) -> Option<PathBuf> {
        self.path().map(|path| base.join(path))
    }
}
