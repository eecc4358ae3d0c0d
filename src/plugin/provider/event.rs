use std::sync::Arc;

use nixops_plugin::protocol::{LogLevel, ResourceRef};
use serde::Deserialize as _;
use serde_json::Value;

/// Hears what a provider says beside its answers. It is called in threads of the conversation, and
/// no answer is read before it returns.
pub type Listener = Arc<dyn Fn(ProviderEvent) + Send + Sync>;

/// What a provider says beside its answers. Its texts are the provider's, with whatever they hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ProviderEvent {
    /// A line for the log.
    Log {
        /// Request that it is about, while that is open.
        about: Option<About>,
        /// How important it is.
        level: LogLevel,
        /// What there is to say.
        message: String,
    },
    /// How far a request is.
    Progress {
        /// Request that it is about, while that is open.
        about: Option<About>,
        /// What is being done.
        message: String,
        /// How much of it is done.
        done: Option<u64>,
        /// Of how much.
        total: Option<u64>,
    },
    /// Nix is about to build the provider's program.
    Building,
    /// A line of the provider's standard error.
    Stderr {
        /// The line, without its end.
        line: String,
    },
}

/// What a request is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct About {
    /// Its method.
    pub method: String,
    /// Its resource, if it is about one.
    pub resource: Option<ResourceRef>,
}

impl About {
    pub(super) fn of(method: &str, params: &Value) -> Self {
        let resource = params.get("resource");
        Self {
            method: method.to_owned(),
            resource: resource.and_then(|resource| ResourceRef::deserialize(resource).ok()),
        }
    }
}
