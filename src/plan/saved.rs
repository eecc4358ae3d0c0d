//! A plan in a file, for somebody to look at before it is done.
//!
//! It is bound to the deployment as it was and to the source as it was: where either has moved, it is
//! not done. It says of each resource what is done with it, and of those that are not known yet what may
//! be; what is outside of that is refused. A digest tells a file that somebody has edited. It is no
//! signature: who may write the file may write the digest.

use std::{
    fs,
    io::{self, Write as _},
};

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::Plan;

/// The version of the file that is written.
const VERSION: u32 = 1;

/// A plan, and what it is bound to.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedPlan {
    /// SHA-256 of the file as it was written, with an empty text in this place.
    pub digest: String,
    /// Version of the file's form.
    pub version: u32,
    /// Version of the program that wrote it.
    pub nixops: String,
    /// The deployment as it was.
    pub deployment: SavedDeployment,
    /// The source as it was.
    pub source: SavedSource,
    /// What is to be done.
    pub plan: Plan,
}

/// The deployment that a plan is for.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedDeployment {
    /// Its UUID.
    pub uuid: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The word that its network has too.
    pub lineage: String,
    /// How often it had been changed.
    pub serial: u64,
}

/// The source that a plan is for, and the part of it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedSource {
    /// The flake, as the user named it; for people.
    pub reference: String,
    /// Name of the network in it.
    pub network: String,
    /// Hash of the source.
    pub nar_hash: String,
    /// Digest of the arguments that the network got; see [`SavedPlan::digest_of`].
    pub arguments: String,
    /// The machines that were selected; nothing, if all were.
    pub selected: Option<Vec<String>>,
    /// Whether obsolete resources were to be deleted.
    pub kill_obsolete: bool,
}

/// Why a file with a plan cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SavedPlanError {
    /// The file cannot be read or written.
    #[error("cannot {action} the plan in {path}")]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// Why it could not.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{path} is no plan that `nixops plan --out` wrote")]
    NoPlan {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A newer program wrote it.
    #[error("the plan in {path} has version {found}, and this nixops knows version {VERSION}")]
    Newer {
        /// The file.
        path: Utf8PathBuf,
        /// Its version.
        found: u32,
    },
    /// Somebody has changed it.
    #[error("the plan in {path} is not as it was written: its digest does not fit")]
    Edited {
        /// The file.
        path: Utf8PathBuf,
    },
}

impl SavedPlanError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File { .. } => None,
            Self::NoPlan { .. } => Some("give the file that `nixops plan --out FILE` wrote"),
            Self::Newer { .. } => Some("use the nixops that wrote it, or make a new plan"),
            Self::Edited { .. } => Some(
                "a plan is done as it was made, or not at all: change the network, and make a new \
                 plan with `nixops plan --out FILE`",
            ),
        }
    }
}

/// The version alone, which every form of the file has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl SavedPlan {
    /// Binds a plan to what it is for.
    pub fn new(plan: Plan, deployment: SavedDeployment, source: SavedSource) -> Self {
        Self {
            digest: String::new(),
            version: VERSION,
            nixops: env!("CARGO_PKG_VERSION").to_owned(),
            deployment,
            source,
            plan,
        }
    }

    /// The digest of something, such as the arguments of a network, for a plan to be bound to.
    pub fn digest_of(value: &impl Serialize) -> String {
        // What cannot be written has no digest of its own, and none that fits.
        digest(&serde_json::to_vec(value).unwrap_or_default())
    }

    /// The text of its file.
    pub fn to_text(&self) -> String {
        let blank = Self {
            digest: String::new(),
            ..self.clone()
        };
        let text = serde_json::to_string_pretty(&blank).unwrap_or_default() + "\n";
        let digest = digest(text.as_bytes());
        text.replacen(&field(""), &field(&digest), 1)
    }

    /// Reads the text of a file; the path is for errors.
    pub fn parse(text: &str, path: &Utf8Path) -> Result<Self, SavedPlanError> {
        let no_plan = |source| SavedPlanError::NoPlan {
            path: path.to_owned(),
            source,
        };
        let Versioned { version } = serde_json::from_str(text).map_err(no_plan)?;
        if version > VERSION {
            return Err(SavedPlanError::Newer {
                path: path.to_owned(),
                found: version,
            });
        }
        let plan: Self = serde_json::from_str(text).map_err(no_plan)?;
        let blank = text.replacen(&field(&plan.digest), &field(""), 1);
        if digest(blank.as_bytes()) == plan.digest {
            Ok(plan)
        } else {
            Err(SavedPlanError::Edited {
                path: path.to_owned(),
            })
        }
    }

    /// Writes the file, whole or not at all; nobody else may read it.
    pub fn write(&self, path: &Utf8Path) -> Result<(), SavedPlanError> {
        let failed = |source| SavedPlanError::File {
            action: "write",
            path: path.to_owned(),
            source,
        };
        let directory = match path.parent() {
            Some(directory) if directory != "" => directory,
            _ => Utf8Path::new("."),
        };
        // A temporary file has mode 0600.
        let mut file = NamedTempFile::new_in(directory).map_err(failed)?;
        file.write_all(self.to_text().as_bytes()).map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Reads a file.
    pub fn read(path: &Utf8Path) -> Result<Self, SavedPlanError> {
        let text = fs::read_to_string(path).map_err(|source| SavedPlanError::File {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }
}

/// The field of the digest, as the file has it.
fn field(digest: &str) -> String {
    format!("\"digest\": \"{digest}\"")
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex = digest.iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", hex.collect::<String>())
}

#[cfg(test)]
#[path = "saved_tests.rs"]
mod tests;
