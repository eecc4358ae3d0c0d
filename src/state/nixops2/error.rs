//! Why a state of NixOps 2 cannot be read.

use std::io;

use camino::Utf8PathBuf;

use crate::state::JsonError;

/// Why a state of NixOps 2 cannot be read. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file, or a copy of it, cannot be made.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// Why it cannot.
        source: io::Error,
    },
    /// SQLite finds something wrong.
    #[error("the state of NixOps 2 in {path} cannot be read")]
    Database {
        /// The file.
        path: Utf8PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// The file is torn.
    #[error("the state of NixOps 2 in {path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// What SQLite finds.
        what: String,
    },
    /// There are no tables of NixOps in the database.
    #[error("{path} is a database, but no state of NixOps")]
    Foreign {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A later NixOps wrote it.
    #[error("the state of NixOps in {path} has schema {found}, and schemas 1 to 3 are known")]
    Newer {
        /// The file.
        path: Utf8PathBuf,
        /// Its schema.
        found: i64,
    },
    /// It is no JSON, or not the JSON of an export.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A name at the top is no UUID.
    #[error("{path}: `{found}` is no UUID of a deployment")]
    NoExport {
        /// The file.
        path: Utf8PathBuf,
        /// What stands there.
        found: String,
    },
    /// Two resources have the same name and type.
    #[error("deployment {deployment} has two resources `{name}` of type `{kind}`")]
    Twice {
        /// UUID of the deployment.
        deployment: String,
        /// Type of the resources.
        kind: String,
        /// Their name.
        name: String,
    },
    /// An attribute is not what NixOps 2 writes. Its value may be secret and is not shown.
    #[error("{whose}: the attribute `{attribute}` is no {wanted}")]
    Attribute {
        /// The deployment or resource.
        whose: String,
        /// Name of the attribute.
        attribute: String,
        /// What NixOps 2 writes there.
        wanted: &'static str,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File { .. } | Self::Database { .. } => None,
            Self::Damaged { .. } => {
                Some("nothing was changed; `sqlite3 FILE .recover` may save what is left of it")
            }
            Self::Foreign { .. } => Some("the state of NixOps 2 is ~/.nixops/deployments.nixops"),
            Self::Newer { .. } => {
                Some("`nixops export` of the NixOps that wrote it gives JSON to import")
            }
            Self::Json(_) => Some(
                "nothing was changed; if the file is cut short, write it again with `nixops export`",
            ),
            Self::NoExport { .. } => Some(
                "nothing was changed; an export holds one object, with the UUIDs of deployments as names",
            ),
            Self::Twice { .. } => {
                Some("nothing was changed; delete one of them with the old NixOps first")
            }
            Self::Attribute { .. } => {
                Some("nothing was changed; correct it in an export, and import that")
            }
        }
    }
}
