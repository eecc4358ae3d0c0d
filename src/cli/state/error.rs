//! Why it is not known which deployment is meant.

use camino::Utf8PathBuf;

use crate::{plan::suggestion::nearest, state::Identity};

/// Why it is not known which deployment is meant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChoiceError {
    /// There is none.
    #[error("there is no deployment in {path}")]
    None {
        /// The state.
        path: Utf8PathBuf,
    },
    /// None has this name.
    #[error("there is no deployment `{name}` in {path}, only {}", known.join(", "))]
    Unknown {
        /// The name, or the beginning of a UUID.
        name: String,
        /// The state.
        path: Utf8PathBuf,
        /// The deployments that are there.
        known: Vec<String>,
    },
    /// None is named, and there are several.
    #[error("which deployment? There are {} in {path}", known.join(", "))]
    Several {
        /// The state.
        path: Utf8PathBuf,
        /// The deployments that are there.
        known: Vec<String>,
    },
    /// The network's own is in another state.
    #[error("the deployment `{}` of the network here (lineage {}) is not in {path}", identity.name, identity.lineage)]
    Elsewhere {
        /// What the network says of it.
        identity: Identity,
        /// The state.
        path: Utf8PathBuf,
    },
    /// It was there a moment ago.
    #[error("the deployment `{name}` was deleted meanwhile")]
    Gone {
        /// Name of the deployment.
        name: String,
    },
    /// Another one has the name.
    #[error("there is a deployment `{name}` already: {uuid}")]
    Taken {
        /// The name.
        name: String,
        /// UUID of the other one.
        uuid: String,
    },
    /// It cannot be a name.
    #[error("`{name}` is no name for a deployment")]
    NoName {
        /// What was to be the name.
        name: String,
    },
}

impl ChoiceError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::None { .. } => {
                "`nixops create` makes one, and so does the first `nixops deploy`; `nixops import` \
                 brings those of NixOps 2"
            }
            Self::Unknown { name, known, .. } => {
                let known = known.iter().map(String::as_str);
                return nearest(name, known).map(|name| format!("did you mean `{name}`?"));
            }
            Self::Several { .. } => {
                "name it with `-d`, or run where its network is; `nixops list` shows all"
            }
            Self::Elsewhere { .. } => {
                "`--state` names another state; `nixops export` there and `nixops import` here bring it"
            }
            Self::Gone { .. } => return None,
            Self::Taken { .. } => "give it another name with `--name`",
            Self::NoName { .. } => {
                "a name is made of letters, digits, `-`, `_` and `.`, and begins with a letter or `_`"
            }
        };
        Some(hint.to_owned())
    }
}
