//! How a method of an author fails.

use std::any::Any;
use std::error::Error;
use std::fmt::Write;
use std::io;

use crate::protocol::{Diagnostic, Failure, FailureKind, RpcError, code};

/// Why a method could not do what it was asked for.
///
/// Every error becomes one by `?`, its causes told in the message. It is no [`Error`] itself, which
/// is what makes that possible.
///
/// ```
/// # use nixops_plugin::Failed;
/// fn size(text: &str) -> Result<u32, Failed> {
///     Ok(text.parse()?)
/// }
/// assert_eq!(size("small").unwrap_err().message(), "invalid digit found in string");
///
/// let failed = Failed::unauthorized("the cloud refused the key").hint("set NEATCLOUD_KEY");
/// # let _ = failed;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    code: i64,
    message: String,
    failure: Failure,
}

impl Failed {
    /// A failure of which nothing more is known. A message is one sentence without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self::of_kind(FailureKind::Other, message)
    }

    /// A failure of some kind.
    pub fn of_kind(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            code: code::FAILED,
            message: message.into(),
            failure: Failure {
                kind,
                ..Failure::default()
            },
        }
    }

    /// The inputs are wrong; asking again gives the same.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::of_kind(FailureKind::Invalid, message)
    }

    /// The resource is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::of_kind(FailureKind::NotFound, message)
    }

    /// It may go well if it is tried again.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::of_kind(FailureKind::Transient, message)
    }

    /// The method stopped because it was asked to; see [`Context::cancelled`](crate::Context::cancelled).
    pub fn cancelled() -> Self {
        Self::of_kind(FailureKind::Cancelled, "cancelled")
    }

    /// The provider cannot do that for this type.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::of_kind(FailureKind::Unsupported, message)
    }

    /// Credentials are missing, or are refused.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::of_kind(FailureKind::Unauthorized, message)
    }

    /// A defect of the provider.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self {
            code: code::INTERNAL,
            ..Self::new(message)
        }
    }

    /// A failure by any error, also one that `?` does not take: a box, or an `anyhow::Error`.
    pub fn from_error(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::by(error.into().as_ref())
    }

    /// The same with its cause told at the end of the message.
    ///
    /// ```
    /// # use nixops_plugin::Failed;
    /// let read = std::fs::read("/no/such/key");
    /// let failed = read.map_err(|error| Failed::new("while reading the key").because(error)).unwrap_err();
    /// assert_eq!(failed.message(), "while reading the key: No such file or directory (os error 2)");
    /// ```
    #[must_use]
    pub fn because(mut self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        let _ = write!(self.message, ": {}", with_causes(error.as_ref()));
        if self.failure.kind == FailureKind::Other {
            self.failure.kind = kind_of(error.as_ref());
        }
        self
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.failure.hint = Some(hint.into());
        self
    }

    /// The same with what is wrong with an attribute.
    #[must_use]
    pub fn diagnostic(mut self, diagnostic: Diagnostic) -> Self {
        self.failure.diagnostics.push(diagnostic);
        self
    }

    /// The message, causes included.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the failure means for who asked.
    pub fn kind(&self) -> FailureKind {
        self.failure.kind
    }

    fn by(error: &(dyn Error + Send + Sync + 'static)) -> Self {
        Self::of_kind(kind_of(error), with_causes(error))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::by(&error)
    }
}

impl From<Failed> for RpcError {
    fn from(failed: Failed) -> Self {
        let known = failed.code == code::FAILED;
        Self {
            code: failed.code,
            message: failed.message,
            data: known.then_some(failed.failure),
        }
    }
}

/// The text of an error and of its causes, without those that an outer one told already.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            let _ = write!(text, ": {inner_text}");
        }
        cause = inner.source();
    }
    text
}

fn kind_of(error: &(dyn Error + 'static)) -> FailureKind {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return kind_of_io(error.kind());
        }
        next = error.source();
    }
    FailureKind::Other
}

fn kind_of_io(kind: io::ErrorKind) -> FailureKind {
    use io::ErrorKind as Io;
    match kind {
        Io::TimedOut
        | Io::Interrupted
        | Io::ConnectionRefused
        | Io::ConnectionReset
        | Io::ConnectionAborted
        | Io::HostUnreachable
        | Io::NetworkUnreachable
        | Io::NetworkDown
        | Io::ResourceBusy => FailureKind::Transient,
        _ => FailureKind::Other,
    }
}

/// The failure that a panic is.
pub(crate) fn from_panic(payload: &(dyn Any + Send)) -> Failed {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    Failed::internal(format!(
        "the provider panicked: {}",
        text.unwrap_or("without a word")
    ))
}
