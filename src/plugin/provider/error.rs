use std::{sync::Arc, time::Duration};

use camino::Utf8PathBuf;
use nixops_plugin::protocol::{FailureKind, RpcError};

use super::{Fault, StartFailure, fault::Seconds};
use crate::plugin::Origin;

/// Result of a conversation with a provider.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What to do about a provider that breaks the rules.
pub(super) const DEFECT: &str =
    "this is a defect of the plugin: tell its authors; `nixops plugin test` shows more";

/// Whose provider it is: what every error names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// The plugin, and where it comes from.
    pub origin: Origin,
    /// The program.
    pub program: Utf8PathBuf,
}

/// Why a provider did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program could not be started.
    #[error("{}: the provider {} {failure}", subject.origin, subject.program)]
    Start {
        /// Whose provider it is.
        subject: Arc<Subject>,
        /// Why it could not be started.
        failure: StartFailure,
    },

    /// The conversation ended, so this request has no answer.
    #[error(
        "{}: {} `{method}`: the provider {} {fault}",
        subject.origin,
        if *asked { "during" } else { "before" },
        subject.program
    )]
    Broken {
        /// Whose provider it is.
        subject: Arc<Subject>,
        /// What it was asked, or was to be asked.
        method: String,
        /// Whether the request was on its way: then nobody knows what was done.
        asked: bool,
        /// Why the conversation ended.
        fault: Fault,
    },

    /// The provider did not end as it should.
    #[error("{}: the provider {} {fault}", subject.origin, subject.program)]
    Closing {
        /// Whose provider it is.
        subject: Arc<Subject>,
        /// How it ended.
        fault: Fault,
    },

    /// The answer did not come in time, and the provider gave the request up.
    #[error(
        "{}: `{method}`: the provider {} did not finish within {}",
        subject.origin,
        subject.program,
        Seconds(*limit)
    )]
    TimedOut {
        /// Whose provider it is.
        subject: Arc<Subject>,
        /// What it was asked.
        method: String,
        /// How long it had.
        limit: Duration,
    },

    /// The provider itself says that it did not work.
    #[error("{}: `{method}`: {error}{}", subject.origin, details(error))]
    Refused {
        /// Whose provider it is.
        subject: Arc<Subject>,
        /// What it was asked.
        method: String,
        /// What it says.
        error: Box<RpcError>,
    },

    /// The answer is no answer to the question.
    #[error(
        "{}: the provider {} answered `{method}` with a result that does not fit: {reason}",
        subject.origin,
        subject.program
    )]
    Result {
        /// Whose provider it is.
        subject: Arc<Subject>,
        /// What it was asked.
        method: String,
        /// Path and reason, without values.
        reason: String,
    },

    /// The request cannot be written.
    #[error("{}: `{method}` cannot be asked: {reason}", subject.origin)]
    Request {
        /// Whose provider it is.
        subject: Arc<Subject>,
        /// What it was to be asked.
        method: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The run was interrupted, which is no fault of the provider.
    #[error("{}: `{method}`: interrupted", subject.origin)]
    Interrupted {
        /// Whose provider it is.
        subject: Arc<Subject>,
        /// What it was asked.
        method: String,
    },
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Start { failure, .. } => failure.hint()?,
            Self::Broken {
                method,
                subject,
                fault: Fault::Ended { .. } | Fault::Silent { .. },
                ..
            } if method == "hello" => {
                return Some(format!("start it by hand to see more: {}", subject.program));
            }
            Self::Broken { fault, .. } | Self::Closing { fault, .. } => fault.hint()?,
            Self::Refused { error, .. } => return error.data.as_ref()?.hint.clone(),
            Self::Result { .. } => DEFECT,
            Self::TimedOut { .. } | Self::Request { .. } | Self::Interrupted { .. } => return None,
        };
        Some(hint.to_owned())
    }

    /// Tells whether the run was interrupted.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted { .. })
    }

    /// What a refusal means for who asked.
    pub fn kind(&self) -> Option<FailureKind> {
        match self {
            Self::Refused { error, .. } => {
                let failure = error.data.as_ref();
                Some(failure.map_or(FailureKind::Other, |failure| failure.kind))
            }
            _ => None,
        }
    }

    /// Whose provider it is.
    pub fn subject(&self) -> &Subject {
        match self {
            Self::Start { subject, .. }
            | Self::Broken { subject, .. }
            | Self::Closing { subject, .. }
            | Self::TimedOut { subject, .. }
            | Self::Refused { subject, .. }
            | Self::Result { subject, .. }
            | Self::Request { subject, .. }
            | Self::Interrupted { subject, .. } => subject,
        }
    }
}

/// What a provider says of single attributes, on lines of their own.
fn details(error: &RpcError) -> String {
    let diagnostics = error.data.iter().flat_map(|data| &data.diagnostics);
    diagnostics.fold(String::new(), |mut text, diagnostic| {
        text.push_str("\n  ");
        if !diagnostic.path.is_empty() {
            text.push_str(&diagnostic.path.join("."));
            text.push_str(": ");
        }
        text.push_str(&diagnostic.message);
        text
    })
}
