//! The attribute set of lock files, `builtins.fetchTree` and the registry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::names::{checked_ref, checked_rev};
use super::{FlakeRef, FlakeRefError, Repository, Source};
use crate::nixhash::NixHash;

/// The value of an attribute: Nix knows no other kinds here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// A truth value, such as that of `submodules`.
    Bool(bool),
    /// A number, such as that of `lastModified`.
    Integer(u64),
    /// A text.
    String(String),
}

/// Attributes by name, in the order in which Nix writes them.
pub type Attributes = BTreeMap<String, Attribute>;

impl TryFrom<Attributes> for FlakeRef {
    type Error = FlakeRefError;

    fn try_from(mut attributes: Attributes) -> Result<Self, FlakeRefError> {
        let mut reference = Self::new(take_source(&mut attributes)?);
        let take = &mut attributes;
        reference.r#ref = take_string(take, "ref")?.map(checked_ref).transpose()?;
        reference.rev = take_string(take, "rev")?.map(checked_rev).transpose()?;
        reference.dir = take_string(take, "dir")?;
        reference.nar_hash = take_string(take, "narHash")?
            .map(|text| nar_hash(&text))
            .transpose()?;
        reference.last_modified = take_integer(take, "lastModified")?;
        reference.rev_count = take_integer(take, "revCount")?;
        reference.other = attributes;
        Ok(reference)
    }
}

fn take_source(attributes: &mut Attributes) -> Result<Source, FlakeRefError> {
    let kind = required(attributes, "type")?;
    Ok(match kind.as_str() {
        "indirect" => Source::Indirect {
            id: required(attributes, "id")?,
        },
        "github" => Source::GitHub(take_repository(attributes)?),
        "gitlab" => Source::GitLab(take_repository(attributes)?),
        "sourcehut" => Source::SourceHut(take_repository(attributes)?),
        "git" => Source::Git {
            url: required(attributes, "url")?,
        },
        "hg" => Source::Mercurial {
            url: required(attributes, "url")?,
        },
        "path" => Source::Path {
            path: required(attributes, "path")?,
        },
        "tarball" => Source::Tarball {
            url: required(attributes, "url")?,
        },
        "file" => Source::File {
            url: required(attributes, "url")?,
        },
        _ => return Err(FlakeRefError::UnknownType(kind)),
    })
}

fn take_repository(attributes: &mut Attributes) -> Result<Repository, FlakeRefError> {
    Ok(Repository {
        owner: required(attributes, "owner")?,
        repo: required(attributes, "repo")?,
        host: take_string(attributes, "host")?,
    })
}

fn required(attributes: &mut Attributes, name: &'static str) -> Result<String, FlakeRefError> {
    take_string(attributes, name)?.ok_or(FlakeRefError::MissingAttribute(name))
}

fn take_string(attributes: &mut Attributes, name: &str) -> Result<Option<String>, FlakeRefError> {
    match attributes.remove(name) {
        None => Ok(None),
        Some(Attribute::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong_kind(name, &other, "a text")),
    }
}

fn take_integer(attributes: &mut Attributes, name: &str) -> Result<Option<u64>, FlakeRefError> {
    match attributes.remove(name) {
        None => Ok(None),
        Some(Attribute::Integer(number)) => Ok(Some(number)),
        Some(other) => Err(wrong_kind(name, &other, "a number")),
    }
}

fn wrong_kind(name: &str, value: &Attribute, expected: &'static str) -> FlakeRefError {
    FlakeRefError::Value {
        attribute: name.to_owned(),
        value: match value {
            Attribute::Bool(truth) => truth.to_string(),
            Attribute::Integer(number) => number.to_string(),
            Attribute::String(text) => text.clone(),
        },
        expected,
    }
}

/// Reads a `narHash`, which in an attribute set or a URL is in SRI form.
pub(super) fn nar_hash(text: &str) -> Result<NixHash, FlakeRefError> {
    NixHash::from_str(text, None).map_err(|_| FlakeRefError::Value {
        attribute: "narHash".to_owned(),
        value: text.to_owned(),
        expected: "a hash such as sha256-…",
    })
}

impl From<FlakeRef> for Attributes {
    fn from(reference: FlakeRef) -> Self {
        let mut attributes = reference.other;
        let mut put = |name: &str, value: Option<String>| {
            let value = value.map(Attribute::String);
            value.and_then(|value| attributes.insert(name.to_owned(), value));
        };
        put("ref", reference.r#ref);
        put("rev", reference.rev);
        put("dir", reference.dir);
        put(
            "narHash",
            reference.nar_hash.map(|hash| hash.to_sri_string()),
        );
        put_source(&mut put, reference.source);
        for (name, number) in [
            ("lastModified", reference.last_modified),
            ("revCount", reference.rev_count),
        ] {
            let value = number.map(Attribute::Integer);
            value.and_then(|value| attributes.insert(name.to_owned(), value));
        }
        attributes
    }
}

fn put_source(put: &mut impl FnMut(&str, Option<String>), source: Source) {
    put("type", Some(source.type_name().to_owned()));
    match source {
        Source::Indirect { id } => put("id", Some(id)),
        Source::GitHub(repository) | Source::GitLab(repository) | Source::SourceHut(repository) => {
            put("owner", Some(repository.owner));
            put("repo", Some(repository.repo));
            put("host", repository.host);
        }
        Source::Path { path } => put("path", Some(path)),
        Source::Git { url }
        | Source::Mercurial { url }
        | Source::Tarball { url }
        | Source::File { url } => put("url", Some(url)),
    }
}

impl Source {
    /// Gives the `type` of the attribute set.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Indirect { .. } => "indirect",
            Self::GitHub(_) => "github",
            Self::GitLab(_) => "gitlab",
            Self::SourceHut(_) => "sourcehut",
            Self::Git { .. } => "git",
            Self::Mercurial { .. } => "hg",
            Self::Path { .. } => "path",
            Self::Tarball { .. } => "tarball",
            Self::File { .. } => "file",
        }
    }
}

impl FlakeRef {
    /// Reads the attribute set of a lock file.
    pub fn from_attributes(attributes: Attributes) -> Result<Self, FlakeRefError> {
        attributes.try_into()
    }

    /// Writes the attribute set of a lock file.
    pub fn to_attributes(&self) -> Attributes {
        self.clone().into()
    }
}
