//! The command line of a provider.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::driver::program;

fn run(arguments: &[&str]) -> Output {
    Command::new(program("notebook"))
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn stderr(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_schema_of_a_type_is_printed_with_the_keywords_of_nixops() {
    insta::assert_snapshot!(stdout(&["schema", "book"]), @r#"
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "description": "A book for notes.",
      "properties": {
        "title": {
          "description": "Title, which is the name of its directory.",
          "type": "string"
        }
      },
      "required": [
        "title"
      ],
      "title": "Book",
      "type": "object",
      "x-nixops-kind": "resource",
      "x-nixops-outputs": {
        "properties": {
          "notes": {
            "description": "How many notes it has.",
            "format": "uint",
            "minimum": 0,
            "type": "integer"
          }
        },
        "required": [
          "notes"
        ],
        "title": "BookOutputs",
        "type": "object"
      },
      "x-nixops-replace": true,
      "x-nixops-version": 0
    }
    "#);
}

#[test]
fn all_schemas_are_printed_by_type() {
    let all: serde_json::Value = serde_json::from_str(&stdout(&["schema"])).unwrap();
    let note: serde_json::Value = serde_json::from_str(&stdout(&["schema", "note"])).unwrap();
    assert_eq!(all["note"], note);
    assert_eq!(all.as_object().unwrap().len(), 2);
}

#[test]
fn schema_files_are_written_and_checked() {
    let plugin = tempfile::tempdir().unwrap();
    let schemas = plugin.path().join("new/schemas");
    let schemas = schemas.to_str().unwrap();
    let missing = stderr(&["schema", "--dir", schemas, "--check"], 1);
    assert_eq!(
        missing,
        "notebook: schemas are not current: book.json, note.json\nhint: run the same without `--check`\n"
    );
    stdout(&["schema", "--dir", schemas]);
    stdout(&["schema", "--check", "--dir", schemas]);
    let file = Path::new(schemas).join("note.json");
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        stdout(&["schema", "note"])
    );
    fs::write(&file, "{}").unwrap();
    let stale = stderr(&["schema", "--dir", schemas, "--check"], 1);
    assert!(
        stale.starts_with("notebook: a schema is not current: note.json\n"),
        "{stale}"
    );
}

#[test]
fn help_and_version_are_printed() {
    assert_eq!(stdout(&["--version"]), "notebook 0.1.0\n");
    assert!(stdout(&["--help"]).contains("notebook schema [TYPE]"));
    assert!(stdout(&["schema", "--help"]).contains("notebook schema [TYPE]"));
}

#[test]
fn what_is_not_understood_is_an_error_of_usage() {
    let dance = "notebook: `dance` is not understood\nhint: see `notebook --help`\n";
    assert_eq!(stderr(&["dance"], 2), dance);
    for wrong in [
        &["schema", "--dir"][..],
        &["schema", "--check"],
        &["schema", "a", "b"],
        &["serve", "x"],
    ] {
        assert!(stderr(wrong, 2).contains("hint: "), "{wrong:?}");
    }
    let unknown = "notebook: there is no type `poem`; there are: book, note\n";
    assert_eq!(stderr(&["schema", "poem"], 1), unknown);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let error = stderr(&["schema", "--dir", "/dev/null/schemas"], 1);
    assert!(
        error.contains("/dev/null/schemas/book.json: Not a directory"),
        "{error}"
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    let program = program("notebook");
    let script = format!("{} schema | true", program.display());
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
}
