//! Why a step did not come to its end, in the user's words.

use std::error::Error;

use crate::evaluator::Diagnostic;
use crate::host;
use crate::keys;
use crate::nix::{self, BuildError, CopyError};
use crate::plan::{Outcome, Step};
use crate::{plugin, preview, process, state};

/// Why a step did not come to its end.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// It failed.
    #[error("{}", .0.message)]
    Failed(Diagnostic),
    /// A host gives no sign.
    #[error("{}", .0.message)]
    Unreachable(Diagnostic),
    /// The user interrupted the run while it was going on.
    #[error("interrupted")]
    Interrupted,
}

impl Trouble {
    /// A failure in words.
    pub fn new(message: impl Into<String>, hint: Option<String>) -> Self {
        Self::Failed(diagnostic(message, hint))
    }

    /// A machine that its backend has not made.
    pub fn not_made(backend: &str, hint: Option<&str>) -> Self {
        let message = format!("its backend `{backend}` has not made it");
        Self::new(message, hint.map(str::to_owned))
    }

    /// The same as a diagnostic.
    pub fn into_diagnostic(self) -> Diagnostic {
        match self {
            Self::Failed(diagnostic) | Self::Unreachable(diagnostic) => diagnostic,
            Self::Interrupted => diagnostic("interrupted", None),
        }
    }

    /// The outcome of a machine whose step this ended.
    pub fn outcome(self, step: Step) -> Outcome {
        match self {
            Self::Failed(diagnostic) | Self::Unreachable(diagnostic) => {
                Outcome::Failed { step, diagnostic }
            }
            // Only on the host can something outlive us: our own children have ended.
            Self::Interrupted => Outcome::Interrupted {
                step,
                may_go_on: step == Step::Activate,
                went_back: false,
            },
        }
    }

    /// The same without words at its beginning that are said anyway.
    #[must_use]
    pub fn without_prefix(self, prefix: &str) -> Self {
        self.with_message(|message| {
            let rest = message.strip_prefix(prefix).map(str::to_owned);
            rest.unwrap_or(message)
        })
    }

    /// The same, told as the reason for something.
    pub(super) fn within(self, what: &str) -> Self {
        self.with_message(|message| format!("{what}: {message}"))
    }

    /// The same with the hint of another, unless it has one.
    pub(super) fn with_hint_of(self, other: Self) -> Self {
        self.or_hint(other.into_diagnostic().hint)
    }

    /// The same, with a hint if it has none.
    pub(super) fn or_hint(self, hint: Option<String>) -> Self {
        match self {
            Self::Failed(mut diagnostic) => {
                diagnostic.hint = diagnostic.hint.or(hint);
                Self::Failed(diagnostic)
            }
            other => other,
        }
    }

    fn with_message(self, change: impl FnOnce(String) -> String) -> Self {
        let changed = |diagnostic: Diagnostic| Diagnostic {
            message: change(diagnostic.message),
            ..diagnostic
        };
        match self {
            Self::Failed(diagnostic) => Self::Failed(changed(diagnostic)),
            Self::Unreachable(diagnostic) => Self::Unreachable(changed(diagnostic)),
            Self::Interrupted => Self::Interrupted,
        }
    }

    fn of(error: &dyn Error, interrupted: bool, hint: Option<String>) -> Self {
        if interrupted {
            return Self::Interrupted;
        }
        Self::new(chain(error), hint)
    }
}

/// A diagnostic that points at no place in a source.
pub(super) fn diagnostic(message: impl Into<String>, hint: Option<String>) -> Diagnostic {
    Diagnostic {
        message: message.into(),
        position: None,
        hint,
        trace: Vec::new(),
    }
}

impl From<host::Error> for Trouble {
    fn from(error: host::Error) -> Self {
        let is_away = error.failure().is_some_and(host::Failure::is_away);
        match Self::of(&error, error.is_interrupted(), error.hint()) {
            Self::Failed(diagnostic) if is_away => Self::Unreachable(diagnostic),
            trouble => trouble,
        }
    }
}

impl From<keys::Error> for Trouble {
    fn from(error: keys::Error) -> Self {
        let interrupted = error.is_interrupted();
        // What caused it stands in its words.
        if interrupted {
            return Self::Interrupted;
        }
        Self::new(error.to_string(), error.hint())
    }
}

impl From<BuildError> for Trouble {
    fn from(error: BuildError) -> Self {
        Self::of(&error, error.is_interrupted(), error.hint())
    }
}

impl From<CopyError> for Trouble {
    fn from(error: CopyError) -> Self {
        Self::of(
            &error,
            error.is_interrupted(),
            error.hint().map(str::to_owned),
        )
    }
}

impl From<plugin::Error> for Trouble {
    fn from(error: plugin::Error) -> Self {
        Self::of(&error, error.is_interrupted(), error.hint())
    }
}

impl From<plugin::provider::Error> for Trouble {
    fn from(error: plugin::provider::Error) -> Self {
        Self::of(&error, error.is_interrupted(), error.hint())
    }
}

impl From<&preview::Error> for Trouble {
    fn from(error: &preview::Error) -> Self {
        let interrupted = match error {
            preview::Error::Plugin(error) => error.is_interrupted(),
            preview::Error::Provider(error) => error.is_interrupted(),
            _ => false,
        };
        Self::of(error, interrupted, error.hint())
    }
}

impl From<preview::Error> for Trouble {
    fn from(error: preview::Error) -> Self {
        Self::from(&error)
    }
}

impl From<state::Error> for Trouble {
    fn from(error: state::Error) -> Self {
        Self::of(&error, false, error.hint().map(str::to_owned))
    }
}

impl From<nix::Error> for Trouble {
    fn from(error: nix::Error) -> Self {
        let interrupted = matches!(&error, nix::Error::Process(error) if error.is_interrupted());
        Self::of(&error, interrupted, error.hint().map(str::to_owned))
    }
}

/// Writes an error with what caused it.
///
/// A failed program is left out: those who wrap it have said what mattered of it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        if !cause.is::<process::Error>() && !cause.is::<Box<process::Error>>() {
            text = format!("{text}: {cause}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_cause_is_told_with_its_error() {
        let source = io::Error::other("read-only file system");
        let error = nix::Error::File {
            path: "/state/web".into(),
            source,
        };
        let expected = Trouble::new("cannot access /state/web: read-only file system", None);
        assert_eq!(Trouble::from(error), expected);
    }

    #[test]
    fn what_a_failed_program_said_is_told_once() {
        let error = process::Error::TimedOut {
            label: "setting the system profile web".to_owned(),
            program: "ssh".to_owned(),
            command_line: String::new(),
            after: std::time::Duration::from_secs(1),
            stderr: "no room".to_owned(),
        };
        let error = host::Error::Command {
            machine: "web".to_owned(),
            action: "setting the system profile".to_owned(),
            escalation: None,
            error: Box::new(error),
        };
        let expected = "web: setting the system profile failed: no room";
        assert_eq!(Trouble::from(error), Trouble::new(expected, None));
    }

    #[test]
    fn an_interrupt_is_no_failure() {
        let error = process::Error::Interrupted {
            label: "copy web".to_owned(),
        };
        assert_eq!(
            Trouble::from(CopyError::Process(error)),
            Trouble::Interrupted
        );
        let may_go_on = |step| match Trouble::Interrupted.outcome(step) {
            Outcome::Interrupted { may_go_on, .. } => may_go_on,
            other => panic!("{other:?}"),
        };
        assert!(may_go_on(Step::Activate) && !may_go_on(Step::Copy));
    }
}
