//! What can go wrong, in a form that both programs and people understand.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Numbers of errors, as JSON-RPC reserves them.
pub mod code {
    /// The message is no JSON.
    pub const PARSE: i64 = -32700;
    /// The message is no request.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The provider does not know the method.
    pub const UNKNOWN_METHOD: i64 = -32601;
    /// The parameters do not fit the method.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The provider itself failed, for example by a panic.
    pub const INTERNAL: i64 = -32603;
    /// The method failed; [`super::Failure`] in `data` says how.
    pub const FAILED: i64 = 1;
}

/// The error of an answer.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RpcError {
    /// What kind of error it is: see [`code`].
    pub code: i64,
    /// One sentence for people, without a full stop.
    pub message: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Failure>,
}

/// How a method failed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// What it means for who asked.
    pub kind: FailureKind,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What is wrong with single attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
}

/// What a failure means for who asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// Nothing more is known.
    #[default]
    Other,
    /// The inputs are wrong; asking again gives the same.
    Invalid,
    /// The resource is not there.
    NotFound,
    /// It may go well if it is tried again.
    Transient,
    /// The provider stopped because it was asked to.
    Cancelled,
    /// The provider cannot do that for this type.
    Unsupported,
    /// Credentials are missing, or are refused.
    Unauthorized,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Nothing may be done with these inputs.
    #[default]
    Error,
    /// It can go on.
    Warning,
}

/// What is wrong with an attribute.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Diagnostic {
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// The attribute, name by name; empty for the resource as a whole. Elements of lists are
    /// numbers in decimal.
    #[serde(default)]
    pub path: Vec<String>,
    /// One sentence for people, without a full stop.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error in an attribute; an empty path is the resource as a whole.
    ///
    /// ```
    /// # use nixops_plugin::Diagnostic;
    /// let diagnostic = Diagnostic::error(["disks", "0", "size"], "the disk cannot become smaller");
    /// assert_eq!(diagnostic.path.join("."), "disks.0.size");
    /// ```
    pub fn error<N: Into<String>>(
        path: impl IntoIterator<Item = N>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into_iter().map(Into::into).collect(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// Something in an attribute that nobody may have meant, but that can be done.
    pub fn warning<N: Into<String>>(
        path: impl IntoIterator<Item = N>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(path, message)
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for RpcError {}
