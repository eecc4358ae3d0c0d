//! What is wrong with a value.

use std::fmt;

use serde::Serialize;

use super::attribute_path;

/// What is found where nothing is.
const NOTHING: &str = "nothing";

/// One thing that is wrong with a value.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The attribute, name by name; empty for the value as a whole. Elements of lists are numbers
    /// in decimal.
    pub path: Vec<String>,
    /// What may stand there, in words such as `an integer between 1 and 65535`.
    pub expected: String,
    /// What stands there, or only its kind where it is long or nobody may see it.
    pub found: String,
    /// Both in one sentence, without the path and without a full stop.
    pub message: String,
    /// The name that may have been meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl Finding {
    /// A value that is not what it should be.
    pub(super) fn mismatch(path: Vec<String>, expected: String, found: String) -> Self {
        let message = format!("expected {expected}, but found {found}");
        Self {
            path,
            expected,
            found,
            message,
            suggestion: None,
        }
    }

    /// Whether what is wrong is that nothing is there.
    pub fn is_missing(&self) -> bool {
        self.found == NOTHING
    }

    /// A required attribute that is not there.
    pub(super) fn missing(path: Vec<String>, expected: String) -> Self {
        let message = format!("is required, but not there; expected {expected}");
        Self {
            path,
            expected,
            found: NOTHING.to_owned(),
            message,
            suggestion: None,
        }
    }

    /// An attribute that may not be there.
    pub(super) fn unknown(path: Vec<String>, found: String, suggestion: Option<String>) -> Self {
        let message = match &suggestion {
            Some(name) => format!(
                "does not exist; did you mean {}?",
                attribute_path([name.as_str()])
            ),
            None => "does not exist".to_owned(),
        };
        Self {
            path,
            expected: "no such attribute".to_owned(),
            found,
            message,
            suggestion,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            let path = attribute_path(self.path.iter().map(String::as_str));
            write!(formatter, "{path}: ")?;
        }
        formatter.write_str(&self.message)
    }
}
