//! Reads JSON that people hand us, with errors that say where in the file they are.

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::DeserializeOwned;

/// Why a file of JSON cannot be understood. What stands there is never shown: it may be secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{path}: line {line}, column {column}: {what}")]
pub struct JsonError {
    /// The file.
    pub path: Utf8PathBuf,
    /// Line, counted from 1.
    pub line: usize,
    /// Column, counted from 1.
    pub column: usize,
    /// Where in the value it is, and what is wrong there.
    pub what: String,
}

/// Reads a text of JSON and nothing behind it. The name is for errors.
pub fn read<T: DeserializeOwned>(bytes: &[u8], name: &Utf8Path) -> Result<T, JsonError> {
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut input)
        .map_err(|error| wrong(name, &error.path().to_string(), error.inner()))?;
    input.end().map_err(|error| wrong(name, ".", &error))?;
    Ok(value)
}

fn wrong(path: &Utf8Path, at: &str, error: &serde_json::Error) -> JsonError {
    let text = error.to_string();
    // The position stands in fields of its own.
    let text = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(text, _)| text);
    let text = unquoted(text);
    let what = match at.trim_end_matches(".?") {
        "." | "?" => text,
        at => format!("{at}: {text}"),
    };
    JsonError {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        what,
    }
}

/// What serde says without the value that it found.
fn unquoted(text: &str) -> String {
    let mark = if text.starts_with("unknown variant ") {
        '`'
    } else if text.starts_with("invalid ") {
        '"'
    } else {
        return text.to_owned();
    };
    let Some((before, rest)) = text.split_once(mark) else {
        return text.to_owned();
    };
    // What is expected stands behind it, and has no marks but its own.
    let end = rest.rfind(&format!("{mark}, expected "));
    end.map_or_else(
        || before.to_owned(),
        |end| format!("{before}…{}", &rest[end + 1..]),
    )
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn no_value_is_shown() {
        let said = "invalid type: string \"a, \\\"b\", expected u8";
        assert_eq!(unquoted(said), "invalid type: string …, expected u8");
        let said = "unknown variant `secret`, expected one of `a`, `b`";
        assert_eq!(
            unquoted(said),
            "unknown variant …, expected one of `a`, `b`"
        );
        assert_eq!(unquoted("missing field `x`"), "missing field `x`");
    }
}
