//! Where an error is.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// A place in Nix code; empty if it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Position {
    /// The file.
    ///
    /// Code that stands in none has a name such as `«string»` or, in older versions of Nix (2.8),
    /// *is what stands here*; [`Position::path`] tells them apart.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u64>,
    /// The column, from 1.
    pub column: Option<u64>,
}

impl Position {
    /// Gives the file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        let file = self.file.as_deref()?;
        (file.starts_with('/') && !file.contains('\n')).then(|| Path::new(file))
    }
}

/// A position as Nix writes it: newer versions (2.26) repeat line and column behind the file.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    line: Option<u64>,
    #[serde(default)]
    column: Option<u64>,
}

impl From<Written> for Position {
    fn from(written: Written) -> Self {
        let Written {
            mut file,
            line,
            column,
        } = written;
        if let (Some(file), Some(line), Some(column)) = (&mut file, line, column) {
            let repeated = format!(":{line}:{column}");
            if file.ends_with(&repeated) {
                file.truncate(file.len() - repeated.len());
            }
        }
        Self { file, line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    fn read(json: &str) -> Position {
        serde_json::from_str(json).expect("a position")
    }

    #[test]
    fn line_and_column_are_not_part_of_the_file() {
        let older = read(r#"{ "file": "/x/a.nix", "line": 2, "column": 10 }"#);
        let newer = read(r#"{ "file": "/x/a.nix:2:10", "line": 2, "column": 10 }"#);
        assert_eq!(newer, older);
        assert_eq!(
            newer.path().and_then(|path| path.to_str()),
            Some("/x/a.nix")
        );
        let elsewhere = read(r#"{ "file": "/x/a.nix:2:1", "line": 2, "column": 10 }"#);
        assert_eq!(elsewhere.file.as_deref(), Some("/x/a.nix:2:1"));
    }

    #[test]
    fn code_without_a_file_has_no_path() {
        for file in ["«stdin»:1:1", "({ }: 1) 2\n", "/x\n", "<nix/fetchurl.nix>"] {
            let json = serde_json::json!({ "file": file, "line": 1, "column": 1 });
            assert_eq!(read(&json.to_string()).path(), None, "{file}");
        }
        assert_eq!(read("{}"), Position::default());
        assert_eq!(read(r#"{ "file": null, "line": null }"#).path(), None);
    }
}
