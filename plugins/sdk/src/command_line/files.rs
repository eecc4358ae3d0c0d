//! The schema files that a plugin ships.

use std::fs;
use std::io;
use std::path::Path;

use super::Error;
use crate::protocol::TypeSchemas;
use crate::schema_file;

/// Writes the file of each type, or only finds those that are not current.
pub(super) fn write(schemas: &TypeSchemas, directory: &Path, check: bool) -> Result<(), Error> {
    let mut stale = Vec::new();
    for (name, of_type) in schemas {
        let file = format!("{name}.json");
        let (path, text) = (directory.join(&file), schema_file(of_type));
        if read(&path)?.as_deref() == Some(text.as_bytes()) {
            continue;
        }
        if check {
            stale.push(file);
        } else {
            replace(&path, &text)?;
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(Error::Stale { files: stale })
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
        })
}
