//! Where an attribute of a machine or resource is defined.
//!
//! Best effort: Nix tells where the machine or resource itself is defined and which files define its
//! options; where in them an option stands is read from their text.

use std::fs;

use serde::Deserialize;

use crate::flake::Source;

use super::{Position, attribute, text::PlaceText, translate};

/// What Nix tells of where a machine or resource is defined.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Whereabouts {
    /// Where the network defines it first, if Nix knows.
    #[serde(default)]
    pub(super) position: Option<PlaceText>,
    /// Files that define its options, as Nix sees them.
    #[serde(default)]
    pub(super) files: Vec<String>,
}

impl Whereabouts {
    /// Finds the definition of an attribute, or else of the machine or resource itself.
    pub fn locate(&self, source: &Source, path: &[String]) -> Option<Position> {
        let names = names(path);
        let own = self.position.as_ref();
        own.and_then(|place| in_own(source, place, &names))
            .or_else(|| self.elsewhere(source, &names))
            .or_else(|| find(source, &own?.file, &names))
            .or_else(|| translate::place(source, own?))
    }

    /// Where the machine or resource itself is defined.
    pub(super) fn place(&self, source: &Source) -> Option<Position> {
        translate::place(source, self.position.as_ref()?)
    }

    /// Looks in the other files that define options: what is like it beside its own definition may be
    /// another's.
    fn elsewhere(&self, source: &Source, names: &[&str]) -> Option<Position> {
        let own = self.position.as_ref().map(|place| &place.file);
        let mut files = self.files.iter().filter(|file| Some(*file) != own);
        files.find_map(|file| find(source, file, names))
    }
}

/// The path up to the first element of a list, which has no name to look for.
fn names(path: &[String]) -> Vec<&str> {
    let is_name = |part: &&String| !part.bytes().all(|byte| byte.is_ascii_digit());
    path.iter()
        .take_while(is_name)
        .map(String::as_str)
        .collect()
}

fn in_own(source: &Source, place: &PlaceText, names: &[&str]) -> Option<Position> {
    look(source, &place.file, names, |text| {
        attribute::find_own(text, names, (place.line, place.column))
    })
}

fn find(source: &Source, stored: &str, names: &[&str]) -> Option<Position> {
    look(source, stored, names, |text| {
        attribute::find_path(text, names, None)
    })
}

fn look(
    source: &Source,
    stored: &str,
    names: &[&str],
    find: impl FnOnce(&str) -> Option<(u32, u32)>,
) -> Option<Position> {
    if names.is_empty() {
        return None;
    }
    let file = translate::user_file(source, stored)?;
    let (line, column) = find(&fs::read_to_string(stored).ok()?)?;
    Some(Position { file, line, column })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(text: &str, position: Option<(u32, u32)>, path: &[&str]) -> Option<(u32, u32)> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("net.nix");
        fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap().to_owned();
        let whereabouts = Whereabouts {
            position: position.map(|(line, column)| PlaceText {
                file: file.clone(),
                line,
                column,
            }),
            files: vec![file.clone()],
        };
        let source = Source::File {
            file: file.as_str().into(),
        };
        let path: Vec<_> = path.iter().map(ToString::to_string).collect();
        let found = whereabouts.locate(&source, &path)?;
        assert_eq!(found.file, file);
        Some((found.line, found.column))
    }

    const TEXT: &str =
        "{\n  volumes.data = {\n    tags = { \"a.b\" = 1; };\n    size = 2;\n  };\n}\n";

    #[test]
    fn an_attribute_is_found_where_it_is_defined() {
        let at = Some((2, 3));
        assert_eq!(located(TEXT, at, &["size"]), Some((4, 5)));
        assert_eq!(located(TEXT, at, &["tags", "a.b"]), Some((3, 14)));
        assert_eq!(located(TEXT, None, &["size"]), Some((4, 5)));
    }

    #[test]
    fn an_element_of_a_list_is_where_the_list_is() {
        assert_eq!(
            located(TEXT, Some((2, 3)), &["size", "0", "x"]),
            Some((4, 5))
        );
    }

    #[test]
    fn what_is_not_found_is_where_its_owner_is() {
        assert_eq!(located(TEXT, Some((2, 3)), &["colour"]), Some((2, 3)));
        assert_eq!(located(TEXT, Some((2, 3)), &[]), Some((2, 3)));
        assert_eq!(located(TEXT, None, &["colour"]), None);
    }

    #[test]
    fn what_another_file_defines_is_looked_for_there_and_not_beside_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = directory.path().join(name);
            fs::write(&file, text).unwrap();
            file.to_str().unwrap().to_owned()
        };
        let net = write(
            "net.nix",
            "{\n  web.size = 1;\n  db.imports = [ ./db.nix ];\n}\n",
        );
        let db = write("db.nix", "{\n  size = 2;\n}\n");
        let whereabouts = Whereabouts {
            position: Some(PlaceText {
                file: net.clone(),
                line: 3,
                column: 3,
            }),
            files: vec![net.clone(), db.clone()],
        };
        let file = net.as_str().into();
        let found = whereabouts.locate(&Source::File { file }, &["size".to_owned()]);
        let found = found.unwrap();
        assert_eq!((found.file, found.line, found.column), (db, 2, 3));
    }
}
