//! The line of Nix source that an error points at.

use std::fs;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::evaluator::Position;

use super::sanitise::sanitise;

/// Files larger than this are no source that a person wrote.
const LARGEST_SOURCE: u64 = 4 << 20;

/// Shows a position with its line of source, or alone where the file cannot be read.
pub(super) fn excerpt(position: &Position, color: bool) -> String {
    let line = source_line(position);
    match line.filter(|line| !line.trim().is_empty()) {
        Some(line) => annotate(position, &line, color),
        None => format!("  --> {}", sanitise(&position.to_string())),
    }
}

fn source_line(position: &Position) -> Option<String> {
    let metadata = fs::metadata(&position.file).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST_SOURCE {
        return None;
    }
    let text = fs::read_to_string(&position.file).ok()?;
    let index = usize::try_from(position.line.checked_sub(1)?).ok()?;
    Some(sanitise(text.lines().nth(index)?).into_owned())
}

fn annotate(position: &Position, line: &str, color: bool) -> String {
    let span = token(line, position.column);
    let snippet = Snippet::source(line)
        .line_start(position.line as usize)
        .path(sanitise(&position.file))
        .annotation(AnnotationKind::Primary.span(span));
    let group = Group::with_level(Level::ERROR).element(snippet);
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.render(&[group])
}

/// Finds what stands at a column: the attribute path if it is defined there, or else the word, or
/// the one character if it is no word.
fn token(line: &str, column: u32) -> std::ops::Range<usize> {
    let start = line.floor_char_boundary(column.saturating_sub(1) as usize);
    let rest = &line[start..];
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '\'');
    let word = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    start..start + defined_path(rest).unwrap_or(word).max(first)
}

/// The length of the attribute path at the beginning of a text, if a single `=` follows it.
fn defined_path(text: &str) -> Option<usize> {
    let in_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '\'' | '.' | '"');
    let length = text.find(|c| !in_path(c))?;
    let value = text[length..].trim_start().strip_prefix('=')?;
    (!value.starts_with('=')).then_some(length)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn position(file: &str, line: u32, column: u32) -> Position {
        Position {
            file: file.to_owned(),
            line,
            column,
        }
    }

    #[test]
    fn a_readable_line_is_shown_with_its_word_marked() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("flake.nix");
        fs::write(
            &file,
            "{\n  web = {\n    services.ngnix.enable = true;\n  };\n}\n",
        )
        .unwrap();
        let file = file.to_str().unwrap();
        let shown = excerpt(&position(file, 3, 14), false);
        assert_snapshot!(shown.replace(file, "flake.nix"), @r"
         --> flake.nix:3:14
          |
        3 |     services.ngnix.enable = true;
          |              ^^^^^^^^^^^^
        ");
    }

    #[test]
    fn a_position_without_a_source_stands_alone() {
        let shown = excerpt(&position("/nowhere/flake.nix", 3, 5), false);
        assert_snapshot!(shown, @"  --> /nowhere/flake.nix:3:5");
    }

    #[test]
    fn a_column_beyond_the_line_is_no_panic() {
        assert_eq!(token("ab", 9), 2..2);
        assert_eq!(token("é = 1;", 2), 0..2);
        assert_eq!(token("x = { }", 5), 4..5);
    }

    #[test]
    fn a_defined_path_is_marked_as_a_whole_and_a_read_one_by_its_word() {
        assert_eq!(token("a.\"b.c\".d = 1;", 1), 0..9);
        assert_eq!(token("x = pkgs.hello;", 5), 4..8);
        assert_eq!(token("a.b == c", 1), 0..1);
    }
}
